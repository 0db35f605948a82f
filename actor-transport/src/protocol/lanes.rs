//! Large messages on their way out, and what has to stay behind them (`docs/protocol.md`, section 5).

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, Hasher},
};

use bytes::{Buf, Bytes};

use super::{frame::CallId, request::Pending};
use actor_core::Terminated;

/// Messages of one lane keep their order; lanes pass each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LaneKey {
    /// Calls and casts to an actor of the peer.
    To(u64),
    /// Replies of an actor of this node, and the news of its end.
    From(u64),
}

/// A message in a lane: room for it at the receiver is taken already.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) what: What,
    /// What is left of the payload.
    pub(crate) payload: VecDeque<Bytes>,
    pub(crate) total: u64,
    /// Whether its first frame has been written.
    pub(crate) begun: bool,
}

#[derive(Debug)]
pub(crate) enum What {
    Call { slot: u16, request: Box<Pending> },
    Cast { slot: u16, request: Box<Pending> },
    Reply { id: CallId, thrown: bool },
    Error { id: CallId },
    Terminated { instance: u64, how: Terminated },
}

impl What {
    /// Whether a message of this length travels in chunks. An error never does, though it may be longer than a short
    /// chunk.
    pub(crate) fn is_cut(&self, total: u64, chunk: u32) -> bool {
        total > chunk.into() && !matches!(self, Self::Error { .. })
    }
}

impl Message {
    /// Takes up to `length` bytes from the front of the payload, uncopied.
    pub(crate) fn take(&mut self, length: usize) -> Vec<Bytes> {
        let mut pieces = Vec::with_capacity(self.payload.len().min(4));
        let mut missing = length;
        while missing > 0 {
            let Some(first) = self.payload.front_mut() else { break };
            if first.remaining() <= missing {
                missing = missing.saturating_sub(first.remaining());
                pieces.extend(self.payload.pop_front());
            } else {
                pieces.push(first.split_to(missing));
                missing = 0;
            }
        }
        pieces
    }
}

/// The lanes that have something to send, or on its way.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: HashMap<LaneKey, Lane, BuildHasherDefault<LaneHasher>>,
    /// Whose turn it is, of those that have something to send.
    turns: VecDeque<LaneKey>,
    /// How many lanes each stream for large messages has; one where there is none.
    streams: Vec<u32>,
}

/// One lane. It keeps its stream until all has arrived: what follows has to go the same way.
#[derive(Debug)]
struct Lane {
    messages: VecDeque<Message>,
    stream: usize,
    /// What was sent of it ends at this byte of its stream, and may not have arrived; 0 if all has.
    sent: u64,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { lanes: HashMap::default(), turns: VecDeque::new(), streams: vec![0] }
    }
}

