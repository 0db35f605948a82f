//! What a cooperation knows of a member, whatever it is.

use std::{
    any::Any,
    collections::HashMap,
    fmt::{self, Display},
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use actor_core::{
    ActorRef, BoxFuture, Callable, DistributedActor, Exit, ExitReason, Keeper, Locality, Spawn, SpawnOptions,
    SpawnSystem, contain,
};

use crate::{local::not_started, managed::told, tree::ChildError};

/// The members of a cooperation that are there already, for who makes the next one, and its resources.
pub struct Members<S> {
    actors: HashMap<String, Arc<dyn Any + Send + Sync>>,
    resources: Vec<Arc<dyn Any + Send + Sync>>,
    system: PhantomData<fn() -> S>,
}

impl<S> Members<S> {
    pub(super) fn new(resources: Vec<Arc<dyn Any + Send + Sync>>) -> Self {
        Self { actors: HashMap::new(), resources, system: PhantomData }
    }

    pub(super) fn add(&mut self, name: &str, actor: Arc<dyn Any + Send + Sync>) {
        self.actors.insert(name.into(), actor);
    }

    /// The member of that name. It takes calls when all have started: what it is told before waits.
    ///
    /// # Errors
    /// [`ChildError::Unknown`] if there is none yet; [`ChildError::WrongType`].
    pub fn get<A: Callable<System = S> + 'static>(&self, name: &str) -> Result<ActorRef<A>, ChildError> {
        let known = self.actors.get(name).ok_or_else(|| ChildError::Unknown { name: name.into() })?;
        let known = known.downcast_ref::<ActorRef<A>>();
        known.cloned().ok_or_else(|| ChildError::WrongType { name: name.into() })
    }

    /// The resource of that type; the first one, if there are several.
    #[must_use]
    pub fn resource<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.resources.iter().find_map(|resource| resource.clone().downcast().ok())
    }
}

impl<S> fmt::Debug for Members<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.actors.keys()).finish()
    }
}

/// One member, of which there is an actor when it was built.
pub(super) trait Member<S>: Send {
    fn build<'a>(
        &'a mut self,
        system: &'a S,
        members: &'a Members<S>,
        locality: Option<&'a Locality>,
    ) -> BoxFuture<'a, Result<(), ExitReason>>;
    fn begin(&mut self) -> BoxFuture<'_, Result<(), ExitReason>>;
    fn open(&mut self);
    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<ExitReason>;
    fn stop(&mut self);
    fn kill(&mut self);
    /// It has ended for ever.
    fn end(&mut self, reason: &ExitReason);
    fn actor(&self) -> Option<Arc<dyn Any + Send + Sync>>;
}

/// A member that `make` makes.
pub(super) struct Kept<A: DistributedActor, M> {
    make: Arc<M>,
    keeper: Option<Keeper<A>>,
}

impl<A: DistributedActor, M> Kept<A, M> {
    pub(super) fn new(make: Arc<M>) -> Self {
        Self { make, keeper: None }
    }
}

/// Makes a member that does not start yet.
pub(super) trait Make<A: DistributedActor>: Send + Sync {
    fn make<'a>(
        &'a self,
        system: &'a A::System,
        members: &'a Members<A::System>,
        options: SpawnOptions<A>,
    ) -> BoxFuture<'a, Result<Keeper<A>, ExitReason>>;
}

impl<A, E> Make<A> for Spawn<A, E>
where
    A: DistributedActor,
    A::System: SpawnSystem,
    E: Display + Send + 'static,
{
    fn make<'a>(
        &'a self,
        system: &'a A::System,
        _: &'a Members<A::System>,
        options: SpawnOptions<A>,
    ) -> BoxFuture<'a, Result<Keeper<A>, ExitReason>> {
        Box::pin(async move { Keeper::build(system, self, options).await.map_err(|error| not_started(&error)) })
    }
}

/// A function that makes a member.
pub(super) struct Factory<F>(pub(super) F);

impl<A, E, F> Make<A> for Factory<F>
where
    A: DistributedActor,
    A::System: SpawnSystem,
    E: Display,
    F: Fn(&Members<A::System>) -> Result<A, E> + Send + Sync,
{
    fn make<'a>(
        &'a self,
        system: &'a A::System,
        members: &'a Members<A::System>,
        options: SpawnOptions<A>,
    ) -> BoxFuture<'a, Result<Keeper<A>, ExitReason>> {
        // The panic hook has reported it.
        let made = contain(|| (self.0)(members));
        let made = match made {
            Ok(Ok(actor)) => Ok(Keeper::build_of(system, actor, options)),
            Ok(Err(error)) => Err(ExitReason::new(Exit::StartFailed, error)),
            Err(_) => Err(ExitReason::new(Exit::Panicked, "the function that makes it panicked")),
        };
        Box::pin(std::future::ready(made))
    }
}

impl<A, M> Member<A::System> for Kept<A, M>
where
    A: DistributedActor,
    A::System: SpawnSystem,
    M: Make<A>,
{
    fn build<'a>(
        &'a mut self,
        system: &'a A::System,
        members: &'a Members<A::System>,
        locality: Option<&'a Locality>,
    ) -> BoxFuture<'a, Result<(), ExitReason>> {
        Box::pin(async move {
            let options = locality.into_iter().fold(SpawnOptions::new().stopped_in_turn(), SpawnOptions::locality);
            self.keeper = Some(self.make.make(system, members, options).await?);
            Ok(())
        })
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<(), ExitReason>> {
        match &mut self.keeper {
            Some(keeper) => Box::pin(keeper.begin()),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }

    fn open(&mut self) {
        self.keeper.iter_mut().for_each(Keeper::open);
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<ExitReason> {
        self.keeper.as_ref().map_or(Poll::Pending, |keeper| keeper.poll_vacant(cx))
    }

    fn stop(&mut self) {
        self.keeper.iter().for_each(Keeper::stop);
    }

    fn kill(&mut self) {
        self.keeper.iter().for_each(Keeper::kill);
    }

    fn end(&mut self, reason: &ExitReason) {
        if let Some(keeper) = self.keeper.take() {
            keeper.end(told(reason));
        }
    }

    fn actor(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::new(self.keeper.as_ref()?.actor_ref()))
    }
}
