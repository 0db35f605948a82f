//! Before a session: who is there, and under which limits.

use actor_core::NodeId;
use bytes::{Buf, Bytes, BytesMut};

use super::{
    hello::{
        Announced, Greeting, HELLO_LENGTH_MAX, HelloConfig, MAGIC, PeerHello, Reject, VERSIONS, VersionRange,
        write_hello, write_reject,
    },
    wire::{Malformed, Reader},
};

const PREFIX_LENGTH: usize = 10;

/// The handshake of one connection (`docs/protocol.md`, section 3).
///
/// The dialer's hello is there to [`transmit`](Self::transmit) at once. Give all bytes that arrive to
/// [`receive`](Self::receive), and send what `transmit` gives after each call, also after an error: the peer is told
/// why wherever it can be. The owner bounds the time that this may take. The outcome is an [`Agreed`].
#[derive(Debug)]
pub struct Handshake {
    own: HelloConfig,
    state: State,
    transmit: Option<Bytes>,
}

#[derive(Debug)]
enum State {
    /// A dialer waits for the answer.
    Dialing,
    /// An acceptor waits for the hello.
    Listening,
    /// An acceptor has the hello, and waits for its owner's decision.
    Deciding(Box<PeerHello>),
    Over,
}

/// What a handshake came to.
#[derive(Debug)]
pub enum Progress {
    /// To an acceptor: this node wants a session. Answer with [`Handshake::accept`] or [`Handshake::reject`].
    Offered(PeerHello),
    /// To a dialer: the session can begin. Bytes left in the input belong to it.
    Accepted(Agreed),
    /// To a dialer: the acceptor does not want the connection.
    Rejected(Reject),
}

/// The proof of a handshake, with its results. Only a [`Handshake`] makes one.
#[derive(Debug, Clone)]
pub struct Agreed {
    peer: PeerHello,
    version: u16,
    features: u64,
    limits: Announced,
}

impl Agreed {
    fn new(own: &HelloConfig, peer: PeerHello, version: u16) -> Self {
        let limits = Announced::of(&own.limits).agree(peer.announced);
        Self { version, features: own.features & peer.features, limits, peer }
    }

    /// What the peer said of itself.
    #[must_use]
    pub fn peer(&self) -> &PeerHello {
        &self.peer
    }

    /// The version of the protocol that is spoken.
    #[must_use]
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The features that both sides have.
    #[must_use]
    pub fn features(&self) -> u64 {
        self.features
    }

    /// The limits that hold, for both directions.
    #[must_use]
    pub fn limits(&self) -> &Announced {
        &self.limits
    }

    pub(crate) fn into_peer(self) -> PeerHello {
        self.peer
    }
}

/// Why a handshake failed on this side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The first bytes are those of something else. Nothing was answered.
    #[error("the peer does not speak this protocol: it began with `{}`", .start.escape_ascii())]
    WrongMagic {
        /// What it began with.
        start: Vec<u8>,
    },
    /// More was announced than a hello may have.
    #[error("the peer announced a hello of {length} bytes, and one may have {HELLO_LENGTH_MAX}")]
    TooLong {
        /// What was announced, in bytes.
        length: usize,
    },
    /// The hello was damaged on its way.
    #[error("the hello was damaged on its way: its checksum is wrong")]
    ChecksumMismatch,
    /// A field of the hello is missing, or is not what it has to be.
    #[error("the peer sent a hello with a bad {field}")]
    Malformed {
        /// The field.
        field: &'static str,
    },
    /// There is no version that both speak.
    #[error("the peer speaks versions {} to {} of the protocol, which this node does not", .peer.least, .peer.most)]
    VersionUnsupported {
        /// The peer's versions.
        peer: VersionRange,
    },
    /// Another incarnation was expected: by the peer here, or by this node there.
    #[error("node {expected} was to be reached, and {actual} answers")]
    NodeReplaced {
        /// The incarnation that was to be reached.
        expected: NodeId,
        /// The one that answers.
        actual: NodeId,
    },
    /// The peer belongs to another cluster.
    #[error("the peer belongs to another cluster")]
    OtherRealm,
    /// The node has dialed itself.
    #[error("the node has dialed itself")]
    SelfConnection,
    /// The dialer sent more than its hello before it was answered.
    #[error("the peer sent frames before the handshake was over")]
    Early,
    /// A step was taken out of order: an answer to a dialer, a second answer, bytes after the end.
    #[error("the handshake is not at this step")]
    OutOfOrder,
}

impl Handshake {
    /// The side that connects; its hello is ready to be sent.
    #[must_use]
    pub fn dial(own: HelloConfig) -> Self {
        let hello = write_hello(&own).into();
        Self { own, state: State::Dialing, transmit: Some(hello) }
    }

    /// The side that was connected to.
    #[must_use]
    pub fn listen(own: HelloConfig) -> Self {
        Self { own, state: State::Listening, transmit: None }
    }

    /// Takes the peer's hello from the front of `input`, once it is there.
    ///
    /// # Errors
    /// As soon as the bytes cannot become a hello that leads to a session: wrong magic at the first wrong byte. Send
    /// what [`transmit`](Self::transmit) has, and close the connection.
    pub fn receive(&mut self, input: &mut BytesMut) -> Result<Option<Progress>, HandshakeError> {
        let dialing = match self.state {
            State::Dialing => true,
            State::Listening => false,
            State::Deciding(_) if input.is_empty() => return Ok(None),
            State::Deciding(_) => return self.fail(HandshakeError::Early),
            State::Over => return Err(HandshakeError::OutOfOrder),
        };
        match self.read(dialing, input) {
            Ok(progress) => Ok(progress),
            Err(error) => self.fail(error),
        }
    }

