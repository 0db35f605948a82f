//! TLS over a TCP connection, established when the node says so.

use std::{sync::Arc, time::Duration};

use actor_transport::TransportError;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::{
    crypto::rustls::{ClientConfig, ServerConfig, pki_types::ServerName},
    transport_error,
};

/// Time that a peer has to read why it is refused.
const LINGER_TIME: Duration = Duration::from_secs(1);

/// The side that connects.
///
/// # Errors
/// When this side refuses the other, or the connection is broken. That the other refuses this one may show only at the
/// first read.
pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    stream: S,
) -> Result<TlsStream<S>, TransportError> {
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map(TlsStream::from).map_err(transport_error)
}

/// The side that was connected to. If one side refuses the other, it ends when the other has closed, which thus can read
/// why.
///
/// # Errors
/// When one side refuses the other, or the connection is broken.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    config: Arc<ServerConfig>,
    stream: S,
) -> Result<TlsStream<S>, TransportError> {
    match TlsAcceptor::from(config).accept(stream).into_fallible().await {
        Ok(stream) => Ok(TlsStream::from(stream)),
        Err((error, mut stream)) => {
            // Who does not go is refused all the same, and the reason is not lost in the end of the node's patience.
            let _ = timeout(LINGER_TIME, part(&mut stream)).await;
            Err(transport_error(error))
        }
    }
}

/// Closing with unread input would throw away what was sent last: the reason.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let mut ignored = [0; 1024];
    if stream.shutdown().await.is_ok() {
        // No more than one that means well can have sent by now; the node bounds the time.
        for _ in 0..64 {
            if stream.read(&mut ignored).await.unwrap_or(0) == 0 {
                return;
            }
        }
    }
}
