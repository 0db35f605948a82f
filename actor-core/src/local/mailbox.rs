//! The mailbox of one actor: who has its state, and what waits for it.
//!
//! All of it is under one lock, which is never held while user code runs. A prototype with the state and the queue
//! under separate locks was no faster, and had to argue about the order of two atomics.

use std::{
    collections::VecDeque,
    task::{Poll, Waker},
    time::Duration,
};

use super::{
    estimate::{Estimates, Verdict},
    sync::{Mutex, MutexGuard, lock},
};

/// Holds the state `S` while nobody runs, and the jobs `J` that wait for it.
///
/// Invariant: whoever took the state gives it back with [`restore`](Self::restore) or [`next`](Self::next), or ends
/// the actor. While jobs wait, somebody has the state.
pub(crate) struct Mailbox<S, J> {
    inner: Mutex<Inner<S, J>>,
}

struct Inner<S, J> {
    presence: Presence<S>,
    /// In the order of their tickets.
    queue: VecDeque<Waiting<J>>,
    next_ticket: u64,
    /// The jobs that are accepted, at least 1; those behind wait for room, in order.
    capacity: usize,
    /// The number of the call that runs, where others can descend from it; 0 for none.
    running: u64,
    stop: Stop,
    /// Woken when the running method shall be given up.
    activity: Option<Waker>,
    estimates: Estimates,
}

enum Presence<S> {
    Idle(S),
    Busy,
    Ended,
}

struct Waiting<J> {
    ticket: u64,
    job: J,
    /// Woken when there is room for it.
    admitted: Option<Waker>,
}

/// How urgently an actor shall stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    /// Not at all.
    No,
    /// When the method that runs has ended.
    AfterCurrent,
    /// At the next await of the method that runs.
    Now,
}

/// What became of a job that was pushed.
pub(crate) enum Pushed<S, J> {
    /// The actor was idle: the pusher has its state now, and runs the job.
    Start(S, J, Verdict),
    /// It waits, under this ticket.
    Queued(u64),
    /// There is no room, and it was asked not to wait.
    Full(J),
    /// The running call is one that the job descends from.
    Deadlock(J),
    /// The actor has ended.
    Ended(J),
}

/// What an activity does next.
pub(crate) enum Next<S, J> {
    /// Run this.
    Job(S, J),
    /// Something waits, and others shall run first.
    Pause(S),
    /// Nothing; the state was taken back.
    Idle,
    /// End the actor.
    Stop(S),
}

