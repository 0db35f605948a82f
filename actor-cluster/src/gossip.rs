//! The membership that nodes use.

use actor_core::BoxFuture;
use actor_transport::cluster::{Host, Membership};

use crate::driver::Driver;

/// Members find out about one another by gossip, without a coordinator: SWIM with suspicion. See `docs/cluster.md`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Gossip {}

impl Gossip {
    /// Gossip with its default times.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Membership for Gossip {
    fn run(&self, host: Host) -> BoxFuture<'static, ()> {
        Box::pin(Driver::new(host).run())
    }
}
