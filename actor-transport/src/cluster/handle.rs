//! The handle that users hold.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{event::ClusterEvents, view::ClusterView};
use crate::node::Inner;

/// The cluster that a node belongs to: [`Node::cluster`](crate::Node::cluster).
///
/// Of a node that was built without [`join`](crate::NodeBuilder::join) it has that node alone. The handle does not keep
/// the node running.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

impl Cluster {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// The members as this node sees them now.
    #[must_use]
    pub fn view(&self) -> ClusterView {
        self.inner.board.view()
    }

    /// What changes from now on, beginning with all there is, until the node leaves or ends.
    #[must_use]
    pub fn events(&self) -> ClusterEvents {
        ClusterEvents::new(self.inner.board.views())
    }

    /// Waits until the members are as `condition` wants them, and gives that view.
    ///
    /// # Errors
    /// The last view that was seen, if that takes longer than `time`, or the node ends.
    ///
    /// # Cancel safety
    /// Dropped, it has changed nothing.
    pub async fn wait_until(
        &self,
        mut condition: impl FnMut(&ClusterView) -> bool,
        time: Duration,
    ) -> Result<ClusterView, WaitError> {
        let mut views = self.inner.board.views();
        let met = timeout(time, async {
            loop {
                // A copy: the condition may take its time, and nobody waits for it.
                let view = views.borrow_and_update().clone();
                if condition(&view) {
                    return Some(view);
                }
                views.changed().await.ok()?;
            }
        });
        let met = met.await;
        let has_ended = matches!(met, Ok(None));
        met.ok().flatten().ok_or_else(|| WaitError { view: self.view(), time, has_ended })
    }

    /// What the membership has [lent](super::Host::lend), if that is a `T`: for crates that build on their membership.
    #[must_use]
    pub fn lent<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.inner.board.lent.get()?.clone().downcast().ok()
    }

    /// Leaves the cluster, for good: the others are told, and the node goes on alone. Its [`view`](Self::view) has itself
    /// only from then on, and its [`events`](Self::events) end. Its actors live on, and can be called, until it ends. Done
    /// when the others have been told, after 1 s at the latest. [`Node::shutdown`](crate::Node::shutdown) does it too.
    ///
    /// # Cancel safety
    /// Dropped half-way, the node leaves all the same.
    pub async fn leave(&self) {
        self.inner.leave_cluster().await;
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cluster").field(&self.view()).finish()
    }
}

/// The members did not become as they were waited for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} the members did not become as they were waited for; there are: {view}", self.when())]
pub struct WaitError {
    view: ClusterView,
    time: Duration,
    has_ended: bool,
}

impl WaitError {
    /// The last view that was seen.
    #[must_use]
    pub fn view(&self) -> &ClusterView {
        &self.view
    }

    /// Whether the node has ended meanwhile.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn when(&self) -> String {
        if self.has_ended { "until the node ended".into() } else { format!("within {} ms", self.time.as_millis()) }
    }
}
