//! The actor of the suite.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_core::{ActorRef, Bytes, Context, distributed_actor};
use actor_transport::Node;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::Ledger;

/// Does what a test asks for, and writes down what it has done.
pub struct Worker {
    ledger: Ledger,
    pub(super) control: Control,
    seen: Vec<u64>,
}

/// The test's side of a worker.
#[derive(Clone)]
pub(super) struct Control {
    /// What `wait` takes a permit of.
    pub(super) gate: Arc<Semaphore>,
    /// Calls of `wait` that have begun.
    pub(super) begun: Arc<AtomicUsize>,
    /// Calls of `wait` that were given up.
    pub(super) given_up: Arc<AtomicUsize>,
}

/// A method's own error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odd {
    pub(super) number: u64,
}

/// References within a structure.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Team {
    pub(super) first: ActorRef<Worker>,
    pub(super) others: Vec<ActorRef<Worker>>,
    pub(super) missing: Option<ActorRef<Worker>>,
}

impl Worker {
    pub(super) fn new(ledger: &Ledger) -> Self {
        let control = Control { gate: Arc::new(Semaphore::new(0)), begun: Arc::default(), given_up: Arc::default() };
        Self { ledger: ledger.clone(), control, seen: Vec::new() }
    }
}

#[distributed_actor(crate = actor_core, system = Node)]
impl Worker {
    /// Writes the call down.
    #[distributed]
    pub fn note(&mut self, call: u64) -> u64 {
        self.ledger.executed(call);
        self.seen.push(call);
        call
    }

    /// The same, with something to carry, which comes back.
    #[distributed]
    pub fn carry(&mut self, call: u64, load: Bytes) -> Bytes {
        self.note(call);
        load
    }

    #[distributed]
    pub async fn note_later(&mut self, call: u64) -> u64 {
        tokio::task::yield_now().await;
        self.note(call)
    }

    /// Remembers a number, and how many there are.
    #[distributed]
    pub fn mark(&mut self, number: u64, load: Bytes) -> usize {
        drop(load);
        self.seen.push(number);
        self.seen.len()
    }

    #[distributed]
    pub async fn mark_later(&mut self, number: u64) -> usize {
        tokio::task::yield_now().await;
        self.mark(number, Bytes::new())
    }

    #[distributed]
    pub fn seen(&self) -> Vec<u64> {
        self.seen.clone()
    }

    #[distributed]
    pub fn nothing(&self) {}

    #[distributed]
    pub fn echo(&self, load: Bytes) -> Bytes {
        load
    }

    #[distributed]
    pub fn made(&self, length: usize) -> Bytes {
        vec![7; length].into()
    }

    #[distributed]
    pub fn halve(&self, number: u64) -> Result<u64, Odd> {
        if number.is_multiple_of(2) { Ok(number / 2) } else { Err(Odd { number }) }
    }

    #[distributed]
    pub fn panic_on_purpose(&mut self) {
        std::panic::resume_unwind(Box::new("on purpose"));
    }

    /// Ends when the test lets it.
    #[distributed]
    pub async fn wait(&mut self, number: u64) -> u64 {
        let mut waiting = Waiting { given_up: Some(self.control.given_up.clone()) };
        self.control.begun.fetch_add(1, Ordering::SeqCst);
        if let Ok(permit) = self.control.gate.clone().acquire_owned().await {
            permit.forget();
        }
        waiting.given_up = None;
        self.seen.push(number);
        number
    }

    #[distributed(complete)]
    pub async fn wait_in_any_case(&mut self, number: u64) -> u64 {
        self.wait(number).await
    }

    /// How many milliseconds are left, and whether another node calls.
    #[distributed]
    pub fn surroundings(&self, #[ctx] ctx: &Context<Self>) -> (u64, bool) {
        let now = tokio::time::Instant::now().into_std();
        let left = ctx.deadline().map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(now));
        let from_elsewhere = ctx.caller().and_then(|caller| caller.node()).is_some();
        (u64::try_from(left.as_millis()).unwrap_or(u64::MAX), from_elsewhere)
    }

    /// What another one says of its surroundings, called by this one.
    #[distributed]
    pub async fn surroundings_of(&mut self, other: ActorRef<Worker>) -> Option<(u64, bool)> {
        other.surroundings().await.ok()
    }

    #[distributed]
    pub fn me(&self, #[ctx] ctx: &Context<Self>) -> ActorRef<Worker> {
        ctx.actor_ref()
    }

    #[distributed]
    pub fn same(&self, other: ActorRef<Worker>) -> ActorRef<Worker> {
        other
    }

    #[distributed]
    pub fn mixed(&self, team: Team) -> Vec<ActorRef<Worker>> {
        team.missing.into_iter().chain(team.others).chain([team.first]).collect()
    }

    /// Calls the first of the others, which calls the next one, and so on; the last one writes the call down.
    #[distributed]
    pub async fn relay(&mut self, call: u64, mut hops: Vec<ActorRef<Worker>>) -> Result<u64, String> {
        if hops.is_empty() {
            return Ok(self.note(call));
        }
        let next = hops.remove(0);
        next.relay(call, hops).await.map_err(|error| error.to_string())
    }
}

/// Tells when the method that waits is dropped.
struct Waiting {
    given_up: Option<Arc<AtomicUsize>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(given_up) = &self.given_up {
            given_up.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Control {
    pub(super) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    pub(super) fn given_up(&self) -> usize {
        self.given_up.load(Ordering::SeqCst)
    }

    /// Lets so many calls of `wait` end.
    pub(super) fn open(&self, calls: usize) {
        self.gate.add_permits(calls);
    }
}

/// After so many bytes they repeat, so that megabytes take no time: a prime, of which no chunk and no read is a multiple.
const PERIOD: usize = 65_521;

/// Bytes that differ by their place, so that none that is lost or moved goes unnoticed.
pub(super) fn pattern(length: usize, seed: usize) -> Bytes {
    let byte = |at: usize| (at.wrapping_mul(31).wrapping_add(at >> 8).wrapping_add(seed) % 251) as u8;
    let block: Vec<u8> = (0..length.min(PERIOD)).map(byte).collect();
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let left = block.len().min(length - bytes.len());
        bytes.extend_from_slice(block.get(..left).unwrap_or_default());
    }
    bytes.into()
}
