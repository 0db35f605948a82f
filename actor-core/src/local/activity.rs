//! The task of an actor that has something to do: it lives until the mailbox is empty.

use std::{future::poll_fn, sync::Arc, task::Poll};

use super::{
    contain::{contain, drop_contained},
    job::{Answer, Job, Work},
    mailbox::Next,
    now,
    seat::{Seat, State, call_span},
};
use crate::{
    ActorSystem, CancelToken, DistributedActor, MethodInfo, Outcome, SystemError, Terminated, call::Opened,
    scope::within,
};

/// An actor at work. Dropped before its end (its runtime was shut down), it ends the actor.
pub(super) struct Activity<A: DistributedActor> {
    seat: Arc<Seat<A>>,
    /// The first job, until it is its turn.
    first: Option<Job<A>>,
    running: Option<Running>,
    over: bool,
}

/// Whose failure it is if the running job comes to nothing.
struct Running {
    method: Option<&'static MethodInfo>,
    /// Who waits for it; none for a one-way call.
    answer: Option<Arc<dyn Answer>>,
}

/// How one job ended.
enum JobEnd {
    Done,
    Panicked,
    StoppedNow,
}

impl<A: DistributedActor> Activity<A> {
    pub(super) fn new(seat: Arc<Seat<A>>, first: Option<Job<A>>) -> Self {
        Self { seat, first, running: None, over: false }
    }

    /// Runs the first job and then what waits in the mailbox. With `inline` the first job is polled on its caller's
    /// task, which nothing but that job may hold up.
    pub(super) async fn run(mut self, mut state: Box<State<A>>, mut inline: bool) {
        let limit = self.seat.system().settings().activity_length_max.max(1);
        let mut handled = 0;
        loop {
            let job = match self.first.take() {
                Some(job) => job,
                None => match self.seat.mailbox.next(state, inline || handled >= limit) {
                    Next::Job(returned, job) => {
                        state = returned;
                        job
                    }
                    Next::Pause(returned) => {
                        state = returned;
                        (inline, handled) = (false, 0);
                        yield_now().await;
                        continue;
                    }
                    Next::Idle => return self.over = true,
                    Next::Stop(returned) => return self.finish(returned, Terminated::Stopped),
                },
            };
            handled += 1;
            match self.run_job(&mut state, job).await {
                JobEnd::Done => self.running = None,
                JobEnd::Panicked => return self.finish(state, Terminated::Panicked),
                JobEnd::StoppedNow => {
                    self.fail(SystemError::ActorStopped { outcome: Outcome::Unknown });
                    return self.finish(state, Terminated::Stopped);
                }
            }
        }
    }

    fn finish(&mut self, state: Box<State<A>>, how: Terminated) {
        self.over = true;
        self.seat.finish(Some(state), how);
    }

    /// The running job has come to nothing.
    fn fail(&mut self, error: SystemError) {
        match self.running.take() {
            Some(Running { answer: Some(answer), .. }) => answer.fail(error),
            Some(Running { method, answer: None }) => self.seat.dead_letter(method, error),
            None => {}
        }
    }

    async fn run_job(&mut self, state: &mut State<A>, job: Job<A>) -> JobEnd {
        let Job { method, work, answer, parent, trace, deadline, timeout, cancel, redirects: _ } = job;
        let wanted = match &answer {
            // Nobody here waits for it: a call from elsewhere, or a one-way call.
            _ if (cancel.is_some() || answer.is_none()) && deadline.is_some_and(|deadline| deadline <= now()) => {
                Err(Some(SystemError::Deadline { after: timeout, outcome: Outcome::NotExecuted }))
            }
            _ if cancel.as_ref().is_some_and(CancelToken::is_cancelled) => Err(Some(SystemError::Cancelled)),
            Some(answer) if !answer.begin() => Err(None),
            _ => Ok(()),
        };
        self.running = Some(Running { method, answer });
        if let Err(error) = wanted {
            if let Some(error) = error {
                self.fail(error);
            }
            drop_contained(work);
            return JobEnd::Done;
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
            Some(method) => call_span(method, state.context.id(), || trace),
            None => tracing::Span::none(),
        };
        let State { actor, context } = state;
        let ran = match work {
            Work::Now(run) => {
                let started = now();
                let ran = span.in_scope(|| within(&mut scope, || contain(|| run(actor, context))));
                measured(&self.seat, method, started);
                ran.map_err(Ended::Panicked)
            }
            Work::Async(run) => {
                let mut future = run(actor, context);
                let cancel = cancel.filter(|_| !method.is_some_and(MethodInfo::completes));
                let give_up = GiveUp { cancel, deadline, timeout };
                let mut expiry = None;
                let mut begun = false;
                let ran = poll_fn(|cx| {
                    if begun && let Some(end) = give_up.poll(&self.seat, &mut expiry, cx) {
                        return Poll::Ready(Err(end));
                    }
                    let started = now();
                    let polled = span.in_scope(|| within(&mut scope, || contain(|| future.as_mut().poll(cx))));
                    let first = !std::mem::replace(&mut begun, true);
                    if first {
                        measured(&self.seat, method, started);
                    }
                    match polled {
                        Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
                        Ok(Poll::Pending) => match give_up.poll(&self.seat, &mut expiry, cx) {
                            Some(end) if first => Poll::Ready(Err(end)),
                            _ => Poll::Pending,
                        },
                        Err(message) => Poll::Ready(Err(Ended::Panicked(message))),
                    }
                })
                .await;
                // Given up half-way, the method's locals go now, as if it had returned.
                let dropped = span.in_scope(|| within(&mut scope, || contain(|| drop(future))));
                match (ran, dropped) {
                    (Err(Ended::GivenUp(_) | Ended::StoppedNow), Err(message)) => Err(Ended::Panicked(message)),
                    (ran, _) => ran,
                }
            }
        };
        state.context.scope = None;
        match ran {
            Ok(()) => JobEnd::Done,
            Err(Ended::GivenUp(error)) => {
                self.fail(error);
                JobEnd::Done
            }
            Err(Ended::StoppedNow) => JobEnd::StoppedNow,
            Err(Ended::Panicked(message)) => {
                let method = method.map_or("when_local", MethodInfo::name).into();
                self.fail(SystemError::Panicked { method, message });
                JobEnd::Panicked
            }
        }
    }
}

/// The method has run, or come to its first await.
fn measured<A: DistributedActor>(seat: &Seat<A>, method: Option<&'static MethodInfo>, started: std::time::Instant) {
    if let Some(method) = method {
        let elapsed = now().saturating_duration_since(started);
        seat.mailbox.record(method.position(), A::METHODS.len(), elapsed);
    }
}

impl<A: DistributedActor> Drop for Activity<A> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if let Some(job) = self.first.take() {
            self.seat.refuse(job, SystemError::ActorStopped { outcome: Outcome::NotExecuted });
        }
        self.fail(SystemError::ActorStopped { outcome: Outcome::Unknown });
        self.seat.finish(None, Terminated::Stopped);
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
    timeout: std::time::Duration,
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
                Some(Ended::GivenUp(SystemError::Deadline { after: self.timeout, outcome: Outcome::Unknown }))
            }
            Poll::Pending => None,
        }
    }
}

/// Lets the other tasks of this thread run. Polled inline, it ends that: the wake is nobody's, and the activity goes
/// on in a task.
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
