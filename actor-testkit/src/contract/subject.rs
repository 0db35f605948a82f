use actor_core::{ActorSystem, SystemError};

use super::{BystanderCodec, ProbeCodec};

/// An actor system that is put through the contract.
///
/// Each case makes a subject of its own by `Default`, so that no two cases meet.
pub trait SystemUnderTest: Default + 'static {
    /// The system. Its requirement has to be met by every type that serde can handle.
    type System: ActorSystem<Requirement: ProbeCodec<Self::System> + BystanderCodec<Self::System>>;

    /// Whether a system resolves its own actors to local references. A loop-back resolves them to proxies.
    const RESOLVES_LOCALLY: bool = true;

    /// Whether a reference can stop its actor, and wait for its end, from another system.
    const ENDS_ACTORS_REMOTELY: bool = true;

    /// Two systems, each of which resolves the ids of the other to proxies.
    async fn pair(&self) -> (Self::System, Self::System);

    /// A third system, connected to the second of a pair. What it learns of the first it learns through references.
    async fn beyond(&self, second: &Self::System) -> Self::System;

    /// A system that none of the others has heard of.
    async fn stranger(&self) -> Self::System;

    /// The error of the model in an error of the system; none where only the system knows what it means.
    fn cause(error: &<Self::System as ActorSystem>::Error) -> Option<SystemError>;
}
