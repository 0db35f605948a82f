//! What a cooperation tells its listeners.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard},
    task::Poll,
};

use actor_core::{ActorSystem, BoxFuture, ExitReason, contain};
use serde::{Deserialize, Serialize};

/// Notices that wait for one listener; beyond, the oldest ones are left out.
const WAITING_MAX: usize = 1024;

/// What has become of a cooperation. It can be the parameter of a distributed method, so that a listener may be an actor on any
/// node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Notice {
    /// The name of the cooperation.
    #[serde(with = "name")]
    pub cooperation: Arc<str>,
    /// What has become of it.
    pub kind: NoticeKind,
}

/// What can become of a cooperation. One that could not start tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NoticeKind {
    /// All members have started, and take calls.
    Registered,
    /// All members have ended, those of its children before, and its resources are freed.
    Deregistered {
        /// Why.
        reason: ExitReason,
    },
}

/// A shared text as any other.
mod name {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(name: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Into::into)
    }
}

type Told = dyn Fn(Notice) -> BoxFuture<'static, ()> + Send + Sync;

/// One listener, with what it was not told yet.
pub(super) struct Listener {
    told: Box<Told>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Notice>,
    /// Whether a task tells it.
    is_told: bool,
}

impl Listener {
    pub(super) fn new<F>(told: impl Fn(Notice) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Arc::new(Self { told: Box::new(move |notice| Box::pin(told(notice))), inner: Mutex::default() })
    }

    /// Tells it, behind what waits already. It holds nobody up.
    pub(super) fn tell<S: ActorSystem>(self: &Arc<Self>, system: &S, notice: Notice) {
        {
            let mut inner = self.lock();
            if inner.waiting.len() >= WAITING_MAX {
                inner.waiting.pop_front();
            }
            inner.waiting.push_back(notice);
            if std::mem::replace(&mut inner.is_told, true) {
                return;
            }
        }
        let forwarding = Forwarding { listener: self.clone() };
        drop(system.execute(Box::pin(async move {
            while let Some(notice) = forwarding.listener.next() {
                forwarding.listener.hear(notice).await;
            }
        })));
    }

    /// Tells it. One that panics misses this notice, and hears the next ones all the same; the panic hook has reported it.
    async fn hear(&self, notice: Notice) {
        let Ok(mut hearing) = contain(|| (self.told)(notice)) else { return };
        poll_fn(|cx| contain(|| hearing.as_mut().poll(cx)).unwrap_or(Poll::Ready(()))).await;
    }

    /// The next notice; without one, nobody tells it any more.
    fn next(&self) -> Option<Notice> {
        let mut inner = self.lock();
        let next = inner.waiting.pop_front();
        inner.is_told = next.is_some();
        next
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// The task that tells one listener.
struct Forwarding {
    listener: Arc<Listener>,
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        let mut inner = self.listener.lock();
        if inner.is_told {
            // The runtime has been shut down.
            *inner = Inner::default();
        }
    }
}
