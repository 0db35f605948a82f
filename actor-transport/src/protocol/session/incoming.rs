//! Calls, casts and replies that arrive.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actor_core::{SystemError, later};
use bytes::Bytes;

use super::{PartialCast, Session};
use crate::protocol::{
    assembly::Assembly,
    close::CloseReason,
    errors,
    event::{Event, InboundCall, InboundCastKey, InboundKey, ReplyBody},
    flights::Stage,
    frame::{CallId, ChunkOf, FrameError, Request},
    inbound::{InboundState, Receiving},
    lanes::LaneKey,
    methods::RemoteMethod,
};

/// A reply up to this length is in memory of its own: its caller may take it late, and must not keep what was read with
/// it. It costs less than a count that the threads of all callers share, too.
const COPIED_MAX: usize = 2048;

impl Session {
    #[inline]
    pub(super) fn receive_call(
        &mut self,
        now: Instant,
        id: CallId,
        request: &Request<'_>,
        batch: &Bytes,
    ) -> Result<(), CloseReason> {
        let method = self.method(request.method)?;
        let length = request.total.unwrap_or(request.payload.len() as u64);
        let limit = self.agreed.message_length_max;
        self.note_part(request.total, request.payload);
        let slot = self.inbound.begin(id, self.output.epoch())?;
        if length > limit {
            slot.state = InboundState::Refused { left: length };
            slot.epoch = self.output.epoch();
            self.refuse(id, &SystemError::MessageTooLarge { length, limit });
            return self.drop_chunk(id, request.payload);
        }
        let cost = self.requests_in.cost(length.saturating_add(request.chain.len() as u64));
        if !self.requests_in.begin(cost) {
            return Err(CloseReason::CreditExceeded { of: "bytes of calls and casts" });
        }
        (slot.instance, slot.cost) = (request.instance, cost);
        let remaining = Duration::from_millis(request.remaining_ms).min(self.limits.call_deadline_max);
        match request.total {
            None => {
                check_whole(request.payload, self.agreed.chunk_length_max)?;
                slot.state = InboundState::Running;
                let call = inbound_call(request, method, remaining, batch);
                self.events.push_back(Event::Call(InboundKey(id), call));
            }
            Some(total) => {
                let assembly = Assembly::begin(total, request.payload, self.agreed.chunk_length_max)?;
                let left = total.saturating_sub(request.payload.len() as u64);
                let expires = later(now, remaining);
                let call = partial_call(request, method, remaining);
                slot.state =
                    InboundState::Receiving(Box::new(Receiving { call, assembly, left, expires, timeout: remaining }));
                if self.expiry_next.is_none_or(|next| expires < next) {
                    self.expiry_next = Some(expires);
                    self.timeout_moved = true;
                }
            }
        }
        Ok(())
    }

    pub(super) fn receive_cast(&mut self, slot: u16, request: &Request<'_>, batch: &Bytes) -> Result<(), CloseReason> {
        let method = self.method(request.method)?;
        let length = request.total.unwrap_or(request.payload.len() as u64);
        self.check_length(length)?;
        self.note_part(request.total, request.payload);
        let cost = self.requests_in.cost(length.saturating_add(request.chain.len() as u64));
        if !self.casts_in.begin(1) {
            return Err(CloseReason::CreditExceeded { of: "casts" });
        }
        if !self.requests_in.begin(cost) {
            return Err(CloseReason::CreditExceeded { of: "bytes of calls and casts" });
        }
        let remaining = Duration::from_millis(request.remaining_ms).min(self.limits.call_deadline_max);
        let Some(total) = request.total else {
            check_whole(request.payload, self.agreed.chunk_length_max)?;
            let call = inbound_call(request, method, remaining, batch);
            self.events.push_back(Event::Cast(InboundCastKey { cost }, call));
            return Ok(());
        };
        if u32::from(slot) >= self.agreed.casts_in_flight_max {
            return Err(CloseReason::CreditExceeded { of: "casts" });
        }
        let assembly = Assembly::begin(total, request.payload, self.agreed.chunk_length_max)?;
        let position = usize::from(slot);
        while self.partial_casts.len() <= position {
            self.partial_casts.push(None);
        }
        match self.partial_casts.get_mut(position) {
            Some(free @ None) => {
                let call = partial_call(request, method, remaining);
                *free = Some(Box::new(PartialCast { call, assembly, cost }));
                Ok(())
            }
            _ => Err(CloseReason::CallIdReused),
        }
    }

