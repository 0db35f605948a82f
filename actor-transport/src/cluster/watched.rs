//! The values of a watch channel, by polling.

use std::{
    fmt,
    task::{Context, Poll},
};

use actor_core::BoxFuture;
use tokio::sync::watch;

/// What somebody posts on a [`watch`] channel, for streams of it: the channel itself can be awaited, and not polled.
pub struct Watched<T> {
    receiver: watch::Receiver<T>,
    /// Ends with the next value; false if there will be none.
    changed: Option<BoxFuture<'static, bool>>,
}

impl<T: Clone + Send + Sync + 'static> Watched<T> {
    /// The values of that channel.
    #[must_use]
    pub fn new(receiver: watch::Receiver<T>) -> Self {
        Self { receiver, changed: None }
    }

    /// The value there is now.
    pub fn latest(&mut self) -> T {
        self.changed = None;
        self.receiver.borrow_and_update().clone()
    }

    /// Waits until another value was posted than the [`latest`](Self::latest) that was asked for. False if nobody is there
    /// any more to post one.
    pub fn poll_changed(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let changed = self.changed.get_or_insert_with(|| {
            let mut receiver = self.receiver.clone();
            Box::pin(async move { receiver.changed().await.is_ok() })
        });
        let is_there = std::task::ready!(changed.as_mut().poll(cx));
        self.changed = None;
        Poll::Ready(is_there)
    }
}

impl<T: fmt::Debug> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.receiver).finish()
    }
}
