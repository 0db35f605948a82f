//! The actors that a node itself keeps alive: registered under a name, or retained.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use actor_core::{ActorId, AnyLocal, SystemError};

use super::{Node, lock::lock};

#[derive(Default)]
pub(super) struct Kept {
    state: Mutex<State>,
    /// Entries of both maps: most actors are in neither, and their end shall not take the lock.
    count: AtomicUsize,
}

#[derive(Default)]
struct State {
    names: BTreeMap<String, (ActorId, AnyLocal<Node>)>,
    retained: BTreeMap<u64, AnyLocal<Node>>,
    closed: bool,
}

impl Kept {
    pub(super) fn retain(&self, instance: u64, actor: AnyLocal<Node>) {
        self.change(|state| {
            if !state.closed {
                state.retained.insert(instance, actor);
            }
        });
    }

    pub(super) fn release(&self, instance: u64) {
        // Dropped after the lock: it may be the actor's last reference.
        drop(self.change(|state| state.retained.remove(&instance)));
    }

    pub(super) fn register(&self, name: String, id: ActorId, actor: AnyLocal<Node>) -> Result<(), SystemError> {
        self.change(|state| {
            if state.closed {
                return Err(SystemError::ShuttingDown);
            }
            match state.names.get(&name) {
                Some((other, _)) if *other != id => Err(SystemError::NameTaken { name: name.into() }),
                _ => {
                    state.names.insert(name, (id, actor));
                    Ok(())
                }
            }
        })
    }

    pub(super) fn unregister(&self, name: &str) -> bool {
        self.change(|state| state.names.remove(name)).is_some()
    }

    pub(super) fn named(&self, name: &str) -> Option<ActorId> {
        lock(&self.state).names.get(name).map(|(id, _)| *id)
    }

    /// The actor has ended.
    pub(super) fn forget(&self, instance: u64) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        drop(self.change(|state| {
            let mut gone: Vec<_> = state.retained.remove(&instance).into_iter().collect();
            state.names.retain(|_, (id, actor)| {
                let keep = id.instance() != instance;
                if !keep {
                    gone.push(actor.clone());
                }
                keep
            });
            gone
        }));
    }

    /// The node ends.
    pub(super) fn close(&self) {
        drop(self.change(|state| {
            state.closed = true;
            (std::mem::take(&mut state.names), std::mem::take(&mut state.retained))
        }));
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        self.count.store(state.names.len() + state.retained.len(), Ordering::Release);
        result
    }
}
