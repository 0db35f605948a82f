//! The methods of a reentrant actor that are pending together: one task polls them, so that one runs at a time.

use std::{
    pin::Pin,
    task::{Context as TaskContext, Poll, Waker},
};

use super::{
    futures::{Futures, Reserved},
    job::Work,
    mailbox::NextShared,
    seat::{Seat, State},
    shared::{Lent, SharedWork},
    turn::{Cut, Turn, TurnEnd},
};
use crate::{BoxFuture, CallScope, Context, DistributedActor};

/// Runs one job that may interleave, and all that may run beside it, until none is left. Its output says what this
/// means for the actor, and how many jobs it has handled since it last let others of its thread run.
///
/// Dropped before, it tells the callers of what is pending that the actor was stopped.
pub(super) struct Interleaving<'a, A: DistributedActor> {
    seat: &'a Seat<A>,
    actor: Lent<'a, A>,
    context: &'a Context<A>,
    /// The job that it begins with, until its first poll.
    first: Option<Pending<'a, A>>,
    /// Whether the first poll is on the caller's task, which nothing but that job may hold up.
    inline: bool,
    futures: Futures<Pending<'a, A>>,
    handled: usize,
    /// How many jobs are begun, and how many polled again, before others of the thread run.
    handled_max: usize,
}

impl<'a, A: DistributedActor> Interleaving<'a, A> {
    /// Begins with `work`, whose turn has come.
    pub(super) fn new(
        state: &'a mut State<A>,
        (turn, work): (Turn<'a, A>, SharedWork<A>),
        inline: bool,
        (handled, handled_max): (usize, usize),
    ) -> Self {
        let State { actor, context } = &*state;
        let (seat, actor) = (turn.seat(), work.lend(actor));
        let first = Some(Pending::new(turn, work, actor, context));
        Self { seat, actor, context, first, inline, futures: Futures::new(), handled, handled_max }
    }

    /// What goes on beside the first job. `Some` if the actor shall end.
    fn poll_others(&mut self, cx: &mut TaskContext<'_>) -> Option<TurnEnd> {
        // Those that are woken from now on, perhaps by themselves, wait for the next poll.
        let woken = self.futures.listen(cx.waker());
        if woken > self.handled_max {
            cx.waker().wake_by_ref();
        }
        for _ in 0..woken.min(self.handled_max) {
            let Some((pending, place, waker)) = self.futures.next_woken() else { break };
            if let Some(end) = self.poll_one(pending, place, &waker) {
                return Some(end);
            }
        }
        while self.handled < self.handled_max {
            let job = match self.seat.mailbox.next_shared(self.futures.len(), cx.waker()) {
                NextShared::Job(job) => job,
                NextShared::None => return None,
                NextShared::StopNow => return Some(TurnEnd::StoppedNow),
            };
            self.handled += 1;
            let Some((turn, Work::Shared(work))) = Turn::of(self.seat, job) else { continue };
            if let Some(end) = self.begin(Pending::new(turn, work, self.actor, self.context)) {
                return Some(end);
            }
        }
        cx.waker().wake_by_ref();
        None
    }

    fn begin(&mut self, pending: Pending<'a, A>) -> Option<TurnEnd> {
        let (place, waker) = self.futures.reserve();
        self.poll_one(pending, place, &waker)
    }

    /// `Some` if the actor shall end.
    fn poll_one(&mut self, mut pending: Pending<'a, A>, place: Reserved, waker: &Waker) -> Option<TurnEnd> {
        match pending.poll(&mut TaskContext::from_waker(waker)) {
            Poll::Pending => {
                self.futures.settle(place, Some(pending));
                None
            }
            Poll::Ready(ran) => {
                self.futures.settle(place, None);
                match pending.end(ran) {
                    TurnEnd::Done => None,
                    end => Some(end),
                }
            }
        }
    }
}

/// Nothing in it is structurally pinned.
impl<A: DistributedActor> Unpin for Interleaving<'_, A> {}

impl<A: DistributedActor> Future for Interleaving<'_, A> {
    type Output = (TurnEnd, usize);

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let inline = std::mem::take(&mut this.inline);
        let mut end = None;
        if let Some(first) = this.first.take() {
            this.futures.listen(cx.waker());
            end = this.begin(first);
        }
        if end.is_none() && !inline {
            end = this.poll_others(cx);
        }
        match end {
            Some(end) => {
                // Whoever waits for those learns it before the actor's end is announced.
                this.futures = Futures::new();
                Poll::Ready((end, this.handled))
            }
            None if this.futures.len() == 0 => Poll::Ready((TurnEnd::Done, this.handled)),
            None => {
                this.handled = 0;
                Poll::Pending
            }
        }
    }
}

/// One job that has begun.
struct Pending<'a, A: DistributedActor> {
    /// None once it has ended.
    parts: Option<(BoxFuture<'a, ()>, Turn<'a, A>)>,
    seat: &'a Seat<A>,
    call: Option<u64>,
}

impl<'a, A: DistributedActor> Pending<'a, A> {
    fn new(turn: Turn<'a, A>, work: SharedWork<A>, actor: Lent<'a, A>, context: &'a Context<A>) -> Self {
        let (seat, call) = (turn.seat(), turn.scope().map(CallScope::call));
        seat.mailbox.begin_shared(call);
        let future = work.run(actor, context.for_call(turn.scope().cloned()));
        Self { parts: Some((future, turn)), seat, call }
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Cut>> {
        match &mut self.parts {
            // All of the actor is asked about once, not for each of them.
            Some((future, turn)) => turn.poll(future, |_| false, cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn end(mut self, ran: Result<(), Cut>) -> TurnEnd {
        match self.parts.take() {
            Some((future, mut turn)) => {
                let ran = turn.drop_future(future, ran);
                turn.end(ran)
            }
            None => TurnEnd::Done,
        }
    }
}

impl<A: DistributedActor> Drop for Pending<'_, A> {
    fn drop(&mut self) {
        if let Some((future, mut turn)) = self.parts.take() {
            // A panic of its locals is reported, and changes nothing: the actor ends.
            drop(turn.drop_future(future, Err(Cut::StoppedNow)));
        }
        if let Some(call) = self.call {
            self.seat.mailbox.end_shared(call);
        }
    }
}
