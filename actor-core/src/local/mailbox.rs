//! The mailbox of one actor: who has its state, and what waits for it.
//!
//! The state lies in a slot of its own: a call of a short `fn` takes it out and puts it back, which is one exchange each,
//! and looks at one flag. Everything else is under a lock, which is never held while user code runs.
//!
//! Nothing is lost between the two. Whoever makes somebody else responsible for something (a job that waits, a stop)
//! raises the flag first and asks for the state then; whoever gives the state back puts it into the slot first and looks
//! at the flag then. If the one finds the slot empty, its exchange came before the other's, and so the other sees the flag.

use std::{
    collections::{HashSet, VecDeque},
    sync::atomic::Ordering::Relaxed,
    task::{Poll, Waker},
    time::Duration,
};

use super::{
    estimate::{Estimates, Verdict},
    sync::{AtomicBool, Mutex, MutexGuard, Ordering, Slot, lock},
};

/// The first ticket of those that are not urgent.
const FIRST_TICKET: u64 = 1 << 63;

/// How often a caller asks for a state that another caller has, and the pauses between, which double up to a limit: some
/// 10 us in all, as long as a method may take that runs on its caller's task. Two cores that call one actor then take
/// turns of several calls each. A queue costs more than the wait; the same cache line fetched for each call would, too.
/// With six attempts one call in forty queued, and all others behind it. A first wait of one pause made a sixth less
/// calls than one of eight.
#[cfg(not(loom))]
const ATTEMPTS: u32 = 20;
#[cfg(not(loom))]
const PAUSES_MAX: u32 = 16;
#[cfg(not(loom))]
const PAUSES_MIN: u32 = 8;

/// Holds the state `S` while nobody runs, and the jobs `J` that wait for it.
///
/// Invariant: whoever took the state gives it back with [`restore`](Self::restore) or [`next`](Self::next), or ends
/// the actor. While jobs wait, somebody has the state.
pub(crate) struct Mailbox<S, J> {
    state: Slot<S>,
    /// Whether jobs wait, or the actor shall stop, or has ended. Written under the lock.
    attention: AtomicBool,
    /// Whether the state is with an activity that keeps it for long, as far as is known. A hint.
    busy: std::sync::atomic::AtomicBool,
    /// The jobs that are accepted, at least 1; those behind wait for room, in order.
    capacity: u32,
    inner: Mutex<Inner<J>>,
    estimates: Estimates,
}

struct Inner<J> {
    stop: Stop,
    ended: bool,
    /// The number of the call that runs, where others can descend from it; 0 for none.
    running: u64,
    /// Made when something waits for the first time.
    line: Option<Box<Line<J>>>,
}

struct Line<J> {
    /// In the order of their tickets: urgent ones have lower ones.
    queue: VecDeque<Waiting<J>>,
    next_ticket: u64,
    next_urgent: u64,
    /// What interleaves, while something does.
    sharing: Option<Sharing<J>>,
    /// Woken when what runs shall be given up, or when more can interleave with it.
    activity: Option<Waker>,
}

/// What jobs look like to the mailbox.
pub(crate) trait Queued {
    /// Whether it may interleave with others of its kind.
    fn is_shared(&self) -> bool;
    /// Whether it goes ahead of those that are not.
    fn is_urgent(&self) -> bool;
}

/// Jobs that interleave.
struct Sharing<J> {
    /// The numbers of the calls that are pending, where others can descend from them.
    calls: HashSet<u64>,
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
    pub(crate) fn new(state: S, capacity: u32) -> Self {
        Self {
            state: Slot::new(state),
            attention: AtomicBool::new(false),
            busy: std::sync::atomic::AtomicBool::new(false),
            capacity: capacity.max(1),
            inner: Mutex::new(Inner { stop: Stop::No, ended: false, running: 0, line: None }),
            estimates: Estimates::default(),
        }
    }

