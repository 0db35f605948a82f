//! The conformance suite, over TLS.
#![allow(clippy::expect_used, reason = "helpers of tests")]

use std::sync::Arc;

use actor_testkit::TransportUnderTest;
use actor_transport::Transport;
use transport_security::DevelopmentCa;
use transport_tls::TlsTransport;

/// Each node has a certificate of its own.
struct Certified(DevelopmentCa);

impl Certified {
    fn new() -> Self {
        Self(DevelopmentCa::new().expect("there are random bits"))
    }
}

impl TransportUnderTest for Certified {
    fn transport(&self, node: &str) -> Arc<dyn Transport> {
        Arc::new(TlsTransport::new(self.0.tls(node).expect("it is a name")))
    }

    fn address(&self, _node: &str) -> String {
        "tls://127.0.0.1:0".into()
    }
}

// R32, R54
actor_testkit::conformance!(fixture = Certified::new());
