//! A child on another node. It is owned by this one; each start gives it another reference.

use std::{
    any::Any,
    fmt::Display,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actor_core::{ActorRef, BoxFuture, DistributedActor, Exit, ExitReason, Spawn, SpawnSystem, Termination};

use crate::{
    local::not_started,
    managed::{Managed, contain},
};

/// Where it is started the next time.
pub(crate) type Place<S> = dyn Fn() -> Option<<S as SpawnSystem>::Node> + Send + Sync;

pub(crate) struct Remote<A: DistributedActor, E>
where
    A::System: SpawnSystem,
{
    spawn: Spawn<A, E>,
    place: Arc<Place<A::System>>,
    running: Option<(ActorRef<A>, Termination)>,
}

impl<A: DistributedActor, E: Send + 'static> Remote<A, E>
where
    A::System: SpawnSystem,
{
    pub(crate) fn new(spawn: Spawn<A, E>, place: Arc<Place<A::System>>) -> Self {
        Self { spawn: spawn.owned(), place, running: None }
    }
}

impl<A, E> Managed<A::System> for Remote<A, E>
where
    A: DistributedActor,
    A::System: SpawnSystem,
    E: Display + Send + 'static,
{
    fn start<'a>(&'a mut self, system: &'a A::System) -> BoxFuture<'a, Result<(), ExitReason>> {
        Box::pin(async move {
            let place = contain(|| (self.place)()).map_err(|text| {
                ExitReason::new(Exit::StartFailed, format_args!("what says where it is started panicked: {text}"))
            })?;
            let Some(node) = place else {
                return Err(ExitReason::new(Exit::StartFailed, "there is no node for it"));
            };
            let started = system.spawn_on(node, self.spawn.clone()).await;
            let actor = started.map_err(|error| not_started(&error))?;
            let ended = actor.terminated();
            self.running = Some((actor, ended));
            Ok(())
        })
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<ExitReason> {
        match &mut self.running {
            Some((_, ended)) => Pin::new(ended).poll(cx).map(|how| ExitReason::from(&how)),
            None => Poll::Pending,
        }
    }

    fn stop(&mut self) {
        if let Some((actor, _)) = &self.running {
            drop(actor.stop());
        }
    }

    fn kill(&mut self) {
        self.stop();
    }

    fn end(&mut self, _: &ExitReason) {
        self.running = None;
    }

    fn actor(&self) -> Option<Box<dyn Any + Send + Sync>> {
        Some(Box::new(self.running.as_ref()?.0.clone()))
    }

    fn id(&self) -> Option<String> {
        Some(self.running.as_ref()?.0.id().to_string())
    }

    fn actor_id(&self) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(self.running.as_ref()?.0.id().clone()))
    }
}
