//! What an engine knows of a child, whatever it is.

use std::{
    any::Any,
    sync::Arc,
    task::{Context, Poll},
};

use actor_core::{BoxFuture, ExitReason, Locality, Terminated};

use crate::{policy::Shutdown, shared::Shared};

/// A child that can be started again and again.
pub(crate) trait Managed<S>: Send {
    /// Starts it, for the first time or again, and waits until it has started.
    fn start<'a>(&'a mut self, system: &'a S) -> BoxFuture<'a, Result<(), ExitReason>>;

    /// Whether it has ended since, and why.
    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<ExitReason>;

    /// Asks it to stop in order.
    fn stop(&mut self);

    /// Gives it up.
    fn kill(&mut self);

    /// It has no state, and may get another one: what is called until then fails.
    fn refuse_calls(&mut self) {}

    /// It will not be started again: its references end.
    fn end(&mut self, reason: &ExitReason);

    /// Its `ActorRef`, or its tree if it is a supervisor, while it has one.
    fn actor(&self) -> Option<Box<dyn Any + Send + Sync>>;

    /// Whether that is more than a reference: who has only been given one can look for it by the child's name, even if that is
    /// a number.
    fn has_handle(&self) -> bool {
        false
    }

    /// The id of its actor, as printed.
    fn id(&self) -> Option<String>;

    /// Has it run in that locality, from its next start on. What is elsewhere does not.
    fn bind(&mut self, locality: &Locality) {
        let _ = locality;
    }

    /// The same as it is.
    fn actor_id(&self) -> Option<Box<dyn Any + Send>>;

    /// Whether it wants to be started again, if it has said so.
    fn wants_restart(&self) -> Option<bool> {
        None
    }

    /// How long it may take to stop, where nobody says so.
    fn shutdown(&self) -> Shutdown {
        Shutdown::default()
    }

    /// Who knows its own children, if it is a supervisor.
    fn below(&self) -> Option<Arc<Shared<S>>> {
        None
    }
}

/// Runs a function of the user's. Its panic is no end of the supervisor, which would take all children with it.
pub(crate) fn contain<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    actor_core::contain(run).map_err(|text| text.map_or_else(|| "no text".into(), String::from))
}

/// How those are told who watch an actor that has ended for this reason.
pub(crate) fn told(reason: &ExitReason) -> Terminated {
    if reason.is_normal() { Terminated::Stopped } else { Terminated::Failed(Box::new(reason.clone())) }
}
