//! A child on the supervisor's own node: its reference and its mailbox outlive its restarts.

use std::{
    any::Any,
    fmt::Display,
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use actor_core::{
    ActorSystem, BoxFuture, CallError, DistributedActor, Exit, ExitReason, Keeper, Locality, Spawn, SpawnOptions,
    SpawnSystem, later,
};

use crate::{
    engine::now,
    managed::{Managed, told},
};

pub(crate) struct Local<A: DistributedActor, E> {
    spawn: Spawn<A, E>,
    keeper: Option<Keeper<A>>,
    locality: Option<Locality>,
    /// Whether it was waited for in vain that its state ends.
    is_stuck: bool,
}

impl<A: DistributedActor, E> Local<A, E> {
    pub(crate) fn new(spawn: Spawn<A, E>) -> Self {
        Self { spawn, keeper: None, locality: None, is_stuck: false }
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
                Some(keeper) if !has_ended(keeper, &mut self.is_stuck, system).await => {
                    Err(ExitReason::new(Exit::StartFailed, "its former state has not ended: it blocks its thread"))
                }
                Some(keeper) => keeper.restart(&self.spawn).await.map_err(|error| not_started(&error)),
                none => {
                    let options =
                        self.locality.iter().fold(SpawnOptions::new().stopped_in_turn(), SpawnOptions::locality);
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

    fn refuse_calls(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.refuse_calls();
        }
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
        self.is_stuck = false;
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

/// Whether the former state has ended. Given up, it does so at its next await, or when its end in order has had its time; one
/// that blocks its thread may never. That is waited for once, and not before each further attempt.
async fn has_ended<A: DistributedActor>(keeper: &Keeper<A>, is_stuck: &mut bool, system: &A::System) -> bool
where
    A::System: SpawnSystem,
{
    let time = if *is_stuck { Duration::ZERO } else { system.settings().hook_time_max };
    let mut late = None;
    *is_stuck = poll_fn(|cx| {
        if keeper.poll_vacant(cx).is_ready() {
            return Poll::Ready(false);
        }
        let late = late.get_or_insert_with(|| system.sleep_until(later(now(), time)));
        late.as_mut().poll(cx).map(|()| true)
    })
    .await;
    !*is_stuck
}

pub(crate) fn not_started<E: Display, F: Display>(error: &CallError<E, F>) -> ExitReason {
    ExitReason::new(Exit::StartFailed, error)
}
