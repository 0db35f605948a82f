//! How one actor is spawned.

use std::{fmt, num::NonZeroU32, sync::Arc};

use super::locality::Locality;
use crate::{ActorRef, Callable, MethodInfo};

/// How an actor is spawned, where the system's settings are not enough.
pub struct SpawnOptions<A: ?Sized + Callable> {
    pub(crate) mailbox_length_max: Option<NonZeroU32>,
    pub(crate) overflow: Overflow<A>,
    pub(crate) locality: Option<Locality>,
    pub(crate) is_stopped_in_turn: bool,
}

impl<A: ?Sized + Callable> SpawnOptions<A> {
    /// The system's settings.
    #[must_use]
    pub fn new() -> Self {
        Self { mailbox_length_max: None, overflow: Overflow::Wait, locality: None, is_stopped_in_turn: false }
    }

    /// How many messages may wait for the actor, at least 1; of a reentrant one also how many methods interleave.
    #[must_use]
    pub fn mailbox(mut self, length_max: u32) -> Self {
        self.mailbox_length_max = NonZeroU32::new(length_max.max(1));
        self
    }

    /// What happens to a message that finds the mailbox full.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow<A>) -> Self {
        self.overflow = overflow;
        self
    }

    /// Where it runs, and beside whom it never runs at the same time. Without one it runs for itself, wherever it is called
    /// and there is room.
    #[must_use]
    pub fn locality(mut self, locality: &Locality) -> Self {
        self.locality = Some(locality.clone());
        self
    }

    /// Has the system pass over it when it shuts down: whoever [keeps](crate::Keeper) it stops it in its turn. Without a keeper
    /// it changes nothing.
    #[must_use]
    pub fn stopped_in_turn(mut self) -> Self {
        self.is_stopped_in_turn = true;
        self
    }
}

impl<A: ?Sized + Callable> Default for SpawnOptions<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: ?Sized + Callable> fmt::Debug for SpawnOptions<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnOptions")
            .field("mailbox_length_max", &self.mailbox_length_max)
            .field("overflow", &self.overflow)
            .field("locality", &self.locality)
            .finish()
    }
}

/// What happens to a message that finds its actor's mailbox full.
#[non_exhaustive]
pub enum Overflow<A: ?Sized + Callable> {
    /// It waits for room, in order, until its deadline. The default.
    Wait,
    /// It fails with `Overloaded`.
    Reject,
    /// A call fails with `Overloaded`; a one-way call is dropped, and counted as a dead letter.
    DropNewest,
    /// The oldest waiting message makes room: its call fails with `Overloaded`, a one-way call becomes a dead letter.
    DropOldest,
    /// Another local actor of the same type takes it. `Reject` if that one is remote.
    Redirect(ActorRef<A>),
    /// The function decides, for each message; it sees the method that is called (none for `when_local`).
    Decide(Decide<A>),
}

/// Decides what happens to a message that finds its actor's mailbox full.
pub type Decide<A> = Arc<dyn Fn(Option<&'static MethodInfo>) -> Overflow<A> + Send + Sync>;

impl<A: ?Sized + Callable> fmt::Debug for Overflow<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait => f.write_str("Wait"),
            Self::Reject => f.write_str("Reject"),
            Self::DropNewest => f.write_str("DropNewest"),
            Self::DropOldest => f.write_str("DropOldest"),
            Self::Redirect(other) => f.debug_tuple("Redirect").field(other).finish(),
            Self::Decide(_) => f.write_str("Decide"),
        }
    }
}
