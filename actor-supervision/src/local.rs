//! A child on the supervisor's own node: its reference and its mailbox outlive its restarts.

use std::{
    any::Any,
    fmt::Display,
    task::{Context, Poll},
};

use actor_core::{
    BoxFuture, CallError, DistributedActor, Exit, ExitReason, Keeper, Locality, Spawn, SpawnOptions, SpawnSystem,
};

use crate::managed::{Managed, told};

pub(crate) struct Local<A: DistributedActor, E> {
    spawn: Spawn<A, E>,
    keeper: Option<Keeper<A>>,
    locality: Option<Locality>,
}

impl<A: DistributedActor, E> Local<A, E> {
    pub(crate) fn new(spawn: Spawn<A, E>) -> Self {
        Self { spawn, keeper: None, locality: None }
    }
}

impl<A, E> Managed<A::System> for Local<A, E>
where
    A: DistributedActor,
    A::System: SpawnSystem,
    E: Display + Send + 'static,
{
    fn start<'a>(&'a mut self, system: &'a A::System) -> BoxFuture<'a, Result<(), ExitReason>> {
        Box::pin(async move {
            match &mut self.keeper {
                Some(keeper) => keeper.restart(&self.spawn).await.map_err(|error| not_started(&error)),
                none => {
                    let options = self.locality.iter().fold(SpawnOptions::new(), SpawnOptions::locality);
                    let started = Keeper::start(system, &self.spawn, options).await;
                    *none = Some(started.map_err(|error| not_started(&error))?);
                    Ok(())
                }
            }
        })
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<ExitReason> {
        self.keeper.as_ref().map_or(Poll::Pending, |keeper| keeper.poll_vacant(cx))
    }

    fn stop(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.stop();
        }
    }

    fn kill(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.kill();
        }
    }

    fn end(&mut self, reason: &ExitReason) {
        if let Some(keeper) = self.keeper.take() {
            keeper.end(told(reason));
        }
    }

    fn actor(&self) -> Option<Box<dyn Any + Send + Sync>> {
        Some(Box::new(self.keeper.as_ref()?.actor_ref()))
    }

    fn bind(&mut self, locality: &Locality) {
        self.locality = Some(locality.clone());
    }

    fn id(&self) -> Option<String> {
        Some(self.keeper.as_ref()?.actor_ref().id().to_string())
    }

    fn actor_id(&self) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(self.keeper.as_ref()?.actor_ref().id().clone()))
    }

    fn wants_restart(&self) -> Option<bool> {
        self.keeper.as_ref()?.wants_restart()
    }
}

pub(crate) fn not_started<E: Display, F: Display>(error: &CallError<E, F>) -> ExitReason {
    ExitReason::new(Exit::StartFailed, error)
}
