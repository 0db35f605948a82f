//! Where the result of a queued local call is left for its caller.

use std::task::{Poll, Waker};

use super::{
    job::Answer,
    sync::{Mutex, MutexGuard, lock},
};
use crate::{CallError, SystemError};

/// The result of one queued call, and who waits for it.
pub(crate) struct ReplyCell<V, E, F> {
    state: Mutex<State<V, E, F>>,
}

enum State<V, E, F> {
    Queued(Option<Waker>),
    Running(Option<Waker>),
    Done(Result<V, CallError<E, F>>),
    Taken,
}

/// What the caller found when it gave up waiting.
pub(crate) enum Waited<V, E, F> {
    /// The call had not begun, and now never will.
    NeverBegan,
    /// It had begun, and goes on without the caller.
    Running,
    /// It had ended just now.
    Done(Result<V, CallError<E, F>>),
}

impl<V, E, F> ReplyCell<V, E, F> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State::Queued(None)) }
    }

    /// Leaves the result. Only the first one counts.
    pub(crate) fn fill(&self, result: Result<V, CallError<E, F>>) {
        let waker = {
            let mut state = self.lock();
            match &mut *state {
                State::Queued(waker) | State::Running(waker) => {
                    let waker = waker.take();
                    *state = State::Done(result);
                    waker
                }
                State::Done(_) | State::Taken => return,
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The result, once it is there.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Result<V, CallError<E, F>>> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(result) => Poll::Ready(result),
            mut waiting => {
                if let State::Queued(known) | State::Running(known) = &mut waiting {
                    match known {
                        Some(known) => known.clone_from(waker),
                        none => *none = Some(waker.clone()),
                    }
                }
                *state = waiting;
                Poll::Pending
            }
        }
    }

    /// The caller gives up.
    pub(crate) fn abandon(&self) -> Waited<V, E, F> {
        let state = std::mem::replace(&mut *self.lock(), State::Taken);
        match state {
            State::Queued(_) => Waited::NeverBegan,
            State::Done(result) => Waited::Done(result),
            State::Running(_) | State::Taken => Waited::Running,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<V, E, F>> {
        lock(&self.state)
    }
}

impl<V: Send, E: Send, F: From<SystemError> + Send> Answer for ReplyCell<V, E, F> {
    fn begin(&self) -> bool {
        let mut state = self.lock();
        match &mut *state {
            State::Queued(waker) => {
                *state = State::Running(waker.take());
                true
            }
            _ => false,
        }
    }

    fn fail(&self, error: SystemError) {
        self.fill(Err(CallError::System(error.into())));
    }
}
