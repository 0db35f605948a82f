//! What goes wrong while members join, start actors, and claim names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use actor_testkit::{Network, at_every_poll, poll_then_drop};
use distributed_actor::{
    ActorRef, Address, CallError, Node, Outcome, SystemError,
    cluster::{ClusterEvent, ClusterView, Key, MemberState, RandomMember, Registry},
    distributed_actor,
};
use tokio::time::{Instant, sleep, timeout};

const CROWD: Key<Worker> = Key::new("crowd");

struct Worker;

#[distributed_actor]
impl Worker {
    #[distributed(spawn)]
    async fn create(time: Duration) -> Self {
        sleep(time).await;
        Worker
    }

    #[distributed]
    fn ping(&self) -> u8 {
        7
    }

    #[distributed]
    async fn nap(&self, time: Duration) {
        sleep(time).await;
    }
}

async fn nodes<const N: usize>(network: &Network) -> [Node; N] {
    let mut nodes = Vec::new();
    for _ in 0..N {
        nodes.push(network.node_with(|builder| builder.join(["sim://node0"])).await);
    }
    for node in &nodes {
        node.cluster().wait_until(|view| view.alive() == N, Duration::from_secs(5)).await.unwrap();
    }
    nodes.try_into().unwrap()
}

/// R40: one that takes connections and says nothing, one where nobody listens, and one that is no name of a host.
#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_never_answer_hold_nobody_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("tcp://{}", silent.local_addr().unwrap());
    let first = Node::builder().listen("tcp://127.0.0.1:0").join(None::<&str>).start().await.unwrap();
    let contacts = [&silent, "tcp://127.0.0.1:1", "tcp://no-such-host.invalid:1", first.address().as_str()];
    let began = Instant::now();
    let second = Node::builder().listen("tcp://127.0.0.1:0").join(contacts).start().await.unwrap();
    for node in [&first, &second] {
        node.cluster().wait_until(|view| view.alive() == 2, Duration::from_secs(5)).await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    // It is still tried, and keeps nobody from ending.
    let began = Instant::now();
    second.shutdown().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let alone = Node::builder().listen("tcp://127.0.0.1:0").join([&silent]).start().await.unwrap();
    let error = alone.cluster().wait_until(|view| view.alive() == 2, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.view().members().len(), 1);
    let began = Instant::now();
    alone.shutdown().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// R40: nobody would ever know why the node stays alone.
#[tokio::test]
async fn a_contact_that_can_never_answer_is_refused_as_an_address_to_listen_at() {
    let at = |address: &str| Node::builder().listen(address);
    let here = || at("mem://lonely");
    let nowhere = "pigeon://127.0.0.1:1";
    let error = here().join(["mem://other", nowhere]).start().await.unwrap_err();
    assert!(matches!(&error, SystemError::BadAddress { address, .. } if **address == *nowhere), "{error}");
    assert!(error.to_string().contains("no transport of this node has that scheme"), "{error}");
    assert_eq!(error, at(nowhere).start().await.unwrap_err());
    for unspecified in ["tcp://0.0.0.0:1", "tcp://[::]:5301"] {
        let error = here().join([unspecified]).start().await.unwrap_err();
        assert!(matches!(&error, SystemError::BadAddress { address, .. } if **address == *unspecified), "{error}");
        assert!(error.to_string().contains("at which one of them listens"), "{error}");
    }
    // Nothing is left of those that were not started. What is found may be for others.
    let found: Vec<Address> = vec![nowhere.parse().unwrap(), "tcp://0.0.0.0:1".parse().unwrap()];
    here().join(["tcp://127.0.0.1:1"]).discover(found).start().await.unwrap();
}

/// R42: names are for people.
#[tokio::test(start_paused = true)]
async fn two_members_may_have_one_name() {
    let network = Network::seeded(1);
    let first = network.node_with(|builder| builder.name("twin").join(["sim://node0"])).await;
    let second = network.node_with(|builder| builder.name("twin").join(["sim://node0"])).await;
    for node in [&first, &second] {
        let view = node.cluster().wait_until(|view| view.alive() == 2, Duration::from_secs(5)).await.unwrap();
        let named = view.named("twin").unwrap();
        assert!(!named.is_unique());
        assert_eq!(named.id(), first.id().min(second.id()));
        assert_eq!(named.all().len(), 2);
    }
    second.shutdown().await;
    let unique = |view: &ClusterView| view.named("twin").is_some_and(|named| named.is_unique());
    first.cluster().wait_until(unique, Duration::from_secs(1)).await.unwrap();
}

/// R45: others reach it, this node does not: calls to it fail with the reason, and through nobody else.
#[tokio::test(start_paused = true)]
async fn calls_to_a_member_that_cannot_be_reached_fail_with_the_reason() {
    let network = Network::seeded(2);
    let [a, b, c] = nodes::<3>(&network).await;
    let worker = b.spawn(Worker);
    let [from_a, from_c]: [ActorRef<Worker>; 2] = [&a, &c].map(|node| node.resolve(worker.id()).unwrap());
    assert_eq!(from_a.ping().await.unwrap(), 7);
    network.partition(&a, &b);
    let id = b.id();
    let unreachable =
        |view: &ClusterView| view.get(id).is_some_and(|member| member.state() == MemberState::Unreachable);
    a.cluster().wait_until(unreachable, Duration::from_secs(15)).await.unwrap();
    for _ in 0..20 {
        // A pause of half a second at most, and what it takes to give up a connection.
        let began = Instant::now();
        match from_a.ping().await {
            Err(CallError::System(error @ SystemError::Connect { .. })) => {
                assert_eq!(error.outcome(), Outcome::NotExecuted);
            }
            other => panic!("{other:?}"),
        }
        assert!(began.elapsed() <= Duration::from_millis(5750), "{:?}", began.elapsed());
        match a.spawn_on(id, Worker::spawn_create(Duration::ZERO)).await {
            Err(CallError::System(SystemError::Connect { .. })) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(from_c.ping().await.unwrap(), 7);
    }
    network.heal();
    let healed = Instant::now();
    while from_a.ping().await.is_err() {}
    assert!(healed.elapsed() < Duration::from_secs(2), "{:?}", healed.elapsed());
}

/// R52: what was begun with a node that leaves can be ended; when it has ended itself, callers hear of that.
#[tokio::test(start_paused = true)]
async fn a_node_that_has_left_answers_calls_until_it_ends() {
    let network = Network::seeded(5);
    let [a, b] = nodes::<2>(&network).await;
    let (worker, slow) = (b.spawn(Worker), b.spawn(Worker));
    let [from_a, slow]: [ActorRef<Worker>; 2] = [&worker, &slow].map(|worker| a.resolve(worker.id()).unwrap());
    let state = |view: &ClusterView| view.departed().iter().rfind(|gone| gone.id() == b.id()).map(|gone| gone.state());
    b.cluster().leave().await;
    let left = |view: &ClusterView| state(view) == Some(MemberState::Left);
    a.cluster().wait_until(left, Duration::from_secs(1)).await.unwrap();
    // Long after it would have been dead.
    for _ in 0..10 {
        sleep(Duration::from_secs(2)).await;
        assert_eq!(from_a.ping().await.unwrap(), 7);
    }
    // Also over another connection than that of the time before.
    network.partition(&a, &b);
    sleep(Duration::from_secs(10)).await;
    assert!(from_a.ping().await.is_err());
    network.heal();
    sleep(Duration::from_secs(30)).await;
    assert_eq!(from_a.ping().await.unwrap(), 7);

    let under_way = tokio::spawn(async move { slow.nap(Duration::from_secs(2)).await });
    sleep(Duration::from_millis(100)).await;
    let failure = async || match from_a.ping().await {
        Err(CallError::System(error)) => error,
        other => panic!("{other:?}"),
    };
    let (_, refused) = tokio::join!(b.shutdown(), async {
        sleep(Duration::from_millis(100)).await;
        failure().await
    });
    assert_eq!(refused, SystemError::ShuttingDown);
    assert!(under_way.await.unwrap().is_ok());
    assert!(matches!(failure().await, SystemError::Connect { .. }));
    assert!(left(&a.cluster().view()));

    let next = network.restart(&b).await;
    // The pause after the attempt that failed.
    sleep(Duration::from_secs(30)).await;
    assert_eq!(failure().await, SystemError::NodeReplaced { old: b.id(), new: next.id() });
}

/// R2, R52: every start ends, with an actor or with a reason, whenever in it the node leaves.
#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_while_actors_are_started_on_it_refuses_or_completes_them() {
    for step in 0..20 {
        let network = Network::seeded(step);
        network.latency(Duration::from_millis(3));
        let [a, b] = nodes::<2>(&network).await;
        let starts: Vec<_> = (0..8_u64)
            .map(|number| {
                let (node, id) = (a.clone(), b.id());
                tokio::spawn(async move {
                    sleep(Duration::from_millis(number * 3)).await;
                    node.spawn_on(id, Worker::spawn_create(Duration::from_millis(number * 2))).await
                })
            })
            .collect();
        sleep(Duration::from_millis(step)).await;
        timeout(Duration::from_secs(11), b.shutdown()).await.unwrap();
        for start in starts {
            let started = timeout(Duration::from_secs(11), start).await.unwrap().unwrap();
            if let Err(CallError::System(error)) = started {
                assert!(!error.to_string().is_empty());
            }
        }
        a.cluster().wait_until(|view| view.alive() == 1, Duration::from_secs(1)).await.unwrap();
        assert_eq!(b.actor_count(), 0);
    }
}

/// R57, R96: the network is cut at any moment around two claims; in the end one actor has the name, for all, and whoever
/// has lost it knows.
#[tokio::test(start_paused = true)]
async fn a_partition_at_any_moment_of_a_claim_leaves_one_holder() {
    for seed in 0..30 {
        let network = Network::seeded(seed);
        network.latency(Duration::from_millis(4));
        let nodes = nodes::<3>(&network).await;
        let all: Vec<_> = nodes.iter().map(|node| Registry::of(node).unwrap()).collect();
        let actors: Vec<_> = nodes.iter().map(|node| node.spawn(Worker)).collect();
        let claims: Vec<_> = all
            .iter()
            .zip(&actors)
            .map(|(registry, actor)| {
                let (registry, actor) = (registry.clone(), actor.clone());
                tokio::spawn(async move {
                    sleep(Duration::from_millis(actor.id().instance() % 3 + seed % 5)).await;
                    registry.claim("king", &actor)
                })
            })
            .collect();
        sleep(Duration::from_millis(seed % 10)).await;
        network.partition(&nodes[0], &nodes[1]);
        network.partition(&nodes[0], &nodes[2]);
        sleep(Duration::from_secs(seed)).await;
        network.heal();
        let mut held = Vec::new();
        for claim in claims {
            held.extend(claim.await.unwrap().ok());
        }
        sleep(Duration::from_secs(20)).await;
        let holders: Vec<_> =
            all.iter().map(|registry| registry.find::<Worker>("king").map(|king| *king.id())).collect();
        assert!(holders[0].is_some() && holders.iter().all(|holder| *holder == holders[0]), "seed {seed}: {holders:?}");
        assert_eq!(held.iter().filter(|claim| claim.holds()).count(), 1, "seed {seed}");
        for claim in held.iter().filter(|claim| !claim.holds()) {
            timeout(Duration::from_millis(1), claim.lost()).await.unwrap();
        }
    }
}

/// R96: one of them is told that it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_claims_on_one_node_at_once_one_succeeds() {
    let node = Node::builder().listen("mem://claims").join(None::<&str>).start().await.unwrap();
    let registry = Registry::of(&node).unwrap();
    for round in 0..200 {
        let claims: Vec<_> = (0..4)
            .map(|_| {
                let (node, registry) = (node.clone(), registry.clone());
                tokio::task::spawn_blocking(move || {
                    let actor = node.spawn(Worker);
                    (registry.claim(format!("king {round}"), &actor), actor)
                })
            })
            .collect();
        let mut claimed = Vec::new();
        for claim in claims {
            claimed.push(claim.await.unwrap());
        }
        assert_eq!(claimed.iter().filter(|(claim, _)| claim.is_ok()).count(), 1, "{claimed:?}");
    }
}

