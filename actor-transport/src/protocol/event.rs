//! What a session tells its owner, and what its owner tells it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actor_core::{EncodeBuffer, NodeId, SystemError, Terminated};
use bytes::Bytes;

use super::{
    close::Goodbye,
    frame::{CallId, TRACE_LENGTH},
    methods::{MethodKey, RemoteMethod},
};

/// A call or a cast to an actor of the peer; its arguments are given beside it.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingCall<'a> {
    /// The actor's number on its node.
    pub instance: u64,
    /// The method.
    pub method: MethodKey<'a>,
    /// When the call ends, answered or not; cut to [`Limits::call_deadline_max`](crate::Limits::call_deadline_max) from
    /// now.
    pub deadline: Instant,
    /// The time that the call was given, for the text of the error.
    pub timeout: Duration,
    /// A trace context that travels with it.
    pub trace: Option<[u8; TRACE_LENGTH]>,
    /// The calls that this one descends from, opaque here; empty if none, at most 8 KiB.
    pub chain: &'a [u8],
}

/// A call of this node, for [`Session::poll_reply`](super::Session::poll_reply) and
/// [`Session::cancel`](super::Session::cancel). One of both has to be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallKey {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// A cast of this node, for [`Session::poll_cast`](super::Session::poll_cast) and
/// [`Session::cancel_cast`](super::Session::cancel_cast). One of both has to be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CastKey(pub(crate) Option<CallKey>);

/// Who waits for the reply of a call, outside the session.
pub trait Recipient: std::fmt::Debug + Send + Sync {
    /// Leaves a short reply; or, with none, the word that the session has something to tell the caller. Returns whom to
    /// wake: nobody if the caller has gone, and then the reply is dropped.
    fn deliver(&self, reply: Option<ReplyBody>) -> Option<std::task::Waker>;
}

/// A reply, or the word that there is something else, for one caller.
#[derive(Debug)]
pub struct Delivery {
    /// The caller.
    pub to: std::sync::Arc<dyn Recipient>,
    /// None if the session keeps what the call has come to.
    pub reply: Option<ReplyBody>,
}

/// What a method answered, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyBody {
    /// Its result.
    Value(Bytes),
    /// Its own error.
    Thrown(Bytes),
}

/// The answer to a call of the peer.
#[derive(Debug)]
pub enum Reply {
    /// The method's result.
    Value(EncodeBuffer),
    /// The method's own error.
    Thrown(EncodeBuffer),
    /// The call failed in the system.
    System(SystemError),
}

/// A call of the peer that has to be answered with [`Session::reply`](super::Session::reply), also after its
/// cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboundKey(pub(crate) CallId);

impl InboundKey {
    /// The slot that the call holds until it is answered.
    pub(crate) fn slot(self) -> usize {
        self.0.slot.into()
    }
}

/// The room that a cast of the peer takes here until [`Session::cast_done`](super::Session::cast_done) gives it back.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the peer runs out of credit unless `Session::cast_done` gives it back"]
pub struct InboundCastKey {
    pub(crate) cost: u64,
}

/// A call or a cast of the peer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InboundCall {
    /// The actor.
    pub instance: u64,
    /// The method, as the peer names it.
    pub method: Arc<RemoteMethod>,
    /// Time until its deadline, at most [`Limits::call_deadline_max`](crate::Limits::call_deadline_max).
    pub remaining: Duration,
    /// The trace context.
    pub trace: Option<[u8; TRACE_LENGTH]>,
    /// The calls that it descends from, as the peer's system wrote them; unverified.
    pub chain: Bytes,
    /// The encoded arguments, in one piece. A small one is a slice of what was read with it and keeps that alive: see
    /// [`detach`](Self::detach).
    pub body: Bytes,
    /// Whether the bytes are slices of what was read.
    pub(crate) is_slice: bool,
}

impl InboundCall {
    /// Copies the parts that share memory with other messages. To be done before the call is queued for long, so that
    /// a few bytes do not keep a whole read alive.
    pub fn detach(&mut self) {
        if std::mem::take(&mut self.is_slice) {
            self.chain = Bytes::copy_from_slice(&self.chain);
            self.body = Bytes::copy_from_slice(&self.body);
        }
    }
}

/// What arrived.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer calls.
    Call(InboundKey, InboundCall),
    /// The peer sent a message without a reply.
    Cast(InboundCastKey, InboundCall),
    /// The peer gave up on a call that it had made, or the session was closed. The call still has to be answered when
    /// its handler has ended.
    Cancel(InboundKey),
    /// Where a node can be reached that a following message refers to.
    Introduced {
        /// The node.
        node: NodeId,
        /// Its addresses, unverified.
        addresses: Vec<String>,
    },
    /// The peer wants to be told when this actor ends: with [`Session::terminated`](super::Session::terminated), at
    /// once if there is none.
    Watch {
        /// The actor.
        instance: u64,
    },
    /// The peer does not want that any more.
    Unwatch {
        /// The actor.
        instance: u64,
    },
    /// An actor ended that was watched with [`Session::watch`](super::Session::watch).
    Terminated {
        /// The actor.
        instance: u64,
        /// How.
        how: Terminated,
    },
    /// For what is built on nodes.
    System(Bytes),
    /// The peer's last frame. Close the session with [`CloseReason::PeerGoodbye`](super::CloseReason::PeerGoodbye).
    Goodbye(Goodbye),
}
