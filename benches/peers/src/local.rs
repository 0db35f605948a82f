//! What is measured in one process.

use std::{
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use crate::{
    contender::{Actor, Service},
    load::{self, Call},
    process,
    row::{Figures, Work},
};

/// How many actors there are for the row of their memory. The resident memory of a process is known to a few hundred KiB.
const IDLE: usize = 200_000;

/// The state of every contender.
pub(crate) struct Counter {
    value: u64,
}

static COUNTERS: AtomicUsize = AtomicUsize::new(0);

impl Counter {
    pub(crate) fn new() -> Self {
        COUNTERS.fetch_add(1, Ordering::Relaxed);
        Self { value: 0 }
    }

    pub(crate) fn add(&mut self, n: u64) -> u64 {
        self.value += n;
        self.value
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        COUNTERS.fetch_sub(1, Ordering::Release);
    }
}

pub(crate) async fn service<S: Service>(work: Work, time: Duration) -> Figures {
    let host = S::host().await;
    let call = Calls(S::spawn(&host).await);
    match work {
        Work::Sequential => {
            let done = load::run(1, 256, time, &call).await;
            vec![("local-call", done.seconds / done.calls * 1e9)]
        }
        _ => {
            let done = load::run(64, 64, time, &call).await;
            vec![("local-callers", done.calls / done.seconds / 1e6)]
        }
    }
}

pub(crate) async fn actor<A: Actor>(work: Work, time: Duration) -> Figures {
    let host = A::host().await;
    match work {
        Work::Sends => {
            let actor = A::spawn(&host).await;
            sends(&actor, time / 4).await;
            vec![("local-sends", sends(&actor, time).await)]
        }
        Work::Lives => {
            lives::<A>(&host, time / 4).await;
            vec![("local-lives", lives::<A>(&host, time).await)]
        }
        _ => vec![("local-memory", memory::<A>(&host).await)],
    }
}

#[derive(Clone)]
struct Calls<S>(S);

impl<S: Service> Call for Calls<S> {
    async fn once(&self) {
        black_box(self.0.call(1).await);
    }
}

/// Millions in a second. The call at the end comes after all that was sent.
async fn sends<A: Actor>(actor: &A, time: Duration) -> f64 {
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < time {
        for _ in 0..256 {
            actor.send(1).await;
        }
        count += 256;
    }
    actor.call(1).await;
    count as f64 / began.elapsed().as_secs_f64() / 1e6
}

/// Microseconds for each, until the last one has gone.
async fn lives<A: Actor>(host: &A::Host, time: Duration) -> f64 {
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < time {
        for _ in 0..64 {
            A::spawn(host).await.stop();
        }
        count += 64;
        tokio::task::yield_now().await;
    }
    while COUNTERS.load(Ordering::Acquire) > 0 {
        tokio::task::yield_now().await;
    }
    began.elapsed().as_secs_f64() / count as f64 * 1e6
}

/// Bytes for each of many actors that have been called once, with one reference to each.
async fn memory<A: Actor>(host: &A::Host) -> f64 {
    A::spawn(host).await.call(1).await;
    let mut actors = Vec::with_capacity(IDLE);
    let before = process::resident();
    for _ in 0..IDLE {
        let actor = A::spawn(host).await;
        actor.call(1).await;
        actors.push(actor);
    }
    (process::resident() - before) as f64 / IDLE as f64
}
