use std::time::Duration;

use actor_testkit::{at_every_poll, poll_then_drop};
use distributed_actor::{
    CallError, Exit, SystemError, Terminated,
    supervision::{Backoff, Child, Cooperation, Shutdown, Strategy, Supervisor},
};
use tokio::time::{Instant, sleep, timeout};

use crate::worker::{Test, Worker, crash, worker};

/// R77: in reverse order, and nested ones with theirs.
#[tokio::test(start_paused = true)]
async fn children_are_stopped_in_reverse_order() {
    let test = Test::new("reverse").await;
    let inner = Supervisor::builder(Strategy::OneForOne).child(test.child("c")).child(test.child("d"));
    let builder = Supervisor::builder(Strategy::OneForOne)
        .child(test.child("a"))
        .child(test.child("b"))
        .child(Child::new("inner", inner))
        .child(test.child("e"));
    let tree = test.start(builder).await;
    assert_eq!(test.log().await, ["start a", "start b", "start c", "start d", "start e"]);
    let watched = worker(&tree, "a").terminated();
    let reason = tree.stop().await;
    assert_eq!((reason.exit(), reason.is_normal()), (Exit::Shutdown, true));
    assert_eq!(test.log().await, ["stop e", "stop d", "stop c", "stop b", "stop a"]);
    assert_eq!(watched.await, Terminated::Stopped);
    assert_eq!(tree.actor().terminated().await, Terminated::Stopped);
    assert_eq!(test.node.actor_count(), 0);
}

/// R77: whoever stops the actor stops the tree, from any node.
#[tokio::test(start_paused = true)]
async fn a_supervisor_is_stopped_as_an_actor_and_with_its_node() {
    let test = Test::new("stopped").await;
    let tree = test.start(Supervisor::builder(Strategy::OneForOne).child(test.child("a"))).await;
    let other = test.network.node().await;
    let remote = other.resolve::<Supervisor<distributed_actor::Node>>(tree.actor().id()).unwrap();
    assert!(remote.stop().await == Terminated::Stopped);
    assert_eq!(test.log().await, ["start a", "stop a"]);
    assert_eq!(test.node.actor_count(), 0);
    let tree = test.start(Supervisor::builder(Strategy::OneForOne).child(test.child("b"))).await;
    test.node.shutdown().await;
    assert!(tree.ended().await.is_normal());
    assert_eq!(test.log().await, ["start b", "stop b"]);
    // One that is dropped without a word.
    let test = Test::new("dropped").await;
    let tree = test.start(Supervisor::builder(Strategy::OneForOne).child(test.child("a"))).await;
    let ended = tree.ended();
    let Test { node, .. } = test;
    drop((tree, node));
    assert!(timeout(Duration::from_secs(20), ended).await.unwrap().is_normal());
}

/// R77: a node that shuts down leaves it to its supervisors to stop their children, in their order, and none comes back.
#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_has_its_trees_stop_in_their_order() {
    let test = Test::new("node_order").await;
    for name in ["b", "d"] {
        test.slow_end(name, Duration::from_millis(100));
    }
    let inner = Supervisor::builder(Strategy::OneForOne).child(test.child("c")).child(test.child("d"));
    let pool = Supervisor::dynamic(|name: String| Worker::spawn_create("node_order".into(), name));
    let builder = Supervisor::builder(Strategy::OneForOne)
        .child(Child::new("pool", pool))
        .child(test.child("a"))
        .child(test.child("b"))
        .child(Child::new("inner", inner))
        .child(test.child("e"));
    let tree = test.start(builder).await;
    tree.supervisor("pool").unwrap().start_new::<Worker, _>("p".to_owned()).await.unwrap();
    test.log().await;
    let ended = tree.ended();
    test.node.shutdown().await;
    assert_eq!(test.log().await, ["stop e", "stop d", "stop c", "stop b", "stop a", "stop p"]);
    assert_eq!(ended.await.exit(), Exit::Shutdown);
    assert_eq!(test.node.actor_count(), 0);
}

/// R77, child_unlink, tree: a child that does not stop is given up after its time, and not before.
#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stop_is_given_up_after_its_time() {
    let test = Test::new("stubborn").await;
    for name in ["within", "at once", "default"] {
        test.stubborn(name);
    }
    let builder = Supervisor::builder(Strategy::OneForOne)
        .child(test.child("within").shutdown(Duration::from_secs(3)))
        .child(test.child("at once").shutdown(Shutdown::Immediate))
        .child(test.child("default"));
    let tree = test.start(builder).await;
    let stop = async |name: &str| {
        let began = Instant::now();
        tree.stop_child(name).await.unwrap();
        began.elapsed().as_secs()
    };
    assert_eq!(stop("at once").await, 0);
    assert_eq!((stop("within").await, stop("default").await), (3, 5));
    // None goes on in its `#[on_stop]`.
    assert_eq!(test.node.actor_count(), 1);
    let exits: Vec<_> = tree.children().await.into_iter().map(|child| child.last_exit.unwrap().exit()).collect();
    assert_eq!(exits, [Exit::Killed; 3]);
    // A method that hangs is given up, too.
    tree.add(test.child("hangs").shutdown(Duration::from_secs(2))).await.unwrap();
    let hanging = worker(&tree, "hangs");
    let call = tokio::spawn(async move { hanging.hang().await });
    sleep(Duration::from_millis(10)).await;
    assert_eq!(stop("hangs").await, 2);
    assert!(call.await.unwrap().is_err());
}

