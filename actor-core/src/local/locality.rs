//! Localities: actors of one never run at the same time, and where they run is chosen for all of them.
//!
//! A locality is one task, its *strand*, which polls the activities of its actors one after the other. So whoever runs on
//! the strand has all of its actors to itself, and may take the state of any that is idle: such a call needs no queue.
//! Where the strand is polled is the context in which its actors run.

use std::{
    cell::Cell,
    collections::VecDeque,
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, TryLockError},
    task::{Context as TaskContext, Poll, Waker},
    thread,
};

use tokio::{
    runtime::Handle,
    task::{AbortHandle, coop::has_budget_remaining},
};

use super::{cancel::CancelToken, futures::Futures, job::Answer, reply_cell::ReplyCell};
use crate::{ActorSystem, BoxFuture, CallError, Never, SystemError};

/// Activities that a strand polls before others of its thread run.
const POLLS_MAX: usize = 64;

/// Where actors run that never run at the same time. Clones are the same locality.
///
/// At any moment at most one method of all its actors is running; at an await another one may go on. Calls between its
/// actors run at once, without a hand-over, wherever an actor is idle. Calls from elsewhere wait for their turn in its
/// queue, unless nothing runs and the method has proved short.
///
/// Actors are bound to it by [`SpawnOptions::locality`](crate::SpawnOptions::locality). It ends when nobody holds it any
/// more: neither a handle, nor an actor.
///
#[doc = include_str!("locality.md")]
#[derive(Clone)]
pub struct Locality(Arc<Held>);

impl Locality {
    /// On the threads of the system that its actors live on: now on the one, now on the other.
    #[must_use]
    pub fn new() -> Self {
        Self::at(Place::System)
    }

    /// On another tokio runtime: one with a single thread, say, on which its actors run while somebody drives it.
    #[must_use]
    pub fn on(runtime: &Handle) -> Self {
        Self::at(Place::Runtime(runtime.clone()))
    }

    /// On a thread of its own with this name, for methods that block. Timers and sockets are those of the runtime that
    /// this is called in; the thread ends with it, at the latest. Where that runtime's clock is paused, time goes on while
    /// the thread works: in virtual time [`new`](Self::new) is what can be repeated.
    ///
    /// # Errors
    /// Those of [`std::thread::Builder::spawn`]; outside a tokio runtime; [`io::ErrorKind::InvalidInput`] for a name with a zero
    /// byte in it.
    pub fn thread(name: impl Into<String>) -> io::Result<Self> {
        Self::thread_with(name, || {})
    }

    /// The same; `begin` runs first on the thread, and may pin it to a core, or give it another priority.
    ///
    /// # Errors
    /// The same.
    pub fn thread_with(name: impl Into<String>, begin: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let name = name.into();
        // The operating system's names end with one, so that the thread's builder panics.
        if name.contains('\0') {
            let why = format!("the name of a thread cannot have a zero byte in it: leave it out of {name:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let shared = Arc::<Shared>::default();
        // Taken before the thread runs: what it drops has to find it there.
        let strand = Strand::new(shared.clone());
        shared.lock().is_driven = true;
        let driver = runtime.clone();
        thread::Builder::new().name(name).spawn(move || {
            begin();
            driver.block_on(strand);
        })?;
        // Nothing else tells the thread that the runtime has been shut down.
        let close = Close(shared.clone());
        let guard = runtime.spawn(async move {
            let _close = close;
            std::future::pending::<()>().await;
        });
        Ok(Self(Arc::new(Held { shared, place: Place::Thread(guard.abort_handle()) })))
    }

    /// Polls `future` as one of its actors would be. Dropped, it is given up.
    pub(crate) async fn run<S: ActorSystem, T: Send + 'static>(
        &self,
        system: &S,
        mut future: BoxFuture<'static, T>,
    ) -> Result<T, SystemError> {
        let (cell, cancel) = (Arc::new(ReplyCell::<T, Never, SystemError>::new()), CancelToken::new());
        let (result, given_up) = (Unless(cell.clone()), GiveUp(cancel.clone()));
        self.execute(
            system,
            Box::pin(async move {
                let output = poll_fn(|cx| {
                    if cancel.poll(cx.waker()) {
                        return Poll::Ready(None);
                    }
                    future.as_mut().poll(cx).map(Some)
                });
                if let Some(output) = output.await {
                    result.0.fill(Ok(output));
                }
            }),
        );
        let output = poll_fn(|cx| cell.poll(cx.waker())).await;
        drop(given_up);
        output.map_err(|error| match error {
            CallError::System(error) => error,
            CallError::Actor(never) => match never {},
        })
    }

    fn at(place: Place) -> Self {
        Self(Arc::new(Held { shared: Arc::default(), place }))
    }

    /// Whether this thread runs an actor of this locality.
    #[must_use]
    pub fn is_current(&self) -> bool {
        CURRENT.get() == self.0.shared.address()
    }

    /// Makes this thread run an actor of it, if none runs and any thread may.
    pub(crate) fn try_enter(&self) -> Option<Entered<'_>> {
        if !matches!(self.0.place, Place::System) {
            return None;
        }
        let turn = self.0.shared.try_turn()?;
        Some(Entered { _current: Current::enter(self.0.shared.address()), _turn: turn })
    }

