//! The conformance suite, over WebSocket.

use transport_websocket::WebSocketTransport;

// R32
actor_testkit::conformance!(WebSocketTransport::new(), at = "ws://127.0.0.1:0");