    #[inline]
    pub(super) fn receive_reply(
        &mut self,
        id: CallId,
        thrown: bool,
        total: Option<u64>,
        payload: &[u8],
        batch: &Bytes,
    ) -> Result<(), CloseReason> {
        let length = total.unwrap_or(payload.len() as u64);
        self.check_length(length)?;
        self.note_part(total, payload);
        let cost = self.replies_in.cost(length);
        if !self.replies_in.begin(cost) {
            return Err(CloseReason::CreditExceeded { of: "bytes of replies" });
        }
        let flight = self.flights.known(id).filter(|flight| flight.stage == Stage::Sent && flight.reply.is_none());
        let Some(flight) = flight else {
            // Every call is answered once, so that not even a late reply can be one too many.
            self.replies_in.consume(cost);
            return self.anomaly("a reply to no call");
        };
        match total {
            None => {
                check_whole(payload, self.agreed.chunk_length_max)?;
                let call = flight.call;
                self.release_flight(id.slot);
                match call {
                    Some(key) => {
                        let is_own = payload.len() <= COPIED_MAX;
                        let body = if is_own { Bytes::copy_from_slice(payload) } else { batch.slice_ref(payload) };
                        self.finish_with(key, reply_body(thrown, body), is_own, cost);
                    }
                    None => self.replies_in.consume(cost),
                }
            }
            Some(total) => {
                let mut assembly = Assembly::begin(total, payload, self.agreed.chunk_length_max)?;
                if flight.call.is_none() {
                    assembly.discard();
                }
                flight.reply = Some(Box::new((assembly, thrown, cost)));
            }
        }
        Ok(())
    }

    pub(super) fn receive_error(&mut self, id: CallId, error: &[u8]) -> Result<(), CloseReason> {
        let error = errors::decode(error).ok_or(FrameError::Malformed { kind: 5, field: "error" })?;
        let Some(flight) = self.flights.known(id).filter(|flight| flight.reply.is_none()) else {
            return self.anomaly("an error for no call");
        };
        let (call, stage, instance) = (flight.call, flight.stage, flight.instance);
        if stage == Stage::Partly {
            // The rest of the call is in vain; the peer waits for its end.
            self.lanes.remove_call(LaneKey::To(instance), id.slot);
            self.tell_cancelled(id);
        }
        self.release_flight(id.slot);
        if let Some(key) = call {
            self.finish(key, Err(error), 0);
        }
        Ok(())
    }

    pub(super) fn receive_chunk(&mut self, of: ChunkOf, payload: &[u8], is_bulk: bool) -> Result<(), CloseReason> {
        self.is_partial = true;
        if !is_bulk {
            self.window_in.arrive(payload.len());
        }
        match of {
            ChunkOf::Call(id) => self.receive_chunk_of_call(id, payload),
            ChunkOf::Reply(id) => self.receive_chunk_of_reply(id, payload),
            ChunkOf::Cast(slot) => self.receive_chunk_of_cast(slot, payload),
        }
    }

    pub(super) fn receive_cancel(&mut self, id: CallId) -> Result<(), CloseReason> {
        let Some(slot) = self.inbound.latest(id) else { return self.anomaly("the cancellation of no call") };
        let was_cancelled = std::mem::replace(&mut slot.cancelled, true);
        match &slot.state {
            InboundState::Receiving(_) => {
                let cost = slot.cost;
                self.requests_in.consume(cost);
                self.refuse(id, &SystemError::Cancelled);
                self.inbound.release(id, self.output.epoch());
            }
            InboundState::Refused { .. } => {
                let epoch = slot.epoch;
                self.inbound.release(id, epoch);
            }
            _ if was_cancelled => return self.anomaly("a second cancellation of one call"),
            InboundState::Running => self.events.push_back(Event::Cancel(InboundKey(id))),
            // It crossed the answer.
            InboundState::Replying | InboundState::Free => {}
        }
        Ok(())
    }

    fn receive_chunk_of_call(&mut self, id: CallId, payload: &[u8]) -> Result<(), CloseReason> {
        let Some(slot) = self.inbound.latest(id) else { return self.anomaly("a chunk of no call") };
        match &mut slot.state {
            InboundState::Receiving(receiving) => {
                receiving.left = receiving.left.saturating_sub(payload.len() as u64);
                if receiving.assembly.push(payload)? {
                    self.is_partial = false;
                    let received = std::mem::replace(&mut slot.state, InboundState::Running);
                    if let InboundState::Receiving(receiving) = received {
                        let Receiving { mut call, assembly, .. } = *receiving;
                        call.body = assembly.finish().unwrap_or_default();
                        self.events.push_back(Event::Call(InboundKey(id), call));
                    }
                }
                Ok(())
            }
            InboundState::Refused { .. } => self.drop_chunk(id, payload),
            _ => self.anomaly("a chunk of no call"),
        }
    }

