//! The handle that users hold.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
};

use actor_core::{ActorId, ActorRef, Callable, SystemError, broadcast};
use actor_transport::Node;

use super::{
    directory::{ENTRIES_MAX, NAME_LENGTH_MAX},
    groups::{Key, Listing},
    least_loaded::LeastLoaded,
    names::Claim,
    packet::{Entry, Kind},
    router::Router,
    shared::Shared,
};

/// The names and groups of a cluster. Every member has a copy of all entries, so that looking up costs no message; what
/// one enters is with the others after one message, or after some seconds where that was lost. Entries go with their
/// actor, and with their node. A handle counts as one of the node's, and is cheap to clone.
#[derive(Clone)]
pub struct Registry {
    node: Node,
    shared: Arc<Shared>,
}

impl Registry {
    /// The registry of the cluster that `node` belongs to.
    ///
    /// # Errors
    /// [`SystemError::UnknownName`] if it belongs to none, or has another membership than [`Gossip`](crate::Gossip).
    pub fn of(node: &Node) -> Result<Self, SystemError> {
        let shared = node.cluster().lent::<Shared>().ok_or_else(|| SystemError::UnknownName {
            // The error's text puts it all between two ticks.
            name: "Registry` on this node: build it with `join`, and with no other membership than `Gossip".into(),
        })?;
        Ok(Self { node: node.clone(), shared })
    }

    /// Enters an actor of this node into a group. As often as it joins it has to leave.
    ///
    /// # Errors
    /// [`SystemError::UnknownActor`] for an actor of another node, or one that has ended; [`SystemError::Overloaded`]
    /// beyond 65,536 entries of this node, and for keys above 255 bytes; [`SystemError::ShuttingDown`] when the cluster
    /// was left.
    pub fn join<A: Callable<System = Node> + ?Sized>(
        &self,
        key: &Key<A>,
        actor: &ActorRef<A>,
    ) -> Result<(), SystemError> {
        self.enter(Kind::Group, key.name(), actor)
    }

    /// Takes one [`join`](Self::join) back. False if there was none.
    pub fn leave<A: Callable<System = Node> + ?Sized>(&self, key: &Key<A>, actor: &ActorRef<A>) -> bool {
        let id = *actor.id();
        id.node() == self.node.id() && self.remove(1, Kind::Group, key.name(), id) > 0
    }

