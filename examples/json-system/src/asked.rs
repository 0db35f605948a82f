//! What a node has asked others, and waits for.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use distributed_actor::{ActorSystem, Outcome, RemoteCall, SystemError};
use tokio::sync::oneshot;

use crate::{
    JsonSystem, SampleError, SampleId,
    wire::{Answer, Envelope, Question},
};

/// The questions that were not answered yet, by their numbers.
#[derive(Default)]
pub(crate) struct Asked {
    waiting: Mutex<HashMap<u64, Waiting>>,
    next: AtomicU64,
}

struct Waiting {
    /// The node that was asked.
    node: String,
    answer: oneshot::Sender<Answer>,
}

impl Asked {
    pub(crate) fn answered(&self, number: u64, answer: Answer) {
        if let Some(waiting) = self.lock().remove(&number) {
            let _ = waiting.answer.send(answer);
        }
    }

    /// A node has ended: nobody waits for its answers any longer.
    pub(crate) fn gone(&self, node: &str) {
        self.lock().retain(|_, waiting| waiting.node != node);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Waiting>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl JsonSystem {
    /// Asks an actor's node, and waits for the answer until the deadline, if there is one. Dropped, it takes the
    /// question back.
    pub(crate) async fn ask(
        &self,
        actor: &SampleId,
        question: Question,
        call: Option<&RemoteCall>,
    ) -> Result<Answer, SampleError> {
        /// Takes the question back where its answer has not come.
        struct TakeBack<'a>(&'a JsonSystem, u64);
        impl Drop for TakeBack<'_> {
            fn drop(&mut self) {
                let Self(system, number) = *self;
                let waiting = system.asked().lock().remove(&number);
                if let Some(Waiting { node, .. }) = waiting {
                    let _ = system.wire().send(&node, &Envelope::Cancel { from: system.node().into(), number });
                }
            }
        }

        let number = self.asked().next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.asked().lock().insert(number, Waiting { node: actor.node.clone(), answer: sender });
        let _take_back = TakeBack(self, number);
        self.send(Some(number), actor, question)?;
        let expired = async {
            match call {
                Some(call) => self.sleep_until(call.deadline).await,
                None => std::future::pending().await,
            }
        };
        let answer = tokio::select! {
            biased;
            answer = answer => answer.map_err(|_| SampleError::ProcessTerminated(actor.node.clone()))?,
            () = expired => Answer::Failed(SystemError::Deadline { after: Default::default(), outcome: Outcome::Unknown }.into()),
        };
        match (answer, call) {
            // How long the caller has waited, this side knows best.
            (Answer::Failed(SampleError::Runtime(SystemError::Deadline { outcome, .. })), Some(call)) => {
                Err(call.deadline_passed(outcome).into())
            }
            (Answer::Failed(error), _) => Err(error),
            (answer, _) => Ok(answer),
        }
    }

    /// Sends a question. Without a number nobody waits for its answer.
    pub(crate) fn send(&self, number: Option<u64>, actor: &SampleId, question: Question) -> Result<(), SampleError> {
        self.wire()
            .send(&actor.node, &Envelope::Ask { from: self.node().into(), number, actor: actor.clone(), question })
    }
}
