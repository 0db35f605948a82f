//! Which methods have proved short enough to run on their caller's task.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Runs of a short method between two measurements: reading the clock twice costs more than the call itself.
const SAMPLE_EVERY: u8 = 64;

/// A running estimate of the time that each method of one actor takes.
///
/// An estimate belongs to one actor, not to its type: no state is shared between actors, and a run of a simulated
/// network depends on nothing outside it. Several threads may use it at once, and one change in many may get lost.
#[derive(Debug, Default)]
pub(crate) struct Estimates {
    methods: OnceLock<Box<[AtomicU64]>>,
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    /// Zero until it was measured once.
    nanos: u32,
    until_sample: u8,
}

impl Estimate {
    #[inline]
    fn load(word: &AtomicU64) -> Self {
        let [a, b, c, d, until_sample, ..] = word.load(Ordering::Relaxed).to_le_bytes();
        Self { nanos: u32::from_le_bytes([a, b, c, d]), until_sample }
    }

    #[inline]
    fn store(self, word: &AtomicU64) {
        word.store(u64::from(self.nanos) | u64::from(self.until_sample) << 32, Ordering::Relaxed);
    }
}

/// What is known of a method before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has not proved short.
    Schedule,
    /// It is short.
    Inline,
    /// It is short as far as is known, and shall be measured again.
    InlineAndMeasure,
}

impl Estimates {
    /// Whether the method at `position` may run on its caller's task.
    #[inline]
    pub(crate) fn judge(&self, position: usize, limit: Duration) -> Verdict {
        let Some(word) = self.methods.get().and_then(|methods| methods.get(position)) else { return Verdict::Schedule };
        let Estimate { nanos, until_sample } = Estimate::load(word);
        if nanos == 0 || nanos > nanos_of(limit) {
            return Verdict::Schedule;
        }
        match until_sample.checked_sub(1) {
            Some(until_sample) => {
                Estimate { nanos, until_sample }.store(word);
                Verdict::Inline
            }
            None => Verdict::InlineAndMeasure,
        }
    }

    /// Whether the method at `position` has proved short.
    pub(crate) fn is_short(&self, position: usize, limit: Duration) -> bool {
        let nanos =
            self.methods.get().and_then(|methods| methods.get(position)).map_or(0, |word| Estimate::load(word).nanos);
        nanos != 0 && nanos <= nanos_of(limit)
    }

    /// Takes a measurement into account. One slow run is enough to schedule the next ones; several fast ones are
    /// needed to be trusted again.
    pub(crate) fn record(&self, position: usize, methods: usize, elapsed: Duration) {
        let known = self.methods.get_or_init(|| (0..methods).map(|_| AtomicU64::new(0)).collect());
        let Some(word) = known.get(position) else { return };
        let measured = u32::try_from(elapsed.as_nanos()).unwrap_or(u32::MAX).max(1);
        let nanos = match Estimate::load(word).nanos {
            0 => measured,
            known if measured > known => measured,
            known => known - (known - measured) / 4,
        };
        Estimate { nanos, until_sample: SAMPLE_EVERY }.store(word);
    }
}

/// The limit as estimates are kept; more than a second is no limit. `Duration::as_nanos` multiplies 128 bits.
#[inline]
fn nanos_of(limit: Duration) -> u32 {
    if limit.as_secs() > 0 { u32::MAX } else { limit.subsec_nanos() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_micros(10);

    #[test]
    fn a_method_runs_inline_only_after_it_has_proved_short() {
        let estimates = Estimates::default();
        assert_eq!(estimates.judge(1, LIMIT), Verdict::Schedule);
        estimates.record(1, 2, Duration::from_nanos(50));
        assert_eq!(estimates.judge(1, LIMIT), Verdict::Inline);
        assert_eq!(estimates.judge(0, LIMIT), Verdict::Schedule);
    }

    #[test]
    fn a_short_method_is_measured_again_from_time_to_time() {
        let estimates = Estimates::default();
        estimates.record(0, 1, Duration::from_nanos(50));
        let measured = (0..1000).filter(|_| estimates.judge(0, LIMIT) == Verdict::InlineAndMeasure).count();
        assert!(measured > 0);
    }

    #[test]
    fn one_slow_run_is_enough_to_schedule_the_next() {
        let estimates = Estimates::default();
        estimates.record(0, 1, Duration::from_nanos(50));
        estimates.record(0, 1, Duration::from_millis(50));
        assert_eq!(estimates.judge(0, LIMIT), Verdict::Schedule);
        for _ in 0..40 {
            estimates.record(0, 1, Duration::from_nanos(50));
        }
        assert_ne!(estimates.judge(0, LIMIT), Verdict::Schedule);
    }
}
