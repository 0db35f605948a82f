use std::time::Duration;

use distributed_actor::{
    ActorRef, Context, Exit, Terminated, distributed_actor,
    supervision::{Backoff, Child, ChildState, Restart, Strategy, Supervisor},
};
use tokio::time::sleep;

use crate::worker::{Test, Worker, crash, worker};

/// R75, multiple_restarts: the fourth crash in any 60 s is one too many.
#[tokio::test(start_paused = true)]
async fn the_fourth_crash_within_a_minute_ends_the_supervisor() {
    let test = Test::new("intensity").await;
    let builder = || Supervisor::builder(Strategy::OneForOne).intensity(3, Duration::from_secs(60));
    let tree = test.start(builder().child(test.child("a")).child(test.child("b")).child(test.child("c"))).await;
    for name in ["a", "b", "a"] {
        crash(&tree, name).await;
        sleep(Duration::from_secs(15)).await;
    }
    test.log().await;
    crash(&tree, "b").await;
    let reason = tree.ended().await;
    assert_eq!(reason.exit(), Exit::Escalated);
    let text = "more than 3 restarts within 60 s: child `b`: `supervision::worker::Worker::crash` panicked";
    assert_eq!(reason.to_string(), text);
    assert_eq!(reason.root().exit(), Exit::Panicked);
    assert_eq!(test.log().await, ["crash b", "stop c", "stop a"]);
    assert_eq!(test.node.actor_count(), 0);
    assert_eq!(tree.actor().terminated().await, Terminated::Failed(Box::new(reason)));
    assert!(tree.children().await.is_empty());
}

/// R75: the window slides.
#[tokio::test(start_paused = true)]
async fn crashes_that_are_far_enough_apart_go_on_for_ever() {
    let test = Test::new("sliding").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(3, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a"))).await;
    for _ in 0..50 {
        crash(&tree, "a").await;
        sleep(Duration::from_secs(21)).await;
    }
    assert_eq!(tree.children().await[0].restarts, 50);
}

/// R4, R76, R106: a subtree that is given up is its supervisor's concern; the rest keeps serving.
#[tokio::test(start_paused = true)]
async fn an_escalation_goes_up_with_its_reasons_and_the_rest_keeps_serving() {
    let test = Test::new("escalation").await;
    let inner =
        Supervisor::builder(Strategy::OneForOne).intensity(1, Duration::from_secs(60)).child(test.child("deep"));
    let outer = Supervisor::builder(Strategy::OneForOne)
        .intensity(1, Duration::from_secs(60))
        .child(test.child("steady"))
        .child(Child::new("shaky", inner));
    let tree = test.start(outer).await;
    let deep = |crashes: usize| {
        let tree = &tree;
        async move {
            for _ in 0..crashes {
                crash(&tree.supervisor("shaky").unwrap(), "deep").await;
                sleep(Duration::from_secs(1)).await;
            }
        }
    };
    deep(2).await;
    // The inner one gave up, and was started again.
    let children = tree.children().await;
    assert_eq!((children[1].restarts, children[1].children[0].restarts), (1, 0));
    let reason = children[1].last_exit.clone().unwrap();
    assert_eq!(reason.exit(), Exit::Escalated);
    assert_eq!(worker(&tree, "steady").call().await.unwrap(), 1);
    assert_eq!(children[0].restarts, 0);
    let picture = tree.picture().await.unwrap();
    assert_eq!(
        picture,
        "supervisor\n\
         |-- steady (running)\n\
         `-- shaky (running, restarts: 1, last exit: more than 1 restarts within 60 s: child `deep`: \
         `supervision::worker::Worker::crash` panicked)\n    `-- deep (running)\n"
    );
    let dot = tree.dot().await.unwrap();
    assert!(dot.starts_with("digraph") && dot.contains("n0 -> n1") && dot.contains("n2 -> n3"), "{dot}");
    // A second time is one too many.
    deep(2).await;
    let reason = tree.ended().await;
    assert_eq!(
        reason.to_string(),
        "more than 1 restarts within 60 s: child `shaky`: more than 1 restarts within 60 s: child `deep`: \
         `supervision::worker::Worker::crash` panicked"
    );
    assert_eq!((reason.exit(), reason.root().exit()), (Exit::Escalated, Exit::Panicked));
    assert_eq!(test.node.actor_count(), 0);
}

/// R76: a child that cannot be started again is a crash, too.
#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_started_again_escalates() {
    let test = Test::new("lame").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(3, Duration::from_secs(60));
    let tree = test.start(builder.child(test.child("a"))).await;
    let before = worker(&tree, "a");
    test.lame("a", true);
    let (crashed, waiting) = tokio::join!(before.crash(), before.call());
    assert!(crashed.is_err() && waiting.is_err());
    let reason = tree.ended().await;
    assert_eq!(reason.root().exit(), Exit::StartFailed);
    assert!(reason.to_string().ends_with("a is lame"), "{reason}");
}

