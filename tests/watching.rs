//! The ends of actors and nodes, as those learn of them who watch.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_testkit::Network;
use distributed_actor::{
    ActorId, ActorRef, CallError, Context, Node, NodeId, Outcome, SystemError, Terminated, distributed_actor,
};
use support::{Worker, place, system, until_in_time};
use tokio::time::{Instant, sleep, timeout};

/// Watches others, and writes down what it is told.
#[derive(Default)]
struct Watcher {
    told: Arc<Mutex<Vec<(ActorId, Terminated)>>>,
}

#[distributed_actor]
impl Watcher {
    /// Ends when the other one has.
    #[distributed]
    async fn watch(&mut self, #[ctx] ctx: &Context<Self>, other: ActorRef<Worker>) -> String {
        let id = *other.id();
        let watch = ctx.watch(&other);
        // A watch does not keep it alive.
        drop(other);
        let how = watch.await;
        let text = format!("{how:?}");
        self.told.lock().unwrap().push((id, how));
        text
    }
}

fn lost(how: &Terminated) -> Option<NodeId> {
    match how {
        Terminated::NodeLost(lost) => Some(lost.node()),
        _ => None,
    }
}

/// R83, R85 in part: one end of each kind, seen from where the actor lives and from elsewhere.
#[tokio::test(start_paused = true)]
async fn each_end_is_told_apart_for_local_and_remote_actors_alike() {
    for from_elsewhere in [false, true] {
        let [a, b] = Network::seeded(31).nodes().await;
        let watcher_on = if from_elsewhere { &b } else { &a };
        let watching = async |actor: &ActorRef<Worker>| {
            let seen: ActorRef<Worker> = watcher_on.resolve(actor.id()).unwrap();
            let told = Watcher::default().told;
            let watcher = watcher_on.spawn(Watcher { told: told.clone() });
            let (by_actor, by_reference) = (
                tokio::spawn({
                    let (watcher, seen) = (watcher.clone(), seen.clone());
                    async move { watcher.watch(seen).timeout(Duration::from_secs(3000)).await.unwrap() }
                }),
                tokio::spawn(seen.terminated()),
            );
            sleep(Duration::from_millis(10)).await;
            assert!(!by_actor.is_finished() && !by_reference.is_finished());
            (by_actor, by_reference, told)
        };
        let spawn = || a.spawn(Worker::default());

        let stopped = spawn();
        let (by_actor, by_reference, told) = watching(&stopped).await;
        stopped.stop();
        assert_eq!(by_reference.await.unwrap(), Terminated::Stopped);
        assert_eq!(by_actor.await.unwrap(), "Stopped");
        assert_eq!(*told.lock().unwrap(), [(*stopped.id(), Terminated::Stopped)]);

        let unreferenced = spawn();
        let (by_actor, by_reference, _told) = watching(&unreferenced).await;
        drop(unreferenced);
        assert_eq!(by_reference.await.unwrap(), Terminated::Stopped);
        assert_eq!(by_actor.await.unwrap(), "Stopped");

        let panicked = spawn();
        let (by_actor, by_reference, _told) = watching(&panicked).await;
        system(panicked.panic("as asked".into()).await);
        assert_eq!(by_reference.await.unwrap(), Terminated::Panicked);
        assert_eq!(by_actor.await.unwrap(), "Panicked");

        // One that has ended already is told of at once.
        let gone = spawn();
        let seen: ActorRef<Worker> = watcher_on.resolve(gone.id()).unwrap();
        gone.stop().await;
        let how = timeout(Duration::from_secs(1), seen.terminated()).await.unwrap();
        // A local reference has seen how.
        assert_eq!(how, if from_elsewhere { Terminated::NoSuchActor } else { Terminated::Stopped });
        let never = ActorId::new(a.id(), 4711);
        if from_elsewhere {
            let never: ActorRef<Worker> = b.resolve(&never).unwrap();
            assert_eq!(never.terminated().await, Terminated::NoSuchActor);
            let alive = spawn();
            let (by_actor, by_reference, _told) = watching(&alive).await;
            drop(a);
            let how = by_reference.await.unwrap();
            // The node ends its actors first, and this may still be told.
            assert!(how == Terminated::Stopped || lost(&how) == Some(alive.id().node()), "{how:?}");
            by_actor.await.unwrap();
        } else {
            assert!(a.resolve::<Worker>(&never).is_err());
        }
    }
}

