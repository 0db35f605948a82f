//! Who waits for the end of actors on the other side of a link, and whose ends the other side waits for.

use std::{collections::BTreeMap, sync::Mutex};

use actor_core::Terminated;
use tokio::{sync::oneshot, task::AbortHandle};

use super::lock::lock;

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
    /// Waits for the end of the peer's actor. `tell` tells the peer, if it has to be told; it runs under the lock, so
    /// that it does not cross the word that nobody waits any more.
    pub(super) fn add<E>(
        &self,
        instance: u64,
        tell: impl FnOnce() -> Result<(), E>,
    ) -> Result<oneshot::Receiver<Terminated>, E> {
        let (sender, receiver) = oneshot::channel();
        let mut state = lock(&self.state);
        if let Some(lost) = &state.lost {
            let _ = sender.send(lost.clone());
            return Ok(receiver);
        }
        let waiting = state.ours.entry(instance).or_default();
        waiting.retain(|waiting| !waiting.is_closed());
        if waiting.is_empty() {
            tell()?;
        }
        waiting.push(sender);
        Ok(receiver)
    }

    /// Somebody has ceased to wait for that actor. `tell` tells the peer, if nobody waits any more.
    pub(super) fn remove_closed(&self, instance: u64, tell: impl FnOnce()) {
        let mut state = lock(&self.state);
        let Some(waiting) = state.ours.get_mut(&instance) else { return };
        waiting.retain(|waiting| !waiting.is_closed());
        if waiting.is_empty() {
            state.ours.remove(&instance);
            tell();
        }
    }

    /// The peer's actor has ended.
    pub(super) fn ended(&self, instance: u64, how: &Terminated) {
        for waiting in lock(&self.state).ours.remove(&instance).unwrap_or_default() {
            let _ = waiting.send(how.clone());
        }
    }

    /// The peer waits for an actor of this node, by that task.
    pub(super) fn serve(&self, instance: u64, task: AbortHandle) {
        if let Some(old) = lock(&self.state).theirs.insert(instance, task) {
            old.abort();
        }
    }

    pub(super) fn stop_serving(&self, instance: u64) {
        if let Some(task) = lock(&self.state).theirs.remove(&instance) {
            task.abort();
        }
    }

    /// The link is lost.
    pub(super) fn lose(&self, how: &Terminated) {
        let (ours, theirs) = {
            let mut state = lock(&self.state);
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
}
