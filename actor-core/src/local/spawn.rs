//! From a value to an actor.

use std::sync::{Arc, Weak};

use super::{
    options::SpawnOptions,
    port::{Local, Port, WeakLocal},
    seat::{Seat, State},
};
use crate::{ActorRef, ActorSystem, Context, DistributedActor, Never};

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
    /// Gives the id back, unless the actor got it.
    struct Assigned<'a, A: DistributedActor>(&'a A::System, Option<crate::IdOf<A>>);
    impl<A: DistributedActor> Drop for Assigned<'_, A> {
        fn drop(&mut self) {
            if let Some(id) = self.1.take() {
                self.0.resign_id(&id);
            }
        }
    }

    let id = system.assign_id::<A>();
    let system = system.unguarded();
    let mut assigned = Assigned::<A>(&system, Some(id.clone()));
    let mut context = Context::new(system.clone(), id.clone(), WeakLocal(Weak::<Seat<A>>::new()));
    let actor = init(&context)?;
    let seat = Arc::new_cyclic(|me: &Weak<Seat<A>>| {
        context.set_me(WeakLocal(me.clone()));
        Seat::new(me.clone(), id.clone(), system.clone(), Box::new(State { actor, context }), options)
    });
    assigned.1 = None;
    let local = Local(seat as Arc<dyn Port<A>>);
    system.actor_ready::<A>(&id, local.downgrade());
    drop(assigned);
    Ok(ActorRef::of_local(id, system, local))
}
