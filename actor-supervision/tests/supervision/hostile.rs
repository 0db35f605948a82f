//! Orders that come at the worst time, and children that do the worst.

use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

use actor_testkit::{Panics, at_every_poll, poll_then_drop};
use distributed_actor::{
    ActorRef, CallError, Exit, Limits, Node, Outcome, SystemError, distributed_actor,
    supervision::{Backoff, Child, ChildError, ChildState, Queued, Restart, Shutdown, Strategy, Supervisor, Tree},
};
use tokio::{
    task::yield_now,
    time::{Instant, sleep, timeout},
};

use crate::worker::{Test, Worker, crash, worker};

/// R72: its own actor ends last, and would wait for what it is called for.
#[tokio::test(start_paused = true)]
async fn a_supervisor_that_is_called_while_it_ends_answers_and_ends() {
    let test = Test::new("called_at_the_end").await;
    test.stubborn("stubborn");
    let other = test.network.node().await;
    let child = test.child("stubborn").shutdown(Duration::from_secs(3));
    let tree = test.start(Supervisor::builder(Strategy::OneForOne).child(child)).await;
    let remote: ActorRef<Supervisor<Node>> = other.resolve(tree.actor().id()).unwrap();
    let began = Instant::now();
    let stopping = tokio::spawn({
        let tree = tree.clone();
        async move { tree.stop().await }
    });
    sleep(Duration::from_secs(1)).await;
    let (here, there) = tokio::join!(tree.actor().count(), remote.children());
    assert!(here.is_ok() && there.is_ok(), "{here:?} {there:?}");
    assert!(matches!(tree.start_child("stubborn").await, Err(ChildError::Ended)));
    assert!(timeout(Duration::from_secs(60), stopping).await.unwrap().unwrap().is_normal());
    assert!(began.elapsed() < Duration::from_secs(5));
    // And when it gives up.
    test.stubborn("slow");
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(0, Duration::from_secs(1));
    let tree = test.start(builder.child(test.child("slow")).child(test.child("a"))).await;
    let ended = tree.ended();
    crash(&tree, "a").await;
    sleep(Duration::from_secs(1)).await;
    tree.actor().picture().await.unwrap();
    assert_eq!(timeout(Duration::from_secs(60), ended).await.unwrap().exit(), Exit::Escalated);
}

/// R77: a child that blocks its thread can be neither stopped nor started again. Its supervisor does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_child_that_blocks_its_thread_does_not_hold_its_supervisor_up() {
    let _ = Panics::watch();
    let mut limits = Limits::default();
    limits.hook_time_max = Duration::from_millis(200);
    let node = Node::builder().limits(limits).start().await.unwrap();
    let inner = Supervisor::builder(Strategy::OneForAll)
        .child(Child::new("blocks", Blocker::spawn_create()).shutdown(Duration::from_millis(50)))
        .child(Child::new("crashes", Blocker::spawn_create()));
    let tree = Supervisor::builder(Strategy::OneForOne)
        .intensity(3, Duration::from_secs(60))
        .child(Child::new("inner", inner))
        .start(&node)
        .await
        .unwrap();
    let child = |name: &str| tree.supervisor("inner").and_then(|inner| inner.child::<Blocker>(name));
    let (release, until) = mpsc::channel();
    *UNTIL.lock().unwrap() = Some(until);
    let blocked = child("blocks").unwrap();
    blocked.block().cast().await.unwrap();
    let former = child("crashes").unwrap();
    former.crash().await.unwrap_err();
    // It is given up, as is its supervisor, and another one takes its place while the first still blocks.
    let began = Instant::now();
    let serving = loop {
        match child("blocks") {
            Ok(actor) if actor != blocked && actor.ping().await.is_ok() => break actor,
            _ => sleep(Duration::from_millis(10)).await,
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{}", tree.picture().await.unwrap());
    };
    let children = tree.children().await;
    let reason = children[0].last_exit.as_ref().unwrap();
    assert!(reason.root().why().ends_with("its former state has not ended: it blocks its thread"), "{reason}");
    assert!(serving.is_local() && former.ping().await.is_err());
    release.send(()).unwrap();
    tree.stop().await;
    blocked.terminated().await;
    assert_eq!(node.actor_count(), 0);
}

