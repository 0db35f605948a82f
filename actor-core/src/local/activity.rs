//! The task of an actor that has something to do: it lives until the mailbox is empty.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
};

use super::{
    job::{Answer, Job, Work},
    mailbox::Next,
    now,
    seat::{Seat, State, abandon, call_span},
};
use crate::{
    ActorSystem, CancelToken, DistributedActor, MethodInfo, Outcome, SystemError, Terminated, call::Opened,
    scope::within,
};

/// An actor at work. Dropped before its end (its runtime was shut down), it ends the actor.
pub(super) struct Activity<A: DistributedActor> {
    seat: Arc<Seat<A>>,
    /// Who waits for the job that runs.
    answer: Option<Arc<dyn Answer>>,
    over: bool,
}

/// How one job ended.
enum JobEnd {
    Done,
    Panicked,
    StoppedNow,
}

impl<A: DistributedActor> Activity<A> {
    /// Runs `first` and then what waits in the mailbox. With `inline` the first job is polled on its caller's task,
    /// which nothing but that job may hold up.
    pub(super) async fn run(seat: Arc<Seat<A>>, state: Box<State<A>>, first: Option<Job<A>>, mut inline: bool) {
        let mut this = Self { seat, answer: None, over: false };
        let mut state = state;
        let mut waiting = first;
        let mut handled = 0;
        let limit = this.seat.system().settings().activity_length_max.max(1);
        loop {
            let job = match waiting.take() {
                Some(job) => job,
                None => match this.seat.mailbox.next(state) {
                    Next::Job(returned, job) => {
                        state = returned;
                        if inline {
                            inline = false;
                            to_own_task().await;
                        } else if handled >= limit {
                            handled = 0;
                            yield_now().await;
                        }
                        job
                    }
                    Next::Idle => return this.over = true,
                    Next::Stop(returned) => return this.finish(returned, Terminated::Stopped),
                },
            };
            handled += 1;
            this.answer.clone_from(&job.answer);
            match this.run_job(&mut state, job).await {
                JobEnd::Done => this.answer = None,
                JobEnd::Panicked => return this.finish(state, Terminated::Panicked),
                JobEnd::StoppedNow => {
                    abandon(this.answer.take().as_ref());
                    return this.finish(state, Terminated::Stopped);
                }
            }
        }
    }

    fn finish(&mut self, state: Box<State<A>>, how: Terminated) {
        self.over = true;
        self.seat.finish(Some(state), how);
    }