    /// The actors of a group, as this node knows them, by id; each as often as it has joined.
    #[must_use]
    pub fn members<A: Callable<System = Node> + ?Sized + 'static>(&self, key: &Key<A>) -> Vec<ActorRef<A>> {
        self.resolve(self.ids(key.name()))
    }

    /// Those of them that live on this node.
    #[must_use]
    pub fn local_members<A: Callable<System = Node> + ?Sized + 'static>(&self, key: &Key<A>) -> Vec<ActorRef<A>> {
        let mut ids = self.ids(key.name());
        ids.retain(|id| id.node() == self.node.id());
        self.resolve(ids)
    }

    /// The actors of a group, again each time that they have changed, beginning with those there are.
    #[must_use]
    pub fn listing<A: Callable<System = Node> + ?Sized + 'static>(&self, key: &Key<A>) -> Listing<A> {
        Listing::new(self.clone(), key.clone())
    }

    /// Chooses one of the actors of a group for each thing that there is to do: a pool of workers on all nodes.
    #[must_use]
    pub fn router<A: Callable<System = Node> + ?Sized + 'static>(&self, key: &Key<A>) -> Router<A> {
        Router::new(self.clone(), key.clone())
    }

    /// Says something to all actors of a group, to each once, all at the same time; how many it was handed to.
    ///
    /// ```
    /// # use distributed_actor::{cluster::{Key, Registry}, distributed_actor};
    /// # struct Guest;
    /// # #[distributed_actor]
    /// # impl Guest {
    /// #     #[distributed]
    /// #     fn say(&mut self, text: String) { drop(text) }
    /// # }
    /// const ROOM: Key<Guest> = Key::new("room");
    ///
    /// async fn greet(registry: &Registry) -> usize {
    ///     registry.broadcast(&ROOM, |guest| async move { guest.say("hello".into()).cast().await }).await
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// Dropped before it has ended, some may not be told.
    pub async fn broadcast<A, F, E>(&self, key: &Key<A>, say: impl FnMut(ActorRef<A>) -> F) -> usize
    where
        A: Callable<System = Node> + ?Sized + 'static,
        F: Future<Output = Result<(), E>>,
    {
        let mut ids = self.ids(key.name());
        ids.dedup();
        broadcast(self.resolve(ids), say).await
    }

    /// Claims a name of the cluster for an actor of this node, for as long as the actor lives, or until it is
    /// [released](Claim::release).
    ///
    /// Nobody decides who is first: two nodes that claim a name at once, or on both sides of a partition, both have it
    /// until they hear of each other. Then **the claim of the node with the smaller id holds**; the other one is
    /// withdrawn, and [`Claim::lost`] says so.
    ///
    /// # Errors
    /// [`SystemError::NameTaken`] if another actor has it, as far as this node knows; else as [`join`](Self::join).
    pub fn claim<A: Callable<System = Node> + ?Sized>(
        &self,
        name: impl Into<String>,
        actor: &ActorRef<A>,
    ) -> Result<Claim, SystemError> {
        let name = name.into();
        self.enter(Kind::Name, &name, actor)?;
        Ok(Claim::new(self.clone(), name, *actor.id()))
    }

    /// The actor with that name, as far as this node knows. An actor of another type elsewhere shows on the first call.
    #[must_use]
    pub fn find<A: Callable<System = Node> + ?Sized + 'static>(&self, name: &str) -> Option<ActorRef<A>> {
        let id = self.shared.with(|state| state.directory.named(name))?;
        self.node.resolve(&id).ok()
    }

    /// A placement on the node that has least to do, as far as this node knows. An actor counts one, and so does each call
    /// of another node that waits or runs there; calls among actors of one node are not counted, and neither is how busy
    /// its processors are, which tells as much of the machine's other programs.
    ///
    /// From the first `least_loaded` until 30 s after the last choice all nodes are asked for their load once a second,
    /// and what this node has placed since is counted. Until they have answered, nodes of which nothing is known take
    /// turns.
    #[must_use]
    pub fn least_loaded(&self) -> LeastLoaded {
        LeastLoaded::new(self.shared.clone())
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn ids(&self, group: &str) -> Vec<ActorId> {
        self.shared.with(|state| {
            let actors = state.directory.actors(Kind::Group, group);
            actors.flat_map(|(actor, count)| std::iter::repeat_n(actor, count)).collect()
        })
    }

    /// Those that have just ended are left out.
    pub(super) fn resolve<A: Callable<System = Node> + ?Sized + 'static>(&self, ids: Vec<ActorId>) -> Vec<ActorRef<A>> {
        ids.into_iter().filter_map(|id| self.node.resolve(&id).ok()).collect()
    }

    pub(super) fn remove(&self, most: usize, kind: Kind, key: &str, actor: ActorId) -> usize {
        self.shared.change(|state| {
            state.directory.remove(actor.instance(), most, |entry| entry.kind == kind && entry.key == key)
        })
    }

    fn enter<A: Callable<System = Node> + ?Sized>(
        &self,
        kind: Kind,
        key: &str,
        actor: &ActorRef<A>,
    ) -> Result<(), SystemError> {
        let id = *actor.id();
        // In one process it may be local, and yet another node's.
        if !actor.is_local() || id.node() != self.node.id() {
            let actor = format!("{id} of this node: it lives on node {}, where it has to be entered", id.node());
            return Err(SystemError::UnknownActor { actor: actor.into() });
        }
        if key.len() > NAME_LENGTH_MAX {
            let what = format!("a key of the registry has {} bytes, and may have {NAME_LENGTH_MAX}", key.len());
            return Err(SystemError::Overloaded { what: what.into() });
        }
        let entry = Entry { kind, key: key.into(), instance: id.instance() };
        let is_claimed = kind == Kind::Name;
        let (mut ended, shared) = (actor.terminated(), self.shared.clone());
        // Whoever ends after this was asked is entered, and taken out again by whoever waits for its end.
        let is_over = Pin::new(&mut ended).poll(&mut Context::from_waker(Waker::noop())).is_ready();
        self.shared.change(|state| {
            if state.has_ended {
                return Err(SystemError::ShuttingDown);
            }
            if is_over {
                return Err(SystemError::UnknownActor { actor: id.to_string().into() });
            }
            // A name is had once, however often it is claimed.
            match state.directory.named(key).filter(|_| is_claimed) {
                Some(holder) if holder == id => return Ok(()),
                Some(_) => return Err(SystemError::NameTaken { name: key.into() }),
                None => {}
            }
            let what = || format!("this node has {ENTRIES_MAX} entries in the registry");
            state.directory.add(entry).ok_or_else(|| SystemError::Overloaded { what: what().into() })?;
            if state.watched.insert(id.instance()) {
                // Also where it has ended meanwhile.
                state.to_watch.push(Box::pin(async move {
                    ended.await;
                    shared.actor_ended(id);
                }));
            }
            Ok(())
        })
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.node).finish()
    }
}
