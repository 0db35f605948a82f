//! How one of several pending methods ends, and what that means for the others.

use std::time::Duration;

use actor_testkit::Network;
use distributed_actor::{ActorRef, Outcome, SystemError, Terminated};

use crate::hub::{Hub, Last, begin, hub, settled, stopped, system};

/// R6, R14
#[tokio::test(start_paused = true)]
async fn a_panic_ends_all_that_is_pending() {
    for inlined in [false, true] {
        let (_node, actor, hub) = hub().await;
        if inlined {
            hub.open(1);
            actor.wait(1).await.unwrap();
        }
        hub.written().await;
        let pending = begin!(actor.wait(1));
        let panicking = begin!(actor.panic_later(2));
        let path = vec![actor.clone()];
        let nested = begin!(actor.go(3, path, Last::Wait));
        settled().await;
        let queued = (begin!(actor.change(8)), begin!(actor.note(9)));
        assert_eq!(hub.written().await, [1, 2, 3, 4]);
        hub.open(2);
        assert!(matches!(system(panicking.await.unwrap()), SystemError::Panicked { method, message: Some(text) }
            if method.ends_with("Hub::panic_later") && &*text == "expected"));
        assert_eq!(system(pending.await.unwrap()), stopped(Outcome::Unknown));
        assert_eq!(system(nested.await.unwrap()), stopped(Outcome::Unknown));
        assert_eq!(system(queued.0.await.unwrap()), stopped(Outcome::NotExecuted));
        assert_eq!(system(queued.1.await.unwrap()), stopped(Outcome::NotExecuted));
        assert_eq!(actor.terminated().await, Terminated::Panicked);
        let mut written = hub.written().await;
        written.sort_unstable();
        assert_eq!(written, [-4, -2, -1]);
    }
}

/// R6, R14
#[tokio::test(start_paused = true)]
async fn a_fn_that_panics_ends_what_is_pending() {
    let (_node, actor, _) = hub().await;
    let pending = begin!(actor.wait(1));
    settled().await;
    assert!(matches!(system(actor.panic_now().await), SystemError::Panicked { .. }));
    assert_eq!(system(pending.await.unwrap()), stopped(Outcome::Unknown));
    assert_eq!(actor.terminated().await, Terminated::Panicked);
}

/// R6, R16
#[tokio::test(start_paused = true)]
async fn a_stop_lets_what_is_pending_end_with_the_calls_that_it_makes() {
    let (_node, actor, hub) = hub().await;
    let pending = begin!(actor.wait(1));
    // It calls its own actor after the stop.
    let calling = begin!(actor.spawn(2));
    settled().await;
    let queued = begin!(actor.change(8));
    let behind = begin!(actor.note(9));
    settled().await;
    let ended = actor.stop();
    let late = begin!(actor.note(10));
    settled().await;
    let nested = begin!(actor.note(11));
    assert_eq!(hub.written().await, [1, 2]);
    for number in [1, 2] {
        hub.open(number);
    }
    pending.await.unwrap().unwrap();
    calling.await.unwrap().unwrap();
    for refused in [queued, behind, late, nested] {
        assert_eq!(system(refused.await.unwrap()), stopped(Outcome::NotExecuted));
    }
    assert_eq!(ended.await, Terminated::Stopped);
    assert_eq!(hub.written().await, [-1, -2]);
}

/// R6, R16
#[tokio::test(start_paused = true)]
async fn a_pending_method_may_call_its_actor_though_that_is_to_stop() {
    let (node, actor, hub) = hub().await;
    let other = node.spawn(hub.sibling());
    let held = begin!(other.change_slowly(20));
    let path = vec![other.clone(), actor.clone()];
    let go = begin!(actor.go(1, path, Last::Note));
    settled().await;
    let ended = actor.stop();
    settled().await;
    hub.open(20);
    assert_eq!(go.await.unwrap(), Ok(()));
    held.await.unwrap().unwrap();
    assert_eq!(ended.await, Terminated::Stopped);
}

/// R6, R48
#[tokio::test(start_paused = true)]
async fn the_end_of_the_node_gives_all_pending_methods_up() {
    let (node, actor, hub) = hub().await;
    let pending = [begin!(actor.wait(1)), begin!(actor.wait(2))];
    let queued = begin!(actor.change(3));
    assert_eq!(hub.written().await, [1, 2]);
    let ended = actor.terminated();
    drop(node);
    for call in pending {
        assert_eq!(system(call.await.unwrap()), stopped(Outcome::Unknown));
    }
    assert_eq!(system(queued.await.unwrap()), stopped(Outcome::NotExecuted));
    assert_eq!(ended.await, Terminated::Stopped);
    assert_eq!(hub.written().await, [-1, -2]);
}

