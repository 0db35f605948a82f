//! From a value to an actor.

use std::sync::{Arc, Weak};

use super::{
    hooks,
    keeper::Tenure,
    options::SpawnOptions,
    port::{Local, Port, WeakLocal},
    seat::{Seat, State},
};
use crate::{ActorRef, ActorSystem, Context, DistributedActor, IdOf, Never};

/// Makes `actor` an actor of `system`. It ends when its last local reference goes.
pub fn spawn<A: DistributedActor>(system: &A::System, actor: A) -> ActorRef<A> {
    spawn_with(system, SpawnOptions::new(), |_| actor)
}

/// Makes an actor of what `init` returns. `init` sees the context of the actor to be, whose references do not work
/// yet, nor later: take one when it runs.
pub fn spawn_with<A: DistributedActor>(
    system: &A::System,
    options: SpawnOptions<A>,
    init: impl FnOnce(&Context<A>) -> A,
) -> ActorRef<A> {
    match try_spawn_with(system, options, |context| Ok::<_, Never>(init(context))) {
        Ok(actor) => actor,
        Err(never) => match never {},
    }
}

/// Makes an actor of what `init` returns, if it does. Where it fails or panics, the id is resigned.
///
/// # Errors
/// What `init` returns.
pub fn try_spawn_with<A: DistributedActor, E>(
    system: &A::System,
    options: SpawnOptions<A>,
    init: impl FnOnce(&Context<A>) -> Result<A, E>,
) -> Result<ActorRef<A>, E> {
    let unborn = Unborn::new(system);
    let actor = init(&unborn.context)?;
    Ok(unborn.born(actor, options))
}

/// An actor to be, with its id and its context. Dropped before it is born, it gives the id back.
pub(super) struct Unborn<A: DistributedActor> {
    pub(super) context: Context<A>,
    assigned: Assigned<A>,
}

/// An id that no actor got yet.
pub(super) struct Assigned<A: DistributedActor> {
    system: A::System,
    id: Option<IdOf<A>>,
}

impl<A: DistributedActor> Drop for Assigned<A> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.system.resign_id(&id);
        }
    }
}

impl<A: DistributedActor> Unborn<A> {
    pub(super) fn new(system: &A::System) -> Self {
        let id = system.assign_id::<A>();
        let system = system.unguarded();
        let context = Context::new(system.clone(), id.clone(), WeakLocal(Weak::<Seat<A>>::new()));
        Self { context, assigned: Assigned { system, id: Some(id) } }
    }

    /// The actor comes to life.
    pub(super) fn born(self, actor: A, options: SpawnOptions<A>) -> ActorRef<A> {
        ActorRef::of_local(Local(self.seated(actor, options, None) as Arc<dyn Port<A>>))
    }

    /// The same; with a tenure its state may be replaced, and whoever keeps it starts it.
    pub(super) fn seated(self, actor: A, options: SpawnOptions<A>, tenure: Option<Arc<Tenure>>) -> Arc<Seat<A>> {
        let Self { mut context, mut assigned } = self;
        let (id, system) = (context.id().clone(), context.system().clone());
        let starts_itself = A::HAS_ON_START && tenure.is_none();
        let seat = Arc::new_cyclic(|me: &Weak<Seat<A>>| {
            context.set_me(WeakLocal(me.clone()));
            Seat::new(me.clone(), id.clone(), system.clone(), Box::new(State { actor, context }), options, tenure)
        });
        assigned.id = None;
        let local = Local(seat.clone() as Arc<dyn Port<A>>);
        if starts_itself {
            local.0.notify(hooks::start());
        }
        system.actor_ready::<A>(&id, local.downgrade());
        seat
    }

    pub(super) fn into_parts(self) -> (Context<A>, Assigned<A>) {
        (self.context, self.assigned)
    }

    pub(super) fn from_parts(context: Context<A>, assigned: Assigned<A>) -> Self {
        Self { context, assigned }
    }
}
