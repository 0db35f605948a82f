//! An actor is stopped, or its node or its runtime goes.

use std::time::Duration;

use distributed_actor::{Outcome, Terminated};
use futures::{future::join_all, poll};

use crate::mortal::{another, assert_gone, current_task, mortal, stopped, system};

/// R16
#[tokio::test(start_paused = true)]
async fn an_idle_actor_stops_when_it_is_told_to() {
    let (node, actor, seen) = mortal().await;
    actor.run().await.unwrap();
    assert_eq!(actor.stop().await, Terminated::Stopped);
    assert_gone(&node, &actor, Terminated::Stopped).await;
    assert_eq!(actor.stop().await, Terminated::Stopped);
    assert_ne!(seen.dropped_on(), Some(current_task()));
    node.all_actors_ended().await;
}

/// R16, R48
#[tokio::test(start_paused = true)]
async fn a_busy_actor_ends_its_method_first_and_refuses_what_is_queued() {
    for inlined in [false, true] {
        let (node, actor, seen) = mortal().await;
        if inlined {
            seen.gate.add_permits(1);
            actor.gated().await.unwrap();
        }
        let before = seen.ran();
        let mut running = actor.gated().into_future();
        assert!(poll!(&mut running).is_pending());
        tokio::task::yield_now().await;
        let mut queued = actor.run().into_future();
        assert!(poll!(&mut queued).is_pending());
        let (one, two) = (actor.stop(), actor.stop());
        let mut late = actor.run().into_future();
        assert!(poll!(&mut late).is_pending());
        seen.gate.add_permits(1);
        assert_eq!(running.await.unwrap(), before + 1);
        assert_eq!(system(queued.await), stopped(Outcome::NotExecuted));
        assert_eq!(system(late.await), stopped(Outcome::NotExecuted));
        assert_eq!((one.await, two.await), (Terminated::Stopped, Terminated::Stopped));
        assert_eq!(seen.ran(), before + 1);
        assert_gone(&node, &actor, Terminated::Stopped).await;
    }
}

/// R16
#[tokio::test(start_paused = true)]
async fn an_actor_may_stop_itself() {
    for inlined in [false, true] {
        let (node, actor, seen) = mortal().await;
        let (ran, refused) = futures::join!(actor.stop_myself().into_future(), actor.run().into_future());
        assert_eq!(ran.unwrap(), 1);
        assert_eq!(system(refused), stopped(Outcome::NotExecuted));
        assert_gone(&node, &actor, Terminated::Stopped).await;
        assert_eq!(seen.ran(), 1);

        let (actor, seen) = another(&node);
        if inlined {
            actor.stop_myself_if(false).await.unwrap();
        }
        actor.stop_myself_if(true).await.unwrap();
        assert_gone(&node, &actor, Terminated::Stopped).await;
        assert_ne!(seen.dropped_on(), Some(current_task()));
    }
}

/// R48
#[tokio::test(start_paused = true)]
async fn the_end_of_the_node_gives_the_running_method_up() {
    let (node, actor, seen) = mortal().await;
    let (mut running, mut queued) = (actor.gated().into_future(), actor.run().into_future());
    assert!(poll!(&mut running).is_pending() && poll!(&mut queued).is_pending());
    tokio::task::yield_now().await;
    let ended = actor.terminated();
    drop(node);
    assert_eq!(system(running.await), stopped(Outcome::Unknown));
    assert_eq!(system(queued.await), stopped(Outcome::NotExecuted));
    assert_eq!(ended.await, Terminated::Stopped);
    assert_eq!(seen.ran(), 0);
}

/// R48
#[tokio::test(start_paused = true)]
async fn everyone_who_waits_for_an_end_hears_of_it_once() {
    let (_node, actor, _) = mortal().await;
    let mut waiting: Vec<_> = (0..5).map(|_| actor.terminated()).collect();
    for one in &mut waiting {
        assert!(poll!(one).is_pending());
    }
    // One gives up, another is moved to a task.
    drop(waiting.pop());
    let task = tokio::spawn(waiting.pop().unwrap());
    tokio::task::yield_now().await;
    drop(actor.stop());
    assert!(join_all(waiting).await.into_iter().all(|how| how == Terminated::Stopped));
    assert_eq!(task.await.unwrap(), Terminated::Stopped);
    assert_eq!(actor.terminated().await, Terminated::Stopped);
}

/// R48
#[test]
fn when_its_runtime_is_gone_calls_are_answered_and_the_actor_ends() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (node, running_actor, _) = runtime.block_on(mortal());
    let ((idle, idle_seen), (stopping, stopping_seen)) = (another(&node), another(&node));
    runtime.block_on(async { running_actor.gated().cast().await }).unwrap();
    let mut running = running_actor.gated().into_future();
    runtime.block_on(async { assert!(poll!(&mut running).is_pending()) });
    runtime.shutdown_timeout(Duration::from_secs(10));

    let other = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    other.block_on(async {
        assert_eq!(system(running.await), stopped(Outcome::NotExecuted));
        assert_eq!(running_actor.terminated().await, Terminated::Stopped);
        assert_eq!(system(idle.run().await), stopped(Outcome::NotExecuted));
        assert_eq!(idle.terminated().await, Terminated::Stopped);
        assert_eq!(stopping.stop().await, Terminated::Stopped);
        assert!(idle_seen.dropped_on().is_some() && stopping_seen.dropped_on().is_some());
        assert_eq!(idle_seen.ran(), 0);
    });
}
