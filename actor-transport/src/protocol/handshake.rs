//! Before a session: who is there, and under which limits.

use actor_core::NodeId;
use bytes::{Buf, Bytes, BytesMut};

use super::{
    hello::{
        Announced, Greeting, HELLO_LENGTH_MAX, HelloConfig, MAGIC, PeerHello, Reject, VERSIONS, VersionRange,
        write_challenge, write_hello, write_proof, write_reject,
    },
    secret::{PROOF_LENGTH, Side},
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
    /// A dialer has sent this hello, and waits for the answer.
    Dialing {
        hello: Bytes,
        /// The acceptor has proved the shared secret.
        proved: bool,
    },
    /// An acceptor waits for the hello.
    Listening,
    /// An acceptor has the hello, and waits for the dialer's proof of the shared secret.
    Proving {
        peer: Box<PeerHello>,
        hello: Bytes,
    },
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
    /// The other side does not want the connection. An acceptor hears this only of a dialer that it has asked to prove
    /// the shared secret.
    Rejected(Reject),
}

/// The proof of a handshake, with its results. Only a [`Handshake`] makes one.
#[derive(Debug, Clone)]
pub struct Agreed {
    peer: PeerHello,
    version: u16,
    features: u64,
    limits: Announced,
    shares_secret: bool,
}