/// R77: for ever is a time, too.
#[tokio::test(start_paused = true)]
async fn a_child_may_have_any_time_to_stop() {
    let test = Test::new("any_time").await;
    for name in ["a", "b"] {
        test.slow_end(name, Duration::from_secs(7));
    }
    let pause = Backoff::exponential().between(Duration::MAX, Duration::MAX);
    let builder = Supervisor::builder(Strategy::OneForOne).child(test.child("a").backoff(pause));
    let tree = test.start(builder.child(test.child("b").shutdown(Duration::MAX))).await;
    worker(&tree, "a").crash().await.unwrap_err();
    sleep(Duration::from_secs(1)).await;
    tree.stop_child("b").await.unwrap();
    tree.stop().await;
    assert_eq!(test.log().await, ["start a", "start b", "crash a", "stop b"]);
    assert_eq!(test.node.actor_count(), 0);
}

/// rotor: synchronized start. Nobody starts before those in front of it have started, however long that takes.
#[tokio::test(start_paused = true)]
async fn children_start_one_after_the_other_however_long_that_takes() {
    let test = Test::new("synchronized").await;
    for (name, seconds) in [("a", 3), ("c", 2)] {
        test.slow(name, Duration::from_secs(seconds));
    }
    let inner = Supervisor::builder(Strategy::OneForOne).child(test.child("b")).child(test.child("c"));
    let builder = Supervisor::builder(Strategy::OneForAll).intensity(1, Duration::from_secs(60));
    let began = Instant::now();
    let tree =
        test.start(builder.child(test.child("a")).child(Child::new("inner", inner)).child(test.child("d"))).await;
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(test.log().await, ["start a", "start b", "start c", "start d"]);
    // And once more, when all are started again.
    worker(&tree, "d").leave().await.unwrap();
    sleep(Duration::from_secs(6)).await;
    let stops = ["stop d", "stop c", "stop b", "stop a"];
    assert_eq!(test.log().await, [&stops[..], &["start a", "start b", "start c", "start d"]].concat());
}

/// sup_stop_infinity: who has all the time there is, takes it.
#[tokio::test(start_paused = true)]
async fn a_child_without_a_limit_is_waited_for() {
    let test = Test::new("unlimited").await;
    let child = test.child("a").shutdown(Shutdown::Unlimited);
    let tree = test.start(Supervisor::builder(Strategy::OneForOne).child(child)).await;
    let busy = worker(&tree, "a");
    let call = tokio::spawn(async move { busy.work_for(9).await });
    sleep(Duration::from_millis(10)).await;
    let began = Instant::now();
    tree.stop().await;
    assert_eq!(began.elapsed().as_secs(), 8);
    call.await.unwrap().unwrap();
    assert_eq!(test.log().await, ["start a", "stop a"]);
}

/// A start that fails stops what was started, in reverse order.
#[tokio::test(start_paused = true)]
async fn a_supervisor_that_cannot_start_leaves_nothing_behind() {
    let test = Test::new("all_or_none").await;
    test.lame("c", true);
    let builder = || Supervisor::builder(Strategy::OneForOne).child(test.child("a")).child(test.child("b"));
    let error = builder().child(test.child("c")).start(&test.node).await.unwrap_err();
    assert_eq!((error.child(), error.reason().why()), ("c", "c is lame"));
    assert_eq!(test.log().await, ["start a", "start b", "stop b", "stop a"]);
    let error = builder().child(test.child("a")).start(&test.node).await.unwrap_err();
    assert!(error.to_string().contains("two children have this name"), "{error}");
    let nested = Supervisor::builder(Strategy::OneForOne).child(test.child("c"));
    let error = builder().child(Child::new("nested", nested)).start(&test.node).await.unwrap_err();
    assert_eq!(error.reason().to_string(), "child `c` could not start: c is lame");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(test.node.actor_count(), 0);
}

