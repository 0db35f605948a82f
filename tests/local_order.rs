//! One method of an actor runs at a time, and those of one sender in order.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{ActorRef, Node, SpawnOptions, distributed_actor};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
    poll,
};
use tokio::{sync::Semaphore, time::sleep};

/// Writes down what runs, and notices if two methods run at once.
#[derive(Clone, Default)]
struct Scribe {
    log: Arc<Mutex<Vec<u32>>>,
    running: Arc<AtomicBool>,
    gate: Arc<Gate>,
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Scribe {
    fn enter(&self) {
        assert!(!self.running.swap(true, Ordering::SeqCst), "two methods of one actor run at once");
    }

    fn leave(&self, entry: u32) {
        self.log.lock().unwrap().push(entry);
        assert!(self.running.swap(false, Ordering::SeqCst), "two methods of one actor run at once");
    }

    fn take_log(&self) -> Vec<u32> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    fn open_gate(&self) {
        self.gate.0.add_permits(1);
    }
}

#[distributed_actor]
impl Scribe {
    #[distributed]
    fn short(&mut self, entry: u32) {
        self.enter();
        self.leave(entry);
    }

    #[distributed]
    async fn at_once(&mut self, entry: u32) {
        self.enter();
        self.leave(entry);
    }

    #[distributed]
    async fn yielding(&mut self, entry: u32) {
        self.enter();
        tokio::task::yield_now().await;
        self.leave(entry);
    }

    #[distributed]
    async fn gated(&mut self, entry: u32) {
        self.enter();
        self.gate.0.acquire().await.unwrap().forget();
        self.leave(entry);
    }
}

async fn node() -> Node {
    Node::builder().start().await.unwrap()
}

/// Every method has run once, and in virtual time that makes it short.
async fn prove_short(actor: &ActorRef<Scribe>, scribe: &Scribe) {
    scribe.open_gate();
    actor.gated(0).await.unwrap();
    actor.short(0).await.unwrap();
    actor.at_once(0).await.unwrap();
    actor.yielding(0).await.unwrap();
    scribe.take_log();
}

/// R6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_method_runs_at_a_time_whoever_calls_from_wherever() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    let rounds = 300;
    let calls = |actor: ActorRef<Scribe>| async move {
        for _ in 0..rounds {
            actor.short(1).await.unwrap();
            actor.yielding(1).await.unwrap();
            actor.short(1).cast().await.unwrap();
            actor.at_once(1).await.unwrap();
        }
    };
    let tasks: Vec<_> = (0..4).map(|_| tokio::spawn(calls(actor.clone()))).collect();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let future = calls(actor.clone());
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(future);
            })
        })
        .collect();
    join_all(tasks).await.into_iter().for_each(|ended| ended.unwrap());
    tokio::task::spawn_blocking(|| threads.into_iter().for_each(|ended| ended.join().unwrap())).await.unwrap();
    actor.yielding(1).await.unwrap();
    assert_eq!(scribe.take_log().len(), 6 * 4 * rounds + 1);
}

/// R61
#[tokio::test(start_paused = true)]
async fn calls_of_one_task_run_in_order() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    for round in 0..3 {
        actor.yielding(1).cast().await.unwrap();
        actor.short(2).cast().await.unwrap();
        actor.short(3).await.unwrap();
        actor.at_once(4).cast().await.unwrap();
        actor.yielding(5).await.unwrap();
        actor.short(6).cast().await.unwrap();
        actor.at_once(7).await.unwrap();
        assert_eq!(scribe.take_log(), [1, 2, 3, 4, 5, 6, 7], "round {round}");
    }
}

/// R61
#[tokio::test(start_paused = true)]
async fn joined_calls_run_in_the_order_of_their_first_poll() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    // From the second round on they are inlined where possible.
    for round in 0..3 {
        let calls: Vec<BoxFuture<'_, ()>> = vec![
            async { actor.short(1).await.unwrap() }.boxed(),
            async { actor.at_once(2).await.unwrap() }.boxed(),
            async { actor.yielding(3).await.unwrap() }.boxed(),
            async { actor.short(4).await.unwrap() }.boxed(),
            async { actor.short(5).cast().await.unwrap() }.boxed(),
            async { actor.at_once(6).await.unwrap() }.boxed(),
            async { actor.yielding(7).cast().await.unwrap() }.boxed(),
            async { actor.when_local(|scribe| scribe.short(8)).await.unwrap() }.boxed(),
            async { actor.short(9).await.unwrap() }.boxed(),
        ];
        join_all(calls).await;
        assert_eq!(scribe.take_log(), [1, 2, 3, 4, 5, 6, 7, 8, 9], "round {round}");
    }
}

/// R61
#[tokio::test(start_paused = true)]
async fn many_joined_calls_run_in_the_order_of_their_first_poll() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    prove_short(&actor, &scribe).await;
    // More than a task may do at a stretch, and more than there is room for.
    for count in [300, 3000] {
        let calls = (0..count).map(|entry| -> BoxFuture<'_, ()> {
            let actor = &actor;
            match entry % 4 {
                0 => async move { actor.short(entry).await.unwrap() }.boxed(),
                1 => async move { actor.yielding(entry).await.unwrap() }.boxed(),
                2 => async move { actor.at_once(entry).await.unwrap() }.boxed(),
                _ => async move { actor.short(entry).cast().await.unwrap() }.boxed(),
            }
        });
        join_all(calls).await;
        actor.at_once(count).await.unwrap();
        assert_eq!(scribe.take_log(), (0..=count).collect::<Vec<_>>());
    }
}

