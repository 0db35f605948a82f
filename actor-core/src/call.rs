//! A call: a value until it is awaited.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
    time::{Duration, Instant},
};

use crate::{
    ActorSystem, Arguments, BoxFuture, CallError, CallResult, CallScope, Callable, Cast, FailureOf, InvocationEncoder,
    Local, Method, Outcome, RemoteCall, Reply, SystemError, Target, ThrownOf, TraceParent, ValueOf,
    local::{Enqueued, FOR_EVER, Job, ReplyCell, Ticket, Tried, Waited, Work, now, now_or_never},
};

/// The call of one method, as a value: nothing is sent before it is awaited.
///
/// # Cancel safety
/// A call that is dropped before its actor's turn does not run. A remote call that is dropped later is cancelled at
/// the method's next await; a local `async fn` runs on, so that its actor's state is never torn.
#[must_use = "a call does nothing until it is awaited or cast"]
pub struct Call<'a, M: Method<A>, A: ?Sized + Callable> {
    pub(crate) target: &'a Target<A>,
    pub(crate) args: M::Args,
    pub(crate) options: CallOptions,
}

/// What the caller asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    /// Boxed: it is rare, and the largest part of a call, which is moved when it is awaited.
    trace: Option<Box<TraceParent>>,
}

impl<'a, M: Method<A>, A: ?Sized + Callable> Call<'a, M, A> {
    pub(crate) fn new(target: &'a Target<A>, args: M::Args) -> Self {
        Self { target, args, options: CallOptions::default() }
    }

    /// Gives the call this much time from when it is first polled, at most 1 h; without it the system's default holds
    /// (10 s). A call made by a method never gets more than what is left of that method's time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Makes the call part of this trace. Without it the call belongs to the trace of the method that makes it.
    pub fn trace_parent(mut self, parent: TraceParent) -> Self {
        self.options.trace = Some(Box::new(parent));
        self
    }

    /// The same call one way: no reply is sent. It ends when the message is handed over, which says nothing about
    /// whether it ran; what fails later is a dead letter. A cast starts a new chain of calls.
    pub fn cast(self) -> Cast<'a, M, A> {
        Cast::new(self)
    }
}

impl<'a, M: Method<A>, A: ?Sized + Callable> IntoFuture for Call<'a, M, A> {
    type Output = CallResult<M, A>;
    type IntoFuture = CallFuture<'a, M, A>;

    #[inline]
    fn into_future(self) -> CallFuture<'a, M, A> {
        let Self { target, args, options } = self;
        CallFuture { target, args: Some(args), options, stage: Stage::New }
    }
}

impl<M: Method<A>, A: ?Sized + Callable> fmt::Debug for Call<'_, M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("method", &M::INFO.name()).field("target", &self.target).finish_non_exhaustive()
    }
}

/// The surroundings of a call that is about to begin.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
    pub(crate) parent: Option<CallScope>,
    pub(crate) trace: Option<TraceParent>,
}

impl CallOptions {
    /// Reads the clock and the ambient scope.
    pub(crate) fn open(&self, system: &impl ActorSystem) -> Result<Opened, SystemError> {
        let opened = self.open_one_way(system)?;
        let limit = system.settings().chain_length_max;
        if opened.parent.as_ref().is_some_and(|parent| parent.depth() >= limit) {
            return Err(SystemError::ChainTooLong { limit });
        }
        Ok(opened)
    }

    /// The same for a call that starts a new chain, and so leaves the parent that it is told.
    pub(crate) fn open_one_way(&self, system: &impl ActorSystem) -> Result<Opened, SystemError> {
        let settings = system.settings();
        let parent = CallScope::current();
        let now = now();
        let asked = self.timeout.unwrap_or(settings.call_timeout).min(settings.call_timeout_max).min(FOR_EVER);
        let mut timeout = asked;
        if let Some(inherited) = parent.as_ref().and_then(CallScope::deadline) {
            timeout = timeout.min(inherited.saturating_duration_since(now));
        }
        if timeout.is_zero() {
            return Err(SystemError::Deadline { after: timeout, outcome: Outcome::NotExecuted });
        }
        let trace = self
            .trace
            .as_deref()
            .copied()
            .or_else(|| parent.as_ref()?.trace())
            .map(|trace| trace.child(system.mint_call_id()));
        Ok(Opened { deadline: now + timeout, timeout, parent, trace })
    }
}

/// The future of a [`Call`]. On the local path of a `fn` nothing is boxed.
#[must_use = "a call does nothing until it is awaited"]
pub struct CallFuture<'a, M: Method<A>, A: ?Sized + Callable> {
    target: &'a Target<A>,
    /// Taken by the method that runs here; those of a call that goes elsewhere live until it has ended, and the local
    /// actors they refer to with them. Taken field by field: a whole call that is moved out just after it was written
    /// costs 3 ns, for the processor cannot forward such stores to wider loads.
    args: Option<M::Args>,
    options: CallOptions,
    stage: Stage<'a, M, A>,
}

