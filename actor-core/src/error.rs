//! What can go wrong with a call: the method's own error, or the system's.

use std::{
    fmt::{self, Debug, Display},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::NodeId;

/// Why a call through a reference gave no value.
///
/// `E` is the method's own error, typed wherever the actor lives; `F` is the actor system's.
/// `Display` and `Debug` are all that is asked of `E`, so that `Result<T, String>` works with `?` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError<E = Never, F = SystemError> {
    /// The method ran and returned this error.
    Actor(E),
    /// The transport or the runtime failed; [`SystemFailure::outcome`] says whether the method ran.
    System(F),
}

impl<E: Display, F: Display> Display for CallError<E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Actor(error) => Display::fmt(error, f),
            Self::System(error) => Display::fmt(error, f),
        }
    }
}

impl<E: Display + Debug, F: Display + Debug> std::error::Error for CallError<E, F> {}

/// The error of a method that cannot fail on its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Never {}

impl Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

/// What is known about the execution of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The method did not run, and will not: it is safe to send the call again.
    NotExecuted,
    /// It may have run, or may still run.
    Unknown,
    /// It ran; its reply was lost or could not be made.
    Executed,
}

/// Marks the error type of an actor system: "not the method's own error".
///
/// The local runtime reports its own failures (a stopped actor, a deadlock, ..) as a [`SystemError`], which
/// every system's error can be made from.
pub trait SystemFailure: std::error::Error + From<SystemError> + Send + Sync + 'static {
    /// Whether the call ran.
    fn outcome(&self) -> Outcome;
}

impl SystemFailure for SystemError {
    fn outcome(&self) -> Outcome {
        SystemError::outcome(self)
    }
}

