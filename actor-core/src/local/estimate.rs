//! Which methods have proved short enough to run on their caller's task.

use std::time::Duration;

/// Runs of a short method between two measurements: reading the clock twice costs more than the call itself.
const SAMPLE_EVERY: u8 = 64;

/// A running estimate of the time that each method of one actor takes.
///
/// An estimate belongs to one actor, not to its type: no state is shared between actors, and a run of a simulated
/// network depends on nothing outside it.
#[derive(Debug, Default)]
pub(crate) struct Estimates {
    methods: Box<[Estimate]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Estimate {
    /// Zero until it was measured once.
    nanos: u32,
    until_sample: u8,
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
    pub(crate) fn judge(&mut self, position: usize, limit: Duration) -> Verdict {
        let Some(estimate) = self.methods.get_mut(position) else { return Verdict::Schedule };
        if estimate.nanos == 0 || estimate.nanos > nanos(limit) {
            return Verdict::Schedule;
        }
        match estimate.until_sample.checked_sub(1) {
            Some(left) => {
                estimate.until_sample = left;
                Verdict::Inline
            }
            None => Verdict::InlineAndMeasure,
        }
    }

    /// Takes a measurement into account. One slow run is enough to schedule the next ones; several fast ones are
    /// needed to be trusted again.
    pub(crate) fn record(&mut self, position: usize, methods: usize, elapsed: Duration) {
        if self.methods.len() < methods {
            let mut grown = std::mem::take(&mut self.methods).into_vec();
            grown.resize(methods, Estimate::default());
            self.methods = grown.into_boxed_slice();
        }
        let Some(estimate) = self.methods.get_mut(position) else { return };
        let measured = u32::try_from(elapsed.as_nanos()).unwrap_or(u32::MAX).max(1);
        estimate.nanos = match estimate.nanos {
            0 => measured,
            known if measured > known => measured,
            known => known - (known - measured) / 4,
        };
        estimate.until_sample = SAMPLE_EVERY;
    }
}

/// The limit as estimates are kept; more than a second is no limit. `Duration::as_nanos` multiplies 128 bits.
#[inline]
fn nanos(limit: Duration) -> u32 {
    if limit.as_secs() > 0 { u32::MAX } else { limit.subsec_nanos() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_micros(10);

    #[test]
    fn a_method_runs_inline_only_after_it_has_proved_short() {
        let mut estimates = Estimates::default();
        assert_eq!(estimates.judge(1, LIMIT), Verdict::Schedule);
        estimates.record(1, 2, Duration::from_nanos(50));
        assert_eq!(estimates.judge(1, LIMIT), Verdict::Inline);
        assert_eq!(estimates.judge(0, LIMIT), Verdict::Schedule);
    }

    #[test]
    fn a_short_method_is_measured_again_from_time_to_time() {
        let mut estimates = Estimates::default();
        estimates.record(0, 1, Duration::from_nanos(50));
        let measured = (0..1000).filter(|_| estimates.judge(0, LIMIT) == Verdict::InlineAndMeasure).count();
        assert!(measured > 0);
    }

    #[test]
    fn one_slow_run_is_enough_to_schedule_the_next() {
        let mut estimates = Estimates::default();
        estimates.record(0, 1, Duration::from_nanos(50));
        estimates.record(0, 1, Duration::from_millis(50));
        assert_eq!(estimates.judge(0, LIMIT), Verdict::Schedule);
        for _ in 0..40 {
            estimates.record(0, 1, Duration::from_nanos(50));
        }
        assert_ne!(estimates.judge(0, LIMIT), Verdict::Schedule);
    }
}
