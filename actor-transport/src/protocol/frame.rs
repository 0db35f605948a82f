//! Frames as types: what the wire can say once the handshake is over (`docs/protocol.md`, section 4).

use actor_core::{ExitReason, NodeId, Terminated};

use super::wire::{Malformed, Put, Reader};

/// Bounds of the variable parts of frames. All are part of the protocol, so that a frame's length has one too.
pub const METHOD_NAME_LENGTH_MAX: usize = 1024;
/// Longest signature of a method, in bytes.
pub const SIGNATURE_LENGTH_MAX: usize = 4096;
/// Longest call chain, in bytes.
pub const CHAIN_LENGTH_MAX: usize = 8192;
/// Most addresses of one node in an introduction or a hello.
pub const ADDRESSES_MAX: usize = 16;
/// Longest address, in bytes.
pub const ADDRESS_LENGTH_MAX: usize = 256;
/// Longest text of a goodbye, in bytes.
pub const GOODBYE_TEXT_LENGTH_MAX: usize = 256;
/// Longest encoded system error, in bytes.
pub const ERROR_LENGTH_MAX: usize = 8192;
/// Length of a trace context, in bytes.
pub const TRACE_LENGTH: usize = 25;
/// A frame's body is at most this much longer than a chunk, in bytes: the largest of the sums of the bounds above.
pub const FRAME_OVERHEAD_MAX: u32 = 16 * 1024;

/// One frame, borrowed from the bytes it was parsed from or is written with.
///
/// A session speaks in these; they are public for raw peers in tests and for fuzzing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A call, or the first chunk of one.
    Call {
        /// The caller's id of it.
        id: CallId,
        /// What is called.
        request: Request<'a>,
    },
    /// A message without a reply, or the first chunk of one.
    Cast {
        /// What chunks refer to it by; 0 where it is whole.
        slot: u16,
        /// What is called.
        request: Request<'a>,
    },
    /// The method's result or its own error, or the first chunk of it.
    Reply {
        /// The call that is answered.
        id: CallId,
        /// Whether it is the method's own error: THROW instead of REPLY.
        thrown: bool,
        /// Length of the whole result, where this is its first chunk.
        total: Option<u64>,
        /// The encoded result.
        payload: &'a [u8],
    },
    /// The call failed in the system.
    Error {
        /// The call that is answered.
        id: CallId,
        /// The `SystemError` in postcard.
        error: &'a [u8],
    },
    /// The next part of a message.
    Chunk {
        /// Which message.
        of: ChunkOf,
        /// Its next bytes.
        payload: &'a [u8],
    },
    /// The caller gave up; if its call is incomplete, no chunk of it follows.
    Cancel {
        /// The call.
        id: CallId,
    },
    /// Asks for a sign of life.
    Ping,
    /// Gives it.
    Pong,
    /// Room for more messages.
    Credit {
        /// Bytes of calls and casts that were consumed.
        requests: u64,
        /// Bytes of replies that were consumed.
        replies: u64,
        /// Casts that were consumed.
        casts: u32,
    },
    /// The last frame: why the connection ends.
    Goodbye {
        /// A code of section 7.
        code: u8,
        /// What a person should read.
        text: &'a str,
    },
    /// Gives a method its index.
    DefineMethod {
        /// Below the table size that the receiver announced.
        index: u32,
        /// The hash of its name.
        hash: u64,
        /// Its mangled name.
        name: &'a str,
        /// Its shape.
        signature: &'a str,
    },
    /// Where a node can be reached that a following frame refers to.
    Introduce {
        /// The node.
        node: NodeId,
        /// Its addresses.
        addresses: Vec<&'a str>,
    },
    /// Asks to be told when an actor ends.
    Watch {
        /// The actor.
        instance: u64,
    },
    /// Takes that back.
    Unwatch {
        /// The actor.
        instance: u64,
    },
    /// A watched actor ended.
    Terminated {
        /// The actor.
        instance: u64,
        /// How.
        how: Terminated,
    },
    /// For what is built on nodes: membership, registry.
    System(&'a [u8]),
    /// On a stream for large messages: what follows is behind so many bytes of the first one.
    Behind {
        /// All bytes so far.
        bytes: u64,
    },
    /// So many bytes more of messages in chunks have arrived.
    Arrived {
        /// Over which stream: 0 for the first one.
        stream: u32,
        /// How many.
        bytes: u64,
    },
}

