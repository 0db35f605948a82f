//! The task of an actor that has something to do: it lives until the mailbox is empty.

use std::{future::poll_fn, sync::Arc, task::Poll};

use super::{
    hooks,
    interleaving::Interleaving,
    job::{Job, RunAsync, RunNow, Work},
    mailbox::Next,
    seat::{Seat, State},
    turn::{Cut, Turn, TurnEnd},
};
use crate::{ActorSystem, Context, DistributedActor, Outcome, SystemError, Terminated};

/// Short methods that count as one that is not. An activity that pauses lets every caller queue that its thread has: with
/// a pause after as many short methods as there are callers, they never find the actor idle again.
const SHORT_TO_LONG: usize = 8;

/// An actor at work. Dropped before its end (its runtime was shut down), it ends the actor.
pub(super) struct Activity<A: DistributedActor> {
    seat: Arc<Seat<A>>,
    /// The first job, until it is its turn.
    first: Option<Job<A>>,
    over: bool,
}

impl<A: DistributedActor> Activity<A> {
    pub(super) fn new(seat: Arc<Seat<A>>, first: Option<Job<A>>) -> Self {
        Self { seat, first, over: false }
    }

    /// Runs the first job and then what waits in the mailbox. With `inline` the first job is polled on its caller's
    /// task, which nothing but that job may hold up.
    pub(super) async fn run(mut self, mut state: Box<State<A>>, mut inline: bool) {
        let limit = self.seat.system.settings().activity_length_max.max(1);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(SHORT_TO_LONG);
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
                        self.seat.mailbox.begins(false);
                        yield_now().await;
                        continue;
                    }
                    Next::Idle => return self.over = true,
                    Next::Stop(mut returned) => {
                        if A::HAS_ON_STOP {
                            self.seat.begins_to_stop();
                            self.seat.note_linked_end(&returned.context);
                            let mailbox = &self.seat.mailbox;
                            hooks::stop(&mut returned, |waker| mailbox.poll_stop_now(waker)).await;
                        }
                        return self.finish(returned, Terminated::Stopped);
                    }
                },
            };
            handled += if self.seat.begins(&job) { 1 } else { SHORT_TO_LONG };
            let Some((turn, work)) = Turn::of(&self.seat, job) else { continue };
            let end = match work {
                Work::Now(run) => run_now(&mut state, turn, run),
                Work::Async(run) => run_alone(&mut state, turn, run).await,
                Work::Shared(work) => {
                    let bounds = (handled / SHORT_TO_LONG, limit / SHORT_TO_LONG);
                    let (end, jobs) = Interleaving::new(&mut state, (turn, work), inline, bounds).await;
                    handled = jobs * SHORT_TO_LONG;
                    end
                }
            };
            match end {
                TurnEnd::Done => {}
                TurnEnd::Panicked => return self.finish(state, Terminated::Panicked),
                TurnEnd::StoppedNow => return self.finish(state, Terminated::Stopped),
            }
        }
    }

    fn finish(&mut self, state: Box<State<A>>, how: Terminated) {
        self.over = true;
        self.seat.finish(Some(state), how);
    }
}

/// Runs a `fn`.
fn run_now<A: DistributedActor>(state: &mut State<A>, mut turn: Turn<'_, A>, run: Box<RunNow<A>>) -> TurnEnd {
    let State { actor, context } = state;
    enter(context, &turn);
    let ran = turn.run(|| run(actor, context));
    context.scope = None;
    note_panic(context, &turn, &ran);
    turn.end(ran)
}

/// Runs an `async fn` that has the actor for itself.
async fn run_alone<A: DistributedActor>(state: &mut State<A>, mut turn: Turn<'_, A>, run: Box<RunAsync<A>>) -> TurnEnd {
    let State { actor, context } = state;
    enter(context, &turn);
    let seat = turn.seat();
    let mut future = run(actor, context);
    let ran = poll_fn(|cx| turn.poll(&mut future, |waker| seat.mailbox.poll_stop_now(waker), cx)).await;
    let ran = turn.drop_future(future, ran);
    context.scope = None;
    note_panic(context, &turn, &ran);
    turn.end(ran)
}

/// Remembers which method has ended the actor.
fn note_panic<A: DistributedActor>(context: &Context<A>, turn: &Turn<'_, A>, ran: &Result<(), Cut>) {
    if let Err(Cut::Panicked(text)) = ran {
        context.panicked(turn.method(), text.as_deref());
    }
}

/// Makes the call that runs known to the mailbox and to the method.
fn enter<A: DistributedActor>(context: &mut Context<A>, turn: &Turn<'_, A>) {
    if let Some(scope) = turn.scope() {
        turn.seat().mailbox.set_running(scope.call());
    }
    context.scope = turn.scope().cloned();
}

impl<A: DistributedActor> Drop for Activity<A> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if let Some(job) = self.first.take() {
            self.seat.refuse(job, SystemError::ActorStopped { outcome: Outcome::NotExecuted });
        }
        self.seat.finish(None, Terminated::Stopped);
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
