//! What an actor does later: delayed and periodic work of its own.

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
    time::{Duration, Instant},
};

use super::{
    after,
    hooks::job,
    job::{Job, Work},
    later, now,
    port::WeakLocal,
    reply_cell::ReplyCell,
};
use crate::{ActorSystem, CancelToken, Context, DistributedActor, Never, SystemError};

/// Work that an actor does later.
#[derive(Clone)]
pub struct Timer(CancelToken);

impl Timer {
    /// It is not done any more, unless it is in the actor's queue already. Dropping a timer changes nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer")
    }
}

impl<A: DistributedActor> Context<A> {
    /// Runs `run` on the actor's state when so much time has passed, and its turn comes. The timer ends with the actor,
    /// which it does not keep alive, and with its state where that is replaced.
    pub fn after(&self, delay: Duration, run: impl FnOnce(&mut A, &Context<A>) + Send + 'static) -> Timer {
        let mut run = Some(run);
        self.tick(after(delay), None, move |actor, context| {
            if let Some(run) = run.take() {
                run(actor, context);
            }
        })
    }

    /// The same again and again, for the first time when `period` has passed. Where the actor is late, or the work takes
    /// longer than a period, the times in between are left out: it is never in the queue twice.
    pub fn every(&self, period: Duration, run: impl FnMut(&mut A, &Context<A>) + Send + 'static) -> Timer {
        self.tick(after(period), Some(period), run)
    }

    fn tick(
        &self,
        first: Instant,
        period: Option<Duration>,
        run: impl FnMut(&mut A, &Context<A>) + Send + 'static,
    ) -> Timer {
        let cancel = CancelToken::new();
        self.keep_token(cancel.clone());
        let (system, me, token) = (self.system().clone(), self.me(), cancel.clone());
        let run = Arc::new(Mutex::new(run));
        let ticks = async move {
            let mut next = Some(first);
            while let Some(at) = next {
                if !sleep(&system, at, &token).await || !done(&me, &run).await {
                    break;
                }
                next = period.map(|period| next_tick(at, period));
            }
            // Its entry can go.
            token.cancel();
        };
        drop(self.system().execute(Box::pin(ticks)));
        Timer(cancel)
    }
}

/// False if it was cancelled.
async fn sleep<S: ActorSystem>(system: &S, until: Instant, token: &CancelToken) -> bool {
    let mut sleep = system.sleep_until(until);
    poll_fn(|cx| if token.poll(cx.waker()) { Poll::Ready(false) } else { sleep.as_mut().poll(cx).map(|()| true) }).await
}

/// Has the actor do it. False if it has ended.
async fn done<A: DistributedActor, F>(me: &WeakLocal<A>, run: &Arc<Mutex<F>>) -> bool
where
    F: FnMut(&mut A, &Context<A>) + Send + 'static,
{
    let Some(actor) = me.upgrade() else { return false };
    let cell = Arc::new(ReplyCell::<(), Never, SystemError>::new());
    let (told, run) = (cell.clone(), run.clone());
    let work = Work::Now(Box::new(move |actor: &mut A, context: &Context<A>| {
        run.lock().unwrap_or_else(|poisoned| poisoned.into_inner())(actor, context);
        told.fill(Ok(()));
    }));
    actor.0.notify(Job { answer: Some(cell.clone()), ..job(work) });
    // It does not keep the actor alive while it waits: what is queued does.
    drop(actor);
    poll_fn(|cx| cell.poll(cx.waker())).await.is_ok()
}

/// The first time after `at`, by whole periods, that is not over.
fn next_tick(at: Instant, period: Duration) -> Instant {
    let late = now().saturating_duration_since(at).as_nanos();
    let period = period.max(Duration::from_millis(1));
    let periods = u32::try_from(late / period.as_nanos()).unwrap_or(u32::MAX).saturating_add(1);
    later(at, period.saturating_mul(periods))
}