/// A call's id: a slot of the caller's, and how often it was used before, modulo 2^16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// Below the limit of calls in flight.
    pub slot: u16,
    /// Counts up by one with each use of the slot.
    pub generation: u16,
}

/// What calls and casts have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The actor.
    pub instance: u64,
    /// The index of the method.
    pub method: u32,
    /// Milliseconds until the deadline.
    pub remaining_ms: u64,
    /// A trace context.
    pub trace: Option<[u8; TRACE_LENGTH]>,
    /// The calls that this one descends from; opaque here.
    pub chain: &'a [u8],
    /// Length of the whole message, where this is its first chunk.
    pub total: Option<u64>,
    /// The encoded arguments.
    pub payload: &'a [u8],
}

/// Which message a chunk belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkOf {
    /// The arguments of a call.
    Call(CallId),
    /// The result of a call.
    Reply(CallId),
    /// The arguments of a cast.
    Cast(u16),
}

/// Bytes that are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A kind that this version does not have.
    #[error("a frame of the unknown kind {0}")]
    UnknownKind(u8),
    /// A field is missing, or is not what it has to be.
    #[error("a frame of kind {kind} with a bad {field}")]
    Malformed {
        /// The frame's kind.
        kind: u8,
        /// The field.
        field: &'static str,
    },
}

const CALL: u8 = 1;
const CAST: u8 = 2;
const REPLY: u8 = 3;
const THROW: u8 = 4;
const ERROR: u8 = 5;
const CHUNK: u8 = 6;
const CANCEL: u8 = 7;
const PING: u8 = 9;
const PONG: u8 = 10;
const CREDIT: u8 = 11;
const GOODBYE: u8 = 12;
const DEFINE_METHOD: u8 = 13;
// 14 is kept for indices of actors, which instance numbers are too short to need.
const INTRODUCE: u8 = 15;
const WATCH: u8 = 16;
const UNWATCH: u8 = 17;
const TERMINATED: u8 = 18;
const SYSTEM: u8 = 19;
const ARRIVED: u8 = 20;
const BEHIND: u8 = 21;

const FLAG_CHUNKED: u8 = 1;
const FLAG_TRACE: u8 = 2;
const FLAG_CHAIN: u8 = 4;

impl<'a> Frame<'a> {
    /// The frame with this body.
    ///
    /// # Errors
    /// If the body is not one of a frame of this version, to its last byte.
    #[inline]
    pub fn parse(body: &'a [u8]) -> Result<Self, FrameError> {
        let mut reader = Reader::new(body);
        let kind = reader.u8("kind").map_err(|Malformed(field)| FrameError::Malformed { kind: 0, field })?;
        match Self::fields(kind, &mut reader) {
            Ok(Some(frame)) => {
                reader.end().map(|()| frame).map_err(|Malformed(field)| FrameError::Malformed { kind, field })
            }
            Ok(None) => Err(FrameError::UnknownKind(kind)),
            Err(Malformed(field)) => Err(FrameError::Malformed { kind, field }),
        }
    }

    #[inline]
    fn fields(kind: u8, reader: &mut Reader<'a>) -> Result<Option<Self>, Malformed> {
        Ok(Some(match kind {
            CALL => Self::Call { id: CallId::read(reader)?, request: Request::read(reader)? },
            CAST => {
                let (request, slot) = Request::read_with_slot(reader)?;
                Self::Cast { slot, request }
            }
            REPLY | THROW => {
                let id = CallId::read(reader)?;
                let total = match reader.u8("flags")? {
                    0 => None,
                    FLAG_CHUNKED => Some(reader.varint("total length")?),
                    _ => return Err(Malformed("flags")),
                };
                Self::Reply { id, thrown: kind == THROW, total, payload: reader.rest() }
            }
            ERROR => {
                Self::Error { id: CallId::read(reader)?, error: at_most(ERROR_LENGTH_MAX, reader.rest(), "error")? }
            }
            CHUNK => {
                let of = match reader.u8("message")? {
                    0 => ChunkOf::Call(CallId::read(reader)?),
                    1 => ChunkOf::Reply(CallId::read(reader)?),
                    2 => ChunkOf::Cast(reader.u16("slot")?),
                    _ => return Err(Malformed("message")),
                };
                Self::Chunk { of, payload: reader.rest() }
            }
            _ => return Self::rare_fields(kind, reader),
        }))
    }

