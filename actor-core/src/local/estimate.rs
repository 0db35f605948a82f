//! Which methods have proved short enough to run on their caller's task.

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Runs of short methods between two measurements: reading the clock twice costs more than the call itself. With the one
/// that is measured a prime, so that methods which are called in turn are measured in turn.
const SAMPLE_EVERY: u8 = 60;

/// Methods for which there is room from the beginning: most actors have no more, and need no memory of their own for this.
const FEW: usize = 4;

/// A running estimate of the time that each method of one actor takes.
///
/// An estimate belongs to one actor, not to its type: no state is shared between actors, and a run of a simulated
/// network depends on nothing outside it. Several threads may use it at once, and one change in many may get lost.
#[derive(Debug, Default)]
pub(crate) struct Estimates {
    /// Nanoseconds for each of the first methods; zero until it was measured once.
    few: [AtomicU32; FEW],
    /// The same for the others. In a box of its own, since every actor has room for a pointer to it.
    others: OnceLock<Box<Others>>,
}

#[derive(Debug)]
struct Others(Box<[AtomicU32]>);

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
        if !self.is_short(position, limit) {
            Verdict::Schedule
        } else if is_sample() {
            Verdict::InlineAndMeasure
        } else {
            Verdict::Inline
        }
    }

    /// Whether the method at `position` has proved short.
    #[inline]
    pub(crate) fn is_short(&self, position: usize, limit: Duration) -> bool {
        let known = self.few.get(position).or_else(|| self.others.get()?.0.get(position.checked_sub(FEW)?));
        let nanos = known.map_or(0, |nanos| nanos.load(Ordering::Relaxed));
        nanos != 0 && nanos <= nanos_of(limit)
    }

    /// Takes a measurement into account. One slow run is enough to schedule the next ones; several fast ones are
    /// needed to be trusted again.
    pub(crate) fn record(&self, position: usize, methods: usize, elapsed: Duration) {
        let others =
            || self.others.get_or_init(|| Box::new(Others((FEW..methods).map(|_| AtomicU32::new(0)).collect())));
        let Some(nanos) = self.few.get(position).or_else(|| others().0.get(position.checked_sub(FEW)?)) else { return };
        let measured = u32::try_from(elapsed.as_nanos()).unwrap_or(u32::MAX).max(1);
        let now = match nanos.load(Ordering::Relaxed) {
            0 => measured,
            known if measured > known => measured,
            known => known - (known - measured) / 4,
        };
        nanos.store(now, Ordering::Relaxed);
    }
}

/// Whether this run of a short method is one of those that are measured. Each thread counts its own: what every call
/// writes would be fetched from the other core by each call, where two call one actor.
#[inline]
fn is_sample() -> bool {
    thread_local! {
        static UNTIL: Cell<u8> = const { Cell::new(SAMPLE_EVERY) };
    }
    UNTIL.with(|until| match until.get().checked_sub(1) {
        Some(left) => {
            until.set(left);
            false
        }
        None => {
            until.set(SAMPLE_EVERY);
            true
        }
    })
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
    fn each_method_has_an_estimate_of_its_own_however_many_there_are() {
        let estimates = Estimates::default();
        for position in (0..20).step_by(2) {
            estimates.record(position, 20, Duration::from_nanos(50));
        }
        for position in 0..21 {
            assert_eq!(estimates.is_short(position, LIMIT), position < 20 && position.is_multiple_of(2), "{position}");
        }
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
