//! The task that receives: one for each connection.

use std::{
    future::poll_fn,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;

use super::{
    inner::{Inner, now},
    link::Link,
    serve::Serving,
    writer::end,
};
use crate::{protocol::CloseReason, transport::Receiver};

/// The longest that a reader runs methods itself before it schedules the others. At 200 us a read full of short calls,
/// about 1,000 of them, was not run to its end.
const INLINE_TIME_MAX: Duration = Duration::from_millis(1);
/// Calls between two looks at the clock.
const INLINE_CALLS: u32 = 16;

pub(super) fn start(inner: &Arc<Inner>, link: &Arc<Link>, receiver: Box<dyn Receiver>, rest: BytesMut) {
    let task = inner.runtime.spawn(read(inner.clone(), link.clone(), receiver, rest));
    link.set_reader(task.abort_handle());
}

async fn read(inner: Arc<Inner>, link: Arc<Link>, mut receiver: Box<dyn Receiver>, mut buffer: BytesMut) {
    let mut serving = Serving::new(inner.clone(), link.clone());
    loop {
        if !buffer.is_empty()
            && let Err(why) = take(&link, &mut serving, &mut buffer).await
        {
            return end(&inner, &link, &why);
        }
        match poll_fn(|cx| receiver.poll_receive(cx, &mut buffer)).await {
            Ok(0) => {
                let why = if buffer.is_empty() { CloseReason::EndOfStream } else { CloseReason::Truncated };
                return end(&inner, &link, &why);
            }
            Ok(_) => {}
            Err(error) => return end(&inner, &link, &CloseReason::TransportError(error.to_string().into())),
        }
    }
}

/// Works through what was read, and sends what comes of it in one write: the answers to calls of the peer, and the next
/// calls of those whose replies have come. These are let run first; with 64 calls in flight it saves waking the writer
/// for each round, and most of the wakes of other threads with it. A single caller sends its next call itself.
async fn take(link: &Arc<Link>, serving: &mut Serving, buffer: &mut BytesMut) -> Result<(), CloseReason> {
    let started = now();
    link.begin_reading();
    let (received, wakers) = link.receive(|session| {
        session.receive(started, buffer)?;
        serving.take_events(session);
        Ok(())
    });
    // A woken caller may at once call an actor that its reply refers to.
    serving.learn();
    let woken = wakers.len();
    for waker in wakers {
        waker.wake();
    }
    let mut budget = Budget { started, calls: 0, spent: false };
    let served = received.and_then(|()| serving.serve(started, &mut budget));
    if woken > 1 {
        tokio::task::yield_now().await;
    }
    link.end_reading();
    served
}

/// How much a reader may still run itself in this round.
pub(super) struct Budget {
    started: Instant,
    calls: u32,
    spent: bool,
}

impl Budget {
    pub(super) fn allows(&mut self) -> bool {
        self.calls += 1;
        if !self.spent && self.calls.is_multiple_of(INLINE_CALLS) {
            self.spent = now().saturating_duration_since(self.started) > INLINE_TIME_MAX;
        }
        !self.spent
    }
}
