//! The membership that nodes use.

use actor_core::{BoxFuture, SystemError};
use actor_transport::cluster::{Host, Membership};

use crate::{driver::Driver, times::Times};

/// Members find out about one another by gossip, without a coordinator: SWIM with suspicion. See `docs/cluster.md`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Gossip {
    times: Times,
}

impl Gossip {
    /// Gossip with its default times.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gossip with other times. Whether they can be kept is said when the node is built.
    #[must_use]
    pub fn with_times(times: Times) -> Self {
        Self { times }
    }
}

impl Membership for Gossip {
    fn check(&self) -> Result<(), SystemError> {
        self.times.validate()
    }

    fn run(&self, host: Host) -> BoxFuture<'static, ()> {
        Box::pin(Driver::new(host, self.times.clone()).run())
    }
}
