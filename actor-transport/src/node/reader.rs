//! The task that receives: one for each connection.

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use bytes::BytesMut;

use super::{
    inner::{Inner, now},
    link::{Link, News},
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
    let task = inner.io.spawn(read(inner.clone(), link.clone(), receiver, rest));
    link.set_reader(task.abort_handle());
}

async fn read(inner: Arc<Inner>, link: Arc<Link>, mut receiver: Box<dyn Receiver>, mut buffer: BytesMut) {
    let mut serving = Serving::new(inner.clone(), link.clone());
    let mut news = News::default();
    let mut has_woken = false;
    link.rank.comes().await;
    loop {
        if !buffer.is_empty() {
            let taken = take(&link, &mut serving, &mut news, &mut buffer);
            // Also what came before something that is wrong.
            if !news.is_empty() {
                wake(&link, link.deliver(&mut news)).await;
                has_woken = true;
            }
            if let Err(why) = taken {
                return end(&inner, &link, &why);
            }
        }
        let mut waits = false;
        let received = poll_fn(|cx| {
            let received = receiver.poll_receive(cx, &mut buffer);
            waits |= received.is_pending();
            received
        })
        .await;
        // Where more has come already, those who were woken go first: they would wait for all of it.
        if std::mem::take(&mut has_woken) && !waits {
            tokio::task::yield_now().await;
        }
        match received {
            Ok(0) => {
                let why = if buffer.is_empty() { CloseReason::EndOfStream } else { CloseReason::Truncated };
                return end(&inner, &link, &why);
            }
            Ok(_) => {}
            Err(error) => return end(&inner, &link, &CloseReason::TransportError(error.to_string().into())),
        }
    }
}

/// Works through what was read, and sends the answers to calls of the peer in one write. The callers whose replies have
/// come run afterwards, and send their next calls themselves: see [`Link::submit`].
fn take(link: &Arc<Link>, serving: &mut Serving, news: &mut News, buffer: &mut BytesMut) -> Result<(), CloseReason> {
    let started = now();
    let received = link.receive(news, |session| {
        let received = session.receive(started, buffer);
        serving.take_events(session);
        received
    });
    if serving.has_nothing() {
        link.tell_arrival(news);
        return received;
    }
    link.begin_serving();
    // A woken caller may at once call an actor that its reply refers to.
    serving.learn();
    let mut budget = Budget { started, calls: 0, spent: false };
    let served = received.and_then(|()| serving.serve(started, &mut budget));
    link.end_serving();
    served
}

/// Wakes the callers whose replies came in one read, all of them together, and looks after what they send when they
/// have run.
///
/// A worker that wakes tasks one by one rouses another worker for the first of them, which takes that one, finds no
/// more, and sleeps again: with 1,024 calls in flight, once for every 23 of them. Tasks that yield are woken together,
/// when the worker has run what was ready before, the last one first; so each caller yields here, so to speak. The
/// reader does so before all of them, and comes last.
async fn wake(link: &Link, callers: &mut Vec<Waker>) {
    if let [caller] = &mut callers[..] {
        caller.wake_by_ref();
        return callers.clear();
    }
    let mut yielded = pin!(tokio::task::yield_now());
    link.begin_attending();
    poll_fn(|cx| {
        let polled = yielded.as_mut().poll(cx);
        for caller in callers.drain(..).rev() {
            let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&caller));
        }
        polled
    })
    .await;
    link.end_attending();
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
