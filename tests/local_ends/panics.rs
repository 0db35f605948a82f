//! A panic in user code ends its actor at most.

use std::sync::atomic::Ordering;

use distributed_actor::{DeadLetter, Node, Outcome, SystemError, Terminated};
use futures::poll;

use crate::mortal::{another, assert_gone, assert_panicked, current_task, mortal, stopped, system};

/// R13
#[tokio::test(start_paused = true)]
async fn a_panic_in_a_scheduled_fn_is_contained() {
    let (node, actor, _) = mortal().await;
    assert_panicked(&system(actor.break_if(true).await), "Mortal::break_if");
    assert_gone(&node, &actor, Terminated::Panicked).await;
}

/// R13
#[tokio::test(start_paused = true)]
async fn a_panic_in_an_inlined_fn_is_contained() {
    let (node, actor, seen) = mortal().await;
    actor.break_if(false).await.unwrap();
    let mut call = actor.break_if(true).into_future();
    let std::task::Poll::Ready(result) = poll!(&mut call) else { panic!("it has proved short") };
    assert_panicked(&system(result), "Mortal::break_if");
    assert_gone(&node, &actor, Terminated::Panicked).await;
    // Not on the task that called.
    assert_ne!(seen.dropped_on(), Some(current_task()));
}

/// R13
#[tokio::test(start_paused = true)]
async fn a_panic_in_an_async_fn_is_contained_before_and_after_an_await() {
    for inlined in [false, true] {
        let (node, actor, seen) = mortal().await;
        let (other, also_seen) = another(&node);
        if inlined {
            actor.break_before_await_if(false).await.unwrap();
            also_seen.gate.add_permits(1);
            other.break_after_await_if(false).await.unwrap();
        }
        assert_panicked(&system(actor.break_before_await_if(true).await), "break_before_await_if");
        assert_gone(&node, &actor, Terminated::Panicked).await;
        let mut call = other.break_after_await_if(true).into_future();
        assert!(poll!(&mut call).is_pending());
        also_seen.gate.add_permits(1);
        assert_panicked(&system(call.await), "break_after_await_if");
        assert_gone(&node, &other, Terminated::Panicked).await;
        assert_ne!((seen.dropped_on(), also_seen.dropped_on()), (None, None));
    }
}

/// R13
#[tokio::test(start_paused = true)]
async fn a_panic_whose_payload_panics_is_contained() {
    for inlined in [false, true] {
        let (node, actor, _) = mortal().await;
        if inlined {
            actor.throw(false).await.unwrap();
        }
        let error = system(actor.throw(true).await);
        assert!(matches!(error, SystemError::Panicked { message: None, .. }), "{error:?}");
        assert_gone(&node, &actor, Terminated::Panicked).await;
    }
}

/// R13
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_states_drop_is_contained() {
    // The last reference goes; it is stopped; one of its methods panics.
    for way in 0..3 {
        let (node, actor, seen) = mortal().await;
        seen.panics_when_dropped.store(true, Ordering::SeqCst);
        let ended = actor.terminated();
        match way {
            0 => drop(actor),
            1 => drop(actor.stop()),
            _ => assert_panicked(&system(actor.break_if(true).await), "break_if"),
        }
        assert_eq!(ended.await, if way == 2 { Terminated::Panicked } else { Terminated::Stopped });
        assert!(seen.dropped_on().is_some());
        assert_eq!(another(&node).0.run().await.unwrap(), 1);
        node.all_actors_ended().await;
    }
}

/// R13
#[tokio::test(start_paused = true)]
async fn a_panic_in_a_child_is_its_parents_to_see_and_not_to_suffer() {
    let (_node, actor, _) = mortal().await;
    let seen = actor.break_a_child().await.unwrap();
    assert!(seen.ends_with("Mortal::break_if` panicked: expected: true / Panicked"), "{seen}");
    assert_eq!(actor.run().await.unwrap(), 1);
}

/// R13
#[tokio::test(start_paused = true)]
async fn a_panic_in_when_local_is_contained() {
    let (node, actor, _) = mortal().await;
    assert_eq!(actor.when_local(|_| panic!("expected")).await, None::<()>);
    assert_gone(&node, &actor, Terminated::Panicked).await;
}

/// R13: neither those that wait behind it nor the actor's end suffer.
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_drop_of_what_waits_is_contained() {
    struct Argument;
    impl Drop for Argument {
        fn drop(&mut self) {
            panic!("expected: the argument's drop");
        }
    }
    // It is stopped; the method that runs panics.
    for panics in [false, true] {
        let (node, actor, seen) = mortal().await;
        let mut running = actor.break_after_await_if(panics).into_future();
        assert!(poll!(&mut running).is_pending());
        let argument = Argument;
        let mut waits = std::pin::pin!(actor.when_local(move |_| std::mem::forget(argument)));
        let mut behind = actor.run().into_future();
        assert!(poll!(&mut waits).is_pending() && poll!(&mut behind).is_pending());
        let ended = actor.terminated();
        if !panics {
            drop(actor.stop());
        }
        seen.gate.add_permits(1);
        assert_eq!(running.await.is_err(), panics);
        assert_eq!(waits.await, None);
        assert_eq!(system(behind.await), stopped(Outcome::NotExecuted));
        assert_eq!(ended.await, if panics { Terminated::Panicked } else { Terminated::Stopped });
        assert_eq!(node.actor_count(), 0);
    }
}

/// R13
#[tokio::test(start_paused = true)]
async fn a_panic_in_what_a_given_up_method_leaves_behind_is_contained() {
    let node = Node::builder().start().await.unwrap();
    let (actor, _) = another(&node);
    let ended = actor.terminated();
    let mut call = actor.break_when_dropped().into_future();
    assert!(poll!(&mut call).is_pending());
    tokio::task::yield_now().await;
    // The end of the node gives running methods up.
    drop(node);
    let error = system(call.await);
    assert!(matches!(error, SystemError::Panicked { .. }), "{error:?}");
    assert_eq!(ended.await, Terminated::Panicked);
}

/// R13, R62
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_hook_for_dead_letters_is_contained() {
    let hook = |_: &DeadLetter| panic!("expected: in the hook");
    let node = Node::builder().on_dead_letter(hook).start().await.unwrap();
    for inlined in [false, true] {
        let (actor, _) = another(&node);
        if inlined {
            actor.break_if(false).await.unwrap();
        }
        actor.break_if(true).cast().await.unwrap();
        assert_gone(&node, &actor, Terminated::Panicked).await;
    }
    assert_eq!(node.dead_letters(), 2);
}

/// R13, R48
#[tokio::test(start_paused = true)]
async fn calls_queued_behind_a_panic_are_told_that_they_did_not_run() {
    let (node, actor, seen) = mortal().await;
    let mut broken = actor.break_after_await_if(true).into_future();
    assert!(poll!(&mut broken).is_pending());
    let (mut one, mut two) = (actor.run().into_future(), actor.gated().into_future());
    assert!(poll!(&mut one).is_pending() && poll!(&mut two).is_pending());
    actor.run().cast().await.unwrap();
    seen.gate.add_permits(1);
    assert_panicked(&system(broken.await), "break_after_await_if");
    assert_eq!(system(one.await), stopped(Outcome::NotExecuted));
    assert_eq!(system(two.await), stopped(Outcome::NotExecuted));
    assert_gone(&node, &actor, Terminated::Panicked).await;
    assert_eq!((seen.ran(), node.dead_letters()), (0, 1));
}