    /// The state, if the actor is idle, or will be in a moment, and the method at `position` has proved short.
    #[inline]
    pub(crate) fn take(&self, position: usize, limit: Duration) -> Option<(S, Verdict)> {
        let verdict = self.estimates.judge(position, limit);
        if verdict == Verdict::Schedule {
            return None;
        }
        let state = match self.take_unless_needed() {
            Some(state) => state,
            None => self.take_in_turn()?,
        };
        Some((state, verdict))
    }

    /// The state, if the actor is idle and nothing waits for it.
    #[inline]
    pub(crate) fn take_unless_needed(&self) -> Option<S> {
        if self.attention.load(Ordering::Acquire) { None } else { self.state.take() }
    }

    /// Waits a moment for another caller that runs a short method.
    #[cfg(not(loom))]
    #[cold]
    fn take_in_turn(&self) -> Option<S> {
        let mut pauses = PAUSES_MIN;
        for _ in 0..ATTEMPTS {
            if self.busy.load(Ordering::Relaxed) {
                return None;
            }
            (0..pauses).for_each(|_| std::hint::spin_loop());
            if let Some(state) = self.take_unless_needed() {
                return Some(state);
            }
            pauses = PAUSES_MAX.min(2 * pauses);
        }
        None
    }

    #[cfg(loom)]
    fn take_in_turn(&self) -> Option<S> {
        None
    }

