//! Is the peer still there?

use std::time::{Duration, Instant};

use super::close::CloseReason;
use crate::Limits;

/// Pings a silent peer, and gives up one that stays silent.
#[derive(Debug)]
pub(crate) struct Keepalive {
    heard: Instant,
    pinged: Instant,
    /// Pings that were not answered.
    unanswered: u32,
    pong_due: bool,
    /// Pings received in the second that began at this time.
    second: Instant,
    pings: u32,
}

impl Keepalive {
    pub(crate) fn new(now: Instant) -> Self {
        Self { heard: now, pinged: now, unanswered: 0, pong_due: false, second: now, pings: 0 }
    }

    /// Any byte is a sign of life.
    #[inline]
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// False if the peer pings too often.
    pub(crate) fn receive_ping(&mut self, now: Instant, limits: &Limits) -> bool {
        self.pong_due = true;
        if now.saturating_duration_since(self.second) >= Duration::from_secs(1) {
            self.second = now;
            self.pings = 0;
        }
        self.pings = self.pings.saturating_add(1);
        self.pings <= limits.pings_per_second_max
    }

    /// False if no ping was sent.
    pub(crate) fn receive_pong(&mut self) -> bool {
        match self.unanswered.checked_sub(1) {
            Some(unanswered) => {
                self.unanswered = unanswered;
                true
            }
            None => false,
        }
    }

    pub(crate) fn pong_due(&self) -> bool {
        self.pong_due
    }

    /// Many pings are answered by one pong if they were read at once.
    pub(crate) fn take_pong(&mut self) -> bool {
        std::mem::take(&mut self.pong_due)
    }

    /// Whether a ping is to be sent.
    pub(crate) fn handle_timeout(&mut self, now: Instant, limits: &Limits) -> Result<bool, CloseReason> {
        let silence = now.saturating_duration_since(self.heard);
        if silence >= limits.silence_max {
            let ms = u64::try_from(limits.silence_max.as_millis()).unwrap_or(u64::MAX);
            return Err(CloseReason::Silent { ms });
        }
        if now < self.ping_at(limits) {
            return Ok(false);
        }
        self.pinged = now;
        self.unanswered = self.unanswered.saturating_add(1);
        Ok(true)
    }

    pub(crate) fn next_timeout(&self, limits: &Limits) -> Instant {
        self.ping_at(limits).min(later(self.heard, limits.silence_max))
    }

    fn ping_at(&self, limits: &Limits) -> Instant {
        later(self.heard.max(self.pinged), limits.ping_interval)
    }
}

/// A century is as good as for ever, and can be added to a time.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// `duration` after `now`, or [`FOR_EVER`].
#[inline]
pub(crate) fn later(now: Instant, duration: Duration) -> Instant {
    now.checked_add(duration.min(FOR_EVER)).unwrap_or(now)
}

/// When that was of which `deadline` is `duration` [`later`]; none if it was for ever.
#[inline]
pub(crate) fn earlier(deadline: Instant, duration: Duration) -> Option<Instant> {
    if duration > FOR_EVER { None } else { deadline.checked_sub(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_ever_is_a_century() {
        let now = Instant::now();
        let century = Duration::from_secs(36_500 * 86_400);
        assert_eq!(later(now, Duration::MAX), now + century);
        assert_eq!(later(now, century - Duration::from_nanos(1)), now + century - Duration::from_nanos(1));
        assert_eq!(earlier(later(now, Duration::MAX), Duration::MAX), None);
        assert_eq!(earlier(later(now, century), century), Some(now));
    }
}
