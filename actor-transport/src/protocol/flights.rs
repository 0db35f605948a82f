//! The slots of this node's calls on the wire. A slot outlives its caller: it is free when the peer has answered.

use super::{assembly::Assembly, event::CallKey, frame::CallId};

/// How much of a call the peer can have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Free,
    /// Nothing; it stands in a lane.
    Queued,
    /// Some chunks, but not the last.
    Partly,
    Sent,
}

/// One slot.
#[derive(Debug)]
pub(crate) struct Flight {
    /// Of the call that holds it, or of the next one.
    pub(crate) generation: u16,
    pub(crate) stage: Stage,
    /// Who waits; nobody after a deadline or a cancellation.
    pub(crate) call: Option<CallKey>,
    pub(crate) instance: u64,
    /// What was taken from the credit for requests.
    pub(crate) cost: u64,
    /// What has left of it over a stream for large messages ends at this byte of that one; none if nothing has.
    pub(crate) bulk_end: Option<(usize, u64)>,
    /// A reply of which chunks are to come, with its cost.
    pub(crate) reply: Option<Box<(Assembly, bool, u64)>>,
}

/// All slots, up to the limit of calls in flight.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    slots: Vec<Flight>,
    free: Vec<u16>,
    /// Those that are free when a stream has arrived up to this byte: a call that comes over another one must not find the
    /// one before it in its slot.
    freed_later: Vec<(usize, u64, u16)>,
    limit: usize,
}

impl Flights {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit: limit as usize, ..Self::default() }
    }

    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        !self.free.is_empty() || self.slots.len() < self.limit
    }

    /// Takes a slot. The last one that became free is taken first, so that few are touched where few are needed.
    #[inline]
    pub(crate) fn take(&mut self, stage: Stage, call: CallKey, instance: u64, cost: u64) -> Option<CallId> {
        if let Some(slot) = self.free.pop() {
            let flight = self.slots.get_mut(usize::from(slot))?;
            (flight.stage, flight.call, flight.instance, flight.cost) = (stage, Some(call), instance, cost);
            return Some(CallId { slot, generation: flight.generation });
        }
        if self.slots.len() >= self.limit {
            return None;
        }
        let slot = u16::try_from(self.slots.len()).ok()?;
        self.slots.push(Flight { generation: 0, stage, call: Some(call), instance, cost, bulk_end: None, reply: None });
        Some(CallId { slot, generation: 0 })
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u16) -> Option<&mut Flight> {
        self.slots.get_mut(usize::from(slot))
    }

    /// The slot of a call that the peer can know, if the id is right.
    #[inline]
    pub(crate) fn known(&mut self, id: CallId) -> Option<&mut Flight> {
        let flight = self.slots.get_mut(usize::from(id.slot))?;
        (flight.generation == id.generation && matches!(flight.stage, Stage::Partly | Stage::Sent)).then_some(flight)
    }

    /// Frees a slot. Its id is used up if the peer can have seen it. `arrived` tells how much of a stream has.
    #[inline]
    pub(crate) fn release(&mut self, slot: u16, arrived: impl FnOnce(usize) -> u64) {
        let Some(flight) = self.slots.get_mut(usize::from(slot)) else { return };
        match flight.stage {
            Stage::Free => return,
            Stage::Queued => {}
            Stage::Partly | Stage::Sent => flight.generation = flight.generation.wrapping_add(1),
        }
        flight.stage = Stage::Free;
        flight.call = None;
        flight.reply = None;
        match flight.bulk_end.take() {
            Some((stream, end)) if end > arrived(stream) => self.freed_later.push((stream, end, slot)),
            _ => self.free.push(slot),
        }
    }

    /// That stream has arrived up to that byte.
    pub(crate) fn arrived(&mut self, stream: usize, until: u64) {
        let free = &mut self.free;
        self.freed_later.retain(|(of, end, slot)| {
            let waits = *of != stream || *end > until;
            if !waits {
                free.push(*slot);
            }
            waits
        });
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len()).saturating_sub(self.freed_later.len())
    }
}
