//! What leaves, and when.

use std::{collections::VecDeque, time::Instant};

use actor_core::later;
use bytes::Bytes;

use super::Session;
use crate::protocol::{
    flights::Stage,
    frame::{CallId, ChunkOf, Frame},
    keepalive::Keepalive,
    lanes::{LaneKey, Message, What},
};

/// With so many bytes of small messages a caller does not wait for others: some 150 calls, which the peer can run
/// while the next ones are made.
const SEND_LENGTH: usize = 8 * 1024;

/// Half of what is on its way is sent alone if it is no less than this, in messages: a write, and a wake of the other
/// side, take as long as some of them.
const HALF_MIN: usize = 16;

impl Session {
    /// Moves bytes to send to the end of `out`; whether there were any.
    ///
    /// All small frames go first; then the large messages send one chunk each in turn, at least one and until `budget`
    /// bytes are reached. Chunks are slices of the messages, uncopied. Call it when all that was given before has been
    /// taken by the transport: what it returns is unbounded only as far as the peer has credit.
    pub fn transmit(&mut self, now: Instant, budget: usize, out: &mut VecDeque<Bytes>) -> bool {
        self.transmit_all(now, budget, out, &mut [])
    }

    /// The same where the connection may have streams for large messages: what goes over each of them is moved to its place
    /// in `bulk`, or stays here while that is not empty, because the transport has not taken what was given before.
    pub fn transmit_all(
        &mut self,
        now: Instant,
        budget: usize,
        out: &mut VecDeque<Bytes>,
        bulk: &mut [VecDeque<Bytes>],
    ) -> bool {
        self.timeout_moved = false;
        self.all_taken = false;
        if !self.is_attached() {
            return false;
        }
        let before = out.len();
        if self.output.messages() > 0 && !self.lanes.is_empty() {
            self.window_out.share(now);
        }
        self.write_what_is_due();
        let moved = self.output.take(out);
        if self.bulk.is_empty() {
            self.transmit_lanes(now, budget, moved, out);
        }
        let left = self.transmit_bulk(now, budget, bulk) || out.len() > before;
        self.note_stall();
        if left {
            self.output.next_epoch();
        }
        left
    }

    fn transmit_lanes(&mut self, now: Instant, budget: usize, mut moved: usize, out: &mut VecDeque<Bytes>) {
        let mut has_turn = self.failed.is_none();
        while has_turn
            && self.window_out.is_open()
            && let Some((key, _, lane)) = self.lanes.next(|_| true)
        {
            moved = moved.saturating_add(self.send_turn(now, key, lane, out, None));
            has_turn = moved < budget;
        }
    }

    /// The same over streams of their own, each beginning with what does not go in lanes.
    fn transmit_bulk(&mut self, now: Instant, budget: usize, bulk: &mut [VecDeque<Bytes>]) -> bool {
        // A bit for each: those that the transport has taken all of.
        let mut takes = 0_u64;
        let mut moved = 0_usize;
        for (stream, out) in bulk.iter_mut().enumerate().take(self.bulk.len()) {
            if out.is_empty() {
                takes |= 1 << stream;
                let bytes = self.over_bulk(stream, |session| {
                    let bytes = session.output.take(out);
                    session.output.next_epoch();
                    bytes
                });
                if bytes > 0 {
                    self.send_bulk(now, stream, bytes);
                }
                moved = moved.saturating_add(bytes);
            }
        }
        let mut has_turn = self.failed.is_none();
        while has_turn
            && self.window_out.is_open()
            && let Some((key, stream, lane)) = self.lanes.next(|stream| takes & (1 << stream) != 0)
            && let Some(out) = bulk.get_mut(stream)
        {
            self.stay_behind(stream);
            moved = moved
                .saturating_add(self.over_bulk(stream, |session| session.send_turn(now, key, lane, out, Some(stream))));
            has_turn = moved < budget;
        }
        moved > 0
    }