/// R76, one_for_all_escalation, rest_for_one_escalation: those that run are stopped in reverse order, once.
#[tokio::test(start_paused = true)]
async fn an_escalation_stops_what_runs_in_reverse_order_whatever_the_strategy() {
    for (strategy, name) in [
        (Strategy::OneForOne, "escalation_one"),
        (Strategy::OneForAll, "escalation_all"),
        (Strategy::RestForOne, "escalation_rest"),
    ] {
        let test = Test::new(name).await;
        let inner = Supervisor::builder(strategy).intensity(0, Duration::from_secs(4));
        let inner = inner.child(test.child("a")).child(test.child("b")).child(test.child("c"));
        let outer = Supervisor::builder(Strategy::OneForOne).intensity(1, Duration::from_secs(60));
        let tree = test.start(outer.child(Child::new("inner", inner)).child(test.child("beside"))).await;
        let before = tree.supervisor("inner").unwrap();
        test.log().await;
        crash(&before, "b").await;
        let log = test.log().await;
        assert_eq!(log, ["crash b", "stop c", "stop a", "start a", "start b", "start c"], "{strategy:?}");
        assert_eq!(before.ended().await.root().exit(), Exit::Panicked);
        assert_eq!(tree.supervisor("inner").unwrap().count().await.running, 3);
    }
}

/// one_for_all_other_child_fails_restart, rest_for_one_other_child_fails_restart: a sibling that cannot start again is one more
/// failure; when it can, all are there.
#[tokio::test(start_paused = true)]
async fn a_sibling_that_cannot_start_again_is_tried_again_with_those_behind_it() {
    for (strategy, name) in [(Strategy::OneForAll, "other_all"), (Strategy::RestForOne, "other_rest")] {
        let test = Test::new(name).await;
        let backoff = Backoff::exponential().jitter(0.0);
        let child = |name| test.child(name).backoff(backoff);
        let builder = Supervisor::builder(strategy).intensity(100, Duration::from_secs(60));
        let tree = test.start(builder.child(child("a")).child(child("b")).child(child("c"))).await;
        test.log().await;
        test.lame("b", true);
        crash(&tree, "a").await;
        // Again and again; `a` is started, and stopped, or left alone, and nobody behind `b` is started before it.
        sleep(Duration::from_secs(5)).await;
        let log = test.log().await;
        assert!(!log.contains(&"start b".to_owned()) && !log.contains(&"start c".to_owned()), "{log:?}");
        let states: Vec<_> = tree.children().await.into_iter().map(|child| child.state).collect();
        assert_eq!(states[1..], [ChildState::Waiting; 2]);
        assert_eq!(tree.count().await.specified, 3);
        test.lame("b", false);
        sleep(Duration::from_secs(60)).await;
        assert_eq!(tree.count().await.running, 3);
        for name in ["a", "b", "c"] {
            worker(&tree, name).call().await.unwrap();
        }
        let log = test.log().await;
        assert_eq!(log[log.len() - 2..], ["start b", "start c"]);
    }
}

/// rotor: the root cause goes up through any number of supervisors.
#[tokio::test(start_paused = true)]
async fn an_escalation_through_many_supervisors_keeps_the_root_cause() {
    let test = Test::new("deep").await;
    let builder = || Supervisor::builder(Strategy::OneForAll).intensity(0, Duration::from_secs(60));
    let mut nested = builder().child(test.child("deep"));
    for level in 0..5 {
        nested = builder().child(test.child(&format!("beside {level}"))).child(Child::new("below", nested));
    }
    let tree = test.start(nested).await;
    let mut lowest = tree.clone();
    for _ in 0..5 {
        lowest = lowest.supervisor("below").unwrap();
    }
    worker(&lowest, "deep").fail("the disk is full".into()).await.unwrap();
    let reason = tree.ended().await;
    assert_eq!((reason.root().exit(), reason.root().why()), (Exit::Failed, "the disk is full"));
    let text = "more than 0 restarts within 60 s: child `deep`: the disk is full";
    assert!(reason.to_string().ends_with(text), "{reason}");
    assert_eq!(reason.causes().iter().filter(|cause| cause.exit() == Exit::Escalated).count(), 5);
    assert_eq!(test.node.actor_count(), 0);
}

