//! The handle that users hold.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use actor_core::{
    ActorId, ActorRef, AnyLocal, Callable, DistributedActor, NodeId, SpawnOptions, SystemError, spawn, spawn_with,
    try_spawn_with,
};

use super::{builder::NodeBuilder, inner::Inner, link::Link, peers::PeerInfo};
use crate::{Address, Cluster, IntoAddress};

/// A node: actors live on it, and it reaches the actors of others.
///
/// A handle is cheap to clone. When the last one goes the node closes at once; [`shutdown`](Self::shutdown) lets calls
/// finish first. A reference to an actor elsewhere that was made through a handle counts as one; handles that
/// references and contexts of the node's own actors give out do not.
#[derive(Clone)]
pub struct Node {
    pub(super) inner: Arc<Inner>,
    /// None in handles that do not keep the node running.
    #[allow(dead_code, reason = "it is there to be dropped")]
    guard: Option<Arc<Guard>>,
    /// The link that the first call through this handle went over. A reference to an actor elsewhere has, with its clones, a
    /// handle of its own, so that its calls need not look for the link to its node, under a lock that all share.
    link: OnceLock<Arc<Link>>,
}

/// Closes the node when the last handle goes.
struct Guard {
    inner: Arc<Inner>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.inner.close();
    }
}

impl Node {
    /// Starts to build a node.
    #[must_use]
    pub fn builder() -> NodeBuilder {
        NodeBuilder::new()
    }

    pub(super) fn guarded(inner: Arc<Inner>) -> Self {
        let guard = Some(Arc::new(Guard { inner: inner.clone() }));
        Self { inner, guard, link: OnceLock::new() }
    }

    pub(super) fn without_guard(inner: Arc<Inner>) -> Self {
        Self { inner, guard: None, link: OnceLock::new() }
    }

    /// The link to a node, if it is the one that this handle has used before, and is in use.
    #[inline]
    pub(super) fn known_link(&self, node: NodeId) -> Option<&Arc<Link>> {
        self.link.get().filter(|link| link.peer() == node && !link.is_closed())
    }

    /// Remembers a link for [`known_link`](Self::known_link). The first one stays: after a connection was lost, a
    /// reference that has used it looks for the new one at each call.
    pub(super) fn remember_link(&self, link: &Arc<Link>) {
        let _ = self.link.set(link.clone());
    }

