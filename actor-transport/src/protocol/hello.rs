//! What nodes say of themselves before a session begins (`docs/protocol.md`, section 3).

use actor_core::NodeId;

use super::{
    close::clip,
    frame::{clip_addresses, put_addresses, put_node, read_addresses, read_node},
    secret::{PROOF_LENGTH, Secret},
    wire::{Malformed, Put, Reader},
};
use crate::Limits;

/// First on every connection. Not ASCII, so that no text protocol begins like it.
pub(crate) const MAGIC: [u8; 4] = *b"\xdaCT1";
/// The versions of the protocol that this node speaks.
pub(crate) const VERSIONS: VersionRange = VersionRange { least: 1, most: 1 };
/// Longest hello or rejection, in bytes, with all that stands before it. Frozen: no version may change it.
pub const HELLO_LENGTH_MAX: usize = 4096;
/// Longest name of a node, in bytes.
pub const NODE_NAME_LENGTH_MAX: usize = 255;
/// Length of a cluster's name as it is compared, in bytes.
pub const REALM_LENGTH: usize = 32;

const HELLO: u8 = 1;
const REJECT: u8 = 2;
const CHALLENGE: u8 = 3;
const PROOF: u8 = 4;
/// Extensions; unknown ones are skipped.
const EXTENSION_REALM: u64 = 1;
const EXTENSION_EXPECTED: u64 = 2;
const EXTENSION_SESSIONS: u64 = 3;
const EXTENSION_NONCE: u64 = 4;
const TEXT_LENGTH_MAX: usize = 256;
/// All addresses at their longest would not leave room for the rest.
const ADDRESSES_LENGTH_MAX: usize = 2048;

/// What a node says of itself.
#[derive(Debug, Clone)]
pub struct HelloConfig {
    /// This incarnation.
    pub node: NodeId,
    /// Its name, for people. At most [`NODE_NAME_LENGTH_MAX`] bytes of it are sent.
    pub name: String,
    /// Where it can be reached. The first [`ADDRESSES_MAX`](super::ADDRESSES_MAX) are sent, without those above [`ADDRESS_LENGTH_MAX`](super::ADDRESS_LENGTH_MAX) bytes.
    pub addresses: Vec<String>,
    /// One bit for each feature that both sides must have to use it.
    pub features: u64,
    /// If set, peers of another cluster are refused.
    pub realm: Option<[u8; REALM_LENGTH]>,
    /// For a dialer: the incarnation that has to answer.
    pub expected: Option<NodeId>,
    /// For a dialer: how many sessions between the two nodes it has seen begin. Tells a dial that crossed another one
    /// from that of a peer that has lost its connection.
    pub sessions: u64,
    /// If set, both sides have to prove that they know it.
    pub secret: Option<Secret>,
    /// The limits; those that a peer must keep are announced.
    pub limits: Limits,
}

impl HelloConfig {
    /// What a node with this id says if nothing else is set.
    #[must_use]
    pub fn new(node: NodeId, limits: Limits) -> Self {
        Self {
            node,
            name: String::new(),
            addresses: Vec::new(),
            features: 0,
            realm: None,
            expected: None,
            sessions: 0,
            secret: None,
            limits,
        }
    }
}

/// Versions of the protocol, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionRange {
    /// The oldest.
    pub least: u16,
    /// The newest.
    pub most: u16,
}

impl VersionRange {
    /// The newest version that both have.
    #[must_use]
    pub fn newest_in_common(self, other: Self) -> Option<u16> {
        let newest = self.most.min(other.most);
        (newest >= self.least && newest >= other.least).then_some(newest)
    }
}

/// What a peer said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerHello {
    /// Its incarnation.
    pub node: NodeId,
    /// Its name, for people.
    pub name: String,
    /// Where it says that it can be reached.
    pub addresses: Vec<String>,
    /// The versions that it speaks.
    pub versions: VersionRange,
    /// Its feature bits.
    pub features: u64,
    /// Its cluster.
    pub realm: Option<[u8; REALM_LENGTH]>,
    /// The incarnation that it wants to reach.
    pub expected: Option<NodeId>,
    /// How many sessions with this node it has seen begin.
    pub sessions: u64,
    /// Of a dialer that proves a secret: random bits for the acceptor's proof.
    pub nonce: Option<[u8; 32]>,
    /// The limits that it announced.
    pub announced: Announced,
}

