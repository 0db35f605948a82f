//! Whoever connects to a port and speaks WebSocket otherwise than a node does, or not at all.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::time::Duration;

use actor_core::SystemError;
use actor_transport::{Limits, Node};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{client_async, tungstenite::Message};
use transport_websocket::WebSocketTransport;

async fn server() -> Node {
    let mut limits = Limits::default();
    limits.handshake_time_max = Duration::from_millis(150);
    limits.handshakes_pending_max = 4;
    limits.connections_per_address_max = 1000;
    let builder = Node::builder().transport(WebSocketTransport::new()).limits(limits);
    builder.listen("ws://127.0.0.1:0/actors").start().await.unwrap()
}

async fn is_reached(server: &Node) {
    let node = Node::builder().transport(WebSocketTransport::new()).start().await.unwrap();
    node.connect(server.address()).await.unwrap();
}

fn authority(server: &Node) -> String {
    server.address().rest().split('/').next().unwrap().into()
}

#[tokio::test]
async fn the_path_belongs_to_the_address() {
    let server = server().await;
    assert!(server.address().as_str().ends_with("/actors"), "{}", server.address());
    is_reached(&server).await;
}

#[tokio::test]
async fn who_does_not_speak_websocket_is_closed_and_others_do_not_notice() {
    let server = server().await;
    for bytes in
        [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], b"\xdaCT1 a hello without HTTP\r\n\r\n", &[b'a'; 200_000], b""]
    {
        let mut stream = TcpStream::connect(authority(&server)).await.unwrap();
        // It may be closed before it has taken all.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.expect("it is closed");
        assert!(!answer.windows(3).any(|part| part == b"101"), "{answer:?}");
    }
    is_reached(&server).await;
}

#[tokio::test]
async fn text_and_messages_beyond_the_limit_end_the_connection() {
    let server = server().await;
    for message in [Message::text("hello"), Message::binary(vec![0; 2 << 20])] {
        let stream = TcpStream::connect(authority(&server)).await.unwrap();
        let (mut socket, _) = client_async(format!("ws://{}", server.address().rest()), stream).await.unwrap();
        let _ = socket.send(message).await;
        let ended = async { while let Some(Ok(Message::Ping(_) | Message::Pong(_))) = socket.next().await {} };
        timeout(Duration::from_secs(10), ended).await.expect("it is closed");
    }
    is_reached(&server).await;
}

#[tokio::test]
async fn in_the_clear_beyond_this_machine_has_to_be_asked_for() {
    let builder = || Node::builder().transport(WebSocketTransport::new()).listen("ws://0.0.0.0:0/actors");
    let refused = builder().start().await;
    assert!(matches!(&refused, Err(SystemError::BadAddress { why, .. }) if why.contains("danger_allow_plaintext")));
    builder().danger_allow_plaintext().start().await.unwrap();
}