    /// This incarnation's id, minted when it started.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.inner.id
    }

    /// The node's name, for people. Empty if none was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The address of the first listener; one of scheme `none`, which nobody can connect to, if there is none.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.addresses().first().unwrap_or(&self.inner.nowhere)
    }

    /// The addresses of all listeners.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.inner.addresses
    }

    /// Makes `actor` an actor of this node. It ends when its last local reference goes, unless it is
    /// [retained](Self::retain) or [registered](Self::register), and with the node.
    ///
    /// On a node that has ended already it lives for those who hold references to it, and nobody else finds it; where that
    /// shall be an error, [`spawn_on`](Self::spawn_on) with the node's own id gives [`SystemError::ShuttingDown`].
    pub fn spawn<A: DistributedActor<System = Self>>(&self, actor: A) -> ActorRef<A> {
        spawn(self, actor)
    }

    /// The same with other options than the node's.
    pub fn spawn_with<A: DistributedActor<System = Self>>(&self, actor: A, options: SpawnOptions<A>) -> ActorRef<A> {
        spawn_with(self, options, |_| actor)
    }

    /// Makes an actor of what `init` returns, if it does. `init` sees the context of the actor to be, whose
    /// references do not work: take one when it runs.
    ///
    /// # Errors
    /// What `init` returns; the actor's id is given back then.
    pub fn try_spawn<A: DistributedActor<System = Self>, E>(
        &self,
        init: impl FnOnce(&actor_core::Context<A>) -> Result<A, E>,
    ) -> Result<ActorRef<A>, E> {
        try_spawn_with(self, SpawnOptions::new(), init)
    }

    /// Keeps a local actor alive until it is stopped, [released](Self::release), or the node ends.
    ///
    /// # Errors
    /// [`SystemError::UnknownActor`] if the actor does not live here or has ended.
    pub fn retain<A: Callable<System = Self> + ?Sized>(&self, actor: &ActorRef<A>) -> Result<(), SystemError> {
        self.inner.kept.retain(actor.id().instance(), self.own(actor.id())?);
        self.unless_ended(actor.id())
    }

    /// Takes [`retain`](Self::retain) back. An actor that another node has started here is no longer kept, either.
    pub fn release<A: Callable<System = Self> + ?Sized>(&self, actor: &ActorRef<A>) {
        self.inner.kept.release(actor.id().instance());
        self.inner.spawned.forget(actor.id().instance());
    }

    /// Gives a local actor a name under which other nodes find it, and keeps it alive until it is stopped,
    /// [unregistered](Self::unregister), or the node ends.
    ///
    /// # Errors
    /// [`SystemError::NameTaken`] if another actor has the name; [`SystemError::UnknownActor`] if the actor does not
    /// live here or has ended.
    pub fn register<A: Callable<System = Self> + ?Sized>(
        &self,
        name: impl Into<String>,
        actor: &ActorRef<A>,
    ) -> Result<(), SystemError> {
        self.inner.kept.register(name.into(), *actor.id(), self.own(actor.id())?)?;
        self.unless_ended(actor.id())
    }

    fn own(&self, id: &ActorId) -> Result<AnyLocal<Self>, SystemError> {
        if id.node() != self.inner.id {
            let actor = format!("{id} of this node: it lives on node {}", id.node());
            return Err(SystemError::UnknownActor { actor: actor.into() });
        }
        self.inner.local(id)
    }

    /// An actor that has ended while it was entered was not there yet to be forgotten.
    fn unless_ended(&self, id: &ActorId) -> Result<(), SystemError> {
        let ended = self.inner.local(id).map(drop);
        if ended.is_err() {
            self.inner.kept.forget(id.instance());
        }
        ended
    }

    /// Takes a name back. False if nobody had it.
    pub fn unregister(&self, name: &str) -> bool {
        self.inner.kept.unregister(name)
    }

    /// The actor that is registered under `name` on the node at `address`.
    ///
    /// The time for it is the node's default for a call, 10 s.
    ///
    /// # Errors
    /// [`SystemError::BadAddress`], [`SystemError::Connect`] if nobody answers there,
    /// [`SystemError::UnknownName`], [`SystemError::WrongType`] if the actor lives on this node and is not an `A`. An
    /// actor of another type elsewhere shows on the first call, but for one that differs in a type parameter alone: that is
    /// not told apart on the wire.
    pub async fn lookup<A: Callable<System = Self> + ?Sized + 'static>(
        &self,
        address: impl IntoAddress,
        name: &str,
    ) -> Result<ActorRef<A>, SystemError> {
        let id = self.inner.lookup(&address.into_address()?, name).await?;
        self.resolve(&id)
    }

    /// The actor of that id: local, or a proxy. Never blocks.
    ///
    /// # Errors
    /// [`SystemError::UnknownNode`] if nothing is known of its node; [`SystemError::UnknownActor`] and
    /// [`SystemError::WrongType`] if it would live here. What is wrong elsewhere shows on the first call.
    pub fn resolve<A: Callable<System = Self> + ?Sized + 'static>(
        &self,
        id: &ActorId,
    ) -> Result<ActorRef<A>, SystemError> {
        ActorRef::resolve(self, *id)
    }

    /// Connects to the node at `address`, unless there is a connection to it already.
    ///
    /// # Errors
    /// [`SystemError::BadAddress`]; [`SystemError::Connect`] if nobody answers there.
    pub async fn connect(&self, address: impl IntoAddress) -> Result<NodeId, SystemError> {
        let link = self.inner.link_at(&address.into_address()?).await?;
        link.failure().map_or(Ok(link.peer()), Err)
    }

    /// Tells this node where another one can be reached. Nothing is sent.
    pub fn introduce(&self, node: NodeId, addresses: &[Address]) {
        self.inner.peers.learn(node, addresses.iter().cloned());
    }

    /// The cluster that this node belongs to: see [`NodeBuilder::join`].
    #[must_use]
    pub fn cluster(&self) -> Cluster {
        Cluster::new(self.inner.clone())
    }

    /// The nodes that this one has heard of.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerInfo> {
        self.inner.peers.list()
    }

    /// How many actors live here.
    #[must_use]
    pub fn actor_count(&self) -> usize {
        self.inner.actors.len()
    }

    /// Ends when no actor lives here any more.
    pub async fn all_actors_ended(&self) {
        self.inner.actors.all_ended().await;
    }

    /// One-way calls that came to nothing so far.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.inner.dead_letter_count()
    }

    /// Ends the node at once, as if the last handle had gone: peers are told, calls under way are lost.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Ends the node in order: it leaves its cluster, it listens no more, new calls from other nodes get `ShuttingDown`, accepted ones finish
    /// within the drain time (10 s), then all actors are stopped and the peers told.
    ///
    /// # Cancel safety
    /// Dropped half-way, the node stays in the state it has come to; a second call goes on from there.
    pub async fn shutdown(&self) {
        self.inner.shutdown().await;
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.inner.id)
            .field("name", &self.inner.name)
            .field("addresses", &self.inner.addresses)
            .finish_non_exhaustive()
    }
}