/// R6, R48
#[tokio::test(start_paused = true)]
async fn the_end_of_the_runtime_gives_all_pending_methods_up() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let (done, hold) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (node, actor, hub) = hub().await;
            for number in [1, 2] {
                actor.wait(number).cast().await.unwrap();
            }
            while hub.log().len() < 2 {
                tokio::task::yield_now().await;
            }
            assert!(sender.send((node, actor, hub)).is_ok());
            hold.recv().unwrap();
        });
    });
    let (node, actor, hub) = receiver.await.unwrap();
    done.send(()).unwrap();
    assert_eq!(actor.terminated().await, Terminated::Stopped);
    thread.join().unwrap();
    assert_eq!(hub.log().len(), 4);
    assert_eq!(node.dead_letters(), 2);
}

/// R6, R31
#[tokio::test(start_paused = true)]
async fn each_pending_method_has_its_own_deadline() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let hub = Hub::default();
    let there = two.spawn(hub.clone());
    let actor: ActorRef<Hub> = one.resolve(there.id()).unwrap();
    for _ in 0..3 {
        let soon = begin!(actor.wait(1).timeout(Duration::from_millis(200)));
        let later = begin!(actor.wait(2).timeout(Duration::from_secs(2)));
        let local = begin!(there.wait(3).timeout(Duration::from_millis(300)));
        let error = system(soon.await.unwrap());
        assert!(matches!(error, SystemError::Deadline { outcome: Outcome::Unknown, .. }), "{error:?}");
        settled().await;
        let error = system(local.await.unwrap());
        assert!(matches!(error, SystemError::Deadline { outcome: Outcome::Unknown, .. }), "{error:?}");
        hub.open(2);
        later.await.unwrap().unwrap();
        // The one from here runs on without its caller.
        let mut written = hub.written().await;
        written.sort_unstable();
        assert_eq!(written, [-2, -1, 1, 2, 3]);
        hub.open(3);
        assert_eq!(hub.written().await, [-3]);
    }
}

/// R6, R31
#[tokio::test(start_paused = true)]
async fn a_dropped_caller_ends_no_pending_method_and_none_of_the_others() {
    let (_node, actor, hub) = hub().await;
    for _ in 0..3 {
        let dropped = begin!(actor.wait(1));
        let kept = begin!(actor.wait(2));
        let exclusive = begin!(actor.change(3));
        let queued = begin!(actor.note(4));
        assert_eq!(hub.written().await, [1, 2]);
        dropped.abort();
        queued.abort();
        assert_eq!(hub.written().await, []);
        hub.open(2);
        kept.await.unwrap().unwrap();
        assert_eq!(hub.written().await, [-2]);
        hub.open(1);
        exclusive.await.unwrap().unwrap();
        assert_eq!(hub.written().await, [-1, 3]);
    }
}

/// R6, R31
#[tokio::test(start_paused = true)]
async fn a_remote_caller_that_is_dropped_cancels_its_own_call_alone() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let hub = Hub::default();
    let there = two.spawn(hub.clone());
    let actor: ActorRef<Hub> = one.resolve(there.id()).unwrap();
    for _ in 0..3 {
        let calls = [begin!(actor.wait(1)), begin!(actor.wait(2)), begin!(actor.complete(3))];
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(hub.written().await, [1, 2, 3]);
        let [dropped, kept, complete] = calls;
        dropped.abort();
        complete.abort();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(hub.written().await, [-1]);
        hub.open(2);
        kept.await.unwrap().unwrap();
        hub.open(3);
        assert_eq!(hub.written().await, [-2, -3]);
    }
}

/// R6, R15
#[tokio::test(start_paused = true)]
async fn what_an_interleaved_method_spawns_outlives_it() {
    let network = Network::seeded(1);
    let [one, two] = network.nodes().await;
    let hub = Hub::default();
    let there = two.spawn(hub.clone());
    let actor: ActorRef<Hub> = one.resolve(there.id()).unwrap();
    for round in 0..3 {
        let calls = [begin!(there.spawn(1)), begin!(actor.spawn(2))];
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(two.actor_count(), 1 + 2 * (round + 1));
        let [ended, cancelled] = calls;
        cancelled.abort();
        tokio::time::sleep(Duration::from_millis(100)).await;
        hub.open(1);
        ended.await.unwrap().unwrap();
        settled().await;
        assert_eq!(two.actor_count(), 1 + 2 * (round + 1));
    }
    assert_eq!(there.stop().await, Terminated::Stopped);
    settled().await;
    assert_eq!(two.actor_count(), 0);
}
