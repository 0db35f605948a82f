//! Where methods run: on the caller's task where they are short, on all cores where they are not, and in turn.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use distributed_actor::{ActorRef, Node, Overflow, SpawnOptions, distributed_actor};
use futures::{FutureExt, future::join_all};

#[derive(Clone, Default)]
struct Worker {
    log: Arc<Mutex<Vec<u32>>>,
}

#[distributed_actor]
impl Worker {
    #[distributed]
    fn note(&mut self, entry: u32) {
        self.log.lock().unwrap().push(entry);
    }

    #[distributed]
    fn task(&self) -> String {
        current_task()
    }

    #[distributed]
    async fn task_of_an_async_fn(&mut self) -> String {
        current_task()
    }

    #[distributed]
    async fn sees_a_runtime(&mut self) -> bool {
        tokio::runtime::Handle::try_current().is_ok()
    }

    #[distributed]
    fn takes(&mut self, micros: u64) -> String {
        // Virtual time has passed when `advance` is polled for the first time.
        tokio::time::advance(Duration::from_micros(micros)).now_or_never();
        current_task()
    }
}

fn current_task() -> String {
    format!("{:?} of {:?}", tokio::task::try_id(), thread::current().id())
}

async fn node() -> Node {
    Node::builder().start().await.unwrap()
}

/// R5
#[tokio::test(start_paused = true)]
async fn a_method_runs_on_its_callers_task_once_it_has_proved_short_and_not_before() {
    let node = node().await;
    let actor = node.spawn(Worker::default());
    tokio::spawn(async move {
        let caller = current_task();
        assert_ne!(actor.task().await.unwrap(), caller);
        assert_ne!(actor.task_of_an_async_fn().await.unwrap(), caller);
        for _ in 0..200 {
            assert_eq!(actor.task().await.unwrap(), caller);
            assert_eq!(actor.task_of_an_async_fn().await.unwrap(), caller);
            // What a task may do at a stretch is limited.
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_method_that_takes_long_runs_on_a_task_of_its_own() {
    let node = node().await;
    let actor = node.spawn(Worker::default());
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

/// An `async fn` may ask its runtime for timers and tasks.
#[tokio::test(start_paused = true)]
async fn a_caller_outside_any_runtime_does_not_run_an_async_fn_itself() {
    let node = node().await;
    let actor = node.spawn(Worker::default());
    for _ in 0..3 {
        assert!(actor.sees_a_runtime().await.unwrap());
    }
    let called = tokio::task::spawn_blocking(move || {
        thread::spawn(move || block_on(actor.sees_a_runtime().into_future())).join().unwrap()
    });
    assert!(called.await.unwrap().unwrap());
}

/// R7
#[tokio::test]
async fn a_loop_of_inlined_calls_lets_timers_and_tasks_of_its_thread_run() {
    let (node, worker) = (node().await, Worker::default());
    let actor = node.spawn(worker.clone());
    let rung = Arc::new(AtomicBool::new(false));
    let ring = rung.clone();
    let timer = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        ring.store(true, Ordering::SeqCst);
    });
    let started = Instant::now();
    while !rung.load(Ordering::SeqCst) {
        actor.note(0).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(60), "the timer never runs");
    }
    timer.await.unwrap();
}

/// R7
#[tokio::test]
async fn a_loop_of_calls_and_casts_that_never_wait_lets_others_of_its_thread_run() {
    let node = node().await;
    let actor = node.spawn_with(Worker::default(), SpawnOptions::new().mailbox(1).overflow(Overflow::DropNewest));
    let rung = Arc::new(AtomicBool::new(false));
    let ring = rung.clone();
    let task = tokio::spawn(async move { ring.store(true, Ordering::SeqCst) });
    let started = Instant::now();
    while !rung.load(Ordering::SeqCst) {
        actor.note(0).cast().await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(20), "the task never runs");
    }
    task.await.unwrap();
    // Nor do calls that are refused at once.
    actor.stop().await;
    rung.store(false, Ordering::SeqCst);
    let ring = rung.clone();
    let task = tokio::spawn(async move { ring.store(true, Ordering::SeqCst) });
    while !rung.load(Ordering::SeqCst) {
        actor.note(0).await.unwrap_err();
        actor.task_of_an_async_fn().await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(40), "the task never runs");
    }
    task.await.unwrap();
}

/// R7: after as many short methods as `activity_length_max` says.
#[tokio::test(start_paused = true)]
async fn two_busy_actors_on_one_worker_take_turns() {
    let (node, log) = (node().await, Worker::default());
    let actors = [node.spawn(log.clone()), node.spawn(log.clone())];
    // Nothing else runs while these are queued.
    tokio::task::unconstrained(async {
        for _ in 0..500 {
            for (name, actor) in (0..).zip(&actors) {
                actor.note(name).cast().await.unwrap();
            }
        }
    })
    .await;
    for actor in &actors {
        actor.task_of_an_async_fn().await.unwrap();
    }
    let log = log.log.lock().unwrap();
    assert_eq!(log.len(), 1000);
    let mut longest = 0;
    let mut run = 0;
    for pair in log.windows(2) {
        run = if pair[0] == pair[1] { run + 1 } else { 0 };
        longest = longest.max(run + 1);
    }
    assert!(longest <= 8 * 32, "one actor handled {longest} messages in a row");
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
    let (one, other) = (node.spawn(Worker::default()), node.spawn(Worker::default()));
    tokio::spawn(async move {
        let caller = current_task();
        for inlined in [false, true] {
            for actor in [&one, &other] {
                assert_eq!(actor.task().await.unwrap() == caller, inlined);
            }
        }
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
