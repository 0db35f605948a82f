//! A one-way call.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
    time::{Duration, Instant},
};

use crate::{
    ActorSystem, BoxFuture, Call, Callable, DeadLetter, FailureOf, Method, Outcome, RemoteCall, SystemError, Target,
    call::{CallOptions, Opened, has_budget, record, work},
    local::{Enqueued, Job, Ticket, Tried, now_or_never, report},
};

/// The future of a one-way call: waits for room, and ends when the message is handed over.
///
/// # Cancel safety
/// Dropped before it has ended, the message may not have been sent.
#[must_use = "a cast does nothing until it is awaited"]
pub struct Cast<'a, M: Method<A>, A: ?Sized + Callable> {
    stage: Stage<'a, M, A>,
}

enum Stage<'a, M: Method<A>, A: ?Sized + Callable> {
    Start(Call<'a, M, A>),
    Waiting(Waiting<'a, A>),
    Remote(BoxFuture<'a, Result<(), FailureOf<A>>>),
    /// It ended at once, but others run first.
    Over(Box<Result<(), FailureOf<A>>>),
    Ended,
}

/// A message that waits for room in the mailbox.
struct Waiting<'a, A: ?Sized + Callable> {
    target: &'a Target<A>,
    ticket: Ticket<A>,
    deadline: Instant,
    timeout: Duration,
    expiry: Option<BoxFuture<'static, ()>>,
    admitted: bool,
}

impl<'a, M: Method<A>, A: ?Sized + Callable> Cast<'a, M, A> {
    pub(crate) fn new(call: Call<'a, M, A>) -> Self {
        Self { stage: Stage::Start(call) }
    }
}

/// Nothing in it is structurally pinned.
impl<M: Method<A>, A: ?Sized + Callable> Unpin for Cast<'_, M, A> {}

impl<M: Method<A>, A: ?Sized + Callable> Future for Cast<'_, M, A> {
    type Output = Result<(), FailureOf<A>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let result = match mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Start(call) => {
                let has_budget = has_budget(cx);
                let result = match start(call) {
                    Ok(Stage::Ended) => Ok(()),
                    Ok(stage) => {
                        self.stage = stage;
                        ready!(self.poll_waiting(cx))
                    }
                    Err(error) => Err(error.into()),
                };
                if !has_budget {
                    self.stage = Stage::Over(Box::new(result));
                    return Poll::Pending;
                }
                result
            }
            Stage::Over(result) => *result,
            waiting => {
                self.stage = waiting;
                ready!(self.poll_waiting(cx))
            }
        };
        Poll::Ready(result)
    }
}

impl<M: Method<A>, A: ?Sized + Callable> Cast<'_, M, A> {
    fn poll_waiting(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), FailureOf<A>>> {
        let result = match &mut self.stage {
            Stage::Waiting(waiting) => ready!(waiting.poll(cx)).map_err(Into::into),
            Stage::Remote(future) => ready!(future.as_mut().poll(cx)),
            #[allow(clippy::panic, reason = "what every future does that is polled after its end")]
            Stage::Start(_) | Stage::Over(_) | Stage::Ended => panic!("a cast was polled after it had ended"),
        };
        self.stage = Stage::Ended;
        Poll::Ready(result)
    }
}

fn start<M: Method<A>, A: ?Sized + Callable>(call: Call<'_, M, A>) -> Result<Stage<'_, M, A>, SystemError> {
    let Call { target, args, options } = call;
    let Some(local) = target.as_local() else {
        return Ok(Stage::Remote(Box::pin(remote::<M, A>(target, args, options))));
    };
    let args = if M::INFO.is_async() {
        args
    } else {
        let mut args = Some(args);
        let open = &mut || Ok(Opened { parent: None, ..options.open_one_way(target.system())? });
        let tried = local.0.try_run(M::INFO, open, &mut |actor, context| {
            if let Some(args) = args.take() {
                now_or_never(M::invoke(actor, context, args));
            }
        });
        match (tried, args) {
            (Tried::NotNow, Some(args)) => args,
            (Tried::Refused(error), _) => return Err(error),
            (Tried::Panicked(message), _) => {
                let error = SystemError::Panicked { method: M::INFO.name().into(), message };
                report(target.system(), DeadLetter::new(target.id().to_string(), M::INFO.name(), error));
                return Ok(Stage::Ended);
            }
            (Tried::Ran | Tried::NotNow, _) => return Ok(Stage::Ended),
        }
    };
    let Opened { deadline, timeout, trace, .. } = options.open_one_way(target.system())?;
    let job = Job {
        method: Some(M::INFO),
        work: work::<M, A>(args, |_| {}),
        answer: None,
        parent: None,
        trace,
        deadline: Some(deadline),
        timeout,
        cancel: None,
        redirects: 0,
    };
    match local.0.enqueue(job, true) {
        Ok(Enqueued::Waiting(ticket)) => {
            Ok(Stage::Waiting(Waiting { target, ticket, deadline, timeout, expiry: None, admitted: false }))
        }
        Ok(Enqueued::Started) => Ok(Stage::Ended),
        Err(refused) => Err(refused.error),
    }
}

impl<A: ?Sized + Callable> Waiting<'_, A> {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), SystemError>> {
        let Some(local) = self.target.as_local() else { return Poll::Ready(Ok(())) };
        if self.ticket.poll_admitted(local, cx.waker()).is_ready() {
            self.admitted = true;
            return Poll::Ready(Ok(()));
        }
        let expiry = self.expiry.get_or_insert_with(|| self.target.system().sleep_until(self.deadline));
        ready!(expiry.as_mut().poll(cx));
        Poll::Ready(if self.ticket.withdraw(local) {
            Err(SystemError::Deadline { after: self.timeout, outcome: Outcome::NotExecuted })
        } else {
            self.admitted = true;
            Ok(())
        })
    }
}

impl<A: ?Sized + Callable> Drop for Waiting<'_, A> {
    fn drop(&mut self) {
        if !self.admitted
            && let Some(local) = self.target.as_local()
        {
            self.ticket.withdraw(local);
        }
    }
}

async fn remote<M: Method<A>, A: ?Sized + Callable>(
    target: &Target<A>,
    args: M::Args,
    options: CallOptions,
) -> Result<(), FailureOf<A>> {
    let system = target.system();
    let Opened { deadline, timeout, trace, .. } = options.open_one_way(system)?;
    let encoder = record::<M, A>(system, &args)?;
    let call = RemoteCall { timeout, deadline, parent: None, trace };
    system.remote_call_void(target.id(), M::INFO, encoder, call).await
}

impl<M: Method<A>, A: ?Sized + Callable> fmt::Debug for Cast<'_, M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cast").field("method", &M::INFO.name()).finish_non_exhaustive()
    }
}
