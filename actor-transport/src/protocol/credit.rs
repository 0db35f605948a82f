//! Room at the receiver (`docs/protocol.md`, section 6).

/// What may be sent.
#[derive(Debug, Default)]
pub(crate) struct CreditOut {
    window: u64,
    available: u64,
}

impl CreditOut {
    pub(crate) fn new(window: u64) -> Self {
        Self { window, available: window }
    }

    /// What a message of this length costs: never more than there is.
    #[inline]
    pub(crate) fn cost(&self, length: u64) -> u64 {
        length.min(self.window)
    }

    #[inline]
    pub(crate) fn has(&self, cost: u64) -> bool {
        cost <= self.available
    }

    /// Takes `cost`, if there is as much.
    #[inline]
    pub(crate) fn take(&mut self, cost: u64) -> bool {
        match self.available.checked_sub(cost) {
            Some(left) => {
                self.available = left;
                true
            }
            None => false,
        }
    }

    /// The receiver gives some back; false if it is more than was taken.
    pub(crate) fn give(&mut self, amount: u64) -> bool {
        match self.available.checked_add(amount) {
            Some(available) if available <= self.window => {
                self.available = available;
                true
            }
            _ => false,
        }
    }
}

/// What may arrive.
#[derive(Debug, Default)]
pub(crate) struct CreditIn {
    window: u64,
    /// Arrived, and not consumed.
    held: u64,
    /// Consumed, and not given back to the sender.
    consumed: u64,
    threshold: u64,
}

impl CreditIn {
    /// `largest` is what the largest message costs. Credit is given back in batches, small enough that what is kept
    /// back never stops that message.
    pub(crate) fn new(window: u64, largest: u64) -> Self {
        let threshold = (window / 4).min(window.saturating_sub(largest)).max(1);
        Self { window, held: 0, consumed: 0, threshold }
    }

    #[inline]
    pub(crate) fn cost(&self, length: u64) -> u64 {
        length.min(self.window)
    }

    /// A message begins to arrive; false if its sender had no credit for it.
    #[inline]
    pub(crate) fn begin(&mut self, cost: u64) -> bool {
        let held = self.held.saturating_add(cost);
        if held.saturating_add(self.consumed) > self.window {
            return false;
        }
        self.held = held;
        true
    }

    #[inline]
    pub(crate) fn consume(&mut self, cost: u64) {
        let cost = cost.min(self.held);
        self.held = self.held.saturating_sub(cost);
        self.consumed = self.consumed.saturating_add(cost);
    }

    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.consumed >= self.threshold
    }

    /// What the sender is to be given back.
    pub(crate) fn take(&mut self) -> u64 {
        std::mem::take(&mut self.consumed)
    }

    /// The connection has ended: all that has arrived is gone but for this much, and nothing is given back any more.
    pub(crate) fn end(&mut self, held: u64) {
        *self = Self { window: self.window, held: self.held.min(held), consumed: 0, threshold: u64::MAX };
    }

    pub(crate) fn held(&self) -> u64 {
        self.held
    }
}
