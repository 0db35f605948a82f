//! Who waits for the end of actors on the other side of a link, and whose ends the other side waits for.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use actor_core::Terminated;
use tokio::{sync::oneshot, task::AbortHandle};

#[derive(Default)]
pub(super) struct Watches {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Waiting here, by the peer's instance number.
    ours: BTreeMap<u64, Vec<oneshot::Sender<Terminated>>>,
    /// Tasks that wait for actors of this node on the peer's behalf.
    theirs: BTreeMap<u64, AbortHandle>,
    lost: Option<Terminated>,
}

impl Watches {
    /// Waits for the end of the peer's actor; true if the peer has to be told.
    pub(super) fn add(&self, instance: u64) -> (oneshot::Receiver<Terminated>, bool) {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if let Some(lost) = &state.lost {
            let _ = sender.send(lost.clone());
            return (receiver, false);
        }
        let waiting = state.ours.entry(instance).or_default();
        waiting.retain(|waiting| !waiting.is_closed());
        waiting.push(sender);
        (receiver, waiting.len() == 1)
    }

    /// Whether nobody waits for that actor any more.
    pub(super) fn remove_if_unwanted(&self, instance: u64) -> bool {
        let mut state = self.lock();
        let Some(waiting) = state.ours.get_mut(&instance) else { return false };
        waiting.retain(|waiting| !waiting.is_closed());
        let unwanted = waiting.is_empty();
        if unwanted {
            state.ours.remove(&instance);
        }
        unwanted
    }

    /// The peer's actor has ended.
    pub(super) fn ended(&self, instance: u64, how: &Terminated) {
        for waiting in self.lock().ours.remove(&instance).unwrap_or_default() {
            let _ = waiting.send(how.clone());
        }
    }

    /// The peer waits for an actor of this node, by that task.
    pub(super) fn serve(&self, instance: u64, task: AbortHandle) {
        if let Some(old) = self.lock().theirs.insert(instance, task) {
            old.abort();
        }
    }

    pub(super) fn stop_serving(&self, instance: u64) {
        if let Some(task) = self.lock().theirs.remove(&instance) {
            task.abort();
        }
    }

    /// The link is lost.
    pub(super) fn lose(&self, how: &Terminated) {
        let (ours, theirs) = {
            let mut state = self.lock();
            state.lost = Some(how.clone());
            (std::mem::take(&mut state.ours), std::mem::take(&mut state.theirs))
        };
        for waiting in ours.into_values().flatten() {
            let _ = waiting.send(how.clone());
        }
        for task in theirs.into_values() {
            task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
