//! Nodes with a shared secret, over TLS.

use actor_core::SystemError;
use actor_transport::Transport;
use transport_tls::TlsTransport;

use super::{Vault, authority, builder, peer::hand_on, serve};

const SECRET: [u8; 32] = [42; 32];

/// R53
#[tokio::test]
async fn nodes_with_the_same_secret_reach_one_another() {
    let ca = authority();
    let server = serve(builder(ca.tls("server").unwrap()).shared_secret(SECRET)).await;
    let client = builder(ca.tls("client").unwrap()).shared_secret(SECRET).start().await.unwrap();
    let vault = client.lookup::<Vault>(server.address(), "vault").await.unwrap();
    assert_eq!(vault.look().await.unwrap(), 7);
}

#[tokio::test]
async fn a_node_with_another_secret_or_none_is_refused() {
    let ca = authority();
    let server = serve(builder(ca.tls("server").unwrap()).shared_secret(SECRET)).await;
    let none = builder(ca.tls("client").unwrap());
    let other = builder(ca.tls("client").unwrap()).shared_secret([1; 32]);
    for (client, why) in [(none, "asks for a shared secret"), (other, "secret is another one")] {
        let client = client.start().await.unwrap();
        let found = client.lookup::<Vault>(server.address(), "vault").await;
        assert!(matches!(&found, Err(SystemError::Unauthorized { why: said }) if said.contains(why)), "{found:?}");
    }
    assert!(server.peers().is_empty());
}

/// Somebody with good certificates ends TLS on both sides, and hands on what comes.
#[tokio::test]
async fn a_proof_does_not_pass_through_somebody_in_between() {
    let ca = authority();
    let server = serve(builder(ca.tls("server").unwrap()).shared_secret(SECRET)).await;
    let between = TlsTransport::new(ca.tls("server").unwrap());
    let mut listener = between.listen(&"tls://127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, target) = (listener.address(), server.address().clone());
    let between = tokio::spawn(async move {
        loop {
            let one = listener.accept().await.unwrap();
            let other = between.connect(&target).await.unwrap();
            tokio::spawn(hand_on(one, other));
        }
    });
    let client = builder(ca.tls("client").unwrap()).shared_secret(SECRET).start().await.unwrap();
    let found = client.lookup::<Vault>(&address, "vault").await;
    assert!(matches!(&found, Err(SystemError::Unauthorized { why }) if why.contains("secret")), "{found:?}");
    between.abort();
}
