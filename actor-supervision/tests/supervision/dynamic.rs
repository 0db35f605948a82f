//! Many alike children from a factory: Erlang's `simple_one_for_one`.

use std::time::Duration;

use distributed_actor::{
    ActorRef, CallError, Exit, Node,
    supervision::{
        Backoff, Child, ChildError, ChildState, Cooperation, DynamicBuilder, Restart, Strategy, Supervisor, Tree,
    },
};
use tokio::time::{Instant, sleep};

use crate::worker::{Test, Worker, worker};

fn dynamic(test: &'static str) -> DynamicBuilder<Node> {
    Supervisor::dynamic(move |name: String| Worker::spawn_create(test.into(), name))
        .intensity(3, Duration::from_secs(60))
}

async fn start_new(tree: &Tree<Node>, name: &str) -> ActorRef<Worker> {
    tree.start_new(name.to_owned()).await.unwrap()
}

/// R73, simple_one_for_one, simple_one_for_one_extra
#[tokio::test(start_paused = true)]
async fn a_factory_makes_children_which_are_started_again_alone() {
    let test = Test::new("dynamic").await;
    let tree = dynamic("dynamic").start(&test.node).await.unwrap();
    let (a, b) = (start_new(&tree, "a").await, start_new(&tree, "b").await);
    assert_eq!(test.log().await, ["start a", "start b"]);
    let (crashed, waiting) = tokio::join!(a.crash(), a.call());
    assert!(crashed.is_err() && waiting.is_ok(), "it keeps its reference and its mailbox");
    assert_eq!(test.log().await, ["crash a", "start a"]);
    b.call().await.unwrap();
    let names: Vec<_> = tree.children().await.into_iter().map(|child| (child.name, child.restarts)).collect();
    assert_eq!(names, [("0".into(), 1), ("1".into(), 0)]);
    assert_eq!(tree.stop().await.exit(), Exit::Shutdown);
    assert_eq!(test.node.actor_count(), 0);
}

/// R72, child_adm_simple: list, count, start, stop, restart and remove, from another node.
#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_is_called_from_any_node() {
    let test = Test::new("dynamic_remote").await;
    let tree = dynamic("dynamic_remote").at_most(3).start(&test.node).await.unwrap();
    let other = test.network.node().await;
    let supervisor: ActorRef<Supervisor<Node>> = other.resolve(tree.actor().id()).unwrap();
    let mut started = Vec::new();
    for name in ["a", "b", "c"] {
        let child: ActorRef<Worker> = Supervisor::start_at(&supervisor, &name.to_owned()).await.unwrap();
        assert_eq!((child.id().node(), child.call().await.unwrap()), (test.node.id(), 1));
        started.push(child);
    }
    test.log().await;
    assert_eq!(supervisor.count().await.unwrap().running, 3);
    let children = supervisor.children().await.unwrap();
    assert_eq!(children[1].actor.as_deref(), Some(started[1].id().to_string().as_str()));
    let new: Result<ActorRef<Worker>, _> = Supervisor::start_at(&supervisor, &"d".to_owned()).await;
    assert!(matches!(new, Err(CallError::Actor(ChildError::TooMany { limit: 3 }))), "{new:?}");
    supervisor.restart_child("1".into()).await.unwrap();
    assert_eq!(test.log().await, ["stop b", "start b"]);
    supervisor.stop_child("1".into()).await.unwrap();
    assert!(matches!(supervisor.remove_child("0".into()).await, Err(CallError::Actor(ChildError::Runs { .. }))));
    supervisor.remove_child("1".into()).await.unwrap();
    assert!(matches!(supervisor.start_child("1".into()).await, Err(CallError::Actor(ChildError::Unknown { .. }))));
    assert_eq!(supervisor.count().await.unwrap().specified, 2);
    assert_eq!(supervisor.picture().await.unwrap(), "supervisor\n|-- 0 (running)\n`-- 2 (running)\n");
    // There is room again. Arguments of another type are refused, and so is a supervisor that has no factory.
    let wrong: Result<ActorRef<Worker>, _> = Supervisor::start_at(&supervisor, &(1_u64, 2_u64, 3_u64)).await;
    assert!(matches!(wrong, Err(CallError::Actor(ChildError::BadArguments { .. }))), "{wrong:?}");
    let wrong: Result<ActorRef<Worker>, _> = tree.start_new(7_u8).await;
    assert!(matches!(wrong, Err(ChildError::BadArguments { .. })), "{wrong:?}");
    let plain = test.start(Supervisor::builder(Strategy::OneForOne)).await;
    let none: Result<ActorRef<Worker>, _> = plain.start_new("e".to_owned()).await;
    assert!(matches!(none, Err(ChildError::NoFactory)), "{none:?}");
    assert_eq!(tree.count().await.specified, 2);
}

