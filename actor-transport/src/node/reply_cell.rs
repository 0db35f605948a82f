//! Where a short reply is left for its caller, outside the session and its lock.

use std::{
    mem,
    task::{Poll, Waker},
};

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

use crate::protocol::{Recipient, ReplyBody};

/// One caller's reply. Callers on several threads that took their replies from the session itself spent half of their
/// time at its lock.
#[derive(Debug)]
pub(crate) struct ReplyCell {
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting(Waker),
    Filled(ReplyBody),
    /// The session has something else to say.
    Ended,
    /// The caller has what it wanted, or wants nothing any more.
    Taken,
}

/// What a caller finds in its cell.
#[derive(Debug)]
pub(crate) enum Found {
    /// Its reply.
    Reply(ReplyBody),
    /// The call came to something that the session keeps: `Session::poll_reply` tells.
    Ended,
}

impl ReplyCell {
    /// An empty one, whose caller `waker` wakes.
    pub(crate) fn new(waker: Waker) -> Self {
        Self { state: Mutex::new(State::Waiting(waker)) }
    }

    /// What there is; if nothing, `waker` is woken when there is.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Found> {
        let mut state = self.lock();
        match mem::replace(&mut *state, State::Taken) {
            State::Filled(reply) => Poll::Ready(Found::Reply(reply)),
            State::Ended | State::Taken => Poll::Ready(Found::Ended),
            State::Waiting(mut known) => {
                known.clone_from(waker);
                *state = State::Waiting(known);
                Poll::Pending
            }
        }
    }

    /// The caller wants nothing any more; whether a reply was there.
    pub(crate) fn abandon(&self) -> bool {
        let state = mem::replace(&mut *self.lock(), State::Taken);
        matches!(state, State::Filled(_))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Recipient for ReplyCell {
    fn deliver(&self, reply: Option<ReplyBody>) -> Option<Waker> {
        let mut state = self.lock();
        let next = reply.map_or(State::Ended, State::Filled);
        match mem::replace(&mut *state, State::Taken) {
            State::Waiting(waker) => {
                *state = next;
                Some(waker)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    fn reply() -> Option<ReplyBody> {
        Some(ReplyBody::Value(bytes::Bytes::from_static(b"r")))
    }

    #[cfg(not(loom))]
    #[test]
    fn a_reply_is_taken_once_and_by_the_last_waker() {
        let (first, second) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        let cell = ReplyCell::new(first.clone().into());
        assert!(cell.poll(&second.clone().into()).is_pending());
        cell.deliver(reply()).unwrap().wake();
        assert!(second.0.load(Ordering::SeqCst) && !first.0.load(Ordering::SeqCst));
        assert!(matches!(cell.poll(Waker::noop()), Poll::Ready(Found::Reply(_))));
        assert!(!cell.abandon());
    }

    #[cfg(not(loom))]
    #[test]
    fn whoever_has_gone_gets_nothing_and_whoever_goes_says_what_it_leaves() {
        let cell = ReplyCell::new(Waker::noop().clone());
        assert!(!cell.abandon());
        assert!(cell.deliver(reply()).is_none());
        let cell = ReplyCell::new(Waker::noop().clone());
        assert!(cell.deliver(reply()).is_some());
        assert!(cell.abandon());
        let cell = ReplyCell::new(Waker::noop().clone());
        assert!(cell.deliver(None).is_some());
        assert!(matches!(cell.poll(Waker::noop()), Poll::Ready(Found::Ended)));
    }

    /// Either side says that the reply is gone, and only one of them.
    #[cfg(loom)]
    #[test]
    fn loom_a_reply_and_a_caller_that_goes_are_counted_once() {
        loom::model(|| {
            let woken = Arc::new(Woken::default());
            let cell = loom::sync::Arc::new(ReplyCell::new(woken.clone().into()));
            let other = cell.clone();
            let delivering = loom::thread::spawn(move || other.deliver(reply()).map(Waker::wake).is_none());
            let left = match cell.poll(Waker::noop()) {
                Poll::Ready(Found::Reply(_)) => true,
                _ => cell.abandon(),
            };
            let refused = delivering.join().unwrap();
            assert!(left != refused, "one of them has to say so");
        });
    }
}
