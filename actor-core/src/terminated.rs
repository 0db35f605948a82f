//! How an actor ended.

use serde::{Deserialize, Serialize};

use crate::{ExitReason, NetworkError};

/// How an actor ended, as told to those who wait for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Terminated {
    /// It was stopped, or its last reference went.
    Stopped,
    /// One of its methods panicked.
    Panicked,
    /// It gave up: it could not start, or said so by `ctx.fail(error)`.
    Failed(Box<ExitReason>),
    /// Its node was lost; whether it still runs there is not known.
    NodeLost(NetworkError),
    /// There is no such actor: it ended long ago, or never was.
    NoSuchActor,
}
