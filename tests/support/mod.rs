//! What the tests of nodes share: an actor that does what it is asked for, and nodes that know one another.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses a part of it")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use distributed_actor::{ActorRef, CallError, Context, Limits, Never, Node, Outcome, SystemError, distributed_actor};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// Where the nodes of a test can listen; a port or name is chosen for each.
pub const TRANSPORTS: [&str; 2] = ["tcp://127.0.0.1:0", "mem://?"];

/// Longer than anything here takes, shorter than a test's patience.
pub const LONG: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("missing {missing}")]
pub struct Refused {
    pub missing: u64,
}

/// How much time is left, the trace, and whether another node calls.
pub type Surroundings = (Option<Duration>, Option<String>, bool);

/// Does what a test asks for, and writes down what it did.
#[derive(Default)]
pub struct Worker {
    pub seen: Vec<u64>,
    /// What `wait` waits for.
    pub gate: Option<Arc<Semaphore>>,
    /// How often `wait` and `hang` have begun.
    pub begun: Arc<AtomicUsize>,
    /// Shared with the test, which sees when the state is dropped.
    pub life: Arc<()>,
}

#[distributed_actor]
impl Worker {
    #[distributed]
    pub fn echo(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    #[distributed]
    pub fn shared(&mut self, bytes: Bytes) -> Bytes {
        bytes
    }

    #[distributed]
    pub fn made(&mut self, length: usize) -> Vec<u8> {
        vec![7; length]
    }

    #[distributed]
    pub fn note(&mut self, number: u64, ballast: Bytes) -> usize {
        let _ = ballast;
        self.seen.push(number);
        self.seen.len()
    }

    #[distributed]
    pub fn seen(&self) -> Vec<u64> {
        self.seen.clone()
    }

    #[distributed]
    pub fn halve(&self, number: u64) -> Result<u64, Refused> {
        if number.is_multiple_of(2) { Ok(number / 2) } else { Err(Refused { missing: 1 }) }
    }

    #[distributed]
    pub fn words(&self, text: String) -> Result<usize, String> {
        if text.is_empty() { Err("no words".into()) } else { Ok(text.split(' ').count()) }
    }

    /// Takes one permit of the test's gate.
    #[distributed]
    pub async fn wait(&mut self, number: u64) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst);
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        self.seen.push(number);
        number
    }

    #[distributed]
    pub async fn sleep(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    #[distributed]
    pub async fn hang(&mut self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }

    #[distributed]
    pub fn panic(&mut self, text: String) {
        panic!("{text}");
    }

    /// How much time is left, the trace, and whether another node calls.
    #[distributed]
    pub fn surroundings(&self, #[ctx] ctx: &Context<Self>) -> Surroundings {
        let left = ctx.deadline().map(|deadline| deadline.saturating_duration_since(now()));
        let from_elsewhere = ctx.caller().and_then(|caller| caller.node()).is_some();
        (left, ctx.trace_parent().map(|trace| trace.to_string()), from_elsewhere)
    }

    /// The surroundings of a call that this one makes.
    #[distributed]
    pub async fn ask(&mut self, other: ActorRef<Worker>) -> Result<Surroundings, String> {
        other.surroundings().await.map_err(|error| error.to_string())
    }

    /// Hands a reference on.
    #[distributed]
    pub fn same(&self, other: ActorRef<Worker>) -> ActorRef<Worker> {
        other
    }

    /// A new actor, which ends with this one.
    #[distributed]
    pub fn child(&self, #[ctx] ctx: &Context<Self>) -> ActorRef<Worker> {
        ctx.spawn(Worker::default())
    }
}

impl Worker {
    /// One that waits at `gate`.
    pub fn gated(gate: &Arc<Semaphore>) -> Self {
        Self { gate: Some(gate.clone()), ..Self::default() }
    }
}

/// The time as nodes see it.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A node that listens, and one that does not.
pub async fn pair(listen: &str) -> (Node, Node) {
    pair_with(listen, Limits::default()).await
}

/// The same, both with these limits.
pub async fn pair_with(listen: &str, limits: Limits) -> (Node, Node) {
    let server = Node::builder().listen(listen).limits(limits.clone()).start().await.unwrap();
    let client = Node::builder().limits(limits).start().await.unwrap();
    (server, client)
}

/// A worker on `server` and the client's reference to it.
pub async fn worker(server: &Node, client: &Node) -> (ActorRef<Worker>, ActorRef<Worker>) {
    place(server, client, Worker::default()).await
}

/// The same with this worker.
pub async fn place(server: &Node, client: &Node, worker: Worker) -> (ActorRef<Worker>, ActorRef<Worker>) {
    let local = server.spawn(worker);
    client.introduce(server.id(), server.addresses());
    let remote = client.resolve(local.id()).unwrap();
    (local, remote)
}

/// The system's error of a call that failed with one.
#[track_caller]
pub fn system<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, CallError<E>>) -> SystemError {
    match result {
        Err(CallError::System(error)) => error,
        other => panic!("not a system error: {other:?}"),
    }
}

/// The outcome of a call that failed in the system.
#[track_caller]
pub fn outcome<T: std::fmt::Debug>(result: Result<T, CallError<Never>>) -> Outcome {
    system(result).outcome()
}

/// Lets other tasks run until `done`, at most for long.
pub async fn until(mut done: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + LONG;
    while !done() {
        assert!(std::time::Instant::now() < end, "it did not come to pass");
        tokio::task::yield_now().await;
    }
}

/// The same in virtual time, which goes on meanwhile.
pub async fn until_in_time(mut done: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + LONG;
    while !done() {
        assert!(tokio::time::Instant::now() < end, "it did not come to pass");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// How many sessions a node has.
pub fn sessions(node: &Node) -> usize {
    node.peers().iter().filter(|peer| peer.connected).count()
}
