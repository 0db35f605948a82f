//! The calls of a peer that are queued or run, so that they can be cancelled.

use actor_core::CancelToken;

use crate::protocol::InboundKey;

/// By slot, of which there are never more than calls in flight.
#[derive(Default)]
pub(super) struct Running {
    slots: Vec<Option<(InboundKey, CancelToken)>>,
    count: usize,
}

impl Running {
    /// A call on another thread may have been answered before it comes here: then its entry stays until the slot is
    /// used again.
    pub(super) fn insert(&mut self, key: InboundKey, token: CancelToken) {
        let position = key.slot();
        if self.slots.len() <= position {
            self.slots.resize_with(position + 1, || None);
        }
        if let Some(slot) = self.slots.get_mut(position)
            && slot.replace((key, token)).is_none()
        {
            self.count += 1;
        }
    }

    pub(super) fn remove(&mut self, key: InboundKey) {
        if let Some(slot) = self.slots.get_mut(key.slot())
            && slot.take_if(|(known, _)| *known == key).is_some()
        {
            self.count -= 1;
        }
    }

    pub(super) fn get(&self, key: InboundKey) -> Option<&CancelToken> {
        let (known, token) = self.slots.get(key.slot())?.as_ref()?;
        (*known == key).then_some(token)
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn into_tokens(self) -> impl Iterator<Item = CancelToken> {
        self.slots.into_iter().flatten().map(|(_, token)| token)
    }
}
