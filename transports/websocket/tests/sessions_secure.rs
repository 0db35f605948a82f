//! Nodes over WebSocket and TLS.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../tls/tests/traffic/mod.rs"]
mod traffic;

use actor_transport::{Address, Node};
use traffic::Subject;
use transport_security::DevelopmentCa;
use transport_websocket::WebSocketTransport;

struct Nodes(DevelopmentCa);

impl Default for Nodes {
    fn default() -> Self {
        Self(DevelopmentCa::new().unwrap())
    }
}

impl Subject for Nodes {
    async fn node(&self, name: &str, at: Option<&Address>) -> Node {
        let address = at.map_or_else(|| "wss://localhost:0/actors".into(), Address::to_string);
        Node::builder()
            .name(name)
            .transport(WebSocketTransport::secure(self.0.tls(name).unwrap()))
            .listen(address)
            .start()
            .await
            .unwrap()
    }
}

traffic::traffic!(Nodes);
