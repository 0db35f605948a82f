//! The handle of a cooperation.

use std::{fmt, sync::Arc};

use actor_core::{ActorRef, Callable, ExitReason, SpawnSystem};

use super::{
    builder::CooperationBuilder,
    engine::{self, Above, Start},
    shared::Shared,
};
use crate::{StartError, tree::ChildError};

/// Actors that start together, or not at all, and end together: when one of them ends, for whatever reason, so do all.
///
/// ```
/// # use distributed_actor::{ActorRef, Node, distributed_actor, supervision::Cooperation};
/// # struct Store(u64);
/// # #[distributed_actor]
/// # impl Store {
/// #     #[distributed(spawn)]
/// #     fn open(first: u64) -> Self { Self(first) }
/// #     #[distributed]
/// #     fn next(&mut self) -> u64 { self.0 += 1; self.0 }
/// # }
/// # struct Clerk { store: ActorRef<Store> }
/// # #[distributed_actor]
/// # impl Clerk {
/// #     #[distributed]
/// #     async fn number(&mut self) -> u64 { self.store.next().await.unwrap_or_default() }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let node = Node::builder().start().await?;
/// let shop = Cooperation::builder("shop")
///     .member("store", Store::spawn_open(41))
///     .member_with("clerk", |members| Ok::<_, String>(Clerk { store: members.get("store").map_err(|e| e.to_string())? }))
///     .listener(|notice| async move { println!("{notice:?}") })
///     .start(&node)
///     .await?;
/// let clerk: ActorRef<Clerk> = shop.member("clerk")?;
/// assert_eq!(clerk.number().await?, 42);
/// shop.stop().await;
/// # Ok(())
/// # }
/// ```
///
/// Clones are the same. Dropping them changes nothing: it ends when it is [stopped](Self::stop), when a member has ended,
/// or with its node.
pub struct Cooperation<S> {
    pub(super) shared: Arc<Shared<S>>,
    pub(super) system: S,
}

impl<S: SpawnSystem> Cooperation<S> {
    /// Begins to set one up. Its name is what listeners are told.
    #[must_use]
    pub fn builder(name: impl AsRef<str>) -> CooperationBuilder<S> {
        CooperationBuilder::new(name.as_ref())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The member of that name.
    ///
    /// # Errors
    /// [`ChildError::Unknown`] if there is none; [`ChildError::WrongType`]; [`ChildError::Ended`].
    pub fn member<A: Callable<System = S> + 'static>(&self, name: &str) -> Result<ActorRef<A>, ChildError> {
        self.shared.with_members(|members| members.ok_or(ChildError::Ended)?.get(name))
    }

    /// Starts another one below this one: it ends at the latest when this one does, and before any of its members.
    ///
    /// # Errors
    /// As those of [`CooperationBuilder::start`]; also when this one has ended, or does so meanwhile.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, no member stays.
    pub async fn start_child(&self, child: CooperationBuilder<S>) -> Result<Self, StartError> {
        engine::start(Start { builder: child, above: Above::Parent(self.shared.clone()) }, &self.system).await
    }

    /// Stops its child groups, then its members, in reverse order; waits for its end, and says why it ended.
    ///
    /// # Cancel safety
    /// Dropped once it was polled, it stops all the same.
    pub async fn stop(&self) -> ExitReason {
        self.shared.ask_to_stop(false);
        self.ended().await
    }

    /// Waits for its end, and says why.
    pub fn ended(&self) -> impl Future<Output = ExitReason> + Send + use<S> {
        self.shared.ended()
    }
}

impl<S: Clone> Clone for Cooperation<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), system: self.system.clone() }
    }
}

impl<S> fmt::Debug for Cooperation<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cooperation").field("name", &self.shared.name).finish_non_exhaustive()
    }
}