    /// Whether the actor has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.attention.load(Ordering::Acquire) && self.lock().ended
    }

    /// Gives the state back. `Some` if something came up meanwhile: an activity has to see to it.
    #[inline]
    pub(crate) fn restore(&self, state: S) -> Option<S> {
        self.state.put(state);
        if !self.attention.load(Ordering::Acquire) {
            return None;
        }
        let state = self.state.take()?;
        self.busy.store(true, Relaxed);
        Some(state)
    }

    /// Whether the method at `position` has proved short.
    pub(crate) fn is_short(&self, position: usize, limit: Duration) -> bool {
        self.estimates.is_short(position, limit)
    }

    /// An activity begins with something, or others run before it goes on: is it worth while to wait for that?
    pub(crate) fn begins(&self, is_short: bool) {
        self.busy.store(!is_short, Relaxed);
    }

    /// Takes a measurement into account.
    pub(crate) fn record(&self, position: usize, methods: usize, elapsed: Duration) {
        self.estimates.record(position, methods, elapsed);
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
        if inner.ended {
            return Pushed::Ended(job);
        }
        if !inner.needs_attention() {
            self.attention.store(true, Ordering::Release);
            if let Some(state) = self.state.take() {
                self.attention.store(false, Ordering::Release);
                self.busy.store(true, Relaxed);
                let judge = |(position, limit)| self.estimates.judge(position, limit);
                return Pushed::Start(state, job, judged.map_or(Verdict::Schedule, judge));
            }
        }
        let (pushed, activity) = inner.push(job, wait, self.room(), descends);
        self.update(&inner);
        drop(inner);
        wake(activity);
        pushed
    }

    /// Takes the oldest waiting job out, to make room.
    pub(crate) fn displace(&self) -> Option<J> {
        let (job, admitted, activity) = {
            let mut inner = self.lock();
            let (job, admitted) = inner.pop(self.room())?;
            self.update(&inner);
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
        let Some(line) = &mut inner.line else { return Poll::Ready(()) };
        match line.index(ticket) {
            Some(index) if index >= self.room() => {
                _replaced = line.queue.get_mut(index).and_then(|waiting| waiting.admitted.replace(waker.clone()));
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// Takes a job back that is still waiting for room or for its turn. It leaves no trace: those behind move up.
    pub(crate) fn withdraw(&self, ticket: u64) -> Option<J> {
        let (job, admitted, activity) = {
            let mut inner = self.lock();
            let line = inner.line.as_mut()?;
            match line.index(ticket) {
                Some(index) => {
                    let waiting = line.queue.remove(index)?;
                    let admitted = if index < self.room() { line.admit(self.room()) } else { None };
                    self.update(&inner);
                    (waiting.job, admitted, if index == 0 { inner.more_to_share() } else { None })
                }
                None => {
                    let nested = &mut line.sharing.as_mut()?.nested;
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
        if let Some(line) = &mut inner.line {
            line.activity = None;
        }
        if inner.stop != Stop::No {
            return if pause { Next::Pause(state) } else { Next::Stop(state) };
        }
        if pause && inner.line.as_ref().is_some_and(|line| line.has_nested() || !line.queue.is_empty()) {
            return Next::Pause(state);
        }
        if let Some(waiting) = inner.next_nested() {
            return Next::Job(state, waiting.job);
        }
        if let Some(line) = &mut inner.line {
            line.sharing = None;
        }
        match inner.pop(self.room()) {
            Some((job, admitted)) => {
                self.update(&inner);
                drop(inner);
                wake(admitted);
                Next::Job(state, job)
            }
            None => {
                self.busy.store(false, Relaxed);
                self.state.put(state);
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
        let sharing = inner.line().sharing.get_or_insert_with(Sharing::default);
        sharing.calls.extend(call);
    }

    /// The call of that number has ended.
    pub(crate) fn end_shared(&self, call: u64) {
        if let Some(sharing) = self.lock().sharing() {
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
        if pending < self.room()
            && inner.can_share_more()
            && let Some((job, admitted)) = inner.pop(self.room())
        {
            self.update(&inner);
            drop(inner);
            wake(admitted);
            return NextShared::Job(job);
        }
        let activity = &mut inner.line().activity;
        if !activity.as_ref().is_some_and(|known| known.will_wake(waker)) {
            _replaced = activity.replace(waker.clone());
        }
        NextShared::None
    }

    /// Asks the actor to stop. Returns its state if it is idle: the caller then ends it.
    pub(crate) fn stop(&self, stop: Stop) -> Option<S> {
        let (state, activity) = {
            let mut inner = self.lock();
            inner.stop = inner.stop.max(stop);
            self.update(&inner);
            match self.state.take() {
                Some(state) => (Some(state), None),
                None if stop == Stop::Now => (None, inner.line.as_mut().and_then(|line| line.activity.take())),
                None => (None, None),
            }
        };
        wake(activity);
        state
    }

    /// Whether the running method shall be given up; if not, `waker` is woken when it shall.
    pub(crate) fn poll_stop_now(&self, waker: &Waker) -> bool {
        let mut inner = self.lock();
        if inner.stop == Stop::Now {
            return true;
        }
        match &mut inner.line().activity {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        false
    }

    /// The actor is about to be given another state: what asked the old one to stop is over.
    pub(crate) fn revive(&self) {
        let mut inner = self.lock();
        inner.stop = Stop::No;
        inner.ended = false;
        inner.running = 0;
        self.update(&inner);
    }

    /// The actor has ended; returns what was waiting.
    pub(crate) fn end(&self) -> Vec<J> {
        let line = {
            let mut inner = self.lock();
            inner.ended = true;
            inner.running = 0;
            self.update(&inner);
            inner.line.take()
        };
        let Some(line) = line else { return Vec::new() };
        let Line { queue, sharing, .. } = *line;
        let nested = sharing.map(|sharing| sharing.nested).unwrap_or_default();
        let take = |waiting: Waiting<J>| {
            wake(waiting.admitted);
            waiting.job
        };
        nested.into_iter().chain(queue).map(take).collect()
    }

    /// The state, when the mailbox itself goes: nobody else can have it then.
    pub(crate) fn take_idle_state(&mut self) -> Option<S> {
        self.state.take()
    }

    /// Raises or lowers the flag, after what it stands for has changed.
    fn update(&self, inner: &Inner<J>) {
        self.attention.store(inner.needs_attention(), Ordering::Release);
    }

    fn room(&self) -> usize {
        usize::try_from(self.capacity).unwrap_or(usize::MAX)
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Inner<J>> {
        lock(&self.inner)
    }
}

impl<J: Queued> Inner<J> {
    fn needs_attention(&self) -> bool {
        self.stop != Stop::No || self.ended || self.line.as_ref().is_some_and(|line| !line.queue.is_empty())
    }

    fn line(&mut self) -> &mut Line<J> {
        self.line.get_or_insert_with(Box::default)
    }

    fn sharing(&mut self) -> Option<&mut Sharing<J>> {
        self.line.as_mut()?.sharing.as_mut()
    }

    /// Queues `job` behind what runs. Also the waker of what interleaves, if the job may join it.
    fn push<S>(
        &mut self,
        job: J,
        wait: bool,
        room: usize,
        descends: impl FnOnce(&J, &dyn Fn(u64) -> bool) -> bool,
    ) -> (Pushed<S, J>, Option<Waker>) {
        let is_shared = job.is_shared();
        let running = self.running;
        let line = self.line();
        if let Some(sharing) = &line.sharing {
            if descends(&job, &|call| sharing.calls.contains(&call)) {
                if !is_shared {
                    return (Pushed::Deadlock(job), None);
                }
                // Ahead of the queue as it is.
                let waiting = line.waiting(job, false);
                let ticket = waiting.ticket;
                if let Some(sharing) = &mut line.sharing {
                    sharing.nested.push_back(waiting);
                }
                return (Pushed::Queued(ticket), line.activity.take());
            }
        } else if running != 0 && descends(&job, &|call| call == running) {
            return (Pushed::Deadlock(job), None);
        }
        if !wait && line.queue.len() >= room {
            return (Pushed::Full(job), None);
        }
        let is_urgent = job.is_urgent();
        let waiting = line.waiting(job, is_urgent);
        let ticket = waiting.ticket;
        let place = if is_urgent { line.urgent() } else { line.queue.len() };
        line.queue.insert(place, waiting);
        (Pushed::Queued(ticket), if is_shared && place == 0 { self.more_to_share() } else { None })
    }

    fn next_nested(&mut self) -> Option<Waiting<J>> {
        self.sharing()?.nested.pop_front()
    }

    /// Whether what is first in the queue may run beside what interleaves.
    fn can_share_more(&self) -> bool {
        let first = self.line.as_ref().and_then(|line| line.queue.front());
        self.stop == Stop::No && first.is_some_and(|first| first.job.is_shared())
    }

    /// The waker of what interleaves, if what is first in the queue has become so just now and may join it.
    fn more_to_share(&mut self) -> Option<Waker> {
        if !self.can_share_more() {
            return None;
        }
        let line = self.line.as_mut()?;
        line.sharing.as_ref()?;
        line.activity.take()
    }

    /// The next job, and who has room because it left.
    fn pop(&mut self, room: usize) -> Option<(J, Option<Waker>)> {
        let line = self.line.as_mut()?;
        let waiting = line.queue.pop_front()?;
        Some((waiting.job, line.admit(room)))
    }
}

impl<J> Line<J> {
    fn waiting(&mut self, job: J, is_urgent: bool) -> Waiting<J> {
        let next = if is_urgent { &mut self.next_urgent } else { &mut self.next_ticket };
        let ticket = *next;
        *next += 1;
        Waiting { ticket, job, admitted: None }
    }

    /// How many urgent ones wait.
    fn urgent(&self) -> usize {
        self.queue.partition_point(|waiting| waiting.ticket < FIRST_TICKET)
    }

    fn has_nested(&self) -> bool {
        self.sharing.as_ref().is_some_and(|sharing| !sharing.nested.is_empty())
    }

    /// The place in the queue of a ticket that still waits.
    fn index(&self, ticket: u64) -> Option<usize> {
        self.queue.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok()
    }

    /// One of the accepted jobs has left: who waits for the room?
    fn admit(&mut self, room: usize) -> Option<Waker> {
        self.queue.get_mut(room - 1)?.admitted.take()
    }
}

impl<J> Default for Line<J> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), next_ticket: FIRST_TICKET, next_urgent: 0, sharing: None, activity: None }
    }
}

impl<J> Default for Sharing<J> {
    fn default() -> Self {
        Self { calls: HashSet::new(), nested: VecDeque::new() }
    }
}

/// Called without the lock: a waker may be anybody's code.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
