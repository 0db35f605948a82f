//! How a child is started, ended and started again.

use std::{
    fmt::{self, Display},
    sync::Arc,
};

use actor_core::{DistributedActor, Locality, Spawn, SpawnSystem};

use crate::{
    builder::SupervisorBuilder,
    local::Local,
    managed::Managed,
    nested::Nested,
    policy::{Backoff, Queued, Restart, Shutdown},
    remote::{Place, Remote},
    supervisor::SupervisionSystem,
};

/// The specification of a child: its name among its siblings, how it is made, and what happens when it ends.
pub struct Child<S> {
    pub(crate) name: String,
    pub(crate) spec: Spec,
    pub(crate) locality: Bound,
    pub(crate) make: Arc<Make<S>>,
}

/// What happens when a child ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spec {
    pub(crate) restart: Restart,
    pub(crate) shutdown: Option<Shutdown>,
    pub(crate) backoff: Backoff,
    pub(crate) queued: Queued,
    pub(crate) is_significant: bool,
}

/// Where a child runs.
#[derive(Clone)]
pub(crate) enum Bound {
    AsSiblings,
    To(Locality),
    Nowhere,
}

impl Bound {
    /// Its locality below a supervisor with that one.
    pub(crate) fn below<'a>(&'a self, supervisor: Option<&'a Locality>) -> Option<&'a Locality> {
        match self {
            Self::AsSiblings => supervisor,
            Self::To(locality) => Some(locality),
            Self::Nowhere => None,
        }
    }
}

pub(crate) type Make<S> = dyn Fn() -> Box<dyn Managed<S>> + Send + Sync;

impl<S> Child<S> {
    /// A child of that name: the call of a constructor, `Worker::spawn_create(..)`, or a `Supervisor::builder(..)`. The
    /// name and the owner that a `Spawn` asks for are of no concern here.
    pub fn new(name: impl Into<String>, child: impl IntoChild<S>) -> Self {
        Self { name: name.into(), spec: Spec::default(), locality: Bound::AsSiblings, make: child.into_make().0 }
    }

    /// A child on another node, owned by this one. The loss of the node ends it. Each start gives it another reference.
    pub fn on<A, E>(node: S::Node, name: impl Into<String>, spawn: Spawn<A, E>) -> Self
    where
        S: SpawnSystem,
        A: DistributedActor<System = S>,
        E: Display + Send + 'static,
    {
        Self::wherever(move || Some(node.clone()), name, spawn)
    }

    /// The same on whichever node `place` names at each start: another one when the first is lost, say. Where it names
    /// none the start has failed.
    pub fn wherever<A, E>(
        place: impl Fn() -> Option<S::Node> + Send + Sync + 'static,
        name: impl Into<String>,
        spawn: Spawn<A, E>,
    ) -> Self
    where
        S: SpawnSystem,
        A: DistributedActor<System = S>,
        E: Display + Send + 'static,
    {
        let place: Arc<Place<S>> = Arc::new(place);
        Self {
            name: name.into(),
            spec: Spec::default(),
            locality: Bound::AsSiblings,
            make: Arc::new(move || Box::new(Remote::new(spawn.clone(), place.clone()))),
        }
    }

    /// Whether it is started again. Permanent, if nothing is said.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.spec.restart = restart;
        self
    }

    /// How long it may take to stop: a time, or a [`Shutdown`].
    #[must_use]
    pub fn shutdown(mut self, shutdown: impl Into<Shutdown>) -> Self {
        self.spec.shutdown = Some(shutdown.into());
        self
    }

    /// Pauses before it is started again. None, if nothing is said.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.spec.backoff = backoff;
        self
    }

    /// What becomes of calls that wait for it while it is started again. They are kept, if nothing is said. A supervisor,
    /// a cooperation and a child on another node have other actors after each start, and those of before answer with
    /// errors in any case.
    #[must_use]
    pub fn queued(mut self, queued: Queued) -> Self {
        self.spec.queued = queued;
        self
    }

    /// Has it run in another locality than its siblings; if it is a supervisor or a cooperation, those below it that have
    /// none of their own. One on another node runs as that one says.
    #[must_use]
    pub fn locality(mut self, locality: &Locality) -> Self {
        self.locality = Bound::To(locality.clone());
        self
    }

    /// Has it run for itself, without the locality of its siblings.
    #[must_use]
    pub fn without_locality(mut self) -> Self {
        self.locality = Bound::Nowhere;
        self
    }

    /// Its end, when it is not started again, may end the supervisor: see [`AutoShutdown`](crate::AutoShutdown).
    #[must_use]
    pub fn significant(mut self) -> Self {
        self.spec.is_significant = true;
        self
    }
}

impl<S> Clone for Child<S> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), spec: self.spec, locality: self.locality.clone(), make: self.make.clone() }
    }
}

impl<S> fmt::Debug for Child<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("name", &self.name).field("restart", &self.spec.restart).finish_non_exhaustive()
    }
}

/// What can be a child.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a child",
    label = "neither the call of a constructor nor a supervisor",
    note = "a child is made anew at each start: mark a constructor with `#[distributed(spawn)]` and give `Actor::spawn_name(..)`",
    note = "or give a `Supervisor::builder(..)`, a `Supervisor::dynamic(..)` or a `Cooperation::builder(..)`, without starting it"
)]
pub trait IntoChild<S> {
    /// How it is made.
    #[doc(hidden)]
    fn into_make(self) -> Maker<S>;

    /// One of its kind.
    #[doc(hidden)]
    fn into_made(self) -> Made<S>;
}

/// How a child is made.
#[doc(hidden)]
pub struct Maker<S>(pub(crate) Arc<Make<S>>);

/// A child that was made, and not started.
#[doc(hidden)]
pub struct Made<S>(pub(crate) Box<dyn Managed<S>>);

impl<A, E> IntoChild<A::System> for Spawn<A, E>
where
    A: DistributedActor,
    A::System: SpawnSystem,
    E: Display + Send + 'static,
{
    fn into_make(self) -> Maker<A::System> {
        Maker(Arc::new(move || Box::new(Local::new(self.clone()))))
    }

    fn into_made(self) -> Made<A::System> {
        Made(Box::new(Local::new(self)))
    }
}

impl<S: SupervisionSystem> IntoChild<S> for SupervisorBuilder<S> {
    fn into_make(self) -> Maker<S> {
        Maker(Arc::new(move || Box::new(Nested::new(self.clone()))))
    }

    fn into_made(self) -> Made<S> {
        Made(Box::new(Nested::new(self)))
    }
}

impl<S> fmt::Debug for Maker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Maker")
    }
}

impl<S> fmt::Debug for Made<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Made")
    }
}
