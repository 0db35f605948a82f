//! The actors that this node was asked to start by others, and keeps for them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use actor_core::{ActorId, AnyLocal, NodeId, Orphan, SystemError};

use super::{Node, inner::Inner, lock::lock};

#[derive(Default)]
pub(super) struct Spawned {
    state: Mutex<State>,
    /// How many actors there are: the end of any other actor shall not take the lock.
    count: AtomicUsize,
}

#[derive(Default)]
struct State {
    /// By the node that had them started.
    peers: BTreeMap<NodeId, Peer>,
    /// Who had an actor started, by its instance number.
    peer_of: HashMap<u64, NodeId>,
    /// All places that are taken.
    places: usize,
    closed: bool,
}

#[derive(Default)]
struct Peer {
    /// Actors that are there, and those that are being made.
    places: usize,
    actors: BTreeMap<u64, Kept>,
}

struct Kept {
    actor: AnyLocal<Node>,
    /// What becomes of it without its owner; none if it is owned by nobody.
    orphan: Option<Orphan>,
}

impl Spawned {
    /// Takes a place for an actor that `peer` wants to have started.
    pub(super) fn admit(&self, inner: &Arc<Inner>, peer: NodeId) -> Result<Place, SystemError> {
        let limits = &inner.limits;
        let full = |what: String| Err(SystemError::Overloaded { what: what.into() });
        let mut state = lock(&self.state);
        if state.closed {
            return Err(SystemError::ShuttingDown);
        }
        if state.places >= limits.spawned_max {
            return full(format!("others have had {} actors started here, as many as may be", limits.spawned_max));
        }
        if state.peers.get(&peer).is_some_and(|peer| peer.places >= limits.spawned_per_peer_max) {
            let limit = limits.spawned_per_peer_max;
            return full(format!("node {peer} has had {limit} actors started here, as many as it may"));
        }
        state.places += 1;
        state.peers.entry(peer).or_default().places += 1;
        drop(state);
        Ok(Place { inner: inner.clone(), peer, taken: false })
    }

    /// The actor has ended, or is no longer kept.
    pub(super) fn forget(&self, instance: u64) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        // Dropped after the lock: it may be the actor's last reference.
        drop(self.change(|state| {
            let peer = state.peer_of.remove(&instance)?;
            let kept = state.peers.get_mut(&peer)?.actors.remove(&instance);
            state.leave(peer);
            kept.map(|kept| kept.actor)
        }));
    }

    /// The owner's node is lost, or has said that it ends.
    pub(super) fn without_owner(&self, owner: NodeId, has_ended: bool) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let goes = |kept: &Kept| match kept.orphan {
            Some(Orphan::Stop) => true,
            Some(_) => has_ended,
            None => false,
        };
        let gone: Vec<_> = {
            let state = lock(&self.state);
            let kept = state.peers.get(&owner).map(|peer| peer.actors.values()).into_iter().flatten();
            kept.filter(|kept| goes(kept)).map(|kept| kept.actor.clone()).collect()
        };
        // They are forgotten when they have ended.
        for actor in gone {
            actor.stop();
        }
    }

    /// The node ends.
    pub(super) fn close(&self) {
        drop(self.change(|state| {
            state.closed = true;
            state.peer_of.clear();
            for peer in state.peers.values_mut() {
                peer.places -= peer.actors.len();
            }
            let gone: Vec<_> = state.peers.values_mut().map(|peer| std::mem::take(&mut peer.actors)).collect();
            state.peers.retain(|_, peer| peer.places > 0);
            state.places = state.peers.values().map(|peer| peer.places).sum();
            gone
        }));
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        self.count.store(state.peer_of.len(), Ordering::Release);
        result
    }
}

impl State {
    /// Gives a place back.
    fn leave(&mut self, peer: NodeId) {
        if let Some(known) = self.peers.get_mut(&peer) {
            self.places -= 1;
            known.places -= 1;
            if known.places == 0 {
                self.peers.remove(&peer);
            }
        }
    }
}

/// A place for one actor; dropped, it is free again.
pub(super) struct Place {
    inner: Arc<Inner>,
    peer: NodeId,
    taken: bool,
}

impl Place {
    /// Keeps the actor alive. False if it has ended already, or the node has.
    pub(super) fn keep(mut self, id: &ActorId, actor: AnyLocal<Node>, orphan: Option<Orphan>) -> bool {
        let instance = id.instance();
        self.taken = self.inner.spawned.change(|state| {
            let Some(peer) = state.peers.get_mut(&self.peer).filter(|_| !state.closed) else { return false };
            peer.actors.insert(instance, Kept { actor, orphan });
            state.peer_of.insert(instance, self.peer);
            true
        });
        // An actor that has ended while it was entered was not there yet to be forgotten.
        if self.taken && self.inner.local(id).is_err() {
            self.inner.spawned.forget(instance);
            return false;
        }
        self.taken
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.taken {
            self.inner.spawned.change(|state| state.leave(self.peer));
        }
    }
}
