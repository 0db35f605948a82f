//! Names that one actor has.

use actor_core::ActorId;

use super::{handle::Registry, packet::Kind};

/// A name that was claimed: see [`Registry::claim`](super::Registry::claim). Dropping this does not give the name back.
#[derive(Debug)]
pub struct Claim {
    registry: Registry,
    name: String,
    actor: ActorId,
}

impl Claim {
    pub(super) fn new(registry: Registry, name: String, actor: ActorId) -> Self {
        Self { registry, name, actor }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the name is still had.
    #[must_use]
    pub fn holds(&self) -> bool {
        let shared = self.registry.shared();
        shared.with(|state| !state.has_ended && state.directory.named(&self.name) == Some(self.actor))
    }

    /// Gives the name back.
    pub fn release(self) {
        self.registry.remove(usize::MAX, Kind::Name, &self.name, self.actor);
    }

    /// Ends when the name is had no more: another node has claimed it, too, and its claim holds; the actor or the node
    /// has ended; the cluster was left.
    ///
    /// # Cancel safety
    /// Dropped, it has changed nothing.
    pub async fn lost(&self) {
        let mut changes = self.registry.shared().changes();
        while self.holds() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