/// The limits that one side announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Announced {
    /// See [`Limits::message_length_max`].
    pub message_length_max: u64,
    /// See [`Limits::chunk_length_max`].
    pub chunk_length_max: u32,
    /// See [`Limits::inbound_bytes_max`].
    pub inbound_bytes_max: u64,
    /// See [`Limits::calls_in_flight_max`].
    pub calls_in_flight_max: u32,
    /// See [`Limits::casts_in_flight_max`].
    pub casts_in_flight_max: u32,
    /// See [`Limits::methods_max`].
    pub methods_max: u32,
}

impl Announced {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            message_length_max: limits.message_length_max,
            chunk_length_max: limits.chunk_length_max,
            inbound_bytes_max: limits.inbound_bytes_max,
            calls_in_flight_max: limits.calls_in_flight_max,
            casts_in_flight_max: limits.casts_in_flight_max,
            methods_max: limits.methods_max,
        }
    }

    /// The smaller of each, and messages no longer than half of the window.
    pub(crate) fn agree(self, other: Self) -> Self {
        let inbound_bytes_max = self.inbound_bytes_max.min(other.inbound_bytes_max);
        let message_length_max = self.message_length_max.min(other.message_length_max);
        Self {
            message_length_max: message_length_max.min(inbound_bytes_max / 2),
            chunk_length_max: self.chunk_length_max.min(other.chunk_length_max),
            inbound_bytes_max,
            calls_in_flight_max: self.calls_in_flight_max.min(other.calls_in_flight_max),
            casts_in_flight_max: self.casts_in_flight_max.min(other.casts_in_flight_max),
            methods_max: self.methods_max.min(other.methods_max),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let announced = Self {
            message_length_max: reader.varint("message length")?,
            chunk_length_max: reader.varint_u32("chunk length")?,
            inbound_bytes_max: reader.varint("inbound bytes")?,
            calls_in_flight_max: reader.varint_u32("calls in flight")?,
            casts_in_flight_max: reader.varint_u32("casts in flight")?,
            methods_max: reader.varint_u32("methods")?,
        };
        let slots = 1..=Limits::SLOTS_MOST;
        for (field, holds) in [
            ("message length", announced.message_length_max > 0),
            ("chunk length", announced.chunk_length_max >= Limits::CHUNK_LENGTH_LEAST),
            ("inbound bytes", announced.inbound_bytes_max / 2 >= announced.message_length_max),
            ("calls in flight", slots.contains(&announced.calls_in_flight_max)),
            ("casts in flight", slots.contains(&announced.casts_in_flight_max)),
            ("methods", slots.contains(&announced.methods_max)),
        ] {
            if !holds {
                return Err(Malformed(field));
            }
        }
        Ok(announced)
    }

    fn put(self, out: &mut impl Put) {
        out.put_varint(self.message_length_max);
        out.put_varint(self.chunk_length_max.into());
        out.put_varint(self.inbound_bytes_max);
        out.put_varint(self.calls_in_flight_max.into());
        out.put_varint(self.casts_in_flight_max.into());
        out.put_varint(self.methods_max.into());
    }
}

/// Why an acceptor does not want a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// It speaks none of the dialer's versions.
    #[error("it speaks versions {least} to {most} of the protocol only")]
    VersionUnsupported {
        /// The oldest that it speaks.
        least: u16,
        /// The newest.
        most: u16,
    },
    /// Another connection between the two nodes exists, or will survive.
    #[error("another connection between the two nodes is used")]
    Duplicate,
    /// It is not the incarnation that was expected.
    #[error("node {actual} answers at that address now")]
    NodeReplaced {
        /// The incarnation that it is.
        actual: NodeId,
    },
    /// It shuts down.
    #[error("it is shutting down")]
    ShuttingDown,
    /// One of its limits of connections is reached.
    #[error("it has too many connections")]
    TooManyConnections,
    /// The dialer may not connect, for this reason.
    #[error("not authorized: {0}")]
    Unauthorized(String),
    /// The dialer has dialed itself.
    #[error("that is this node itself")]
    SelfConnection,
    /// The hello made no sense.
    #[error("it did not understand the hello: {0}")]
    Malformed(String),
    /// It takes nobody who does not prove the shared secret.
    #[error("it asks for a shared secret")]
    SecretRequired,
    /// The shared secret was not proved: it is another one, or somebody is in between.
    #[error("its shared secret is another one")]
    SecretDiffers,
    /// It has no shared secret, and was asked to prove one.
    #[error("it has no shared secret")]
    NoSecret,
    /// The dialer's certificate does not name the node that it says it is.
    #[error("the certificate does not name this node so")]
    NotItsName,
}

