//! Nodes over TLS.
#![allow(clippy::unwrap_used, reason = "tests")]

mod traffic;

use actor_transport::{Address, Node};
use traffic::Subject;
use transport_security::DevelopmentCa;
use transport_tls::TlsTransport;

struct Nodes(DevelopmentCa);

impl Default for Nodes {
    fn default() -> Self {
        Self(DevelopmentCa::new().unwrap())
    }
}

impl Subject for Nodes {
    async fn node(&self, name: &str, at: Option<&Address>) -> Node {
        let address = at.map_or_else(|| "tls://127.0.0.1:0".into(), Address::to_string);
        Node::builder()
            .name(name)
            .transport(TlsTransport::new(self.0.tls(name).unwrap()))
            .listen(address)
            .start()
            .await
            .unwrap()
    }
}

traffic::traffic!(Nodes);
