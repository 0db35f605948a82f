//! How a constructor is run, for a caller elsewhere or here.

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use super::{
    any::AnyLocal,
    cancel::CancelToken,
    contain::contain,
    estimate::{Estimates, Verdict},
    execute::{IncomingCall, arguments},
    hooks, now,
    options::SpawnOptions,
    seat::call_span,
    spawn::Unborn,
};
use crate::{
    ActorRef, ActorSystem, BoxFuture, CallError, CallScope, Constructor, Context, DecoderOf, DistributedActor,
    ExitReason, HandlerOf, Identity, Outcome, Reply, ResultHandler, Started, SystemError, Terminated,
    call::Opened,
    scope::{Named, within},
    start::Building,
};

/// Keeps an actor that was made for somebody elsewhere, or says why it cannot be kept.
pub(crate) type Keep<S> = Box<dyn FnOnce(AnyLocal<S>, &<S as ActorSystem>::ActorId) -> Result<(), SystemError> + Send>;

/// How fast a constructor has proved on one system: what is short may run where its call has arrived.
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<Estimates>);

impl Pace {
    /// Of a constructor that has not run yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn record(&self, elapsed: Duration) {
        self.0.record(0, 1, elapsed);
    }
}

/// Runs `M` for a caller elsewhere, on a task of its own unless it has proved short.
pub(crate) fn construct<A: DistributedActor, M: Constructor<A>>(
    system: &A::System,
    decoder: DecoderOf<A>,
    handler: HandlerOf<A>,
    call: IncomingCall,
    pace: &Pace,
    keep: Keep<A::System>,
) -> Option<CancelToken> {
    let args = match arguments::<M::Args, _>(M::INFO, decoder) {
        Ok(args) => args,
        Err(error) => {
            handler.on_failure(error);
            return None;
        }
    };
    let IncomingCall { timeout, deadline, parent, trace, inline } = call;
    let verdict = pace.0.judge(0, system.settings().inline_time_max);
    let measured = (verdict != Verdict::Inline).then(|| pace.clone());
    let cancel = CancelToken::new();
    let cancelled = cancel.clone();
    let opened = Opened { deadline, timeout, parent, trace };
    let making = make::<A, M>(system.clone(), args, opened, Some(cancel.clone()), measured);
    let mut task: BoxFuture<'static, ()> = Box::pin(async move {
        let made = making.await.and_then(|made| match made {
            Ok(_) if cancelled.is_cancelled() => Err(SystemError::Cancelled),
            Ok(actor) => keep_made(&actor, keep).map(|()| Ok(actor.id().clone())),
            Err(error) => Ok(Err(error)),
        });
        match made {
            Ok(made) => M::Answer::answer(made, handler),
            Err(error) => handler.on_failure(error),
        }
    });
    let inline = inline && verdict != Verdict::Schedule;
    if inline && task.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_ready() {
        return None;
    }
    // Without a runtime the task is dropped, and the handler with it, which answers then.
    drop(system.execute(task));
    Some(cancel)
}

fn keep_made<A: DistributedActor>(actor: &ActorRef<A>, keep: Keep<A::System>) -> Result<(), SystemError> {
    match ActorRef::local(actor) {
        Some(local) => keep(local.erase(), actor.id()),
        None => Err(SystemError::UnknownActor { actor: actor.id().to_string().into() }),
    }
}

/// Runs `M` for a caller here, who polls it.
pub(crate) fn construct_here<A: DistributedActor, M: Constructor<A>>(
    system: &A::System,
    decoder: DecoderOf<A>,
    opened: Opened,
) -> BoxFuture<'static, Started<A, M::Error>> {
    let system = system.clone();
    Box::pin(async move {
        let failed = |error: SystemError| CallError::System(error.into());
        let args = arguments::<M::Args, _>(M::INFO, decoder).map_err(failed)?;
        make::<A, M>(system, args, opened, None, None).await.map_err(failed)?.map_err(CallError::Actor)
    })
}

/// Runs `M` for an actor with this context, which comes back with the actor.
pub(crate) fn build_here<A: DistributedActor, M: Constructor<A>>(
    decoder: DecoderOf<A>,
    opened: Opened,
    mut context: Context<A>,
) -> Building<A, M::Error> {
    Box::pin(async move {
        let failed = |error: SystemError| CallError::System(error.into());
        let args = arguments::<M::Args, _>(M::INFO, decoder).map_err(failed)?;
        let built = build::<A, M>(&mut context, args, opened, None, None).await.map_err(failed)?;
        Ok((built.map_err(CallError::Actor)?, context))
    })
}

