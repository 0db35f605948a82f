//! Calls and casts to the peer, from the queue to the wire.

use std::{collections::VecDeque, time::Instant};

use actor_core::{EncodeBuffer, SystemError};
use bytes::Bytes;

use super::{Session, calls::remaining_ms};
use crate::protocol::{
    event::{CallKey, Delivery, ReplyBody},
    flights::Stage,
    frame::{CallId, Frame, Request},
    lanes::{LaneKey, Message, What},
    methods::{Index, MethodKey},
    request::{CallState, Pending},
};

impl Session {
    /// Begins the calls and casts at the head of the queue, as far as there is room for them.
    pub(super) fn begin_waiting(&mut self, now: Instant) {
        if self.waiting.is_empty() || !self.is_attached() || self.failed.is_some() {
            return;
        }
        while let Some(&key) = self.waiting.front() {
            let limit = self.agreed.message_length_max;
            match self.calls.get_mut(key).map(|entry| &entry.state) {
                Some(CallState::Waiting(pending)) => {
                    let (length, whole_length) = (pending.body.len() as u64, pending.length());
                    // The peer may allow less than this node does.
                    if length <= limit && !self.take_room(key) {
                        return;
                    }
                    self.waiting.pop_front();
                    if length <= limit {
                        self.begin(now, key);
                    } else {
                        self.waiting_bytes = self.waiting_bytes.saturating_sub(whole_length);
                        self.finish(key, Err(SystemError::MessageTooLarge { length, limit }), 0);
                    }
                }
                // Cancelled, or past its deadline.
                _ => {
                    self.waiting.pop_front();
                    self.waiting_stale = self.waiting_stale.saturating_sub(1);
                }
            }
        }
    }

    /// Takes credit for a call or a cast; false if there is not enough, or no slot.
    fn take_room(&mut self, key: CallKey) -> bool {
        let Some(CallState::Waiting(pending)) = self.calls.get_mut(key).map(|entry| &entry.state) else { return false };
        let cost = self.requests_out.cost(pending.length());
        if pending.is_cast {
            self.casts_out.has(1) && self.requests_out.take(cost) && self.casts_out.take(1)
        } else {
            self.flights.has_room() && self.requests_out.take(cost)
        }
    }

    /// Begins a call or a cast that room was taken for.
    fn begin(&mut self, now: Instant, key: CallKey) {
        let Some(entry) = self.calls.get_mut(key) else { return };
        let CallState::Waiting(mut pending) = std::mem::replace(&mut entry.state, CallState::Begun { slot: 0 }) else {
            return;
        };
        let length = pending.length();
        self.waiting_bytes = self.waiting_bytes.saturating_sub(length);
        let body = std::mem::take(&mut pending.body);
        let lane = LaneKey::To(pending.instance);
        let total = body.len() as u64;
        let whole = total <= self.agreed.chunk_length_max.into() && !self.lanes.contains(lane);
        if pending.is_cast {
            self.finish(key, Ok(ReplyBody::Value(Bytes::new())), 0);
            if whole {
                self.write_whole(now, None, &pending, body);
            } else {
                let what = What::Cast { slot: 0, request: pending };
                self.lanes.push(lane, message(what, total, body));
            }
            return;
        }
        let stage = if whole { Stage::Sent } else { Stage::Queued };
        let cost = self.requests_out.cost(length);
        let Some(id) = self.flights.take(stage, key, pending.instance, cost) else { return };
        if let Some(entry) = self.calls.get_mut(key) {
            entry.state = CallState::Begun { slot: id.slot };
        }
        if whole {
            self.write_whole(now, Some(id), &pending, body);
        } else {
            let what = What::Call { slot: id.slot, request: pending };
            self.lanes.push(lane, message(what, total, body));
        }
    }

    fn write_whole(&mut self, now: Instant, id: Option<CallId>, pending: &Pending, body: EncodeBuffer) {
        let method = self.method_index(pending.method.key());
        let request = pending.request(now, method, None);
        let frame = match id {
            Some(id) => Frame::Call { id, request },
            None => Frame::Cast { slot: 0, request },
        };
        self.output.frame_of_pieces(&frame, &body.into_segments());
    }

