//! What time brings.

use std::time::Instant;

use actor_core::{Outcome, SystemError};

use super::Session;
use crate::protocol::{close::CloseReason, event::CallKey, frame::Frame, inbound::InboundState, request::CallState};

impl Session {
    /// When [`handle_timeout`](Self::handle_timeout) has something to do: never later than the next deadline, sometimes
    /// earlier.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        if self.failed.is_some() {
            return self.deadline_next;
        }
        let keepalive = self.keepalive.as_ref().map(|keepalive| keepalive.next_timeout(&self.limits));
        [self.deadline_next, self.expiry_next, self.stall_next, keepalive].into_iter().flatten().min()
    }

    /// Ends the calls whose deadline has passed, and pings a silent peer.
    ///
    /// A call that the peer has not seen as a whole ends as `NotExecuted`, and nothing more of it is sent. Otherwise
    /// its outcome is unknown, and the peer is told to give it up. A reply that nobody has taken by the deadline of its
    /// call is dropped, so that it does not stop others.
    ///
    /// # Errors
    /// The peer was silent, or let chunks wait, for too long. As for [`receive`](Self::receive).
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), CloseReason> {
        if self.deadline_next.is_some_and(|deadline| deadline <= now) {
            let (overdue, next) = self.calls.overdue(now);
            self.deadline_next = next;
            for key in overdue {
                self.end_overdue(key);
            }
            self.begin_waiting(now);
        }
        if let Some(reason) = &self.failed {
            return Err(reason.clone());
        }
        if self.expiry_next.is_some_and(|expiry| expiry <= now) {
            self.refuse_overdue(now);
        }
        if self.stall_next.is_some_and(|stall| stall <= now) {
            self.stall_next = self.stall_end();
            if self.stall_next.is_some_and(|stall| stall <= now) {
                return self.fail(CloseReason::write_stalled(self.limits.write_stall_max));
            }
        }
        match self.keepalive.as_mut().map(|keepalive| keepalive.handle_timeout(now, &self.limits)) {
            Some(Ok(true)) => self.output.frame(&Frame::Ping),
            Some(Err(reason)) => return self.fail(reason),
            Some(Ok(false)) | None => {}
        }
        Ok(())
    }

    fn end_overdue(&mut self, key: CallKey) {
        let Some(entry) = self.calls.get_mut(key) else { return };
        let after = entry.timeout;
        let (slot, waiting) = match &mut entry.state {
            CallState::Begun { slot } => (Some(*slot), None),
            CallState::Waiting(pending) => (None, Some(pending.length())),
            CallState::Answered { cost, .. } => {
                let cost = std::mem::take(cost);
                self.replies_in.consume(cost);
                self.answered = self.answered.saturating_sub(1);
                (None, None)
            }
            CallState::Free { .. } => return,
        };
        let has_left = match slot {
            Some(slot) => self.abandon(slot),
            None => waiting.is_none(),
        };
        let outcome = if has_left { Outcome::Unknown } else { Outcome::NotExecuted };
        self.finish(key, Err(SystemError::Deadline { after, outcome }), 0);
        if let Some(length) = waiting {
            self.forget_waiting(length);
        }
    }

    /// Calls of the peer of which not all chunks have come in time.
    fn refuse_overdue(&mut self, now: Instant) {
        let (overdue, next) = self.inbound.overdue(now);
        self.expiry_next = next;
        for id in overdue {
            let epoch = self.output.epoch();
            let Some(slot) = self.inbound.latest(id) else { continue };
            let InboundState::Receiving(receiving) = &slot.state else { continue };
            let (left, after, cost) = (receiving.left, receiving.timeout, slot.cost);
            slot.state = InboundState::Refused { left };
            slot.epoch = epoch;
            self.requests_in.consume(cost);
            self.refuse_expired(id, after);
        }
    }
}
