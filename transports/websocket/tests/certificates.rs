//! Bad certificates, over WebSocket.

#![cfg(feature = "tls")]

#[path = "../../tls/tests/zoo/mod.rs"]
mod zoo;

zoo::zoo!(transport_websocket::WebSocketTransport::secure);