    /// A chunk of a call that is refused already; its slot is free after the last.
    fn drop_chunk(&mut self, id: CallId, payload: &[u8]) -> Result<(), CloseReason> {
        let chunk = u64::from(self.agreed.chunk_length_max);
        if let Some(slot) = self.inbound.latest(id)
            && let InboundState::Refused { left } = &mut slot.state
        {
            let (length, expected) = (payload.len() as u64, chunk.min(*left));
            if length != expected {
                return Err(CloseReason::ChunkLength { length, expected });
            }
            *left = left.saturating_sub(length);
            if *left == 0 {
                let epoch = slot.epoch;
                self.inbound.release(id, epoch);
            }
        }
        Ok(())
    }

    fn receive_chunk_of_reply(&mut self, id: CallId, payload: &[u8]) -> Result<(), CloseReason> {
        let Some(flight) = self.flights.known(id) else { return self.anomaly("a chunk of no reply") };
        let Some(reply) = &mut flight.reply else { return self.anomaly("a chunk of no reply") };
        if !reply.0.push(payload)? {
            return Ok(());
        }
        self.is_partial = false;
        let (reply, call) = (flight.reply.take(), flight.call);
        self.release_flight(id.slot);
        if let Some(reply) = reply {
            let (assembly, thrown, cost) = *reply;
            match (assembly.finish(), call) {
                (Some(body), Some(key)) => self.finish(key, Ok(reply_body(thrown, body)), cost),
                _ => self.replies_in.consume(cost),
            }
        }
        Ok(())
    }

    fn receive_chunk_of_cast(&mut self, slot: u16, payload: &[u8]) -> Result<(), CloseReason> {
        let partial = self.partial_casts.get_mut(usize::from(slot));
        let Some(partial) = partial else { return self.anomaly("a chunk of no cast") };
        let Some(cast) = partial else { return self.anomaly("a chunk of no cast") };
        if cast.assembly.push(payload)?
            && let Some(cast) = partial.take()
        {
            self.is_partial = false;
            let PartialCast { mut call, assembly, cost } = *cast;
            call.body = assembly.finish().unwrap_or_default();
            self.events.push_back(Event::Cast(InboundCastKey { cost }, call));
        }
        Ok(())
    }

    /// The first part of a message in chunks has arrived.
    #[inline]
    fn note_part(&mut self, total: Option<u64>, payload: &[u8]) {
        if total.is_some() {
            self.is_partial = true;
            // Where they have a stream of their own, all of it is counted.
            if self.bulk.is_empty() {
                self.window_in.arrive(payload.len());
            }
        }
    }

    #[inline]
    fn method(&self, index: u32) -> Result<Arc<RemoteMethod>, CloseReason> {
        self.methods_in.get(index).cloned().ok_or(CloseReason::UndefinedMethod { index })
    }

    #[inline]
    fn check_length(&self, length: u64) -> Result<(), CloseReason> {
        let limit = self.agreed.message_length_max;
        if length > limit { Err(CloseReason::MessageLength { length, limit }) } else { Ok(()) }
    }
}

/// A message in one frame is not longer than a chunk.
#[inline]
fn check_whole(payload: &[u8], chunk: u32) -> Result<(), CloseReason> {
    let (length, expected) = (payload.len() as u64, u64::from(chunk));
    if length > expected { Err(CloseReason::ChunkLength { length, expected }) } else { Ok(()) }
}

#[inline]
fn inbound_call(request: &Request<'_>, method: Arc<RemoteMethod>, remaining: Duration, batch: &Bytes) -> InboundCall {
    InboundCall {
        instance: request.instance,
        method,
        remaining,
        trace: request.trace,
        chain: batch.slice_ref(request.chain),
        body: batch.slice_ref(request.payload),
        is_slice: true,
    }
}

/// It may wait for its chunks for long, so that it must not keep what was read with it.
fn partial_call(request: &Request<'_>, method: Arc<RemoteMethod>, remaining: Duration) -> InboundCall {
    let chain = Bytes::copy_from_slice(request.chain);
    InboundCall {
        instance: request.instance,
        method,
        remaining,
        trace: request.trace,
        chain,
        body: Bytes::new(),
        is_slice: false,
    }
}

fn reply_body(thrown: bool, body: Bytes) -> ReplyBody {
    if thrown { ReplyBody::Thrown(body) } else { ReplyBody::Value(body) }
}