    /// Has the strand poll `task`. It is dropped where there is nobody to poll it.
    pub(crate) fn execute<S: ActorSystem>(&self, system: &S, task: BoxFuture<'static, ()>) {
        let shared = &self.0.shared;
        let (driver, waker) = {
            let mut inbox = shared.lock();
            inbox.tasks.push_back(task);
            let needs_driver = !inbox.is_driven && !matches!(self.0.place, Place::Thread(_));
            inbox.is_driven |= needs_driver;
            (needs_driver.then(|| Strand::new(shared.clone())), inbox.waker.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        match (&self.0.place, driver) {
            (Place::System, Some(strand)) => drop(system.execute(Box::pin(strand))),
            (Place::Runtime(runtime), Some(strand)) => drop(runtime.spawn(strand)),
            (Place::Thread(_), _) if !shared.lock().is_driven => shared.abandon(),
            _ => {}
        }
    }
}

impl Default for Locality {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Locality {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Locality {}

impl fmt::Debug for Locality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Locality").field(&self.0.place).finish()
    }
}

/// Says that there will be no result, unless there is one.
struct Unless<T: Send>(Arc<ReplyCell<T, Never, SystemError>>);

impl<T: Send> Drop for Unless<T> {
    fn drop(&mut self) {
        self.0.fail(SystemError::ShuttingDown);
    }
}

struct GiveUp(CancelToken);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What handles and actors hold; the strand does not.
struct Held {
    shared: Arc<Shared>,
    place: Place,
}

enum Place {
    System,
    Runtime(Handle),
    /// With what closes it when the runtime ends.
    Thread(AbortHandle),
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Place::Thread(guard) = &self.place {
            guard.abort();
        }
        self.shared.change(|inbox| inbox.is_left = true);
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Runtime(_) => "Runtime",
            Self::Thread(_) => "Thread",
        })
    }
}

/// Closes a locality when its runtime ends.
struct Close(Arc<Shared>);

impl Drop for Close {
    fn drop(&mut self) {
        self.0.change(|inbox| inbox.is_over = true);
    }
}

/// While it is there, this thread runs an actor of a locality, and no other one does.
pub(crate) struct Entered<'a> {
    _current: Current,
    _turn: MutexGuard<'a, ()>,
}

/// What the strand shares with those who give it tasks.
#[derive(Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    /// Whoever has this runs an actor: the strand while it is polled, or another thread for the time of one short method.
    turn: Mutex<()>,
}

#[derive(Default)]
struct Inbox {
    /// Activities to begin: of each actor one at a time.
    tasks: VecDeque<BoxFuture<'static, ()>>,
    /// The strand's, while it waits.
    waker: Option<Waker>,
    /// Whether there is a strand.
    is_driven: bool,
    /// Whether nobody will give it another task, but for those that come of what it polls.
    is_left: bool,
    /// Whether it ends at once, with all that it polls.
    is_over: bool,
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Inbox)) {
        let waker = {
            let mut inbox = self.lock();
            change(&mut inbox);
            inbox.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Drops what nobody polls: its calls fail, and its actors end.
    fn abandon(&self) {
        loop {
            // One after the other: what is dropped may bring another one.
            let task = self.lock().tasks.pop_front();
            if task.is_none() {
                return;
            }
        }
    }

    fn try_turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.turn.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// What tells it from all others while it is there.
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Polls the activities of one locality, one after the other.
struct Strand {
    shared: Arc<Shared>,
    activities: Futures<BoxFuture<'static, ()>>,
}

impl Strand {
    fn new(shared: Arc<Shared>) -> Self {
        Self { shared, activities: Futures::new() }
    }

    /// The next activity that has something to do.
    fn poll_one(&mut self) -> bool {
        let task = self.shared.lock().tasks.pop_front();
        let (mut task, place, waker) = match task {
            Some(task) => {
                let (place, waker) = self.activities.reserve();
                (task, place, waker)
            }
            None => match self.activities.next_woken() {
                Some(woken) => woken,
                None => return false,
            },
        };
        let is_over = task.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_ready();
        // One that is over is dropped here, as a part of its run.
        self.activities.settle(place, (!is_over).then_some(task));
        true
    }
}

impl Future for Strand {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let this = &mut *self;
        let shared = this.shared.clone();
        let Some(_turn) = shared.try_turn() else {
            // A short method is about to end. Not waited for here: it may prove to be none.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        let _current = Current::enter(shared.address());
        let mut polls = 0;
        while polls < POLLS_MAX && has_budget_remaining() && this.poll_one() {
            polls += 1;
        }
        let is_woken = this.activities.listen(cx.waker()) > 0;
        let is_given = {
            // Dropped after the lock.
            let _replaced;
            let mut inbox = this.shared.lock();
            let is_empty = inbox.tasks.is_empty();
            if inbox.is_over || inbox.is_left && is_empty && this.activities.len() == 0 {
                return Poll::Ready(());
            }
            _replaced = inbox.waker.replace(cx.waker().clone());
            !is_empty
        };
        if is_woken || is_given {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Strand {
    fn drop(&mut self) {
        // A runtime that has been shut down drops it on the thread that wanted it, which may have the turn.
        let _turn = (CURRENT.get() != self.shared.address()).then(|| self.shared.turn.lock());
        let _current = Current::enter(self.shared.address());
        self.activities = Futures::new();
        self.shared.lock().is_driven = false;
        self.shared.abandon();
    }
}

thread_local! {
    /// The address of the locality that this thread runs an actor of; 0 for none.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// While it is there, this thread runs an actor of a locality.
struct Current {
    outer: usize,
}

impl Current {
    fn enter(address: usize) -> Self {
        Self { outer: CURRENT.replace(address) }
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
    }
}
