//! Actors under a key.

use std::{
    borrow::Cow,
    fmt,
    future::poll_fn,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actor_core::{ActorId, ActorRef, Callable};
use actor_transport::{Node, cluster::Watched};
use futures_core::Stream;

use super::handle::Registry;

/// The name of a group, with the type of its actors. All nodes have to mean the same type by a name: an actor of another
/// type shows on the first call.
pub struct Key<A: ?Sized> {
    name: Cow<'static, str>,
    actor: PhantomData<fn() -> A>,
}

impl<A: ?Sized> Key<A> {
    /// The key of that name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), actor: PhantomData }
    }

    /// The same, with a name that is made at run time.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Cow::Owned(name.into()), actor: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<A: ?Sized> Clone for Key<A> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), actor: PhantomData }
    }
}

impl<A: ?Sized> fmt::Debug for Key<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.name).finish()
    }
}

/// The actors of a group, again each time that they have changed: a [`Stream`], which ends when the cluster was left, or
/// the node has ended. Whoever is slow misses states in between, and never the last one.
#[derive(Debug)]
pub struct Listing<A: ?Sized + Callable<System = Node>> {
    registry: Registry,
    key: Key<A>,
    told: Option<Vec<ActorId>>,
    changes: Watched<u64>,
}

impl<A: Callable<System = Node> + ?Sized + 'static> Listing<A> {
    pub(super) fn new(registry: Registry, key: Key<A>) -> Self {
        Self { changes: Watched::new(registry.shared().changes()), registry, key, told: None }
    }

    /// The actors there are, the first time; then the next time that there are others. By id, each as often as it has
    /// joined. None when the cluster was left, or the node has ended. Needs no trait in scope.
    ///
    /// # Cancel safety
    /// Dropped half-way, it has taken nothing.
    pub async fn next(&mut self) -> Option<Vec<ActorRef<A>>> {
        poll_fn(|cx| self.poll_actors(cx)).await
    }

    fn poll_actors(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<ActorRef<A>>>> {
        loop {
            self.changes.latest();
            if self.registry.shared().with(|state| state.has_ended) {
                return Poll::Ready(None);
            }
            let ids = self.registry.ids(self.key.name());
            if self.told.as_ref() != Some(&ids) {
                self.told = Some(ids.clone());
                return Poll::Ready(Some(self.registry.resolve(ids)));
            }
            if !ready!(self.changes.poll_changed(cx)) {
                return Poll::Ready(None);
            }
        }
    }
}

impl<A: Callable<System = Node> + ?Sized + 'static> Stream for Listing<A> {
    type Item = Vec<ActorRef<A>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Vec<ActorRef<A>>>> {
        self.get_mut().poll_actors(cx)
    }
}