/// Every future may be dropped at any time: a start leaves nothing behind, and a stop stops.
#[tokio::test(start_paused = true)]
async fn a_start_and_a_stop_of_a_tree_can_be_dropped_at_every_poll() {
    let test = Test::new("poll_then_drop").await;
    let builder = || {
        let inner = Supervisor::builder(Strategy::OneForOne).child(test.child("b"));
        Supervisor::builder(Strategy::OneForOne).child(test.child("a")).child(Child::new("inner", inner))
    };
    at_every_poll(async |polls| {
        let started = poll_then_drop(polls, builder().start(&test.node)).await;
        let ended = started.map(|tree| drop(tree.unwrap()));
        sleep(Duration::from_secs(1)).await;
        assert_eq!(test.node.actor_count(), if ended.is_some() { 4 } else { 0 }, "after {polls} polls");
        ended
    })
    .await;
    let before = test.node.actor_count();
    at_every_poll(async |polls| {
        let tree = test.start(builder()).await;
        let stopped = poll_then_drop(polls, tree.stop()).await.map(drop);
        if polls > 0 {
            tree.ended().await;
        } else {
            tree.stop().await;
        }
        assert_eq!(test.node.actor_count(), before, "after {polls} polls");
        stopped
    })
    .await;
    for add in [true, false] {
        let tree = test.start(builder()).await;
        at_every_poll(async |polls| {
            let ended = if add {
                let child = test.child(&format!("{polls}")).restart(distributed_actor::supervision::Restart::Temporary);
                poll_then_drop(polls, tree.add(child)).await.map(Result::unwrap)
            } else {
                poll_then_drop(polls, tree.restart_child("a")).await.map(Result::unwrap)
            };
            // Whatever became of it, the supervisor goes on.
            assert!(worker(&tree, "a").call().await.is_ok() && tree.count().await.running >= 2);
            ended
        })
        .await;
        tree.stop().await;
    }
    assert_eq!(test.node.actor_count(), before);
}

/// What a node that has ended would have to end does not begin there.
#[tokio::test(start_paused = true)]
async fn nothing_starts_on_a_node_that_has_ended() {
    for is_closed in [false, true] {
        let test = Test::new("on_an_ended_node").await;
        if is_closed {
            test.node.close();
        } else {
            test.node.shutdown().await;
        }
        let supervisor = || Supervisor::builder(Strategy::OneForOne);
        let error = supervisor().child(test.child("a")).start(&test.node).await.unwrap_err();
        assert_eq!(error.to_string(), "the tree could not start: the node is shutting down");
        assert_eq!((error.reason().exit(), error.child()), (Exit::Shutdown, ""));
        assert!(supervisor().start(&test.node).await.is_err());
        let pool = Supervisor::dynamic(|name: String| Worker::spawn_create("on_an_ended_node".into(), name));
        assert!(pool.start(&test.node).await.is_err());
        let group = Cooperation::builder("group").member("a", test.worker("a")).start(&test.node).await.unwrap_err();
        assert_eq!((group.child(), group.reason().why()), ("group", "the node is shutting down"));
        let alone = test.node.spawn_on(test.node.id(), test.worker("a")).await.unwrap_err();
        assert_eq!(alone, CallError::System(SystemError::ShuttingDown));
        assert!(test.log().await.is_empty());
        assert_eq!(test.node.actor_count(), 0);
    }
}

/// Whatever the order of the two is: nothing outlives the node.
#[tokio::test(start_paused = true)]
async fn a_start_that_races_with_the_end_of_its_node_ends_with_it() {
    for (milliseconds, is_closed) in [0, 100, 299, 300, 400].into_iter().flat_map(|ms| [(ms, false), (ms, true)]) {
        let test = Test::new("start_race").await;
        test.slow("slow", Duration::from_millis(300));
        let builder = Supervisor::builder(Strategy::OneForOne).child(test.child("slow")).child(test.child("a"));
        let group = Cooperation::builder("group").member("slow", test.worker("slow")).member("a", test.worker("a"));
        let (node, other) = (test.node.clone(), test.node.clone());
        let tree = tokio::spawn(async move { builder.start(&node).await });
        let group = tokio::spawn(async move { group.start(&other).await });
        sleep(Duration::from_millis(milliseconds)).await;
        if is_closed {
            test.node.close();
        } else {
            test.node.shutdown().await;
        }
        let ends = async {
            if let Ok(tree) = tree.await.unwrap() {
                tree.ended().await;
            }
            if let Ok(group) = group.await.unwrap() {
                group.ended().await;
            }
        };
        timeout(Duration::from_secs(60), ends).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(test.node.actor_count(), 0, "after {milliseconds} ms, closed: {is_closed}");
    }
}

/// A child that waits to be started again when its node ends is not.
#[tokio::test(start_paused = true)]
async fn a_tree_that_starts_a_child_again_ends_with_its_node() {
    for (milliseconds, is_closed) in [0, 150, 250, 299].into_iter().flat_map(|ms| [(ms, false), (ms, true)]) {
        let test = Test::new("restart_race").await;
        test.slow("a", Duration::from_millis(200));
        let child = test.child("a").backoff(Backoff::exponential().between(PAUSE, PAUSE).jitter(0.0));
        let builder = Supervisor::builder(Strategy::OneForOne).intensity(9, Duration::from_secs(60)).child(child);
        let tree = test.start(builder).await;
        crash(&tree, "a").await;
        sleep(Duration::from_millis(milliseconds)).await;
        let call = worker(&tree, "a");
        let waiting = tokio::spawn(async move { call.call().await });
        if is_closed {
            test.node.close();
        } else {
            test.node.shutdown().await;
        }
        let ended = timeout(Duration::from_secs(20), tree.ended()).await.unwrap();
        assert_eq!(ended.exit(), Exit::Shutdown, "after {milliseconds} ms, closed: {is_closed}");
        // Answered, if its child had come back before.
        let _ = timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
        assert_eq!(test.node.actor_count(), 0);
    }
}

const PAUSE: Duration = Duration::from_millis(100);
