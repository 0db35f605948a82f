//! Callers that call again and again, for a time.

use std::time::{Duration, Instant};

/// Something that can be called many times.
pub(crate) trait Call: Clone + Send + Sync + 'static {
    fn once(&self) -> impl Future<Output = ()> + Send;
}

pub(crate) struct Done {
    pub(crate) calls: f64,
    pub(crate) seconds: f64,
}

/// `callers` tasks of the runtime, each calling one after the other. A first quarter of the time warms up, and does not
/// count. The clock is read once in `batch` calls.
pub(crate) async fn run<C: Call>(callers: usize, batch: u64, time: Duration, call: &C) -> Done {
    for_a_time(callers, batch, time / 4, call).await;
    for_a_time(callers, batch, time, call).await
}

pub(crate) async fn for_a_time<C: Call>(callers: usize, batch: u64, time: Duration, call: &C) -> Done {
    let began = Instant::now();
    let callers = (0..callers).map(|_| {
        let call = call.clone();
        tokio::spawn(async move {
            let mut calls = 0;
            while began.elapsed() < time {
                for _ in 0..batch {
                    call.once().await;
                }
                calls += batch;
            }
            calls
        })
    });
    let calls: u64 = futures::future::try_join_all(callers).await.unwrap().iter().sum();
    Done { calls: calls as f64, seconds: began.elapsed().as_secs_f64() }
}

/// How long each of the calls took that one task made in this time, in nanoseconds, sorted.
pub(crate) async fn latencies<C: Call>(time: Duration, call: &C) -> Vec<u64> {
    let call = call.clone();
    let caller = tokio::spawn(async move {
        let began = Instant::now();
        let mut latencies = Vec::new();
        let mut now = began;
        while now - began < time {
            call.once().await;
            let then = std::mem::replace(&mut now, Instant::now());
            latencies.push((now - then).as_nanos() as u64);
        }
        latencies.sort_unstable();
        latencies
    });
    caller.await.unwrap()
}

/// The latency in microseconds that this part of the calls keep within.
pub(crate) fn quantile(sorted: &[u64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part) as usize] as f64 / 1e3
}