/// R72, count_children, simple_one_for_one_scale_many_temporary_children: many at once; those that end are forgotten.
#[tokio::test(start_paused = true)]
async fn ten_thousand_children_are_started_at_once_and_stop_together() {
    let test = Test::new("dynamic_many").await;
    test.lame("lame", true);
    let tree = dynamic("dynamic_many").restart(Restart::Temporary).start(&test.node).await.unwrap();
    let names = (0..10_000).map(|number| if number == 5_000 { "lame".to_owned() } else { number.to_string() });
    let children = tree.start_many::<Worker, _>(names).await;
    assert!(matches!(&children[5_000], Err(ChildError::NotStarted { .. })));
    let children: Vec<_> = children.into_iter().flatten().collect();
    assert_eq!((children.len(), tree.count().await.running), (9_999, 9_999));
    for child in children.iter().step_by(2) {
        child.leave().await.unwrap();
    }
    sleep(Duration::from_millis(10)).await;
    assert_eq!(tree.count().await.specified, 4_999);
    test.log().await;
    tree.stop().await;
    assert_eq!((test.log().await.len(), test.node.actor_count()), (4_999, 0));
    let late: Result<ActorRef<Worker>, _> = tree.start_new("late".to_owned()).await;
    assert_eq!(late, Err(ChildError::Ended));
}

/// R77, sup_stop_timeout_dynamic, sup_stop_brutal_kill_dynamic: all of them have the time of one.
#[tokio::test(start_paused = true)]
async fn children_of_a_factory_have_one_time_to_stop_for_all() {
    for (immediate, name) in [(false, "dynamic_stop"), (true, "dynamic_kill")] {
        let test = Test::new(name).await;
        let builder = dynamic(name);
        let builder = if immediate {
            builder.shutdown(distributed_actor::supervision::Shutdown::Immediate)
        } else {
            builder.shutdown(Duration::from_secs(3))
        };
        let tree = builder.start(&test.node).await.unwrap();
        for number in 0..20 {
            let name = number.to_string();
            if number % 2 == 0 {
                test.stubborn(&name);
            }
            start_new(&tree, &name).await;
        }
        test.log().await;
        let began = Instant::now();
        tree.stop().await;
        let seconds = began.elapsed().as_secs();
        // What hangs in its `#[on_stop]` is left behind a second later.
        assert!(if immediate { seconds == 0 } else { (3..=4).contains(&seconds) }, "{seconds}");
        assert_eq!(test.log().await.len(), if immediate { 0 } else { 10 });
    }
}

/// R76, simple_one_for_one_escalation
#[tokio::test(start_paused = true)]
async fn children_of_a_factory_that_crash_too_often_end_their_supervisor() {
    let test = Test::new("dynamic_escalation").await;
    let pool = dynamic("dynamic_escalation");
    let outer = Supervisor::builder(Strategy::OneForOne).child(test.child("steady")).child(Child::new("pool", pool));
    let tree = test.start(outer).await;
    let pool = tree.supervisor("pool").unwrap();
    let all: Vec<_> = pool.start_many::<Worker, _>((0..4).map(|number| number.to_string())).await;
    for child in &all {
        assert!(child.as_ref().unwrap().crash().await.is_err());
        sleep(Duration::from_secs(1)).await;
    }
    let reason = pool.ended().await;
    assert_eq!((reason.exit(), reason.root().exit()), (Exit::Escalated, Exit::Panicked));
    assert!(reason.to_string().starts_with("more than 3 restarts within 60 s: child `3`: "), "{reason}");
    // The pool is started again, and begins with no child.
    let children = tree.children().await;
    assert_eq!((children[1].restarts, children[1].children.len()), (1, 0));
    start_new(&tree.supervisor("pool").unwrap(), "again").await;
}

/// hanging_restart_loop_simple: a child that cannot start again pauses, and the supervisor answers meanwhile.
#[tokio::test(start_paused = true)]
async fn a_supervisor_answers_while_a_child_of_its_factory_cannot_start_again() {
    let test = Test::new("dynamic_hanging").await;
    let builder = dynamic("dynamic_hanging").intensity(100, Duration::from_secs(60)).backoff(Backoff::exponential());
    let tree = builder.start(&test.node).await.unwrap();
    let a = start_new(&tree, "a").await;
    test.lame("a", true);
    assert!(a.crash().await.is_err());
    sleep(Duration::from_secs(3)).await;
    let children = tree.children().await;
    assert_eq!(children[0].state, ChildState::Waiting);
    assert!(children[0].restarts > 2, "{children:?}");
    let b = start_new(&tree, "b").await;
    assert_eq!(tree.count().await.running, 1);
    test.lame("a", false);
    sleep(Duration::from_secs(30)).await;
    assert_eq!((a.call().await.unwrap(), b.call().await.unwrap()), (1, 1));
    tree.stop().await;
}

