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

/// The lanes that have something to send, each with its messages in order.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: HashMap<LaneKey, VecDeque<Message>, BuildHasherDefault<LaneHasher>>,
    /// Whose turn it is.
    turns: VecDeque<LaneKey>,
    /// What was sent over the bulk stream, up to this byte of it, and may not have arrived: what follows in the lane has
    /// to go the same way.
    on_their_way: HashMap<LaneKey, u64, BuildHasherDefault<LaneHasher>>,
}

impl Lanes {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    #[inline]
    pub(crate) fn contains(&self, key: LaneKey) -> bool {
        (!self.turns.is_empty() && self.lanes.contains_key(&key))
            || (!self.on_their_way.is_empty() && self.on_their_way.contains_key(&key))
    }

    /// Something of the lane has left over the bulk stream, up to that byte of it.
    pub(crate) fn sent(&mut self, key: LaneKey, until: u64) {
        self.on_their_way.insert(key, until);
    }

    /// All of the bulk stream up to that byte has arrived.
    pub(crate) fn arrived(&mut self, until: u64) {
        self.on_their_way.retain(|_, sent| *sent > until);
    }

    pub(crate) fn push(&mut self, key: LaneKey, message: Message) {
        let turns = &mut self.turns;
        let lane = self.lanes.entry(key).or_insert_with(|| {
            turns.push_back(key);
            VecDeque::new()
        });
        lane.push_back(message);
    }

    /// The lane whose turn it is, taken out; to be given back with [`give_back`](Self::give_back).
    pub(crate) fn next(&mut self) -> Option<(LaneKey, VecDeque<Message>)> {
        let key = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&key).map(std::mem::take)?;
        Some((key, lane))
    }

    pub(crate) fn give_back(&mut self, key: LaneKey, lane: VecDeque<Message>) {
        if lane.is_empty() {
            self.lanes.remove(&key);
        } else {
            self.turns.push_back(key);
            self.lanes.insert(key, lane);
        }
    }

    /// Takes a call out of its lane; what is left of it is not sent.
    pub(crate) fn remove_call(&mut self, key: LaneKey, call: u16) -> Option<Message> {
        let lane = self.lanes.get_mut(&key)?;
        let position =
            lane.iter().position(|message| matches!(message.what, What::Call { slot, .. } if slot == call))?;
        let message = lane.remove(position);
        if lane.is_empty() {
            self.lanes.remove(&key);
            self.turns.retain(|turn| *turn != key);
        }
        message
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
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
mod tests {
    use std::{collections::BTreeSet, hash::BuildHasher};

    use super::*;

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
