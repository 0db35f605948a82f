//! How a supervisor is set up.

use std::{fmt, time::Duration};

use actor_core::{Exit, ExitReason, Locality, SystemError};

use crate::{
    child::Child,
    engine::Engine,
    factory::Factory,
    policy::{AutoShutdown, Strategy},
    supervisor::SupervisionSystem,
    tree::Tree,
};

/// Restarts that a supervisor makes within [`WITHIN`], if nothing is said.
const RESTARTS_MAX: u32 = 1;
const WITHIN: Duration = Duration::from_secs(5);

/// Sets up a supervisor; a child of another one, or the root of a tree.
pub struct SupervisorBuilder<S> {
    pub(crate) strategy: Strategy,
    pub(crate) restarts_max: u32,
    pub(crate) within: Duration,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) locality: Option<Locality>,
    pub(crate) children: Vec<Child<S>>,
    pub(crate) factory: Option<Factory<S>>,
    /// Whether it is the child of another one, which stops it in its turn.
    pub(crate) is_below: bool,
}

impl<S> SupervisorBuilder<S> {
    pub(crate) fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            restarts_max: RESTARTS_MAX,
            within: WITHIN,
            auto_shutdown: AutoShutdown::Never,
            locality: None,
            children: Vec::new(),
            factory: None,
            is_below: false,
        }
    }

    /// So many restarts are made within any such time; one more, and the supervisor stops its children, ends, and leaves
    /// the decision to its own supervisor. One in 5 s, if nothing is said.
    #[must_use]
    pub fn intensity(mut self, restarts_max: u32, within: Duration) -> Self {
        self.restarts_max = restarts_max;
        self.within = within;
        self
    }

    /// Whether it ends with its [significant](Child::significant) children.
    #[must_use]
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = auto_shutdown;
        self
    }

    /// Where its children run, and theirs, unless told otherwise: by their own supervisor, or by [`Child::locality`]. They
    /// never run at the same time then. Without one, each runs for itself, on all cores. The supervisor itself stays outside:
    /// it can see to a child that blocks.
    #[must_use]
    pub fn locality(mut self, locality: &Locality) -> Self {
        self.locality = Some(locality.clone());
        self
    }

    /// One more child, which is started after those before it, and stopped before them.
    #[must_use]
    pub fn child(mut self, child: Child<S>) -> Self {
        self.children.push(child);
        self
    }
}

impl<S: SupervisionSystem> SupervisorBuilder<S> {
    /// Starts the supervisor and its children, in order; waits until all of them have started.
    ///
    /// # Errors
    /// The child that could not start, and why; or a name that two of them have. Those before it are stopped then. On a node
    /// that is shutting down, or has, the reason says so ([`SystemError::ShuttingDown`] in words), and no child is started.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, no child stays.
    pub async fn start(self, system: &S) -> Result<Tree<S>, StartError> {
        Engine::start(self, system).await
    }
}

impl<S> Clone for SupervisorBuilder<S> {
    fn clone(&self) -> Self {
        Self {
            strategy: self.strategy,
            restarts_max: self.restarts_max,
            within: self.within,
            auto_shutdown: self.auto_shutdown,
            locality: self.locality.clone(),
            children: self.children.clone(),
            factory: self.factory.clone(),
            is_below: self.is_below,
        }
    }
}

impl<S> fmt::Debug for SupervisorBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorBuilder")
            .field("strategy", &self.strategy)
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}

/// A supervisor or a cooperation could not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} could not start: {reason}", what(.child))]
pub struct StartError {
    pub(crate) child: String,
    pub(crate) reason: ExitReason,
}

/// What it was that could not.
pub(crate) fn what(child: &str) -> String {
    if child.is_empty() { "the tree".into() } else { format!("child `{child}`") }
}

impl StartError {
    pub(crate) fn shutting_down(child: &str) -> Self {
        Self { child: child.into(), reason: ExitReason::new(Exit::Shutdown, SystemError::ShuttingDown) }
    }

    /// The child that could not; empty where it was none of them, as on a node that is shutting down.
    #[must_use]
    pub fn child(&self) -> &str {
        &self.child
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &ExitReason {
        &self.reason
    }
}
