//! Bad certificates, over QUIC.

#[path = "../../tls/tests/zoo/mod.rs"]
mod zoo;

zoo::zoo!(transport_quic::QuicTransport::new);
