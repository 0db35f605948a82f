//! One connection.

use std::io;

use actor_transport::{Connection, Proof, Receiver, Sender, TransportError};
use async_trait::async_trait;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async_with_config,
    tungstenite::{self, protocol::WebSocketConfig},
};

use crate::halves::split;

/// What is below a WebSocket.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Whether TLS is below, and with which certificates.
#[derive(Debug, Clone, Default)]
pub(crate) enum Security {
    #[default]
    None,
    #[cfg(feature = "tls")]
    Tls(transport_security::Tls),
}

/// What TLS has proved.
#[derive(Default)]
pub(crate) struct Proven {
    proof: Proof,
    binding: Option<[u8; 32]>,
}

impl Security {
    pub(crate) fn scheme(&self) -> &'static str {
        match self {
            Self::None => "ws",
            #[cfg(feature = "tls")]
            Self::Tls(_) => "wss",
        }
    }

    pub(crate) fn can_listen(&self) -> Result<(), TransportError> {
        match self {
            Self::None => Ok(()),
            #[cfg(feature = "tls")]
            Self::Tls(tls) if tls.server_config(transport_security::Alpn::Web).is_some() => Ok(()),
            #[cfg(feature = "tls")]
            Self::Tls(_) => Err(TransportError::Other("without a certificate of its own nobody could connect".into())),
        }
    }

    pub(crate) async fn connect(
        &self,
        authority: &str,
        stream: TcpStream,
    ) -> Result<(Box<dyn Stream>, Proven), TransportError> {
        match self {
            Self::None => {
                let _ = authority;
                Ok((Box::new(stream), Proven::default()))
            }
            #[cfg(feature = "tls")]
            Self::Tls(tls) => {
                let name = transport_security::server_name(authority)?;
                let config = tls.client_config(transport_security::Alpn::Web);
                Ok(proven(transport_security::connect(config, name, stream).await?))
            }
        }
    }

    async fn accept(&self, stream: TcpStream) -> Result<(Box<dyn Stream>, Proven), TransportError> {
        match self {
            Self::None => Ok((Box::new(stream), Proven::default())),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => {
                self.can_listen()?;
                let config = tls.server_config(transport_security::Alpn::Web);
                let config = config.ok_or_else(|| TransportError::Other("there is no certificate".into()))?;
                Ok(proven(transport_security::accept(config, stream).await?))
            }
        }
    }
}

#[cfg(feature = "tls")]
fn proven(stream: transport_security::TlsStream<TcpStream>) -> (Box<dyn Stream>, Proven) {
    let proven =
        Proven { proof: transport_security::proof_of(&stream), binding: transport_security::binding_of(&stream) };
    (Box::new(stream), proven)
}

pub(crate) struct WebSocketConnection {
    remote: String,
    state: State,
}

enum State {
    /// Its handshakes are to come.
    Accepted(TcpStream, Security),
    Established(Box<WebSocketStream<Box<dyn Stream>>>, Proven),
    /// One of its handshakes has failed, or was given up.
    Failed,
}

impl WebSocketConnection {
    pub(crate) fn accepted(stream: TcpStream, remote: String, security: Security) -> Self {
        Self { remote, state: State::Accepted(stream, security) }
    }

    pub(crate) fn established(stream: WebSocketStream<Box<dyn Stream>>, proven: Proven, remote: String) -> Self {
        Self { remote, state: State::Established(Box::new(stream), proven) }
    }
}

#[async_trait]
impl Connection for WebSocketConnection {
    fn remote(&self) -> String {
        self.remote.clone()
    }

    /// Not with TLS either: a proxy may end it on the way, and then both ends would not say the same.
    fn keeps_integrity(&self) -> bool {
        false
    }

    async fn establish(&mut self) -> Result<(), TransportError> {
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Accepted(stream, security) => {
                stream.set_nodelay(true)?;
                let (stream, proven) = security.accept(stream).await?;
                let stream = accept_async_with_config(stream, Some(config())).await.map_err(transport_error)?;
                State::Established(Box::new(stream), proven)
            }
            State::Established(stream, proven) => State::Established(stream, proven),
            State::Failed => return Err(TransportError::Other("the connection was not established".into())),
        };
        Ok(())
    }

    fn proof(&self) -> Proof {
        match &self.state {
            State::Established(_, proven) => proven.proof.clone(),
            _ => Proof::default(),
        }
    }

    fn channel_binding(&self) -> Option<[u8; 32]> {
        match &self.state {
            State::Established(_, proven) => proven.binding,
            _ => None,
        }
    }

    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
        match self.state {
            State::Established(stream, _) => split(*stream),
            // Reads its end at once.
            _ => actor_transport::stream_connection(tokio::io::empty(), tokio::io::sink(), "", false).split(),
        }
    }
}

/// Longest message that is read, in bytes: those that are sent are shorter.
const MESSAGE_LENGTH_MAX: usize = 1024 * 1024;

pub(crate) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(64 * 1024)
        .write_buffer_size(64 * 1024)
        .max_write_buffer_size(4 * MESSAGE_LENGTH_MAX)
        .max_message_size(Some(MESSAGE_LENGTH_MAX))
        .max_frame_size(Some(MESSAGE_LENGTH_MAX))
}

pub(crate) fn transport_error(error: tungstenite::Error) -> TransportError {
    match error {
        tungstenite::Error::Io(error) => io_error(error),
        error => TransportError::Other(error.to_string()),
    }
}

#[cfg(feature = "tls")]
fn io_error(error: io::Error) -> TransportError {
    transport_security::transport_error(error)
}

#[cfg(not(feature = "tls"))]
fn io_error(error: io::Error) -> TransportError {
    TransportError::Io(error)
}
