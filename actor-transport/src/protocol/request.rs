//! Calls and casts of this node, from the caller's side.

use std::{
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use actor_core::{EncodeBuffer, SystemError};
use bytes::Bytes;

use super::{
    event::{CallKey, Recipient, ReplyBody},
    frame::TRACE_LENGTH,
    methods::RemoteMethod,
};

/// A call or a cast that could not be written at once.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) is_cast: bool,
    pub(crate) instance: u64,
    pub(crate) method: Arc<RemoteMethod>,
    pub(crate) deadline: Instant,
    pub(crate) trace: Option<[u8; TRACE_LENGTH]>,
    pub(crate) chain: Bytes,
    pub(crate) body: EncodeBuffer,
}

impl Pending {
    /// What counts for credit: the payload, and the chain with it.
    pub(crate) fn length(&self) -> u64 {
        (self.body.len() as u64).saturating_add(self.chain.len() as u64)
    }
}

/// Where a call of this node stands, for the one who waits for it.
#[derive(Debug)]
pub(crate) enum CallState {
    Free {
        next: u32,
    },
    /// Nothing was sent; it stands in the queue.
    Waiting(Box<Pending>),
    /// It has a slot, and the peer may have seen it.
    Begun {
        slot: u16,
    },
    /// Its answer waits to be taken, and this much of the peer's credit with it.
    Answered {
        result: Result<ReplyBody, SystemError>,
        cost: u64,
    },
}

/// One call of this node.
#[derive(Debug)]
pub(crate) struct CallEntry {
    pub(crate) generation: u32,
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
    pub(crate) waker: Option<Waker>,
    /// Who has a short reply instead.
    pub(crate) recipient: Option<Arc<dyn Recipient>>,
    pub(crate) state: CallState,
}

/// All calls of this node that somebody waits for, and casts that wait for room.
#[derive(Debug)]
pub(crate) struct Calls {
    entries: Vec<CallEntry>,
    free: u32,
    live: usize,
    /// Differs for each call of the session, until it wraps around.
    generation: u32,
}

const NONE: u32 = u32::MAX;
/// A table that has grown beyond this is given up once it is empty.
const KEPT: usize = 2048;

impl Calls {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), free: NONE, live: 0, generation: 0 }
    }

    #[inline]
    pub(crate) fn insert(&mut self, deadline: Instant, timeout: Duration, state: CallState) -> CallKey {
        self.generation = self.generation.wrapping_add(1);
        self.live = self.live.saturating_add(1);
        let generation = self.generation;
        if let Some(entry) = self.entries.get_mut(self.free as usize) {
            let index = self.free;
            if let CallState::Free { next } = entry.state {
                self.free = next;
            }
            (entry.generation, entry.deadline, entry.timeout, entry.state) = (generation, deadline, timeout, state);
            return CallKey { index, generation };
        }
        // Far fewer than 2^32 fit into memory.
        let index = u32::try_from(self.entries.len()).unwrap_or(NONE);
        self.entries.push(CallEntry { generation, deadline, timeout, waker: None, recipient: None, state });
        CallKey { index, generation }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: CallKey) -> Option<&mut CallEntry> {
        let entry = self.entries.get_mut(key.index as usize)?;
        (entry.generation == key.generation && !matches!(entry.state, CallState::Free { .. })).then_some(entry)
    }

    /// Takes a call out.
    #[inline]
    pub(crate) fn remove(&mut self, key: CallKey) -> Option<CallState> {
        let free = self.free;
        let entry = self.get_mut(key)?;
        (entry.waker, entry.recipient) = (None, None);
        let state = std::mem::replace(&mut entry.state, CallState::Free { next: free });
        self.free = key.index;
        self.live = self.live.saturating_sub(1);
        if self.live == 0 && self.entries.len() > KEPT {
            self.entries = Vec::new();
            self.free = NONE;
        }
        Some(state)
    }

    /// The calls that are not answered and whose deadline has passed, and the next deadline.
    pub(crate) fn overdue(&self, now: Instant) -> (Vec<CallKey>, Option<Instant>) {
        let mut overdue = Vec::new();
        let mut next: Option<Instant> = None;
        for (entry, index) in self.entries.iter().zip(0_u32..) {
            let is_over = match &entry.state {
                CallState::Free { .. } => continue,
                // It takes no room at the peer, and may wait for its caller.
                CallState::Answered { cost: 0, .. } => continue,
                _ => entry.deadline <= now,
            };
            if is_over {
                overdue.push(CallKey { index, generation: entry.generation });
            } else {
                next = Some(next.map_or(entry.deadline, |next| next.min(entry.deadline)));
            }
        }
        (overdue, next)
    }

    /// All calls.
    pub(crate) fn keys(&self) -> Vec<CallKey> {
        let live = self.entries.iter().zip(0_u32..).filter(|(entry, _)| !matches!(entry.state, CallState::Free { .. }));
        live.map(|(entry, index)| CallKey { index, generation: entry.generation }).collect()
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }
}
