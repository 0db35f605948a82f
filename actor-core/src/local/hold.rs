//! What keeps an actor that is there from starting, and one that has started from its first call.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard},
    task::{Poll, Waker},
};

use super::{
    hooks::{job, run_start},
    job::{Job, Work},
    keeper::StartCell,
};
use crate::DistributedActor;

/// How far an actor may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It does nothing.
    Built,
    /// It starts.
    Started,
    /// It takes calls.
    Open,
}

/// Lets an actor go on in stages.
pub(super) struct Hold(Mutex<Inner>);

struct Inner {
    stage: Stage,
    waiting: Option<Waker>,
}

impl Hold {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Inner { stage: Stage::Built, waiting: None }))
    }

    /// How far it may go now.
    pub(super) fn stage(&self) -> Stage {
        self.lock().stage
    }

    /// It may go as far as that.
    pub(super) fn go(&self, stage: Stage) {
        let waiting = {
            let mut inner = self.lock();
            inner.stage = inner.stage.max(stage);
            inner.waiting.take()
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    async fn reached(&self, stage: Stage) {
        poll_fn(|cx| {
            let mut inner = self.lock();
            if inner.stage >= stage {
                return Poll::Ready(());
            }
            inner.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The first job of an actor that is held: it starts, tells so, and takes calls, each when it may.
pub(super) fn start_held<A: DistributedActor>(hold: Arc<Hold>, told: Arc<StartCell>) -> Job<A> {
    let tell = told.clone();
    let work = Work::Async(Box::new(move |actor: &mut A, context| {
        Box::pin(async move {
            hold.reached(Stage::Started).await;
            if run_start(actor, context).await {
                tell.fill(Ok(()));
                hold.reached(Stage::Open).await;
            }
        })
    }));
    Job { answer: Some(told), ..job(work) }
}
