//! What a transport has to offer: connections that carry bytes, in order.

use std::{
    collections::VecDeque,
    io,
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use crate::{Address, Proof, Refusal};

/// Makes and accepts connections to addresses of one scheme.
///
/// Framing, batching, handshake and limits belong to the session above it. A transport over any
/// `AsyncRead + AsyncWrite` pair returns [`stream_connection`](crate::stream_connection)s.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// The scheme of its addresses: the part before `://`.
    fn scheme(&self) -> &str;

    /// Listens on an address.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    async fn listen(&self, address: &Address) -> Result<Box<dyn Listener>, TransportError>;

    /// Connects to an address. The caller bounds its time.
    ///
    /// # Errors
    /// When nobody answers there.
    async fn connect(&self, address: &Address) -> Result<Box<dyn Connection>, TransportError>;

    /// Whether whoever is between two machines can read and change what is sent. A node listens on such an address
    /// only where this says that it does not leave the machine, or where the user asked for it by name.
    fn is_exposed(&self, address: &Address) -> bool {
        let _ = address;
        false
    }

    /// Whether its connections never leave the machine. Of a peer's addresses, such ones are tried first.
    fn is_local(&self) -> bool {
        false
    }

    /// The DNS names in the certificate that it shows to peers; none if it shows none. A node that shows one is called
    /// by a name in it.
    fn own_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Accepts connections on one address. Dropping it ends that.
#[async_trait]
pub trait Listener: Send + 'static {
    /// The address that others connect to: with the port that the system chose, where it was left open.
    fn address(&self) -> Address;

    /// The next connection.
    ///
    /// # Errors
    /// When none can be accepted at the moment, say for want of file descriptors; the node pauses, from 10 ms up to
    /// 500 ms, and tries again. A connection that has failed by itself, because its peer has reset it, is passed over
    /// instead: an error would let that peer hold up all others.
    ///
    /// # Cancel safety
    /// No connection may be lost when the future is dropped.
    async fn accept(&mut self) -> Result<Box<dyn Connection>, TransportError>;
}

/// One connection: bytes in order, both ways.
#[async_trait]
pub trait Connection: Send + 'static {
    /// Who is at the other end, for messages and for the limit of connections per address.
    fn remote(&self) -> String;

    /// Whether the transport itself makes sure that no bit is changed on the way, as TLS and memory do. Where it does
    /// not, each frame carries a checksum.
    fn keeps_integrity(&self) -> bool {
        false
    }

    /// Does what is left to do before bytes can be exchanged, as the handshake of TLS: [`Listener::accept`] shall wait
    /// for nobody. The node calls it once and first, in the connection's own task, and bounds its time.
    ///
    /// # Errors
    /// When one side refuses the other, or the connection is broken.
    async fn establish(&mut self) -> Result<(), TransportError> {
        Ok(())
    }

    /// What is proved of the peer, once the connection is established.
    fn proof(&self) -> Proof {
        Proof::None
    }

    /// Bits that both ends of an established connection have in common and nobody else has, nor another connection:
    /// of TLS, those that RFC 9266 names. None where the transport has no such thing.
    fn channel_binding(&self) -> Option<[u8; 32]> {
        None
    }

    /// How many further streams of bytes it has in each direction, of which none waits for another nor for the first one: a
    /// lost packet holds up one of them. Both ends say alike, 64 at most. Large messages go over them, those to one actor over
    /// one, and so stand in the way neither of small ones nor of those to other actors.
    fn bulk_streams(&self) -> usize {
        0
    }

    /// The two halves, for two tasks.
    fn split(self: Box<Self>) -> (Box<dyn Receiver>, Box<dyn Sender>);
}

/// The half that bytes come from.
pub trait Receiver: Send + 'static {
    /// Appends what has arrived to `into`; the number of bytes, 0 at the end of the connection.
    ///
    /// # Errors
    /// When the connection is broken.
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>>;

    /// The same of one of the [streams for large messages](Connection::bulk_streams), the first of which is 0. Each is polled
    /// as if it were alone.
    ///
    /// # Errors
    /// When the connection is broken.
    fn poll_receive_bulk(
        &mut self,
        cx: &mut Context<'_>,
        stream: usize,
        into: &mut BytesMut,
    ) -> Poll<Result<usize, TransportError>> {
        let _ = (cx, stream, into);
        Poll::Pending
    }
}

/// The half that bytes are sent to.
pub trait Sender: Send + 'static {
    /// Sends what `batch` holds, from its front; ready when it is empty and nothing is held back. While it is pending,
    /// more may be added to `batch`.
    ///
    /// # Errors
    /// When the connection is broken.
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>>;

    /// The same on one of the [streams for large messages](Connection::bulk_streams).
    ///
    /// # Errors
    /// When the connection is broken, or has no such stream.
    fn poll_send_bulk(
        &mut self,
        cx: &mut Context<'_>,
        stream: usize,
        batch: &mut VecDeque<Bytes>,
    ) -> Poll<Result<(), TransportError>> {
        let _ = (cx, stream, batch);
        Poll::Ready(Err(TransportError::Other("the connection has one stream alone".into())))
    }

    /// Tells the other end that nothing more will be sent, on any stream.
    ///
    /// # Errors
    /// When the connection is broken.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;
}

/// Why a transport could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The address is not one of this transport.
    #[error("`{address}` is not an address of this transport: {why}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The peer is not who it should be; nothing of what it sent was looked at.
    #[error("refused the peer: {0}")]
    Refused(Refusal),
    /// The peer takes this side for not being who it should be.
    #[error("refused by the peer: {0}")]
    RefusedByPeer(Refusal),
    /// The operating system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}