/// A failure of the transport or the runtime, as opposed to the method's own error.
///
/// The set is closed on the wire: `docs/protocol.md` gives each variant its code, which is its position here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// The actor has ended, or never was. Not executed.
    #[error("no actor {actor}{}", unless_said(.actor))]
    UnknownActor {
        /// The id that was called, as printed. Where it is unknown for another reason, that stands behind it and `: `.
        actor: Box<str>,
    },
    /// The actor has no method of that name. Not executed.
    #[error("the actor has no distributed method `{method}`; do both sides run the same version?")]
    UnknownMethod {
        /// The method's mangled name.
        method: Box<str>,
    },
    /// Caller and callee disagree on the method's parameters or result. Not executed.
    #[error("`{method}` has another signature there: ours is `{ours}`, theirs is `{theirs}`")]
    SignatureMismatch {
        /// The method's mangled name.
        method: Box<str>,
        /// As the caller has it.
        ours: Box<str>,
        /// As the callee has it.
        theirs: Box<str>,
    },
    /// The arguments could not be decoded by the callee. Not executed.
    #[error("the arguments of `{method}` could not be decoded: {why}")]
    BadArguments {
        /// The method's mangled name.
        method: Box<str>,
        /// What the decoder said.
        why: Box<str>,
    },
    /// The arguments could not be encoded by the caller. Not executed.
    #[error("the arguments of `{method}` could not be encoded: {why}")]
    Unencodable {
        /// The method's mangled name.
        method: Box<str>,
        /// What the encoder said.
        why: Box<str>,
    },
    /// A limit of the callee's node or of the actor's mailbox is reached. Not executed.
    #[error("overloaded: {what}")]
    Overloaded {
        /// Which limit.
        what: Box<str>,
    },
    /// The node is shutting down and takes no new calls. Not executed.
    #[error("the node is shutting down")]
    ShuttingDown,
    /// The call would wait for itself: the actor is running a call that this one descends from, and is not reentrant, or
    /// one of the two takes `&mut self`. Not executed.
    #[error("deadlock: the call would wait for itself ({})", .chain.join(" -> "))]
    Deadlock {
        /// The calls from the first to this one, each as `method of actor`.
        chain: Vec<String>,
    },
    /// More calls are nested than the limit allows. Not executed.
    #[error("more than {limit} calls are nested; is this a loop?")]
    ChainTooLong {
        /// The limit on this node.
        limit: u32,
    },
    /// The encoded arguments are longer than a message may be. Not executed.
    #[error("the arguments take {length} bytes, and a message may have {limit}")]
    MessageTooLarge {
        /// Length of the encoded arguments, in bytes.
        length: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// No connection to the node could be made. Not executed.
    #[error("cannot connect to {address}: {why}")]
    Connect {
        /// The address or addresses that were tried.
        address: Box<str>,
        /// What the last attempt said.
        why: Box<str>,
    },
    /// The peer is not allowed to make this call. Not executed.
    #[error("not authorized: {why}")]
    Unauthorized {
        /// What is missing.
        why: Box<str>,
    },
    /// The node that the reference points to has been started again; its actors are gone. Not executed.
    #[error("node {old} has been replaced by {new} at its address; its actors are gone")]
    NodeReplaced {
        /// The incarnation that the reference points to.
        old: NodeId,
        /// The incarnation that answers now.
        new: NodeId,
    },
    /// Nothing is registered under that name. Not executed.
    #[error("nothing is registered as `{name}`")]
    UnknownName {
        /// The name that was looked up.
        name: Box<str>,
    },
    /// An actor is registered under that name already. Nothing was changed.
    #[error("the name `{name}` is taken by another actor")]
    NameTaken {
        /// The name.
        name: Box<str>,
    },
    /// Nothing is known about the node: no address, no session. Not executed.
    #[error(
        "node {node} is not known here: look an actor of it up by address, or be sent a reference by a node that knows it"
    )]
    UnknownNode {
        /// The node's id.
        node: NodeId,
    },
    /// The id belongs to an actor of another type. Not executed.
    #[error("actor {actor} is not a `{expected}`")]
    WrongType {
        /// The actor's id, as printed.
        actor: Box<str>,
        /// The type that was asked for.
        expected: Box<str>,
    },
    /// A text is not an address, or names a scheme that no transport of this node serves. Not executed.
    #[error("{}", bad_address(.address, .why))]
    BadAddress {
        /// The text. Empty where there is none: then `why` says it all.
        address: Box<str>,
        /// What is wrong with it.
        why: Box<str>,
    },
    /// The limits of a node do not fit together. Nothing was started.
    #[error("bad limits: {why}")]
    BadLimits {
        /// Which, and what they have to be.
        why: Box<str>,
    },
    /// The deadline passed.
    #[error("no answer within {} ms ({})", .after.as_millis(), outcome_in_words(*.outcome))]
    Deadline {
        /// The time that the call was given.
        after: Duration,
        /// `NotExecuted` while the call waited on this node, `Unknown` afterwards.
        outcome: Outcome,
    },
    /// The actor ended before it answered.
    #[error("the actor stopped before it answered ({})", outcome_in_words(*.outcome))]
    ActorStopped {
        /// `NotExecuted` for a call that was queued, `Unknown` for the one that was running.
        outcome: Outcome,
    },
    /// The connection to the node was lost while the call was under way. Unknown.
    #[error("{0}")]
    Network(NetworkError),
    /// The method panicked; its actor has ended. Executed.
    #[error("`{method}` panicked{}", .message.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
    Panicked {
        /// The method's mangled name.
        method: Box<str>,
        /// The panic's text. It stays on its node unless the node is configured to send it.
        message: Option<Box<str>>,
    },
    /// The reply could not be decoded by the caller. Executed.
    #[error("the reply of `{method}` could not be decoded: {why}")]
    BadReply {
        /// The method's mangled name.
        method: Box<str>,
        /// What the decoder said.
        why: Box<str>,
    },
    /// The encoded result is longer than a message may be, or cannot be encoded at all. Executed.
    #[error(
        "the result takes {length} bytes, and there is room for {limit}: in a message, or beside the answers that wait"
    )]
    ReplyTooLarge {
        /// Length of the encoded result, in bytes.
        length: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The method's own error, which its node does not send in its type; this is its text. Executed.
    #[error("{text}")]
    Opaque {
        /// The error, as displayed by its node.
        text: Box<str>,
    },
    /// The call was cancelled by its caller before it had ended. Unknown.
    #[error("the call was cancelled")]
    Cancelled,
    /// The node has no such constructor, so the actor cannot be started there. Not executed.
    #[error("node {node} cannot start an actor by `{constructor}`: {why}")]
    UnknownConstructor {
        /// The constructor's mangled name.
        constructor: Box<str>,
        /// The node that was asked.
        node: NodeId,
        /// What it has instead, and the program that it runs.
        why: Box<str>,
    },
    /// The actor was made, and its method under `#[on_start]` failed. Executed.
    #[error("the actor could not start: {why}")]
    StartFailed {
        /// The reason with its causes, in words.
        why: Box<str>,
    },
}

