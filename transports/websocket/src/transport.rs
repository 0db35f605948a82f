//! The transport.

use actor_transport::{Address, Connection, Listener, Transport, TransportError};
use async_trait::async_trait;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::client_async_with_config;

use crate::connection::{Security, WebSocketConnection, config, transport_error};

/// Connections over WebSocket: of the scheme `ws`, or with certificates `wss`. A node may have both.
#[derive(Debug, Clone, Default)]
pub struct WebSocketTransport {
    security: Security,
}

impl WebSocketTransport {
    /// The transport for `ws`, in the clear.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The transport for `wss`, with the certificates that it uses.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn secure(tls: transport_security::Tls) -> Self {
        Self { security: Security::Tls(tls) }
    }
}

#[async_trait]
impl Transport for WebSocketTransport {
    fn scheme(&self) -> &str {
        self.security.scheme()
    }

    /// Listens on `host:port`; the path is that of its address, and clients may ask for any.
    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        let (authority, path) = parts(address)?;
        self.security.can_listen()?;
        let listener = TcpListener::bind(authority).await?;
        let text = format!("{}://{}{path}", self.scheme(), listener.local_addr()?);
        let address = text.parse().map_err(|error| TransportError::Other(format!("{error}")))?;
        Ok(Box::new(Accepting { listener, address, security: self.security.clone() }))
    }

    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        let (authority, _) = parts(address)?;
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let remote = stream.peer_addr()?.ip().to_string();
        let (stream, proven) = self.security.connect(authority, stream).await?;
        // Encrypted or not, what is asked for is the same.
        let request = format!("ws://{}", address.rest());
        let (stream, _) = client_async_with_config(request, stream, Some(config())).await.map_err(transport_error)?;
        Ok(Box::new(WebSocketConnection::established(stream, proven, remote)))
    }

    fn is_exposed(&self, address: &Address) -> bool {
        matches!(self.security, Security::None) && !address.is_loopback()
    }

    #[cfg(feature = "tls")]
    fn own_names(&self) -> Vec<String> {
        match &self.security {
            Security::None => Vec::new(),
            Security::Tls(tls) => tls.names(),
        }
    }
}

/// `host:port`, and the path with its slash.
fn parts(address: &Address) -> Result<(&str, &str), TransportError> {
    Ok(address.rest().split_at(address.authority()?.len()))
}

struct Accepting {
    listener: TcpListener,
    address: Address,
    security: Security,
}

#[async_trait]
impl Listener for Accepting {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError> {
        let (stream, remote) = self.listener.accept().await?;
        Ok(Box::new(WebSocketConnection::accepted(stream, remote.ip().to_string(), self.security.clone())))
    }
}
