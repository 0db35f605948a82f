//! Dropping a future at each of its steps.

use std::{future::poll_fn, pin::pin, task::Poll};

/// Polls `future` at most so many times, each time that it is woken, and drops it; returns its output if it has one by
/// then. With 0 it is dropped before its first poll.
///
/// ```
/// # use actor_testkit::poll_then_drop;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(poll_then_drop(1, tokio::task::yield_now()).await, None);
/// assert_eq!(poll_then_drop(2, tokio::task::yield_now()).await, Some(()));
/// # }
/// ```
pub async fn poll_then_drop<F: IntoFuture>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future.into_future());
    let mut left = polls;
    poll_fn(|cx| {
        let Some(after) = left.checked_sub(1) else { return Poll::Ready(None) };
        left = after;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Runs `round` with 0, 1, 2 and so on until it returns something: until [`poll_then_drop`], which it has to call with
/// that number, has seen its future to the end. Returns the number of polls that were enough, and what came of them.
///
/// A round makes the future anew, drops it after so many polls, and then checks that nothing is amiss.
///
/// ```
/// # use actor_testkit::{at_every_poll, poll_then_drop};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let queue = tokio::sync::Mutex::new(0);
/// let (polls, ()) = at_every_poll(async |polls| {
///     let ended = poll_then_drop(polls, async {
///         let mut number = queue.lock().await;
///         tokio::task::yield_now().await;
///         *number += 1;
///     })
///     .await;
///     assert!(queue.try_lock().is_ok(), "a dropped future keeps the lock");
///     ended
/// })
/// .await;
/// assert_eq!(polls, 2);
/// # }
/// ```
///
/// # Panics
/// After 10,000 polls: such a future does not end.
pub async fn at_every_poll<T>(mut round: impl AsyncFnMut(usize) -> Option<T>) -> (usize, T) {
    for polls in 0..=POLLS_MAX {
        if let Some(output) = round(polls).await {
            return (polls, output);
        }
    }
    #[allow(clippy::panic, reason = "a test that does not come to an end has failed")]
    {
        panic!("the future was polled {POLLS_MAX} times, and has not ended")
    }
}

/// More than any future here needs.
const POLLS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_future_is_polled_as_often_as_was_asked_for_and_then_dropped() {
        let alive = Arc::new(());
        let polled = Arc::new(AtomicUsize::new(0));
        for polls in 0..6 {
            polled.store(0, Ordering::SeqCst);
            let (kept, polled_in) = (alive.clone(), polled.clone());
            let mut steps = Box::pin(async move {
                let _kept = kept;
                for _ in 0..4 {
                    sleep(Duration::from_millis(1)).await;
                }
            });
            let counted = poll_fn(move |cx| {
                polled_in.fetch_add(1, Ordering::SeqCst);
                steps.as_mut().poll(cx)
            });
            let ended = poll_then_drop(polls, counted).await;
            assert_eq!(ended.is_some(), polls >= 5);
            assert_eq!(polled.load(Ordering::SeqCst), polls.min(5));
            assert_eq!(Arc::strong_count(&alive), 1, "it was not dropped");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_poll_is_tried_until_the_future_ends() {
        let mut tried = Vec::new();
        let (polls, output) = at_every_poll(async |polls| {
            tried.push(polls);
            poll_then_drop(polls, async {
                sleep(Duration::from_secs(1)).await;
                sleep(Duration::from_secs(1)).await;
                "done"
            })
            .await
        })
        .await;
        assert_eq!((polls, output), (3, "done"));
        assert_eq!(tried, [0, 1, 2, 3]);
    }
}
