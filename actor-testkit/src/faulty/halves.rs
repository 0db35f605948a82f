//! The two halves of a connection that breaks.

use std::{
    collections::VecDeque,
    io,
    task::{Context, Poll, ready},
};

use actor_transport::{Receiver, Sender, TransportError};
use bytes::{Bytes, BytesMut};

use super::{
    Fault, Way,
    state::{Handle, Step},
};

pub(super) struct FaultyReceiver {
    /// None when the connection is broken: the other end is to notice.
    receiver: Option<Box<dyn Receiver>>,
    /// Read, and not handed on yet: of each stream.
    held: Vec<BytesMut>,
    handle: Handle,
}

impl FaultyReceiver {
    pub(super) fn new(receiver: Box<dyn Receiver>, streams: usize, handle: Handle) -> Self {
        Self { receiver: Some(receiver), held: vec![BytesMut::new(); streams], handle }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
        bulk: Option<usize>,
    ) -> Poll<Result<usize, TransportError>> {
        loop {
            let step = self.handle.step(Way::In, cx);
            let receiver = self.receiver.as_mut().ok_or_else(reset)?;
            let held = &mut self.held[bulk.map_or(0, |bulk| bulk + 1)];
            let mut receive = |into: &mut BytesMut| match bulk {
                Some(bulk) => receiver.poll_receive_bulk(cx, bulk, into),
                None => receiver.poll_receive(cx, into),
            };
            match step {
                Step::Do(Fault::Reset) => return Poll::Ready(Err(reset())),
                Step::Do(Fault::End) => return Poll::Ready(Ok(0)),
                Step::Do(Fault::Stall) => return Poll::Pending,
                Step::Do(Fault::Lose) => {
                    // To its end, which is lost, too.
                    held.clear();
                    if ready!(receive(held)).unwrap_or(0) == 0 {
                        return Poll::Pending;
                    }
                }
                Step::Pass if held.is_empty() => {
                    let read = ready!(receive(into))?;
                    self.handle.passed(Way::In, read);
                    return Poll::Ready(Ok(read));
                }
                Step::Pass | Step::PassSome(_) => {
                    if held.is_empty() && ready!(receive(held))? == 0 {
                        return Poll::Ready(Ok(0));
                    }
                    let length = if let Step::PassSome(some) = step { some } else { usize::MAX };
                    let piece = held.split_to(held.len().min(length));
                    into.extend_from_slice(&piece);
                    self.handle.passed(Way::In, piece.len());
                    return Poll::Ready(Ok(piece.len()));
                }
            }
        }
    }
}

impl Receiver for FaultyReceiver {
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        self.poll_or_break(cx, into, None)
    }

    fn poll_receive_bulk(
        &mut self,
        cx: &mut Context<'_>,
        stream: usize,
        into: &mut BytesMut,
    ) -> Poll<Result<usize, TransportError>> {
        self.poll_or_break(cx, into, Some(stream))
    }
}

impl FaultyReceiver {
    fn poll_or_break(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
        bulk: Option<usize>,
    ) -> Poll<Result<usize, TransportError>> {
        let polled = self.poll(cx, into, bulk);
        if let Poll::Ready(Err(_)) = polled {
            self.receiver = None;
            self.handle.broken();
        }
        polled
    }
}

pub(super) struct FaultySender {
    /// None when the connection is broken: the other end is to notice.
    sender: Option<Box<dyn Sender>>,
    /// Taken from the batch of each stream, and not sent yet.
    held: Vec<VecDeque<Bytes>>,
    held_length: Vec<usize>,
    has_ended: bool,
    handle: Handle,
}

impl FaultySender {
    pub(super) fn new(sender: Box<dyn Sender>, streams: usize, handle: Handle) -> Self {
        let (held, held_length) = (vec![VecDeque::new(); streams], vec![0; streams]);
        Self { sender: Some(sender), held, held_length, has_ended: false, handle }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut VecDeque<Bytes>,
        bulk: Option<usize>,
    ) -> Poll<Result<(), TransportError>> {
        loop {
            let step = self.handle.step(Way::Out, cx);
            let sender = self.sender.as_mut().ok_or_else(reset)?;
            let stream = bulk.map_or(0, |bulk| bulk + 1);
            let (held, held_length) = (&mut self.held[stream], &mut self.held_length[stream]);
            let send = |sender: &mut dyn Sender, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>| match bulk {
                Some(bulk) => sender.poll_send_bulk(cx, bulk, batch),
                None => sender.poll_send(cx, batch),
            };
            if let Step::Do(Fault::Reset) = step {
                return Poll::Ready(Err(reset()));
            }
            if !held.is_empty() || *held_length > 0 {
                ready!(send(&mut **sender, cx, held))?;
                self.handle.passed(Way::Out, std::mem::take(held_length));
                continue;
            }
            match step {
                Step::Do(Fault::End) if !self.has_ended => {
                    ready!(sender.poll_close(cx))?;
                    self.has_ended = true;
                }
                Step::Do(Fault::Stall) => {
                    return if batch.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending };
                }
                Step::Do(_) => {
                    batch.clear();
                    return Poll::Ready(Ok(()));
                }
                Step::Pass => {
                    let before = length(batch);
                    let polled = send(&mut **sender, cx, batch);
                    self.handle.passed(Way::Out, before - length(batch));
                    return polled;
                }
                Step::PassSome(some) => {
                    *held = take(batch, some);
                    *held_length = length(held);
                    if *held_length == 0 {
                        return send(&mut **sender, cx, batch);
                    }
                }
            }
        }
    }
}

impl Sender for FaultySender {
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>) -> Poll<Result<(), TransportError>> {
        self.poll_or_break(cx, batch, None)
    }

    fn poll_send_bulk(
        &mut self,
        cx: &mut Context<'_>,
        stream: usize,
        batch: &mut VecDeque<Bytes>,
    ) -> Poll<Result<(), TransportError>> {
        self.poll_or_break(cx, batch, Some(stream))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match (self.handle.step(Way::Out, cx), &mut self.sender) {
            (Step::Do(Fault::Lose | Fault::Stall), _) => Poll::Ready(Ok(())),
            (Step::Do(Fault::Reset), _) | (_, None) => Poll::Ready(Err(reset())),
            (_, Some(sender)) => sender.poll_close(cx),
        }
    }
}

impl FaultySender {
    fn poll_or_break(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut VecDeque<Bytes>,
        bulk: Option<usize>,
    ) -> Poll<Result<(), TransportError>> {
        let polled = self.poll(cx, batch, bulk);
        if let Poll::Ready(Err(_)) = polled {
            self.sender = None;
            self.handle.broken();
        }
        polled
    }
}

/// The first bytes there are, at most so many.
fn take(batch: &mut VecDeque<Bytes>, length_max: usize) -> VecDeque<Bytes> {
    let (mut taken, mut room) = (VecDeque::new(), length_max);
    while room > 0
        && let Some(first) = batch.front_mut()
    {
        let piece = first.split_to(first.len().min(room));
        if first.is_empty() {
            batch.pop_front();
        }
        room -= piece.len();
        taken.push_back(piece);
    }
    taken
}

fn length(batch: &VecDeque<Bytes>) -> usize {
    batch.iter().map(Bytes::len).sum()
}

fn reset() -> TransportError {
    io::Error::from(io::ErrorKind::ConnectionReset).into()
}