    async fn run_job(&self, state: &mut State<A>, job: Job<A>) -> JobEnd {
        let Job { method, work, answer, parent, trace, deadline, timeout, cancel } = job;
        let unwanted = || SystemError::Deadline { after: timeout, outcome: Outcome::NotExecuted };
        if let Some(answer) = &answer {
            if cancel.as_ref().is_some_and(CancelToken::is_cancelled) {
                answer.fail(SystemError::Cancelled);
                return JobEnd::Done;
            }
            if cancel.is_some() && deadline.is_some_and(|deadline| deadline <= now()) {
                answer.fail(unwanted());
                return JobEnd::Done;
            }
            if !answer.begin() {
                return JobEnd::Done;
            }
        }
        let is_async = matches!(work, Work::Async(_));
        let mut scope = match (method, deadline) {
            (Some(method), Some(deadline)) if is_async || method.uses_context() => {
                self.seat.open_scope(method, Opened { deadline, timeout, parent, trace })
            }
            _ => None,
        };
        if let Some(scope) = &scope {
            self.seat.mailbox.set_running(scope.call());
        }
        state.context.scope.clone_from(&scope);
        let span = match method {
            Some(method) => call_span(method, state.context.id(), scope.as_ref()),
            None => tracing::Span::none(),
        };
        let State { actor, context } = state;
        let ran = match work {
            Work::Now(run) => {
                let started = now();
                let ran =
                    span.in_scope(|| within(&mut scope, || catch_unwind(AssertUnwindSafe(|| run(actor, context)))));
                self.measured(method, started);
                ran.map_err(|payload| Ended::Panicked(panic_text(&*payload)))
            }
            Work::Async(run) => {
                let mut future = run(actor, context);
                let give_up =
                    GiveUp { cancel: cancel.filter(|_| !method.is_some_and(MethodInfo::completes)), deadline };
                let mut expiry = None;
                let mut measured = false;
                poll_fn(|cx| {
                    if measured && let Some(end) = give_up.poll(&self.seat, &mut expiry, cx) {
                        return Poll::Ready(Err(end));
                    }
                    let started = now();
                    let polled = span.in_scope(|| {
                        within(&mut scope, || catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))))
                    });
                    let first = !std::mem::replace(&mut measured, true);
                    if first {
                        self.measured(method, started);
                    }
                    match polled {
                        Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
                        Ok(Poll::Pending) => match give_up.poll(&self.seat, &mut expiry, cx) {
                            Some(end) if first => Poll::Ready(Err(end)),
                            _ => Poll::Pending,
                        },
                        Err(payload) => Poll::Ready(Err(Ended::Panicked(panic_text(&*payload)))),
                    }
                })
                .await
            }
        };
        state.context.scope = None;
        match ran {
            Ok(()) => JobEnd::Done,
            Err(Ended::GivenUp(error)) => {
                if let Some(answer) = answer {
                    answer.fail(error);
                }
                JobEnd::Done
            }
            Err(Ended::StoppedNow) => JobEnd::StoppedNow,
            Err(Ended::Panicked(message)) => {
                let error =
                    SystemError::Panicked { method: method.map_or("when_local", MethodInfo::name).into(), message };
                match answer {
                    Some(answer) => answer.fail(error),
                    None => self.seat.dead_letter(method, error),
                }
                JobEnd::Panicked
            }
        }
    }

    fn measured(&self, method: Option<&'static MethodInfo>, started: std::time::Instant) {
        if let Some(method) = method {
            let elapsed = now().saturating_duration_since(started);
            self.seat.mailbox.record(method.position(), A::METHODS.len(), elapsed);
        }
    }
}

impl<A: DistributedActor> Drop for Activity<A> {
    fn drop(&mut self) {
        if !self.over {
            abandon(self.answer.take().as_ref());
            self.seat.finish(None, Terminated::Stopped);
        }
    }
}

/// Why a job did not run to its end.
enum Ended {
    Panicked(Option<Box<str>>),
    GivenUp(SystemError),
    StoppedNow,
}

/// What makes a pending method end before its time.
struct GiveUp {
    /// Set for a call from elsewhere that does not run to completion regardless.
    cancel: Option<CancelToken>,
    deadline: Option<std::time::Instant>,
}

impl GiveUp {
    fn poll<A: DistributedActor>(
        &self,
        seat: &Seat<A>,
        expiry: &mut Option<crate::BoxFuture<'static, ()>>,
        cx: &mut std::task::Context<'_>,
    ) -> Option<Ended> {
        if seat.mailbox.poll_stop_now(cx.waker()) {
            return Some(Ended::StoppedNow);
        }
        let cancel = self.cancel.as_ref()?;
        if cancel.poll(cx.waker()) {
            return Some(Ended::GivenUp(SystemError::Cancelled));
        }
        let deadline = self.deadline?;
        let expiry = expiry.get_or_insert_with(|| seat.system().sleep_until(deadline));
        match expiry.as_mut().poll(cx) {
            Poll::Ready(()) => {
                let after = std::time::Duration::ZERO;
                Some(Ended::GivenUp(SystemError::Deadline { after, outcome: Outcome::Unknown }))
            }
            Poll::Pending => None,
        }
    }
}

/// Pending once, without a wake: whoever polled inline hands the activity to a task, which polls it anew.
async fn to_own_task() {
    let mut polled = false;
    poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Lets the other tasks of this thread run.
async fn yield_now() {
    let mut polled = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

pub(super) fn panic_text(payload: &(dyn Any + Send)) -> Option<Box<str>> {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return Some((*text).into());
    }
    payload.downcast_ref::<String>().map(|text| text.as_str().into())
}
