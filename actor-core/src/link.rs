//! What linked actors on different nodes tell one another.

use serde::{Deserialize, Serialize};

use crate::ExitReason;

/// What an actor is told of another one, by the system between them: see
/// [`ActorSystem::remote_link`](crate::ActorSystem::remote_link).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LinkSignal {
    /// The other one has linked itself: from now on the end of each is of concern to both.
    Link,
    /// The other one is a client: it is stopped before this one is.
    Depend,
    /// The other one has taken back both.
    Unlink,
    /// The other one has ended, or been given another state.
    Ended(ExitReason),
}
