//! Calls and casts to the peer, as their callers see them.

use std::{
    sync::Arc,
    task::{Poll, Waker},
    time::Instant,
};

use actor_core::{EncodeBuffer, SystemError};
use bytes::Bytes;

use super::Session;
use crate::protocol::{
    close::clip,
    event::{CallKey, CastKey, OutgoingCall, Recipient, ReplyBody},
    flights::Stage,
    frame::{CHAIN_LENGTH_MAX, Frame, METHOD_NAME_LENGTH_MAX, Request, SIGNATURE_LENGTH_MAX},
    lanes::LaneKey,
    methods::{MethodKey, RemoteMethod},
    request::{CallState, Pending},
};

impl Session {
    /// Calls a method of an actor of the peer with the arguments in `body`.
    ///
    /// The call begins at once if there is room at the peer; otherwise it waits, in order with all others, until its
    /// deadline.
    ///
    /// # Errors
    /// Nothing was sent then: `MessageTooLarge`; `Overloaded` if too much waits already; `Unencodable` if method or
    /// chain are longer than the protocol allows; and what the session was closed with.
    #[inline]
    pub fn call(&mut self, now: Instant, call: &OutgoingCall<'_>, body: EncodeBuffer) -> Result<CallKey, SystemError> {
        self.admit(call, body.len())?;
        let deadline = call.deadline.min(self.latest_deadline(now));
        self.note_deadline(deadline);
        if let Some(payload) = self.small(call.instance, &body) {
            let cost = self.requests_out.cost(cost_length(call, payload));
            if self.flights.has_room() && self.requests_out.take(cost) {
                return Ok(self.call_at_once(now, deadline, call, payload, cost));
            }
        }
        Ok(self.wait(now, false, deadline, call, body))
    }

    /// Sends a message without a reply to an actor of the peer. It waits for room as a call does.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    #[inline]
    pub fn cast(&mut self, now: Instant, call: &OutgoingCall<'_>, body: EncodeBuffer) -> Result<CastKey, SystemError> {
        self.admit(call, body.len())?;
        let deadline = call.deadline.min(self.latest_deadline(now));
        if let Some(payload) = self.small(call.instance, &body)
            && self.casts_out.has(1)
            && self.requests_out.take(self.requests_out.cost(cost_length(call, payload)))
        {
            self.casts_out.take(1);
            let method = self.method_index(call.method);
            let request = Request { method, ..request_of(now, deadline, call, payload) };
            self.output.frame(&Frame::Cast { slot: 0, request });
            return Ok(CastKey(None));
        }
        self.note_deadline(deadline);
        Ok(CastKey(Some(self.wait(now, true, deadline, call, body))))
    }

    /// The outcome of a call, once. `Ready` is the end of the key; `Pending` keeps the waker, in place of an earlier
    /// one.
    #[inline]
    pub fn poll_reply(&mut self, key: CallKey, waker: &Waker) -> Poll<Result<ReplyBody, SystemError>> {
        let Some(entry) = self.calls.get_mut(key) else { return Poll::Ready(Err(SystemError::Cancelled)) };
        if !matches!(entry.state, CallState::Answered { .. }) {
            match &mut entry.waker {
                Some(kept) => kept.clone_from(waker),
                kept => *kept = Some(waker.clone()),
            }
            return Poll::Pending;
        }
        match self.calls.remove(key) {
            Some(CallState::Answered { result, cost }) => {
                self.answer_taken(cost);
                Poll::Ready(result)
            }
            _ => Poll::Ready(Err(SystemError::Cancelled)),
        }
    }

    /// Lets `recipient` have the reply of a call if it is a short one: that is the end of the key, and of the reply as
    /// far as the session is concerned. Of everything else it only learns that there is something, and
    /// [`poll_reply`](Self::poll_reply) tells what. `Ready` if it is there already, as there.
    #[inline]
    pub fn deliver_to(
        &mut self,
        key: CallKey,
        recipient: &Arc<impl Recipient + 'static>,
    ) -> Poll<Result<ReplyBody, SystemError>> {
        match self.calls.get_mut(key) {
            Some(entry) if !matches!(entry.state, CallState::Answered { .. }) => {
                entry.recipient = Some(recipient.clone());
                Poll::Pending
            }
            _ => self.poll_reply(key, Waker::noop()),
        }
    }

    /// Whether a cast was handed over: it has begun, and nothing more is heard of it. `Ready` is the end of the key.
    pub fn poll_cast(&mut self, key: CastKey, waker: &Waker) -> Poll<Result<(), SystemError>> {
        match key.0 {
            None => Poll::Ready(Ok(())),
            Some(key) => self.poll_reply(key, waker).map_ok(|_| ()),
        }
    }

    /// The caller does not want the reply any more. The end of the key.
    ///
    /// Nothing is sent of a call that has not begun. Otherwise the peer is told, and its slot stays taken until the
    /// peer has answered: a handler that still runs counts.
    pub fn cancel(&mut self, now: Instant, key: CallKey) {
        match self.calls.remove(key) {
            Some(CallState::Waiting(pending)) => self.forget_waiting(pending.length()),
            Some(CallState::Begun { slot }) => {
                self.abandon(slot);
            }
            Some(CallState::Answered { cost, .. }) => self.answer_taken(cost),
            Some(CallState::Free { .. }) | None => {}
        }
        // The queue's head may have been the one that did not fit.
        self.begin_waiting(now);
    }

