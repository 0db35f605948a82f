//! The transport.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use actor_transport::{Address, Connection, Listener, Transport, TransportError};
use async_trait::async_trait;
use quinn::Endpoint;
use tokio::net::lookup_host;
use transport_security::{Tls, host, server_name};

use crate::{
    config::{client, server},
    connection::QuicConnection,
    error::transport_error,
};

/// From so many connections on, whoever connects has to show first that it can be reached where it says that it is.
const UNVALIDATED_MAX: usize = 128;

/// Connections over QUIC.
///
/// When a node has ended, its address is free again as soon as the last packets of its connections have had time to
/// arrive: a moment later.
#[derive(Debug, Clone)]
pub struct QuicTransport {
    tls: Tls,
}

impl QuicTransport {
    /// The transport, with the certificates that it uses.
    #[must_use]
    pub fn new(tls: Tls) -> Self {
        Self { tls }
    }

    /// Each connection that is made has a socket of its own.
    async fn connect_to(&self, remote: SocketAddr, name: &str) -> Result<Box<dyn Connection>, TransportError> {
        let any = if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let endpoint = Endpoint::client(SocketAddr::new(any, 0))?;
        let connecting = endpoint
            .connect_with(client(&self.tls)?, remote, name)
            .map_err(|error| TransportError::Other(error.to_string()))?;
        let connection = connecting.await.map_err(transport_error)?;
        let (sender, receiver) = connection.open_bi().await.map_err(transport_error)?;
        Ok(Box::new(QuicConnection::established(connection, sender, receiver)))
    }
}

#[async_trait]
impl Transport for QuicTransport {
    fn scheme(&self) -> &str {
        "quic"
    }

    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError> {
        let config = server(&self.tls)?;
        let mut last = no_address(address);
        for local in lookup_host(address.host_and_port()?).await? {
            match Endpoint::server(config.clone(), local) {
                Ok(endpoint) => {
                    let text = format!("quic://{}", endpoint.local_addr()?);
                    let address = text.parse().map_err(|error| TransportError::Other(format!("{error}")))?;
                    return Ok(Box::new(Accepting { endpoint, address, tls: self.tls.clone() }));
                }
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    /// Connects, and makes sure that the certificate of who answers names the host of the address.
    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError> {
        server_name(address.host_and_port()?)?;
        let mut last = no_address(address);
        for remote in lookup_host(address.host_and_port()?).await? {
            match self.connect_to(remote, host(address.rest())).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn own_names(&self) -> Vec<String> {
        self.tls.names()
    }
}

fn no_address(address: &Address) -> TransportError {
    TransportError::Address { address: address.to_string(), why: "the host has no address".into() }
}

struct Accepting {
    endpoint: Endpoint,
    address: Address,
    tls: Tls,
}

#[async_trait]
impl Listener for Accepting {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError> {
        loop {
            let closed = || TransportError::Other("the endpoint is closed".into());
            let incoming = self.endpoint.accept().await.ok_or_else(closed)?;
            if self.endpoint.open_connections() > UNVALIDATED_MAX && incoming.may_retry() {
                // It cannot fail if it may be done; who sent a forged address never hears of it.
                let _ = incoming.retry();
                continue;
            }
            // With the certificates of this moment, not of when the listener began.
            let config = Arc::new(server(&self.tls)?);
            return Ok(Box::new(QuicConnection::accepted(incoming, config)));
        }
    }
}
