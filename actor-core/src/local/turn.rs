//! One job whose turn has come: what surrounds it, who waits for it, and what makes it end before its time.

use std::{
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    time::{Duration, Instant},
};

use super::{
    contain::{contain, drop_contained},
    job::{Answer, Job, Work},
    now,
    seat::{Seat, call_span},
};
use crate::{
    ActorSystem, BoxFuture, CallScope, CancelToken, DistributedActor, MethodInfo, Outcome, SystemError, call::Opened,
    scope::within,
};

/// A job that runs. Dropped before it has ended, it tells its caller that the actor was stopped.
pub(super) struct Turn<'a, A: DistributedActor> {
    seat: &'a Seat<A>,
    /// None for the work of `when_local`.
    method: Option<&'static MethodInfo>,
    /// Who waits for it; none for a one-way call.
    answer: Option<Arc<dyn Answer>>,
    is_over: bool,
    /// The call, where others can descend from it.
    scope: Option<CallScope>,
    span: tracing::Span,
    /// Whether it was polled before.
    begun: bool,
    /// Set for a call from elsewhere that does not run to completion regardless.
    cancel: Option<CancelToken>,
    deadline: Option<Instant>,
    timeout: Duration,
    /// Set while it is waited for.
    expiry: Option<BoxFuture<'static, ()>>,
}

/// Why a job did not run to its end.
pub(super) enum Cut {
    Panicked(Option<Box<str>>),
    GivenUp(SystemError),
    StoppedNow,
}

impl<'a, A: DistributedActor> Turn<'a, A> {
    /// Begins `job`. `None` if nobody wants it any more, which its caller has been told then.
    pub(super) fn of(seat: &'a Seat<A>, job: Job<A>) -> Option<(Self, Work<A>)> {
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
        let mut turn = Self {
            seat,
            method,
            answer,
            is_over: false,
            scope: None,
            span: tracing::Span::none(),
            begun: false,
            cancel: cancel.filter(|_| !method.is_some_and(MethodInfo::completes)),
            deadline,
            timeout,
            expiry: None,
        };
        if let Err(error) = wanted {
            match error {
                Some(error) => turn.fail(error),
                None => turn.is_over = true,
            }
            drop_contained(work);
            return None;
        }
        if let Some(method) = method {
            if let Some(deadline) = deadline
                && (method.is_async() || method.uses_context())
            {
                turn.scope = seat.open_scope(method, Opened { deadline, timeout, parent, trace });
            }
            turn.span = call_span(method, &seat.id, || trace).unwrap_or_else(tracing::Span::none);
        }
        Some((turn, work))
    }

    pub(super) fn seat(&self) -> &'a Seat<A> {
        self.seat
    }

    /// What is run; none for the work of `when_local`.
    pub(super) fn method(&self) -> Option<&'static MethodInfo> {
        self.method
    }

    /// The call, where others can descend from it.
    pub(super) fn scope(&self) -> Option<&CallScope> {
        self.scope.as_ref()
    }

    /// Runs what is no future.
    pub(super) fn run(&mut self, run: impl FnOnce()) -> Result<(), Cut> {
        let started = now();
        let ran = self.surround(run);
        self.measured(started);
        ran.map_err(Cut::Panicked)
    }

    /// Polls its future. `stopped` is asked whether all of the actor shall end.
    pub(super) fn poll(
        &mut self,
        future: &mut BoxFuture<'_, ()>,
        stopped: impl Fn(&Waker) -> bool,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), Cut>> {
        if self.begun
            && let Some(cut) = self.cut(&stopped, cx)
        {
            return Poll::Ready(Err(cut));
        }
        let started = now();
        let polled = self.surround(|| future.as_mut().poll(cx));
        let first = !std::mem::replace(&mut self.begun, true);
        if first {
            self.measured(started);
        }
        match polled {
            Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
            Ok(Poll::Pending) if first => match self.cut(&stopped, cx) {
                Some(cut) => Poll::Ready(Err(cut)),
                None => Poll::Pending,
            },
            Ok(Poll::Pending) => Poll::Pending,
            Err(message) => Poll::Ready(Err(Cut::Panicked(message))),
        }
    }

    /// Drops its future. Given up half-way, the method's locals go now, as if it had returned.
    pub(super) fn drop_future(&mut self, future: BoxFuture<'_, ()>, ran: Result<(), Cut>) -> Result<(), Cut> {
        let dropped = self.surround(|| drop(future));
        match (ran, dropped) {
            (Err(Cut::GivenUp(_) | Cut::StoppedNow), Err(message)) => Err(Cut::Panicked(message)),
            (ran, _) => ran,
        }
    }

    /// It has ended; whoever waits for it is told how, unless it has answered.
    pub(super) fn end(mut self, ran: Result<(), Cut>) -> TurnEnd {
        match ran {
            Ok(()) => {
                self.is_over = true;
                TurnEnd::Done
            }
            Err(Cut::GivenUp(error)) => {
                self.fail(error);
                TurnEnd::Done
            }
            Err(Cut::StoppedNow) => TurnEnd::StoppedNow,
            Err(Cut::Panicked(message)) => {
                let method = self.method.map_or("when_local", MethodInfo::name).into();
                self.fail(SystemError::Panicked { method, message });
                TurnEnd::Panicked
            }
        }
    }

    /// Runs `run` as a part of the call.
    fn surround<R>(&mut self, run: impl FnOnce() -> R) -> Result<R, Option<Box<str>>> {
        let scope = &mut self.scope;
        self.span.in_scope(|| within(scope, || contain(run)))
    }

    /// The method has run, or come to its first await.
    fn measured(&self, started: Instant) {
        if let Some(method) = self.method {
            self.seat.measured(method, now().saturating_duration_since(started));
        }
    }

    /// What makes a pending method end before its time.
    fn cut(&mut self, stopped: impl Fn(&Waker) -> bool, cx: &mut TaskContext<'_>) -> Option<Cut> {
        if stopped(cx.waker()) {
            return Some(Cut::StoppedNow);
        }
        let cancel = self.cancel.as_ref()?;
        if cancel.poll(cx.waker()) {
            return Some(Cut::GivenUp(SystemError::Cancelled));
        }
        let deadline = self.deadline?;
        let expiry = self.expiry.get_or_insert_with(|| self.seat.system.sleep_until(deadline));
        match expiry.as_mut().poll(cx) {
            Poll::Ready(()) => {
                Some(Cut::GivenUp(SystemError::Deadline { after: self.timeout, outcome: Outcome::Unknown }))
            }
            Poll::Pending => None,
        }
    }

    /// It has come to nothing.
    fn fail(&mut self, error: SystemError) {
        self.is_over = true;
        match self.answer.take() {
            Some(answer) => answer.fail(error),
            None => self.seat.dead_letter(self.method, error),
        }
    }
}

impl<A: DistributedActor> Drop for Turn<'_, A> {
    fn drop(&mut self) {
        if !self.is_over {
            self.fail(SystemError::ActorStopped { outcome: Outcome::Unknown });
        }
    }
}

/// What the end of one job means for its actor.
pub(super) enum TurnEnd {
    /// It goes on.
    Done,
    /// It ends with the job.
    Panicked,
    /// It was asked to end.
    StoppedNow,
}
