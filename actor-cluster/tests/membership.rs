//! Who is a member, on a simulated network and in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use actor_testkit::Network;
use distributed_actor::{
    Address, BoxFuture, MethodInfo, Node, PeerIdentity, SystemError,
    cluster::{ClusterEvent, ClusterView, Discovery, Gossip, MemberState, Times},
};
use tokio::time::{Instant, sleep};

const NOTHING: [&str; 0] = [];

/// Some nodes that have joined, each at those that `contacts` names for its number.
async fn cluster(network: &Network, size: usize, contacts: impl Fn(usize) -> Vec<usize>) -> Vec<Node> {
    let mut nodes = Vec::new();
    for number in 0..size {
        let contacts = contacts(number).into_iter().map(|contact| format!("sim://node{contact}"));
        nodes.push(network.node_with(|builder| builder.join(contacts)).await);
    }
    nodes
}

/// Waits until all of them see so many alive.
async fn all_see(nodes: &[Node], alive: usize, time: Duration) {
    for node in nodes {
        let all = |view: &ClusterView| view.alive() == alive && view.members().len() == alive;
        node.cluster().wait_until(all, time).await.unwrap_or_else(|error| panic!("{}: {error}", node.name()));
    }
}

/// R40: the first one is there last.
#[tokio::test(start_paused = true)]
async fn nodes_that_start_in_either_order_find_one_another() {
    let network = Network::seeded(1);
    let early = network.node_with(|builder| builder.name("early").join(["sim://node1"])).await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(early.cluster().view().members().len(), 1);
    let late = network.node_with(|builder| builder.name("late").label("zone", "west").join(NOTHING)).await;
    let started = Instant::now();
    let view = early.cluster().wait_until(|view| view.named("late").is_some(), Duration::from_secs(5)).await.unwrap();
    let member = view.named("late").unwrap();
    assert!(member.is_unique());
    assert_eq!((member.id(), member.addresses()), (late.id(), late.addresses()));
    assert_eq!(view.labeled("zone", "west").count(), 1);
    let view = late.cluster().wait_until(|view| view.named("early").is_some(), Duration::from_secs(5)).await.unwrap();
    assert_eq!(view.named("early").unwrap().id(), early.id());
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

/// R43: gossip, no coordinator.
#[tokio::test(start_paused = true)]
async fn twenty_nodes_see_one_another_whatever_their_contacts() {
    for (seed, shape) in [(2, "star"), (3, "chain"), (4, "last")] {
        let network = Network::seeded(seed);
        network.latency(Duration::from_millis(1));
        let started = Instant::now();
        let nodes = cluster(&network, 20, |number| match (shape, number) {
            (_, 0) if shape != "last" => vec![],
            ("star", _) => vec![0],
            ("chain", number) => vec![number - 1],
            // The only contact is started last, and one that never is stands before it.
            _ => vec![99, 19],
        })
        .await;
        all_see(&nodes, 20, Duration::from_secs(3)).await;
        assert!(started.elapsed() < Duration::from_secs(3), "{shape}: {:?}", started.elapsed());
    }
}

/// R41, R42: what there is comes first, then what changes.
#[tokio::test(start_paused = true)]
async fn events_begin_with_all_there_is() {
    let network = Network::seeded(5);
    let nodes = cluster(&network, 2, |number| vec![0; number]).await;
    all_see(&nodes, 2, Duration::from_secs(3)).await;
    let mut events = nodes[0].cluster().events();
    match events.next().await {
        Some(ClusterEvent::Snapshot(view)) => assert_eq!(view.members().len(), 2),
        other => panic!("{other:?}"),
    }
    let third = network.node_with(|builder| builder.join(["sim://node0"])).await;
    match events.next().await {
        Some(ClusterEvent::Joined(member)) => assert_eq!(member.id(), third.id()),
        other => panic!("{other:?}"),
    }
    third.cluster().leave().await;
    match events.next().await {
        Some(ClusterEvent::Departed(member)) => {
            assert_eq!((member.id(), member.state()), (third.id(), MemberState::Left));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(third.cluster().view().members().len(), 1);
    nodes[0].shutdown().await;
    while events.next().await.is_some() {}

    let error = nodes[1].cluster().wait_until(|view| view.named("nobody").is_some(), Duration::from_secs(2)).await;
    let error = error.unwrap_err();
    assert_eq!(error.view().members().len(), 1);
    assert!(error.to_string().contains("within 2000 ms") && error.to_string().contains("node1 (alive)"), "{error}");
}

/// R52: who leaves is gone at once, whether it says so or shuts down.
#[tokio::test(start_paused = true)]
async fn a_clean_leave_is_known_to_all_within_a_second() {
    let network = Network::seeded(6);
    network.latency(Duration::from_millis(5));
    let mut nodes = cluster(&network, 8, |number| vec![0; number.min(1)]).await;
    all_see(&nodes, 8, Duration::from_secs(3)).await;
    let started = Instant::now();
    let leaver = nodes.pop().unwrap();
    leaver.shutdown().await;
    all_see(&nodes, 7, Duration::from_secs(1)).await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    for node in &nodes {
        let departed = node.cluster().view().departed().to_vec();
        assert!(departed.iter().any(|gone| gone.id() == leaver.id() && gone.state() == MemberState::Left));
    }
}

/// R42, R52: those it leaves behind live, and who waits for news of them is not kept waiting.
#[tokio::test(start_paused = true)]
async fn who_leaves_says_of_nobody_else_that_it_has_gone() {
    let network = Network::seeded(34);
    let nodes = cluster(&network, 3, |number| vec![0; number.min(1)]).await;
    all_see(&nodes, 3, Duration::from_secs(3)).await;
    for (leaver, shuts_down) in [(&nodes[0], false), (&nodes[1], true)] {
        let mut events = leaver.cluster().events();
        assert!(matches!(events.next().await, Some(ClusterEvent::Snapshot(view)) if view.members().len() > 1));
        let departed = leaver.cluster().view().departed().to_vec();
        if shuts_down {
            leaver.shutdown().await
        } else {
            leaver.cluster().leave().await
        }
        assert_eq!(events.next().await, None);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(events.next().await, None);
        let view = leaver.cluster().view();
        assert_eq!((view.to_string(), view.departed()), (format!("{} (alive)", leaver.name()), departed.as_slice()));
    }
    let mut events = nodes[0].cluster().events();
    assert!(matches!(events.next().await, Some(ClusterEvent::Snapshot(view)) if view.members().len() == 1));
    assert_eq!(events.next().await, None);
    assert_eq!(nodes[2].cluster().view().alive(), 1);
}

/// R45: what one node cannot reach and another one can is not dead.
#[tokio::test(start_paused = true)]
async fn a_node_that_some_member_reaches_is_unreachable_and_not_dead() {
    let network = Network::seeded(7);
    let nodes = cluster(&network, 5, |number| vec![0; number.min(1)]).await;
    all_see(&nodes, 5, Duration::from_secs(3)).await;
    network.partition(&nodes[0], &nodes[1]);
    let cut = nodes[1].id();
    let unreachable =
        |view: &ClusterView| view.get(cut).is_some_and(|member| member.state() == MemberState::Unreachable);
    nodes[0].cluster().wait_until(unreachable, Duration::from_secs(15)).await.unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        assert_eq!(nodes[0].cluster().view().members().len(), 5);
        assert_eq!(nodes[2].cluster().view().alive(), 5, "{}", nodes[2].cluster().view());
        sleep(Duration::from_millis(100)).await;
    }
    network.heal();
    all_see(&nodes, 5, Duration::from_secs(3)).await;
}

/// R57: both sides of a partition go on by themselves, and find each other again.
#[tokio::test(start_paused = true)]
async fn the_sides_of_a_partition_find_each_other_again() {
    for seed in 10..30 {
        let network = Network::seeded(seed);
        network.latency(Duration::from_millis(2));
        let nodes = cluster(&network, 5, |number| vec![0; number.min(1)]).await;
        all_see(&nodes, 5, Duration::from_secs(3)).await;
        let (left, right) = nodes.split_at(2);
        for one in left {
            for other in right {
                network.partition(one, other);
            }
        }
        all_see(left, 2, Duration::from_secs(20)).await;
        all_see(right, 3, Duration::from_secs(20)).await;
        sleep(Duration::from_secs(seed)).await;
        network.heal();
        let started = Instant::now();
        all_see(&nodes, 5, Duration::from_secs(10)).await;
        assert!(started.elapsed() < Duration::from_secs(10), "seed {seed}: {:?}", started.elapsed());
    }
}

/// Two that have lost each other have nobody else to ask.
#[tokio::test(start_paused = true)]
async fn two_nodes_that_were_cut_off_find_each_other_again() {
    let network = Network::seeded(8);
    let nodes = cluster(&network, 2, |number| vec![0; number]).await;
    all_see(&nodes, 2, Duration::from_secs(3)).await;
    network.partition(&nodes[0], &nodes[1]);
    all_see(&nodes, 1, Duration::from_secs(20)).await;
    sleep(Duration::from_secs(300)).await;
    network.heal();
    all_see(&nodes, 2, Duration::from_secs(10)).await;
}

/// R45: a node that dies is dead for all within seconds.
#[tokio::test(start_paused = true)]
async fn a_node_that_dies_is_dead_for_all_within_seconds() {
    let network = Network::seeded(9);
    let mut nodes = cluster(&network, 6, |number| vec![0; number.min(1)]).await;
    all_see(&nodes, 6, Duration::from_secs(3)).await;
    let dead = nodes.pop().unwrap().id();
    let started = Instant::now();
    all_see(&nodes, 5, Duration::from_secs(10)).await;
    println!("dead for all after {:?}", started.elapsed());
    assert!(
        nodes[0].cluster().view().departed().iter().any(|gone| gone.id() == dead && gone.state() == MemberState::Dead)
    );
}

/// R44: a cluster in a hurry, and one that has time.
#[tokio::test(start_paused = true)]
async fn how_soon_somebody_is_dead_can_be_chosen() {
    for (probe, suspicion, expected) in [(200, 500, 500..1500), (1000, 30_000, 30_000..33_000)] {
        let network = Network::seeded(33);
        let mut times = Times::default();
        times.probe_period = Duration::from_millis(probe);
        times.probe_time = Duration::from_millis(probe / 3);
        times.suspicion = Duration::from_millis(suspicion);
        times.shown_after = times.suspicion / 2;
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let gossip = Gossip::with_times(times.clone());
            nodes.push(network.node_with(|builder| builder.membership(gossip).join(["sim://node0"])).await);
        }
        all_see(&nodes, 3, Duration::from_secs(3)).await;
        drop(nodes.pop());
        let started = Instant::now();
        all_see(&nodes, 2, Duration::from_secs(60)).await;
        let took = started.elapsed().as_millis() as u64;
        assert!(expected.contains(&took), "{took} ms");
    }
}

/// R44: with the very figures that `docs/cluster.md` has, whenever in a period it is that the node dies.
#[tokio::test(start_paused = true)]
async fn with_the_times_of_the_guide_a_node_is_dead_within_a_second() {
    let mut times = Times::default();
    times.suspicion = Duration::from_millis(500);
    times.shown_after = Duration::from_millis(200);
    times.probe_period = Duration::from_millis(100);
    times.probe_time = Duration::from_millis(50);
    for seed in 35..85 {
        let network = Network::seeded(seed);
        let mut nodes = Vec::new();
        for _ in 0..4 {
            let gossip = Gossip::with_times(times.clone());
            nodes.push(network.node_with(|builder| builder.membership(gossip).join(["sim://node0"])).await);
        }
        all_see(&nodes, 4, Duration::from_secs(3)).await;
        sleep(Duration::from_millis(seed * 37)).await;
        network.crash(nodes.last().unwrap());
        let started = Instant::now();
        all_see(&nodes[..3], 3, Duration::from_secs(3)).await;
        assert!(started.elapsed() < Duration::from_secs(1), "seed {seed}: {:?}", started.elapsed());
    }
}

/// R44: what cannot work is refused when the node is built.
#[tokio::test]
async fn a_node_is_not_built_with_times_that_contradict_one_another() {
    let mut times = Times::default();
    times.suspicion = Duration::from_millis(100);
    let builder = Node::builder().listen("mem://hurry").membership(Gossip::with_times(times)).join(NOTHING);
    let error = builder.start().await.unwrap_err();
    assert!(matches!(&error, SystemError::BadLimits { .. }) && error.to_string().contains("`suspicion`"), "{error}");
}

/// R58: somebody who knows where members are, and does not know yet when the node starts.
#[tokio::test(start_paused = true)]
async fn members_that_a_discovery_finds_are_joined() {
    struct Later(Instant);
    impl Discovery for Later {
        fn addresses(&self) -> BoxFuture<'_, Result<Vec<Address>, SystemError>> {
            Box::pin(async {
                if self.0.elapsed() < Duration::from_secs(5) {
                    return Err(SystemError::ShuttingDown);
                }
                ["sim://node0", "sim://node1", "sim://nowhere"].into_iter().map(str::parse).collect()
            })
        }
    }
    let network = Network::seeded(31);
    let first = network.node_with(|builder| builder.join(NOTHING)).await;
    let second = network.node_with(|builder| builder.discover(Later(Instant::now()))).await;
    let third = network.node_with(|builder| builder.discover(vec![first.address().clone()])).await;
    all_see(&[first, second, third], 3, Duration::from_secs(8)).await;
}

/// R53: who may connect and call need not be one who is believed about the cluster.
#[tokio::test(start_paused = true)]
async fn who_may_not_take_part_is_no_member() {
    let network = Network::seeded(32);
    let no_strangers = |peer: &PeerIdentity, method: &MethodInfo| {
        method.name() != "distributed_actor::Node::gossip" || !peer.claimed_name().starts_with("stranger")
    };
    let first = network.node_with(|builder| builder.join(NOTHING).authorize(no_strangers)).await;
    let second = network.node_with(|builder| builder.join([first.address()]).authorize(no_strangers)).await;
    let stranger = network.node_with(|builder| builder.name("stranger").join([first.address()])).await;
    all_see(&[first.clone(), second.clone()], 2, Duration::from_secs(5)).await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(first.cluster().view().members().len(), 2);
    assert_eq!(second.cluster().view().members().len(), 2);
    assert_eq!(stranger.cluster().view().members().len(), 1);
    assert!(stranger.peers().iter().any(|peer| peer.id == first.id() && peer.connected));
}
