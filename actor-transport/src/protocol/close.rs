//! Why a connection ends, and who is at fault.

use std::time::Duration;

use super::frame::{FrameError, GOODBYE_TEXT_LENGTH_MAX};

/// Why a session was closed. Its text is what a failed call tells its caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer sent bytes that are no frame.
    #[error("the peer sent {0}")]
    Garbage(FrameError),
    /// The peer sent the head of a frame that is longer than was agreed, or of one without content.
    #[error("the peer sent a frame of {length} bytes, and one may have from 1 to {limit}")]
    FrameLength {
        /// What it announced, in bytes.
        length: u32,
        /// What was agreed, in bytes.
        limit: u32,
    },
    /// A frame was damaged on its way.
    #[error("a frame was damaged on its way: its checksum is wrong")]
    ChecksumMismatch,
    /// The peer sent more bytes of messages than there was room for.
    #[error("the peer sent more than it had credit for ({of})")]
    CreditExceeded {
        /// Of what: calls and casts, replies, the number of casts.
        of: &'static str,
    },
    /// The peer gave back more credit than was taken.
    #[error("the peer gave back more credit than was taken ({of})")]
    CreditOverflow {
        /// Of what: calls and casts, replies, the number of casts.
        of: &'static str,
    },
    /// The peer has more calls in flight than was agreed.
    #[error("the peer has more calls in flight than the {limit} that were agreed")]
    TooManyCalls {
        /// What was agreed.
        limit: u32,
    },
    /// The peer used the id of a call twice.
    #[error("the peer used the id of a call twice")]
    CallIdReused,
    /// The peer called a method by an index that it had not defined, or defined one beyond the table.
    #[error("the peer used the method index {index}, which is not defined")]
    UndefinedMethod {
        /// The index.
        index: u32,
    },
    /// A chunk was not as long as was agreed, or a message was cut for which one frame is enough.
    #[error("the peer sent a chunk of {length} bytes where {expected} were due")]
    ChunkLength {
        /// What it had, in bytes.
        length: u64,
        /// What was due, in bytes.
        expected: u64,
    },
    /// The peer announced a message that is longer than was agreed, where no call can be answered for it.
    #[error("the peer announced a message of {length} bytes, and one may have {limit}")]
    MessageLength {
        /// What it announced, in bytes.
        length: u64,
        /// What was agreed, in bytes.
        limit: u64,
    },
    /// The peer watches more actors than was allowed.
    #[error("the peer watches more than {limit} actors")]
    TooManyWatches {
        /// The limit.
        limit: usize,
    },
    /// The peer did many things that make no sense.
    #[error("the peer sent more than {limit} frames that make no sense, the last one {last}")]
    TooManyAnomalies {
        /// How many are overlooked.
        limit: u32,
        /// What the last one was.
        last: &'static str,
    },
    /// The peer does not take what it asked for.
    #[error("the peer does not read what it asked for")]
    Unread,
    /// The peer said so.
    #[error("the peer closed the connection: {0}")]
    PeerGoodbye(Goodbye),
    /// This node said so.
    #[error("this node closed the connection: {0}")]
    OwnGoodbye(Goodbye),
    /// Nothing was received for too long.
    #[error("the peer was silent for {ms} ms")]
    Silent {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// The transport took no bytes for too long, or the peer did not say that they arrived.
    #[error("the connection took no bytes for {ms} ms")]
    WriteStalled {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// The connection ended in the middle of a frame.
    #[error("the connection ended in the middle of a frame")]
    Truncated,
    /// The connection ended without a goodbye.
    #[error("the connection ended without a goodbye")]
    EndOfStream,
    /// The transport failed.
    #[error("the transport failed: {0}")]
    TransportError(Box<str>),
    /// A task that the connection needs is gone.
    #[error("this node does not serve the connection any more: {why}")]
    Abandoned {
        /// Where it has gone.
        why: &'static str,
    },
}

/// Who is to blame for the end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The peer broke the protocol.
    Peer,
    /// What lies in between, or a peer that died.
    Network,
    /// The end was wished for.
    Nobody,
}

impl CloseReason {
    pub(crate) fn write_stalled(after: Duration) -> Self {
        Self::WriteStalled { ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }
    }

    /// Who is to blame.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::PeerGoodbye(_) | Self::OwnGoodbye(_) => Fault::Nobody,
            Self::Silent { .. }
            | Self::WriteStalled { .. }
            | Self::Truncated
            | Self::EndOfStream
            | Self::TransportError(_)
            | Self::Abandoned { .. }
            | Self::ChecksumMismatch => Fault::Network,
            _ => Fault::Peer,
        }
    }

    /// The goodbye that tells the peer.
    #[must_use]
    pub fn goodbye(&self) -> Goodbye {
        match self {
            Self::OwnGoodbye(goodbye) => goodbye.clone(),
            Self::PeerGoodbye(_) => Goodbye::Done,
            reason => Goodbye::Protocol(reason.to_string().into()),
        }
    }
}

impl From<FrameError> for CloseReason {
    fn from(error: FrameError) -> Self {
        Self::Garbage(error)
    }
}

/// The last word on a connection (`docs/protocol.md`, section 7).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Goodbye {
    /// Nothing is left to do on this connection.
    #[error("done")]
    Done,
    /// The node shuts down.
    #[error("the node is shutting down")]
    ShuttingDown,
    /// Another connection between the two nodes is used instead.
    #[error("another connection is used instead")]
    Duplicate,
    /// Another incarnation has been started in the peer's place.
    #[error("the node was declared dead")]
    DeclaredDead,
    /// The peer broke the protocol, or is out of reach; says how.
    #[error("{0}")]
    Protocol(Box<str>),
    /// A code of a later version.
    #[error("code {code}: {text}")]
    Other {
        /// The code.
        code: u8,
        /// What was said.
        text: Box<str>,
    },
}

impl Goodbye {
    pub(crate) fn from_wire(code: u8, text: &str) -> Self {
        match code {
            0 => Self::Done,
            1 => Self::ShuttingDown,
            2 => Self::Duplicate,
            3 => Self::DeclaredDead,
            4 => Self::Protocol(text.into()),
            code => Self::Other { code, text: text.into() },
        }
    }

    /// Code and text, the text clipped to what the wire carries.
    pub(crate) fn to_wire(&self) -> (u8, &str) {
        match self {
            Self::Done => (0, ""),
            Self::ShuttingDown => (1, ""),
            Self::Duplicate => (2, ""),
            Self::DeclaredDead => (3, ""),
            Self::Protocol(text) => (4, clip(text, GOODBYE_TEXT_LENGTH_MAX)),
            Self::Other { code, text } => (*code, clip(text, GOODBYE_TEXT_LENGTH_MAX)),
        }
    }
}

/// The front of `text`, of at most `length_max` bytes.
pub(crate) fn clip(text: &str, length_max: usize) -> &str {
    // A character takes at most four bytes, so that one of these is a boundary.
    (0..4).find_map(|back| text.get(..length_max.min(text.len()).saturating_sub(back))).unwrap_or_default()
}
