//! Streams for large messages (`docs/protocol.md`, section 6): where there are some, all that goes in lanes goes over them, each
//! lane over one, so that what is lost of large messages holds up neither small ones nor those of other lanes.
//!
//! What arrives over one stream says nothing of another. What goes over one of these says how much of the first one is before
//! it, and waits there for that; never the other way round. So whatever has to stay behind something that went over one of
//! them goes the same way until that has arrived: what follows in its lane, and the cancellation of a call. A slot whose call
//! went over it is used again when that has arrived, and each stream has methods, and slots of casts, of its own.

use std::{collections::VecDeque, mem::swap, time::Instant};

use bytes::BytesMut;

use super::{PartialCast, Session};
use crate::protocol::{
    close::{CloseReason, Goodbye},
    event::Event,
    frame::{CallId, Frame},
    methods::{MethodsIn, MethodsOut},
    output::Output,
};

/// One of the streams for large messages.
#[derive(Debug)]
pub(super) struct Bulk {
    pub(super) output: Output,
    methods_out: MethodsOut,
    cast_slots: VecDeque<u16>,
    cast_slots_used: u16,
    /// Bytes that have left over it, and those of which the peer has told that they have arrived.
    sent: u64,
    arrived: u64,
    /// What was said last of the first stream.
    behind: u64,
    methods_in: MethodsIn,
    partial_casts: Vec<Option<Box<PartialCast>>>,
    /// Bytes that have arrived, of which the peer was not told.
    untold: u64,
    /// What has arrived over it, and was not taken, is behind more of the first stream than has.
    waits: bool,
}

impl Bulk {
    pub(super) fn new(checksum: bool, methods_max: u32) -> Self {
        let mut output = Output::default();
        output.attach(checksum);
        Self {
            output,
            methods_out: MethodsOut::new(methods_max),
            cast_slots: VecDeque::new(),
            cast_slots_used: 0,
            sent: 0,
            arrived: 0,
            behind: 0,
            methods_in: MethodsIn::new(methods_max),
            partial_casts: Vec::new(),
            untold: 0,
            waits: false,
        }
    }

    /// The byte of it that will have been sent with so many more.
    pub(super) fn end_after(&self, bytes: usize) -> u64 {
        self.sent.saturating_add(bytes as u64)
    }

    /// Gives up the memory of what will not be received any more.
    pub(super) fn let_go(&mut self) {
        self.partial_casts = Vec::new();
        self.methods_in = MethodsIn::default();
        self.methods_out = MethodsOut::default();
    }
}

impl Session {
    /// Takes all whole frames of a stream for large messages, the first of which is 0, from the front of `input`: see
    /// [`receive`](Self::receive). Those stay that are behind something which has not arrived over the first stream of the
    /// connection: [`bulk_waits`](Self::bulk_waits) says so. Call it again when more of that has, and do not read on before.
    ///
    /// # Errors
    /// As there.
    pub fn receive_bulk(&mut self, now: Instant, stream: usize, input: &mut BytesMut) -> Result<(), CloseReason> {
        self.swap_in(stream);
        let received = self.receive_from(now, input, Some(stream));
        self.swap_in(stream);
        received
    }

    /// So many bytes of whole frames have arrived, over the first stream or that one.
    #[inline]
    pub(super) fn note_arrival(&mut self, stream: Option<usize>, bytes: usize) {
        match stream {
            None => self.main_arrived = self.main_arrived.saturating_add(bytes as u64),
            Some(stream) => {
                self.window_in.arrive(bytes);
                if let Some(bulk) = self.bulk.get_mut(stream) {
                    bulk.untold = bulk.untold.saturating_add(bytes as u64);
                }
            }
        }
    }

    /// How many bytes of `input`, of such a stream, are whole frames that need not wait, and what is wrong with the frame
    /// behind them.
    pub(super) fn whole_of_bulk(&mut self, stream: usize, input: &[u8]) -> (usize, Option<CloseReason>) {
        let Some(bulk) = self.bulk.get_mut(stream) else { return (0, None) };
        let (arrived, mut waits) = (self.main_arrived, false);
        let whole = self.framing.whole_until(input, |body| {
            waits = matches!(Frame::parse(body), Ok(Frame::Behind { bytes }) if bytes > arrived);
            waits
        });
        bulk.waits = waits;
        whole
    }

    /// Whether what is left of that stream for large messages waits for more of the connection's first one.
    #[must_use]
    pub fn bulk_waits(&self, stream: usize) -> bool {
        self.bulk.get(stream).is_some_and(|bulk| bulk.waits)
    }

