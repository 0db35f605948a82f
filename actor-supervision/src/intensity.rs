//! How many restarts are too many.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A sliding window over the restarts of one supervisor.
#[derive(Debug)]
pub(crate) struct Intensity {
    restarts_max: u32,
    within: Duration,
    /// The last ones, never more than one too many.
    restarts: VecDeque<Instant>,
}

impl Intensity {
    pub(crate) fn new(restarts_max: u32, within: Duration) -> Self {
        Self { restarts_max, within, restarts: VecDeque::new() }
    }

    /// One more restart is needed. False if it is one too many.
    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        while self.restarts.front().is_some_and(|first| now.saturating_duration_since(*first) > self.within) {
            self.restarts.pop_front();
        }
        self.restarts.push_back(now);
        let most = usize::try_from(self.restarts_max).unwrap_or(usize::MAX);
        let allows = self.restarts.len() <= most;
        if !allows {
            self.restarts.pop_front();
        }
        allows
    }

    pub(crate) fn in_words(&self) -> String {
        format!("more than {} restarts within {} s", self.restarts_max, self.within.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R75
    #[test]
    fn the_window_slides() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut intensity = Intensity::new(3, Duration::from_secs(60));
        assert!([0, 10, 20].into_iter().all(|seconds| intensity.allows(at(seconds))));
        assert!(!intensity.allows(at(60)));
        let mut intensity = Intensity::new(3, Duration::from_secs(60));
        assert!((0..100).all(|crash| intensity.allows(at(crash * 21))), "three of any 60 s");
        assert!(!Intensity::new(0, Duration::from_secs(1)).allows(start));
    }
}