static UNTIL: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

struct Blocker;

#[distributed_actor]
impl Blocker {
    #[distributed(spawn)]
    fn create() -> Self {
        Self
    }

    #[distributed]
    fn block(&mut self) {
        let until = UNTIL.lock().unwrap().take().unwrap();
        until.recv().unwrap();
    }

    #[distributed]
    fn crash(&mut self) {
        panic!("on purpose");
    }

    #[distributed]
    fn ping(&self) {}
}

/// R78: what becomes of calls that wait is a policy, too.
#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_a_restart_are_kept_or_refused_as_was_asked() {
    for (queued, name) in [(Queued::Kept, "queue_kept"), (Queued::Refused, "queue_refused")] {
        let test = Test::new(name).await;
        let backoff = Backoff::exponential().jitter(0.0);
        let builder = Supervisor::builder(Strategy::OneForOne).intensity(9, Duration::from_secs(60));
        let tree = test.start(builder.child(test.child("a").backoff(backoff).queued(queued))).await;
        let a = worker(&tree, "a");
        let other = test.network.node().await;
        let remote: ActorRef<Worker> = other.resolve(a.id()).unwrap();
        let began = Instant::now();
        let (crashed, waiting, near, far) = tokio::join!(
            a.crash(),
            a.call(),
            async {
                sleep(Duration::from_millis(10)).await;
                a.call().await
            },
            async {
                sleep(Duration::from_millis(10)).await;
                remote.call().await
            },
        );
        assert!(matches!(crashed, Err(CallError::System(SystemError::Panicked { .. }))), "{crashed:?}");
        for answer in [waiting, near, far] {
            match (queued, answer) {
                (Queued::Kept, Ok(_)) => {}
                (Queued::Refused, Err(CallError::System(SystemError::ActorStopped { outcome }))) => {
                    assert_eq!(outcome, Outcome::NotExecuted);
                }
                (_, answer) => panic!("{queued:?}: {answer:?}"),
            }
        }
        assert_eq!(began.elapsed() < Duration::from_millis(90), queued == Queued::Refused);
        sleep(Duration::from_secs(1)).await;
        assert!(a.call().await.is_ok() && remote.call().await.is_ok());
        // It is the same actor for those who watch it, and for the order to start it again.
        tree.restart_child("a").await.unwrap();
        assert_eq!(a.call().await.unwrap(), 1);
        tree.stop().await;
        assert!(matches!(a.call().await, Err(CallError::System(SystemError::UnknownActor { .. }))));
    }
}

/// Nobody waits for a child that an order could not start again.
#[tokio::test(start_paused = true)]
async fn an_order_to_restart_that_fails_answers_what_waits() {
    let test = Test::new("restart_fails").await;
    let tree = test.start(Supervisor::builder(Strategy::OneForOne).child(test.child("a"))).await;
    let a = worker(&tree, "a");
    test.lame("a", true);
    test.slow("a", Duration::from_secs(1));
    let busy = a.work_for(1);
    let (restarted, busy, waiting) = tokio::join!(tree.restart_child("a"), busy, async {
        yield_now().await;
        a.call().timeout(Duration::from_secs(3600)).await
    });
    assert!(busy.is_ok() && matches!(restarted, Err(ChildError::NotStarted { .. })), "{busy:?} {restarted:?}");
    assert!(matches!(waiting, Err(CallError::System(SystemError::ActorStopped { .. }))), "{waiting:?}");
    assert!(tree.child::<Worker>("a").is_err());
    assert_eq!(tree.children().await[0].state, ChildState::Stopped);
    test.lame("a", false);
    tree.start_child("a").await.unwrap();
    assert_eq!(worker(&tree, "a").call().await.unwrap(), 1);
}

