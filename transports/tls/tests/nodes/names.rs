//! A node is the one that its certificate names.

use actor_core::{NodeId, SystemError};
use actor_transport::{
    Transport,
    protocol::{HelloConfig, Progress, Reject},
};
use transport_security::Tls;
use transport_tls::TlsTransport;

use super::{
    Vault, authority, builder,
    peer::{greet, hello, welcome},
    serve,
};

#[tokio::test]
async fn a_node_is_called_by_a_name_in_its_certificate() {
    let ca = authority();
    let node = builder(ca.tls("node0").unwrap()).start().await.unwrap();
    assert_eq!(node.name(), "node0");
    let wrong = builder(ca.tls("node0").unwrap()).name("node1").start().await;
    assert!(matches!(wrong, Err(SystemError::Unauthorized { .. })), "{wrong:?}");
}

/// A node with a good certificate, which says that it is another one.
#[tokio::test]
async fn a_node_that_presents_itself_as_another_one_is_refused() {
    let ca = authority();
    let server = serve(builder(ca.tls("server").unwrap())).await;
    let honest = builder(ca.tls("honest").unwrap()).start().await.unwrap();
    honest.connect(server.address()).await.unwrap();

    let random = NodeId::from_bits(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
    for (node, name) in [(honest.id(), "honest"), (honest.id(), "mallory"), (random, "mallory"), (honest.id(), "")] {
        let hello = HelloConfig { expected: Some(server.id()), sessions: 100, ..hello(node, name) };
        let heard = greet(ca.tls("mallory").unwrap(), server.address(), hello).await;
        assert!(matches!(heard, Ok(Progress::Rejected(Reject::NotItsName))), "{name}: {heard:?}");
    }
    // The session of the honest one was not touched.
    assert!(server.peers().iter().any(|peer| peer.id == honest.id() && peer.connected));
    let mallory = builder(ca.tls("mallory").unwrap()).start().await.unwrap();
    let own = HelloConfig { expected: Some(server.id()), ..hello(mallory.id(), "mallory") };
    assert!(matches!(greet(ca.tls("mallory").unwrap(), server.address(), own).await, Ok(Progress::Accepted(_))));
}

#[tokio::test]
async fn a_stranger_cannot_take_the_place_of_a_node_with_a_certificate() {
    let ca = authority();
    let server = serve(builder(ca.tls("server").unwrap().allow_anonymous().unwrap())).await;
    let honest = builder(ca.tls("honest").unwrap()).start().await.unwrap();
    honest.connect(server.address()).await.unwrap();
    for name in ["honest", ""] {
        let hello = HelloConfig { expected: Some(server.id()), sessions: 100, ..hello(honest.id(), name) };
        let heard = greet(Tls::client(ca.trust().unwrap()).unwrap(), server.address(), hello).await;
        assert!(matches!(heard, Ok(Progress::Rejected(Reject::NotItsName))), "{name}: {heard:?}");
    }
}

#[tokio::test]
async fn a_server_that_presents_itself_as_another_node_is_refused() {
    let ca = authority();
    let honest = builder(ca.tls("honest").unwrap()).start().await.unwrap();
    let transport = TlsTransport::new(ca.tls("mallory").unwrap());
    let mut listener = transport.listen(&"tls://127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let id = honest.id();
    let (heard, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mallory = tokio::spawn(async move {
        loop {
            let connection = listener.accept().await.unwrap();
            let heard = heard.clone();
            tokio::spawn(async move {
                let after = welcome(connection, hello(id, "honest")).await;
                let _ = heard.send(String::from_utf8_lossy(&after).into_owned());
            });
        }
    });
    let client = builder(ca.tls("client").unwrap()).start().await.unwrap();
    let found = client.lookup::<Vault>(&address, "vault").await;
    assert!(matches!(found, Err(SystemError::Unauthorized { .. })), "{found:?}");
    // The first connection asks who is there, the second has the goodbye.
    let told = [told.recv().await.unwrap(), told.recv().await.unwrap()].concat();
    assert!(told.contains("the certificate does not name this node so"), "{told}");
    mallory.abort();
}

#[tokio::test]
async fn a_node_whose_certificate_is_refused_says_so() {
    let (ca, other) = (authority(), authority());
    let server = serve(builder(ca.tls("server").unwrap())).await;
    // Refused here, and refused there.
    for tls in [
        other.tls("client").unwrap(),
        Tls::mutual(other.issue("client").unwrap().identity().unwrap(), ca.trust().unwrap()).unwrap(),
    ] {
        let client = builder(tls).start().await.unwrap();
        let found = client.lookup::<Vault>(server.address(), "vault").await;
        assert!(matches!(&found, Err(SystemError::Unauthorized { why }) if why.contains("authority")), "{found:?}");
    }
    assert!(server.peers().is_empty());
}