/// rotor: throw in factory. Neither it nor what reads its arguments ends the supervisor.
#[tokio::test(start_paused = true)]
async fn a_factory_that_panics_fails_that_start_alone() {
    let test = Test::new("dynamic_panic").await;
    /// What a panic may bring along.
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose: the payload's drop");
        }
    }
    let factory = |name: String| {
        assert_ne!(name, "bad", "no bad ones");
        if name == "worse" {
            std::panic::panic_any(Bomb);
        }
        Worker::spawn_create("dynamic_panic".into(), name)
    };
    let tree = Supervisor::dynamic(factory).start(&test.node).await.unwrap();
    let bad: Result<ActorRef<Worker>, _> = tree.start_new("bad".to_owned()).await;
    assert!(matches!(&bad, Err(ChildError::FactoryPanicked { why }) if why.contains("no bad ones")), "{bad:?}");
    let worse: Result<ActorRef<Worker>, _> = tree.start_new("worse".to_owned()).await;
    assert!(matches!(&worse, Err(ChildError::FactoryPanicked { .. })), "{worse:?}");
    start_new(&tree, "good").await;
    assert_eq!(tree.count().await.specified, 1);
    // The same of what says where a child shall run.
    let place = || panic!("nowhere");
    let outer = Supervisor::builder(Strategy::OneForOne).child(Child::wherever(place, "lost", test.worker("lost")));
    let error = outer.start(&test.node).await.unwrap_err();
    assert!(error.to_string().contains("panicked: nowhere"), "{error}");
}

/// Supervisors are children as any others.
#[tokio::test(start_paused = true)]
async fn a_factory_may_make_supervisors() {
    let test = Test::new("dynamic_trees").await;
    let room = |name: String| {
        let worker = Worker::spawn_create("dynamic_trees".into(), name);
        Supervisor::builder(Strategy::OneForAll).child(Child::new("worker", worker))
    };
    let tree = Supervisor::dynamic(room).start(&test.node).await.unwrap();
    let started = tree.start_many::<Worker, _>(["a".to_owned(), "b".to_owned()]).await;
    assert!(started.iter().all(|new| matches!(new, Err(ChildError::WrongType { .. }))), "they are supervisors");
    assert_eq!(tree.count().await.supervisors, 2);
    assert_eq!(test.log().await, ["start a", "start b"]);
    let supervisor: ActorRef<Supervisor<Node>> = Supervisor::start_at(tree.actor(), &"c".to_owned()).await.unwrap();
    assert_eq!(supervisor.count().await.unwrap().running, 1);
    let here: ActorRef<Supervisor<Node>> = tree.start_new("d".to_owned()).await.unwrap();
    // Its tree is found by its number, as long as it runs, and is another one when it is started again.
    let found = tree.supervisor("3").unwrap();
    assert_eq!(*found.actor(), here);
    assert_eq!(worker(&found, "worker").call().await.unwrap(), 1);
    found.stop().await;
    test.log().await;
    let again = tree.supervisor("3").unwrap();
    assert_ne!(*again.actor(), here);
    assert_eq!(worker(&again, "worker").call().await.unwrap(), 1);
    tree.stop_child("03").await.unwrap();
    assert!(matches!(tree.supervisor("3"), Err(ChildError::Unknown { .. })));
    tree.start_child("3").await.unwrap();
    assert!(tree.supervisor("3").is_ok());
    tree.stop().await;
    assert_eq!(test.node.actor_count(), 0);
}

/// A cooperation is no actor: what there is of it is found by its number.
#[tokio::test(start_paused = true)]
async fn a_factory_may_make_cooperations() {
    let test = Test::new("dynamic_groups").await;
    let group = |name: String| {
        Cooperation::builder("group").member("worker", Worker::spawn_create("dynamic_groups".into(), name))
    };
    let tree = Supervisor::dynamic(group).start(&test.node).await.unwrap();
    let wrong = ChildError::WrongType { name: "0".into() };
    assert_eq!(tree.start_new::<Worker, _>("a".to_owned()).await.unwrap_err(), wrong);
    let found = tree.cooperation("0").unwrap();
    assert_eq!(found.member::<Worker>("worker").unwrap().call().await.unwrap(), 1);
    let sent = Supervisor::start_at::<Worker, _>(tree.actor(), &"b".to_owned()).await.unwrap_err();
    assert_eq!(sent, CallError::Actor(ChildError::WrongType { name: "1".into() }));
    assert!(tree.cooperation("1").is_ok());
    tree.stop().await;
    assert_eq!(test.node.actor_count(), 0);
}
