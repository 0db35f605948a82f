//! The times of the protocol, in one place.

use std::time::Duration;

use actor_core::SystemError;

/// How often members look after one another, and how long they wait: see "Times" in `docs/cluster.md`.
///
/// Start from [`Times::default`], change fields, and give them to [`Gossip::with_times`](crate::Gossip::with_times). They
/// are checked by [`validate`](Self::validate), which a node does when it is built. All members are to have the same:
/// nothing breaks where they have not, but who is the first to lose patience decides for all.
///
/// ```
/// # use std::time::Duration;
/// # use distributed_actor::{Node, cluster::{Gossip, Times}};
/// // Between sites: patient with a path that is away for some seconds.
/// let mut times = Times::default();
/// times.probe_time = Duration::from_millis(900);
/// times.suspicion = Duration::from_secs(12);
/// times.shown_after = Duration::from_secs(6);
/// let builder = Node::builder().membership(Gossip::with_times(times)).join(["tcp://10.0.0.1:5301"]);
/// # drop(builder);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// Each member probes another one once in this time. 1 s, from 100 ms to 60 s.
    pub probe_period: Duration,
    /// When a probe was not answered for this long, others are asked to try: above what a message takes there and back.
    /// 350 ms, from 10 ms, and below `probe_period`.
    pub probe_time: Duration,
    /// How many others are asked. 3, from 1 to 16.
    pub helpers: usize,
    /// What a suspect has to object, on a member that is not slow itself; then it is dead for all. 3.9 s, from
    /// `probe_period` to 10 min.
    pub suspicion: Duration,
    /// When so much of it has passed, the suspicion is shown as [`Suspect`](actor_transport::cluster::MemberState::Suspect).
    /// 2.5 s, not above `suspicion`.
    pub shown_after: Duration,
    /// By how many times more patient a member becomes that does not get to run in time itself. 8, up to 32; 0 for none.
    pub slowness_max: u32,
    /// News are passed on once in this time. 200 ms, from 20 ms to 10 s.
    pub news_period: Duration,
    /// To how many members each time. 3, from 1 to 16.
    pub news_receivers: usize,
    /// How often it is compared with another member whether both know the same ones; more often after the start. 20 s,
    /// from 1 s to 1 h.
    pub compare_period: Duration,
    /// How often the dead are written to, three of them, which may be behind a partition that has ended; for each further
    /// 16 members so much less often. 2 s, from 100 ms to 10 min.
    pub recontact_period: Duration,
    /// How often it is tried again to connect to members that cannot be reached, eight of them. 1 s, from 100 ms to 60 s.
    pub reconnect_period: Duration,
    /// The longest pause between attempts at a contact that has not answered, while the node is alone: the first one is
    /// 50 ms, and each further one twice as long. 500 ms, from 50 ms to 60 s.
    pub contact_pause_max: Duration,
    /// How long it is remembered that a member is dead; for longer, none is written to. 1 h, from 1 min to 24 h.
    pub dead_remembered: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            probe_period: Duration::from_secs(1),
            probe_time: Duration::from_millis(350),
            helpers: 3,
            // Who falls silent is dead within 6 s, whenever in a period it does.
            suspicion: Duration::from_millis(3900),
            // A member that stops for 3 s is back before that.
            shown_after: Duration::from_millis(2500),
            slowness_max: 8,
            news_period: Duration::from_millis(200),
            news_receivers: 3,
            compare_period: Duration::from_secs(20),
            recontact_period: Duration::from_secs(2),
            reconnect_period: Duration::from_secs(1),
            contact_pause_max: Duration::from_millis(500),
            dead_remembered: Duration::from_secs(60 * 60),
        }
    }
}

impl Times {
    /// Whether the values can be kept, and fit together.
    ///
    /// # Errors
    /// [`SystemError::BadLimits`] with the first one found that does not, and what it may be.
    pub fn validate(&self) -> Result<(), SystemError> {
        let bad = |why: String| Err(SystemError::BadLimits { why: why.into() });
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        for (time, value, least, most) in [
            ("probe_period", self.probe_period, ms(100), s(60)),
            ("probe_time", self.probe_time, ms(10), self.probe_period.saturating_sub(ms(10))),
            ("suspicion", self.suspicion, self.probe_period, s(600)),
            ("shown_after", self.shown_after, Duration::ZERO, self.suspicion),
            ("news_period", self.news_period, ms(20), s(10)),
            ("compare_period", self.compare_period, s(1), s(60 * 60)),
            ("recontact_period", self.recontact_period, ms(100), s(600)),
            ("reconnect_period", self.reconnect_period, ms(100), s(60)),
            ("contact_pause_max", self.contact_pause_max, ms(50), s(60)),
            ("dead_remembered", self.dead_remembered, s(60), s(24 * 60 * 60)),
        ] {
            if !(least..=most).contains(&value) {
                return bad(format!("`{time}` is {value:?}, and must lie between {least:?} and {most:?}"));
            }
        }
        for (number, value, least, most) in [
            ("helpers", self.helpers, 1, 16),
            ("news_receivers", self.news_receivers, 1, 16),
            ("slowness_max", self.slowness_max as usize, 0, 32),
        ] {
            if !(least..=most).contains(&value) {
                return bad(format!("`{number}` is {value}, and must lie between {least} and {most}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R44
    #[test]
    fn times_that_cannot_be_kept_are_refused_with_what_they_may_be() {
        assert_eq!(Times::default().validate(), Ok(()));
        let refused = |change: fn(&mut Times)| {
            let mut times = Times::default();
            change(&mut times);
            times.validate().unwrap_err().to_string()
        };
        for (why, expected) in [
            (refused(|times| times.probe_period = Duration::ZERO), "`probe_period` is 0ns"),
            (
                refused(|times| times.probe_time = times.probe_period),
                "`probe_time` is 1s, and must lie between 10ms and 990ms",
            ),
            (
                refused(|times| times.suspicion = Duration::from_millis(999)),
                "`suspicion` is 999ms, and must lie between 1s",
            ),
            (refused(|times| times.shown_after = Duration::from_secs(4)), "between 0ns and 3.9s"),
            (refused(|times| times.helpers = 0), "`helpers` is 0, and must lie between 1 and 16"),
            (refused(|times| times.slowness_max = 33), "`slowness_max` is 33"),
            (refused(|times| times.dead_remembered = Duration::MAX), "`dead_remembered`"),
        ] {
            assert!(why.contains(expected), "{why}");
        }
    }
}
