//! What actors do at their start and at their end, and when one that they watch has ended.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{
    ActorId, ActorRef, Context, Exit, ExitReason, Monitor, Node, Outcome, SystemError, Terminated, distributed_actor,
};
use support::{system, until_in_time};
use tokio::time::{Instant, sleep};

/// What happened, in order.
type Log = Arc<Mutex<Vec<String>>>;

#[derive(Debug, thiserror::Error)]
#[error("cannot warm up")]
struct WarmUpError(#[source] std::num::ParseIntError);

/// How an actor of these tests behaves.
#[derive(Default, Clone, Copy, PartialEq)]
enum How {
    #[default]
    Well,
    Slowly,
    Fails,
    Panics,
    Never,
}

struct Worker {
    log: Log,
    start: How,
    stop: How,
    monitors: Vec<Monitor>,
}

impl Worker {
    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    async fn behave(how: How) -> Result<(), WarmUpError> {
        match how {
            How::Well => Ok(()),
            How::Slowly => {
                sleep(Duration::from_secs(1)).await;
                Ok(())
            }
            How::Fails => Err(WarmUpError("x".parse::<u8>().unwrap_err())),
            How::Panics => panic!("as asked"),
            How::Never => std::future::pending().await,
        }
    }
}

#[distributed_actor]
impl Worker {
    #[distributed(spawn)]
    fn create(fails: bool) -> Self {
        with(&Log::default(), if fails { How::Fails } else { How::Slowly }, How::Well)
    }

    #[on_start]
    async fn warm_up(&mut self, #[ctx] ctx: &Context<Self>) -> Result<(), WarmUpError> {
        self.note("starting");
        assert!(ctx.actor_ref().is_local());
        Self::behave(self.start).await?;
        self.note("started");
        Ok(())
    }

    #[on_stop]
    async fn flush(&mut self, reason: &ExitReason) {
        self.note(format!("stopping ({:?}: {reason})", reason.exit()));
        let _ = Self::behave(self.stop).await;
        self.note("stopped");
    }

    #[on_terminated]
    fn peer_gone(&mut self, #[ctx] ctx: &Context<Self>, who: ActorId, how: Terminated) {
        let whose = if who.node() == ctx.id().node() { "here" } else { "there" };
        self.note(format!("{whose} {how:?}"));
    }

    #[distributed]
    fn work(&mut self, number: u64) -> u64 {
        self.note(format!("work {number}"));
        number
    }

    #[distributed]
    fn fail(&mut self, #[ctx] ctx: &Context<Self>, text: String) {
        ctx.fail(text.as_str());
        ctx.fail("too late");
    }

    #[distributed]
    async fn fail_deeply(&mut self, #[ctx] ctx: &Context<Self>) -> Result<(), String> {
        tokio::task::yield_now().await;
        let error = Self::behave(How::Fails).await.unwrap_err();
        let text = error.to_string();
        ctx.fail(error);
        Err(text)
    }

    #[distributed]
    fn stop_me(&self, #[ctx] ctx: &Context<Self>) {
        ctx.stop();
    }

    #[distributed]
    fn panic(&mut self) {
        panic!("as asked");
    }

    #[distributed]
    fn watch(&mut self, #[ctx] ctx: &Context<Self>, other: ActorRef<Worker>) {
        self.monitors.push(ctx.monitor(&other));
    }

    #[distributed]
    fn cancel_last(&mut self) {
        self.monitors.pop().unwrap().cancel();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.note("dropped");
    }
}

fn taken(log: &Log) -> Vec<String> {
    std::mem::take(&mut *log.lock().unwrap())
}

fn with(log: &Log, start: How, stop: How) -> Worker {
    Worker { log: log.clone(), start, stop, monitors: Vec::new() }
}

#[track_caller]
fn failed(how: Terminated) -> ExitReason {
    match how {
        Terminated::Failed(reason) => *reason,
        other => panic!("{other:?}"),
    }
}

/// R79 in part: nothing comes before the start, and what comes meanwhile waits.
#[tokio::test(start_paused = true)]
async fn an_actor_starts_before_its_first_call_and_nothing_is_lost_meanwhile() {
    let [a, b] = Network::seeded(41).nodes().await;
    let log = Log::default();
    let worker = a.spawn(with(&log, How::Slowly, How::Well));
    let remote: ActorRef<Worker> = b.resolve(worker.id()).unwrap();
    let began = Instant::now();
    let (local, remote) = tokio::join!(worker.work(1), remote.work(2));
    assert_eq!((local.unwrap(), remote.unwrap()), (1, 2));
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(taken(&log), ["starting", "started", "work 1", "work 2"]);
}

/// R18, R48: an actor that cannot start ends with the reason down to its root, here and elsewhere.
#[tokio::test(start_paused = true)]
async fn an_actor_that_cannot_start_ends_with_the_reason() {
    let [a, b] = Network::seeded(42).nodes().await;
    for from in [&a, &b] {
        let log = Log::default();
        let worker = a.spawn(with(&log, How::Fails, How::Well));
        let seen: ActorRef<Worker> = from.resolve(worker.id()).unwrap();
        let ended = tokio::spawn(seen.terminated());
        let call = seen.work(1);
        match system(call.await) {
            error @ (SystemError::ActorStopped { .. } | SystemError::UnknownActor { .. }) => {
                assert_eq!(error.outcome(), Outcome::NotExecuted);
            }
            other => panic!("{other:?}"),
        }
        match ended.await.unwrap() {
            Terminated::NoSuchActor if from.id() == b.id() => {}
            how => {
                let reason = failed(how);
                assert_eq!(reason.exit(), Exit::StartFailed);
                assert_eq!(reason.to_string(), "cannot warm up: invalid digit found in string");
                assert_eq!(reason.root().why(), "invalid digit found in string");
            }
        }
        assert_eq!(taken(&log), ["starting", "dropped"]);
        let worker = a.spawn(with(&log, How::Panics, How::Well));
        assert_eq!(worker.terminated().await, Terminated::Panicked);
        let worker = a.spawn(with(&log, How::Never, How::Well));
        let began = Instant::now();
        let reason = failed(worker.terminated().await);
        assert!(reason.why().contains("within 10000 ms"), "{reason}");
        assert_eq!(began.elapsed(), Duration::from_secs(10));
        assert_eq!((a.actor_count(), a.dead_letters()), (0, 0));
    }
}

/// R2, R79 in part
#[tokio::test(start_paused = true)]
async fn a_start_on_another_node_waits_until_the_actor_has_started() {
    let [a, b] = Network::seeded(43).nodes().await;
    for node in [a.id(), b.id()] {
        let began = Instant::now();
        let worker = a.spawn_on(node, Worker::spawn_create(false)).await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(1));
        worker.stop().await;
        match system(a.spawn_on(node, Worker::spawn_create(true).named("worker")).await) {
            error @ SystemError::StartFailed { .. } => {
                assert_eq!(error.outcome(), Outcome::Executed);
                assert!(error.to_string().contains("cannot warm up: invalid digit"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        let late = Worker::spawn_create(false).timeout(Duration::from_millis(500)).named("worker");
        assert!(matches!(system(a.spawn_on(node, late).await), SystemError::Deadline { .. }));
        sleep(Duration::from_secs(5)).await;
        assert_eq!((a.actor_count(), b.actor_count()), (0, 0));
        a.spawn_on(node, Worker::spawn_create(false).named("worker")).await.unwrap().stop().await;
    }
}

/// R77 in part: whichever way an actor stops, it does so in order, and is told why.
#[tokio::test(start_paused = true)]
async fn an_actor_stops_in_order_whoever_asks_for_it() {
    let [a, b] = Network::seeded(44).nodes().await;
    let asked = "stopping (Stopped: it was stopped)";
    let log = Log::default();
    let spawn = || a.spawn(with(&log, How::Well, How::Slowly));
    for way in 0..4 {
        let worker = spawn();
        worker.work(way).await.unwrap();
        taken(&log);
        let ended = worker.terminated();
        match way {
            0 => drop(worker.stop()),
            1 => drop(worker),
            2 => worker.stop_me().await.unwrap(),
            _ => drop(b.resolve::<Worker>(worker.id()).unwrap().stop()),
        }
        assert_eq!(ended.await, Terminated::Stopped);
        assert_eq!(taken(&log), [asked, "stopped", "dropped"], "{way}");
    }
}

/// R48: who waits is not made to wait for the end.
#[tokio::test(start_paused = true)]
async fn what_waits_is_answered_before_the_actor_stops_in_order() {
    let [a] = Network::seeded(45).nodes().await;
    let log = Log::default();
    let worker = a.spawn(with(&log, How::Slowly, How::Slowly));
    let waiting = tokio::spawn({
        let worker = worker.clone();
        async move { (worker.work(1).await, Instant::now()) }
    });
    tokio::task::yield_now().await;
    let began = Instant::now();
    let ended = worker.stop();
    let (answer, at) = waiting.await.unwrap();
    match system(answer) {
        SystemError::ActorStopped { outcome } => assert_eq!(outcome, Outcome::NotExecuted),
        other => panic!("{other:?}"),
    }
    assert_eq!(at - began, Duration::from_secs(1), "the start ends first");
    assert!(matches!(system(worker.work(2).await), SystemError::UnknownActor { .. }));
    assert_eq!(ended.await, Terminated::Stopped);
    assert_eq!(began.elapsed(), Duration::from_secs(2));
}

/// R77 in part: no end waits for ever, and a panic in it stays there.
#[tokio::test(start_paused = true)]
async fn an_end_that_hangs_or_panics_is_given_up() {
    let [a] = Network::seeded(46).nodes().await;
    let log = Log::default();
    let hangs = a.spawn(with(&log, How::Well, How::Never));
    let began = Instant::now();
    assert_eq!(hangs.stop().await, Terminated::Stopped);
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    let panics = a.spawn(with(&log, How::Well, How::Panics));
    assert_eq!(panics.stop().await, Terminated::Stopped);
    drop(hangs);
    taken(&log);
    // After a panic the state may be torn: it is dropped as it is.
    let torn = a.spawn(with(&log, How::Well, How::Well));
    assert!(torn.panic().await.is_err());
    assert_eq!(torn.terminated().await, Terminated::Panicked);
    assert_eq!(taken(&log), ["starting", "started", "dropped"]);
    assert_eq!(a.actor_count(), 0);
}

/// R76 in part, R83: the error of an actor that gives up is known to those who watch, with its sources.
#[tokio::test(start_paused = true)]
async fn an_actor_that_gives_up_says_why_here_and_elsewhere() {
    let [a, b] = Network::seeded(47).nodes().await;
    for from in [&a, &b] {
        let log = Log::default();
        let worker = a.spawn(with(&log, How::Well, How::Well));
        let seen: ActorRef<Worker> = from.resolve(worker.id()).unwrap();
        let ended = tokio::spawn(seen.terminated());
        sleep(Duration::from_millis(10)).await;
        seen.fail("no more".into()).await.unwrap();
        let reason = failed(ended.await.unwrap());
        assert_eq!((reason.exit(), reason.to_string().as_str()), (Exit::Failed, "no more"));
        assert_eq!(taken(&log), ["starting", "started", "stopping (Failed: no more)", "stopped", "dropped"]);
        let worker = a.spawn(with(&log, How::Well, How::Well));
        let seen: ActorRef<Worker> = from.resolve(worker.id()).unwrap();
        let ended = tokio::spawn(seen.terminated());
        sleep(Duration::from_millis(10)).await;
        // The running method answers its own call.
        assert!(seen.fail_deeply().await.unwrap_err().to_string().contains("cannot warm up"));
        let reason = failed(ended.await.unwrap());
        assert_eq!(reason.to_string(), "cannot warm up: invalid digit found in string");
        assert_eq!(reason.root().why(), "invalid digit found in string");
    }
}

/// R83
#[tokio::test(start_paused = true)]
async fn an_actor_hears_of_the_ends_of_those_that_it_monitors() {
    let network = Network::seeded(48);
    let [a, b] = network.nodes().await;
    let log = Log::default();
    let watcher = a.spawn(with(&log, How::Well, How::Well));
    watcher.work(0).await.unwrap();
    taken(&log);
    let quiet = Log::default();
    let spawn = |node: &Node| node.spawn(with(&quiet, How::Well, How::Well));
    let told = async || {
        sleep(Duration::from_secs(10)).await;
        taken(&log)
    };
    for node in [&a, &b] {
        let whose = if node.id() == a.id() { "here" } else { "there" };
        let local = spawn(node);
        let seen: ActorRef<Worker> = a.resolve(local.id()).unwrap();
        // Three monitors, of which one is taken back.
        for _ in 0..3 {
            watcher.watch(seen.clone()).await.unwrap();
        }
        watcher.cancel_last().await.unwrap();
        sleep(Duration::from_secs(1)).await;
        drop(seen);
        local.stop().await;
        assert_eq!(told().await, [format!("{whose} Stopped"), format!("{whose} Stopped")]);
        let local = spawn(node);
        let seen: ActorRef<Worker> = a.resolve(local.id()).unwrap();
        watcher.watch(seen.clone()).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        assert!(local.panic().await.is_err());
        assert_eq!(told().await, [format!("{whose} Panicked")]);
        // One that has ended already.
        watcher.watch(seen).await.unwrap();
        let how = if node.id() == a.id() { "Panicked" } else { "NoSuchActor" };
        assert_eq!(told().await, [format!("{whose} {how}")]);
    }
    let far = spawn(&b);
    let seen: ActorRef<Worker> = a.resolve(far.id()).unwrap();
    watcher.watch(seen).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    network.partition(&a, &b);
    let lost = told().await;
    assert!(lost.len() == 1 && lost[0].starts_with("there NodeLost"), "{lost:?}");
    // It ends with its monitors.
    let near = spawn(&a);
    watcher.watch(near.clone()).await.unwrap();
    watcher.stop().await;
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    drop(near);
    until_in_time(|| alive() <= before).await;
    assert_eq!(told().await, ["stopping (Stopped: it was stopped)", "stopped", "dropped"]);
}

/// R52, R59 in part: a node that shuts down lets its actors stop in order.
#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_lets_its_actors_stop_in_order() {
    let [a] = Network::seeded(49).nodes().await;
    let log = Log::default();
    let worker = a.spawn(with(&log, How::Well, How::Slowly));
    a.register("worker", &worker).unwrap();
    worker.work(1).await.unwrap();
    taken(&log);
    let began = Instant::now();
    a.shutdown().await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(worker.terminated().await, Terminated::Stopped);
    assert_eq!(taken(&log), ["stopping (Stopped: it was stopped)", "stopped", "dropped"]);
}

/// An actor that is generic has hooks, too.
#[tokio::test(start_paused = true)]
async fn a_generic_actor_starts_and_stops_in_order() {
    struct Holder<T: Send + 'static> {
        log: Log,
        held: Option<T>,
    }

    #[distributed_actor]
    impl<T: Send + Default + std::fmt::Debug + 'static> Holder<T> {
        #[on_start]
        fn fill(&mut self) {
            self.held = Some(T::default());
        }

        #[on_stop]
        fn empty(&mut self) {
            self.log.lock().unwrap().push(format!("{:?}", self.held.take()));
        }

        #[distributed]
        fn nothing(&self) {}
    }

    let [a] = Network::seeded(50).nodes().await;
    let log = Log::default();
    let holder = a.spawn(Holder::<u8> { log: log.clone(), held: None });
    holder.nothing().await.unwrap();
    holder.stop().await;
    assert_eq!(taken(&log), ["Some(0)"]);
}
