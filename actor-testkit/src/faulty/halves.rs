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
    held: [BytesMut; 2],
    handle: Handle,
}

impl FaultyReceiver {
    pub(super) fn new(receiver: Box<dyn Receiver>, handle: Handle) -> Self {
        Self { receiver: Some(receiver), held: Default::default(), handle }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
        is_bulk: bool,
    ) -> Poll<Result<usize, TransportError>> {
        loop {
            let step = self.handle.step(Way::In, cx);
            let receiver = self.receiver.as_mut().ok_or_else(reset)?;
            let held = &mut self.held[usize::from(is_bulk)];
            let mut receive = |into: &mut BytesMut| match is_bulk {
                true => receiver.poll_receive_bulk(cx, into),
                false => receiver.poll_receive(cx, into),
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
        self.poll_or_break(cx, into, false)
    }

    fn poll_receive_bulk(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<usize, TransportError>> {
        self.poll_or_break(cx, into, true)
    }
}

impl FaultyReceiver {
    fn poll_or_break(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
        is_bulk: bool,
    ) -> Poll<Result<usize, TransportError>> {
        let polled = self.poll(cx, into, is_bulk);
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
    held: [VecDeque<Bytes>; 2],
    held_length: [usize; 2],
    has_ended: bool,
    handle: Handle,
}

impl FaultySender {
    pub(super) fn new(sender: Box<dyn Sender>, handle: Handle) -> Self {
        Self { sender: Some(sender), held: Default::default(), held_length: [0; 2], has_ended: false, handle }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut VecDeque<Bytes>,
        is_bulk: bool,
    ) -> Poll<Result<(), TransportError>> {
        loop {
            let step = self.handle.step(Way::Out, cx);
            let sender = self.sender.as_mut().ok_or_else(reset)?;
            let (held, held_length) =
                (&mut self.held[usize::from(is_bulk)], &mut self.held_length[usize::from(is_bulk)]);
            let send = |sender: &mut dyn Sender, cx: &mut Context<'_>, batch: &mut VecDeque<Bytes>| match is_bulk {
                true => sender.poll_send_bulk(cx, batch),
                false => sender.poll_send(cx, batch),
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
        self.poll_or_break(cx, batch, false)
    }

    fn poll_send_bulk(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut VecDeque<Bytes>,
    ) -> Poll<Result<(), TransportError>> {
        self.poll_or_break(cx, batch, true)
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
        is_bulk: bool,
    ) -> Poll<Result<(), TransportError>> {
        let polled = self.poll(cx, batch, is_bulk);
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