    /// The method's index at the peer, which is told of it first if it is new.
    #[inline]
    pub(super) fn method_index(&mut self, method: MethodKey<'_>) -> u32 {
        match self.methods_out.index(method.hash) {
            Index::Defined(index) => index,
            Index::New(index) => {
                let MethodKey { hash, name, signature } = method;
                self.output.frame(&Frame::DefineMethod { index, hash, name, signature });
                index
            }
        }
    }

    /// Nobody waits for the call in this slot any more. Returns whether the peer may have all of it.
    pub(super) fn abandon(&mut self, slot: u16) -> bool {
        let Some(flight) = self.flights.get_mut(slot) else { return false };
        flight.call = None;
        if let Some(reply) = &mut flight.reply {
            reply.0.discard();
        }
        let (stage, instance, cost) = (flight.stage, flight.instance, flight.cost);
        let id = CallId { slot, generation: flight.generation };
        match stage {
            Stage::Free => {}
            Stage::Queued => {
                self.lanes.remove_call(LaneKey::To(instance), slot);
                self.release_flight(slot);
                self.requests_out.give(cost);
            }
            Stage::Partly => {
                self.lanes.remove_call(LaneKey::To(instance), slot);
                self.tell_cancelled(id);
                // As far as it will ever be: only the answer is missing.
                if let Some(flight) = self.flights.get_mut(slot) {
                    flight.stage = Stage::Sent;
                }
            }
            Stage::Sent => self.tell_cancelled(id),
        }
        stage == Stage::Sent
    }

    /// The call is over for its caller, who is woken.
    pub(super) fn finish(&mut self, key: CallKey, result: Result<ReplyBody, SystemError>, cost: u64) {
        match self.calls.get_mut(key) {
            Some(entry) => {
                let recipient = entry.recipient.take();
                entry.state = CallState::Answered { result, cost };
                self.answered = self.answered.saturating_add(1);
                self.wakers.extend(entry.waker.take());
                self.deliveries.extend(recipient.map(|to| Delivery { to, reply: None }));
            }
            None => self.replies_in.consume(cost),
        }
    }

    /// The same for a reply that has arrived. A short one, which is in memory of its own, goes to its recipient at once:
    /// it takes no room here while the caller does not look, and so none of the peer's credit.
    #[inline]
    pub(super) fn finish_with(&mut self, key: CallKey, reply: ReplyBody, is_own: bool, cost: u64) {
        let recipient = if is_own { self.calls.get_mut(key).and_then(|entry| entry.recipient.take()) } else { None };
        match recipient {
            Some(to) => {
                self.calls.remove(key);
                self.replies_in.consume(cost);
                self.deliveries.push(Delivery { to, reply: Some(reply) });
            }
            None => self.finish(key, Ok(reply), cost),
        }
    }

    /// One call less waits, though it still stands in the queue.
    pub(super) fn forget_waiting(&mut self, length: u64) {
        self.waiting_bytes = self.waiting_bytes.saturating_sub(length);
        self.waiting_stale = self.waiting_stale.saturating_add(1);
        // So that a million calls that were cancelled while they waited leave nothing behind.
        if self.waiting_stale > self.waiting.len() / 2 {
            let calls = &mut self.calls;
            self.waiting
                .retain(|key| calls.get_mut(*key).is_some_and(|entry| matches!(entry.state, CallState::Waiting(_))));
            self.waiting_stale = 0;
        }
    }
}

impl Pending {
    pub(super) fn request(&self, now: Instant, method: u32, total: Option<u64>) -> Request<'_> {
        Request {
            instance: self.instance,
            method,
            remaining_ms: remaining_ms(now, self.deadline),
            trace: self.trace,
            chain: &self.chain,
            total,
            payload: &[],
        }
    }
}

fn message(what: What, total: u64, body: EncodeBuffer) -> Message {
    Message { what, payload: VecDeque::from(body.into_segments()), total, begun: false }
}