/// Stop during start: those that have started stop in reverse order, and no further one starts.
#[tokio::test(start_paused = true)]
async fn a_tree_whose_node_shuts_down_while_it_starts_starts_no_further() {
    let test = Test::new("stop_during_start").await;
    let names = ["a", "b", "c", "d"];
    for name in names {
        test.slow(name, Duration::from_secs(1));
    }
    let builder = names.iter().fold(Supervisor::builder(Strategy::OneForOne), |all, name| all.child(test.child(name)));
    let (started, ()) = tokio::join!(builder.start(&test.node), async {
        sleep(Duration::from_millis(1500)).await;
        test.node.shutdown().await;
    });
    let error = started.unwrap_err();
    assert_eq!((error.child(), error.reason().exit()), ("c", Exit::Shutdown));
    assert_eq!(test.log().await, ["start a", "start b", "stop b", "stop a"]);
    assert_eq!(test.node.actor_count(), 0);
}

/// Whatever comes while something else is being done, all is answered and ends.
#[tokio::test(start_paused = true)]
async fn orders_that_cross_are_all_answered() {
    for pause in [0, 1, 250, 500, 999, 1000, 1001, 1500, 2500] {
        let test = Test::new("crossing").await;
        for name in ["a", "b"] {
            test.slow(name, Duration::from_secs(1));
        }
        let builder = Supervisor::builder(Strategy::OneForAll).intensity(9, Duration::from_secs(60));
        let tree = test.start(builder.child(test.child("a")).child(test.child("b"))).await;
        let (a, b) = (worker(&tree, "a"), worker(&tree, "b"));
        let later = async |order: &str| {
            sleep(Duration::from_millis(pause)).await;
            match order {
                "restart" => drop(tree.restart_child("a").await),
                "stop child" => drop(tree.stop_child("b").await),
                "add" => drop(tree.add(test.child("c")).await),
                "crash" => drop(b.crash().await),
                _ => drop(tree.stop().await),
            }
        };
        let all = async {
            let _ = tokio::join!(
                a.crash(),
                later("restart"),
                later("stop child"),
                later("add"),
                later("crash"),
                later("stop")
            );
        };
        timeout(Duration::from_secs(120), all).await.unwrap();
        assert!(tree.ended().await.is_normal());
        assert_eq!(test.node.actor_count(), 0, "after {pause} ms");
        test.log().await;
    }
}

/// R78, R48: of 10,000 restarts none loses a call, and none leaves anything behind.
#[tokio::test(start_paused = true)]
async fn ten_thousand_restarts_lose_no_call_and_leave_nothing_behind() {
    let test = Test::new("ten_thousand").await;
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(20_000, Duration::from_secs(1));
    let tree = test.start(builder.child(test.child("a"))).await;
    let a = worker(&tree, "a");
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    for _ in 0..10_000 {
        let (crashed, next) = tokio::join!(a.crash(), a.call());
        assert!(crashed.is_err());
        assert_eq!(next.unwrap(), 1);
    }
    assert_eq!(tree.children().await[0].restarts, 10_000);
    test.log().await;
    assert_eq!((test.node.actor_count(), alive()), (2, before));
    tree.stop().await;
    assert_eq!(test.node.actor_count(), 0);
}

/// A child that asks its own supervisor while that one starts it waits for itself. It has no longer for that than for any start.
#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_supervisor_as_it_starts_is_given_up() {
    let test = Test::new("asks_above").await;
    let tree = test.start(Supervisor::builder(Strategy::OneForOne).child(test.child("beside"))).await;
    *ABOVE.lock().unwrap() = Some(tree.clone());
    let began = Instant::now();
    let added = tree.add(Child::new("asks", Asks::spawn_create())).await;
    assert!(matches!(added, Err(ChildError::NotStarted { .. })), "{added:?}");
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(tree.count().await.running, 1);
    tree.stop().await;
    ABOVE.lock().unwrap().take();
}

