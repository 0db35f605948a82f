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

/// R74: the actor decides, however it ends.
#[tokio::test(start_paused = true)]
async fn a_child_that_is_asked_comes_back_as_it_has_said() {
    let test = Test::new("ask").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(9, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a").restart(Restart::Ask))).await;
    test.log().await;
    // It has said nothing: as a transient one.
    crash(&tree, "a").await;
    assert_eq!(test.log().await, ["crash a", "start a"]);
    // It wants to come back, also after an end in order; the last word counts.
    worker(&tree, "a").want(false).await.unwrap();
    worker(&tree, "a").want(true).await.unwrap();
    worker(&tree, "a").leave().await.unwrap();
    assert_eq!(test.log().await, ["stop a", "start a"]);
    // What one state has said is forgotten with it.
    worker(&tree, "a").leave().await.unwrap();
    assert_eq!(test.log().await, ["stop a"]);
    assert_eq!(state(&tree, "a").await, Some(ChildState::Stopped));
    // It does not want to, even after a crash; and it stays specified.
    tree.start_child("a").await.unwrap();
    worker(&tree, "a").want(false).await.unwrap();
    crash(&tree, "a").await;
    assert_eq!(test.log().await, ["start a", "crash a"]);
    assert_eq!(state(&tree, "a").await, Some(ChildState::Stopped));
    assert_eq!(tree.children().await[0].restarts, 2);
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

/// R88, significant_bystander, significant_escalation: who is stopped because of a sibling, or by hand, ends nothing.
#[tokio::test(start_paused = true)]
async fn a_significant_child_that_others_stop_does_not_end_its_supervisor() {
    for (restart, name) in
        [(Restart::Temporary, "significant_temporary"), (Restart::Transient, "significant_transient")]
    {
        let test = Test::new(name).await;
        let builder = Supervisor::builder(Strategy::OneForAll)
            .intensity(9, Duration::from_secs(60))
            .auto_shutdown(AutoShutdown::AnySignificant);
        let significant = test.child("a").restart(restart).significant();
        let tree = test.start(builder.child(significant).child(test.child("b"))).await;
        test.log().await;
        crash(&tree, "b").await;
        let log = test.log().await;
        if restart == Restart::Temporary {
            assert_eq!(log, ["crash b", "stop a", "start b"]);
        } else {
            assert_eq!(log, ["crash b", "stop a", "start a", "start b"]);
            tree.stop_child("a").await.unwrap();
            assert_eq!(test.log().await, ["stop a"]);
        }
        assert_eq!(tree.count().await.running, 1);
    }
    // Significant children of a branch end the branch, and that is no failure.
    let test = Test::new("significant_branch").await;
    let inner = Supervisor::builder(Strategy::OneForOne).auto_shutdown(AutoShutdown::AnySignificant);
    let inner = inner.child(test.child("a").restart(Restart::Temporary).significant());
    let inner = distributed_actor::supervision::Child::new("inner", inner).restart(Restart::Transient).significant();
    let builder = Supervisor::builder(Strategy::OneForOne).auto_shutdown(AutoShutdown::AllSignificant);
    let tree = test.start(builder.child(inner).child(test.child("b"))).await;
    crash(&tree.supervisor("inner").unwrap(), "a").await;
    assert_eq!(tree.ended().await.exit(), Exit::Shutdown);
    assert_eq!(test.node.actor_count(), 0);
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
