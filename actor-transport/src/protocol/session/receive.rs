//! What arrives.

use std::time::Instant;

use actor_core::NodeId;
use bytes::{Bytes, BytesMut};

use super::Session;
use crate::protocol::{
    close::{CloseReason, Goodbye},
    event::Event,
    frame::{Frame, FrameError},
    links::Verdict,
    methods::MethodKey,
};

/// Frames that nothing but the peer's wishes bound may take so much here, in bytes, before they have left.
const UNBOUNDED_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Session {
    /// Takes all whole frames from the front of `input`; what is left is the beginning of the next one.
    ///
    /// Call it once for each read that brought bytes, which is a sign of life even if no frame is whole, and take all
    /// events afterwards.
    ///
    /// # Errors
    /// The peer broke the protocol. What it sent before counts. A goodbye that says so is ready to be sent: the owner
    /// gives the writer a moment for it, and [closes](Self::close) the session. From then on the same error returns.
    pub fn receive(&mut self, now: Instant, input: &mut BytesMut) -> Result<(), CloseReason> {
        self.receive_from(now, input, None)
    }

    pub(super) fn receive_from(
        &mut self,
        now: Instant,
        input: &mut BytesMut,
        bulk: Option<usize>,
    ) -> Result<(), CloseReason> {
        if let Some(reason) = &self.failed {
            input.clear();
            return Err(reason.clone());
        }
        if input.is_empty() {
            return Ok(());
        }
        let Some(keepalive) = &mut self.keepalive else { return Err(CloseReason::EndOfStream) };
        keepalive.heard(now);
        let (whole, wrong) = match bulk {
            None => self.framing.whole(input),
            Some(stream) => self.whole_of_bulk(stream, input),
        };
        if whole > 0 {
            let batch = input.split_to(whole).freeze();
            self.receive_frames(now, &batch, bulk).or_else(|reason| self.fail(reason))?;
            self.pump_answers();
            self.begin_waiting(now);
        }
        let of_bulk = self.bulk.iter().map(|bulk| bulk.output.unbounded_len());
        if of_bulk.fold(self.output.unbounded_len(), usize::saturating_add) > UNBOUNDED_BYTES_MAX {
            return self.fail(CloseReason::Unread);
        }
        match wrong {
            Some(reason) => self.fail(reason),
            None => Ok(()),
        }
    }

    fn receive_frames(&mut self, now: Instant, batch: &Bytes, bulk: Option<usize>) -> Result<(), CloseReason> {
        let is_bulk = bulk.is_some();
        self.note_arrival(bulk, batch.len());
        let mut rest = &batch[..];
        while let Some(body) = self.framing.next(&mut rest)? {
            self.is_partial = false;
            match Frame::parse(body)? {
                Frame::Call { id, request } => self.receive_call(now, id, &request, batch)?,
                Frame::Reply { id, thrown, total, payload } => self.receive_reply(id, thrown, total, payload, batch)?,
                Frame::Cast { slot, request } => self.receive_cast(slot, &request, batch)?,
                Frame::Error { id, error } => self.receive_error(id, error)?,
                Frame::Chunk { of, payload } => self.receive_chunk(of, payload, is_bulk)?,
                Frame::Cancel { id } => self.receive_cancel(id)?,
                Frame::Credit { requests, replies, casts } => self.receive_credit(requests, replies, casts)?,
                Frame::Arrived { stream, bytes } => self.receive_arrival(now, stream, bytes)?,
                // It has been looked at.
                Frame::Behind { .. } if is_bulk => self.is_partial = true,
                rare => self.receive_rare(now, rare, batch)?,
            }
            // What stays behind a message waits for its end.
            if is_bulk && !self.is_partial {
                self.window_in.hurry();
            }
        }
        Ok(())
    }

    fn receive_credit(&mut self, requests: u64, replies: u64, casts: u32) -> Result<(), CloseReason> {
        if requests == 0 && replies == 0 && casts == 0 {
            return self.anomaly("credit for nothing");
        }
        for (credit, amount, of) in [
            (&mut self.requests_out, requests, "bytes of calls and casts"),
            (&mut self.replies_out, replies, "bytes of replies"),
            (&mut self.casts_out, casts.into(), "casts"),
        ] {
            if !credit.give(amount) {
                return Err(CloseReason::CreditOverflow { of });
            }
        }
        Ok(())
    }

    fn receive_arrival(&mut self, now: Instant, stream: u32, bytes: u64) -> Result<(), CloseReason> {
        if bytes == 0 {
            return self.anomaly("the arrival of nothing");
        }
        let mut was_sent = self.window_out.arrive(now, bytes);
        match stream.checked_sub(1) {
            None => was_sent &= self.bulk.is_empty(),
            Some(stream) => was_sent &= self.bulk_arrived(stream as usize, bytes),
        }
        if was_sent { Ok(()) } else { Err(CloseReason::CreditOverflow { of: "bytes of chunks" }) }
    }

    fn receive_rare(&mut self, now: Instant, frame: Frame<'_>, batch: &Bytes) -> Result<(), CloseReason> {
        match frame {
            Frame::Ping => {
                if self.keepalive.as_mut().is_some_and(|keepalive| !keepalive.receive_ping(now, &self.limits)) {
                    return self.anomaly("pings too often");
                }
            }
            Frame::Pong => {
                if self.keepalive.as_mut().is_some_and(|keepalive| !keepalive.receive_pong()) {
                    return self.anomaly("a pong without a ping");
                }
            }
            Frame::DefineMethod { index, hash, name, signature } => {
                if !self.methods_in.define(index, MethodKey { hash, name, signature }) {
                    return Err(CloseReason::UndefinedMethod { index });
                }
            }
            Frame::Introduce { node, addresses } => self.receive_introduction(node, &addresses),
            Frame::Watch { instance } => {
                let verdict = self.links.receive_watch(instance, self.limits.watches_max);
                return self.judge(verdict, Event::Watch { instance }, "a watch of what is watched");
            }
            Frame::Unwatch { instance } => {
                let verdict = self.links.receive_unwatch(instance);
                return self.judge(verdict, Event::Unwatch { instance }, "the end of a watch that was not begun");
            }
            Frame::Terminated { instance, how } => {
                let verdict = self.links.receive_terminated(instance);
                return self.judge(verdict, Event::Terminated { instance, how }, "the end of what is not watched");
            }
            Frame::System(payload) => {
                if payload.len() > self.agreed.chunk_length_max as usize {
                    return Err(FrameError::Malformed { kind: 19, field: "length" }.into());
                }
                self.events.push_back(Event::System(batch.slice_ref(payload)));
            }
            Frame::Behind { .. } => return self.anomaly("behind itself"),
            Frame::Goodbye { code, text } => {
                self.receive_goodbye(Goodbye::from_wire(code, text));
            }
            // These have been dealt with.
            Frame::Call { .. }
            | Frame::Cast { .. }
            | Frame::Reply { .. }
            | Frame::Error { .. }
            | Frame::Chunk { .. }
            | Frame::Cancel { .. }
            | Frame::Credit { .. }
            | Frame::Arrived { .. } => {}
        }
        Ok(())
    }

    fn receive_introduction(&mut self, node: NodeId, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| String::from(*address)).collect();
        self.events.push_back(Event::Introduced { node, addresses });
    }

    fn judge(&mut self, verdict: Verdict, event: Event, odd: &'static str) -> Result<(), CloseReason> {
        match verdict {
            Verdict::Tell => self.events.push_back(event),
            Verdict::Ignore => {}
            Verdict::Anomaly => return self.anomaly(odd),
            Verdict::TooMany => return Err(CloseReason::TooManyWatches { limit: self.limits.watches_max }),
        }
        Ok(())
    }
}
