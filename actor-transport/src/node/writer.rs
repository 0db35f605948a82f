//! The task that sends: one for each link, from its beginning. It runs no user code, so that pings leave in time.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Instant};

use actor_core::later;

use super::{
    inner::{Inner, now},
    lifeline::Lifeline,
    link::{Flushed, Link},
};
use crate::protocol::CloseReason;

/// How often the writer lets others run while callers are expected to append something: a caller that does not come
/// delays the others by no more than that.
const YIELDS_MAX: u32 = 3;

pub(super) fn start(inner: &Arc<Inner>, link: &Arc<Link>) {
    let task = inner.serve(Box::pin(write(Lifeline::of_writer(inner, link))));
    link.set_writer(task.abort_handle());
}

async fn write(lifeline: Lifeline) {
    let (inner, link) = (&lifeline.inner, &lifeline.link);
    // Since when the transport has taken nothing, and what it had taken then.
    let mut stalled: Option<(Instant, u64)> = None;
    loop {
        // Callers that are ready to run append their calls first: one write for all of them. Without this a link with
        // 64 calls in flight did a third of the calls per second.
        for _ in 0..YIELDS_MAX {
            tokio::task::yield_now().await;
            if !link.expects_callers() {
                break;
            }
        }
        if let Some(timeout) = link.next_timeout()
            && timeout <= now()
            && let Err(why) = link.with(|session| session.handle_timeout(now()))
        {
            end(inner, link, &why);
        }
        // Looked at before: what was said until then, the last word included, is part of the flush. Another task may have
        // been sending when it was said, and not have seen it any more.
        let is_closed = link.is_closed();
        let flushed = poll_fn(|cx| Poll::Ready(link.poll_flush(cx))).await;
        match flushed {
            Flushed::Done => stalled = None,
            // A slow one that takes some bytes now and then is not stalled, though there are always more. A last word has
            // no more time than that in any case.
            Flushed::Stalled { taken } if stalled.is_none_or(|(_, before)| before != taken && !is_closed) => {
                stalled = Some((now(), taken));
            }
            Flushed::Stalled { .. } => {}
            Flushed::Failed(error) => {
                end(inner, link, &CloseReason::TransportError(error.to_string().into()));
                break;
            }
        }
        if is_closed && stalled.is_none() {
            break;
        }
        let stall_end = stalled.map(|(since, _)| later(since, inner.limits.write_stall_max));
        if stall_end.is_some_and(|end| end <= now()) {
            end(inner, link, &CloseReason::write_stalled(inner.limits.write_stall_max));
            break;
        }
        let wake_at = link.next_timeout().into_iter().chain(stall_end).min();
        // While the transport is stalled its readiness wakes this task too: the flush above has left its waker there.
        wait(link, wake_at, stalled.is_some()).await;
    }
    poll_fn(|cx| {
        let _ = link.poll_close_sender(cx);
        Poll::Ready(())
    })
    .await;
    inner.peers.lost(link);
    // Says that the writer has ended.
    drop(lifeline);
}

/// Waits for work, for the time, or, while stalled, for any wake.
async fn wait(link: &Link, wake_at: Option<Instant>, stalled: bool) {
    let work = link.work();
    tokio::pin!(work);
    let mut sleep = wake_at.map(|at| Box::pin(tokio::time::sleep_until(at.into())));
    let mut polled = false;
    poll_fn(|cx| {
        if work.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(sleep) = &mut sleep
            && sleep.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(());
        }
        // A second poll without work or time means that the transport is ready again.
        if stalled && std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Ends the link for that reason.
pub(super) fn end(inner: &Arc<Inner>, link: &Arc<Link>, why: &CloseReason) {
    if !link.is_closed() {
        tracing::debug!(peer = %link.peer(), %why, "a link has ended");
    }
    // First, so that whoever learns of the loss and calls again gets a new link.
    inner.peers.lost(link);
    link.close(why);
}