/// R98: what makes the actor may fail now and then.
#[tokio::test(start_paused = true)]
async fn a_singleton_that_cannot_be_made_is_tried_again() {
    let network = Network::seeded(3);
    let [node] = nodes::<1>(&network).await;
    let registry = Registry::of(&node).unwrap();
    let failures = std::sync::atomic::AtomicUsize::new(2);
    let part = registry.singleton("scheduler", 1, move || {
        let left = failures.load(std::sync::atomic::Ordering::SeqCst);
        failures.store(left.saturating_sub(1), std::sync::atomic::Ordering::SeqCst);
        assert_eq!(left, 0, "not yet");
        Worker
    });
    sleep(Duration::from_secs(17)).await;
    assert!(registry.find::<Worker>("scheduler").is_some());
    drop(part);
}

/// R41, R42, R52, R84, R96, R97: nothing is torn by whoever waits no longer.
#[tokio::test(start_paused = true)]
async fn what_is_awaited_of_a_cluster_can_be_dropped_at_every_poll() {
    let network = Network::seeded(4);
    network.latency(Duration::from_millis(3));
    let [a, b] = nodes::<2>(&network).await;
    let [first, second] = [&a, &b].map(|node| Registry::of(node).unwrap());
    // Something happens all the time.
    let writer = tokio::spawn({
        let (node, registry) = (b.clone(), second.clone());
        async move {
            loop {
                let actor = node.spawn(Worker);
                registry.join(&CROWD, &actor).unwrap();
                sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let (mut events, mut listing) = (a.cluster().events(), first.listing(&CROWD));
    at_every_poll(async |polls| {
        let counted = |view: &ClusterView| view.members().len() == 2;
        poll_then_drop(polls, a.cluster().wait_until(counted, Duration::from_secs(1))).await
    })
    .await
    .1
    .unwrap();
    let never = |view: &ClusterView| view.members().len() == 9;
    let waited = at_every_poll(async |polls| {
        poll_then_drop(polls, a.cluster().wait_until(never, Duration::from_millis(100))).await
    });
    assert!(waited.await.1.is_err());
    // The first one is not taken by who did not wait for it.
    let (_, event) = at_every_poll(async |polls| poll_then_drop(polls, events.next()).await).await;
    assert!(matches!(event, Some(ClusterEvent::Snapshot(_))));
    for _ in 0..5 {
        let (_, listed) = at_every_poll(async |polls| poll_then_drop(polls, listing.next()).await).await;
        assert!(listed.is_some());
    }
    let member = a.spawn(Worker);
    first.join(&CROWD, &member).unwrap();
    let (polls, told) = at_every_poll(async |polls| {
        let say = |worker: ActorRef<Worker>| async move { worker.ping().await.map(drop) };
        poll_then_drop(polls, first.broadcast(&CROWD, say)).await
    })
    .await;
    assert!(polls > 1 && told > 0);
    writer.abort();
    let _ = writer.await;

    let claim = first.claim("king", &member).unwrap();
    assert!(poll_then_drop(1, claim.lost()).await.is_none() && claim.holds());
    let (_, started) = at_every_poll(async |polls| {
        let started = a.spawn_where(RandomMember::seeded(polls as u64), Worker::spawn_create(Duration::from_millis(5)));
        poll_then_drop(polls, started).await
    })
    .await;
    started.unwrap().stop().await;
    sleep(Duration::from_secs(12)).await;
    // Those that were dropped have been stopped; the one of the group is left.
    assert_eq!((a.actor_count(), b.actor_count()), (1, 0));
    assert!(poll_then_drop(1, a.watch_node(b.id())).await.is_none());
    assert!(a.peers().iter().any(|peer| peer.id == b.id() && peer.connected));

    // To leave is decided with the first poll.
    let watch = tokio::spawn(a.watch_node(b.id()));
    assert!(poll_then_drop(1, b.cluster().leave()).await.is_none());
    a.cluster().wait_until(|view| view.alive() == 1, Duration::from_secs(1)).await.unwrap();
    b.shutdown().await;
    assert_eq!(watch.await.unwrap().node(), b.id());
    assert!(claim.holds());
}
