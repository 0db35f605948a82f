//! What an actor's end means to others: who waits for it, and whom it is linked to.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    task::{Poll, Waker},
};

use super::{
    any::WeakAnyLocal,
    cancel::CancelToken,
    ending::{Ending, HasEnding},
};
use crate::{ActorSystem, Exit, ExitReason, LinkSignal, Terminated};

/// Made when somebody asks for the first time.
pub(super) struct Fate<S: ActorSystem> {
    pub(super) ending: Ending,
    bonds: Mutex<Bonds<S>>,
}

/// How an actor ended, as it is told and with all that is known.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) how: Terminated,
    pub(crate) reason: ExitReason,
}

pub(super) struct Bonds<S: ActorSystem> {
    /// It has ended for ever.
    over: Option<End>,
    /// How many states it has had before.
    pub(super) life: u64,
    pub(super) links: Links<S>,
}

/// Whom the present state of an actor is linked to.
pub(super) struct Links<S: ActorSystem> {
    entries: BTreeMap<S::ActorId, Entry<S>>,
    /// It is told of ends, and goes on.
    pub(super) traps: bool,
    /// Why it ends: a linked actor has.
    pub(super) asked: Option<ExitReason>,
    /// Its clients have been asked to stop before it.
    asked_clients: bool,
    /// Woken when the last of them has gone.
    drained: Option<Waker>,
}

/// What another actor is to this one.
pub(super) struct Entry<S: ActorSystem> {
    peer: Peer<S>,
    pub(super) bond: Bond,
}

/// A client's id, and the way to it if it lives here.
pub(super) type Client<S> = (<S as ActorSystem>::ActorId, Option<WeakAnyLocal<S>>);

/// Where it lives.
pub(super) enum Peer<S: ActorSystem> {
    Here(WeakAnyLocal<S>),
    /// With the token of the task that waits for its end.
    Elsewhere(CancelToken),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bond {
    /// The end of each concerns both.
    pub(crate) linked: bool,
    /// The other one is stopped before this one is.
    pub(crate) client: bool,
    /// The other way round.
    pub(crate) server: bool,
}

/// What became of a bond that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// It was there.
    Known,
    /// There was another one with the same actor.
    More,
    First,
    /// There are as many as may be.
    Full,
}

impl<S: ActorSystem> Fate<S> {
    pub(super) fn bonds(&self) -> MutexGuard<'_, Bonds<S>> {
        self.bonds.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The state has ended: its links are over. With `for_ever` it was the last one.
    pub(super) fn end(&self, for_ever: Option<&End>) -> Links<S> {
        let mut bonds = self.bonds();
        bonds.life += 1;
        if let Some(end) = for_ever {
            bonds.over.get_or_insert_with(|| end.clone());
        }
        let mut links = std::mem::take(&mut bonds.links);
        drop(bonds);
        if let Some(drained) = links.drained.take() {
            drained.wake();
        }
        links
    }

    /// Whether all clients have gone; none if that state has.
    pub(super) fn poll_drained(&self, life: u64, waker: &Waker) -> Poll<Option<()>> {
        let mut bonds = self.bonds();
        if bonds.life != life {
            return Poll::Ready(None);
        }
        if !bonds.links.entries.values().any(|entry| entry.bond.client) {
            return Poll::Ready(Some(()));
        }
        bonds.links.drained = Some(waker.clone());
        Poll::Pending
    }
}

impl<S: ActorSystem> Bonds<S> {
    /// How it has ended, if it has.
    pub(super) fn over(&self) -> Option<&End> {
        self.over.as_ref()
    }
}