    fn rare_fields(kind: u8, reader: &mut Reader<'a>) -> Result<Option<Self>, Malformed> {
        Ok(Some(match kind {
            CANCEL => Self::Cancel { id: CallId::read(reader)? },
            PING => Self::Ping,
            PONG => Self::Pong,
            CREDIT => Self::Credit {
                requests: reader.varint("requests")?,
                replies: reader.varint("replies")?,
                casts: reader.varint_u32("casts")?,
            },
            GOODBYE => Self::Goodbye { code: reader.u8("code")?, text: reader.text(GOODBYE_TEXT_LENGTH_MAX, "text")? },
            DEFINE_METHOD => Self::DefineMethod {
                index: reader.varint_u32("index")?,
                hash: reader.u64("hash")?,
                name: reader.text(METHOD_NAME_LENGTH_MAX, "name")?,
                signature: reader.text(SIGNATURE_LENGTH_MAX, "signature")?,
            },
            INTRODUCE => Self::Introduce { node: read_node(reader)?, addresses: read_addresses(reader)? },
            WATCH => Self::Watch { instance: reader.varint("instance")? },
            UNWATCH => Self::Unwatch { instance: reader.varint("instance")? },
            TERMINATED => Self::Terminated {
                instance: reader.varint("instance")?,
                how: match reader.u8("how")? {
                    0 => Terminated::Stopped,
                    1 => Terminated::Panicked,
                    2 => Terminated::NoSuchActor,
                    3 => Terminated::Failed(Box::new(read_reason(reader)?)),
                    _ => return Err(Malformed("how")),
                },
            },
            SYSTEM => Self::System(reader.rest()),
            ARRIVED => Self::Arrived { stream: reader.varint_u32("stream")?, bytes: reader.varint("bytes")? },
            BEHIND => Self::Behind { bytes: reader.varint("bytes")? },
            _ => return Ok(None),
        }))
    }

