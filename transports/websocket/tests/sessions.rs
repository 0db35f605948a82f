//! Nodes over WebSocket.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../tls/tests/traffic/mod.rs"]
mod traffic;

use actor_transport::{Address, Node};
use traffic::Subject;
use transport_websocket::WebSocketTransport;

#[derive(Default)]
struct Nodes;

impl Subject for Nodes {
    async fn node(&self, name: &str, at: Option<&Address>) -> Node {
        let address = at.map_or_else(|| "ws://127.0.0.1:0".into(), Address::to_string);
        Node::builder().name(name).transport(WebSocketTransport::new()).listen(address).start().await.unwrap()
    }
}

traffic::traffic!(Nodes);
