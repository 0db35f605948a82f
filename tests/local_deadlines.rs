//! What becomes of a call whose caller has gone, or whose time is over.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{ActorRef, CallError, Context, DeadLetter, Node, Outcome, SystemError, distributed_actor};
use futures::poll;
use tokio::{sync::Semaphore, time::Instant};

/// What a test sees of its actor from outside.
#[derive(Clone, Default)]
struct Seen {
    began: Arc<AtomicU32>,
    ended: Arc<AtomicU32>,
    /// Methods that were given up half-way.
    torn: Arc<AtomicU32>,
    notes: Arc<AtomicU32>,
    answers: Arc<Mutex<Vec<Answer>>>,
    gate: Arc<Gate>,
    /// Gets a permit for each method that ends, in whatever way.
    over: Arc<Gate>,
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Gate {
    async fn pass(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

impl Seen {
    fn counts(&self) -> (u32, u32, u32) {
        let count = |counter: &AtomicU32| counter.load(Ordering::SeqCst);
        (count(&self.began), count(&self.ended), count(&self.torn))
    }

    fn notes(&self) -> u32 {
        self.notes.load(Ordering::SeqCst)
    }

    async fn work(&self) {
        struct Torn<'a>(&'a Seen, bool);
        impl Drop for Torn<'_> {
            fn drop(&mut self) {
                let counter = if self.1 { &self.0.ended } else { &self.0.torn };
                counter.fetch_add(1, Ordering::SeqCst);
                self.0.over.0.add_permits(1);
            }
        }
        self.began.fetch_add(1, Ordering::SeqCst);
        let mut torn = Torn(self, false);
        self.gate.pass().await;
        torn.1 = true;
    }
}

struct Worker {
    seen: Seen,
    other: Option<ActorRef<Worker>>,
}

#[distributed_actor]
impl Worker {
    #[distributed]
    async fn work(&mut self) {
        self.seen.work().await;
    }

    #[distributed(complete)]
    async fn work_to_the_end(&mut self) {
        self.seen.work().await;
    }

    #[distributed]
    fn note(&mut self) {
        self.seen.notes.fetch_add(1, Ordering::SeqCst);
    }

    #[distributed]
    fn keep(&mut self, other: ActorRef<Worker>) {
        self.other = Some(other);
    }