    /// Whether the writer has something to do: bytes to send, or an earlier [`next_timeout`](Self::next_timeout). Both
    /// are done by [`transmit`](Self::transmit).
    #[must_use]
    pub fn wants_transmit(&self) -> bool {
        self.timeout_moved
            || !self.output.is_empty()
            || self.wants_bulk()
            || (self.failed.is_none()
                && (self.may_send_chunk() || self.is_credit_due() || self.is_pong_due() || self.is_arrival_due()))
    }

    /// Whether [`next_timeout`](Self::next_timeout) is earlier than at the last [`transmit`](Self::transmit), so that
    /// whoever sleeps until then has to be woken.
    #[must_use]
    pub fn timeout_moved(&self) -> bool {
        self.timeout_moved
    }

    /// Whether no other caller is likely to call soon: there is none, or all callers whose answers have arrived have
    /// taken them, and have called again where they wanted to. `all_taken` says so of those that waited outside.
    #[must_use]
    #[inline]
    pub fn is_last_caller(&self, all_taken: bool) -> bool {
        let all_taken = all_taken || self.all_taken || self.flights.in_flight() <= 1;
        self.answered == 0 && all_taken && self.waiting.is_empty()
    }

    /// Whether large messages, or some behind them, are to be sent: if not, `transmit` does not look at the time.
    #[must_use]
    #[inline]
    pub fn has_lanes(&self) -> bool {
        !self.lanes.is_empty() || self.wants_bulk()
    }

    /// Half of so many messages, if it is worth a write of its own: the peer wakes up, and works on it, while the other
    /// half is made.
    #[must_use]
    #[inline]
    pub fn half(messages: usize) -> Option<usize> {
        Some(messages.div_ceil(2)).filter(|half| *half >= HALF_MIN)
    }

    /// Whether there is enough for a write, though more callers are expected.
    #[must_use]
    #[inline]
    pub fn has_enough(&self) -> bool {
        let half = Self::half(self.flights.in_flight());
        half.is_some_and(|half| self.output.messages() >= half) || self.output.len() >= SEND_LENGTH
    }

    /// Callers whose answers have arrived, and who have not taken them.
    #[must_use]
    #[inline]
    pub fn answers_not_taken(&self) -> usize {
        self.answered
    }

    /// Whether the peer waits for the news that its chunks have arrived.
    #[must_use]
    #[inline]
    pub fn is_arrival_due(&self) -> bool {
        self.window_in.is_due()
    }

    /// Chunks wait for news of arrival: the writer has to look again if none comes.
    fn note_stall(&mut self) {
        if self.stall_next.is_none() && !self.lanes.is_empty() && !self.may_send_chunk() && self.failed.is_none() {
            self.stall_next = self.stall_end();
            self.timeout_moved = true;
        }
    }

    /// When the peer has let the chunks that wait, if any do, wait for too long.
    pub(super) fn stall_end(&self) -> Option<Instant> {
        let waits = !self.lanes.is_empty() && !self.window_out.is_open();
        let since = self.window_out.still_since().filter(|_| waits)?;
        Some(later(since, self.limits.write_stall_max))
    }

    #[inline]
    fn may_send_chunk(&self) -> bool {
        !self.lanes.is_empty() && self.window_out.is_open()
    }

    #[inline]
    fn is_credit_due(&self) -> bool {
        self.requests_in.is_due() || self.replies_in.is_due() || self.casts_in.is_due()
    }

    fn is_pong_due(&self) -> bool {
        self.keepalive.as_ref().is_some_and(Keepalive::pong_due)
    }

    fn write_what_is_due(&mut self) {
        if self.failed.is_some() {
            return;
        }
        if self.is_credit_due() {
            let casts = u32::try_from(self.casts_in.take()).unwrap_or(u32::MAX);
            let (requests, replies) = (self.requests_in.take(), self.replies_in.take());
            self.output.frame(&Frame::Credit { requests, replies, casts });
        }
        if self.keepalive.as_mut().is_some_and(Keepalive::take_pong) {
            self.output.frame(&Frame::Pong);
        }
        if self.window_in.is_due() {
            self.tell_arrival();
        }
    }

