//! What an actor does at its start, at its end, and when one that it watches has ended.

use std::{error::Error, fmt};

use crate::{CancelToken, Exit, ExitReason};

/// What a method under `#[on_start]` may return: nothing, or a `Result` of nothing.
#[diagnostic::on_unimplemented(
    message = "a method under `#[on_start]` returns nothing, or a `Result` of nothing",
    label = "write `Result<(), E>`, where `E` is an error or a text"
)]
pub trait StartOutcome {
    /// Whether the actor has started.
    ///
    /// # Errors
    /// Why it has not.
    fn outcome(self) -> Result<(), ExitReason>;
}

impl StartOutcome for () {
    fn outcome(self) -> Result<(), ExitReason> {
        Ok(())
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> StartOutcome for Result<(), E> {
    fn outcome(self) -> Result<(), ExitReason> {
        self.map_err(|error| ExitReason::of_error(Exit::StartFailed, &*error.into()))
    }
}

/// An actor with a method under `#[on_terminated]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no method that hears of ends",
    label = "put `#[on_terminated]` on one, or await `ctx.watch(..)`"
)]
pub trait HearsOfEnds {}

/// That an actor is told of another one's end, by its method under `#[on_terminated]`.
#[derive(Clone)]
pub struct Monitor(pub(crate) CancelToken);

impl Monitor {
    /// It is not told any more, unless the news is in its queue already. Dropping a monitor changes nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Monitor")
    }
}
