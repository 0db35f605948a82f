//! The conformance suite, over TCP.

use transport_tcp::TcpTransport;

// R32
actor_testkit::conformance!(TcpTransport::new(), at = "tcp://127.0.0.1:0");