impl Lanes {
    /// For a connection with so many streams for large messages.
    pub(crate) fn with_streams(streams: usize) -> Self {
        Self { streams: vec![0; streams.max(1)], ..Self::default() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    #[inline]
    pub(crate) fn contains(&self, key: LaneKey) -> bool {
        !self.lanes.is_empty() && self.lanes.contains_key(&key)
    }

    /// So much of that stream has arrived.
    pub(crate) fn arrived(&mut self, stream: usize, until: u64) {
        let streams = &mut self.streams;
        self.lanes.retain(|_, lane| {
            if lane.stream == stream && lane.sent <= until {
                lane.sent = 0;
            }
            let is_over = lane.is_over();
            if is_over {
                leave(streams, lane.stream);
            }
            !is_over
        });
    }

    pub(crate) fn push(&mut self, key: LaneKey, message: Message) {
        let Self { lanes, turns, streams } = self;
        let lane =
            lanes.entry(key).or_insert_with(|| Lane { messages: VecDeque::new(), stream: take(streams), sent: 0 });
        if lane.messages.is_empty() {
            turns.push_back(key);
        }
        lane.messages.push_back(message);
    }

    /// The lane whose turn it is, of those whose stream takes something, and that stream. What it has to send is taken
    /// out; to be given back with [`give_back`](Self::give_back).
    pub(crate) fn next(&mut self, takes: impl Fn(usize) -> bool) -> Option<(LaneKey, usize, VecDeque<Message>)> {
        for _ in 0..self.turns.len() {
            let key = self.turns.pop_front()?;
            let lane = self.lanes.get_mut(&key)?;
            if takes(lane.stream) {
                return Some((key, lane.stream, std::mem::take(&mut lane.messages)));
            }
            self.turns.push_back(key);
        }
        None
    }

    /// What is left to send of a lane, of which something was sent up to that byte of its stream; 0 if that need not be
    /// known to have arrived.
    pub(crate) fn give_back(&mut self, key: LaneKey, messages: VecDeque<Message>, sent: u64) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        if !messages.is_empty() {
            self.turns.push_back(key);
        }
        (lane.messages, lane.sent) = (messages, sent);
        self.end_if_over(key);
    }

    /// Takes a call out of its lane; what is left of it is not sent.
    pub(crate) fn remove_call(&mut self, key: LaneKey, call: u16) -> Option<Message> {
        let lane = self.lanes.get_mut(&key)?;
        let mut messages = lane.messages.iter();
        let position = messages.position(|message| matches!(message.what, What::Call { slot, .. } if slot == call))?;
        let message = lane.messages.remove(position);
        if lane.messages.is_empty() {
            self.turns.retain(|turn| *turn != key);
        }
        self.end_if_over(key);
        message
    }

    fn end_if_over(&mut self, key: LaneKey) {
        if let Some(lane) = self.lanes.get(&key).filter(|lane| lane.is_over()) {
            leave(&mut self.streams, lane.stream);
            self.lanes.remove(&key);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Lane {
    fn is_over(&self) -> bool {
        self.messages.is_empty() && self.sent == 0
    }
}

/// The stream with the fewest lanes has one more.
fn take(streams: &mut [u32]) -> usize {
    let least = streams.iter_mut().enumerate().min_by_key(|(_, lanes)| **lanes);
    least.map_or(0, |(stream, lanes)| {
        *lanes = lanes.saturating_add(1);
        stream
    })
}

fn leave(streams: &mut [u32], stream: usize) {
    if let Some(lanes) = streams.get_mut(stream) {
        *lanes = lanes.saturating_sub(1);
    }
}

/// One multiplication: there are few lanes, and they cost their makers a large message each.
#[derive(Debug, Default)]
pub(crate) struct LaneHasher(u64);

impl Hasher for LaneHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{collections::BTreeSet, hash::BuildHasher};

    use super::*;

    #[test]
    fn nothing_is_left_of_a_lane_when_all_of_it_has_arrived() {
        let message = || Message {
            what: What::Terminated { instance: 1, how: Terminated::Stopped },
            payload: VecDeque::new(),
            total: 0,
            begun: false,
        };
        let mut lanes = Lanes::with_streams(2);
        let key = LaneKey::From(1);
        for sent in [0, 5] {
            lanes.push(key, message());
            let (_, stream, _) = lanes.next(|_| true).unwrap();
            lanes.give_back(key, VecDeque::new(), sent);
            assert_eq!((lanes.contains(key), lanes.is_empty()), (sent > 0, true));
            lanes.arrived(1 - stream, 100);
            lanes.arrived(stream, 4);
            assert_eq!(lanes.contains(key), sent > 0);
            lanes.arrived(stream, 5);
            assert!(!lanes.contains(key));
        }
        // Each has a stream to itself again.
        lanes.push(key, message());
        lanes.push(LaneKey::From(2), message());
        assert_ne!(lanes.next(|_| true).unwrap().1, lanes.next(|_| true).unwrap().1);
    }

    #[test]
    fn lanes_have_hashes_of_their_own() {
        let hash = |key: LaneKey| BuildHasherDefault::<LaneHasher>::default().hash_one(key);
        let keys = (0..1000).flat_map(|instance| [LaneKey::To(instance), LaneKey::From(instance)]);
        let hashes: Vec<u64> = keys.map(hash).collect();
        assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), 2000);
        // Tables look at the last bits, and at the first seven.
        assert!(hashes.iter().map(|hash| hash & 0xff).collect::<BTreeSet<_>>().len() > 200);
        assert_eq!(hashes.iter().map(|hash| hash >> 57).collect::<BTreeSet<_>>().len(), 128);
        let of_bytes = |bytes: &[u8]| {
            let mut hasher = LaneHasher::default();
            hasher.write(bytes);
            hasher.finish()
        };
        assert_ne!(of_bytes(b"ab"), of_bytes(b"ba"));
    }
}
