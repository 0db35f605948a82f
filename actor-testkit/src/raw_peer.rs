//! A peer that speaks frames by hand.

use std::{collections::VecDeque, fmt, future::poll_fn};

use actor_core::{ActorId, MethodInfo};
use actor_transport::{
    Address, Connection, Receiver, Sender, Transport, TransportError,
    protocol::{Agreed, Frame, FrameError, Handshake, HandshakeError, HelloConfig, Progress, Reject, Request},
};
use bytes::{Buf, Bytes, BytesMut};

/// The other end of a node's connection, of which the test decides each byte: for trying what a node does with a peer
/// that breaks the protocol.
///
/// It shakes hands if it is told to, sends frames or any other bytes, and reads what the node says. It keeps no rules,
/// no credit and no limits of its own, and answers nothing by itself, not even a ping.
///
/// ```
/// use actor_testkit::{
///     RawPeer,
///     protocol::{Frame, HelloConfig},
/// };
/// use distributed_actor::{Limits, MemoryTransport, Node, NodeId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = MemoryTransport::new();
/// let node = Node::builder().transport(memory.clone()).listen("mem://node").start().await?;
/// let mut peer = RawPeer::connect(&memory, node.address()).await?;
/// peer.dial(HelloConfig::new(NodeId::from_bits(7), Limits::default())).await?;
/// peer.send(&Frame::Ping).await?;
/// assert_eq!(peer.receive().await?.unwrap().frame()?, Frame::Pong);
/// peer.send_bytes(b"\xff\xff\xff\xff").await?;
/// assert!(peer.goodbye().await?.unwrap().contains("a frame of 4294967295 bytes"));
/// # Ok(())
/// # }
/// ```
pub struct RawPeer {
    receiver: Box<dyn Receiver>,
    sender: Box<dyn Sender>,
    checksum: bool,
    input: BytesMut,
}

/// Why a raw peer could not go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum RawPeerError {
    /// The connection is broken.
    Transport(TransportError),
    /// The node's hello is none.
    Handshake(HandshakeError),
    /// The node does not want the connection.
    Rejected(Reject),
    /// The node has closed the connection where more was to come.
    Closed,
}

impl fmt::Display for RawPeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
            Self::Rejected(reject) => reject.fmt(f),
            Self::Closed => f.write_str("the node has closed the connection"),
        }
    }
}

impl std::error::Error for RawPeerError {}