enum Stage<'a, M: Method<A>, A: ?Sized + Callable> {
    New,
    Queued(Queued<'a, M, A>),
    Remote(BoxFuture<'a, CallResult<M, A>>),
    /// It ended at once, but others run first.
    Over(Box<CallResult<M, A>>),
    Ended,
}

struct Queued<'a, M: Method<A>, A: ?Sized + Callable> {
    cell: Arc<Cell<M, A>>,
    target: &'a Target<A>,
    /// None once it runs.
    ticket: Option<Ticket<A>>,
    deadline: Instant,
    timeout: Duration,
    expiry: Option<BoxFuture<'static, ()>>,
}

type Cell<M, A> = ReplyCell<ValueOf<M, A>, ThrownOf<M, A>, FailureOf<A>>;

/// Nothing in it is structurally pinned.
impl<M: Method<A>, A: ?Sized + Callable> Unpin for CallFuture<'_, M, A> {}

impl<M: Method<A>, A: ?Sized + Callable> Future for CallFuture<'_, M, A> {
    type Output = CallResult<M, A>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if !matches!(self.stage, Stage::New) {
            return self.poll_waiting(cx);
        }
        self.stage = Stage::Ended;
        let has_budget = has_budget(cx);
        let result = match self.start() {
            Some(result) => result,
            None => ready!(self.poll_waiting(cx)),
        };
        if has_budget {
            return Poll::Ready(result);
        }
        self.stage = Stage::Over(Box::new(result));
        Poll::Pending
    }
}

impl<M: Method<A>, A: ?Sized + Callable> CallFuture<'_, M, A> {
    /// The first step. None if the call waits now.
    #[inline]
    fn start(&mut self) -> Option<CallResult<M, A>> {
        let Self { target, args, options, .. } = self;
        let Some(local) = target.as_local() else { return self.remote() };
        if !M::INFO.is_async() {
            let mut result = None;
            let open = &mut || options.open(target.system());
            let tried = local.0.try_run(M::INFO, open, &mut |actor, context| {
                if let Some(args) = args.take() {
                    result = now_or_never(M::invoke(actor, context, args));
                }
            });
            match (tried, result) {
                (Tried::Ran, Some(result)) => return Some(result.map_err(CallError::Actor)),
                (Tried::NotNow, _) => {}
                (Tried::Refused(error), _) => return failed::<M, A>(error),
                (Tried::Panicked(message), _) => {
                    return failed::<M, A>(SystemError::Panicked { method: M::INFO.name().into(), message });
                }
                (Tried::Ran, None) => return failed::<M, A>(SystemError::Cancelled),
            }
        }
        self.queue(local)
    }

    fn queue(&mut self, local: &Local<A>) -> Option<CallResult<M, A>> {
        let args = self.args.take()?;
        let Opened { deadline, timeout, parent, trace } = match self.options.open(self.target.system()) {
            Ok(opened) => opened,
            Err(error) => return failed::<M, A>(error),
        };
        let cell = Arc::new(Cell::<M, A>::new());
        let reply_to = cell.clone();
        let work = work::<M, A>(args, move |result| reply_to.fill(result.map_err(CallError::Actor)));
        let job = Job {
            method: Some(M::INFO),
            work,
            answer: Some(cell.clone()),
            parent,
            trace,
            deadline: Some(deadline),
            timeout,
            cancel: None,
            redirects: 0,
        };
        let ticket = match local.0.enqueue(job, true) {
            Ok(Enqueued::Started) => None,
            Ok(Enqueued::Waiting(ticket)) => Some(ticket),
            Err(refused) => return failed::<M, A>(refused.error),
        };
        self.stage = Stage::Queued(Queued { cell, target: self.target, ticket, deadline, timeout, expiry: None });
        None
    }

    fn remote(&mut self) -> Option<CallResult<M, A>> {
        let system = self.target.system();
        let args = self.args.as_ref()?;
        let Opened { deadline, timeout, parent, trace } = match self.options.open(system) {
            Ok(opened) => opened,
            Err(error) => return failed::<M, A>(error),
        };
        let encoder = match record::<M, A>(system, args) {
            Ok(encoder) => encoder,
            Err(error) => return Some(Err(CallError::System(error))),
        };
        let call = RemoteCall { timeout, deadline, parent, trace };
        self.stage = Stage::Remote(Box::pin(system.remote_call::<M::Reply>(self.target.id(), M::INFO, encoder, call)));
        None
    }

    /// What comes after the first poll.
    fn poll_waiting(&mut self, cx: &mut TaskContext<'_>) -> Poll<CallResult<M, A>> {
        let result = match &mut self.stage {
            Stage::Queued(queued) => ready!(queued.poll(cx)),
            Stage::Remote(reply) => ready!(reply.as_mut().poll(cx)),
            Stage::Over(_) => {
                let Stage::Over(result) = mem::replace(&mut self.stage, Stage::Ended) else { return Poll::Pending };
                return Poll::Ready(*result);
            }
            #[allow(clippy::panic, reason = "what every future does that is polled after its end")]
            Stage::New | Stage::Ended => panic!("a call was polled after it had ended"),
        };
        self.stage = Stage::Ended;
        self.args = None;
        Poll::Ready(result)
    }
}

