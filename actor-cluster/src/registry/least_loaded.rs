//! The node that has least to do.

use std::{fmt, sync::Arc};

use actor_core::NodeId;
use actor_transport::cluster::{Member, Placement};

use super::shared::Shared;

/// Chooses the node that has least to do: [`Registry::least_loaded`](super::Registry::least_loaded).
#[derive(Clone)]
pub struct LeastLoaded {
    shared: Arc<Shared>,
}

impl LeastLoaded {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        shared.want_loads();
        Self { shared }
    }
}

impl Placement for LeastLoaded {
    fn choose(&self, candidates: &[Member]) -> Option<NodeId> {
        self.shared.want_loads();
        self.shared.with(|state| {
            let load = |member: &&Member| {
                let told = state.directory.load(member.id());
                let placed = state.placed.get(&member.id()).filter(|(times, _)| *times == told.times);
                told.load.saturating_add(placed.map_or(0, |(_, count)| *count))
            };
            let chosen = candidates.iter().min_by_key(load)?.id();
            let times = state.directory.load(chosen).times;
            let placed = state.placed.entry(chosen).or_default();
            *placed = if placed.0 == times { (times, placed.1 + 1) } else { (times, 1) };
            Some(chosen)
        })
    }
}

impl fmt::Debug for LeastLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeastLoaded").finish_non_exhaustive()
    }
}