/// R83: whoever watches is told once; whoever has ceased is not.
#[tokio::test(start_paused = true)]
async fn several_watches_each_deliver_once_and_one_that_was_dropped_does_not() {
    let [a, b] = Network::seeded(32).nodes().await;
    let (local, remote) = support::worker(&a, &b).await;
    let told = Arc::new(AtomicUsize::new(0));
    for seen in [&local, &remote] {
        let watches: Vec<_> = (0..10)
            .map(|_| {
                let (watch, told) = (seen.terminated(), told.clone());
                tokio::spawn(async move {
                    assert_eq!(watch.await, Terminated::Stopped);
                    told.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        sleep(Duration::from_millis(10)).await;
        for dropped in watches.iter().step_by(2) {
            dropped.abort();
        }
        sleep(Duration::from_millis(10)).await;
        // A watch that is made anew is as good as the first.
        let (again, told) = (seen.terminated(), told.clone());
        tokio::spawn(async move {
            again.await;
            told.fetch_add(100, Ordering::SeqCst);
        });
    }
    sleep(Duration::from_millis(10)).await;
    local.stop().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(told.load(Ordering::SeqCst), 210);
}

/// R83, R84: whatever happens between the two is told.
#[tokio::test(start_paused = true)]
async fn a_watch_begins_when_it_is_asked_for_and_not_when_it_is_awaited() {
    let network = Network::seeded(36);
    let [a, b] = network.nodes().await;
    let (first, remote) = support::worker(&a, &b).await;
    for seen in [&first, &remote] {
        let (stopped, panicked) = (a.spawn(Worker::default()), a.spawn(Worker::default()));
        let of =
            |actor: &ActorRef<Worker>| if seen.is_local() { actor.clone() } else { b.resolve(actor.id()).unwrap() };
        let (end_of_stopped, end_of_panicked) = (of(&stopped).terminated(), of(&panicked).terminated());
        of(&stopped).stop().await;
        system(of(&panicked).panic("as asked".into()).await);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(end_of_stopped.await, Terminated::Stopped);
        assert_eq!(end_of_panicked.await, Terminated::Panicked);
    }
    let lost = b.watch_node(a.id());
    network.partition(&a, &b);
    sleep(Duration::from_secs(10)).await;
    network.heal();
    remote.seen().await.unwrap();
    assert!(timeout(Duration::from_millis(1), lost).await.unwrap().to_string().contains("silent"));
}

/// R61, R83: the news comes after all that the actor has said before, however long.
#[tokio::test(start_paused = true)]
async fn the_news_of_an_end_comes_after_all_answers() {
    let network = Network::seeded(33);
    network.latency(Duration::from_millis(3));
    let [a, b] = network.nodes().await;
    for from in [&a, &b] {
        let local = a.spawn(Worker::default());
        let remote: ActorRef<Worker> = from.resolve(local.id()).unwrap();
        let answers = Arc::new(AtomicUsize::new(0));
        let ended = tokio::spawn({
            let (watch, answers) = (remote.terminated(), answers.clone());
            async move { (watch.await, answers.load(Ordering::SeqCst)) }
        });
        sleep(Duration::from_millis(20)).await;
        let calls: Vec<_> = [3_000_000, 10, 100_000, 0]
            .into_iter()
            .map(|length| {
                let (remote, answers) = (remote.clone(), answers.clone());
                tokio::spawn(async move {
                    assert_eq!(remote.made(length).await.unwrap().len(), length);
                    answers.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        // Behind the calls, on the same way.
        let last = tokio::spawn({
            let remote = remote.clone();
            async move { remote.panic("the last word".into()).await }
        });
        assert_eq!(ended.await.unwrap(), (Terminated::Panicked, 4));
        for call in calls {
            call.await.unwrap();
        }
        assert!(matches!(system(last.await.unwrap()), SystemError::Panicked { .. }));
    }
}

/// R46: every call in flight to a node that is lost says which node, why in words, and what is known of it.
#[tokio::test(start_paused = true)]
async fn every_call_in_flight_to_a_lost_node_says_which_node_and_why() {
    let network = Network::seeded(34);
    let [a, b] = network.nodes().await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let (_local, remote) = place(&a, &b, Worker::gated(&gate)).await;
    remote.seen().await.unwrap();
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let remote = remote.clone();
            tokio::spawn(async move { remote.wait(number).timeout(Duration::from_secs(600)).await })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    network.partition(&a, &b);
    let began = Instant::now();
    for call in calls {
        match system(call.await.unwrap()) {
            SystemError::Network(lost) => {
                assert_eq!(lost.node(), a.id());
                assert!(lost.to_string().contains("silent for 5000 ms"), "{lost}");
                assert_eq!(SystemError::Network(lost).outcome(), Outcome::Unknown);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(began.elapsed() <= Duration::from_millis(6100), "{:?}", began.elapsed());
}

/// R84
#[tokio::test(start_paused = true)]
async fn a_node_is_watched_by_any_number_and_each_is_told_once() {
    let network = Network::seeded(35);
    let [a, b, c] = network.nodes().await;
    // There is no connection yet: the watch makes one.
    let watches: Vec<_> = (0..5).map(|_| tokio::spawn(b.watch_node(a.id()))).collect();
    sleep(Duration::from_secs(20)).await;
    assert!(watches.iter().all(|watch| !watch.is_finished()));
    assert!(b.peers().iter().any(|peer| peer.id == a.id() && peer.connected));
    network.partition(&a, &b);
    let began = Instant::now();
    for watch in watches {
        let lost = watch.await.unwrap();
        assert_eq!(lost.node(), a.id());
        assert!(lost.to_string().contains("silent"), "{lost}");
    }
    assert!(began.elapsed() <= Duration::from_millis(6100));
    // It cannot be reached: that is told, too.
    assert_eq!(timeout(Duration::from_secs(60), b.watch_node(a.id())).await.unwrap().node(), a.id());
    network.heal();
    let again = tokio::spawn(b.watch_node(a.id()));
    sleep(Duration::from_secs(20)).await;
    assert!(!again.is_finished());
    let own = tokio::spawn(a.watch_node(a.id()));
    let id = a.id();
    a.shutdown().await;
    assert!(again.await.unwrap().to_string().contains("shutting down"));
    assert_eq!(own.await.unwrap().node(), id);
    assert_eq!(c.watch_node(NodeId::from_bits(7)).await.node(), NodeId::from_bits(7));
}

/// R83, R84, R46: partitions, resets and ends at random. Each watch is told once, and the truth; each call ends, and
/// what was refused did not run.
#[tokio::test(start_paused = true)]
async fn watches_and_calls_come_to_a_true_end_whatever_happens_to_the_network() {
    for seed in 0..100 {
        one_run(seed).await;
    }
}

async fn one_run(seed: u64) {
    let mut random = Random(seed);
    let network = Network::seeded(seed);
    network.latency(Duration::from_millis(random.below(20)));
    network.jitter(Duration::from_millis(random.below(20)));
    let [a, b] = network.nodes().await;
    let mut actors = BTreeMap::new();
    let mut watches = Vec::new();
    let mut calls = Vec::new();
    for number in 0..8 {
        let (local, remote) = support::worker(&a, &b).await;
        for _ in 0..=random.below(2) {
            let (watch, id) = (remote.terminated(), number);
            watches.push((id, tokio::spawn(watch)));
        }
        actors.insert(number, (Some(local), remote, None));
    }
    for step in 0..20 {
        let number = random.below(8);
        let (local, remote, ended) = actors.get_mut(&number).unwrap();
        match random.below(8) {
            0 => {
                if let Some(local) = local.take() {
                    local.stop().await;
                    *ended = Some(Terminated::Stopped);
                }
            }
            1 => {
                if let Some(local) = local.take() {
                    system(local.panic("at random".into()).await);
                    *ended = Some(Terminated::Panicked);
                }
            }
            2 => network.partition(&a, &b),
            3 => network.heal(),
            4 => network.reset(&a, &b),
            _ => {
                let remote = remote.clone();
                let call = remote.clone();
                let call = async move { call.note(step, bytes::Bytes::new()).timeout(Duration::from_secs(30)).await };
                calls.push((step, remote, tokio::spawn(call)));
            }
        }
        sleep(Duration::from_millis(random.below(4000))).await;
    }
    network.heal();
    for (step, remote, call) in calls {
        let result = timeout(Duration::from_secs(31), call).await.expect("a call ends with its deadline").unwrap();
        match result {
            Ok(_) => {}
            Err(CallError::System(error)) => {
                if let SystemError::Network(lost) = &error {
                    assert_eq!((lost.node(), error.outcome()), (a.id(), Outcome::Unknown));
                }
                if let (Outcome::NotExecuted, Ok(seen)) = (error.outcome(), remote.seen().await) {
                    assert!(!seen.contains(&step), "seed {seed}: {error}");
                }
            }
        }
    }
    for (number, watch) in watches {
        let (_, _, ended) = &actors[&number];
        if ended.is_none() && !watch.is_finished() {
            // It lives, and so does the watch.
            watch.abort();
            continue;
        }
        let how = timeout(Duration::from_secs(10), watch).await.expect("a watch is told").unwrap();
        match &how {
            Terminated::NodeLost(lost) => assert_eq!(lost.node(), a.id()),
            // The watch was made again for nobody, or came when it was over.
            Terminated::NoSuchActor => assert!(ended.is_some(), "seed {seed}: {number} lives"),
            how => assert_eq!(Some(how), ended.as_ref(), "seed {seed}: {number}"),
        }
    }
    // Whoever watches now is told, too.
    for (number, (local, remote, ended)) in actors {
        let watch = tokio::spawn(remote.terminated());
        if ended.is_some() {
            assert_eq!(timeout(Duration::from_secs(10), watch).await.unwrap().unwrap(), Terminated::NoSuchActor);
        } else {
            sleep(Duration::from_millis(100)).await;
            assert!(!watch.is_finished(), "seed {seed}: {number}");
            watch.abort();
        }
        drop(local);
    }
    until_in_time(|| a.actor_count() == 0).await;
    close([a, b]).await;
}

async fn close(nodes: [Node; 2]) {
    for node in nodes {
        node.shutdown().await;
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