/// R61
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_senders_order_holds_while_others_send() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    let senders = (1..=4).map(|sender: u32| {
        let actor = actor.clone();
        tokio::spawn(async move {
            for n in 0..50 {
                let entry = |step| sender * 1000 + n * 4 + step;
                actor.short(entry(0)).cast().await.unwrap();
                actor.yielding(entry(1)).cast().await.unwrap();
                let (one, two) =
                    futures::join!(actor.short(entry(2)).into_future(), actor.at_once(entry(3)).into_future());
                one.unwrap();
                two.unwrap();
            }
        })
    });
    join_all(senders).await.into_iter().for_each(|ended| ended.unwrap());
    let log = scribe.take_log();
    for sender in 1..=4 {
        let of_one: Vec<_> = log.iter().filter(|entry| *entry / 1000 == sender).copied().collect();
        assert_eq!(of_one, (sender * 1000..sender * 1000 + 200).collect::<Vec<_>>());
    }
}

/// R61
#[tokio::test(start_paused = true)]
async fn a_short_method_queues_behind_a_pending_one_and_runs_when_that_has_ended() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    for round in 0..3 {
        let mut first = actor.gated(1).into_future();
        assert!(poll!(&mut first).is_pending());
        let mut second = actor.short(2).into_future();
        let mut third = actor.at_once(3).into_future();
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        tokio::task::yield_now().await;
        assert!(scribe.take_log().is_empty());
        scribe.open_gate();
        // Polled last to first: the order is that of the first poll.
        third.await.unwrap();
        second.await.unwrap();
        first.await.unwrap();
        assert_eq!(scribe.take_log(), [1, 2, 3], "round {round}");
    }
}

/// R24, R61
#[tokio::test(start_paused = true)]
async fn when_local_runs_in_its_turn() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    let mut first = actor.gated(1).into_future();
    assert!(poll!(&mut first).is_pending());
    let mut second = pin!(actor.when_local(|scribe| {
        scribe.short(2);
        scribe.log.lock().unwrap().len()
    }));
    assert!(poll!(&mut second).is_pending());
    actor.short(3).cast().await.unwrap();
    scribe.open_gate();
    assert_eq!(second.await, Some(2));
    actor.short(4).await.unwrap();
    assert_eq!(scribe.take_log(), [1, 2, 3, 4]);
}

/// R5
#[tokio::test(start_paused = true)]
async fn a_short_call_on_an_idle_actor_is_ready_at_the_first_poll() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    prove_short(&actor, &scribe).await;
    assert!(matches!(poll!(actor.short(1).into_future()), Poll::Ready(Ok(()))));
    assert!(matches!(poll!(actor.short(2).cast()), Poll::Ready(Ok(()))));
    assert!(matches!(poll!(actor.at_once(3).into_future()), Poll::Ready(Ok(()))));
    assert_eq!(scribe.take_log(), [1, 2, 3]);
}

struct Desk {
    gate: Arc<Semaphore>,
    heard: Arc<Mutex<Vec<u32>>>,
}

#[distributed_actor]
impl Desk {
    #[distributed]
    async fn is_busy(&mut self) {
        self.gate.acquire().await.unwrap().forget();
    }

    #[distributed]
    fn hear(&mut self, what: u32) {
        self.heard.lock().unwrap().push(what);
    }

    #[distributed(urgent)]
    async fn alarm(&mut self, what: u32) {
        self.heard.lock().unwrap().push(what);
    }
}

/// R69
#[tokio::test(start_paused = true)]
async fn calls_of_urgent_methods_go_ahead_of_what_waits_from_wherever_they_come() {
    let [here, there] = Network::seeded(69).nodes().await;
    let (gate, heard) = (Arc::new(Semaphore::new(0)), Arc::<Mutex<Vec<u32>>>::default());
    let desk = Desk { gate: gate.clone(), heard: heard.clone() };
    let desk = here.spawn_with(desk, SpawnOptions::new().mailbox(4));
    let remote: ActorRef<Desk> = there.resolve(desk.id()).unwrap();
    desk.is_busy().cast().await.unwrap();
    for what in 1..=4 {
        desk.hear(what).cast().await.unwrap();
    }
    desk.alarm(10).cast().await.unwrap();
    let (called, given_up) = (desk.alarm(11), desk.alarm(12).timeout(Duration::from_millis(1)));
    let opened = async {
        remote.alarm(13).cast().await.unwrap();
        sleep(Duration::from_millis(100)).await;
        // What runs is not disturbed.
        assert!(heard.lock().unwrap().is_empty());
        gate.add_permits(1);
    };
    let (called, given_up, ()) = tokio::join!(called, given_up, opened);
    assert!(called.is_ok() && given_up.is_err());
    desk.hear(5).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [10, 11, 13, 1, 2, 3, 4, 5]);
}
