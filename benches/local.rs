//! Calls in one process, beside a mutex and a channel.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use distributed_actor::{ActorRef, Locality, Node, SpawnOptions, distributed_actor};
use tokio::{
    runtime::Runtime,
    sync::{Mutex, mpsc},
};

struct Counter {
    value: u64,
}

#[distributed_actor]
impl Counter {
    #[distributed]
    fn add(&mut self, n: u64) -> u64 {
        self.value += n;
        self.value
    }

    #[distributed]
    async fn add_async(&mut self, n: u64) -> u64 {
        self.value += n;
        self.value
    }
}

struct Caller {
    peer: ActorRef<Counter>,
}

#[distributed_actor]
impl Caller {
    /// The time that so many calls of its peer take, in nanoseconds.
    #[distributed]
    async fn calls(&mut self, count: u64) -> u64 {
        let began = Instant::now();
        for _ in 0..count {
            black_box(self.peer.add(1).await.unwrap());
        }
        u64::try_from(began.elapsed().as_nanos()).unwrap()
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The time that `count` calls take, one after the other, from a task of the runtime.
async fn repeated<F>(count: u64, call: impl Fn() -> F + Send + 'static) -> Duration
where
    F: Future<Output = u64> + Send,
{
    let task = tokio::spawn(async move {
        let began = Instant::now();
        for _ in 0..count {
            black_box(call().await);
        }
        began.elapsed()
    });
    task.await.unwrap()
}

fn calls(criterion: &mut Criterion) {
    let runtime = runtime();
    let node = runtime.block_on(Node::builder().start()).unwrap();
    let counter = Arc::new(node.spawn(Counter { value: 0 }));
    let mutex = Arc::new(Mutex::new(0));
    let mut group = criterion.benchmark_group("local call");
    group.bench_function("fn", |bencher| {
        bencher.to_async(&runtime).iter_custom(|count| {
            let counter = counter.clone();
            repeated(count, move || {
                let counter = counter.clone();
                async move { counter.add(1).await.unwrap() }
            })
        });
    });
    group.bench_function("async fn", |bencher| {
        bencher.to_async(&runtime).iter_custom(|count| {
            let counter = counter.clone();
            repeated(count, move || {
                let counter = counter.clone();
                async move { counter.add_async(1).await.unwrap() }
            })
        });
    });
    group.bench_function("floor: tokio mutex", |bencher| {
        bencher.to_async(&runtime).iter_custom(|count| {
            let mutex = mutex.clone();
            repeated(count, move || {
                let mutex = mutex.clone();
                async move {
                    let mut value = mutex.lock().await;
                    *value += 1;
                    *value
                }
            })
        });
    });
    group.finish();
}

fn casts(criterion: &mut Criterion) {
    let runtime = runtime();
    let node = runtime.block_on(Node::builder().start()).unwrap();
    let counter = Arc::new(node.spawn(Counter { value: 0 }));
    let mut group = criterion.benchmark_group("local one-way");
    group.bench_function("cast", |bencher| {
        bencher.to_async(&runtime).iter_custom(|count| {
            let counter = counter.clone();
            repeated(count, move || {
                let counter = counter.clone();
                async move {
                    counter.add(1).cast().await.unwrap();
                    0
                }
            })
        });
    });
    group.bench_function("floor: tokio mpsc", |bencher| {
        bencher.to_async(&runtime).iter_custom(|count| async move {
            let (sender, mut receiver) = mpsc::channel(1024);
            let began = Instant::now();
            let all = tokio::spawn(async move { while receiver.recv().await.is_some() {} });
            for n in 0..count {
                sender.send(n).await.unwrap();
            }
            drop(sender);
            all.await.unwrap();
            began.elapsed()
        });
    });
    group.finish();
}

/// Calls of one actor by another one, beside direct ones behind a mutex.
fn localities(criterion: &mut Criterion) {
    let runtime = runtime();
    let node = runtime.block_on(Node::builder().start()).unwrap();
    let locality = Locality::new();
    let bound = node.spawn_with(Counter { value: 0 }, SpawnOptions::new().locality(&locality));
    let within = Caller { peer: bound.clone() };
    let within = node.spawn_with(within, SpawnOptions::new().locality(&locality));
    let apart = node.spawn(Caller { peer: node.spawn(Counter { value: 0 }) });
    let mut group = criterion.benchmark_group("locality");
    for (name, caller) in [("call within one", within), ("call without one", apart)] {
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter_custom(|count| {
                let caller = caller.clone();
                async move {
                    let calls = caller.calls(count).timeout(Duration::from_secs(3600));
                    Duration::from_nanos(calls.await.unwrap())
                }
            });
        });
    }
    group.bench_function("call from elsewhere", |bencher| {
        bencher.to_async(&runtime).iter_custom(|count| {
            let bound = bound.clone();
            repeated(count, move || {
                let bound = bound.clone();
                async move { bound.add(1).await.unwrap() }
            })
        });
    });
    group.bench_function("floor: direct call behind a tokio mutex", |bencher| {
        bencher.to_async(&runtime).iter_custom(async |count| {
            let counter = Arc::new(Mutex::new(Counter { value: 0 }));
            let began = Instant::now();
            for _ in 0..count {
                black_box(black_box(&counter).lock().await.add(1));
            }
            began.elapsed()
        });
    });
    group.bench_function("floor: direct call behind a std mutex", |bencher| {
        bencher.to_async(&runtime).iter_custom(async |count| {
            let counter = Arc::new(std::sync::Mutex::new(Counter { value: 0 }));
            let began = Instant::now();
            for _ in 0..count {
                black_box(black_box(&counter).lock().unwrap().add(1));
            }
            began.elapsed()
        });
    });
    group.finish();
}

fn lives(criterion: &mut Criterion) {
    let runtime = runtime();
    let node = runtime.block_on(Node::builder().start()).unwrap();
    criterion.bench_function("spawn and stop", |bencher| {
        bencher.iter(|| drop(black_box(node.spawn(Counter { value: 0 }))));
    });
}

fn many_callers(criterion: &mut Criterion) {
    const CALLERS: u64 = 64;
    let runtime = runtime();
    let node = runtime.block_on(Node::builder().start()).unwrap();
    let counter = node.spawn(Counter { value: 0 });
    let mutex = Arc::new(Mutex::new(0));
    let mut group = criterion.benchmark_group("64 callers of one actor");
    group.bench_function("fn", |bencher| {
        bencher.to_async(&runtime).iter_custom(async |count| {
            let began = Instant::now();
            let callers = (0..CALLERS).map(|_| {
                let counter = counter.clone();
                tokio::spawn(async move {
                    for _ in 0..count.div_ceil(CALLERS) {
                        black_box(counter.add(1).await.unwrap());
                    }
                })
            });
            futures::future::join_all(callers).await;
            began.elapsed()
        });
    });
    group.bench_function("floor: tokio mutex", |bencher| {
        bencher.to_async(&runtime).iter_custom(async |count| {
            let began = Instant::now();
            let callers = (0..CALLERS).map(|_| {
                let mutex = mutex.clone();
                tokio::spawn(async move {
                    for _ in 0..count.div_ceil(CALLERS) {
                        let mut value = mutex.lock().await;
                        *value += 1;
                        black_box(*value);
                    }
                })
            });
            futures::future::join_all(callers).await;
            began.elapsed()
        });
    });
    group.finish();
}

criterion_group!(benches, calls, casts, localities, lives, many_callers);
criterion_main!(benches);
