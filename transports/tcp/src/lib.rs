//! TCP: `tcp://host:port`.
//!
//! In the clear. Meant for one machine; a node refuses to listen on another address than the loopback one unless it
//! is built with `danger_allow_plaintext()`.

use std::{io, net::IpAddr};

use actor_transport::{Address, Connection, Listener, Transport, TransportError, stream_connection};
use async_trait::async_trait;
use tokio::net::{TcpListener, TcpStream};

/// Connections over TCP, without Nagle's delay.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct TcpTransport;

impl TcpTransport {
    /// The transport.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl Transport for TcpTransport {
    fn scheme(&self) -> &str {
        "tcp"
    }

    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        let listener = TcpListener::bind(address.host_and_port()?).await?;
        let local = listener.local_addr()?;
        let address = format!("tcp://{local}").parse().map_err(|error| TransportError::Other(format!("{error}")))?;
        Ok(Box::new(Accepting { listener, address }))
    }

    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        let stream = TcpStream::connect(address.host_and_port()?).await?;
        let remote = stream.peer_addr()?.ip();
        connection(stream, remote)
    }

    fn is_exposed(&self, address: &Address) -> bool {
        !address.is_loopback()
    }
}

struct Accepting {
    listener: TcpListener,
    address: Address,
}

#[async_trait]
impl Listener for Accepting {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError> {
        loop {
            match self.listener.accept().await {
                // Who has reset the connection by now is nobody else's business.
                Ok((stream, remote)) => {
                    if let Ok(connection) = connection(stream, remote.ip()) {
                        return Ok(connection);
                    }
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether only the connection failed that was to be accepted, and the next one may be had at once.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

fn connection(stream: TcpStream, remote: IpAddr) -> Result<Box<dyn Connection>, TransportError> {
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    Ok(stream_connection(reader, writer, remote.to_string(), false))
}