impl Reject {
    fn put(&self, out: &mut impl Put) {
        match self {
            Self::VersionUnsupported { least, most } => {
                out.put_u8(0);
                out.put(&least.to_le_bytes());
                out.put(&most.to_le_bytes());
            }
            Self::Duplicate => out.put_u8(1),
            Self::NodeReplaced { actual } => {
                out.put_u8(2);
                put_node(*actual, out);
            }
            Self::ShuttingDown => out.put_u8(3),
            Self::TooManyConnections => out.put_u8(4),
            Self::Unauthorized(text) => {
                out.put_u8(5);
                out.put_bytes(clip(text, TEXT_LENGTH_MAX).as_bytes());
            }
            Self::SelfConnection => out.put_u8(6),
            Self::Malformed(text) => {
                out.put_u8(7);
                out.put_bytes(clip(text, TEXT_LENGTH_MAX).as_bytes());
            }
            Self::SecretRequired => out.put_u8(8),
            Self::SecretDiffers => out.put_u8(9),
            Self::NoSecret => out.put_u8(10),
            Self::NotItsName => out.put_u8(11),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.u8("reason")? {
            0 => Self::VersionUnsupported { least: reader.u16("version")?, most: reader.u16("version")? },
            1 => Self::Duplicate,
            2 => Self::NodeReplaced { actual: read_node(reader)? },
            3 => Self::ShuttingDown,
            4 => Self::TooManyConnections,
            5 => Self::Unauthorized(reader.text(TEXT_LENGTH_MAX, "text")?.into()),
            6 => Self::SelfConnection,
            7 => Self::Malformed(reader.text(TEXT_LENGTH_MAX, "text")?.into()),
            8 => Self::SecretRequired,
            9 => Self::SecretDiffers,
            10 => Self::NoSecret,
            11 => Self::NotItsName,
            _ => return Err(Malformed("reason")),
        })
    }
}

/// What stands in the body of a hello frame.
#[derive(Debug)]
pub(crate) enum Greeting {
    Hello(PeerHello),
    /// A hello of versions that this node does not know, and so cannot read further.
    Unknown(VersionRange),
    Reject(Reject),
    /// An acceptor proves its secret, and asks for the dialer's proof.
    Challenge {
        nonce: [u8; 32],
        proof: [u8; PROOF_LENGTH],
    },
    /// A dialer proves its secret.
    Proof([u8; PROOF_LENGTH]),
}

impl Greeting {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        match reader.u8("kind")? {
            HELLO => read_hello(&mut reader),
            REJECT => {
                let reject = Reject::read(&mut reader)?;
                reader.end()?;
                Ok(Self::Reject(reject))
            }
            CHALLENGE => {
                let challenge = Self::Challenge { nonce: reader.array("nonce")?, proof: reader.array("proof")? };
                reader.end()?;
                Ok(challenge)
            }
            PROOF => {
                let proof = reader.array("proof")?;
                reader.end()?;
                Ok(Self::Proof(proof))
            }
            _ => Err(Malformed("kind")),
        }
    }
}

