//! The way to an actor in this process, whatever its type.

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Weak},
    task::{Context as TaskContext, Poll, Waker},
};

use super::{ending::Ended, job::Job, mailbox::Stop};
use crate::{AnyLocal, Callable, Context, IdOf, MethodInfo, SystemError, WeakAnyLocal, call::Opened, scope::Named};

/// What a seat offers to those who call its actor. `A` may be a protocol that the actor serves.
pub(crate) trait Port<A: ?Sized + Callable>: Named {
    /// Runs a `fn` at once, if the actor is idle and the method has proved short. `open` is asked for the call's
    /// surroundings only if the method looks at its context.
    fn try_run(&self, method: &'static MethodInfo, open: OpenCall<'_>, run: RunNow<'_, A>) -> Tried;

    /// Queues `job`, or starts it. With `inline` a method that has proved short may run on this task.
    fn enqueue(&self, job: Job<A>, inline: bool) -> Result<Enqueued<A>, Refused<A>>;

    /// Queues a job that needs no room: there are never more of them than the actor has asked for.
    fn notify(&self, job: Job<A>);

    /// Whether a queued job has room in the mailbox.
    fn poll_admitted(&self, ticket: u64, waker: &Waker) -> Poll<()>;

    /// Takes a job back that has not begun; false if it has.
    fn withdraw(&self, ticket: u64) -> bool;

    /// Asks the actor to stop.
    fn stop(&self, stop: Stop);

    /// The actor's end.
    fn ended(&self) -> Ended;

    /// The actor's id.
    fn id(&self) -> &IdOf<A>;

    /// The actor's system.
    fn system(&self) -> &A::System;

    /// The same seat without its actor's type.
    fn erase(self: Arc<Self>) -> AnyLocal<A::System>;
}

pub(crate) type OpenCall<'a> = &'a mut dyn FnMut() -> Result<Opened, SystemError>;
pub(crate) type RunNow<'a, A> = &'a mut dyn FnMut(&mut A, &Context<A>);

/// What became of an attempt to run a method at once.
pub(crate) enum Tried {
    /// It ran.
    Ran,
    /// It ran and panicked; the actor has ended.
    Panicked(Option<Box<str>>),
    /// The call may not be made at all.
    Refused(SystemError),
    /// The call has to be queued.
    NotNow,
}

/// A job that was not taken, and why. Boxed: it is the rare case, and far larger than the other.
pub(crate) struct Refused<A: ?Sized + Callable> {
    pub(crate) job: Box<Job<A>>,
    pub(crate) error: SystemError,
}

impl<A: ?Sized + Callable> Refused<A> {
    pub(super) fn new(job: Job<A>, error: SystemError) -> Self {
        Self { job: Box::new(job), error }
    }
}

/// Where a job went.
pub(crate) enum Enqueued<A: ?Sized + Callable> {
    /// It runs, or has run.
    Started,
    /// It waits.
    Waiting(Ticket<A>),
}

/// The place of a job that waits.
pub(crate) struct Ticket<A: ?Sized + Callable> {
    pub(super) number: u64,
    /// Set where another actor's mailbox took it. Boxed: it is rare, and each call has room for a ticket.
    pub(super) redirected: Option<Box<Local<A>>>,
}

impl<A: ?Sized + Callable> Ticket<A> {
    /// Whether the job has room in the mailbox. `asked` is the actor that it was meant for.
    pub(crate) fn poll_admitted(&self, asked: &Local<A>, waker: &Waker) -> Poll<()> {
        self.taker(asked).0.poll_admitted(self.number, waker)
    }

    /// Takes the job back if it has not begun; false if it has.
    pub(crate) fn withdraw(&self, asked: &Local<A>) -> bool {
        self.taker(asked).0.withdraw(self.number)
    }

    fn taker<'a>(&'a self, asked: &'a Local<A>) -> &'a Local<A> {
        self.redirected.as_deref().unwrap_or(asked)
    }
}

/// An actor that lives in this process. Keeps it alive.
pub struct Local<A: ?Sized + Callable>(pub(crate) Arc<dyn Port<A>>);

impl<A: ?Sized + Callable> Local<A> {
    /// The same, not keeping the actor alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakLocal<A> {
        WeakLocal(Arc::downgrade(&self.0))
    }

    /// The same without the actor's type.
    #[must_use]
    pub fn erase(&self) -> AnyLocal<A::System> {
        self.0.clone().erase()
    }

    pub(crate) fn stop(&self) {
        self.0.stop(Stop::AfterCurrent);
    }

    pub(crate) fn ended(&self) -> Ended {
        self.0.ended()
    }
}

impl<A: ?Sized + Callable> Clone for Local<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: ?Sized + Callable> fmt::Debug for Local<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Local({})", self.0.name())
    }
}

/// An actor that lives in this process, or did. Does not keep it alive.
pub struct WeakLocal<A: ?Sized + Callable>(pub(crate) Weak<dyn Port<A>>);

impl<A: ?Sized + Callable> WeakLocal<A> {
    /// The actor, unless it has gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Local<A>> {
        self.0.upgrade().map(Local)
    }

    /// The same without the actor's type; `None` if it has gone.
    #[must_use]
    pub fn erase(&self) -> Option<WeakAnyLocal<A::System>> {
        Some(self.upgrade()?.erase().downgrade())
    }
}

impl<A: ?Sized + Callable> Clone for WeakLocal<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: ?Sized + Callable> fmt::Debug for WeakLocal<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakLocal")
    }
}

/// The output of a future that is ready at once, as that of a `fn` is.
#[inline]
pub(crate) fn now_or_never<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
