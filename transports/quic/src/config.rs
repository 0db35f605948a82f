//! What quinn is told.

use std::sync::Arc;

use actor_transport::TransportError;
use quinn::{
    ClientConfig, ServerConfig, TransportConfig,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use transport_security::{Alpn, Tls};

pub(crate) fn client(tls: &Tls) -> Result<ClientConfig, TransportError> {
    let crypto = QuicClientConfig::try_from(tls.client_config(Alpn::Node)).map_err(unusable)?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport());
    Ok(config)
}

pub(crate) fn server(tls: &Tls) -> Result<ServerConfig, TransportError> {
    let config = tls
        .server_config(Alpn::Node)
        .ok_or_else(|| TransportError::Other("without a certificate of its own nobody could connect".into()))?;
    let crypto = QuicServerConfig::try_from(config).map_err(unusable)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(transport());
    Ok(config)
}

/// One stream is all that a session uses; silence is the session's own business, which sends pings.
fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config.max_concurrent_bidi_streams(1_u8.into()).max_concurrent_uni_streams(0_u8.into());
    config.datagram_receive_buffer_size(None);
    Arc::new(config)
}

fn unusable(error: impl std::fmt::Display) -> TransportError {
    TransportError::Other(error.to_string())
}
