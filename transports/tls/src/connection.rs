//! One connection.

use actor_transport::{Connection, Proof, Receiver, Sender, TransportError};
use async_trait::async_trait;
use tokio::net::TcpStream;
use transport_security::{Alpn, Tls, TlsStream, accept, binding_of, proof_of, split};

pub(crate) struct TlsConnection {
    remote: String,
    state: State,
}

enum State {
    /// Its TLS handshake is to come.
    Accepted(TcpStream, Tls),
    Established(Box<TlsStream<TcpStream>>),
    /// Its handshake has failed, or was given up.
    Failed,
}

impl TlsConnection {
    pub(crate) fn accepted(stream: TcpStream, remote: String, tls: Tls) -> Self {
        Self { remote, state: State::Accepted(stream, tls) }
    }

    pub(crate) fn established(stream: TlsStream<TcpStream>, remote: String) -> Self {
        Self { remote, state: State::Established(Box::new(stream)) }
    }
}

#[async_trait]
impl Connection for TlsConnection {
    fn remote(&self) -> String {
        self.remote.clone()
    }

    fn keeps_integrity(&self) -> bool {
        true
    }

    async fn establish(&mut self) -> Result<(), TransportError> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Accepted(stream, tls) => {
                stream.set_nodelay(true)?;
                let config = tls.server_config(Alpn::Node).ok_or_else(not_established)?;
                self.state = State::Established(Box::new(accept(config, stream).await?));
                Ok(())
            }
            State::Established(stream) => {
                self.state = State::Established(stream);
                Ok(())
            }
            State::Failed => Err(not_established()),
        }
    }

    fn proof(&self) -> Proof {
        match &self.state {
            State::Established(stream) => proof_of(stream),
            _ => Proof::default(),
        }
    }

    fn channel_binding(&self) -> Option<[u8; 32]> {
        match &self.state {
            State::Established(stream) => binding_of(stream),
            _ => None,
        }
    }

    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
        match self.state {
            State::Established(stream) => split(*stream),
            // Reads its end at once: nothing may be exchanged that is not encrypted.
            _ => split(tokio::io::join(tokio::io::empty(), tokio::io::sink())),
        }
    }
}

fn not_established() -> TransportError {
    TransportError::Other("the connection was not established".into())
}
