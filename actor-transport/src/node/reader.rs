//! The task that receives: one for each connection.

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::BytesMut;

use super::{
    inner::{Inner, now},
    lifeline::Lifeline,
    link::{Link, News},
    serve::Serving,
    writer::end,
};
use crate::{
    protocol::CloseReason,
    transport::{Receiver, TransportError},
};

/// The longest that a reader runs methods itself before it schedules the others. At 200 us a read full of short calls,
/// about 1,000 of them, was not run to its end.
const INLINE_TIME_MAX: Duration = Duration::from_millis(1);
/// Calls between two looks at the clock.
const INLINE_CALLS: u32 = 16;

pub(super) fn start(
    inner: &Arc<Inner>,
    link: &Arc<Link>,
    receiver: Box<dyn Receiver>,
    rest: BytesMut,
    bulk_streams: usize,
) {
    let incoming = |bytes| Incoming { open: true, bytes, waits: false };
    let bulk = (0..bulk_streams).map(|_| incoming(BytesMut::new())).collect();
    let streams = Streams { receiver, main: incoming(rest), bulk, turn: 0 };
    let task = inner.serve(Box::pin(read(Lifeline::of_reader(inner, link), streams)));
    link.set_reader(task.abort_handle());
}

/// The streams of a connection.
struct Streams {
    receiver: Box<dyn Receiver>,
    main: Incoming,
    /// Those for large messages.
    bulk: Vec<Incoming>,
    /// Which one is looked at first: all are to get on.
    turn: usize,
}

struct Incoming {
    /// It has not ended.
    open: bool,
    /// What has arrived, and was not taken.
    bytes: BytesMut,
    /// Because it is behind something that has not arrived over the first one.
    waits: bool,
}

/// The first stream, or one for large messages.
type Stream = Option<usize>;

impl Streams {
    fn get(&mut self, stream: Stream) -> &mut Incoming {
        stream.and_then(|stream| self.bulk.get_mut(stream)).unwrap_or(&mut self.main)
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<(Stream, Result<usize, TransportError>)> {
        for _ in 0..=self.bulk.len() {
            let stream = self.turn.checked_sub(1);
            self.turn = if self.turn == self.bulk.len() { 0 } else { self.turn + 1 };
            let polled = match stream {
                None if self.main.open => self.receiver.poll_receive(cx, &mut self.main.bytes),
                Some(number) if let Some(bulk) = self.bulk.get_mut(number).filter(|bulk| bulk.open && !bulk.waits) => {
                    self.receiver.poll_receive_bulk(cx, number, &mut bulk.bytes)
                }
                _ => Poll::Pending,
            };
            if let Poll::Ready(received) = polled {
                return Poll::Ready((stream, received));
            }
        }
        Poll::Pending
    }
}

async fn read(lifeline: Lifeline, mut streams: Streams) {
    let (inner, link) = (&lifeline.inner, &lifeline.link);
    let mut serving = Serving::new(inner.clone(), link.clone());
    let mut news = News::default();
    let mut has_woken = false;
    link.rank.comes().await;
    let mut stream: Stream = None;
    // Of those that wait, the ones that were looked at since the first stream has brought something.
    let mut looked = 0;
    loop {
        let incoming = streams.get(stream);
        if !incoming.bytes.is_empty() {
            let taken = take(link, &mut serving, &mut news, incoming, stream);
            // Also what came before something that is wrong.
            if !news.is_empty() {
                wake(link, link.deliver(&mut news)).await;
                has_woken = true;
            }
            if let Err(why) = taken {
                return end(inner, link, &why);
            }
        }
        if stream.is_none() {
            looked = 0;
        }
        if let Some(waits) = streams.bulk.iter().skip(looked).position(|bulk| bulk.waits) {
            stream = Some(looked + waits);
            looked += waits + 1;
            continue;
        }
        looked = streams.bulk.len();
        let mut waits = false;
        let received = poll_fn(|cx| {
            let received = streams.poll_receive(cx);
            waits |= received.is_pending();
            received
        })
        .await;
        stream = received.0;
        // Where more has come already, those who were woken go first: they would wait for all of it.
        if std::mem::take(&mut has_woken) && !waits {
            tokio::task::yield_now().await;
        }
        let why = match received.1 {
            Ok(0) if streams.get(stream).bytes.is_empty() => CloseReason::EndOfStream,
            Ok(0) => CloseReason::Truncated,
            Ok(_) => continue,
            Err(error) => CloseReason::TransportError(error.to_string().into()),
        };
        let goodbye = link.peek(|session| session.goodbye_heard().cloned());
        // What the other one still has counts.
        if why == CloseReason::EndOfStream {
            streams.get(stream).open = false;
            if streams.main.open || (goodbye.is_some() && streams.bulk.iter().any(|bulk| bulk.open)) {
                continue;
            }
        }
        return end(inner, link, &goodbye.map_or(why, CloseReason::PeerGoodbye));
    }
}

/// Works through what was read, and sends the answers to calls of the peer in one write. The callers whose replies have
/// come run afterwards, and send their next calls themselves: see [`Link::submit`].
fn take(
    link: &Arc<Link>,
    serving: &mut Serving,
    news: &mut News,
    incoming: &mut Incoming,
    stream: Stream,
) -> Result<(), CloseReason> {
    let started = now();
    let received = link.receive(news, |session| {
        let received = match stream {
            None => session.receive(started, &mut incoming.bytes),
            Some(stream) => session.receive_bulk(started, stream, &mut incoming.bytes),
        };
        incoming.waits = stream.is_some_and(|stream| session.bulk_waits(stream));
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
