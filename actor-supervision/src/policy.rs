//! What a supervisor does, and when.

use std::time::Duration;

/// Who is started again when a child has crashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// The child alone.
    OneForOne,
    /// All children: they are stopped in reverse order, and started in order.
    OneForAll,
    /// The child and those that were started after it.
    RestForOne,
}

/// Whether a child is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Restart {
    /// Always, however it ended.
    #[default]
    Permanent,
    /// Unless it ended as it was meant to: it stopped, or its last reference went.
    Transient,
    /// As the actor itself has said last, by `ctx.want_restart(..)`, however it ended; as `Transient` if it has said nothing, is a
    /// supervisor, or lives on another node.
    Ask,
    /// Never. It is forgotten when it has ended, also when its siblings are started again.
    Temporary,
}

/// What becomes of the calls of a child between the end of one state and the start of the next. The call whose method
/// panicked fails in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Queued {
    /// They wait for the next state, for their deadline at most: those in the mailbox, and those that are made meanwhile.
    #[default]
    Kept,
    /// They fail at once with `ActorStopped`, as not executed: those in the mailbox, and those that are made meanwhile.
    Refused,
}

/// How long a child may take to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shutdown {
    /// So long; then it is given up at its next await. 5 s are the default of an actor.
    Within(Duration),
    /// It is given up at once.
    Immediate,
    /// As long as it takes: the default of a supervisor, whose children have limits of their own.
    Unlimited,
}

impl Shutdown {
    /// The time, if it has an end.
    pub(crate) fn limit(self) -> Option<Duration> {
        match self {
            Self::Within(limit) => Some(limit),
            Self::Immediate => Some(Duration::ZERO),
            Self::Unlimited => None,
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::Within(Duration::from_secs(5))
    }
}

impl From<Duration> for Shutdown {
    fn from(time: Duration) -> Self {
        Self::Within(time)
    }
}

/// Whether a supervisor ends when significant children have ended, and were not started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AutoShutdown {
    /// No.
    #[default]
    Never,
    /// When one of them has.
    AnySignificant,
    /// When the last of them has.
    AllSignificant,
}

/// Pauses before a child is started again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    factor: f64,
    jitter: f64,
}

impl Backoff {
    /// No pause.
    #[must_use]
    pub const fn none() -> Self {
        Self { first: Duration::ZERO, longest: Duration::ZERO, factor: 1.0, jitter: 0.0 }
    }

    /// 100 ms, doubled for each further crash up to 30 s, a fifth of it at random. It begins anew when the child has lived
    /// for as long as the last pause.
    #[must_use]
    pub const fn exponential() -> Self {
        Self { first: Duration::from_millis(100), longest: Duration::from_secs(30), factor: 2.0, jitter: 0.2 }
    }

    /// From the first pause to the longest.
    #[must_use]
    pub const fn between(mut self, first: Duration, longest: Duration) -> Self {
        (self.first, self.longest) = (first, longest);
        self
    }

    /// Which part of a pause is chosen at random, from 0 to 1: children that crashed together do not come back together.
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// The pause after so many crashes without a longer life in between. `random` is from 0 to 1.
    pub(crate) fn pause(&self, crashes: u32, random: f64) -> Duration {
        let exponent = i32::try_from(crashes.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = (self.first.as_secs_f64() * self.factor.powi(exponent)).min(self.longest.as_secs_f64());
        let kept = 1.0 - self.jitter.clamp(0.0, 1.0) * random;
        Duration::try_from_secs_f64(seconds * kept).unwrap_or(self.longest)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R87
    #[test]
    fn pauses_grow_up_to_the_longest_and_are_shortened_at_random() {
        let backoff = Backoff::exponential();
        let pauses: Vec<_> = (1..=4).map(|crashes| backoff.pause(crashes, 0.0).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800]);
        assert_eq!(backoff.pause(u32::MAX, 0.0), Duration::from_secs(30));
        assert_eq!(backoff.pause(1, 1.0), Duration::from_millis(80));
        assert_eq!(Backoff::none().pause(7, 0.5), Duration::ZERO);
    }
}
