//! What keeps an actor alive, and what does not.

use std::time::Duration;

use distributed_actor::{ActorRef, Context, Node, SystemError, Terminated, distributed_actor};

use crate::mortal::{Mortal, current_task, mortal};

/// R19
#[tokio::test(start_paused = true)]
async fn an_actor_ends_with_its_last_reference_on_a_task_of_its_own() {
    let (node, actor, seen) = mortal().await;
    let (copy, weak, ended) = (actor.clone(), actor.downgrade(), actor.terminated());
    drop(actor);
    assert_eq!(copy.run().await.unwrap(), 1);
    assert_eq!(weak.upgrade().unwrap(), copy);
    let id = *copy.id();
    drop(copy);
    assert!(weak.upgrade().is_none());
    assert_eq!(seen.dropped_on(), None, "it is dropped later, by its own task");
    assert_eq!(ended.await, Terminated::Stopped);
    assert!(matches!(seen.dropped_on(), Some(task) if task != current_task()));
    assert!(matches!(node.resolve::<Mortal>(&id), Err(SystemError::UnknownActor { .. })));
    node.all_actors_ended().await;
}

/// R19
#[tokio::test(start_paused = true)]
async fn a_queued_or_running_call_keeps_its_actor() {
    let (node, actor, seen) = mortal().await;
    let ended = actor.terminated();
    actor.gated().cast().await.unwrap();
    actor.run().cast().await.unwrap();
    drop(actor);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(node.actor_count(), 1);
    seen.gate.add_permits(1);
    assert_eq!(ended.await, Terminated::Stopped);
    assert_eq!(seen.ran(), 2);
    node.all_actors_ended().await;
}

/// R19
#[tokio::test(start_paused = true)]
async fn what_a_node_keeps_lives_without_references() {
    let (node, actor, seen) = mortal().await;
    let (weak, ended) = (actor.downgrade(), actor.terminated());
    node.retain(&actor).unwrap();
    drop(actor);
    assert_eq!(weak.upgrade().unwrap().run().await.unwrap(), 1);
    node.register("mortal", &weak.upgrade().unwrap()).unwrap();
    node.release(&weak.upgrade().unwrap());
    assert_eq!(weak.upgrade().unwrap().run().await.unwrap(), 2);
    assert_eq!(seen.dropped_on(), None);
    assert!(node.unregister("mortal"));
    assert_eq!(ended.await, Terminated::Stopped);
    assert!(weak.upgrade().is_none());
    node.all_actors_ended().await;
}

/// R19
#[tokio::test(start_paused = true)]
async fn a_child_ends_with_its_parent_unless_others_refer_to_it() {
    let (node, actor, _) = mortal().await;
    let child = actor.bear(false).await.unwrap();
    let (weak, ended) = (child.downgrade(), child.terminated());
    drop(child);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(weak.upgrade().unwrap().run().await.unwrap(), 1);
    let outlives = actor.bear(true).await.unwrap();
    assert_eq!(node.actor_count(), 3);
    actor.stop().await;
    assert_eq!(ended.await, Terminated::Stopped);
    assert!(weak.upgrade().is_none());
    assert_eq!(outlives.run().await.unwrap(), 2);
    drop(outlives);
    node.all_actors_ended().await;
}

struct Nest;

#[distributed_actor]
impl Nest {
    #[distributed]
    fn deepen(&mut self, #[ctx] ctx: &Context<Self>) -> ActorRef<Nest> {
        ctx.spawn(Nest)
    }
}

/// R19
#[tokio::test(start_paused = true)]
async fn generations_of_children_end_without_exhausting_the_stack() {
    let node = Node::builder().start().await.unwrap();
    let first = node.spawn(Nest);
    let mut last = first.clone();
    for _ in 0..20_000 {
        last = last.deepen().await.unwrap();
    }
    drop(last);
    drop(first);
    node.all_actors_ended().await;
}

/// R18
#[tokio::test(start_paused = true)]
async fn an_actor_that_fails_to_start_never_was() {
    let node = Node::builder().start().await.unwrap();
    let failed = node.try_spawn::<Nest, _>(|_| Err("no"));
    assert_eq!(failed.unwrap_err(), "no");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        node.try_spawn::<Nest, String>(|_| panic!("expected"))
    }));
    assert!(panicked.is_err());
    assert_eq!(node.actor_count(), 0);
}
