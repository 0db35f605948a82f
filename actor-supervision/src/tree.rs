//! The handle of a supervisor on its own node.

use std::{any::Any, fmt, sync::Arc};

use actor_core::{ActorRef, CallError, Callable, Exit, ExitReason};

use crate::{
    child::Child,
    cooperation::Cooperation,
    factory::{Arguments, NewChild},
    picture,
    report::{ChildCount, ChildInfo},
    shared::{Command, Shared},
    supervisor::{SupervisionSystem, Supervisor},
};

/// A supervisor that runs, with its children. Clones are the same. Dropping them changes nothing: a tree ends when it is
/// [stopped](Self::stop), when its children fail too often, or with its node.
pub struct Tree<S: SupervisionSystem> {
    pub(crate) shared: Arc<Shared<S>>,
    pub(crate) actor: ActorRef<Supervisor<S>>,
}

impl<S: SupervisionSystem> Tree<S> {
    /// The supervisor as an actor, which can be called from any node.
    #[must_use]
    pub fn actor(&self) -> &ActorRef<Supervisor<S>> {
        &self.actor
    }

    /// The child of that name: the same reference before and after a restart, if it lives on this node. Those of a
    /// [dynamic](Supervisor::dynamic) supervisor are not found here: their references come from their starts.
    ///
    /// # Errors
    /// [`ChildError::Unknown`] if there is none, or it has no actor at the moment; [`ChildError::WrongType`].
    pub fn child<A: Callable<System = S> + 'static>(&self, name: &str) -> Result<ActorRef<A>, ChildError> {
        self.named(name)
    }

    fn named<T: Clone + 'static>(&self, name: &str) -> Result<T, ChildError> {
        let actors = self.shared.actors();
        let known = actors.get(name).ok_or_else(|| ChildError::Unknown { name: name.into() })?;
        known.downcast_ref::<T>().cloned().ok_or_else(|| ChildError::WrongType { name: name.into() })
    }

    /// The tree of a child that is a supervisor, also of one that a factory made, by its number. Started again, it is another
    /// one.
    ///
    /// # Errors
    /// As [`child`](Self::child).
    pub fn supervisor(&self, name: &str) -> Result<Self, ChildError> {
        self.named(name)
    }

    /// All children, with theirs.
    pub async fn children(&self) -> Vec<ChildInfo> {
        self.shared.list().await
    }

    /// How many children there are.
    pub async fn count(&self) -> ChildCount {
        self.shared.ask(Command::Count).await.unwrap_or_default()
    }

    /// Adds a child behind the others, and starts it.
    ///
    /// # Errors
    /// [`ChildError::NameTaken`]; [`ChildError::NotStarted`], which leaves no trace of it; [`ChildError::Ended`].
    pub async fn add(&self, child: Child<S>) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Add(child, to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// Has the factory of a [dynamic](Supervisor::dynamic) supervisor make one more child from `arguments`, and starts it. Where
    /// it makes supervisors, `A` is [`Supervisor<S>`](Supervisor).
    ///
    /// # Errors
    /// [`ChildError::NoFactory`]; [`ChildError::BadArguments`] if the factory takes another type;
    /// [`ChildError::FactoryPanicked`]; [`ChildError::TooMany`]; [`ChildError::NotStarted`]; [`ChildError::WrongType`] if the child
    /// is no `A`, and runs; [`ChildError::Ended`].
    pub async fn start_new<A, T>(&self, arguments: T) -> Result<ActorRef<A>, ChildError>
    where
        A: Callable<System = S> + 'static,
        T: Send + 'static,
    {
        self.start_many([arguments]).await.pop().unwrap_or(Err(ChildError::Ended))
    }

    /// The same for many at once, which spares the supervisor the way there and back for each. What became of each, in order;
    /// those whose arguments were not reached before the supervisor ended are [`ChildError::Ended`].
    pub async fn start_many<A, T>(&self, arguments: impl IntoIterator<Item = T>) -> Vec<Result<ActorRef<A>, ChildError>>
    where
        A: Callable<System = S> + 'static,
        T: Send + 'static,
    {
        let mut arguments = arguments.into_iter().map(|one| Arguments::Here(Box::new(one))).peekable();
        let mut started = Vec::new();
        while arguments.peek().is_some() {
            let some: Vec<_> = arguments.by_ref().take(STARTS_AT_ONCE).collect();
            let many = some.len();
            match self.shared.ask(|to| Command::StartNew(some, to)).await {
                Some(new) => started.extend(new.into_iter().map(|new| reference::<S, A>(new?))),
                None => started.extend((0..many).map(|_| Err(ChildError::Ended))),
            }
        }
        started
    }

    /// Starts a child that does not run.
    ///
    /// # Errors
    /// [`ChildError::Unknown`]; [`ChildError::Runs`]; [`ChildError::NotStarted`]; [`ChildError::Ended`].
    pub async fn start_child(&self, name: &str) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Start(name.into(), to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// Stops a child; it stays specified, unless it is temporary. It stays stopped until it is [started](Self::start_child) or
    /// [restarted](Self::restart_child); under [`OneForAll`](crate::Strategy::OneForAll) and
    /// [`RestForOne`](crate::Strategy::RestForOne) also until a sibling fails that it is started again with. One that shall not
    /// come back then is [removed](Self::remove_child).
    ///
    /// # Errors
    /// [`ChildError::Unknown`]; [`ChildError::Ended`].
    pub async fn stop_child(&self, name: &str) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Stop(name.into(), to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// Stops a child if it runs, and starts it. It counts as no crash.
    ///
    /// # Errors
    /// [`ChildError::Unknown`]; [`ChildError::NotStarted`]; [`ChildError::Ended`].
    pub async fn restart_child(&self, name: &str) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Restart(name.into(), to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// Forgets a child that does not run.
    ///
    /// # Errors
    /// [`ChildError::Unknown`]; [`ChildError::Runs`]; [`ChildError::Ended`].
    pub async fn remove_child(&self, name: &str) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Remove(name.into(), to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// The tree as text: states, restarts and reasons.
    ///
    /// # Errors
    /// None here: it is what the supervisor's own method of this name gives, which is called on any node.
    pub async fn picture(&self) -> Result<String, CallError> {
        Ok(picture::text("supervisor", &self.children().await))
    }

    /// The same in the DOT language, for Graphviz.
    ///
    /// # Errors
    /// As for [`picture`](Self::picture).
    pub async fn dot(&self) -> Result<String, CallError> {
        Ok(picture::dot("supervisor", &self.children().await))
    }

    /// Stops all children, in reverse order, and then the supervisor; waits for its end.
    ///
    /// # Cancel safety
    /// Dropped once it was polled, it stops all the same.
    pub async fn stop(&self) -> ExitReason {
        self.ask_to_stop(false);
        self.ended().await
    }

    /// Waits for the end of the supervisor, and says why: for the root, what to do then is the user's to decide.
    pub fn ended(&self) -> impl Future<Output = ExitReason> + Send + use<S> {
        let mut ended = self.shared.ended();
        async move {
            match ended.wait_for(Option::is_some).await {
                Ok(reason) => reason.clone().unwrap_or_else(gone),
                Err(_) => gone(),
            }
        }
    }

    /// The cooperation of a child that is one, also of one that a factory made, by its number. Started again, it is another one.
    ///
    /// # Errors
    /// As [`child`](Self::child).
    pub fn cooperation(&self, name: &str) -> Result<Cooperation<S>, ChildError> {
        self.named(name)
    }

    pub(crate) fn ask_to_stop(&self, at_once: bool) {
        self.shared.ask_to_stop(at_once);
    }
}

/// Children that are started one after the other before the supervisor looks at what else there is.
const STARTS_AT_ONCE: usize = 64;

fn reference<S: SupervisionSystem, A: Callable + 'static>(new: NewChild) -> Result<ActorRef<A>, ChildError> {
    let NewChild { name, actor, .. } = new;
    let actor = match actor.downcast::<Tree<S>>() {
        Ok(tree) => Box::new(tree.actor) as Box<dyn Any + Send + Sync>,
        Err(actor) => actor,
    };
    actor.downcast().map(|actor| *actor).map_err(|_| ChildError::WrongType { name })
}

fn gone() -> ExitReason {
    ExitReason::new(Exit::Shutdown, "its node has ended")
}

impl<S: SupervisionSystem> Clone for Tree<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), actor: self.actor.clone() }
    }
}

