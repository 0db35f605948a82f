//! The mailbox of one actor: who has its state, and what waits for it.
//!
//! All of it is under one lock, which is never held while user code runs. A prototype with the state and the queue
//! under separate locks was no faster, and had to argue about the order of two atomics.

use std::{
    collections::{BTreeSet, VecDeque},
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
    /// What interleaves, while something does; boxed, since few actors do that and not for long.
    sharing: Option<Box<Sharing<J>>>,
    stop: Stop,
    /// Woken when what runs shall be given up, or when more can interleave with it.
    activity: Option<Waker>,
    estimates: Estimates,
}

enum Presence<S> {
    Idle(S),
    Busy,
    Ended,
}

/// What jobs look like to the mailbox.
pub(crate) trait Queued {
    /// Whether it may interleave with others of its kind.
    fn is_shared(&self) -> bool;
}

/// Jobs that interleave.
struct Sharing<J> {
    /// The numbers of the calls that are pending, where others can descend from them.
    calls: BTreeSet<u64>,
    /// What descends from those, and so cannot wait for them. As many as their callers wait for, no more: one-way
    /// calls descend from nothing.
    nested: VecDeque<Waiting<J>>,
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
    /// It descends from a call that runs, and so cannot wait for it.
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

/// What is done beside the jobs that interleave.
pub(crate) enum NextShared<J> {
    /// Run this, too.
    Job(J),
    /// Nothing for now.
    None,
    /// Give all of them up.
    StopNow,
}

impl<S, J: Queued> Mailbox<S, J> {
    pub(crate) fn new(state: S, capacity: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                presence: Presence::Idle(state),
                queue: VecDeque::new(),
                next_ticket: 0,
                capacity: capacity.max(1),
                running: 0,
                sharing: None,
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

    /// Queues `job`, or hands out the state for it. `descends` says whether the job descends from a call that runs.
    /// With `wait` a job beyond the capacity waits for room.
    pub(crate) fn push(
        &self,
        job: J,
        wait: bool,
        judged: Option<(usize, Duration)>,
        descends: impl FnOnce(&J, &dyn Fn(u64) -> bool) -> bool,
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
        let is_shared = job.is_shared();
        if let Some(sharing) = &inner.sharing {
            if descends(&job, &|call| sharing.calls.contains(&call)) {
                if !is_shared {
                    return Pushed::Deadlock(job);
                }
                let waiting = inner.waiting(job);
                let ticket = waiting.ticket;
                if let Some(sharing) = &mut inner.sharing {
                    sharing.nested.push_back(waiting);
                }
                let activity = inner.activity.take();
                drop(inner);
                wake(activity);
                return Pushed::Queued(ticket);
            }
        } else if inner.running != 0 && descends(&job, &|call| call == inner.running) {
            return Pushed::Deadlock(job);
        }
        if !wait && inner.queue.len() >= inner.capacity {
            return Pushed::Full(job);
        }
        let waiting = inner.waiting(job);
        let ticket = waiting.ticket;
        inner.queue.push_back(waiting);
        if is_shared && inner.queue.len() == 1 {
            let activity = inner.more_to_share();
            drop(inner);
            wake(activity);
        }
        Pushed::Queued(ticket)
    }

    /// Takes the oldest waiting job out, to make room.
    pub(crate) fn displace(&self) -> Option<J> {
        let (job, admitted, activity) = {
            let mut inner = self.lock();
            let (job, admitted) = inner.pop()?;
            (job, admitted, inner.more_to_share())
        };
        wake(admitted);
        wake(activity);
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
        let (job, admitted, activity) = {
            let mut inner = self.lock();
            match inner.index(ticket) {
                Some(index) => {
                    let waiting = inner.queue.remove(index)?;
                    let admitted = if index < inner.capacity { inner.admit() } else { None };
                    (waiting.job, admitted, if index == 0 { inner.more_to_share() } else { None })
                }
                None => {
                    let nested = &mut inner.sharing.as_mut()?.nested;
                    let index = nested.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok()?;
                    (nested.remove(index)?.job, None, None)
                }
            }
        };
        wake(admitted);
        wake(activity);
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
        let nested = inner.sharing.as_ref().is_some_and(|sharing| !sharing.nested.is_empty());
        if pause && (nested || !inner.queue.is_empty()) {
            return Next::Pause(state);
        }
        if let Some(waiting) = inner.next_nested() {
            return Next::Job(state, waiting.job);
        }
        inner.sharing = None;
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

    /// A call interleaves with others from now on: it begins to wait for something. Without a number nothing can
    /// descend from it.
    pub(crate) fn begin_shared(&self, call: Option<u64>) {
        let mut inner = self.lock();
        let sharing = inner.sharing.get_or_insert_with(Box::default);
        sharing.calls.extend(call);
    }

    /// The call of that number has ended.
    pub(crate) fn end_shared(&self, call: u64) {
        if let Some(sharing) = &mut self.lock().sharing {
            sharing.calls.remove(&call);
        }
    }

    /// What may run beside the `pending` jobs that interleave; if nothing, `waker` is woken when something may, or when
    /// all shall be given up.
    pub(crate) fn next_shared(&self, pending: usize, waker: &Waker) -> NextShared<J> {
        // Dropped after the lock.
        let _replaced;
        let mut inner = self.lock();
        if inner.stop == Stop::Now {
            return NextShared::StopNow;
        }
        if let Some(waiting) = inner.next_nested() {
            return NextShared::Job(waiting.job);
        }
        if pending < inner.capacity
            && inner.can_share_more()
            && let Some((job, admitted)) = inner.pop()
        {
            drop(inner);
            wake(admitted);
            return NextShared::Job(job);
        }
        if !inner.activity.as_ref().is_some_and(|known| known.will_wake(waker)) {
            _replaced = inner.activity.replace(waker.clone());
        }
        NextShared::None
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
            let nested = inner.sharing.take().map(|sharing| sharing.nested).unwrap_or_default();
            nested.into_iter().chain(std::mem::take(&mut inner.queue))
        };
        let take = |waiting: Waiting<J>| {
            wake(waiting.admitted);
            waiting.job
        };
        waiting.map(take).collect()
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

impl<S, J: Queued> Inner<S, J> {
    fn waiting(&mut self, job: J) -> Waiting<J> {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        Waiting { ticket, job, admitted: None }
    }

    fn next_nested(&mut self) -> Option<Waiting<J>> {
        self.sharing.as_mut()?.nested.pop_front()
    }

    /// Whether what is first in the queue may run beside what interleaves.
    fn can_share_more(&self) -> bool {
        self.stop == Stop::No && self.queue.front().is_some_and(|first| first.job.is_shared())
    }

    /// The waker of what interleaves, if what is first in the queue has become so just now and may join it.
    fn more_to_share(&mut self) -> Option<Waker> {
        if self.sharing.is_some() && self.can_share_more() { self.activity.take() } else { None }
    }

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

impl<J> Default for Sharing<J> {
    fn default() -> Self {
        Self { calls: BTreeSet::new(), nested: VecDeque::new() }
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

    impl Queued for u32 {
        fn is_shared(&self) -> bool {
            *self >= SHARED
        }
    }

    /// Jobs from this number on may interleave.
    const SHARED: u32 = 100;

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

    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicUsize);

    impl std::task::Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }

    fn waker() -> (std::sync::Arc<Woken>, Waker) {
        let woken = std::sync::Arc::new(Woken::default());
        (woken.clone(), Waker::from(woken))
    }

    impl Woken {
        fn take(&self) -> bool {
            self.0.swap(0, std::sync::atomic::Ordering::SeqCst) > 0
        }
    }

    fn next_shared(mailbox: &Mailbox<&'static str, u32>, pending: usize, waker: &Waker) -> Option<u32> {
        match mailbox.next_shared(pending, waker) {
            NextShared::Job(job) => Some(job),
            NextShared::None => None,
            NextShared::StopNow => panic!("nobody asked for it"),
        }
    }

    /// R6
    #[test]
    fn shared_jobs_join_those_that_interleave_as_long_as_no_other_is_before_them() {
        let mailbox = mailbox(3);
        let (woken, waker) = waker();
        let Pushed::Start(state, ..) = push(&mailbox, 100) else { panic!() };
        mailbox.begin_shared(Some(1));
        assert_eq!(next_shared(&mailbox, 1, &waker), None);
        push(&mailbox, 101);
        assert!(woken.take());
        assert_eq!(next_shared(&mailbox, 1, &waker), Some(101));
        // No room for a fourth.
        push(&mailbox, 102);
        assert_eq!(next_shared(&mailbox, 3, &waker), None);
        assert_eq!(next_shared(&mailbox, 2, &waker), Some(102));
        assert_eq!(next_shared(&mailbox, 2, &waker), None);
        assert!(!woken.take());
        let Pushed::Queued(exclusive) = push(&mailbox, 3) else { panic!() };
        push(&mailbox, 103);
        assert!(!woken.take());
        assert_eq!(next_shared(&mailbox, 2, &waker), None);
        assert_eq!(mailbox.withdraw(exclusive), Some(3));
        assert!(woken.take());
        assert_eq!(next_shared(&mailbox, 2, &waker), Some(103));
        push(&mailbox, 4);
        push(&mailbox, 104);
        assert_eq!(next_shared(&mailbox, 0, &waker), None);
        assert_eq!(mailbox.displace(), Some(4));
        assert!(woken.take());
        assert!(matches!(mailbox.next(state, false), Next::Job(_, 104)));
        assert!(matches!(mailbox.next(state, false), Next::Idle));
    }

    /// R6
    #[test]
    fn what_descends_from_a_pending_call_goes_ahead_and_only_that() {
        let mailbox = mailbox(1);
        let (woken, waker) = waker();
        let descends_from = |call: u64| move |_: &u32, runs: &dyn Fn(u64) -> bool| runs(call);
        let Pushed::Start(state, ..) = push(&mailbox, 100) else { panic!() };
        for call in [1, 2] {
            mailbox.begin_shared(Some(call));
        }
        push(&mailbox, 1);
        assert_eq!(next_shared(&mailbox, 1, &waker), None);
        assert!(matches!(mailbox.push(2, true, None, descends_from(2)), Pushed::Deadlock(2)));
        assert!(matches!(mailbox.push(101, true, None, descends_from(3)), Pushed::Queued(_)));
        assert!(!woken.take());
        // Full or not.
        assert!(matches!(mailbox.push(102, false, None, descends_from(2)), Pushed::Queued(_)));
        assert!(woken.take());
        let Pushed::Queued(given_up) = mailbox.push(103, false, None, descends_from(1)) else { panic!() };
        assert_eq!(next_shared(&mailbox, 5, &waker), Some(102));
        assert_eq!(mailbox.withdraw(given_up), Some(103));
        mailbox.end_shared(2);
        assert!(matches!(mailbox.push(104, false, None, descends_from(2)), Pushed::Full(104)));
        // Those that are left when all have ended come first.
        assert!(matches!(mailbox.push(105, false, None, descends_from(1)), Pushed::Queued(_)));
        mailbox.end_shared(1);
        assert!(matches!(mailbox.next(state, true), Next::Pause(_)));
        assert!(matches!(mailbox.next(state, false), Next::Job(_, 105)));
        assert!(matches!(mailbox.next(state, false), Next::Job(_, 1)));
        mailbox.set_running(9);
        assert!(matches!(mailbox.push(106, true, None, descends_from(9)), Pushed::Deadlock(106)));
        assert_eq!(mailbox.end(), [101]);
    }

    /// R6
    #[test]
    fn a_stop_lets_only_what_descends_from_a_pending_call_begin() {
        let mailbox = mailbox(8);
        let (woken, waker) = waker();
        let Pushed::Start(..) = push(&mailbox, 100) else { panic!() };
        mailbox.begin_shared(Some(1));
        assert_eq!(next_shared(&mailbox, 1, &waker), None);
        assert!(mailbox.stop(Stop::AfterCurrent).is_none());
        push(&mailbox, 101);
        assert!(!woken.take());
        mailbox.push(102, true, None, |_, runs| runs(1));
        assert!(woken.take());
        assert_eq!(next_shared(&mailbox, 1, &waker), Some(102));
        assert_eq!(next_shared(&mailbox, 1, &waker), None);
        mailbox.push(103, true, None, |_, runs| runs(1));
        assert!(mailbox.stop(Stop::Now).is_none());
        assert!(matches!(mailbox.next_shared(1, &waker), NextShared::StopNow));
        assert_eq!(mailbox.end(), [103, 101]);
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
