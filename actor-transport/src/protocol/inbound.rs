//! The slots of the peer's calls. A slot is free when its answer has left.

use std::time::{Duration, Instant};

use super::{
    assembly::Assembly,
    close::CloseReason,
    event::{InboundCall, InboundKey},
    frame::CallId,
};

/// Where a call of the peer stands.
#[derive(Debug)]
pub(crate) enum InboundState {
    /// Answered, or never used.
    Free,
    /// Chunks are still to come.
    Receiving(Box<Receiving>),
    /// Answered by the session itself, but chunks are still to come; this many bytes of them.
    Refused { left: u64 },
    /// The owner has it.
    Running,
    /// The owner has answered, but the answer waits for credit or in a lane.
    Replying,
}

/// A call that is not complete.
#[derive(Debug)]
pub(crate) struct Receiving {
    pub(crate) call: InboundCall,
    pub(crate) assembly: Assembly,
    pub(crate) left: u64,
    pub(crate) expires: Instant,
    pub(crate) timeout: Duration,
}

/// One slot.
#[derive(Debug)]
pub(crate) struct InboundSlot {
    /// Of the call that holds it, or held it last.
    pub(crate) generation: u16,
    pub(crate) state: InboundState,
    pub(crate) cancelled: bool,
    pub(crate) instance: u64,
    pub(crate) cost: u64,
    /// The output's epoch when the answer was written.
    pub(crate) epoch: u64,
}

/// All slots, up to the limit of calls in flight.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    slots: Vec<InboundSlot>,
    limit: u32,
    busy: usize,
}

impl Inbound {
    pub(crate) fn new(limit: u32) -> Self {
        Self { slots: Vec::new(), limit, busy: 0 }
    }

    /// The peer begins a call. Its slot has to be free, the answer to the last call in it gone, and the id the next
    /// one.
    #[inline]
    pub(crate) fn begin(&mut self, id: CallId, epoch: u64) -> Result<&mut InboundSlot, CloseReason> {
        if u32::from(id.slot) >= self.limit {
            return Err(CloseReason::TooManyCalls { limit: self.limit });
        }
        let position = usize::from(id.slot);
        while self.slots.len() <= position {
            self.slots.push(InboundSlot {
                generation: u16::MAX,
                state: InboundState::Free,
                cancelled: false,
                instance: 0,
                cost: 0,
                epoch: 0,
            });
        }
        let limit = self.limit;
        let slot = self.slots.get_mut(position).ok_or(CloseReason::TooManyCalls { limit })?;
        if id.generation != slot.generation.wrapping_add(1) {
            return Err(CloseReason::CallIdReused);
        }
        if !matches!(slot.state, InboundState::Free) || slot.epoch == epoch {
            return Err(CloseReason::TooManyCalls { limit });
        }
        slot.generation = id.generation;
        slot.cancelled = false;
        self.busy = self.busy.saturating_add(1);
        Ok(slot)
    }

    /// The slot of this call, if the id is that of its latest one.
    #[inline]
    pub(crate) fn latest(&mut self, id: CallId) -> Option<&mut InboundSlot> {
        self.slots.get_mut(usize::from(id.slot)).filter(|slot| slot.generation == id.generation)
    }

    /// Frees the slot: the answer is written, in this epoch of the output.
    #[inline]
    pub(crate) fn release(&mut self, id: CallId, epoch: u64) {
        if let Some(slot) = self.latest(id)
            && !matches!(slot.state, InboundState::Free)
        {
            slot.state = InboundState::Free;
            slot.epoch = epoch;
            self.busy = self.busy.saturating_sub(1);
        }
    }

    /// Calls that are not complete and whose deadline has passed, and the next such deadline.
    pub(crate) fn overdue(&self, now: Instant) -> (Vec<CallId>, Option<Instant>) {
        let mut overdue = Vec::new();
        let mut next: Option<Instant> = None;
        for (slot, index) in self.slots.iter().zip(0_u16..=u16::MAX) {
            if let InboundState::Receiving(receiving) = &slot.state {
                if receiving.expires <= now {
                    overdue.push(CallId { slot: index, generation: slot.generation });
                } else {
                    next = Some(next.map_or(receiving.expires, |next| next.min(receiving.expires)));
                }
            }
        }
        (overdue, next)
    }

    /// The calls that the owner has.
    pub(crate) fn running(&self) -> Vec<InboundKey> {
        let running =
            self.slots.iter().zip(0_u16..=u16::MAX).filter(|(slot, _)| matches!(slot.state, InboundState::Running));
        running.map(|(slot, index)| InboundKey(CallId { slot: index, generation: slot.generation })).collect()
    }

    /// Slots that are not free.
    pub(crate) fn busy(&self) -> usize {
        self.busy
    }
}
