use std::time::Duration;

use distributed_actor::{
    Exit,
    supervision::{AutoShutdown, Backoff, ChildState, Restart, Strategy, Supervisor},
};
use tokio::time::{Instant, sleep};

use crate::worker::{Test, crash, worker};

async fn state(tree: &distributed_actor::supervision::Tree<distributed_actor::Node>, name: &str) -> Option<ChildState> {
    tree.children().await.into_iter().find(|child| child.name == name).map(|child| child.state)
}

/// R74, permanent_normal, permanent_abnormal
#[tokio::test(start_paused = true)]
async fn a_permanent_child_comes_back_however_it_ended() {
    let test = Test::new("permanent").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(9, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a").restart(Restart::Permanent))).await;
    test.log().await;
    worker(&tree, "a").leave().await.unwrap();
    assert_eq!(test.log().await, ["stop a", "start a"]);
    drop(worker(&tree, "a").stop());
    assert_eq!(test.log().await, ["stop a", "start a"]);
    crash(&tree, "a").await;
    assert_eq!(test.log().await, ["crash a", "start a"]);
    worker(&tree, "a").fail("no more".into()).await.unwrap();
    assert_eq!(test.log().await, ["stop a", "start a"]);
    assert_eq!(tree.children().await[0].restarts, 4);
}

/// R74, transient_normal, transient_abnormal
#[tokio::test(start_paused = true)]
async fn a_transient_child_comes_back_unless_it_ended_as_it_was_meant_to() {
    let test = Test::new("transient").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(9, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a").restart(Restart::Transient))).await;
    test.log().await;
    crash(&tree, "a").await;
    assert_eq!(test.log().await, ["crash a", "start a"]);
    worker(&tree, "a").fail("no more".into()).await.unwrap();
    assert_eq!(test.log().await, ["stop a", "start a"]);
    let before = worker(&tree, "a");
    before.leave().await.unwrap();
    assert_eq!(test.log().await, ["stop a"]);
    assert_eq!(state(&tree, "a").await, Some(ChildState::Stopped));
    assert!(tree.child::<crate::worker::Worker>("a").is_err());
    assert!(before.call().await.is_err(), "its reference has ended");
    // It is still specified.
    tree.start_child("a").await.unwrap();
    assert_eq!(test.log().await, ["start a"]);
}

/// R74, temporary_normal, temporary_abnormal
#[tokio::test(start_paused = true)]
async fn a_temporary_child_never_comes_back_and_is_forgotten() {
    let test = Test::new("temporary").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(0, Duration::from_secs(60));
    let child = |name| test.child(name).restart(Restart::Temporary);
    let tree = test.start(builder.child(child("a")).child(child("b"))).await;
    test.log().await;
    worker(&tree, "a").leave().await.unwrap();
    crash(&tree, "b").await;
    assert_eq!(test.log().await, ["stop a", "crash b"]);
    assert!(tree.children().await.is_empty());
    assert_eq!(tree.count().await.specified, 0);
}

/// R87
#[tokio::test(start_paused = true)]
async fn a_child_that_crashes_again_and_again_pauses_longer_and_longer() {
    let test = Test::new("backoff").await;
    let backoff = Backoff::exponential().jitter(0.0);
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(100, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a").backoff(backoff)).child(test.child("b"))).await;
    for pause in [100, 200, 400, 800] {
        crash(&tree, "a").await;
        let began = Instant::now();
        assert_eq!(state(&tree, "a").await, Some(ChildState::Waiting));
        // Others are none the wiser, and neither is the supervisor.
        assert!(worker(&tree, "b").call().await.is_ok());
        assert_eq!(worker(&tree, "a").call().await.unwrap(), 1);
        assert_eq!(began.elapsed().as_millis(), pause);
    }
    // After a longer life it begins anew.
    sleep(Duration::from_secs(10)).await;
    crash(&tree, "a").await;
    let began = Instant::now();
    worker(&tree, "a").call().await.unwrap();
    assert_eq!(began.elapsed().as_millis(), 100);
}

/// R88, significant children
#[tokio::test(start_paused = true)]
async fn a_supervisor_ends_with_its_significant_children() {
    let significant = |test: &Test, name: &str| test.child(name).restart(Restart::Transient).significant();
    let test = Test::new("any_significant").await;
    let builder = Supervisor::builder(Strategy::OneForOne).auto_shutdown(AutoShutdown::AnySignificant);
    let tree = test.start(builder.child(significant(&test, "a")).child(test.child("b"))).await;
    test.log().await;
    crash(&tree, "a").await;
    assert_eq!(test.log().await, ["crash a", "start a"]);
    worker(&tree, "a").leave().await.unwrap();
    let reason = tree.ended().await;
    assert_eq!(reason.exit(), Exit::Shutdown);
    assert!(reason.to_string().contains("significant child `a`"), "{reason}");
    assert_eq!(test.log().await, ["stop a", "stop b"]);
    assert_eq!(test.node.actor_count(), 0);

    let test = Test::new("all_significant").await;
    let builder = Supervisor::builder(Strategy::OneForOne).auto_shutdown(AutoShutdown::AllSignificant);
    let builder = builder.child(significant(&test, "a")).child(significant(&test, "b")).child(test.child("c"));
    let tree = test.start(builder).await;
    worker(&tree, "a").leave().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(tree.count().await.running, 2);
    worker(&tree, "b").leave().await.unwrap();
    assert_eq!(tree.ended().await.exit(), Exit::Shutdown);
    assert_eq!(test.node.actor_count(), 0);
}
