//! One of a group.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use actor_core::{ActorId, ActorRef, Callable};
use actor_transport::Node;

use super::{groups::Key, handle::Registry};
use crate::digest;

/// Chooses among the actors of a group: [`Registry::router`](super::Registry::router). Those that join later, on whichever
/// node, get their share; those that end, and those of lost nodes, get no more.
pub struct Router<A: Callable<System = Node> + ?Sized> {
    registry: Registry,
    key: Key<A>,
    turn: AtomicUsize,
}

impl<A: Callable<System = Node> + ?Sized + 'static> Router<A> {
    pub(super) fn new(registry: Registry, key: Key<A>) -> Self {
        Self { registry, key, turn: AtomicUsize::new(0) }
    }

    /// One actor after the other, each as often as it has joined. None while the group has none.
    pub fn next(&self) -> Option<ActorRef<A>> {
        let mut ids = self.registry.ids(self.key.name());
        let turn = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(ids.len())?;
        // One that has just ended is passed over.
        ids.rotate_left(turn);
        self.registry.resolve(ids).into_iter().next()
    }

    /// The same actor for the same key, from any node, as long as it is in the group: when one comes or goes only its
    /// own keys move (rendezvous hashing). None while the group has none.
    pub fn by_key(&self, key: impl AsRef<[u8]>) -> Option<ActorRef<A>> {
        let key = digest::of_bytes(key.as_ref());
        let rank = |id: &ActorId| digest::of_node(id.node(), key ^ id.instance());
        let mut ids = self.registry.ids(self.key.name());
        ids.sort_unstable_by_key(|id| std::cmp::Reverse(rank(id)));
        self.registry.resolve(ids).into_iter().next()
    }
}

impl<A: Callable<System = Node> + ?Sized> fmt::Debug for Router<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Router").field(&self.key).finish()
    }
}
