//! Nodes over QUIC.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../tls/tests/traffic/mod.rs"]
mod traffic;

use std::time::{Duration, Instant};

use actor_core::SystemError;
use actor_transport::{Address, Node};
use traffic::Subject;
use transport_quic::QuicTransport;
use transport_security::DevelopmentCa;

struct Nodes(DevelopmentCa);

impl Default for Nodes {
    fn default() -> Self {
        Self(DevelopmentCa::new().unwrap())
    }
}

impl Subject for Nodes {
    async fn node(&self, name: &str, at: Option<&Address>) -> Node {
        let tls = self.0.tls(name).unwrap();
        let address = at.map_or_else(|| "quic://127.0.0.1:0".into(), Address::to_string);
        let start = || Node::builder().name(name).transport(QuicTransport::new(tls.clone())).listen(&address).start();
        // An address is free again when the last packets of its connections have had time to arrive.
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            match start().await {
                Err(SystemError::BadAddress { .. }) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                started => return started.unwrap(),
            }
        }
    }
}

traffic::traffic!(Nodes);