    /// Waits, then calls the other one, and writes down what came of that.
    #[distributed]
    async fn delegate(&mut self, #[ctx] ctx: &Context<Self>, pause: Duration, timeout: Option<Duration>) {
        tokio::time::sleep(pause).await;
        let started = Instant::now();
        let left = ctx.deadline().unwrap() - started.into_std();
        let other = self.other.as_ref().unwrap();
        let result = match timeout {
            Some(timeout) => other.work().timeout(timeout).await,
            None => other.work().await,
        };
        let result = result.map_err(|CallError::System(error)| error);
        self.seen.answers.lock().unwrap().push(Answer { result, took: started.elapsed(), left });
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    result: Result<(), SystemError>,
    took: Duration,
    left: Duration,
}

async fn worker() -> (Node, ActorRef<Worker>, Seen) {
    let node = Node::builder().start().await.unwrap();
    let seen = Seen::default();
    let actor = node.spawn(Worker { seen: seen.clone(), other: None });
    (node, actor, seen)
}

fn deadline<T>(result: Result<T, CallError>) -> (Duration, Outcome) {
    match result.map(drop) {
        Err(CallError::System(SystemError::Deadline { after, outcome })) => (after, outcome),
        other => panic!("{other:?}"),
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// R15
#[tokio::test(start_paused = true)]
async fn a_call_has_ten_seconds_unless_it_says_otherwise() {
    let (_node, actor, _) = worker().await;
    let started = Instant::now();
    assert_eq!(deadline(actor.work().await), (10 * SECOND, Outcome::Unknown));
    assert_eq!(started.elapsed(), 10 * SECOND);
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_call_may_ask_for_less_time_or_for_more_up_to_an_hour() {
    for (asked, given) in [(SECOND / 20, SECOND / 20), (60 * SECOND, 60 * SECOND), (Duration::MAX, 3600 * SECOND)] {
        let (_node, actor, _) = worker().await;
        let started = Instant::now();
        assert_eq!(deadline(actor.work().timeout(asked).await), (given, Outcome::Unknown));
        assert_eq!(started.elapsed(), given);
    }
}

/// R15
#[tokio::test(start_paused = true)]
async fn the_default_time_is_the_nodes() {
    let node = Node::builder().call_timeout(3 * SECOND).start().await.unwrap();
    let actor = node.spawn(Worker { seen: Seen::default(), other: None });
    assert_eq!(deadline(actor.work().await), (3 * SECOND, Outcome::Unknown));
}

/// R15, R33
#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_over_in_the_queue_was_not_executed_and_never_is() {
    let (_node, actor, seen) = worker().await;
    let running = tokio::spawn({
        let actor = actor.clone();
        async move { actor.work().await }
    });
    tokio::task::yield_now().await;
    let (one, two) =
        futures::join!(actor.work().timeout(SECOND).into_future(), actor.note().timeout(2 * SECOND).into_future());
    assert_eq!(deadline(one), (SECOND, Outcome::NotExecuted));
    assert_eq!(deadline(two), (2 * SECOND, Outcome::NotExecuted));
    seen.gate.0.add_permits(5);
    running.await.unwrap().unwrap();
    actor.note().await.unwrap();
    assert_eq!((seen.counts(), seen.notes()), ((1, 1, 0), 1));
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_local_call_whose_time_is_over_runs_on() {
    let (_node, actor, seen) = worker().await;
    // The second time it begins on this task.
    for round in 1..=3 {
        assert_eq!(deadline(actor.work().timeout(SECOND).await), (SECOND, Outcome::Unknown));
        assert_eq!(seen.counts(), (round, round - 1, 0));
        seen.gate.0.add_permits(1);
        actor.note().await.unwrap();
        assert_eq!(seen.counts(), (round, round, 0));
    }
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_dropped_caller_does_not_tear_a_pending_async_fn() {
    let (_node, actor, seen) = worker().await;
    for round in 1..=3 {
        let mut call = actor.work().into_future();
        assert!(poll!(&mut call).is_pending());
        while seen.counts().0 < round {
            tokio::task::yield_now().await;
        }
        drop(call);
        let after = actor.note().into_future();
        seen.gate.0.add_permits(1);
        after.await.unwrap();
        assert_eq!(seen.counts(), (round, round, 0));
    }
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_the_queue_never_runs_and_lets_its_arguments_go() {
    let (node, actor, seen) = worker().await;
    let mut running = actor.work().into_future();
    assert!(poll!(&mut running).is_pending());
    let argument = node.spawn(Worker { seen: seen.clone(), other: None });
    let gone = argument.terminated();
    let mut queued = actor.keep(argument).into_future();
    let mut noted = actor.note().into_future();
    let mut looked = Box::pin(actor.when_local(|worker| worker.note()));
    assert!(poll!(&mut queued).is_pending() && poll!(&mut noted).is_pending() && poll!(&mut looked).is_pending());
    drop((queued, noted, looked));
    // The actor is still at work, and nothing waits for it any more.
    gone.await;
    seen.gate.0.add_permits(1);
    running.await.unwrap();
    assert!(actor.when_local(|worker| worker.other.is_none()).await.unwrap());
    assert_eq!(seen.notes(), 0);
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_polled_does_nothing() {
    let (_node, actor, seen) = worker().await;
    drop(actor.note());
    drop(actor.note().into_future());
    drop(actor.note().cast());
    tokio::time::sleep(SECOND).await;
    assert_eq!(seen.notes(), 0);
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_nested_call_has_what_is_left_of_the_time() {
    // Its own default, a longer time and a shorter one.
    for (pause, asked, after) in
        [(4 * SECOND, None, 6 * SECOND), (SECOND, Some(60 * SECOND), 9 * SECOND), (SECOND, Some(SECOND), SECOND)]
    {
        let (node, actor, seen) = worker().await;
        let other = node.spawn(Worker { seen: Seen::default(), other: None });
        actor.keep(other).await.unwrap();
        // It goes on when its own time is over, and so sees what came of its call.
        let _ = actor.delegate(pause, asked).timeout(10 * SECOND).await;
        actor.note().await.unwrap();
        let result = Err(SystemError::Deadline { after, outcome: Outcome::Unknown });
        assert_eq!(*seen.answers.lock().unwrap(), [Answer { result, took: after, left: 10 * SECOND - pause }]);
    }
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_call_made_when_the_time_is_over_is_not_executed() {
    let (node, actor, _) = worker().await;
    let seen = Seen::default();
    let other = node.spawn(Worker { seen: seen.clone(), other: None });
    actor.keep(other).await.unwrap();
    let delegated = actor.delegate(2 * SECOND, None).timeout(SECOND).await;
    assert!(matches!(delegated, Err(CallError::System(SystemError::Deadline { outcome: Outcome::Unknown, .. }))));
    actor.note().await.unwrap();
    assert_eq!(seen.counts(), (0, 0, 0));
}

/// R62
#[tokio::test(start_paused = true)]
async fn a_one_way_call_whose_time_is_over_in_the_queue_is_a_dead_letter() {
    let letters = Arc::new(Mutex::new(Vec::new()));
    let hook = letters.clone();
    let hook = move |letter: &DeadLetter| hook.lock().unwrap().push(letter.clone());
    let node = Node::builder().on_dead_letter(hook).start().await.unwrap();
    let seen = Seen::default();
    let actor = node.spawn(Worker { seen: seen.clone(), other: None });
    actor.work().cast().await.unwrap();
    actor.note().timeout(SECOND).cast().await.unwrap();
    actor.note().timeout(3 * SECOND).cast().await.unwrap();
    tokio::time::sleep(2 * SECOND).await;
    seen.gate.0.add_permits(1);
    actor.note().await.unwrap();
    assert_eq!(seen.notes(), 2);
    let letters = letters.lock().unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].error, SystemError::Deadline { after: SECOND, outcome: Outcome::NotExecuted });
}

/// A worker on one node, and the way to it from another.
async fn remote_worker() -> (Network, [Node; 2], ActorRef<Worker>, Seen) {
    let network = Network::seeded(1);
    let nodes: [Node; 2] = network.nodes().await;
    let seen = Seen::default();
    let actor = nodes[0].spawn(Worker { seen: seen.clone(), other: None });
    nodes[0].retain(&actor).unwrap();
    let remote = nodes[1].resolve(actor.id()).unwrap();
    (network, nodes, remote, seen)
}

async fn soon(future: impl Future<Output = ()>) {
    tokio::time::timeout(SECOND, future).await.expect("it did not come to pass");
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_remote_call_that_is_dropped_is_cancelled_at_the_methods_next_await() {
    let (_network, _nodes, actor, seen) = remote_worker().await;
    for round in 1..=3 {
        let dropped = tokio::time::timeout(SECOND, actor.work().into_future()).await;
        assert!(dropped.is_err());
        soon(seen.over.pass()).await;
        assert_eq!(seen.counts(), (round, 0, round));
        // The actor lives on.
        actor.note().await.unwrap();
        assert_eq!(seen.notes(), round);
    }
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_remote_call_whose_time_is_over_is_cancelled_at_the_methods_next_await() {
    let (_network, _nodes, actor, seen) = remote_worker().await;
    assert_eq!(deadline(actor.work().timeout(SECOND).await), (SECOND, Outcome::Unknown));
    soon(seen.over.pass()).await;
    assert_eq!(seen.counts(), (1, 0, 1));
    actor.note().await.unwrap();
}

/// R15
#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_remote_call_holds_where_its_caller_cannot_be_heard() {
    let (network, [a, b], actor, seen) = remote_worker().await;
    let mut call = actor.work().timeout(2 * SECOND).into_future();
    let started = Instant::now();
    assert!(poll!(&mut call).is_pending());
    while seen.counts().0 == 0 {
        tokio::task::yield_now().await;
    }
    network.partition(&a, &b);
    tokio::time::timeout(5 * SECOND, seen.over.pass()).await.unwrap();
    assert!(started.elapsed() <= 2 * SECOND + SECOND / 4, "{:?}", started.elapsed());
    assert_eq!(seen.counts(), (1, 0, 1));
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_method_that_completes_runs_on_without_its_remote_caller() {
    let (_network, _nodes, actor, seen) = remote_worker().await;
    let dropped = tokio::time::timeout(SECOND, actor.work_to_the_end().into_future()).await;
    assert!(dropped.is_err());
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!(seen.counts(), (1, 0, 0));
    seen.gate.0.add_permits(1);
    soon(seen.over.pass()).await;
    assert_eq!(deadline(actor.work_to_the_end().timeout(SECOND).await), (SECOND, Outcome::Unknown));
    tokio::time::sleep(20 * SECOND).await;
    seen.gate.0.add_permits(1);
    soon(seen.over.pass()).await;
    assert_eq!(seen.counts(), (2, 2, 0));
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_remote_call_that_is_dropped_in_the_queue_never_runs() {
    let (_network, _nodes, actor, seen) = remote_worker().await;
    let mut running = pin!(actor.work().into_future());
    assert!(poll!(&mut running).is_pending());
    while seen.counts().0 == 0 {
        tokio::task::yield_now().await;
    }
    assert!(tokio::time::timeout(SECOND, actor.note().into_future()).await.is_err());
    tokio::time::sleep(SECOND).await;
    seen.gate.0.add_permits(1);
    assert!(matches!(running.await, Ok(())));
    actor.work().cast().await.unwrap();
    seen.gate.0.add_permits(1);
    soon(async {
        seen.over.pass().await;
        seen.over.pass().await;
    })
    .await;
    assert_eq!((seen.notes(), seen.counts()), (0, (2, 2, 0)));
}

/// R15
#[tokio::test(start_paused = true)]
async fn what_is_left_of_the_time_travels_from_node_to_node() {
    let network = Network::seeded(1);
    let [a, b, c] = network.nodes().await;
    let (first, last) = (Seen::default(), Seen::default());
    let there = c.spawn(Worker { seen: last.clone(), other: None });
    let middle_there = b.spawn(Worker { seen: first.clone(), other: Some(b.resolve(there.id()).unwrap()) });
    let middle: ActorRef<Worker> = a.resolve(middle_there.id()).unwrap();
    let started = Instant::now();
    let outer = middle.delegate(4 * SECOND, Some(3 * SECOND)).timeout(9 * SECOND).await;
    outer.unwrap();
    soon(last.over.pass()).await;
    let result = Err(SystemError::Deadline { after: 3 * SECOND, outcome: Outcome::Unknown });
    assert_eq!(*first.answers.lock().unwrap(), [Answer { result, took: 3 * SECOND, left: 5 * SECOND }]);
    assert_eq!(started.elapsed(), 7 * SECOND);
    // With no time of its own, the last call ends with the first.
    let outer = middle.delegate(4 * SECOND, None).timeout(9 * SECOND).await;
    assert_eq!(deadline(outer), (9 * SECOND, Outcome::Unknown));
    soon(last.over.pass()).await;
    assert_eq!(started.elapsed(), 16 * SECOND);
    assert_eq!(last.counts(), (2, 0, 2));
}