impl<S: SupervisionSystem> fmt::Debug for Tree<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("actor", &self.actor).finish_non_exhaustive()
    }
}

/// What was asked of a supervisor could not be done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum ChildError {
    /// There is no child of that name, or it has no actor.
    #[error("there is no child `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The child is another type of actor.
    #[error("child `{name}` is another type of actor")]
    WrongType {
        /// The name.
        name: String,
    },
    /// A child of that name is there already.
    #[error("there is a child `{name}` already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The child runs, or is about to.
    #[error("child `{name}` runs")]
    Runs {
        /// The name.
        name: String,
    },
    /// The child could not start.
    #[error("child `{name}` could not start: {reason}")]
    NotStarted {
        /// The name.
        name: String,
        /// Why.
        reason: ExitReason,
    },
    /// The factory of a dynamic supervisor cannot use what it was given.
    #[error("the factory cannot use these arguments: {why}")]
    BadArguments {
        /// Why.
        why: String,
    },
    /// The factory of a dynamic supervisor panicked.
    #[error("the factory panicked: {why}")]
    FactoryPanicked {
        /// What it said.
        why: String,
    },
    /// The supervisor has no factory: it is not dynamic.
    #[error("the supervisor has no factory")]
    NoFactory,
    /// It has as many children as it may.
    #[error("there are {limit} children, as many as there may be")]
    TooMany {
        /// So many.
        limit: u64,
    },
    /// The supervisor has ended.
    #[error("the supervisor has ended")]
    Ended,
}