impl<S: ActorSystem> Links<S> {
    pub(super) fn add(&mut self, id: S::ActorId, peer: impl FnOnce() -> Peer<S>, bond: Bond, limit: u32) -> Added {
        if let Some(known) = self.entries.get_mut(&id) {
            let before = known.bond;
            known.bond = before.and(bond);
            return if known.bond == before { Added::Known } else { Added::More };
        }
        if self.entries.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Added::Full;
        }
        self.entries.insert(id, Entry { peer: peer(), bond });
        Added::First
    }

    /// Who waits for its clients to go takes no more of them.
    pub(super) fn admissible(&self, mut bond: Bond) -> Option<Bond> {
        bond.client &= !self.asked_clients;
        (bond != Bond::default()).then_some(bond)
    }

    /// Takes a bond back, and gives the entry if nothing is left of it.
    pub(super) fn part(&mut self, id: &S::ActorId, bond: Bond) -> Option<Entry<S>> {
        let entry = self.entries.get_mut(id)?;
        entry.bond = entry.bond.without(bond);
        if entry.bond == Bond::default() { self.entries.remove(id) } else { None }
    }

    /// Where an actor lives that this one has a bond with; none for elsewhere.
    pub(super) fn peer(&self, id: &S::ActorId) -> Option<Option<WeakAnyLocal<S>>> {
        Some(match &self.entries.get(id)?.peer {
            Peer::Here(local) => Some(local.clone()),
            Peer::Elsewhere(_) => None,
        })
    }

    pub(super) fn remove(&mut self, id: &S::ActorId) -> Option<Entry<S>> {
        self.entries.remove(id)
    }

    /// Who waits for the last client to go, if it has.
    pub(super) fn drained(&mut self) -> Option<Waker> {
        if self.entries.values().any(|entry| entry.bond.client) { None } else { self.drained.take() }
    }

    /// The clients that shall stop first; those who have been asked are not asked again. None if there are none.
    pub(super) fn clients_to_ask(&mut self) -> Option<Vec<Client<S>>> {
        let clients = self.entries.iter().filter(|(_, entry)| entry.bond.client);
        let clients: Vec<_> = clients
            .map(|(id, entry)| match &entry.peer {
                Peer::Here(local) => (id.clone(), Some(local.clone())),
                Peer::Elsewhere(_) => (id.clone(), None),
            })
            .collect();
        if clients.is_empty() {
            return None;
        }
        let asked = std::mem::replace(&mut self.asked_clients, true);
        Some(if asked { Vec::new() } else { clients })
    }

    /// Tells all of them of this actor's end.
    pub(super) fn tell(self, system: &S, from: &S::ActorId, end: &End) {
        for (id, entry) in self.entries {
            match entry.peer {
                Peer::Here(peer) => {
                    if let Some(peer) = peer.upgrade() {
                        peer.0.linked_has_ended(from, end);
                    }
                }
                Peer::Elsewhere(token) => {
                    token.cancel();
                    system.remote_link(&id, from, LinkSignal::Ended(end.reason.clone()));
                }
            }
        }
    }
}

impl<S: ActorSystem> Entry<S> {
    /// It is no more; not to be called under a lock.
    pub(super) fn cancel(&self) {
        if let Peer::Elsewhere(token) = &self.peer {
            token.cancel();
        }
    }
}

impl Bond {
    pub(crate) const LINKED: Self = Self { linked: true, client: false, server: false };
    pub(crate) const TO_CLIENT: Self = Self { linked: false, client: true, server: false };
    pub(crate) const TO_SERVER: Self = Self { linked: false, client: false, server: true };

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            linked: self.linked || other.linked,
            client: self.client || other.client,
            server: self.server || other.server,
        }
    }

    fn without(self, other: Self) -> Self {
        Self {
            linked: self.linked && !other.linked,
            client: self.client && !other.client,
            server: self.server && !other.server,
        }
    }

    /// The same bond, seen from the other side.
    pub(super) fn reversed(self) -> Self {
        Self { linked: self.linked, client: self.server, server: self.client }
    }
}

impl End {
    pub(crate) fn of(how: Terminated, reason: Option<ExitReason>) -> Self {
        let reason = reason.unwrap_or_else(|| ExitReason::from(&how));
        Self { how, reason }
    }
}

impl From<ExitReason> for End {
    fn from(reason: ExitReason) -> Self {
        let how = match reason.exit() {
            Exit::Stopped | Exit::Shutdown => Terminated::Stopped,
            Exit::Panicked => Terminated::Panicked,
            Exit::NoSuchActor => Terminated::NoSuchActor,
            _ => Terminated::Failed(Box::new(reason.clone())),
        };
        Self { how, reason }
    }
}

impl<S: ActorSystem> HasEnding for Fate<S> {
    fn ending(&self) -> &Ending {
        &self.ending
    }
}

impl<S: ActorSystem> Default for Fate<S> {
    fn default() -> Self {
        Self { ending: Ending::default(), bonds: Mutex::new(Bonds { over: None, life: 0, links: Links::default() }) }
    }
}

impl<S: ActorSystem> Default for Links<S> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), traps: false, asked: None, asked_clients: false, drained: None }
    }
}