impl SystemError {
    /// Whether the call ran.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Deadline { outcome, .. } | Self::ActorStopped { outcome } => *outcome,
            Self::Network(_) | Self::Cancelled => Outcome::Unknown,
            Self::Panicked { .. }
            | Self::BadReply { .. }
            | Self::ReplyTooLarge { .. }
            | Self::Opaque { .. }
            | Self::StartFailed { .. } => Outcome::Executed,
            _ => Outcome::NotExecuted,
        }
    }
}

/// Why there is no such actor, where its id does not come with another reason.
fn unless_said(actor: &str) -> &'static str {
    if actor.contains(": ") { "" } else { ": it has ended, or never was" }
}

fn bad_address(address: &str, why: &str) -> String {
    if address.is_empty() { why.into() } else { format!("`{address}` is not an address this node can use: {why}") }
}

fn outcome_in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotExecuted => "the method did not run",
        Outcome::Unknown => "the method may have run",
        Outcome::Executed => "the method ran",
    }
}

/// A connection was lost while something was under way on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkError {
    node: NodeId,
    why: Box<str>,
}

impl NetworkError {
    /// The connection to `node` was lost, for the reason that the sentence `why` gives.
    #[must_use]
    pub fn new(node: NodeId, why: impl Into<Box<str>>) -> Self {
        Self { node, why: why.into() }
    }

    /// The node that was lost.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }
}

impl Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the connection to node {} was lost: {}", self.node, self.why)
    }
}

impl std::error::Error for NetworkError {}

/// The former name of [`NetworkError`].
#[deprecated(note = "use `NetworkError`")]
pub type ConnectionLost = NetworkError;

#[cfg(test)]
mod tests {
    use super::*;

    /// R33
    #[test]
    fn every_failure_says_whether_the_method_ran() {
        let lost = SystemError::Network(NetworkError::new(NodeId::from_bits(1), "reset"));
        assert_eq!(lost.outcome(), Outcome::Unknown);
        assert_eq!(SystemError::ShuttingDown.outcome(), Outcome::NotExecuted);
        assert_eq!(SystemError::Panicked { method: "m".into(), message: None }.outcome(), Outcome::Executed);
    }

    /// R47
    #[test]
    fn what_an_error_says_of_an_actor_or_address_is_the_reason_it_was_given() {
        let text = |actor: &str| SystemError::UnknownActor { actor: actor.into() }.to_string();
        assert_eq!(text("1.2"), "no actor 1.2: it has ended, or never was");
        assert_eq!(text("1.2 of this node: it is elsewhere"), "no actor 1.2 of this node: it is elsewhere");
        let text =
            |address: &str| SystemError::BadAddress { address: address.into(), why: "too far".into() }.to_string();
        assert_eq!(text("moon://1"), "`moon://1` is not an address this node can use: too far");
        assert_eq!(text(""), "too far");
    }

    /// R47
    #[test]
    #[allow(deprecated)]
    fn the_former_name_of_the_network_error_still_works() {
        let lost: ConnectionLost = NetworkError::new(NodeId::from_bits(1), "reset");
        assert_eq!(lost.node(), NodeId::from_bits(1));
    }

    #[test]
    fn a_system_error_stays_small() {
        assert!(std::mem::size_of::<SystemError>() <= 56, "{}", std::mem::size_of::<SystemError>());
    }
}
