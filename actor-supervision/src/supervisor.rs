//! The supervisor as an actor.

use std::{fmt, sync::Arc};

use actor_core::{SpawnSystem, distributed_actor};

use crate::{
    builder::SupervisorBuilder,
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

    /// Starts a child that does not run.
    #[distributed]
    pub async fn start_child(&mut self, name: String) -> Result<(), ChildError> {
        self.shared.ask(|to| Command::Start(name, to)).await.unwrap_or(Err(ChildError::Ended))
    }

    /// Stops a child.
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

    /// The tree in the DOT language.
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
