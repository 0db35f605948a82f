//! Answers to the peer's calls, from the owner to the wire.

use std::{collections::VecDeque, time::Duration};

use actor_core::{EncodeBuffer, Outcome, SystemError, Terminated};

use super::Session;
use crate::protocol::{
    errors,
    event::{InboundCastKey, InboundKey, Reply},
    frame::{CallId, Frame},
    inbound::InboundState,
    lanes::{LaneKey, Message, What},
};

/// Something an actor of this node says, which waits for the peer's credit or behind something that does.
#[derive(Debug)]
pub(super) struct Answer {
    instance: u64,
    what: What,
    body: EncodeBuffer,
}

impl Session {
    /// Answers a call of the peer. A key that was answered before, or whose session was closed, is ignored.
    ///
    /// A result that is longer than a message may be is answered with `ReplyTooLarge` instead, and so is one for which
    /// there is no room here while the peer does not take earlier ones.
    pub fn reply(&mut self, key: InboundKey, reply: Reply) {
        let InboundKey(id) = key;
        let Some(slot) = self.inbound.latest(id).filter(|slot| matches!(slot.state, InboundState::Running)) else {
            return;
        };
        slot.state = InboundState::Replying;
        let (instance, cost) = (slot.instance, slot.cost);
        self.requests_in.consume(cost);
        let (thrown, body) = match reply {
            Reply::Value(body) => (false, body),
            Reply::Thrown(body) => (true, body),
            Reply::System(error) => return self.answer(Answer::error(id, instance, &error)),
        };
        let length = body.len() as u64;
        let room = self.limits.replies_waiting_bytes_max.saturating_sub(self.answers_bytes);
        let limit = self.agreed.message_length_max.min(room);
        if length > limit {
            let error = SystemError::ReplyTooLarge { length, limit };
            return self.answer(Answer::error(id, instance, &error));
        }
        if self.answers.is_empty()
            && !self.lanes.contains(LaneKey::From(instance))
            && let Some(payload) = body.as_slice()
            && payload.len() <= self.agreed.chunk_length_max as usize
            && self.replies_out.take(self.replies_out.cost(length))
        {
            self.output.frame(&Frame::Reply { id, thrown, total: None, payload });
            self.inbound.release(id, self.output.epoch());
            return;
        }
        self.answer(Answer { instance, what: What::Reply { id, thrown }, body });
    }

    /// A cast of the peer has been taken from its buffer, or dropped: the peer may send another one.
    pub fn cast_done(&mut self, key: InboundCastKey) {
        self.requests_in.consume(key.cost);
        self.casts_in.consume(1);
    }

    /// Tells the peer, if it watches, that an actor of this node has ended: after all that the actor has answered.
    pub fn terminated(&mut self, instance: u64, how: Terminated) {
        if self.is_attached() && self.failed.is_none() && self.links.terminated(instance) {
            let what = What::Terminated { instance, how };
            self.answer(Answer { instance, what, body: EncodeBuffer::new() });
        }
    }

    /// Sends answers as long as there is credit for the next one.
    pub(super) fn pump_answers(&mut self) {
        while let Some(answer) = self.answers.front() {
            let length = answer.body.len() as u64;
            let cost = if matches!(answer.what, What::Reply { .. }) { self.replies_out.cost(length) } else { 0 };
            if !self.replies_out.take(cost) {
                return;
            }
            if let Some(answer) = self.answers.pop_front() {
                self.answers_bytes = self.answers_bytes.saturating_sub(length);
                self.begin_answer(answer);
            }
        }
    }

    /// An error that the session itself answers, for a call that never ran: nothing has to stay before it.
    pub(super) fn refuse(&mut self, id: CallId, error: &SystemError) {
        self.output.frame(&Frame::Error { id, error: &errors::encode(error) });
    }

    pub(super) fn refuse_expired(&mut self, id: CallId, after: Duration) {
        self.refuse(id, &SystemError::Deadline { after, outcome: Outcome::NotExecuted });
    }

    fn answer(&mut self, answer: Answer) {
        self.answers_bytes = self.answers_bytes.saturating_add(answer.body.len() as u64);
        self.answers.push_back(answer);
        self.pump_answers();
    }

    fn begin_answer(&mut self, answer: Answer) {
        let Answer { instance, what, body } = answer;
        let lane = LaneKey::From(instance);
        let total = body.len() as u64;
        if what.is_cut(total, self.agreed.chunk_length_max) || self.lanes.contains(lane) {
            let payload = VecDeque::from(body.into_segments());
            return self.lanes.push(lane, Message { what, payload, total, begun: false });
        }
        let pieces = body.into_segments();
        match what {
            What::Reply { id, thrown } => {
                self.output.frame_of_pieces(&Frame::Reply { id, thrown, total: None, payload: &[] }, &pieces);
                self.inbound.release(id, self.output.epoch());
            }
            What::Error { id } => {
                self.output.frame_of_pieces(&Frame::Error { id, error: &[] }, &pieces);
                self.inbound.release(id, self.output.epoch());
            }
            What::Terminated { instance, how } => self.output.unbounded_frame(&Frame::Terminated { instance, how }),
            What::Call { .. } | What::Cast { .. } => {}
        }
    }
}

impl Answer {
    fn error(id: CallId, instance: u64, error: &SystemError) -> Self {
        let mut body = EncodeBuffer::new();
        body.put_slice(&errors::encode(error));
        Self { instance, what: What::Error { id }, body }
    }
}
