//! Whoever connects to a port and does not speak TLS, or does not speak at all.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_transport::{Address, Limits, Listener, Node, Refusal, RefusedReason, Transport, TransportError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, timeout},
};
use transport_security::DevelopmentCa;
use transport_tls::TlsTransport;

async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await.expect("it is closed");
    bytes
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.handshake_time_max = Duration::from_millis(150);
    limits.handshakes_pending_max = 4;
    limits.connections_per_address_max = 1000;
    limits
}

/// R53
#[tokio::test]
async fn silent_connections_do_not_keep_others_out() {
    let ca = DevelopmentCa::new().unwrap();
    let tls = |name: &str| TlsTransport::new(ca.tls(name).unwrap());
    let builder = Node::builder().transport(tls("server")).limits(limits());
    let server = builder.listen("tls://127.0.0.1:0").start().await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(server.address().rest()).await.unwrap());
    }
    let late = Node::builder().transport(tls("late")).start().await.unwrap();
    late.connect(server.address()).await.unwrap();
    for mut stream in silent {
        assert_eq!(rest(&mut stream).await, []);
    }
}

/// R53: slow handshakes from a few addresses, many more than there may be at a time, take turns among themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_handshakes_of_several_addresses_do_not_hold_up_other_addresses() {
    let ca = DevelopmentCa::new().unwrap();
    let tls = |name: &str| TlsTransport::new(ca.tls(name).unwrap());
    let mut limits = Limits::default();
    limits.handshakes_pending_max = 32;
    let displaced = Arc::new(AtomicUsize::new(0));
    let heard = displaced.clone();
    let server = Node::builder()
        .transport(tls("server"))
        .limits(limits.clone())
        .on_refused(move |refused| {
            heard.fetch_add(usize::from(*refused.reason() == RefusedReason::Displaced), Ordering::SeqCst);
        })
        .listen("tls://127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let mut slow = Vec::new();
    for number in 0..240 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 1, 1 + number % 5], 0).into()).unwrap();
        let mut stream = socket.connect(server.address().rest().parse().unwrap()).await.unwrap();
        // Some say nothing, others begin as they should.
        let _ = stream.write_all(&[0x16, 3, 1, 2][..usize::from(number % 5)]).await;
        slow.push(stream);
    }
    let began = Instant::now();
    let mut honest = Vec::new();
    for number in 0..8 {
        let node = Node::builder().transport(tls(&format!("node{number}"))).start().await.unwrap();
        node.connect(server.address()).await.unwrap();
        honest.push(node);
    }
    // None of the slow ones has come to the end of its time.
    assert!(began.elapsed() < limits.handshake_time_max, "{:?}", began.elapsed());
    assert!(displaced.load(Ordering::SeqCst) > 0);
    assert_eq!(server.peers().iter().filter(|peer| peer.connected).count(), 8);
}

/// Nothing in the clear is taken for a session, and nothing of it is answered but an alert of TLS.
#[tokio::test]
async fn who_does_not_speak_tls_is_closed_and_others_do_not_notice() {
    let ca = DevelopmentCa::new().unwrap();
    let tls = |name: &str| TlsTransport::new(ca.tls(name).unwrap());
    let builder = Node::builder().transport(tls("server")).limits(limits());
    let server = builder.listen("tls://127.0.0.1:0").start().await.unwrap();
    for bytes in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\xdaCT1 a hello in the clear", &[0; 4096], &[0x16, 3, 1, 0xff, 0xff]]
    {
        let mut stream = TcpStream::connect(server.address().rest()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
    }
    let late = Node::builder().transport(tls("late")).start().await.unwrap();
    late.connect(server.address()).await.unwrap();
}

#[tokio::test]
async fn a_transport_without_a_certificate_cannot_listen() {
    let ca = DevelopmentCa::new().unwrap();
    let transport = TlsTransport::new(transport_tls::Tls::client(ca.trust().unwrap()).unwrap());
    let address: Address = "tls://127.0.0.1:0".parse().unwrap();
    assert!(transport.listen(&address).await.is_err());
}

/// What a connection has not established is not read.
#[tokio::test]
async fn a_connection_that_was_not_established_exchanges_nothing() {
    let ca = DevelopmentCa::new().unwrap();
    let transport = TlsTransport::new(ca.tls("server").unwrap());
    let mut listener: Box<dyn Listener> = transport.listen(&"tls://127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut stranger = TcpStream::connect(listener.address().rest()).await.unwrap();
    stranger.write_all(b"in the clear").await.unwrap();
    let connection = listener.accept().await.unwrap();
    let (mut receiver, _sender) = connection.split();
    let mut into = bytes::BytesMut::new();
    let read = std::future::poll_fn(|cx| receiver.poll_receive(cx, &mut into)).await.unwrap();
    assert_eq!((read, into.len()), (0, 0));
}

/// Another protocol over TLS, with good certificates on both sides.
#[tokio::test]
async fn another_protocol_over_tls_is_refused() {
    use transport_security::{Alpn, connect, server_name};

    let ca = DevelopmentCa::new().unwrap();
    let tls = ca.tls("server").unwrap();
    let transport = TlsTransport::new(tls.clone());
    let mut listener = transport.listen(&"tls://127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let client = async {
        let stream = TcpStream::connect(address.rest()).await.unwrap();
        let name = server_name(address.rest()).unwrap();
        connect(tls.client_config(Alpn::Web), name, stream).await.map(drop)
    };
    let server = async { listener.accept().await.unwrap().establish().await };
    let (client, server) = tokio::join!(client, server);
    assert!(matches!(server, Err(TransportError::Refused(Refusal::NoCommonProtocol))), "{server:?}");
    assert!(matches!(client, Err(TransportError::RefusedByPeer(Refusal::NoCommonProtocol))), "{client:?}");
}
