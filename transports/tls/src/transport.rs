//! The transport.

use actor_transport::{Address, Connection, Listener, Transport, TransportError};
use async_trait::async_trait;
use tokio::net::{TcpListener, TcpStream};
use transport_security::{Alpn, Tls, connect, server_name};

use crate::connection::TlsConnection;

/// Connections over TLS 1.3 and TCP.
#[derive(Debug, Clone)]
pub struct TlsTransport {
    tls: Tls,
}

impl TlsTransport {
    /// The transport, with the certificates that it uses.
    #[must_use]
    pub fn new(tls: Tls) -> Self {
        Self { tls }
    }
}

#[async_trait]
impl Transport for TlsTransport {
    fn scheme(&self) -> &str {
        "tls"
    }

    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        if self.tls.server_config(Alpn::Node).is_none() {
            return Err(TransportError::Other("without a certificate of its own nobody could connect".into()));
        }
        let listener = TcpListener::bind(address.host_and_port()?).await?;
        let text = format!("tls://{}", listener.local_addr()?);
        let address = text.parse().map_err(|error| TransportError::Other(format!("{error}")))?;
        Ok(Box::new(Accepting { listener, address, tls: self.tls.clone() }))
    }

    /// Connects, and makes sure that the certificate of who answers names the host of the address.
    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        let name = server_name(address.host_and_port()?)?;
        let stream = TcpStream::connect(address.rest()).await?;
        stream.set_nodelay(true)?;
        let remote = stream.peer_addr()?.ip().to_string();
        let stream = connect(self.tls.client_config(Alpn::Node), name, stream).await?;
        Ok(Box::new(TlsConnection::established(stream, remote)))
    }

    fn own_names(&self) -> Vec<String> {
        self.tls.names()
    }
}

struct Accepting {
    listener: TcpListener,
    address: Address,
    tls: Tls,
}

#[async_trait]
impl Listener for Accepting {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError> {
        let (stream, remote) = self.listener.accept().await?;
        Ok(Box::new(TlsConnection::accepted(stream, remote.ip().to_string(), self.tls.clone())))
    }
}