    /// What is written next to that stream is behind all that has left over the first one.
    pub(super) fn stay_behind(&mut self, stream: usize) {
        let handed = self.output.handed();
        if let Some(bulk) = self.bulk.get_mut(stream)
            && bulk.behind < handed
        {
            bulk.behind = handed;
            bulk.output.frame(&Frame::Behind { bytes: handed });
        }
    }

    fn swap_in(&mut self, stream: usize) {
        if let Some(bulk) = self.bulk.get_mut(stream) {
            swap(&mut self.methods_in, &mut bulk.methods_in);
            swap(&mut self.partial_casts, &mut bulk.partial_casts);
        }
    }

    /// Whether something of these streams waits for [`transmit_all`](Self::transmit_all), beside what is in lanes.
    pub(super) fn wants_bulk(&self) -> bool {
        self.bulk.iter().any(|bulk| !bulk.output.is_empty())
    }

    /// Runs `write`, whose frames go over that stream if there is one.
    pub(super) fn over_bulk<R>(&mut self, stream: usize, write: impl FnOnce(&mut Self) -> R) -> R {
        let pace = self.output.epoch();
        self.swap_out(stream);
        self.output.keep_pace(pace);
        let result = write(self);
        self.swap_out(stream);
        result
    }

    fn swap_out(&mut self, stream: usize) {
        if let Some(bulk) = self.bulk.get_mut(stream) {
            swap(&mut self.output, &mut bulk.output);
            swap(&mut self.methods_out, &mut bulk.methods_out);
            swap(&mut self.cast_slots, &mut bulk.cast_slots);
            swap(&mut self.cast_slots_used, &mut bulk.cast_slots_used);
        }
    }

    /// So many bytes leave over that stream; where it ends then.
    pub(super) fn send_bulk(&mut self, now: Instant, stream: usize, bytes: usize) -> u64 {
        self.window_out.send(now, bytes);
        let Some(bulk) = self.bulk.get_mut(stream) else { return 0 };
        bulk.sent = bulk.sent.saturating_add(bytes as u64);
        bulk.sent
    }

    /// The call in that slot is over; the slot is free when all that was sent of the call has arrived.
    #[inline]
    pub(super) fn release_flight(&mut self, slot: u16) {
        let bulk = &self.bulk;
        self.flights.release(slot, |stream| bulk.get(stream).map_or(0, |bulk| bulk.arrived));
    }

    /// Tells the peer that nobody waits for a call that it may know: behind the call itself.
    pub(super) fn tell_cancelled(&mut self, id: CallId) {
        let Some((stream, _)) = self.flights.get_mut(id.slot).and_then(|flight| flight.bulk_end) else {
            return self.output.frame(&Frame::Cancel { id });
        };
        self.over_bulk(stream, |session| session.output.frame(&Frame::Cancel { id }));
        let end = self.bulk.get(stream).map_or(0, |bulk| bulk.end_after(bulk.output.len()));
        if let Some(flight) = self.flights.get_mut(id.slot) {
            flight.bulk_end = Some((stream, end));
        }
    }

    /// More of that stream has arrived: what may go another way again. False if so much was not sent.
    pub(super) fn bulk_arrived(&mut self, stream: usize, bytes: u64) -> bool {
        let Some(bulk) = self.bulk.get_mut(stream) else { return false };
        if bytes > bulk.sent.saturating_sub(bulk.arrived) {
            return false;
        }
        bulk.arrived = bulk.arrived.saturating_add(bytes);
        let arrived = bulk.arrived;
        self.lanes.arrived(stream, arrived);
        self.flights.arrived(stream, arrived);
        true
    }

    /// Tells the peer what has arrived of messages in chunks.
    pub(super) fn tell_arrival(&mut self) {
        let bytes = self.window_in.take();
        if self.bulk.is_empty() {
            return self.output.frame(&Frame::Arrived { stream: 0, bytes });
        }
        for (bulk, stream) in self.bulk.iter_mut().zip(1..) {
            let bytes = std::mem::take(&mut bulk.untold);
            if bytes > 0 {
                self.output.frame(&Frame::Arrived { stream, bytes });
            }
        }
    }

    /// The peer has said its last word on one of the streams.
    pub(super) fn receive_goodbye(&mut self, goodbye: Goodbye) {
        let (_, streams) = self.goodbyes.get_or_insert((goodbye, 0));
        *streams = streams.saturating_add(1);
        if *streams > self.bulk.len()
            && let Some((goodbye, _)) = self.goodbyes.take()
        {
            self.events.push_back(Event::Goodbye(goodbye));
        }
    }

    /// The peer's last word, if it was heard, though not on all streams.
    #[must_use]
    pub fn goodbye_heard(&self) -> Option<&Goodbye> {
        self.goodbyes.as_ref().map(|(goodbye, _)| goodbye)
    }
}