    /// The caller does not wait for room any more: a cast that has not begun is not sent. The end of the key.
    pub fn cancel_cast(&mut self, now: Instant, key: CastKey) {
        if let Some(key) = key.0 {
            self.cancel(now, key);
        }
    }

    #[inline]
    fn answer_taken(&mut self, cost: u64) {
        self.replies_in.consume(cost);
        self.answered = self.answered.saturating_sub(1);
        self.all_taken = self.answered == 0;
    }

    /// What is refused before it costs anything.
    #[inline]
    fn admit(&self, call: &OutgoingCall<'_>, length: usize) -> Result<(), SystemError> {
        if let Some(error) = &self.closed {
            return Err((**error).clone());
        }
        let limit = self.agreed.message_length_max;
        if length as u64 > limit {
            return Err(SystemError::MessageTooLarge { length: length as u64, limit });
        }
        let why = if call.chain.len() > CHAIN_LENGTH_MAX {
            "the call chain is longer than 8 KiB"
        } else if call.method.name.len() > METHOD_NAME_LENGTH_MAX {
            "the method's name is longer than 1 KiB"
        } else if call.method.signature.len() > SIGNATURE_LENGTH_MAX {
            "the method's signature is longer than 4 KiB"
        } else {
            return self.admit_waiting(length as u64);
        };
        Err(SystemError::Unencodable { method: clip(call.method.name, METHOD_NAME_LENGTH_MAX).into(), why: why.into() })
    }

    #[inline]
    fn admit_waiting(&self, length: u64) -> Result<(), SystemError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let what = if self.waiting.len().saturating_sub(self.waiting_stale) >= self.limits.calls_waiting_max {
            "too many calls wait for room on the connection"
        } else if self.waiting_bytes.saturating_add(length) > self.limits.calls_waiting_bytes_max {
            "calls with too many bytes wait for room on the connection"
        } else {
            return Ok(());
        };
        Err(SystemError::Overloaded { what: what.into() })
    }

    /// The message, if it can be written at once and nothing stands before it, but for credit and a slot.
    #[inline]
    fn small<'a>(&self, instance: u64, body: &'a EncodeBuffer) -> Option<&'a [u8]> {
        let can_begin = self.is_attached() && self.waiting.is_empty() && self.failed.is_none();
        if !can_begin || self.lanes.contains(LaneKey::To(instance)) {
            return None;
        }
        body.as_slice().filter(|payload| payload.len() <= self.agreed.chunk_length_max as usize)
    }

    #[inline]
    fn call_at_once(
        &mut self,
        now: Instant,
        deadline: Instant,
        call: &OutgoingCall<'_>,
        payload: &[u8],
        cost: u64,
    ) -> CallKey {
        let key = self.calls.insert(deadline, call.timeout, CallState::Begun { slot: 0 });
        if let Some(id) = self.flights.take(Stage::Sent, key, call.instance, cost) {
            if let Some(entry) = self.calls.get_mut(key) {
                entry.state = CallState::Begun { slot: id.slot };
            }
            let method = self.method_index(call.method);
            let request = Request { method, ..request_of(now, deadline, call, payload) };
            self.output.frame(&Frame::Call { id, request });
        }
        key
    }

    fn wait(
        &mut self,
        now: Instant,
        is_cast: bool,
        deadline: Instant,
        call: &OutgoingCall<'_>,
        body: EncodeBuffer,
    ) -> CallKey {
        let &OutgoingCall { instance, method, trace, chain, .. } = call;
        let (method, chain) = (self.remembered(method), Bytes::copy_from_slice(chain));
        let pending = Pending { is_cast, instance, method, deadline, trace, chain, body };
        self.waiting_bytes = self.waiting_bytes.saturating_add(pending.length());
        let key = self.calls.insert(deadline, call.timeout, CallState::Waiting(Box::new(pending)));
        self.waiting.push_back(key);
        self.begin_waiting(now);
        key
    }

    /// The method with a name of its own. Calls that wait are often of one method, and three allocations for each add
    /// up.
    fn remembered(&mut self, method: MethodKey<'_>) -> Arc<RemoteMethod> {
        match &self.method_waiting {
            Some(last) if last.hash == method.hash => last.clone(),
            _ => self.method_waiting.insert(RemoteMethod::new(method)).clone(),
        }
    }
}

#[inline]
fn cost_length(call: &OutgoingCall<'_>, payload: &[u8]) -> u64 {
    (payload.len() as u64).saturating_add(call.chain.len() as u64)
}

#[inline]
fn request_of<'a>(now: Instant, deadline: Instant, call: &OutgoingCall<'a>, payload: &'a [u8]) -> Request<'a> {
    Request {
        instance: call.instance,
        method: 0,
        remaining_ms: remaining_ms(now, deadline),
        trace: call.trace,
        chain: call.chain,
        total: None,
        payload,
    }
}

/// Rounded up, so that the callee does not give up before the caller.
#[inline]
pub(super) fn remaining_ms(now: Instant, deadline: Instant) -> u64 {
    let remaining = deadline.saturating_duration_since(now);
    let partial = u64::from(!remaining.subsec_nanos().is_multiple_of(1_000_000));
    remaining
        .as_secs()
        .saturating_mul(1000)
        .saturating_add(u64::from(remaining.subsec_millis()))
        .saturating_add(partial)
}
