//! How a cooperation is set up.

use std::{
    any::Any,
    fmt::{self, Display},
    sync::Arc,
};

use actor_core::{DistributedActor, Locality, Spawn, SpawnSystem};

use super::{
    engine::{self, Above, Start},
    handle::Cooperation,
    member::{Factory, Kept, Make, Member, Members},
    notice::{Listener, Notice},
};
use crate::{StartError, policy::Shutdown};

/// Sets up a cooperation.
pub struct CooperationBuilder<S> {
    pub(super) name: Arc<str>,
    pub(super) members: Vec<(Arc<str>, Arc<MakeMember<S>>)>,
    pub(super) resources: Vec<Arc<MakeResource>>,
    pub(super) listeners: Vec<Arc<Listener>>,
    pub(super) locality: Option<Locality>,
    pub(super) shutdown: Shutdown,
}

type MakeMember<S> = dyn Fn() -> Box<dyn Member<S>> + Send + Sync;
type MakeResource = dyn Fn() -> Arc<dyn Any + Send + Sync> + Send + Sync;

impl<S: SpawnSystem> CooperationBuilder<S> {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            members: Vec::new(),
            resources: Vec::new(),
            listeners: Vec::new(),
            locality: None,
            shutdown: Shutdown::default(),
        }
    }

    /// One more member: the call of a constructor. Members are made, started and opened in this order, and stopped in the
    /// reverse one.
    #[must_use]
    pub fn member<A, E>(self, name: impl AsRef<str>, spawn: Spawn<A, E>) -> Self
    where
        A: DistributedActor<System = S>,
        E: Display + Send + 'static,
    {
        self.add::<A, _>(name.as_ref(), spawn)
    }

    /// One more member, which a function makes that sees those before it, and the resources. It must not block.
    #[must_use]
    pub fn member_with<A, E>(
        self,
        name: impl AsRef<str>,
        make: impl Fn(&Members<S>) -> Result<A, E> + Send + Sync + 'static,
    ) -> Self
    where
        A: DistributedActor<System = S>,
        E: Display + 'static,
    {
        self.add::<A, _>(name.as_ref(), Factory(make))
    }

    fn add<A: DistributedActor<System = S>, M: Make<A> + 'static>(mut self, name: &str, make: M) -> Self {
        let make = Arc::new(make);
        self.members.push((name.into(), Arc::new(move || Box::new(Kept::<A, M>::new(make.clone())))));
        self
    }

    /// Something that the members share: made before the first of them, and dropped after the last, unless somebody else
    /// holds it.
    #[must_use]
    pub fn resource<T: Send + Sync + 'static>(mut self, make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.resources.push(Arc::new(move || Arc::new(make())));
        self
    }

    /// Who is told what becomes of it: each listener of all notices, in order, one after the other, on a task of its own.
    /// One that is slow holds up nobody; beyond 1,024 notices that wait for it the oldest are left out. An actor is one by a
    /// distributed method that takes a [`Notice`]: `move |notice| { let log = log.clone(); async move {
    /// drop(log.told(notice).cast().await) } }`.
    #[must_use]
    pub fn listener<F>(mut self, told: impl Fn(Notice) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.listeners.push(Listener::new(told));
        self
    }

    /// Where all members run, and never at the same time. Without one, as a child of a supervisor it has that one's.
    #[must_use]
    pub fn locality(mut self, locality: &Locality) -> Self {
        self.locality = Some(locality.clone());
        self
    }

    /// How long each member may take to stop; 5 s, if nothing is said.
    #[must_use]
    pub fn shutdown(mut self, shutdown: impl Into<Shutdown>) -> Self {
        self.shutdown = shutdown.into();
        self
    }

    /// Starts all members, or none of them.
    ///
    /// All are made, then all are started, then all take calls; what they are sent before waits. If one cannot be made, no
    /// other one starts; if one cannot start, those that have are stopped in reverse order, and none has run a call.
    ///
    /// # Errors
    /// The member that could not start, and why; or a name that two of them have. On a node that is shutting down, or has, it
    /// is the cooperation that cannot, for that reason ([`SystemError::ShuttingDown`](actor_core::SystemError::ShuttingDown) in words).
    ///
    /// # Cancel safety
    /// Dropped before it has ended, no member stays.
    pub async fn start(self, system: &S) -> Result<Cooperation<S>, StartError> {
        engine::start(Start { builder: self, above: Above::Nobody }, system).await
    }
}

impl<S> Clone for CooperationBuilder<S> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            members: self.members.clone(),
            resources: self.resources.clone(),
            listeners: self.listeners.clone(),
            locality: self.locality.clone(),
            shutdown: self.shutdown,
        }
    }
}

impl<S> fmt::Debug for CooperationBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<_> = self.members.iter().map(|(name, _)| name).collect();
        f.debug_struct("CooperationBuilder")
            .field("name", &self.name)
            .field("members", &members)
            .finish_non_exhaustive()
    }
}
