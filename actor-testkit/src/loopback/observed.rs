//! What an observer of a loop-back is told.

use std::sync::Arc;

use actor_core::{ActorId, DeadLetter};

/// Something that the runtime has asked of a [`LoopbackSystem`](super::LoopbackSystem).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Observed {
    /// An actor to be has its id.
    Assigned(ActorId),
    /// It can be called.
    Ready(ActorId),
    /// It has ended, or failed to start.
    Resigned(ActorId),
    /// A step of the encoding of an invocation.
    Recorded(Recorded),
    /// The invocation is complete, and goes to this actor.
    Sent {
        /// The actor that is called.
        target: ActorId,
        /// The method's mangled name.
        method: &'static str,
        /// The encoded arguments' length, in bytes.
        length: usize,
    },
    /// A one-way call has come to nothing.
    DeadLetter(DeadLetter),
}

/// One call of an invocation encoder, with the name of the Rust type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recorded {
    /// The type that stands for a generic parameter of the method.
    GenericSubstitution(&'static str),
    /// An argument of this type.
    Argument(&'static str),
    /// The type of the method's own error.
    ErrorType(&'static str),
    /// The type of its value.
    ReturnType(&'static str),
    /// That is all.
    Done,
}

/// Sees everything, on whatever task it happens.
pub(super) type Observer = Arc<dyn Fn(Observed) + Send + Sync>;