fn failed<M: Method<A>, A: ?Sized + Callable>(error: SystemError) -> Option<CallResult<M, A>> {
    Some(Err(CallError::System(error.into())))
}

/// Whether this task may go on at once: a loop of calls that never wait must let other tasks of its thread run. Without
/// budget a call begins all the same, so that calls keep the order in which they were polled; its task is woken again,
/// and learns the result then.
#[inline]
pub(crate) fn has_budget(cx: &mut TaskContext<'_>) -> bool {
    match tokio::task::coop::poll_proceed(cx) {
        Poll::Ready(budget) => {
            budget.made_progress();
            true
        }
        Poll::Pending => false,
    }
}

/// The work of one call of `M`; its result goes to `done`.
pub(crate) fn work<M: Method<A>, A: ?Sized + Callable>(
    args: M::Args,
    done: impl FnOnce(crate::Returned<M, A>) + Send + 'static,
) -> Work<A> {
    let (args, done) = match M::share(args, done) {
        Ok(shared) => return Work::Shared(shared),
        Err(unshared) => unshared,
    };
    if M::INFO.is_async() {
        Work::Async(Box::new(move |actor, context| {
            Box::pin(async move { done(M::invoke(actor, context, args).await) })
        }))
    } else {
        Work::Now(Box::new(move |actor, context| {
            if let Some(result) = now_or_never(M::invoke(actor, context, args)) {
                done(result);
            }
        }))
    }
}

impl<M: Method<A>, A: ?Sized + Callable> Queued<'_, M, A> {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<CallResult<M, A>> {
        if let Poll::Ready(result) = self.cell.poll(cx.waker()) {
            return Poll::Ready(result);
        }
        let expiry = self.expiry.get_or_insert_with(|| self.target.system().sleep_until(self.deadline));
        ready!(expiry.as_mut().poll(cx));
        let outcome = match self.abandon() {
            Waited::NeverBegan => Outcome::NotExecuted,
            Waited::Running => Outcome::Unknown,
            Waited::Done(result) => return Poll::Ready(result),
        };
        Poll::Ready(Err(CallError::System(SystemError::Deadline { after: self.timeout, outcome }.into())))
    }

    /// The caller gives up. What has not begun leaves the mailbox, and its arguments go.
    fn abandon(&mut self) -> Waited<ValueOf<M, A>, ThrownOf<M, A>, FailureOf<A>> {
        let waited = self.cell.abandon();
        if matches!(waited, Waited::NeverBegan)
            && let (Some(ticket), Some(local)) = (self.ticket.take(), self.target.as_local())
        {
            ticket.withdraw(local);
        }
        waited
    }
}

impl<M: Method<A>, A: ?Sized + Callable> Drop for Queued<'_, M, A> {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Records an invocation, in the order that [`InvocationEncoder`] states.
pub(crate) fn record<M: Method<A>, A: ?Sized + Callable>(
    system: &A::System,
    args: &M::Args,
) -> Result<<A::System as ActorSystem>::Encoder, FailureOf<A>> {
    let mut encoder = system.make_invocation_encoder();
    args.record(&mut encoder)?;
    M::Reply::record_types(&mut encoder)?;
    encoder.done()?;
    Ok(encoder)
}

/// Runs `run` on the state of `local` when its turn comes.
pub(crate) async fn when_local<A: ?Sized + Callable, R: Send + 'static>(
    local: &Local<A>,
    run: impl FnOnce(&mut A) -> R + Send + 'static,
) -> Option<R> {
    let cell = Arc::new(ReplyCell::<R, crate::Never, SystemError>::new());
    let reply_to = cell.clone();
    let job = Job {
        method: None,
        work: Work::Now(Box::new(move |actor, _| reply_to.fill(Ok(run(actor))))),
        answer: Some(cell.clone()),
        parent: CallScope::current(),
        trace: None,
        deadline: None,
        timeout: Duration::MAX,
        cancel: None,
        redirects: 0,
    };
    let ticket = match local.0.enqueue(job, false).ok()? {
        Enqueued::Started => None,
        Enqueued::Waiting(ticket) => Some(ticket),
    };
    /// Takes the job back when the waiting future is dropped.
    struct Abandon<'a, A: ?Sized + Callable, R> {
        cell: Arc<ReplyCell<R, crate::Never, SystemError>>,
        ticket: Option<Ticket<A>>,
        local: &'a Local<A>,
    }
    impl<A: ?Sized + Callable, R> Drop for Abandon<'_, A, R> {
        fn drop(&mut self) {
            if let (Waited::NeverBegan, Some(ticket)) = (self.cell.abandon(), &self.ticket) {
                ticket.withdraw(self.local);
            }
        }
    }
    let waiting = Abandon { cell, ticket, local };
    std::future::poll_fn(|cx| waiting.cell.poll(cx.waker())).await.ok()
}
