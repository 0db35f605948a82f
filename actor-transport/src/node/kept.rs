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
    /// None for a name that an actor will have which is being made.
    names: BTreeMap<String, Option<(ActorId, AnyLocal<Node>)>>,
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
                Some(Some((other, _))) if *other == id => Ok(()),
                Some(_) => Err(SystemError::NameTaken { name: name.into() }),
                None => {
                    state.names.insert(name, Some((id, actor)));
                    Ok(())
                }
            }
        })
    }

    /// Keeps a name for an actor that is being made.
    pub(super) fn reserve(&self, name: &str) -> Result<(), SystemError> {
        self.change(|state| {
            if state.closed {
                return Err(SystemError::ShuttingDown);
            }
            if state.names.contains_key(name) {
                return Err(SystemError::NameTaken { name: name.into() });
            }
            state.names.insert(name.into(), None);
            Ok(())
        })
    }

    /// The actor that a name was kept for.
    pub(super) fn redeem(&self, name: &str, id: ActorId, actor: AnyLocal<Node>) -> Result<(), SystemError> {
        self.change(|state| match state.names.get_mut(name) {
            Some(reserved @ None) => {
                *reserved = Some((id, actor));
                Ok(())
            }
            // The node has been closed meanwhile.
            _ => Err(SystemError::ShuttingDown),
        })
    }

    /// The actor that a name was kept for has not been made.
    pub(super) fn unreserve(&self, name: &str) {
        self.change(|state| {
            if let Some(None) = state.names.get(name) {
                state.names.remove(name);
            }
        });
    }

    pub(super) fn unregister(&self, name: &str) -> bool {
        // What is kept for an actor to come stays.
        let remove =
            |state: &mut State| if state.names.get(name)?.is_some() { state.names.remove(name)? } else { None };
        self.change(remove).is_some()
    }

    pub(super) fn named(&self, name: &str) -> Option<ActorId> {
        lock(&self.state).names.get(name)?.as_ref().map(|(id, _)| *id)
    }

    /// The actor has ended.
    pub(super) fn forget(&self, instance: u64) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        drop(self.change(|state| {
            let mut gone: Vec<_> = state.retained.remove(&instance).into_iter().collect();
            state.names.retain(|_, named| match named {
                Some((id, _)) if id.instance() == instance => {
                    gone.extend(named.take().map(|(_, actor)| actor));
                    false
                }
                _ => true,
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
