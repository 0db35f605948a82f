//! How an actor's hooks are run.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use super::{
    after,
    contain::contain,
    job::{Answer, Job, Work},
    port::WeakLocal,
    reply_cell::ReplyCell,
    seat::State,
};
use crate::{
    ActorRef, ActorSystem, CallScope, Callable, CancelToken, Context, DistributedActor, Exit, ExitReason, HearsOfEnds,
    Monitor, Never, SystemError,
};

/// The job that starts an actor: the first one in its mailbox.
pub(super) fn start<A: DistributedActor>() -> Job<A> {
    job(Work::Async(Box::new(|actor: &mut A, context| {
        Box::pin(async move {
            run_start(actor, context).await;
        })
    })))
}

/// The same; `told` is filled when the actor has started.
pub(super) fn start_telling<A: DistributedActor>(told: Arc<ReplyCell<(), Never, SystemError>>) -> Job<A> {
    let tell = told.clone();
    let work = Work::Async(Box::new(move |actor: &mut A, context| {
        Box::pin(async move {
            if run_start(actor, context).await {
                tell.fill(Ok(()));
            }
        })
    }));
    Job { answer: Some(told), ..job(work) }
}

/// Whether the actor has started; if not, it ends.
pub(super) async fn run_start<A: DistributedActor>(actor: &mut A, context: &Context<A>) -> bool {
    let started = within_limit(context.system(), named(ON_START, context, actor.__on_start(context))).await;
    let reason = match started {
        Some(Ok(())) => return true,
        Some(Err(reason)) => reason,
        None => {
            let limit = context.system().settings().hook_time_max;
            ExitReason::new(Exit::StartFailed, format_args!("it has not started within {} ms", limit.as_millis()))
        }
    };
    context.end(reason);
    false
}

/// Lets an actor that was asked to stop do so in order, until `given_up` says that it shall at once. One that could not
/// start has nothing to stop.
pub(super) async fn stop<A: DistributedActor>(state: &mut State<A>, given_up: impl Fn(&Waker) -> bool) {
    let State { actor, context } = state;
    let reason = context.exit_reason().unwrap_or_else(|| ExitReason::new(Exit::Stopped, "it was stopped"));
    if reason.exit() == Exit::StartFailed {
        return;
    }
    let context = &*context;
    let mut hook = Box::pin(async { actor.__on_stop(context, &reason).await });
    let contained = poll_fn(|cx| {
        if given_up(cx.waker()) {
            return Poll::Ready(());
        }
        // The panic hook has reported a panic; the actor ends all the same.
        contain(|| hook.as_mut().poll(cx)).unwrap_or(Poll::Ready(()))
    });
    within_limit(context.system(), contained).await;
    // What is given up half-way may panic, too.
    let _ = contain(|| drop(hook));
}

/// The output of `hook`, if it ends within the time that a hook has.
async fn within_limit<S: ActorSystem, T>(system: &S, hook: impl Future<Output = T>) -> Option<T> {
    let mut hook = std::pin::pin!(hook);
    let mut expiry = None;
    let deadline = after(system.settings().hook_time_max);
    poll_fn(|cx| {
        if let Poll::Ready(output) = hook.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        let expiry = expiry.get_or_insert_with(|| system.sleep_until(deadline));
        expiry.as_mut().poll(cx).map(|()| None)
    })
    .await
}

impl<A: DistributedActor + HearsOfEnds> Context<A> {
    /// Has this actor told of another one's end, by its method under `#[on_terminated]`, once; at once if the other one
    /// has ended already. Several monitors of one actor each tell. It keeps neither of the two alive.
    pub fn monitor<B: Callable<System = A::System> + ?Sized>(&self, other: &ActorRef<B>) -> Monitor {
        let cancel = CancelToken::new();
        self.keep_token(cancel.clone());
        let (mut ended, id, me, token) = (Box::pin(other.terminated()), other.id().clone(), self.me(), cancel.clone());
        let told = async move {
            let how = poll_fn(|cx| {
                if token.poll(cx.waker()) {
                    return Poll::Ready(None);
                }
                ended.as_mut().poll(cx).map(Some)
            });
            let Some(how) = how.await else { return };
            if !token.is_cancelled()
                && let Some(me) = WeakLocal::upgrade(&me)
            {
                me.0.notify(job(Work::Async(Box::new(|actor: &mut A, context| {
                    Box::pin(named("on_terminated", context, actor.__on_terminated(context, id, how)))
                }))));
            }
            // It tells nobody any more: its entry can go.
            token.cancel();
        };
        drop(self.system().execute(Box::pin(told)));
        Monitor(cancel)
    }
}

pub(super) const ON_START: &str = "on_start";

/// That a hook panicked.
pub(crate) fn panicked_in(hook: &str) -> ExitReason {
    ExitReason::new(Exit::Panicked, format_args!("its method under `#[{hook}]` panicked"))
}

/// What `run` comes to; if it panics, its actor's end says in which hook.
async fn named<A: DistributedActor, T>(hook: &'static str, context: &Context<A>, run: impl Future<Output = T>) -> T {
    let mut run = std::pin::pin!(run);
    poll_fn(|cx| {
        let unless_done = Panics { hook, context };
        let polled = run.as_mut().poll(cx);
        std::mem::forget(unless_done);
        polled
    })
    .await
}

/// Dropped, its hook has panicked.
struct Panics<'a, A: DistributedActor> {
    hook: &'static str,
    context: &'a Context<A>,
}

impl<A: DistributedActor> Drop for Panics<'_, A> {
    fn drop(&mut self) {
        self.context.panics_in(self.hook);
    }
}

/// A job that nobody waits for, and that is no dead letter if it comes to nothing.
pub(super) fn job<A: ?Sized + Callable>(work: Work<A>) -> Job<A> {
    Job {
        method: None,
        work,
        answer: Some(Arc::new(Nobody)),
        parent: None::<CallScope>,
        trace: None,
        deadline: None,
        timeout: Duration::MAX,
        cancel: None,
        redirects: 0,
    }
}

struct Nobody;

impl Answer for Nobody {
    fn begin(&self) -> bool {
        true
    }

    fn fail(&self, _: SystemError) {}
}