static ABOVE: Mutex<Option<Tree<Node>>> = Mutex::new(None);

struct Asks;

#[distributed_actor]
impl Asks {
    #[distributed(spawn)]
    fn create() -> Self {
        Self
    }

    #[on_start]
    async fn begin(&mut self) {
        let above = ABOVE.lock().unwrap().clone().unwrap();
        above.count().await;
    }
}

/// Whoever waits on another runtime learns that the supervisor's is gone.
#[test]
fn the_end_of_a_runtime_is_the_end_of_its_trees() {
    let runtime = |name| tokio::runtime::Builder::new_multi_thread().thread_name(name).enable_all().build().unwrap();
    let (below, above) = (runtime("below"), runtime("above"));
    let tree = below.block_on(async {
        let node = Node::builder().start().await.unwrap();
        let builder = Supervisor::builder(Strategy::OneForOne).child(Child::new("a", Blocker::spawn_create()));
        builder.start(&node).await.unwrap()
    });
    let (counted, ended) = (tree.clone(), above.spawn(tree.ended()));
    below.shutdown_background();
    let reason = above.block_on(async { timeout(Duration::from_secs(20), ended).await.unwrap().unwrap() });
    assert!(reason.is_normal(), "{reason}");
    assert_eq!(above.block_on(async move { counted.count().await.running }), 0);
    assert!(tree.child::<Blocker>("a").is_err());
}

/// All that a tree offers may be dropped at any time.
#[tokio::test(start_paused = true)]
async fn every_order_can_be_dropped_at_every_poll() {
    let test = Test::new("orders_dropped").await;
    test.slow("slow", Duration::from_secs(1));
    let child = test.child("a").shutdown(Shutdown::Unlimited);
    let tree = test.start(Supervisor::builder(Strategy::OneForOne).child(child)).await;
    let pool = Supervisor::dynamic(|name: String| Worker::spawn_create("orders_dropped".into(), name));
    let pool = pool.restart(Restart::Temporary).start(&test.node).await.unwrap();
    let sound = async || {
        sleep(Duration::from_secs(2)).await;
        if tree.start_child("a").await.is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(worker(&tree, "a").call().await.is_ok());
    };
    at_every_poll(async |polls| {
        let ended = poll_then_drop(polls, tree.stop_child("a")).await.map(Result::unwrap);
        sound().await;
        ended
    })
    .await;
    at_every_poll(async |polls| {
        let ended = poll_then_drop(polls, tree.picture()).await.map(Result::unwrap);
        sound().await;
        ended
    })
    .await;
    at_every_poll(async |polls| {
        let _ = tree.add(test.child("slow").restart(Restart::Temporary)).await;
        let stopped = poll_then_drop(polls, tree.stop_child("slow")).await.map(drop);
        sound().await;
        stopped
    })
    .await;
    at_every_poll(async |polls| {
        let started = poll_then_drop(polls, pool.start_new::<Worker, _>("slow".to_owned())).await;
        sleep(Duration::from_secs(2)).await;
        // Whoever was asked for is there, or not: the supervisor goes on.
        let running = pool.count().await.running;
        let children = pool.children().await;
        assert_eq!(children.len() as u64, running);
        for child in children {
            pool.stop_child(&child.name).await.unwrap();
        }
        started.map(Result::unwrap)
    })
    .await;
    at_every_poll(async |polls| {
        let supervisor = pool.actor().clone();
        let name = "slow".to_owned();
        let started = poll_then_drop(polls, Supervisor::start_at::<Worker, _>(&supervisor, &name)).await;
        sleep(Duration::from_secs(2)).await;
        assert!(supervisor.count().await.is_ok());
        started.map(Result::unwrap)
    })
    .await;
    tree.stop().await;
    pool.stop().await;
    assert_eq!(test.node.actor_count(), 0);
}