    /// The frame's body, appended to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.put_fields(out);
        let (chain, payload) = self.tail();
        out.extend_from_slice(chain);
        out.extend_from_slice(payload);
    }

    /// The whole frame as it travels, appended to `out`: length, checksum where `checksum` says so, body. For peers
    /// that speak by hand; a session has its own, faster way.
    pub fn enclose(&self, checksum: bool, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        self.encode(&mut body);
        out.put(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        if checksum {
            out.put(&crc32fast::hash(&body).to_le_bytes());
        }
        out.put(&body);
    }

    /// Writes all but the [tail](Self::tail).
    #[inline]
    pub(crate) fn put_fields(&self, out: &mut impl Put) {
        match self {
            Self::Call { id, request } => {
                out.put_u8(CALL);
                id.put(out);
                request.put(None, out);
            }
            Self::Cast { slot, request } => {
                out.put_u8(CAST);
                request.put(Some(*slot), out);
            }
            Self::Reply { id, thrown, total, .. } => {
                out.put_u8(if *thrown { THROW } else { REPLY });
                id.put(out);
                match total {
                    None => out.put_u8(0),
                    Some(total) => {
                        out.put_u8(FLAG_CHUNKED);
                        out.put_varint(*total);
                    }
                }
            }
            Self::Chunk { of, .. } => {
                out.put_u8(CHUNK);
                match of {
                    ChunkOf::Call(id) => {
                        out.put_u8(0);
                        id.put(out);
                    }
                    ChunkOf::Reply(id) => {
                        out.put_u8(1);
                        id.put(out);
                    }
                    ChunkOf::Cast(slot) => {
                        out.put_u8(2);
                        out.put(&slot.to_le_bytes());
                    }
                }
            }
            _ => self.put_rare_fields(out),
        }
    }

    fn put_rare_fields(&self, out: &mut impl Put) {
        match self {
            Self::Call { .. } | Self::Cast { .. } | Self::Reply { .. } | Self::Chunk { .. } => {}
            Self::Error { id, .. } => {
                out.put_u8(ERROR);
                id.put(out);
            }
            Self::Cancel { id } => {
                out.put_u8(CANCEL);
                id.put(out);
            }
            Self::Ping => out.put_u8(PING),
            Self::Pong => out.put_u8(PONG),
            Self::Credit { requests, replies, casts } => {
                out.put_u8(CREDIT);
                out.put_varint(*requests);
                out.put_varint(*replies);
                out.put_varint((*casts).into());
            }
            Self::Goodbye { code, text } => {
                out.put_u8(GOODBYE);
                out.put_u8(*code);
                out.put_bytes(text.as_bytes());
            }
            Self::DefineMethod { index, hash, name, signature } => {
                out.put_u8(DEFINE_METHOD);
                out.put_varint((*index).into());
                out.put(&hash.to_le_bytes());
                out.put_bytes(name.as_bytes());
                out.put_bytes(signature.as_bytes());
            }
            Self::Introduce { node, addresses } => {
                out.put_u8(INTRODUCE);
                put_node(*node, out);
                put_addresses(addresses, out);
            }
            Self::Watch { instance } => {
                out.put_u8(WATCH);
                out.put_varint(*instance);
            }
            Self::Unwatch { instance } => {
                out.put_u8(UNWATCH);
                out.put_varint(*instance);
            }
            Self::Terminated { instance, how } => {
                out.put_u8(TERMINATED);
                out.put_varint(*instance);
                out.put_u8(match how {
                    Terminated::Panicked => 1,
                    Terminated::NoSuchActor => 2,
                    Terminated::Failed(_) => 3,
                    // A node does not report itself lost, and what later versions add is at least an end.
                    _ => 0,
                });
                if let Terminated::Failed(reason) = how {
                    // Texts and numbers: encoding them cannot fail.
                    out.put(&postcard::to_allocvec(&**reason).unwrap_or_default());
                }
            }
            Self::System(_) => out.put_u8(SYSTEM),
            Self::Arrived { stream, bytes } => {
                out.put_u8(ARRIVED);
                out.put_varint((*stream).into());
                out.put_varint(*bytes);
            }
            Self::Behind { bytes } => {
                out.put_u8(BEHIND);
                out.put_varint(*bytes);
            }
        }
    }

    /// What follows the other fields: a call chain, and the payload.
    #[inline]
    pub(crate) fn tail(&self) -> (&'a [u8], &'a [u8]) {
        match self {
            Self::Call { request, .. } | Self::Cast { request, .. } => (request.chain, request.payload),
            Self::Reply { payload, .. } | Self::Chunk { payload, .. } => (&[], payload),
            Self::Error { error, .. } => (&[], error),
            Self::System(payload) => (&[], payload),
            _ => (&[], &[]),
        }
    }

    /// Whether the fields are few and short; the others hold texts.
    #[inline]
    pub(crate) fn fits_head(&self) -> bool {
        match self {
            Self::Goodbye { .. } | Self::DefineMethod { .. } | Self::Introduce { .. } => false,
            Self::Terminated { how, .. } => !matches!(how, Terminated::Failed(_)),
            _ => true,
        }
    }
}

impl CallId {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [s0, s1, g0, g1] = reader.array("call id")?;
        Ok(Self { slot: u16::from_le_bytes([s0, s1]), generation: u16::from_le_bytes([g0, g1]) })
    }

    #[inline]
    fn put(self, out: &mut impl Put) {
        let ([s0, s1], [g0, g1]) = (self.slot.to_le_bytes(), self.generation.to_le_bytes());
        out.put(&[s0, s1, g0, g1]);
    }
}