/// What `M` makes, as an actor; or its own error. It is given up when it is cancelled, or at its deadline. How long it
/// takes to its end or its first await goes to `pace`.
async fn make<A: DistributedActor, M: Constructor<A>>(
    system: A::System,
    args: M::Args,
    opened: Opened,
    cancel: Option<CancelToken>,
    pace: Option<Pace>,
) -> Result<Result<ActorRef<A>, M::Error>, SystemError> {
    let (deadline, timeout) = (opened.deadline, opened.timeout);
    let mut unborn = Unborn::<A>::new(&system);
    let actor = match build::<A, M>(&mut unborn.context, args, opened, cancel.as_ref(), pace).await? {
        Ok(actor) => unborn.born(actor, SpawnOptions::new()),
        Err(error) => return Ok(Err(error)),
    };
    if A::HAS_ON_START {
        let late = SystemError::Deadline { after: timeout, outcome: Outcome::Unknown };
        started(&actor, cancel, system.sleep_until(deadline), late).await?;
    }
    Ok(Ok(actor))
}

/// What `M` makes, or its own error.
async fn build<A: DistributedActor, M: Constructor<A>>(
    context: &mut Context<A>,
    args: M::Args,
    opened: Opened,
    cancel: Option<&CancelToken>,
    mut pace: Option<Pace>,
) -> Result<Result<A, M::Error>, SystemError> {
    let Opened { deadline, timeout, parent, trace } = opened;
    if deadline <= now() {
        return Err(SystemError::Deadline { after: timeout, outcome: Outcome::NotExecuted });
    }
    let (id, system) = (context.id().clone(), context.system().clone());
    let span = call_span(M::INFO, &id, || trace).unwrap_or_else(tracing::Span::none);
    let call = system.mint_call_id();
    let mut scope =
        Some(CallScope::enter_method(call, Arc::new(ToBe(id)), M::INFO.name(), Some(deadline), trace, parent));
    context.scope.clone_from(&scope);
    let panicked = |message| SystemError::Panicked { method: M::INFO.name().into(), message };
    let made = {
        let context = &*context;
        let mut future = Some(Box::pin(async move { M::construct(context, args).await }));
        let mut expiry = None;
        let made = poll_fn(|cx| {
            if cancel.is_some_and(|cancel| cancel.poll(cx.waker())) {
                return Poll::Ready(Err(SystemError::Cancelled));
            }
            let Some(future) = &mut future else { return Poll::Pending };
            let pace = pace.take().map(|pace| (pace, now()));
            let polled = span.in_scope(|| within(&mut scope, || contain(|| future.as_mut().poll(cx))));
            if let Some((pace, began)) = pace {
                pace.record(now().saturating_duration_since(began));
            }
            match polled {
                Ok(Poll::Ready(made)) => return Poll::Ready(Ok(made)),
                Ok(Poll::Pending) => {}
                Err(message) => return Poll::Ready(Err(panicked(message))),
            }
            let expiry = expiry.get_or_insert_with(|| system.sleep_until(deadline));
            let late = SystemError::Deadline { after: timeout, outcome: Outcome::Unknown };
            expiry.as_mut().poll(cx).map(|()| Err(late))
        })
        .await;
        // Given up half-way, the constructor's locals go now, as if it had returned.
        let dropped = span.in_scope(|| within(&mut scope, || contain(|| future = None)));
        match dropped {
            Ok(()) => made,
            Err(message) => made.and_then(|_| Err(panicked(message))),
        }
    };
    context.scope = None;
    made
}

/// Waits until the actor has started. If nobody waits any more, it is stopped.
async fn started<A: DistributedActor>(
    actor: &ActorRef<A>,
    cancel: Option<CancelToken>,
    mut expiry: BoxFuture<'static, ()>,
    late: SystemError,
) -> Result<(), SystemError> {
    /// Stops an actor that has not started.
    struct Unless<'a, A: DistributedActor>(Option<&'a ActorRef<A>>);
    impl<A: DistributedActor> Drop for Unless<'_, A> {
        fn drop(&mut self) {
            if let Some(actor) = self.0 {
                drop(actor.stop());
            }
        }
    }

    let mut stop = Unless(Some(actor));
    let mut late = Some(late);
    let mut started = pin!(actor.when_local(|_| ()));
    let is_alive = poll_fn(|cx| {
        if cancel.as_ref().is_some_and(|cancel| cancel.poll(cx.waker())) {
            return Poll::Ready(Err(SystemError::Cancelled));
        }
        if let Poll::Ready(started) = started.as_mut().poll(cx) {
            return Poll::Ready(Ok(started.is_some()));
        }
        expiry.as_mut().poll(cx).map(|()| Err(late.take().unwrap_or(SystemError::Cancelled)))
    })
    .await?;
    stop.0 = None;
    if is_alive {
        return Ok(());
    }
    let why = match actor.terminated().await {
        // Nobody else has been given a reference to it that could be called.
        Terminated::Panicked if A::HAS_ON_START => hooks::panicked_in(hooks::ON_START),
        how => ExitReason::from(&how),
    };
    Err(SystemError::StartFailed { why: why.to_string().into() })
}

/// The name of an actor that is being made.
struct ToBe<I>(I);

impl<I: Identity> Named for ToBe<I> {
    fn name(&self) -> String {
        self.0.to_string()
    }
}
