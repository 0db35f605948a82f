//! Starting actors on nodes that a placement chooses.

use actor_core::{ActorRef, CallError, DistributedActor, Spawn, SystemError};

use super::Node;
use crate::cluster::{Member, Placement};

impl Node {
    /// Starts an actor on the node that `placement` chooses among the members of the cluster that are alive, this one
    /// included; otherwise as [`spawn_on`](Self::spawn_on).
    ///
    /// # Errors
    /// [`SystemError::Connect`] if none will do, and those of [`spawn_on`](Self::spawn_on). No other node is tried.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, the actor is stopped as soon as it has been started.
    pub async fn spawn_where<A: DistributedActor<System = Self>, E: Send + 'static>(
        &self,
        placement: impl Placement,
        spawn: Spawn<A, E>,
    ) -> Result<ActorRef<A>, CallError<E>> {
        let view = self.cluster().view();
        let alive: Vec<_> = view.members().iter().filter(|member| member.is_alive()).cloned().collect();
        let chosen = placement.choose(&alive).filter(|chosen| alive.iter().map(Member::id).any(|id| id == *chosen));
        // What it holds does not have to be `Send`.
        drop(placement);
        match chosen {
            Some(node) => self.spawn_on(node, spawn).await,
            None => {
                let why = format!("the placement chooses none of the members that are alive, which are: {view}");
                Err(CallError::System(SystemError::Connect { address: "a member".into(), why: why.into() }))
            }
        }
    }
}
