//! What quinn is told.

use std::{sync::Arc, time::Duration};

use actor_transport::TransportError;
use quinn::{
    ClientConfig, ServerConfig, TransportConfig, VarInt,
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

/// Who has not been heard of for so long is given up, whatever the session says. It is also how long a connection is
/// remembered whose dialer has gone before anything of it was answered: those of 30 s, as quinn has it, would pile up.
const IDLE_MS_MAX: u32 = 10_000;
/// Pause after which a connection shows that it is there, so that a session may be silent for longer than that.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// Streams for large messages in each direction: with so many large transfers at a time, each has one of its own.
pub(crate) const BULK_STREAMS: u8 = 8;

/// A session uses one stream in both directions, and in each some for large messages.
fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config.max_idle_timeout(Some(VarInt::from_u32(IDLE_MS_MAX).into())).keep_alive_interval(Some(KEEP_ALIVE));
    config.max_concurrent_bidi_streams(1_u8.into()).max_concurrent_uni_streams(BULK_STREAMS.into());
    config.datagram_receive_buffer_size(None);
    Arc::new(config)
}

fn unusable(error: impl std::fmt::Display) -> TransportError {
    TransportError::Other(error.to_string())
}
