//! What the registry's handles and the membership's task share.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use actor_core::{ActorId, BoxFuture, NodeId};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{directory::Directory, packet::Packet};

/// How long after an actor was placed by load the loads are asked for.
const LOADS_WANTED: Duration = Duration::from_secs(30);

/// The directory, and who waits for its changes.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// There are own changes to send.
    to_send: Notify,
    /// Counts changes of any kind.
    changes: watch::Sender<u64>,
}

pub(crate) struct State {
    pub(crate) directory: Directory,
    /// Actors of this node whose end is waited for.
    pub(crate) watched: BTreeSet<u64>,
    /// What has to run until they have.
    pub(crate) to_watch: Vec<BoxFuture<'static, ()>>,
    /// Actors that this node has placed since the load of their node was told, by how often that was.
    pub(crate) placed: BTreeMap<NodeId, (u64, u64)>,
    /// Until when the loads of all members are asked for.
    pub(crate) loads_wanted_until: Option<Instant>,
    /// The cluster was left, or the node has ended.
    pub(crate) has_ended: bool,
}

/// A packet, and for whom.
pub(crate) enum Outgoing {
    ToAll(Packet),
    To(NodeId, Packet),
}

impl Shared {
    pub(crate) fn new(own: NodeId) -> Self {
        let state = State {
            directory: Directory::new(own),
            watched: BTreeSet::new(),
            to_watch: Vec::new(),
            placed: BTreeMap::new(),
            loads_wanted_until: None,
            has_ended: false,
        };
        Self { state: Mutex::new(state), to_send: Notify::new(), changes: watch::Sender::new(0) }
    }

    /// Reads.
    pub(crate) fn with<R>(&self, read: impl FnOnce(&mut State) -> R) -> R {
        read(&mut self.lock())
    }

    /// Changes this node's entries, and has the change sent.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.lock());
        self.to_send.notify_one();
        self.changed();
        result
    }

    /// Whoever has one is told when anything has changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// An actor of this node has ended.
    pub(crate) fn actor_ended(&self, actor: ActorId) {
        self.change(|state| {
            state.watched.remove(&actor.instance());
            state.directory.remove(actor.instance(), usize::MAX, |_| true);
        });
    }

    /// Waits until there is something to send.
    pub(crate) async fn to_send(&self) {
        self.to_send.notified().await;
    }

    pub(crate) fn take_changes(&self) -> Vec<Outgoing> {
        self.lock().directory.take_changes().into_iter().map(Outgoing::ToAll).collect()
    }

    pub(crate) fn take_to_watch(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut self.lock().to_watch)
    }

    pub(crate) fn summary(&self, load: u64) -> Packet {
        self.lock().directory.summary(load)
    }

    /// Somebody places actors by load: for a while all are asked for theirs.
    pub(crate) fn want_loads(&self) {
        let until = Instant::now() + LOADS_WANTED;
        if self.lock().loads_wanted_until.replace(until).is_none() {
            self.to_send.notify_one();
        }
    }

    /// Whether the loads of all are to be asked for.
    pub(crate) fn wants_loads(&self) -> bool {
        let until = &mut self.lock().loads_wanted_until;
        if until.is_some_and(|until| until < Instant::now()) {
            *until = None;
        }
        until.is_some()
    }

    pub(crate) fn receive(
        &self,
        from: NodeId,
        packet: Packet,
        now_and_load: (std::time::Instant, u64),
        is_member: impl Fn(NodeId) -> bool,
    ) -> Vec<Outgoing> {
        let is_news = matches!(packet, Packet::Changes { .. } | Packet::Since(..));
        let (mut outgoing, has_yielded) = {
            let mut state = self.lock();
            let answers = state.directory.receive(from, packet, now_and_load, is_member);
            let outgoing: Vec<_> = answers.into_iter().map(|answer| Outgoing::To(from, answer)).collect();
            (outgoing, state.directory.take_has_yielded())
        };
        if has_yielded {
            outgoing.extend(self.take_changes());
        }
        if is_news {
            self.changed();
        }
        outgoing
    }

    /// Forgets the entries of all who are not members.
    pub(crate) fn keep_members(&self, is_member: impl Fn(NodeId) -> bool) {
        let mut state = self.lock();
        let gone: Vec<_> = state.directory.nodes().into_iter().filter(|node| !is_member(*node)).collect();
        for node in &gone {
            state.directory.forget(*node);
            state.placed.remove(node);
        }
        drop(state);
        if !gone.is_empty() {
            self.changed();
        }
    }

    /// The node is no member any more.
    pub(crate) fn end(&self) {
        self.keep_members(|_| false);
        self.lock().has_ended = true;
        self.changed();
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