    /// An acceptor's yes: the session can begin, after what [`transmit`](Self::transmit) gives.
    ///
    /// # Errors
    /// [`HandshakeError::OutOfOrder`] unless a hello was [offered](Progress::Offered) and not answered.
    pub fn accept(&mut self) -> Result<Agreed, HandshakeError> {
        let State::Deciding(peer) = std::mem::replace(&mut self.state, State::Over) else {
            return Err(HandshakeError::OutOfOrder);
        };
        self.transmit = Some(write_hello(&HelloConfig { expected: None, ..self.own.clone() }).into());
        let version = peer.versions.newest_in_common(VERSIONS).ok_or(HandshakeError::OutOfOrder)?;
        Ok(Agreed::new(&self.own, *peer, version))
    }

    /// An acceptor's no, at any time before its yes. Close the connection when this is sent.
    pub fn reject(&mut self, reject: &Reject) {
        if matches!(self.state, State::Listening | State::Deciding(_)) {
            self.state = State::Over;
            self.transmit = Some(write_reject(reject).into());
        }
    }

    /// Bytes to send, if there are any.
    pub fn transmit(&mut self) -> Option<Bytes> {
        self.transmit.take()
    }

    fn read(&mut self, dialing: bool, input: &mut BytesMut) -> Result<Option<Progress>, HandshakeError> {
        let Some(body) = take_body(input)? else { return Ok(None) };
        let greeting = Greeting::read(&body).map_err(|Malformed(field)| HandshakeError::Malformed { field })?;
        let hello = match greeting {
            Greeting::Hello(hello) => hello,
            Greeting::Unknown(peer) => return Err(HandshakeError::VersionUnsupported { peer }),
            Greeting::Reject(reject) if dialing => {
                self.state = State::Over;
                return Ok(Some(Progress::Rejected(reject)));
            }
            Greeting::Reject(_) => return Err(HandshakeError::Malformed { field: "kind" }),
        };
        self.check(dialing, &hello)?;
        if dialing {
            self.state = State::Over;
            let peer = hello.versions;
            let version = peer.newest_in_common(VERSIONS).ok_or(HandshakeError::VersionUnsupported { peer })?;
            return Ok(Some(Progress::Accepted(Agreed::new(&self.own, hello, version))));
        }
        if !input.is_empty() {
            return Err(HandshakeError::Early);
        }
        self.state = State::Deciding(Box::new(hello.clone()));
        Ok(Some(Progress::Offered(hello)))
    }

    fn check(&self, dialing: bool, peer: &PeerHello) -> Result<(), HandshakeError> {
        let (expected, actual) = if dialing { (self.own.expected, peer.node) } else { (peer.expected, self.own.node) };
        // Before the check for oneself: who was started again at an address may find itself there.
        if let Some(expected) = expected.filter(|expected| *expected != actual) {
            return Err(HandshakeError::NodeReplaced { expected, actual });
        }
        if peer.node == self.own.node {
            return Err(HandshakeError::SelfConnection);
        }
        match (self.own.realm, peer.realm) {
            (Some(own), other) if other != Some(own) => Err(HandshakeError::OtherRealm),
            _ => Ok(()),
        }
    }

    /// An acceptor tells the peer, unless it does not speak the protocol at all.
    fn fail<T>(&mut self, error: HandshakeError) -> Result<T, HandshakeError> {
        match &error {
            HandshakeError::WrongMagic { .. } => {}
            HandshakeError::VersionUnsupported { .. } => {
                self.reject(&Reject::VersionUnsupported { least: VERSIONS.least, most: VERSIONS.most });
            }
            HandshakeError::NodeReplaced { actual, .. } => self.reject(&Reject::NodeReplaced { actual: *actual }),
            HandshakeError::SelfConnection => self.reject(&Reject::SelfConnection),
            HandshakeError::OtherRealm => self.reject(&Reject::Unauthorized(error.to_string())),
            _ => self.reject(&Reject::Malformed(error.to_string())),
        }
        self.state = State::Over;
        Err(error)
    }
}

/// Which of two connections survives when two nodes have dialed each other: the one that the smaller id dialed.
///
/// Both sides come to the same verdict, so that an acceptor can reject the other one as a duplicate.
#[must_use]
pub fn survives(dialer: NodeId, acceptor: NodeId) -> bool {
    dialer < acceptor
}

/// The body of a hello or a rejection, checked, once all of it is there.
fn take_body(input: &mut BytesMut) -> Result<Option<Bytes>, HandshakeError> {
    let magic = input.get(..MAGIC.len()).unwrap_or(input);
    if !MAGIC.starts_with(magic) {
        return Err(HandshakeError::WrongMagic { start: magic.to_vec() });
    }
    let Some(prefix) = input.get(..PREFIX_LENGTH) else { return Ok(None) };
    let mut reader = Reader::new(prefix.get(MAGIC.len()..).unwrap_or_default());
    let malformed = |Malformed(field)| HandshakeError::Malformed { field };
    let length = usize::from(reader.u16("length").map_err(malformed)?);
    let checksum = u32::from_le_bytes(reader.array("checksum").map_err(malformed)?);
    let total = PREFIX_LENGTH.saturating_add(length);
    if total > HELLO_LENGTH_MAX {
        return Err(HandshakeError::TooLong { length: total });
    }
    if input.len() < total {
        return Ok(None);
    }
    let mut body = input.split_to(total).freeze();
    body.advance(PREFIX_LENGTH);
    if crc32c::crc32c(&body) == checksum { Ok(Some(body)) } else { Err(HandshakeError::ChecksumMismatch) }
}