impl From<TransportError> for RawPeerError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<HandshakeError> for RawPeerError {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

/// The body of a frame that the node has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame(Bytes);

impl RawFrame {
    /// The frame.
    ///
    /// # Errors
    /// If it is none: a node does not send such.
    pub fn frame(&self) -> Result<Frame<'_>, FrameError> {
        Frame::parse(&self.0)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl RawPeer {
    /// Connects to the node at `address`, and says nothing yet.
    ///
    /// # Errors
    /// If there is no connection to be had.
    pub async fn connect(transport: &dyn Transport, address: &Address) -> Result<Self, TransportError> {
        Ok(Self::over(transport.connect(address).await?))
    }

    /// A peer at this end of a connection; see [`stream_connection`](actor_transport::stream_connection) for any pair
    /// of byte streams.
    #[must_use]
    pub fn over(connection: Box<dyn Connection>) -> Self {
        let checksum = !connection.keeps_integrity();
        let (receiver, sender) = connection.split();
        Self { receiver, sender, checksum, input: BytesMut::new() }
    }

    /// Shakes hands as the side that has connected.
    ///
    /// # Errors
    /// If the node refuses, closes, or answers nonsense.
    pub async fn dial(&mut self, hello: HelloConfig) -> Result<Agreed, RawPeerError> {
        let mut handshake = Handshake::dial(hello);
        self.flush(&mut handshake).await?;
        loop {
            match handshake.receive(&mut self.input)? {
                Some(Progress::Accepted(agreed)) => return Ok(agreed),
                Some(Progress::Rejected(reject)) => return Err(RawPeerError::Rejected(reject)),
                Some(Progress::Offered(_)) | None => self.more_or_closed().await?,
            }
        }
    }

    /// Shakes hands as the side that a node has connected to.
    ///
    /// # Errors
    /// If the node closes, or says nonsense.
    pub async fn accept(&mut self, hello: HelloConfig) -> Result<Agreed, RawPeerError> {
        let mut handshake = Handshake::listen(hello);
        loop {
            let progress = handshake.receive(&mut self.input);
            self.flush(&mut handshake).await?;
            if let Some(Progress::Offered(_)) = progress? {
                let agreed = handshake.accept()?;
                self.flush(&mut handshake).await?;
                return Ok(agreed);
            }
            self.more_or_closed().await?;
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// If the connection is broken.
    ///
    /// # Cancel safety
    /// A part of the frame may have been sent.
    pub async fn send(&mut self, frame: &Frame<'_>) -> Result<(), TransportError> {
        let bytes = self.encode(frame);
        self.send_bytes(bytes).await
    }

    /// Sends any bytes.
    ///
    /// # Errors
    /// If the connection is broken.
    ///
    /// # Cancel safety
    /// A part of them may have been sent.
    pub async fn send_bytes(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), TransportError> {
        let mut batch = VecDeque::from([Bytes::from(bytes.into())]);
        poll_fn(|cx| self.sender.poll_send(cx, &mut batch)).await
    }

    /// A frame as it travels on this connection: for sending a part of it, or with something changed.
    #[must_use]
    pub fn encode(&self, frame: &Frame<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame.enclose(self.checksum, &mut bytes);
        bytes
    }

    /// Gives a method of an actor an index, by which requests then name it.
    ///
    /// # Errors
    /// If the connection is broken.
    pub async fn define(&mut self, index: u32, method: &MethodInfo) -> Result<(), TransportError> {
        let (hash, name, signature) = (method.hash(), method.name(), method.signature());
        self.send(&Frame::DefineMethod { index, hash, name, signature }).await
    }

    /// What a call or a cast of that actor says, with ten seconds of time.
    #[must_use]
    pub fn request<'a>(actor: &ActorId, method: u32, payload: &'a [u8]) -> Request<'a> {
        Request {
            instance: actor.instance(),
            method,
            remaining_ms: 10_000,
            trace: None,
            chain: &[],
            total: None,
            payload,
        }
    }

    /// The next frame of the node; none when it has closed the connection.
    ///
    /// # Errors
    /// If the connection is broken.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn receive(&mut self) -> Result<Option<RawFrame>, TransportError> {
        loop {
            if let Some(frame) = self.take_frame() {
                return Ok(Some(frame));
            }
            if self.more().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The next frame of the node, if it has arrived.
    pub fn try_receive(&mut self) -> Option<RawFrame> {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = self.receiver.poll_receive(&mut cx, &mut self.input);
        self.take_frame()
    }

    /// Reads until the node's goodbye, and returns what it says; none if the connection ends without one.
    ///
    /// # Errors
    /// If the connection is broken before.
    pub async fn goodbye(&mut self) -> Result<Option<String>, TransportError> {
        while let Some(frame) = self.receive().await? {
            if let Ok(Frame::Goodbye { text, .. }) = frame.frame() {
                return Ok(Some(text.to_owned()));
            }
        }
        Ok(None)
    }

    /// All bytes that come until the connection ends, in order or broken.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.more().await.unwrap_or(0) > 0 {}
        self.input.split().to_vec()
    }

    /// Tells the node that nothing more will be sent. Its bytes can still be read.
    ///
    /// # Errors
    /// If the connection is broken.
    pub async fn close(&mut self) -> Result<(), TransportError> {
        poll_fn(|cx| self.sender.poll_close(cx)).await
    }

    fn take_frame(&mut self) -> Option<RawFrame> {
        let length = u32::from_le_bytes(self.input.get(..4)?.try_into().ok()?) as usize;
        let prefix = if self.checksum { 8 } else { 4 };
        if self.input.len() < prefix + length {
            return None;
        }
        self.input.advance(prefix);
        Some(RawFrame(self.input.split_to(length).freeze()))
    }

    async fn flush(&mut self, handshake: &mut Handshake) -> Result<(), TransportError> {
        match handshake.transmit() {
            Some(bytes) => self.send_bytes(bytes).await,
            None => Ok(()),
        }
    }

    async fn more(&mut self) -> Result<usize, TransportError> {
        poll_fn(|cx| self.receiver.poll_receive(cx, &mut self.input)).await
    }

    async fn more_or_closed(&mut self) -> Result<(), RawPeerError> {
        if self.more().await? == 0 { Err(RawPeerError::Closed) } else { Ok(()) }
    }
}

impl fmt::Debug for RawPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawPeer").field("checksum", &self.checksum).field("unread", &self.input.len()).finish()
    }
}
