//! What is done to the bytes of one direction.

use std::time::Duration;

/// As it comes, unless a field says otherwise.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    pub(super) stalled: bool,
    pub(super) lost: bool,
    pub(super) delay: Duration,
    pub(super) bytes_per_second: Option<u64>,
    /// Bytes of one connection after which it is cut.
    pub(super) cut_after: Option<u64>,
}

impl Flow {
    /// How many of `length` bytes may go on at once: what a throttled connection carries in a hundredth of a second.
    pub(super) fn portion(&self, length: usize) -> usize {
        let most = self.bytes_per_second.map_or(u64::MAX, |most| (most / 100).max(1));
        length.min(usize::try_from(most).unwrap_or(usize::MAX))
    }

    /// How long so many bytes take.
    pub(super) fn time_for(&self, bytes: usize) -> Duration {
        self.bytes_per_second
            .map_or(Duration::ZERO, |most| Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000) / most))
    }
}
