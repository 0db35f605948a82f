//! The supervisor as an actor.

use std::{fmt, sync::Arc};

use actor_core::{ActorRef, Bytes, CallError, Callable, Codec, EncodeBuffer, SpawnSystem, distributed_actor};

use crate::{
    builder::SupervisorBuilder,
    factory::{Arguments, NewChild},
    picture,
    policy::Strategy,
    report::{ChildCount, ChildInfo},
    shared::{Command, Shared},
    tree::ChildError,
};

/// An actor that starts others, and starts them again. It can be called from any node; on its own there is
/// [`Tree`](crate::Tree), too.
pub struct Supervisor<S> {
    shared: Arc<Shared<S>>,
}

impl<S> Supervisor<S> {
    pub(crate) fn new(shared: Arc<Shared<S>>) -> Self {
        Self { shared }
    }

    /// Begins to set a supervisor up.
    #[must_use]
    pub fn builder(strategy: Strategy) -> SupervisorBuilder<S> {
        SupervisorBuilder::new(strategy)
    }
}

impl<S: SupervisionSystem> Supervisor<S> {
    /// Has a [dynamic](Self::dynamic) supervisor on any node start one more child, and gives its reference.
    ///
    /// # Errors
    /// As [`Tree::start_new`](crate::Tree::start_new), and those of any call. That the actor is no `A` shows on its first call.
    pub async fn start_at<A, T>(
        supervisor: &ActorRef<Self>,
        arguments: &T,
    ) -> Result<ActorRef<A>, CallError<ChildError, S::Error>>
    where
        A: Callable<System = S> + 'static,
        S::Requirement: Codec<T>,
    {
        let mut encoded = EncodeBuffer::new();
        <S::Requirement as Codec<T>>::encode(arguments, &mut encoded)
            .map_err(|error| CallError::Actor(ChildError::BadArguments { why: error.to_string() }))?;
        let (_, id) = supervisor.start_new(encoded.into_bytes()).await?;
        ActorRef::resolve(supervisor.system(), id).map_err(CallError::System)
    }
}

#[distributed_actor(system = S, crate = actor_core, name = "actor_supervision::Supervisor")]
impl<S: SpawnSystem> Supervisor<S> {
    /// All children, with theirs.
    #[distributed]
    pub async fn children(&mut self) -> Vec<ChildInfo> {
        self.shared.list().await
    }

    /// How many children there are.
    #[distributed]
    pub async fn count(&mut self) -> ChildCount {
        self.shared.ask(Command::Count).await.unwrap_or_default()
    }

    /// Starts one more child of a dynamic supervisor: from its arguments in the encoding of the system, to its name and the id of
    /// its actor. [`Supervisor::start_at`] is the same with types.
    #[distributed]
    pub async fn start_new(&mut self, arguments: Bytes) -> Result<(String, S::ActorId), ChildError> {
        let arguments = vec![Arguments::Sent(arguments)];
        let started = self.shared.ask(|to| Command::StartNew(arguments, to)).await;
        let new = started.and_then(|mut started| started.pop()).unwrap_or(Err(ChildError::Ended))?;
        let NewChild { name, id, .. } = new;
        match id.map(|id| id.downcast::<S::ActorId>()) {
            Some(Ok(id)) => Ok((name, *id)),
            Some(Err(_)) | None => Err(ChildError::WrongType { name }),
        }
    }

    /// Starts a child that does not run.
    #[distributed]
    pub async fn start_child(&mut self, name: String) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Start(name, to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// Stops a child, which stays specified: see [`Tree::stop_child`](crate::Tree::stop_child) for when it comes back.
    #[distributed]
    pub async fn stop_child(&mut self, name: String) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Stop(name, to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// Stops a child if it runs, and starts it.
    #[distributed]
    pub async fn restart_child(&mut self, name: String) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Restart(name, to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// Forgets a child that does not run.
    #[distributed]
    pub async fn remove_child(&mut self, name: String) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Remove(name, to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// The tree as text.
    #[distributed]
    pub async fn picture(&mut self) -> String {
        picture::text("supervisor", &self.children().await)
    }

    /// The same in the DOT language, for Graphviz.
    #[distributed]
    pub async fn dot(&mut self) -> String {
        picture::dot("supervisor", &self.children().await)
    }

    /// Whoever stops the actor stops the tree.
    #[on_stop]
    async fn end(&mut self) {
        self.shared.ask_to_stop(false);
        self.shared.stopped().await;
    }
}

impl<S> fmt::Debug for Supervisor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Supervisor")
    }
}

/// A system on which supervisors run: one that starts actors, and whose serialization requirement is met by what
/// supervisors say. `Node` is one.
pub trait SupervisionSystem: SpawnSystem<Requirement: SupervisorCodec<Self>> {}

impl<S: SpawnSystem<Requirement: SupervisorCodec<S>>> SupervisionSystem for S {}
