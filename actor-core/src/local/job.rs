//! One piece of work for an actor.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{mailbox::Queued, shared::SharedWork};
use crate::{BoxFuture, CallScope, Callable, CancelToken, Context, MethodInfo, SystemError, TraceParent};

/// A call that waits for its actor's turn, or that runs.
pub(crate) struct Job<A: ?Sized + Callable> {
    /// What is run; none for the work of `when_local`.
    pub(crate) method: Option<&'static MethodInfo>,
    pub(crate) work: Work<A>,
    /// Who waits for it; none for a one-way call.
    pub(crate) answer: Option<Arc<dyn Answer>>,
    pub(crate) parent: Option<CallScope>,
    pub(crate) trace: Option<TraceParent>,
    pub(crate) deadline: Option<Instant>,
    /// The time that it was given.
    pub(crate) timeout: Duration,
    /// Set for a call from elsewhere that ends with its deadline or its caller.
    pub(crate) cancel: Option<CancelToken>,
    /// How many full mailboxes have passed it on.
    pub(crate) redirects: u8,
}

pub(super) type RunNow<A> = dyn FnOnce(&mut A, &Context<A>) + Send;
pub(super) type RunAsync<A> = dyn for<'a> FnOnce(&'a mut A, &'a Context<A>) -> BoxFuture<'a, ()> + Send;

/// What a job does with the actor.
pub(crate) enum Work<A: ?Sized + Callable> {
    /// A `fn`: it runs to its end.
    Now(Box<RunNow<A>>),
    /// An `async fn`.
    Async(Box<RunAsync<A>>),
    /// A method that interleaves with others of its kind.
    Shared(SharedWork<A>),
}

impl<A: ?Sized + Callable> Queued for Job<A> {
    fn is_shared(&self) -> bool {
        matches!(self.work, Work::Shared(_))
    }

    fn is_urgent(&self) -> bool {
        self.method.is_some_and(MethodInfo::is_urgent)
    }
}

/// Whoever waits for a job.
pub(crate) trait Answer: Send + Sync {
    /// The job is about to run. False if nobody wants it any more: then it must not run.
    fn begin(&self) -> bool;
    /// The job did not run, or not to its end. Does nothing once it was answered.
    fn fail(&self, error: SystemError);
}