/// R106: one branch crashes as fast as it can, and is given up again and again; the other one notices nothing.
#[tokio::test(start_paused = true)]
async fn a_branch_that_crashes_at_full_rate_fails_no_call_of_another() {
    let test = Test::new("full_rate").await;
    let branch = |name: &str, restarts| {
        let builder = Supervisor::builder(Strategy::OneForAll).intensity(restarts, Duration::from_secs(1));
        Child::new(name, builder.child(test.child(&format!("{name} 1"))).child(test.child(&format!("{name} 2"))))
    };
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(100, Duration::from_secs(60));
    let tree = test.start(builder.child(branch("shaky", 100)).child(branch("steady", 0))).await;
    let load = tokio::spawn({
        let steady = worker(&tree.supervisor("steady").unwrap(), "steady 1");
        async move {
            for call in 1..=2000 {
                assert_eq!(steady.call().await.unwrap(), call, "one life");
                tokio::task::yield_now().await;
            }
        }
    });
    let mut crashes = 0;
    while !load.is_finished() {
        let shaky = tree.supervisor("shaky").and_then(|shaky| shaky.child::<crate::worker::Worker>("shaky 1"));
        match shaky {
            Ok(shaky) => crashes += u64::from(shaky.crash().await.is_err()),
            Err(_) => tokio::task::yield_now().await,
        }
    }
    load.await.unwrap();
    let children = tree.children().await;
    assert!(crashes > 1000 && children[0].restarts >= 9, "{crashes} crashes, {} escalations", children[0].restarts);
    assert_eq!(children[1].restarts, 0);
    tree.stop().await;
    assert_eq!(test.node.actor_count(), 0);
}

/// Panics in what nobody calls.
struct Torn {
    at_start: bool,
}

#[distributed_actor]
impl Torn {
    #[distributed(spawn)]
    fn create(at_start: bool) -> Self {
        Self { at_start }
    }

    #[on_start]
    async fn begin(&mut self) {
        tokio::task::yield_now().await;
        assert!(!self.at_start, "on purpose");
    }

    #[on_terminated]
    fn gone(&mut self, _: Terminated) {
        panic!("on purpose");
    }

    #[distributed]
    fn watch(&mut self, #[ctx] ctx: &Context<Self>, other: ActorRef<Worker>) {
        std::mem::forget(ctx.monitor(&other));
    }

    #[distributed]
    fn tear(&mut self) {
        panic!("on purpose");
    }
}

/// A reason names the method that panicked, or the hook. Of one on another node is known that it was one.
#[tokio::test(start_paused = true)]
async fn a_reason_names_the_method_or_the_hook_that_panicked() {
    let test = Test::new("torn").await;
    let other = test.network.node().await;
    let builder = || Supervisor::builder(Strategy::OneForOne).intensity(0, Duration::from_secs(1));
    let error = builder().child(Child::new("a", Torn::spawn_create(true))).start(&test.node).await.unwrap_err();
    assert_eq!(error.reason().why(), "the actor could not start: its method under `#[on_start]` panicked");
    let error = builder().child(Child::on(other.id(), "a", Torn::spawn_create(true))).start(&test.node).await;
    assert_eq!(error.unwrap_err().reason().why(), "the actor could not start: its method under `#[on_start]` panicked");
    let builder = || builder().child(test.child("watched").restart(Restart::Temporary));
    let tree = test.start(builder().child(Child::new("a", Torn::spawn_create(false)))).await;
    tree.child::<Torn>("a").unwrap().watch(worker(&tree, "watched")).await.unwrap();
    worker(&tree, "watched").leave().await.unwrap();
    let root = tree.ended().await.root();
    assert_eq!((root.exit(), root.why()), (Exit::Panicked, "its method under `#[on_terminated]` panicked"));
    let tree = test.start(builder().child(Child::on(other.id(), "a", Torn::spawn_create(false)))).await;
    tree.child::<Torn>("a").unwrap().tear().await.unwrap_err();
    let root = tree.ended().await.root();
    assert_eq!((root.exit(), root.why()), (Exit::Panicked, "one of its methods panicked"));
}