impl Agreed {
    fn new(own: &HelloConfig, peer: PeerHello, version: u16) -> Self {
        let limits = Announced::of(&own.limits).agree(peer.announced);
        // Without the proof no handshake comes this far.
        let shares_secret = own.secret.is_some();
        Self { version, features: own.features & peer.features, limits, peer, shares_secret }
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

    /// Whether the peer has proved that it knows the same secret.
    #[must_use]
    pub fn shares_secret(&self) -> bool {
        self.shares_secret
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
    /// The peer has not offered to prove the shared secret that this node has.
    #[error("the peer has not proved the shared secret")]
    SecretRequired,
    /// The peer has not proved the shared secret: it has another one, has sent a recorded proof, or somebody is in between.
    #[error("the peer's shared secret is another one")]
    SecretDiffers,
    /// The peer asks for a shared secret, and this node has none.
    #[error("the peer asks for a shared secret, and this node has none")]
    NoSecret,
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
        let transmit: Bytes = write_hello(&own).into();
        let hello = transmit.slice(PREFIX_LENGTH.min(transmit.len())..);
        Self { own, state: State::Dialing { hello, proved: false }, transmit: Some(transmit) }
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
        match self.state {
            State::Dialing { .. } | State::Listening | State::Proving { .. } => {}
            State::Deciding(_) if input.is_empty() => return Ok(None),
            State::Deciding(_) => return self.fail(HandshakeError::Early),
            State::Over => return Err(HandshakeError::OutOfOrder),
        }
        match self.read(input) {
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
        let answer = HelloConfig { expected: None, secret: None, ..self.own.clone() };
        self.transmit = Some(write_hello(&answer).into());
        let version = peer.versions.newest_in_common(VERSIONS).ok_or(HandshakeError::OutOfOrder)?;
        Ok(Agreed::new(&self.own, *peer, version))
    }

    /// An acceptor's no, at any time before its yes. Close the connection when this is sent.
    pub fn reject(&mut self, reject: &Reject) {
        if matches!(self.state, State::Listening | State::Proving { .. } | State::Deciding(_)) {
            self.state = State::Over;
            self.transmit = Some(write_reject(reject).into());
        }
    }

    /// Bytes to send, if there are any.
    pub fn transmit(&mut self) -> Option<Bytes> {
        self.transmit.take()
    }

    fn read(&mut self, input: &mut BytesMut) -> Result<Option<Progress>, HandshakeError> {
        let Some(body) = take_body(input)? else { return Ok(None) };
        let greeting = Greeting::read(&body).map_err(|Malformed(field)| HandshakeError::Malformed { field })?;
        match std::mem::replace(&mut self.state, State::Over) {
            State::Dialing { hello, proved } => self.answered(greeting, hello, proved),
            State::Listening => self.greeted(greeting, body, input),
            State::Proving { peer, hello } => self.proved(greeting, peer, &hello, input),
            State::Deciding(_) | State::Over => Err(HandshakeError::OutOfOrder),
        }
    }

    /// A dialer has an answer.
    fn answered(
        &mut self,
        greeting: Greeting,
        own_hello: Bytes,
        proved: bool,
    ) -> Result<Option<Progress>, HandshakeError> {
        let needs_proof = self.own.secret.is_some() && !proved;
        match greeting {
            // Who a node is replaced by is nothing that a stranger can say.
            Greeting::Reject(Reject::NodeReplaced { .. }) | Greeting::Hello(_) if needs_proof => {
                Err(HandshakeError::SecretRequired)
            }
            Greeting::Reject(reject) => Ok(Some(Progress::Rejected(reject))),
            Greeting::Challenge { nonce, proof } if needs_proof => {
                let secret = self.own.secret.as_ref().ok_or(HandshakeError::NoSecret)?;
                if !secret.is_proof(&proof, Side::Acceptor, &own_hello, &nonce) {
                    return Err(HandshakeError::SecretDiffers);
                }
                self.transmit = Some(write_proof(&secret.prove(Side::Dialer, &own_hello, &nonce)).into());
                self.state = State::Dialing { hello: own_hello, proved: true };
                Ok(None)
            }
            Greeting::Hello(hello) => {
                self.check(true, &hello)?;
                let peer = hello.versions;
                let version = peer.newest_in_common(VERSIONS).ok_or(HandshakeError::VersionUnsupported { peer })?;
                Ok(Some(Progress::Accepted(Agreed::new(&self.own, hello, version))))
            }
            Greeting::Unknown(peer) => Err(HandshakeError::VersionUnsupported { peer }),
            Greeting::Challenge { .. } | Greeting::Proof(_) => Err(HandshakeError::Malformed { field: "kind" }),
        }
    }

    /// An acceptor has the hello.
    fn greeted(
        &mut self,
        greeting: Greeting,
        hello: Bytes,
        rest: &BytesMut,
    ) -> Result<Option<Progress>, HandshakeError> {
        self.state = State::Listening;
        let peer = match greeting {
            Greeting::Hello(peer) => peer,
            Greeting::Unknown(peer) => return Err(HandshakeError::VersionUnsupported { peer }),
            _ => return Err(HandshakeError::Malformed { field: "kind" }),
        };
        match (&self.own.secret, &peer.nonce) {
            (None, None) => self.offer(Box::new(peer), rest),
            (None, Some(_)) => Err(HandshakeError::NoSecret),
            (Some(_), None) => Err(HandshakeError::SecretRequired),
            // Nothing of the hello counts before the proof.
            (Some(_), Some(_)) if !rest.is_empty() => Err(HandshakeError::Early),
            (Some(secret), Some(_)) => {
                let proof: [u8; PROOF_LENGTH] = secret.prove(Side::Acceptor, &hello, secret.nonce());
                self.transmit = Some(write_challenge(secret.nonce(), &proof).into());
                self.state = State::Proving { peer: Box::new(peer), hello };
                Ok(None)
            }
        }
    }

    /// An acceptor has the answer to its challenge.
    fn proved(
        &mut self,
        greeting: Greeting,
        peer: Box<PeerHello>,
        hello: &[u8],
        rest: &BytesMut,
    ) -> Result<Option<Progress>, HandshakeError> {
        let proof = match greeting {
            Greeting::Proof(proof) => proof,
            Greeting::Reject(reject) => return Ok(Some(Progress::Rejected(reject))),
            _ => {
                self.state = State::Listening;
                return Err(HandshakeError::Malformed { field: "kind" });
            }
        };
        self.state = State::Listening;
        let secret = self.own.secret.as_ref().ok_or(HandshakeError::NoSecret)?;
        if !secret.is_proof(&proof, Side::Dialer, hello, secret.nonce()) {
            return Err(HandshakeError::SecretDiffers);
        }
        self.offer(peer, rest)
    }

    /// An acceptor knows who wants a session.
    fn offer(&mut self, peer: Box<PeerHello>, rest: &BytesMut) -> Result<Option<Progress>, HandshakeError> {
        self.check(false, &peer)?;
        if !rest.is_empty() {
            return Err(HandshakeError::Early);
        }
        let offered = PeerHello::clone(&peer);
        self.state = State::Deciding(peer);
        Ok(Some(Progress::Offered(offered)))
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

    /// An acceptor tells the peer, unless it does not speak the protocol at all; a dialer that it was not proved the
    /// secret.
    fn fail<T>(&mut self, error: HandshakeError) -> Result<T, HandshakeError> {
        match &error {
            HandshakeError::WrongMagic { .. } => {}
            HandshakeError::SecretRequired => self.refuse(&Reject::SecretRequired),
            HandshakeError::SecretDiffers => self.refuse(&Reject::SecretDiffers),
            HandshakeError::NoSecret => self.refuse(&Reject::NoSecret),
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

    fn refuse(&mut self, reject: &Reject) {
        self.transmit = Some(write_reject(reject).into());
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
    if crc32fast::hash(&body) == checksum { Ok(Some(body)) } else { Err(HandshakeError::ChecksumMismatch) }
}
