//! What it is like between two places.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

/// One direction between two places.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Instead of the network's.
    pub(super) latency: Option<Duration>,
    pub(super) bytes_per_second: Option<u64>,
    /// When what was sent before has left.
    free_at: Option<Instant>,
}

/// All of them that are not as the others.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<(String, String), Line>);

impl Lines {
    pub(super) fn entry(&mut self, from: &str, to: &str) -> &mut Line {
        self.0.entry((from.to_owned(), to.to_owned())).or_default()
    }

    pub(super) fn get(&mut self, from: &str, to: &str) -> Option<&mut Line> {
        if self.0.is_empty() { None } else { self.0.get_mut(&(from.to_owned(), to.to_owned())) }
    }
}

impl Line {
    /// When so many bytes have left that are sent now.
    pub(super) fn leave(&mut self, now: Instant, bytes: usize) -> Instant {
        let Some(most) = self.bytes_per_second else { return now };
        let time = Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000) / most.max(1));
        let left = self.free_at.map_or(now, |free_at| free_at.max(now)) + time;
        self.free_at = Some(left);
        left
    }
}
