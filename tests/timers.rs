//! Delayed and periodic work of actors, in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{Context, Timer, distributed_actor};
use tokio::time::{Instant, sleep};

type Log = Arc<Mutex<Vec<(u64, String)>>>;

struct Clock {
    began: Instant,
    log: Log,
    timers: Vec<Timer>,
}

impl Clock {
    fn note(&self, what: impl Into<String>) {
        let at = self.began.elapsed().as_millis().try_into().unwrap();
        self.log.lock().unwrap().push((at, what.into()));
    }
}

/// The most that can be said stands for ever.
fn time(ms: u64) -> Duration {
    if ms == u64::MAX { Duration::MAX } else { Duration::from_millis(ms) }
}

#[distributed_actor]
impl Clock {
    #[distributed]
    fn after(&mut self, #[ctx] ctx: &Context<Self>, ms: u64, what: String) {
        let timer = ctx.after(time(ms), move |clock, ctx| {
            assert!(ctx.actor_ref().is_local());
            clock.note(what);
        });
        self.timers.push(timer);
    }

    #[distributed]
    fn every(&mut self, #[ctx] ctx: &Context<Self>, ms: u64) {
        let mut ticks = 0;
        let timer = ctx.every(time(ms), move |clock, _| {
            ticks += 1;
            clock.note(ticks.to_string());
        });
        self.timers.push(timer);
    }

    #[distributed]
    fn cancel(&mut self) {
        for timer in self.timers.drain(..) {
            timer.cancel();
        }
    }

    #[distributed]
    async fn busy(&mut self, ms: u64) {
        sleep(Duration::from_millis(ms)).await;
    }
}

fn clock() -> (Clock, Log) {
    let log = Log::default();
    (Clock { began: Instant::now(), log: log.clone(), timers: Vec::new() }, log)
}

fn taken(log: &Log) -> Vec<(u64, String)> {
    std::mem::take(&mut *log.lock().unwrap())
}

/// R69
#[tokio::test(start_paused = true)]
async fn delayed_and_periodic_work_is_done_at_its_time_and_can_be_cancelled() {
    let [a] = Network::seeded(71).nodes().await;
    let (clock, log) = clock();
    let clock = a.spawn(clock);
    clock.after(300, "late".into()).await.unwrap();
    clock.after(100, "early".into()).await.unwrap();
    clock.every(120).await.unwrap();
    sleep(Duration::from_millis(500)).await;
    let at = |at, what: &str| (at, what.to_owned());
    let expected = [at(100, "early"), at(120, "1"), at(240, "2"), at(300, "late"), at(360, "3"), at(480, "4")];
    assert_eq!(taken(&log), expected);
    // A busy actor leaves out what it has missed, and keeps the beat.
    clock.busy(500).await.unwrap();
    sleep(Duration::from_millis(210)).await;
    assert_eq!(taken(&log), [at(1000, "5"), at(1080, "6"), at(1200, "7")]);
    clock.after(100, "never".into()).await.unwrap();
    clock.cancel().await.unwrap();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(taken(&log), []);
}

/// R69: timers keep no actor alive, and leave nothing behind.
#[tokio::test(start_paused = true)]
async fn timers_end_with_their_actor() {
    let [a] = Network::seeded(72).nodes().await;
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    for way in 0..2 {
        let (clock, log) = clock();
        let clock = a.spawn(clock);
        clock.every(10).await.unwrap();
        clock.after(u64::MAX, "never".into()).await.unwrap();
        clock.every(u64::MAX).await.unwrap();
        sleep(Duration::from_millis(35)).await;
        assert_eq!(taken(&log).len(), 3);
        if way == 0 {
            drop(clock.stop());
        }
        drop(clock);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(taken(&log), []);
        assert_eq!((alive(), a.actor_count()), (before, 0));
    }
}
