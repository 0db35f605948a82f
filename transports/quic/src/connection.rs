//! One connection.

use std::sync::Arc;

use actor_transport::{Connection, Proof, Receiver, Sender, TransportError};
use async_trait::async_trait;
use quinn::{Incoming, RecvStream, SendStream, ServerConfig};
use transport_security::{CHANNEL_BINDING_LABEL, proof, rustls::pki_types::CertificateDer};

use crate::{
    config::BULK_STREAMS,
    error::transport_error,
    halves::{QuicReceiver, QuicSender},
};

pub(crate) struct QuicConnection {
    remote: String,
    state: State,
}

enum State {
    /// Its handshake is to come.
    Accepted(Box<Incoming>, Arc<ServerConfig>),
    Established(quinn::Connection, SendStream, RecvStream),
    /// Its handshake has failed, or was given up.
    Failed,
}

impl QuicConnection {
    pub(crate) fn accepted(incoming: Incoming, config: Arc<ServerConfig>) -> Self {
        let remote = incoming.remote_address().ip().to_string();
        Self { remote, state: State::Accepted(Box::new(incoming), config) }
    }

    pub(crate) fn established(connection: quinn::Connection, sender: SendStream, receiver: RecvStream) -> Self {
        let remote = connection.remote_address().ip().to_string();
        Self { remote, state: State::Established(connection, sender, receiver) }
    }
}

#[async_trait]
impl Connection for QuicConnection {
    fn remote(&self) -> String {
        self.remote.clone()
    }

    fn keeps_integrity(&self) -> bool {
        true
    }

    async fn establish(&mut self) -> Result<(), TransportError> {
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Accepted(incoming, config) => {
                let connection = incoming.accept_with(config).map_err(transport_error)?;
                let connection = connection.await.map_err(transport_error)?;
                // It is there when the dialer has said something, which it does first.
                let (sender, receiver) = connection.accept_bi().await.map_err(transport_error)?;
                State::Established(connection, sender, receiver)
            }
            State::Established(connection, sender, receiver) => State::Established(connection, sender, receiver),
            State::Failed => return Err(TransportError::Other("the connection was not established".into())),
        };
        Ok(())
    }

    fn proof(&self) -> Proof {
        match &self.state {
            State::Established(connection, ..) => {
                let certificates = connection.peer_identity().and_then(|any| any.downcast().ok());
                proof(certificates.as_deref().map(|certificates: &Vec<CertificateDer<'static>>| &certificates[..]))
            }
            _ => Proof::default(),
        }
    }

    fn channel_binding(&self) -> Option<[u8; 32]> {
        let State::Established(connection, ..) = &self.state else { return None };
        let mut binding = [0; 32];
        connection.export_keying_material(&mut binding, CHANNEL_BINDING_LABEL, &[]).ok()?;
        Some(binding)
    }

    fn bulk_streams(&self) -> usize {
        BULK_STREAMS.into()
    }

    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>) {
        match self.state {
            State::Established(connection, sender, receiver) => (
                Box::new(QuicReceiver::new(receiver, connection.clone())),
                Box::new(QuicSender::new(sender, connection)),
            ),
            // Reads its end at once: nothing may be exchanged that is not encrypted.
            _ => actor_transport::stream_connection(tokio::io::empty(), tokio::io::sink(), "", true).split(),
        }
    }
}
