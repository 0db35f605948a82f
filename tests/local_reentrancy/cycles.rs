//! Calls that descend from a pending call of the actor that they go to.

use std::time::Duration;

use actor_testkit::Network;
use distributed_actor::{ActorRef, Node, SpawnOptions, SystemError};
use tokio::time::Instant;

use crate::hub::{Hub, Last, begin, hub, settled, system};

/// R6
#[tokio::test(start_paused = true)]
async fn a_call_that_comes_back_goes_ahead_of_what_is_queued() {
    let (node, a, hub) = hub().await;
    let b = node.spawn(hub.sibling());
    for _ in 0..3 {
        let held = begin!(a.wait(7));
        settled().await;
        let (path, alone) = (vec![b.clone(), a.clone()], vec![a.clone()]);
        let go = begin!(a.go(1, path, Last::Wait));
        settled().await;
        let queued = (begin!(a.change(8)), begin!(a.note(9)));
        let go_alone = begin!(b.go_alone(20, alone, Last::Note));
        assert_eq!(hub.written().await, [7, 1, 2, 3]);
        hub.open(3);
        // `b` is free then; its call of `a` descends from nothing there, and waits.
        assert_eq!(go.await.unwrap(), Ok(()));
        assert_eq!(hub.written().await, [-3, -2, -1]);
        hub.open(7);
        held.await.unwrap().unwrap();
        assert_eq!((queued.0.await.unwrap(), queued.1.await.unwrap()), (Ok(()), Ok(())));
        assert_eq!(go_alone.await.unwrap(), Ok(()));
        assert_eq!(hub.written().await, [-7, 8, 9, 21]);
    }
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_call_that_comes_back_over_two_nodes_runs() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let hub = Hub::default();
    let (a, b) = (one.spawn(hub.sibling()), two.spawn(hub.sibling()));
    let b_from_one: ActorRef<Hub> = one.resolve(b.id()).unwrap();
    let a_from_two: ActorRef<Hub> = two.resolve(a.id()).unwrap();
    for _ in 0..3 {
        let started = Instant::now();
        assert_eq!(a.go(1, vec![b_from_one.clone(), a.clone()], Last::Note).await, Ok(()));
        assert_eq!(hub.written().await, [1, 2, 3, -2, -1]);
        assert_eq!(a_from_two.go(1, vec![b.clone(), a_from_two.clone(), b.clone()], Last::Note).await, Ok(()));
        assert_eq!(hub.written().await, [1, 2, 3, 4, -3, -2, -1]);
        let refused = a.go(1, vec![b_from_one.clone(), a.clone()], Last::Change).await.unwrap_err();
        assert!(refused.to_string().contains("wait for itself"), "{refused}");
        assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
        hub.written().await;
    }
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_method_may_call_its_own_actor() {
    let (_node, actor, _) = hub().await;
    for _ in 0..3 {
        assert_eq!(actor.call_itself(20).await.unwrap(), 20);
        // Each of them on top of the one that calls them all.
        assert_eq!(actor.fan_out(100).await.unwrap(), 100);
    }
    // As deep as calls may be nested, and no deeper.
    assert_eq!(actor.call_itself(31).await.unwrap(), 31);
    assert!(matches!(
        system(actor.call_itself(32).await),
        SystemError::Panicked { .. } | SystemError::ActorStopped { .. }
    ));
}

/// R6
#[tokio::test(start_paused = true)]
async fn an_exclusive_call_that_would_wait_for_itself_is_refused_at_once() {
    let (node, a, hub) = hub().await;
    let b = node.spawn(hub.sibling());
    let started = Instant::now();
    for _ in 0..3 {
        for path in [vec![a.clone()], vec![b.clone(), a.clone()]] {
            let refused = a.go(1, path.clone(), Last::Change).await.unwrap_err();
            assert!(refused.to_string().contains("wait for itself"), "{refused}");
            assert!(
                a.go(1, path.clone(), Last::WhenLocal).await.unwrap_err().to_string().contains("when_local is none")
            );
            // What has the actor for itself shares it with nobody.
            let refused = a.go_alone(1, path, Last::Note).await.unwrap_err();
            assert!(refused.to_string().contains("wait for itself"), "{refused}");
        }
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_call_that_comes_back_does_not_wait_for_room() {
    let node = Node::builder().start().await.unwrap();
    let hub = Hub::default();
    for options in
        [SpawnOptions::new().mailbox(1), SpawnOptions::new().mailbox(1).overflow(distributed_actor::Overflow::Reject)]
    {
        let actor = node.spawn_with(hub.clone(), options);
        let path = vec![actor.clone(), actor.clone()];
        let go = begin!(actor.go(1, path, Last::Wait));
        settled().await;
        let queued = begin!(actor.note(9));
        assert_eq!(hub.written().await, [1, 2, 3]);
        assert!(actor.call_itself(0).timeout(Duration::from_millis(5)).await.is_err());
        hub.open(3);
        assert_eq!(go.await.unwrap(), Ok(()));
        queued.await.unwrap().unwrap();
        assert_eq!(hub.written().await, [-3, -2, -1, 9]);
    }
}

/// R6, R31
#[tokio::test(start_paused = true)]
async fn a_call_that_comes_back_and_is_given_up_leaves_nothing_behind() {
    let (_node, actor, hub) = hub().await;
    for _ in 0..3 {
        let call = begin!(actor.give_up(1, 2));
        assert_eq!(hub.written().await, [1, 2]);
        hub.open(1);
        call.await.unwrap().unwrap();
        // A local method that has begun runs on.
        assert_eq!(hub.written().await, [-1]);
        let exclusive = begin!(actor.change(3));
        assert_eq!(hub.written().await, []);
        hub.open(2);
        exclusive.await.unwrap().unwrap();
        assert_eq!(hub.written().await, [-2, 3]);
        // This one is given up before it has begun.
        hub.open(1);
        actor.give_up(1, 2).await.unwrap();
        assert_eq!(hub.written().await, [1, -1]);
    }
}
