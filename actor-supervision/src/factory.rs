//! Many alike children, made by a factory from what each start is given.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use actor_core::{ActorSystem, Bytes, Codec, DecodeContext, ExitReason};

use crate::{
    builder::{StartError, SupervisorBuilder},
    child::{IntoChild, Made, Maker, Spec},
    managed::{Managed, contain},
    policy::{Backoff, Queued, Restart, Shutdown, Strategy},
    supervisor::{SupervisionSystem, Supervisor},
    tree::{ChildError, Tree},
};

/// Children that a dynamic supervisor has at most, if nothing is said.
const CHILDREN_MAX: usize = 1_000_000;

/// How the children of a dynamic supervisor are made, and what happens when one ends.
pub(crate) struct Factory<S> {
    pub(crate) make: Arc<Make<S>>,
    pub(crate) spec: Arc<Spec>,
    pub(crate) children_max: usize,
}

type Make<S> = dyn Fn(&S, Arguments) -> Result<Box<dyn Managed<S>>, ChildError> + Send + Sync;

/// What one start is given.
pub(crate) enum Arguments {
    Here(Box<dyn Any + Send>),
    /// In the encoding of the system.
    Sent(Bytes),
}

/// Sets a dynamic supervisor up: see [`Supervisor::dynamic`].
pub struct DynamicBuilder<S> {
    builder: SupervisorBuilder<S>,
    make: Arc<Make<S>>,
    spec: Spec,
    children_max: usize,
}

impl<S: SupervisionSystem> Supervisor<S> {
    /// Begins to set a supervisor up that has many alike children and begins with none: `factory` makes each one from the
    /// arguments of its start, as a call of a constructor or a supervisor. They are started by [`Tree::start_new`], and from
    /// other nodes by [`Supervisor::start_at`]; each has a number for a name, and is started again alone. Of one that is a
    /// supervisor both give the reference, as an `ActorRef<Supervisor<S>>`, and [`Tree::supervisor`] the tree.
    #[must_use]
    pub fn dynamic<T, C>(factory: impl Fn(T) -> C + Send + Sync + 'static) -> DynamicBuilder<S>
    where
        T: Send + 'static,
        C: IntoChild<S>,
        S::Requirement: Codec<T>,
    {
        let make = move |system: &S, arguments: Arguments| {
            let arguments = match arguments {
                Arguments::Here(arguments) => match arguments.downcast::<T>() {
                    Ok(arguments) => *arguments,
                    Err(_) => return Err(bad(format!("they are not a {}", std::any::type_name::<T>()))),
                },
                Arguments::Sent(mut bytes) => {
                    let context = DecodeContext::new(system.clone());
                    let decoded = contain(|| <S::Requirement as Codec<T>>::decode(&mut bytes, &context));
                    match decoded {
                        Ok(Ok(arguments)) if bytes.is_empty() => arguments,
                        Ok(Ok(_)) => return Err(bad(format!("{} bytes are left behind them", bytes.len()))),
                        Ok(Err(error)) => return Err(bad(error.to_string())),
                        Err(text) => return Err(bad(format!("to read them panicked: {text}"))),
                    }
                }
            };
            let made = contain(|| factory(arguments).into_made());
            made.map(|Made(managed)| managed).map_err(|why| ChildError::FactoryPanicked { why })
        };
        let builder = SupervisorBuilder::new(Strategy::OneForOne);
        DynamicBuilder { builder, make: Arc::new(make), spec: Spec::default(), children_max: CHILDREN_MAX }
    }
}

fn bad(why: String) -> ChildError {
    ChildError::BadArguments { why }
}

impl<S> DynamicBuilder<S> {
    /// As [`SupervisorBuilder::intensity`], over all children.
    #[must_use]
    pub fn intensity(mut self, restarts_max: u32, within: Duration) -> Self {
        self.builder = self.builder.intensity(restarts_max, within);
        self
    }

    /// Whether a child is started again. Permanent, if nothing is said.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.spec.restart = restart;
        self
    }

    /// How long the children may take to stop. When the supervisor ends they stop together, and all of them have this time.
    #[must_use]
    pub fn shutdown(mut self, shutdown: impl Into<Shutdown>) -> Self {
        self.spec.shutdown = Some(shutdown.into());
        self
    }

    /// Pauses before a child is started again. None, if nothing is said.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.spec.backoff = backoff;
        self
    }

    /// What becomes of calls that wait for a child while it is started again, as [`Child::queued`](crate::Child::queued).
    #[must_use]
    pub fn queued(mut self, queued: Queued) -> Self {
        self.spec.queued = queued;
        self
    }

    /// It never has more children than these; a million, if nothing is said.
    #[must_use]
    pub fn at_most(mut self, children_max: usize) -> Self {
        self.children_max = children_max;
        self
    }

    fn build(self) -> SupervisorBuilder<S> {
        let Self { mut builder, make, spec, children_max } = self;
        builder.factory = Some(Factory { make, spec: Arc::new(spec), children_max });
        builder
    }
}

impl<S: SupervisionSystem> DynamicBuilder<S> {
    /// Starts the supervisor.
    ///
    /// # Errors
    /// Where there is no runtime to run it; on a node that is shutting down, or has.
    ///
    /// # Cancel safety
    /// Dropped before it has ended, nothing stays.
    pub async fn start(self, system: &S) -> Result<Tree<S>, StartError> {
        self.build().start(system).await
    }
}

impl<S: SupervisionSystem> IntoChild<S> for DynamicBuilder<S> {
    fn into_make(self) -> Maker<S> {
        self.build().into_make()
    }

    fn into_made(self) -> Made<S> {
        self.build().into_made()
    }
}

impl<S: ActorSystem> Factory<S> {
    pub(crate) fn make(&self, system: &S, arguments: Arguments) -> Result<Box<dyn Managed<S>>, ChildError> {
        (self.make)(system, arguments)
    }
}

impl<S> Clone for Factory<S> {
    fn clone(&self) -> Self {
        Self { make: self.make.clone(), spec: self.spec.clone(), children_max: self.children_max }
    }
}

impl<S> fmt::Debug for DynamicBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicBuilder").field("spec", &self.spec).finish_non_exhaustive()
    }
}

/// What a start of a child came to: its name, and its actor, or what stands for several.
pub(crate) struct NewChild {
    pub(crate) name: String,
    pub(crate) actor: Box<dyn Any + Send + Sync>,
    /// A cooperation has none.
    pub(crate) id: Option<Box<dyn Any + Send>>,
}

impl NewChild {
    pub(crate) fn of<S>(name: String, managed: &dyn Managed<S>) -> Result<Self, ChildError> {
        match managed.actor() {
            Some(actor) => Ok(Self { name, actor, id: managed.actor_id() }),
            None => Err(ChildError::Unknown { name }),
        }
    }
}

/// That a child could not start.
pub(crate) fn not_started(name: &str, reason: ExitReason) -> ChildError {
    ChildError::NotStarted { name: name.into(), reason }
}
