//! Nodes over Unix domain sockets.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../tls/tests/traffic/mod.rs"]
mod traffic;

use actor_transport::{Address, Node};
use tempfile::TempDir;
use traffic::Subject;
use transport_unix::UnixTransport;

struct Nodes(TempDir);

impl Default for Nodes {
    fn default() -> Self {
        Self(TempDir::new().unwrap())
    }
}

impl Subject for Nodes {
    async fn node(&self, name: &str, at: Option<&Address>) -> Node {
        let address = at.map_or_else(|| format!("unix://{}/{name}", self.0.path().display()), Address::to_string);
        Node::builder().name(name).transport(UnixTransport::new()).listen(address).start().await.unwrap()
    }
}

traffic::traffic!(Nodes);