impl<S, J> Mailbox<S, J> {
    pub(crate) fn new(state: S, capacity: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                presence: Presence::Idle(state),
                queue: VecDeque::new(),
                next_ticket: 0,
                capacity: capacity.max(1),
                running: 0,
                stop: Stop::No,
                activity: None,
                estimates: Estimates::default(),
            }),
        }
    }

    /// The state, if the actor is idle and the method at `position` has proved short.
    #[inline]
    pub(crate) fn take(&self, position: usize, limit: Duration) -> Option<(S, Verdict)> {
        let mut inner = self.lock();
        if !matches!(inner.presence, Presence::Idle(_)) {
            return None;
        }
        let verdict = inner.estimates.judge(position, limit);
        if verdict == Verdict::Schedule {
            return None;
        }
        match std::mem::replace(&mut inner.presence, Presence::Busy) {
            Presence::Idle(state) => Some((state, verdict)),
            other => {
                inner.presence = other;
                None
            }
        }
    }

    /// Whether the actor has ended.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.lock().presence, Presence::Ended)
    }

    /// Gives the state back. `Some` if something came up meanwhile: an activity has to see to it.
    #[inline]
    pub(crate) fn restore(&self, state: S) -> Option<S> {
        let mut inner = self.lock();
        if inner.queue.is_empty() && inner.stop == Stop::No {
            inner.presence = Presence::Idle(state);
            None
        } else {
            Some(state)
        }
    }

    /// Takes a measurement into account.
    pub(crate) fn record(&self, position: usize, methods: usize, elapsed: Duration) {
        self.lock().estimates.record(position, methods, elapsed);
    }

    /// Queues `job`, or hands out the state for it. `descends` says whether the job descends from the call of a
    /// number. With `wait` a job beyond the capacity waits for room.
    pub(crate) fn push(
        &self,
        job: J,
        wait: bool,
        judged: Option<(usize, Duration)>,
        descends: impl FnOnce(&J, u64) -> bool,
    ) -> Pushed<S, J> {
        let mut inner = self.lock();
        match std::mem::replace(&mut inner.presence, Presence::Busy) {
            Presence::Ended => {
                inner.presence = Presence::Ended;
                return Pushed::Ended(job);
            }
            Presence::Idle(state) => {
                let verdict =
                    judged.map_or(Verdict::Schedule, |(position, limit)| inner.estimates.judge(position, limit));
                return Pushed::Start(state, job, verdict);
            }
            Presence::Busy => {}
        }
        if inner.running != 0 && descends(&job, inner.running) {
            return Pushed::Deadlock(job);
        }
        if !wait && inner.queue.len() >= inner.capacity {
            return Pushed::Full(job);
        }
        let ticket = inner.next_ticket;
        inner.next_ticket += 1;
        inner.queue.push_back(Waiting { ticket, job, admitted: None });
        Pushed::Queued(ticket)
    }

    /// Takes the oldest waiting job out, to make room.
    pub(crate) fn displace(&self) -> Option<J> {
        let (job, admitted) = self.lock().pop()?;
        wake(admitted);
        Some(job)
    }

    /// Whether the job of that ticket has room; if not, `waker` is woken when it has.
    pub(crate) fn poll_admitted(&self, ticket: u64, waker: &Waker) -> Poll<()> {
        // Dropped after the lock.
        let _replaced;
        let mut inner = self.lock();
        match inner.index(ticket) {
            Some(index) if index >= inner.capacity => {
                _replaced = inner.queue.get_mut(index).and_then(|waiting| waiting.admitted.replace(waker.clone()));
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// Takes a job back that is still waiting for room or for its turn. It leaves no trace: those behind move up.
    pub(crate) fn withdraw(&self, ticket: u64) -> Option<J> {
        let (job, admitted) = {
            let mut inner = self.lock();
            let index = inner.index(ticket)?;
            let waiting = inner.queue.remove(index)?;
            (waiting.job, if index < inner.capacity { inner.admit() } else { None })
        };
        wake(admitted);
        Some(job)
    }

    /// The state given back, and what to do next. With `pause` others shall run before the next job does.
    pub(crate) fn next(&self, state: S, pause: bool) -> Next<S, J> {
        let mut inner = self.lock();
        inner.running = 0;
        inner.activity = None;
        if inner.stop != Stop::No {
            return if pause { Next::Pause(state) } else { Next::Stop(state) };
        }
        if pause && !inner.queue.is_empty() {
            return Next::Pause(state);
        }
        match inner.pop() {
            Some((job, admitted)) => {
                drop(inner);
                wake(admitted);
                Next::Job(state, job)
            }
            None => {
                inner.presence = Presence::Idle(state);
                Next::Idle
            }
        }
    }

    /// The call that runs now, from which others can descend.
    pub(crate) fn set_running(&self, call: u64) {
        self.lock().running = call;
    }

    /// Asks the actor to stop. Returns its state if it is idle: the caller then ends it.
    pub(crate) fn stop(&self, stop: Stop) -> Option<S> {
        let (state, activity) = {
            let mut inner = self.lock();
            inner.stop = inner.stop.max(stop);
            match std::mem::replace(&mut inner.presence, Presence::Busy) {
                Presence::Idle(state) => (Some(state), None),
                other => {
                    inner.presence = other;
                    (None, if stop == Stop::Now { inner.activity.take() } else { None })
                }
            }
        };
        if let Some(activity) = activity {
            activity.wake();
        }
        state
    }

    /// Whether the running method shall be given up; if not, `waker` is woken when it shall.
    pub(crate) fn poll_stop_now(&self, waker: &Waker) -> bool {
        let mut inner = self.lock();
        if inner.stop == Stop::Now {
            return true;
        }
        match &mut inner.activity {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        false
    }

    /// The actor has ended; returns what was waiting.
    pub(crate) fn end(&self) -> Vec<J> {
        let waiting = {
            let mut inner = self.lock();
            inner.presence = Presence::Ended;
            inner.running = 0;
            std::mem::take(&mut inner.queue)
        };
        let take = |waiting: Waiting<J>| {
            wake(waiting.admitted);
            waiting.job
        };
        waiting.into_iter().map(take).collect()
    }

    /// The state, when the mailbox itself goes: nobody else can have it then.
    pub(crate) fn take_idle_state(&mut self) -> Option<S> {
        match std::mem::replace(&mut self.lock().presence, Presence::Ended) {
            Presence::Idle(state) => Some(state),
            _ => None,
        }
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Inner<S, J>> {
        lock(&self.inner)
    }
}

impl<S, J> Inner<S, J> {
    /// The place in the queue of a ticket that still waits.
    fn index(&self, ticket: u64) -> Option<usize> {
        self.queue.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok()
    }

    /// The next job, and who has room because it left.
    fn pop(&mut self) -> Option<(J, Option<Waker>)> {
        let waiting = self.queue.pop_front()?;
        Some((waiting.job, self.admit()))
    }

    /// One of the accepted jobs has left: who waits for the room?
    fn admit(&mut self) -> Option<Waker> {
        self.queue.get_mut(self.capacity - 1)?.admitted.take()
    }
}

/// Called without the lock: a waker may be anybody's code.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn mailbox(capacity: usize) -> Mailbox<&'static str, u32> {
        Mailbox::new("state", capacity)
    }

    fn push(mailbox: &Mailbox<&'static str, u32>, job: u32) -> Pushed<&'static str, u32> {
        mailbox.push(job, true, None, |_, _| false)
    }

    #[test]
    fn an_idle_actor_hands_its_state_to_the_first_and_queues_the_rest_in_order() {
        let mailbox = mailbox(8);
        assert!(matches!(push(&mailbox, 1), Pushed::Start("state", 1, Verdict::Schedule)));
        assert!(matches!(push(&mailbox, 2), Pushed::Queued(0)));
        assert!(matches!(push(&mailbox, 3), Pushed::Queued(1)));
        assert!(matches!(mailbox.next("state", false), Next::Job("state", 2)));
        assert!(matches!(mailbox.next("state", false), Next::Job("state", 3)));
        assert!(matches!(mailbox.next("state", false), Next::Idle));
    }

    /// R67
    #[test]
    fn what_is_beyond_the_capacity_waits_for_room_in_order() {
        let mailbox = mailbox(1);
        let waker = Waker::noop();
        let Pushed::Start(state, ..) = push(&mailbox, 0) else { panic!() };
        assert!(matches!(push(&mailbox, 1), Pushed::Queued(0)));
        assert!(matches!(push(&mailbox, 2), Pushed::Queued(1)));
        assert!(mailbox.poll_admitted(0, waker).is_ready());
        assert!(mailbox.poll_admitted(1, waker).is_pending());
        assert!(matches!(mailbox.push(3, false, None, |_, _| false), Pushed::Full(3)));
        assert!(matches!(mailbox.next(state, false), Next::Job(_, 1)));
        assert!(mailbox.poll_admitted(1, waker).is_ready());
    }

    #[test]
    fn a_withdrawn_job_does_not_run() {
        let mailbox = mailbox(8);
        let Pushed::Start(state, ..) = push(&mailbox, 0) else { panic!() };
        let Pushed::Queued(ticket) = push(&mailbox, 1) else { panic!() };
        assert_eq!(mailbox.withdraw(ticket), Some(1));
        assert_eq!(mailbox.withdraw(ticket), None);
        assert!(matches!(mailbox.next(state, false), Next::Idle));
    }

    #[test]
    fn after_the_end_nothing_is_taken_and_what_waited_is_returned() {
        let mailbox = mailbox(8);
        let Pushed::Start(..) = push(&mailbox, 0) else { panic!() };
        push(&mailbox, 1);
        assert_eq!(mailbox.end(), [1]);
        assert!(matches!(push(&mailbox, 2), Pushed::Ended(2)));
    }
}