impl<'a> Request<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let flags = read_flags(reader)?;
        Self::read_after_flags(reader, flags)
    }

    /// A cast names its slot only if chunks of it follow.
    #[inline]
    fn read_with_slot(reader: &mut Reader<'a>) -> Result<(Self, u16), Malformed> {
        let flags = read_flags(reader)?;
        let slot = if flags & FLAG_CHUNKED != 0 { reader.u16("slot")? } else { 0 };
        Ok((Self::read_after_flags(reader, flags)?, slot))
    }

    #[inline]
    fn read_after_flags(reader: &mut Reader<'a>, flags: u8) -> Result<Self, Malformed> {
        let method = reader.varint_u32("method")?;
        let instance = reader.varint("instance")?;
        let remaining_ms = reader.varint("remaining time")?;
        let total = if flags & FLAG_CHUNKED != 0 { Some(reader.varint("total length")?) } else { None };
        let trace = if flags & FLAG_TRACE != 0 { Some(reader.array("trace")?) } else { None };
        let chain = if flags & FLAG_CHAIN != 0 { reader.bytes(CHAIN_LENGTH_MAX, "chain")? } else { &[] };
        if chain.is_empty() && flags & FLAG_CHAIN != 0 {
            // There is one way to write a frame.
            return Err(Malformed("chain"));
        }
        Ok(Self { instance, method, remaining_ms, trace, chain, total, payload: reader.rest() })
    }

    #[inline]
    fn put(&self, slot: Option<u16>, out: &mut impl Put) {
        let chunked = if self.total.is_some() { FLAG_CHUNKED } else { 0 };
        let trace = if self.trace.is_some() { FLAG_TRACE } else { 0 };
        let chain = if self.chain.is_empty() { 0 } else { FLAG_CHAIN };
        out.put_u8(chunked | trace | chain);
        if let (Some(slot), Some(_)) = (slot, self.total) {
            out.put(&slot.to_le_bytes());
        }
        out.put_varint(self.method.into());
        out.put_varint(self.instance);
        out.put_varint(self.remaining_ms);
        if let Some(total) = self.total {
            out.put_varint(total);
        }
        if let Some(trace) = &self.trace {
            out.put(trace);
        }
        if !self.chain.is_empty() {
            out.put_varint(self.chain.len() as u64);
        }
    }
}

#[inline]
fn read_flags(reader: &mut Reader<'_>) -> Result<u8, Malformed> {
    let flags = reader.u8("flags")?;
    if flags & !(FLAG_CHUNKED | FLAG_TRACE | FLAG_CHAIN) == 0 { Ok(flags) } else { Err(Malformed("flags")) }
}

fn at_most<'a>(length_max: usize, bytes: &'a [u8], field: &'static str) -> Result<&'a [u8], Malformed> {
    if bytes.len() <= length_max { Ok(bytes) } else { Err(Malformed(field)) }
}

/// Why an actor gave up, to the end of the frame.
fn read_reason(reader: &mut Reader<'_>) -> Result<ExitReason, Malformed> {
    let bytes = at_most(ERROR_LENGTH_MAX, reader.rest(), "reason")?;
    match postcard::from_bytes::<ExitReason>(bytes) {
        // There is one way to write it, and nothing behind it.
        Ok(reason) if postcard::to_allocvec(&reason).is_ok_and(|again| again == bytes) => Ok(reason),
        _ => Err(Malformed("reason")),
    }
}

pub(crate) fn read_node(reader: &mut Reader<'_>) -> Result<NodeId, Malformed> {
    reader.array("node id").map(|bits| NodeId::from_bits(u128::from_be_bytes(bits)))
}

pub(crate) fn put_node(node: NodeId, out: &mut impl Put) {
    out.put(&node.to_bits().to_be_bytes());
}

pub(crate) fn read_addresses<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a str>, Malformed> {
    let count = reader.varint("number of addresses")?;
    if count > ADDRESSES_MAX as u64 {
        return Err(Malformed("number of addresses"));
    }
    (0..count).map(|_| reader.text(ADDRESS_LENGTH_MAX, "address")).collect()
}

pub(crate) fn put_addresses(addresses: &[&str], out: &mut impl Put) {
    out.put_varint(addresses.len() as u64);
    for address in addresses {
        out.put_bytes(address.as_bytes());
    }
}

/// The addresses that fit the wire: the first sixteen of those that are not too long.
pub(crate) fn clip_addresses(addresses: &[String]) -> Vec<&str> {
    let fitting = addresses.iter().map(String::as_str).filter(|address| address.len() <= ADDRESS_LENGTH_MAX);
    fitting.take(ADDRESSES_MAX).collect()
}
