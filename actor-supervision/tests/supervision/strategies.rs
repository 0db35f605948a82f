use std::time::Duration;

use distributed_actor::supervision::{ChildState, Restart, Strategy, Supervisor};

use crate::worker::{Test, crash, worker};

/// R73, one_for_one
#[tokio::test(start_paused = true)]
async fn one_for_one_starts_the_crashed_child_alone() {
    let test = Test::new("one_for_one").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(3, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a")).child(test.child("b")).child(test.child("c"))).await;
    assert_eq!(test.log().await, ["start a", "start b", "start c"]);
    crash(&tree, "b").await;
    assert_eq!(test.log().await, ["crash b", "start b"]);
    let restarts: Vec<_> = tree.children().await.into_iter().map(|child| (child.name, child.restarts)).collect();
    assert_eq!(restarts, [("a".into(), 0), ("b".into(), 1), ("c".into(), 0)]);
}

/// R73, one_for_all: stopped in reverse order, started in order.
#[tokio::test(start_paused = true)]
async fn one_for_all_starts_all_children_again() {
    let test = Test::new("one_for_all").await;
    let builder = Supervisor::builder(Strategy::OneForAll).intensity(3, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a")).child(test.child("b")).child(test.child("c"))).await;
    test.log().await;
    crash(&tree, "b").await;
    assert_eq!(test.log().await, ["crash b", "stop c", "stop a", "start a", "start b", "start c"]);
    assert_eq!(worker(&tree, "a").call().await.unwrap(), 1);
    crash(&tree, "a").await;
    assert_eq!(test.log().await, ["crash a", "stop c", "stop b", "start a", "start b", "start c"]);
}

/// R73, rest_for_one
#[tokio::test(start_paused = true)]
async fn rest_for_one_starts_those_again_that_came_after() {
    let test = Test::new("rest_for_one").await;
    let builder = Supervisor::builder(Strategy::RestForOne).intensity(3, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a")).child(test.child("b")).child(test.child("c"))).await;
    test.log().await;
    crash(&tree, "b").await;
    assert_eq!(test.log().await, ["crash b", "stop c", "start b", "start c"]);
    crash(&tree, "c").await;
    assert_eq!(test.log().await, ["crash c", "start c"]);
    crash(&tree, "a").await;
    assert_eq!(test.log().await, ["crash a", "stop c", "stop b", "start a", "start b", "start c"]);
}

/// R73, temporary_bystander: a temporary sibling is stopped with the others, and does not come back.
#[tokio::test(start_paused = true)]
async fn a_temporary_bystander_goes_with_its_siblings_and_stays_away() {
    for (strategy, name) in [(Strategy::OneForAll, "bystander_all"), (Strategy::RestForOne, "bystander_rest")] {
        let test = Test::new(name).await;
        let builder = Supervisor::builder(strategy).intensity(3, Duration::from_secs(60));
        let bystander = test.child("bystander").restart(Restart::Temporary);
        let tree = test.start(builder.child(test.child("a")).child(bystander)).await;
        test.log().await;
        crash(&tree, "a").await;
        assert_eq!(test.log().await, ["crash a", "stop bystander", "start a"]);
        let names: Vec<_> = tree.children().await.into_iter().map(|child| child.name).collect();
        assert_eq!(names, ["a"]);
    }
}

/// R78: the reference is the same, and what waits is not lost.
#[tokio::test(start_paused = true)]
async fn a_child_keeps_its_reference_and_its_mailbox() {
    let test = Test::new("keeps").await;
    let builder = Supervisor::builder(Strategy::OneForAll).intensity(3, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a")).child(test.child("b"))).await;
    let (before, sibling) = (worker(&tree, "a"), worker(&tree, "b"));
    let crash = before.crash();
    let (crashed, waiting, beside) = tokio::join!(crash, before.call(), async {
        tokio::task::yield_now().await;
        sibling.call().await
    });
    assert!(crashed.is_err());
    assert_eq!(waiting.unwrap(), 1);
    assert!(beside.is_ok());
    assert_eq!((worker(&tree, "a"), before.is_local()), (before.clone(), true));
    assert_eq!(before.call().await.unwrap(), 2);
}

/// As in Erlang: a strategy that starts siblings again starts those as well that did not run.
#[tokio::test(start_paused = true)]
async fn a_child_that_was_stopped_comes_back_with_its_siblings() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let test = Test::new("stopped_sibling").await;
        let builder = Supervisor::builder(strategy)
            .child(test.child("a"))
            .child(test.child("stopped"))
            .child(test.child("ended").restart(Restart::Transient))
            .child(test.child("removed"));
        let tree = test.start(builder).await;
        for name in ["stopped", "removed"] {
            tree.stop_child(name).await.unwrap();
        }
        tree.remove_child("removed").await.unwrap();
        worker(&tree, "ended").leave().await.unwrap();
        test.log().await;
        assert_eq!(tree.count().await.running, 1);
        crash(&tree, "a").await;
        test.log().await;
        let states: Vec<_> = tree.children().await.into_iter().map(|child| (child.name, child.state)).collect();
        let others = if strategy == Strategy::OneForOne { ChildState::Stopped } else { ChildState::Running };
        let of = |name: &str, state| (name.to_owned(), state);
        assert_eq!(states, [of("a", ChildState::Running), of("stopped", others), of("ended", others)]);
    }
}
