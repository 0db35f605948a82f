//! How actors run in this process.
//!
//! An actor is a *seat*: its state behind a mailbox. While nobody calls it, it has no task; a short call runs on the
//! caller's own task, and what cannot be done at once runs in an *activity*, a task that lives until the mailbox is
//! empty.

mod activity;
mod any;
mod bound;
mod cancel;
mod construct;
mod contain;
mod ending;
mod ends;
mod estimate;
mod execute;
mod fate;
mod futures;
mod hold;
mod hooks;
mod interleaving;
mod job;
mod keeper;
mod linking;
mod locality;
#[cfg(all(test, loom))]
mod loom_tests;
mod mailbox;
mod options;
mod port;
mod reply_cell;
mod seat;
mod shared;
mod spawn;
mod sync;
mod timers;
mod turn;

use std::time::{Duration, Instant};

pub use self::{
    any::{AnyLocal, WeakAnyLocal, execute_distributed_target},
    cancel::CancelToken,
    construct::Pace,
    contain::contain,
    execute::IncomingCall,
    keeper::Keeper,
    locality::Locality,
    options::{Decide, Overflow, SpawnOptions},
    port::{Local, WeakLocal},
    shared::{SharedWork, lend},
    spawn::{spawn, spawn_with, try_spawn_with},
    timers::Timer,
};
pub(crate) use self::{
    construct::{Keep, build_here, construct, construct_here},
    contain::report,
    ending::Ended,
    execute::execute,
    futures::Futures,
    hooks::panicked_in,
    job::{Job, Work},
    port::{Enqueued, Port, Ticket, Tried, now_or_never},
    reply_cell::{ReplyCell, Waited},
};

/// The time, virtual in a paused tokio runtime.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// When so much time has passed from now on; a century is as good as for ever.
pub(crate) fn after(time: Duration) -> Instant {
    later(now(), time)
}

/// A century of 36,500 days, which is as good as for ever, and can be added to a time.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// When `time` has passed from `instant` on, but no more than a century: `Duration::MAX` may be given for no limit, where
/// `instant + time` would panic.
#[inline]
#[must_use]
pub fn later(instant: Instant, time: Duration) -> Instant {
    instant.checked_add(time.min(FOR_EVER)).unwrap_or(instant)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn for_ever_is_a_century() {
        let now = now();
        assert_eq!(later(now, Duration::MAX), now + FOR_EVER);
        assert_eq!(later(now, FOR_EVER - Duration::from_nanos(1)), now + FOR_EVER - Duration::from_nanos(1));
    }
}
