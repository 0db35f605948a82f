//! Who watches whom, and which nodes were introduced.

use std::collections::{BTreeSet, HashSet};

use actor_core::NodeId;

/// Nodes that a session remembers to have introduced; when there are more, it forgets all and begins anew.
const INTRODUCED_MAX: usize = 4096;

/// Watches in both directions.
#[derive(Debug, Default)]
pub(crate) struct Links {
    introduced: HashSet<NodeId>,
    /// Actors of the peer that this node watches.
    watching: BTreeSet<u64>,
    /// Watches taken back: the news of so many ends may still be on its way.
    unwatched: u32,
    /// Actors of this node that the peer watches.
    watched: BTreeSet<u64>,
    /// Ends reported: so many watches may be taken back in vain.
    reported: u32,
    /// Watches that were taken back in vain: the peer may have watched anew, and taken the news of that end for its
    /// answer. So many watches may stand twice.
    crossed: u32,
}

/// What to make of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Tell,
    /// It crossed one of ours.
    Ignore,
    Anomaly,
    TooMany,
}

impl Links {
    /// Whether the peer has to be told. While that cannot be done, nothing is forgotten, and what is too much not told.
    pub(crate) fn introduce(&mut self, node: NodeId, is_attached: bool) -> bool {
        if self.introduced.contains(&node) {
            return false;
        }
        if self.introduced.len() >= INTRODUCED_MAX {
            if !is_attached {
                return false;
            }
            self.introduced.clear();
        }
        self.introduced.insert(node)
    }

    /// Whether the peer has to be told.
    pub(crate) fn watch(&mut self, instance: u64, watches_max: usize) -> Verdict {
        if self.watching.contains(&instance) {
            return Verdict::Ignore;
        }
        if self.watching.len() >= watches_max {
            return Verdict::TooMany;
        }
        self.watching.insert(instance);
        Verdict::Tell
    }

    /// Whether the peer has to be told.
    pub(crate) fn unwatch(&mut self, instance: u64) -> bool {
        let was_watching = self.watching.remove(&instance);
        if was_watching {
            self.unwatched = self.unwatched.saturating_add(1);
        }
        was_watching
    }

    /// Whether the peer has to be told.
    pub(crate) fn terminated(&mut self, instance: u64) -> bool {
        let was_watched = self.watched.remove(&instance);
        if was_watched {
            self.reported = self.reported.saturating_add(1);
        }
        was_watched
    }

    pub(crate) fn receive_watch(&mut self, instance: u64, watches_max: usize) -> Verdict {
        if self.watched.contains(&instance) {
            return allowed(&mut self.crossed);
        }
        if self.watched.len() >= watches_max {
            return Verdict::TooMany;
        }
        self.watched.insert(instance);
        Verdict::Tell
    }

    pub(crate) fn receive_unwatch(&mut self, instance: u64) -> Verdict {
        if self.watched.remove(&instance) {
            return Verdict::Tell;
        }
        let verdict = allowed(&mut self.reported);
        if verdict == Verdict::Ignore {
            self.crossed = self.crossed.saturating_add(1);
        }
        verdict
    }

    pub(crate) fn receive_terminated(&mut self, instance: u64) -> Verdict {
        if self.watching.remove(&instance) { Verdict::Tell } else { allowed(&mut self.unwatched) }
    }

    /// Actors of the peer that are still watched.
    pub(crate) fn take_watching(&mut self) -> BTreeSet<u64> {
        std::mem::take(&mut self.watching)
    }
}

fn allowed(crossings: &mut u32) -> Verdict {
    match crossings.checked_sub(1) {
        Some(left) => {
            *crossings = left;
            Verdict::Ignore
        }
        None => Verdict::Anomaly,
    }
}