    /// Sends one chunk of a lane, and the small messages that follow; returns how many bytes.
    fn send_turn(
        &mut self,
        now: Instant,
        key: LaneKey,
        mut lane: VecDeque<Message>,
        out: &mut VecDeque<Bytes>,
        bulk: Option<usize>,
    ) -> usize {
        let mut moved = 0_usize;
        let mut has_sent_chunk = false;
        while let Some(message) = lane.front_mut() {
            let is_large = message.what.is_cut(message.total, self.agreed.chunk_length_max);
            if is_large && has_sent_chunk {
                break;
            }
            has_sent_chunk |= is_large;
            let pieces = message.take(if is_large { self.agreed.chunk_length_max as usize } else { usize::MAX });
            let is_done = message.payload.is_empty();
            if is_large && bulk.is_none() {
                self.window_out.send(now, pieces.iter().map(Bytes::len).sum());
            }
            self.write_from_lane(now, message, &pieces, is_large, is_done);
            message.begun = true;
            moved = moved.saturating_add(self.output.take(out));
            for piece in pieces {
                moved = moved.saturating_add(piece.len());
                out.push_back(piece);
            }
            if let (Some(stream), What::Call { slot, .. }) = (bulk, &message.what)
                && let Some(flight) = self.flights.get_mut(*slot)
            {
                let end = self.bulk.get(stream).map_or(0, |bulk| bulk.end_after(moved));
                flight.bulk_end = Some((stream, end));
            }
            if is_done {
                lane.pop_front();
            }
        }
        let sent = bulk.map_or(0, |stream| self.send_bulk(now, stream, moved));
        self.lanes.give_back(key, lane, sent);
        moved
    }

    fn write_from_lane(
        &mut self,
        now: Instant,
        message: &mut Message,
        pieces: &[Bytes],
        is_large: bool,
        is_done: bool,
    ) {
        let total = is_large.then_some(message.total);
        match &mut message.what {
            What::Call { slot, request } => {
                let slot = *slot;
                let Some(flight) = self.flights.get_mut(slot) else { return };
                flight.stage = if is_done { Stage::Sent } else { Stage::Partly };
                let id = CallId { slot, generation: flight.generation };
                if message.begun {
                    self.output.open(&Frame::Chunk { of: ChunkOf::Call(id), payload: &[] }, pieces);
                } else {
                    let method = self.method_index(request.method.key());
                    self.output.open(&Frame::Call { id, request: request.request(now, method, total) }, pieces);
                }
            }
            What::Cast { slot, request } => {
                if message.begun {
                    self.output.open(&Frame::Chunk { of: ChunkOf::Cast(*slot), payload: &[] }, pieces);
                } else {
                    if is_large {
                        *slot = self.take_cast_slot();
                    }
                    let method = self.method_index(request.method.key());
                    self.output
                        .open(&Frame::Cast { slot: *slot, request: request.request(now, method, total) }, pieces);
                }
                if is_large && is_done {
                    self.cast_slots.push_back(*slot);
                }
            }
            What::Reply { id, thrown } => {
                let (id, thrown) = (*id, *thrown);
                if message.begun {
                    self.output.open(&Frame::Chunk { of: ChunkOf::Reply(id), payload: &[] }, pieces);
                } else {
                    self.output.open(&Frame::Reply { id, thrown, total, payload: &[] }, pieces);
                }
                if is_done {
                    self.inbound.release(id, self.output.epoch());
                }
            }
            What::Error { id } => {
                self.output.open(&Frame::Error { id: *id, error: &[] }, pieces);
                self.inbound.release(*id, self.output.epoch());
            }
            What::Terminated { instance, how } => {
                let frame = Frame::Terminated { instance: *instance, how: how.clone() };
                self.output.unbounded_frame(&frame);
            }
        }
    }

    /// There are never more than casts in flight.
    fn take_cast_slot(&mut self) -> u16 {
        self.cast_slots.pop_front().unwrap_or_else(|| {
            let slot = self.cast_slots_used;
            self.cast_slots_used = slot.saturating_add(1);
            slot
        })
    }
}
