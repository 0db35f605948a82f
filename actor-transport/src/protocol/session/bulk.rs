//! The second stream of a connection (`docs/protocol.md`, section 6): where there is one, all that goes in lanes goes over
//! it, so that what is lost of large messages does not hold up small ones.
//!
//! What arrives over one stream says nothing of the other. What goes over the second one says how much of the first one
//! is before it, and waits there for that; never the other way round. So whatever has to stay behind something that went
//! over the second one goes the same way until that has arrived: what follows in its lane, and the cancellation of a call.
//! A slot whose call went over it is used again when that has arrived, and each stream has methods of its own.

use std::{mem::swap, time::Instant};

use bytes::BytesMut;

use super::Session;
use crate::protocol::{
    close::{CloseReason, Goodbye},
    event::Event,
    frame::{CallId, Frame},
    methods::{MethodsIn, MethodsOut},
    output::Output,
};

#[derive(Debug)]
pub(super) struct Bulk {
    pub(super) output: Output,
    methods_out: MethodsOut,
    methods_in: MethodsIn,
    /// What was said last of the first stream, and how much of that has arrived here.
    behind: u64,
    arrived: u64,
    /// What has arrived over the second stream, and was not taken, is behind more than that.
    waits: bool,
    /// Heard over one of the streams: the last word is said over both, and what came before it counts.
    goodbye: Option<Goodbye>,
}

impl Bulk {
    pub(super) fn new(checksum: bool, methods_max: u32) -> Self {
        let mut output = Output::default();
        output.attach(checksum);
        let (methods_out, methods_in) = (MethodsOut::new(methods_max), MethodsIn::new(methods_max));
        Self { output, methods_out, methods_in, behind: 0, arrived: 0, waits: false, goodbye: None }
    }
}

impl Session {
    /// Takes all whole frames of the second stream from the front of `input`: see [`receive`](Self::receive). Those stay
    /// that are behind something which has not arrived over the first stream: [`bulk_waits`](Self::bulk_waits) says so.
    /// Call it again when more of that has, and do not read on before.
    ///
    /// # Errors
    /// As there.
    pub fn receive_bulk(&mut self, now: Instant, input: &mut BytesMut) -> Result<(), CloseReason> {
        self.swap_methods_in();
        let received = self.receive_from(now, input, true);
        self.swap_methods_in();
        received
    }

    /// So many bytes of whole frames have arrived over the first stream.
    #[inline]
    pub(super) fn note_arrival(&mut self, bytes: usize) {
        if let Some(bulk) = &mut self.bulk {
            bulk.arrived = bulk.arrived.saturating_add(bytes as u64);
        }
    }

    /// How many bytes of `input`, of the second stream, are whole frames that need not wait, and what is wrong with the
    /// frame behind them.
    pub(super) fn whole_of_bulk(&mut self, input: &[u8]) -> (usize, Option<CloseReason>) {
        let Some(bulk) = &mut self.bulk else { return (0, None) };
        let (arrived, mut waits) = (bulk.arrived, false);
        let whole = self.framing.whole_until(input, |body| {
            waits = matches!(Frame::parse(body), Ok(Frame::Behind { bytes }) if bytes > arrived);
            waits
        });
        bulk.waits = waits;
        whole
    }

    /// Whether what is left of the second stream waits for more of the first one.
    #[must_use]
    pub fn bulk_waits(&self) -> bool {
        self.bulk.as_ref().is_some_and(|bulk| bulk.waits)
    }

    /// What is written next to the second stream is behind all that has left over the first one.
    pub(super) fn stay_behind(&mut self) {
        let handed = self.output.handed();
        if let Some(bulk) = &mut self.bulk
            && bulk.behind < handed
        {
            bulk.behind = handed;
            bulk.output.frame(&Frame::Behind { bytes: handed });
        }
    }

    fn swap_methods_in(&mut self) {
        if let Some(bulk) = &mut self.bulk {
            swap(&mut self.methods_in, &mut bulk.methods_in);
        }
    }

    /// Whether something of the second stream waits for [`transmit_both`](Self::transmit_both).
    pub(super) fn wants_bulk(&self) -> bool {
        self.bulk.as_ref().is_some_and(|bulk| !bulk.output.is_empty())
    }

    /// Runs `write`, whose frames go over the second stream if there is one.
    pub(super) fn over_bulk<R>(&mut self, write: impl FnOnce(&mut Self) -> R) -> R {
        let Some(mut bulk) = self.bulk.take() else { return write(self) };
        bulk.output.keep_pace(&self.output);
        swap(&mut self.output, &mut bulk.output);
        swap(&mut self.methods_out, &mut bulk.methods_out);
        let result = write(self);
        swap(&mut self.output, &mut bulk.output);
        swap(&mut self.methods_out, &mut bulk.methods_out);
        self.bulk = Some(bulk);
        result
    }

    /// The byte of the second stream that is written next.
    pub(super) fn bulk_position(&self) -> Option<u64> {
        let bulk = self.bulk.as_ref()?;
        Some(self.window_out.sent().saturating_add(bulk.output.len() as u64))
    }

    /// Tells the peer that nobody waits for a call that it may know: behind the call itself.
    pub(super) fn tell_cancelled(&mut self, id: CallId) {
        let went_over_bulk = self.flights.get_mut(id.slot).is_some_and(|flight| flight.bulk_end > 0);
        if !went_over_bulk {
            return self.output.frame(&Frame::Cancel { id });
        }
        self.over_bulk(|session| session.output.frame(&Frame::Cancel { id }));
        let end = self.bulk_position().unwrap_or_default();
        if let Some(flight) = self.flights.get_mut(id.slot) {
            flight.bulk_end = end;
        }
    }

    /// What has arrived there tells what may go the other way again.
    pub(super) fn bulk_arrived(&mut self) {
        let arrived = self.window_out.arrived();
        self.lanes.arrived(arrived);
        self.flights.arrived(arrived);
    }

    /// The peer has said its last word on one of the streams.
    pub(super) fn receive_goodbye(&mut self, goodbye: Goodbye) {
        if let Some(bulk) = &mut self.bulk
            && bulk.goodbye.is_none()
        {
            bulk.goodbye = Some(goodbye);
            return;
        }
        self.events.push_back(Event::Goodbye(goodbye));
    }

    /// The peer's last word, if it was heard, though not on both streams.
    #[must_use]
    pub fn goodbye_heard(&self) -> Option<&Goodbye> {
        self.bulk.as_ref()?.goodbye.as_ref()
    }
}
