//! What a node's owner hears of those that were not let in.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use actor_core::NodeId;
use actor_transport::{
    Limits, NodeBuilder, Refusal, RefusedReason,
    protocol::{HandshakeError, HelloConfig, Reject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use super::{Vault, authority, builder, peer::greet, serve};

/// What was heard of so far, in order.
type Heard = Arc<Mutex<VecDeque<RefusedReason>>>;

fn hear(builder: NodeBuilder) -> (NodeBuilder, Heard) {
    let heard = Heard::default();
    let log = heard.clone();
    let builder = builder.on_refused(move |refused| {
        assert_eq!(refused.remote(), "127.0.0.1");
        log.lock().unwrap().push_back(refused.reason().clone());
    });
    (builder, heard)
}

async fn next(heard: &Heard) -> RefusedReason {
    let waiting = async {
        loop {
            if let Some(reason) = heard.lock().unwrap().pop_front() {
                return reason;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.unwrap()
}

/// R53
#[tokio::test]
async fn who_is_not_let_in_is_told_of_with_the_reason() {
    let (ca, other) = (authority(), authority());
    let mut limits = Limits::default();
    limits.handshake_time_max = Duration::from_millis(1500);
    let (listening, heard) = hear(builder(ca.tls("server").unwrap()).limits(limits));
    let server = serve(listening.shared_secret([7; 32])).await;

    let stranger = builder(other.tls("client").unwrap()).start().await.unwrap();
    assert!(stranger.connect(server.address()).await.is_err());
    let reason = next(&heard).await;
    let issuer = Refusal::UnknownIssuer;
    assert!(
        reason == RefusedReason::Certificate(issuer) || reason == RefusedReason::CertificateByPeer(issuer),
        "{reason:?}"
    );

    let without = builder(ca.tls("client").unwrap()).start().await.unwrap();
    assert!(without.connect(server.address()).await.is_err());
    assert_eq!(next(&heard).await, RefusedReason::Handshake(HandshakeError::SecretRequired));

    let silent = TcpStream::connect(server.address().rest()).await.unwrap();
    assert_eq!(next(&heard).await, RefusedReason::TimedOut);
    drop(silent);

    // A record of TLS that is longer than one may be.
    let mut clear = TcpStream::connect(server.address().rest()).await.unwrap();
    clear.write_all(&[0x16, 3, 1, 0xff, 0xff]).await.unwrap();
    let reason = next(&heard).await;
    assert!(matches!(reason, RefusedReason::Broken(_)), "{reason:?}");

    // Who is let in is not told of, with all that it takes.
    let friend = builder(ca.tls("client").unwrap()).shared_secret([7; 32]).start().await.unwrap();
    let vault = friend.lookup::<Vault>(server.address(), "vault").await.unwrap();
    assert_eq!(vault.look().await.unwrap(), 7);
    assert!(heard.lock().unwrap().is_empty());
}

/// R53: somebody in between writes down all that a node has sent, and says the same.
#[tokio::test]
async fn a_recorded_connection_over_tls_is_refused() {
    let ca = authority();
    let (listening, heard) = hear(builder(ca.tls("server").unwrap()));
    let server = serve(listening).await;
    let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tls://{}", between.local_addr().unwrap());
    let target = server.address().rest().to_owned();
    let recording = tokio::spawn(async move {
        let mut recorded = Vec::new();
        // The first one only asks who is there.
        for _ in 0..2 {
            let (mut one, _) = between.accept().await.unwrap();
            let mut other = TcpStream::connect(&target).await.unwrap();
            let mut bytes = Vec::new();
            let ((mut from, mut back), (mut answers, mut to)) = (one.split(), other.split());
            let record = async {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = from.read(&mut buffer).await {
                    bytes.extend_from_slice(&buffer[..length]);
                    to.write_all(&buffer[..length]).await.unwrap();
                }
                let _ = to.shutdown().await;
            };
            let answer = async {
                let _ = tokio::io::copy(&mut answers, &mut back).await;
                let _ = back.shutdown().await;
            };
            tokio::join!(record, answer);
            recorded.push(bytes);
        }
        recorded
    });
    let client = builder(ca.tls("client").unwrap()).start().await.unwrap();
    let vault = client.lookup::<Vault>(&address, "vault").await.unwrap();
    assert_eq!(vault.look().await.unwrap(), 7);
    client.shutdown().await;
    drop((vault, client));
    let recorded = recording.await.unwrap();
    assert!(heard.lock().unwrap().is_empty());
    for bytes in recorded {
        assert!(bytes.len() > 500);
        let mut replay = TcpStream::connect(server.address().rest()).await.unwrap();
        replay.write_all(&bytes).await.unwrap();
        let reason = next(&heard).await;
        assert!(matches!(reason, RefusedReason::Broken(_) | RefusedReason::Certificate(_)), "{reason:?}");
        assert!(server.peers().iter().all(|peer| !peer.connected));
    }
}

/// R53
#[tokio::test]
async fn who_is_called_otherwise_than_its_certificate_says_is_told_of() {
    let ca = authority();
    let (listening, heard) = hear(builder(ca.tls("server").unwrap()));
    let server = serve(listening).await;
    let mut hello = HelloConfig::new(NodeId::from_bits(5), Limits::default());
    hello.name = "somebody".into();
    hello.expected = Some(server.id());
    drop(greet(ca.tls("client").unwrap(), server.address(), hello).await);
    assert_eq!(next(&heard).await, RefusedReason::Rejected(Reject::NotItsName));
}