fn read_hello(reader: &mut Reader<'_>) -> Result<Greeting, Malformed> {
    let versions = VersionRange { least: reader.u16("version")?, most: reader.u16("version")? };
    if versions.least == 0 || versions.least > versions.most {
        return Err(Malformed("version"));
    }
    if versions.newest_in_common(VERSIONS).is_none() {
        return Ok(Greeting::Unknown(versions));
    }
    let mut hello = PeerHello {
        node: read_node(reader)?,
        name: reader.text(NODE_NAME_LENGTH_MAX, "name")?.into(),
        addresses: read_addresses(reader)?.into_iter().map(String::from).collect(),
        versions,
        features: reader.u64("features")?,
        realm: None,
        expected: None,
        sessions: 0,
        nonce: None,
        announced: Announced::read(reader)?,
    };
    if hello.addresses.iter().map(String::len).sum::<usize>() > ADDRESSES_LENGTH_MAX {
        return Err(Malformed("length of addresses"));
    }
    let mut sessions = None;
    while reader.end().is_err() {
        let tag = reader.varint("extension")?;
        let mut value = Reader::new(reader.bytes(HELLO_LENGTH_MAX, "extension")?);
        match tag {
            EXTENSION_REALM if hello.realm.is_none() => hello.realm = Some(value.array("realm")?),
            EXTENSION_EXPECTED if hello.expected.is_none() => hello.expected = Some(read_node(&mut value)?),
            EXTENSION_SESSIONS if sessions.is_none() => sessions = Some(value.u64("sessions")?),
            EXTENSION_NONCE if hello.nonce.is_none() => hello.nonce = Some(value.array("nonce")?),
            EXTENSION_REALM | EXTENSION_EXPECTED | EXTENSION_SESSIONS | EXTENSION_NONCE => {
                return Err(Malformed("repeated extension"));
            }
            _ => continue,
        }
        value.end()?;
    }
    hello.sessions = sessions.unwrap_or_default();
    Ok(Greeting::Hello(hello))
}

/// The hello of a node, ready to be sent.
pub(crate) fn write_hello(config: &HelloConfig) -> Vec<u8> {
    let mut body = vec![HELLO];
    body.put(&VERSIONS.least.to_le_bytes());
    body.put(&VERSIONS.most.to_le_bytes());
    put_node(config.node, &mut body);
    body.put_bytes(clip(&config.name, NODE_NAME_LENGTH_MAX).as_bytes());
    let mut addresses = clip_addresses(&config.addresses);
    while addresses.iter().map(|address| address.len()).sum::<usize>() > ADDRESSES_LENGTH_MAX {
        addresses.pop();
    }
    put_addresses(&addresses, &mut body);
    body.put(&config.features.to_le_bytes());
    Announced::of(&config.limits).put(&mut body);
    if let Some(realm) = &config.realm {
        body.put_varint(EXTENSION_REALM);
        body.put_bytes(realm);
    }
    if let Some(expected) = config.expected {
        body.put_varint(EXTENSION_EXPECTED);
        body.put_varint(16);
        put_node(expected, &mut body);
    }
    if config.sessions > 0 {
        body.put_varint(EXTENSION_SESSIONS);
        body.put_bytes(&config.sessions.to_le_bytes());
    }
    if let Some(secret) = &config.secret {
        body.put_varint(EXTENSION_NONCE);
        body.put_bytes(secret.nonce());
    }
    enclose(&body)
}

/// An acceptor's proof, and the random bits for the dialer's.
pub(crate) fn write_challenge(nonce: &[u8; 32], proof: &[u8; PROOF_LENGTH]) -> Vec<u8> {
    let mut body = vec![CHALLENGE];
    body.put(nonce);
    body.put(proof);
    enclose(&body)
}

/// A dialer's proof.
pub(crate) fn write_proof(proof: &[u8; PROOF_LENGTH]) -> Vec<u8> {
    let mut body = vec![PROOF];
    body.put(proof);
    enclose(&body)
}

/// A rejection, ready to be sent.
pub(crate) fn write_reject(reject: &Reject) -> Vec<u8> {
    let mut body = vec![REJECT];
    reject.put(&mut body);
    enclose(&body)
}

/// Magic, length of the body (16 bits), CRC32 of the body, body.
fn enclose(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let mut bytes = MAGIC.to_vec();
    bytes.put(&length.to_le_bytes());
    bytes.put(&crc32fast::hash(body).to_le_bytes());
    bytes.put(body);
    bytes
}
