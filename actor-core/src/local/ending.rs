//! The end of an actor, and those who wait for it.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    task::{Context as TaskContext, Poll, Waker},
};

use crate::Terminated;

/// How an actor ended, once it has.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    how: Option<Terminated>,
    waiting: Vec<(u64, Waker)>,
    next_waiter: u64,
}

impl Ending {
    /// The actor has ended. Only the first call counts.
    pub(crate) fn set(&self, how: Terminated) {
        let waiting = {
            let mut state = self.lock();
            if state.how.is_some() {
                return;
            }
            state.how = Some(how);
            std::mem::take(&mut state.waiting)
        };
        for (_, waker) in waiting {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What an actor's end is part of.
pub(crate) trait HasEnding: Send + Sync {
    fn ending(&self) -> &Ending;
}

/// Waits for the end of an actor, without keeping it alive.
pub(crate) struct Ended {
    of: Arc<dyn HasEnding>,
    waiter: Option<u64>,
}

impl Ended {
    pub(crate) fn new(of: Arc<dyn HasEnding>) -> Self {
        Self { of, waiter: None }
    }

    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Terminated> {
        let mut state = self.of.ending().lock();
        if let Some(how) = &state.how {
            return Poll::Ready(how.clone());
        }
        if let Some(waiter) = self.waiter
            && let Some((_, waker)) = state.waiting.iter_mut().find(|(known, _)| *known == waiter)
        {
            waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        let waiter = state.next_waiter;
        state.next_waiter += 1;
        state.waiting.push((waiter, cx.waker().clone()));
        self.waiter = Some(waiter);
        Poll::Pending
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter {
            self.of.ending().lock().waiting.retain(|(known, _)| *known != waiter);
        }
    }
}
