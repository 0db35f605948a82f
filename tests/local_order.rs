//! One method at a time, in order, on the caller's task where that is short, and on all cores where it is not.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use distributed_actor::{ActorRef, Node, distributed_actor};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
    poll,
};
use tokio::sync::Semaphore;

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

    #[distributed]
    fn takes(&mut self, micros: u64) -> String {
        // Virtual time has passed when `advance` is polled for the first time.
        tokio::time::advance(Duration::from_micros(micros)).now_or_never();
        current_task()
    }

    #[distributed]
    fn task(&self) -> String {
        current_task()
    }

    #[distributed]
    async fn task_of_an_async_fn(&mut self) -> String {
        current_task()
    }
}

fn current_task() -> String {
    format!("{:?} of {:?}", tokio::task::try_id(), thread::current().id())
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
            thread::spawn(move || block_on(future))
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
async fn a_method_runs_on_its_callers_task_once_it_has_proved_short_and_not_before() {
    let node = node().await;
    let actor = node.spawn(Scribe::default());
    tokio::spawn(async move {
        let caller = current_task();
        assert_ne!(actor.task().await.unwrap(), caller);
        assert_ne!(actor.task_of_an_async_fn().await.unwrap(), caller);
        for _ in 0..200 {
            assert_eq!(actor.task().await.unwrap(), caller);
            assert_eq!(actor.task_of_an_async_fn().await.unwrap(), caller);
        }
    })
    .await
    .unwrap();
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

#[tokio::test(start_paused = true)]
async fn a_method_that_takes_long_runs_on_a_task_of_its_own() {
    let node = node().await;
    let actor = node.spawn(Scribe::default());
    tokio::spawn(async move {
        let caller = current_task();
        for _ in 0..10 {
            assert_ne!(actor.takes(1000).await.unwrap(), caller);
        }
        // It has proved short for a while, and then becomes slow: that is noticed at the next measurement.
        for _ in 0..100 {
            actor.takes(0).await.unwrap();
        }
        assert_eq!(actor.takes(0).await.unwrap(), caller);
        let mut inlined = 0;
        while actor.takes(1000).await.unwrap() == caller {
            inlined += 1;
        }
        assert!(inlined <= 65, "{inlined}");
    })
    .await
    .unwrap();
}

/// A runtime is more than a place to run: an `async fn` may ask it for timers and tasks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_outside_any_runtime_does_not_run_an_async_fn_itself() {
    struct Sleeper;

    #[distributed_actor]
    impl Sleeper {
        #[distributed]
        async fn sleep(&mut self) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    let node = node().await;
    let actor = node.spawn(Sleeper);
    let called = tokio::task::spawn_blocking(move || {
        thread::spawn(move || (0..5).try_for_each(|_| block_on(actor.sleep().into_future()))).join()
    });
    called.await.unwrap().unwrap().unwrap();
}

/// R7
#[tokio::test]
async fn a_loop_of_inlined_calls_lets_timers_and_tasks_of_its_thread_run() {
    let (node, scribe) = (node().await, Scribe::default());
    let actor = node.spawn(scribe.clone());
    let rung = Arc::new(AtomicBool::new(false));
    let ring = rung.clone();
    let timer = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        ring.store(true, Ordering::SeqCst);
    });
    let started = Instant::now();
    while !rung.load(Ordering::SeqCst) {
        actor.short(0).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(60), "the timer never runs");
    }
    timer.await.unwrap();
}

/// R7
#[tokio::test(start_paused = true)]
async fn two_busy_actors_on_one_worker_take_turns() {
    let (node, log) = (node().await, Scribe::default());
    let actors = [node.spawn(log.clone()), node.spawn(log.clone())];
    // Nothing else runs while these are queued.
    tokio::task::unconstrained(async {
        for _ in 0..500 {
            for (name, actor) in (0..).zip(&actors) {
                actor.short(name).cast().await.unwrap();
            }
        }
    })
    .await;
    for actor in &actors {
        actor.at_once(2).await.unwrap();
    }
    let log = log.take_log();
    assert_eq!(log.iter().filter(|entry| **entry < 2).count(), 1000);
    let mut longest = 0;
    let mut run = 0;
    for pair in log.windows(2) {
        run = if pair[0] == pair[1] { run + 1 } else { 0 };
        longest = longest.max(run + 1);
    }
    assert!(longest <= 64, "one actor handled {longest} messages in a row");
}

#[derive(Clone, Default)]
struct Cruncher {
    running: Arc<AtomicU32>,
    at_once: Arc<AtomicU32>,
}

#[distributed_actor]
impl Cruncher {
    /// Computes for 2 ms, and until another one does so at the same time.
    #[distributed]
    fn crunch(&mut self) {
        let started = Instant::now();
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_once.fetch_max(running, Ordering::SeqCst);
        while started.elapsed() < Duration::from_millis(2)
            || self.at_once.load(Ordering::SeqCst) < 2 && started.elapsed() < Duration::from_secs(20)
        {
            thread::yield_now();
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// R5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_busy_actors_called_from_one_join_all_use_both_cores() {
    let node = node().await;
    let shared = Cruncher::default();
    let actors: Vec<_> = (0..10).map(|_| node.spawn(shared.clone())).collect();
    tokio::spawn(async move {
        for _ in 0..2 {
            shared.at_once.store(0, Ordering::SeqCst);
            for result in join_all(actors.iter().map(|actor| actor.crunch().into_future())).await {
                result.unwrap();
            }
            assert!(shared.at_once.load(Ordering::SeqCst) >= 2, "never did two run at once");
        }
    })
    .await
    .unwrap();
}

struct Runner {
    next: Option<ActorRef<Runner>>,
    rounds: Arc<AtomicU32>,
}

#[distributed_actor]
impl Runner {
    #[distributed]
    async fn pass(&mut self, rounds: u32) {
        match &self.next {
            Some(next) => next.pass(rounds).cast().await.unwrap(),
            None => drop(self.rounds.fetch_add(1, Ordering::SeqCst)),
        }
    }

    #[distributed]
    fn rounds(&self) -> u32 {
        self.rounds.load(Ordering::SeqCst)
    }
}

/// Each would run on the stack of the one before.
#[tokio::test(start_paused = true)]
async fn a_message_that_many_actors_pass_on_does_not_exhaust_the_stack() {
    let (node, rounds) = (node().await, Arc::new(AtomicU32::new(0)));
    let last = node.spawn(Runner { next: None, rounds: rounds.clone() });
    let first =
        (0..20_000).fold(last.clone(), |next, _| node.spawn(Runner { next: Some(next), rounds: rounds.clone() }));
    for round in 1..=3 {
        tokio::task::unconstrained(async { first.pass(round).cast().await.unwrap() }).await;
        while last.rounds().await.unwrap() < round {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn estimates_belong_to_one_actor_and_its_method() {
    let node = node().await;
    let (one, other) = (node.spawn(Scribe::default()), node.spawn(Scribe::default()));
    tokio::spawn(async move {
        let caller = current_task();
        let mut tasks = HashMap::new();
        for (name, actor) in [("one", &one), ("other", &other), ("one", &one), ("other", &other)] {
            tasks.entry(name).or_insert_with(Vec::new).push(actor.task().await.unwrap() == caller);
        }
        assert_eq!(tasks["one"], [false, true]);
        assert_eq!(tasks["other"], [false, true]);
    })
    .await
    .unwrap();
}

/// Runs a future on this thread, which need not know of any runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
