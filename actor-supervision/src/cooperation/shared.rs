//! What all handles of one cooperation share.

use std::sync::{Arc, Mutex, MutexGuard};

use actor_core::{Exit, ExitReason};
use tokio::sync::watch;

use super::member::Members;

pub(super) struct Shared<S> {
    pub(super) name: Arc<str>,
    inner: Mutex<Inner<S>>,
    /// To be ended, and whether without waiting.
    asked: watch::Sender<Option<bool>>,
    /// All members have.
    stopped: watch::Sender<bool>,
    ended: watch::Sender<Option<ExitReason>>,
}

struct Inner<S> {
    /// While they are there.
    members: Option<Members<S>>,
    /// Its child groups that have not ended, in the order in which they were adopted; none when it takes no more.
    children: Option<Vec<Arc<Shared<S>>>>,
}

impl<S> Shared<S> {
    pub(super) fn new(name: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            name,
            inner: Mutex::new(Inner { members: None, children: Some(Vec::new()) }),
            asked: watch::Sender::new(None),
            stopped: watch::Sender::new(false),
            ended: watch::Sender::new(None),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn with_members<R>(&self, see: impl FnOnce(Option<&Members<S>>) -> R) -> R {
        see(self.lock().members.as_ref())
    }

    pub(super) fn set_members(&self, members: Option<Members<S>>) {
        // Dropped after the lock.
        let _former = std::mem::replace(&mut self.lock().members, members);
    }

    /// Makes `child` one that ends before this one does. False if this one ends already.
    pub(super) fn adopt(&self, child: &Arc<Self>) -> bool {
        let mut inner = self.lock();
        let Some(children) = &mut inner.children else { return false };
        children.retain(|child| !child.has_ended());
        children.push(child.clone());
        true
    }

    /// No child is taken any more; returns those there are.
    pub(super) fn close(&self) -> Vec<Arc<Self>> {
        self.lock().children.take().unwrap_or_default()
    }

    pub(super) fn ask_to_stop(&self, at_once: bool) {
        self.asked.send_modify(|asked| *asked = Some(asked.unwrap_or_default() || at_once));
    }

    /// Waits until it is asked to end.
    pub(super) async fn asked_to_stop(&self) {
        // The sender lives as long as this.
        let _ = self.asked.subscribe().wait_for(Option::is_some).await;
    }

    /// Waits until it is asked to end at once.
    pub(super) async fn asked_to_stop_at_once(&self) {
        let _ = self.asked.subscribe().wait_for(|asked| *asked == Some(true)).await;
    }

    /// No member is left.
    pub(super) fn has_stopped(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits until no member is left.
    pub(super) async fn stopped(&self) {
        // The sender lives as long as this.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    pub(super) fn end(&self, reason: ExitReason) {
        self.ended.send_replace(Some(reason));
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    pub(super) fn ended(&self) -> impl Future<Output = ExitReason> + Send + use<S> {
        let mut ended = self.ended.subscribe();
        async move {
            let reason = ended.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
            reason.unwrap_or_else(|| ExitReason::new(Exit::Shutdown, "its node has ended"))
        }
    }
}
