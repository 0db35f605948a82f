//! Names and groups, on a simulated network and in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, future::poll_fn, pin::Pin, time::Duration};

use actor_testkit::Network;
use distributed_actor::{
    ActorRef, Node, NodeId, SystemError,
    cluster::{ClusterEvent, Key, Registry},
    distributed_actor,
};
use futures_core::Stream;
use tokio::time::{sleep, timeout};

const CROWD: Key<Listener> = Key::new("crowd");

#[derive(Default)]
struct Listener {
    heard: Vec<String>,
}

#[distributed_actor]
impl Listener {
    #[distributed(spawn)]
    fn create() -> Self {
        Self::default()
    }

    #[distributed]
    fn say(&mut self, text: String) {
        self.heard.push(text);
    }

    #[distributed]
    async fn hang(&mut self) {
        std::future::pending().await
    }

    #[distributed]
    fn heard(&self) -> Vec<String> {
        self.heard.clone()
    }
}

async fn nodes<const N: usize>(network: &Network) -> [Node; N] {
    let mut nodes = Vec::new();
    for _ in 0..N {
        nodes.push(network.node_with(|builder| builder.join(["sim://node0"])).await);
    }
    let nodes: [Node; N] = nodes.try_into().unwrap();
    for node in &nodes {
        node.cluster().wait_until(|view| view.alive() == N, Duration::from_secs(5)).await.unwrap();
    }
    nodes
}

fn registries<const N: usize>(nodes: &[Node; N]) -> [Registry; N] {
    std::array::from_fn(|number| Registry::of(&nodes[number]).unwrap())
}

/// Waits until the copy has so many members of the crowd.
async fn until(registry: &Registry, count: usize) -> Vec<ActorRef<Listener>> {
    let mut listing = registry.listing(&CROWD);
    let found = async {
        loop {
            let members = listing.next().await.expect("the node runs");
            if members.len() == count {
                return members;
            }
        }
    };
    timeout(Duration::from_secs(10), found).await.unwrap_or_else(|_| panic!("{:?}", registry.members(&CROWD)))
}

/// R97: counted joins, one's own actors alone, gone with their actor and their node.
#[tokio::test(start_paused = true)]
async fn a_group_has_those_that_have_joined_as_often_as_they_have() {
    let network = Network::seeded(1);
    let nodes = nodes::<3>(&network).await;
    let [a, b, c] = registries(&nodes);
    let [first, second, third] = std::array::from_fn(|number| nodes[number].spawn(Listener::default()));
    a.join(&CROWD, &first).unwrap();
    a.join(&CROWD, &first).unwrap();
    b.join(&CROWD, &second).unwrap();
    c.join(&CROWD, &third).unwrap();
    for registry in [&a, &b, &c] {
        let members = until(registry, 4).await;
        assert_eq!(members.iter().filter(|member| **member == first).count(), 2);
    }
    assert_eq!(b.local_members(&CROWD), std::slice::from_ref(&second));
    // Another node's actor is not entered here.
    let remote: ActorRef<Listener> = nodes[0].resolve(second.id()).unwrap();
    for actor in [&remote, &second] {
        let error = a.join(&CROWD, actor).unwrap_err();
        assert!(matches!(error, SystemError::UnknownActor { .. }), "{error:?}");
        let (id, node) = (second.id(), nodes[1].id());
        let expected = format!("no actor {id} of this node: it lives on node {node}, where it has to be entered");
        assert_eq!(error.to_string(), expected);
        assert!(!a.leave(&CROWD, actor));
    }

    assert!(a.leave(&CROWD, &first));
    until(&c, 3).await;
    assert!(a.leave(&CROWD, &first) && !a.leave(&CROWD, &first));
    until(&c, 2).await;
    drop(second);
    assert_eq!(until(&c, 1).await, std::slice::from_ref(&third));
    until(&a, 1).await;
    let [one, _, three] = nodes;
    drop((c, third, three));
    let mut listing = a.listing(&CROWD);
    assert_eq!(listing.next().await.unwrap().len(), 1);
    assert_eq!(timeout(Duration::from_secs(15), listing.next()).await.unwrap().unwrap().len(), 0);
    one.shutdown().await;
    assert!(listing.next().await.is_none());
}

/// R96, R97: also one that ends while it is entered leaves nothing behind.
#[tokio::test(start_paused = true)]
async fn an_actor_that_has_ended_gets_no_name_and_into_no_group() {
    let network = Network::seeded(9);
    let nodes = nodes::<2>(&network).await;
    let [registry, other] = registries(&nodes);
    let (dead, living) = (nodes[0].spawn(Listener::default()), nodes[0].spawn(Listener::default()));
    dead.stop().await;
    let refused =
        |error: SystemError| matches!(&error, SystemError::UnknownActor { actor } if **actor == *dead.id().to_string());
    assert!(refused(registry.join(&CROWD, &dead).unwrap_err()));
    assert!(refused(registry.claim("king", &dead).unwrap_err()));
    assert!(registry.claim("king", &living).unwrap().holds());

    // It is entered before the order to stop is seen to, and not any more when it has ended.
    let mortal = nodes[0].spawn(Listener::default());
    let ended = mortal.stop();
    registry.join(&CROWD, &mortal).unwrap();
    let claim = registry.claim("heir", &mortal).unwrap();
    ended.await;
    assert!(registry.join(&CROWD, &mortal).is_err());
    until(&registry, 0).await;
    until(&other, 0).await;
    assert!(!claim.holds());
    assert!(registry.claim("heir", &living).unwrap().holds());
}

/// What `StreamExt::next` does.
async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// R42, R97: for whoever has combinators of streams at hand.
#[tokio::test(start_paused = true)]
async fn events_and_listings_are_streams() {
    let network = Network::seeded(8);
    let nodes = nodes::<2>(&network).await;
    let [registry, _] = registries(&nodes);
    let (mut listing, mut events) = (registry.listing(&CROWD), nodes[0].cluster().events());
    assert_eq!(next(&mut listing).await, Some(Vec::new()));
    assert!(matches!(next(&mut events).await, Some(ClusterEvent::Snapshot(view)) if view.members().len() == 2));
    let listener = nodes[0].spawn(Listener::default());
    let (joined, listed) = tokio::join!(async { registry.join(&CROWD, &listener) }, next(&mut listing));
    joined.unwrap();
    assert_eq!(listed, Some(vec![listener.clone()]));
    nodes[1].cluster().leave().await;
    assert!(matches!(next(&mut events).await, Some(ClusterEvent::Departed(gone)) if gone.id() == nodes[1].id()));
    nodes[0].shutdown().await;
    while let Some(listed) = next(&mut listing).await {
        assert!(listed.is_empty());
    }
    assert_eq!(next(&mut events).await, None);
}

/// R97
#[tokio::test(start_paused = true)]
async fn a_broadcast_reaches_each_member_of_a_group_once() {
    let network = Network::seeded(2);
    let nodes = nodes::<4>(&network).await;
    let all = registries(&nodes);
    let actors: Vec<_> = nodes.iter().map(|node| node.spawn(Listener::default())).collect();
    for (registry, actor) in all.iter().zip(&actors) {
        registry.join(&CROWD, actor).unwrap();
        registry.join(&CROWD, actor).unwrap();
    }
    until(&all[3], 8).await;
    let told = all[3].broadcast(&CROWD, |member| async move { member.say("hello".into()).cast().await }).await;
    assert_eq!(told, 4);
    for actor in &actors {
        while actor.heard().await.unwrap().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(actor.heard().await.unwrap(), ["hello"]);
    }
}

/// R98: in turn, or by a key; whoever comes has a share, and of whoever goes nothing is left.
#[tokio::test(start_paused = true)]
async fn a_router_shares_work_among_those_that_are_in_a_group() {
    let network = Network::seeded(9);
    let nodes = nodes::<3>(&network).await;
    let all = registries(&nodes);
    let router = all[0].router(&CROWD);
    assert!(router.next().is_none() && router.by_key("order 17").is_none());
    let mut actors: Vec<_> = nodes.iter().map(|node| node.spawn(Listener::default())).collect();
    for (registry, actor) in all.iter().zip(&actors) {
        registry.join(&CROWD, actor).unwrap();
    }
    until(&all[0], 3).await;
    until(&all[1], 3).await;
    for _ in 0..30 {
        router.next().unwrap().say("work".into()).await.unwrap();
    }
    for actor in &actors {
        assert_eq!(actor.heard().await.unwrap().len(), 10);
    }
    let elsewhere = all[1].router(&CROWD);
    let keys: Vec<_> = (0..60).map(|number| format!("order {number}")).collect();
    let before: Vec<_> = keys.iter().map(|key| *router.by_key(key).unwrap().id()).collect();
    assert!(actors.iter().all(|actor| before.iter().filter(|id| *id == actor.id()).count() > 5), "{before:?}");
    assert!(keys.iter().zip(&before).all(|(key, id)| elsewhere.by_key(key).unwrap().id() == id));
    let gone = *actors.pop().unwrap().id();
    until(&all[0], 2).await;
    for (key, was) in keys.iter().zip(before) {
        let now = *router.by_key(key).unwrap().id();
        assert!(now != gone && (was == gone || now == was));
    }
}

/// R96: found from every node, by one that joins later, too; taken while it is had, free when its actor or node is gone.
#[tokio::test(start_paused = true)]
async fn a_name_is_had_by_one_actor_of_the_cluster() {
    let network = Network::seeded(3);
    let nodes = nodes::<2>(&network).await;
    let [a, b] = registries(&nodes);
    let king = nodes[0].spawn(Listener::default());
    let claim = a.claim("king", &king).unwrap();
    assert!(claim.holds());
    a.claim("king", &king).unwrap();
    sleep(Duration::from_millis(50)).await;
    let found: ActorRef<Listener> = b.find("king").unwrap();
    found.say("long live".into()).await.unwrap();
    assert_eq!(king.heard().await.unwrap(), ["long live"]);
    let rival = nodes[1].spawn(Listener::default());
    assert!(matches!(b.claim("king", &rival), Err(SystemError::NameTaken { .. })));

    let late = network.node_with(|builder| builder.join(["sim://node1"])).await;
    let registry = Registry::of(&late).unwrap();
    let there = async {
        while registry.find::<Listener>("king").is_none() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(3), there).await.unwrap();

    claim.release();
    sleep(Duration::from_millis(50)).await;
    let claim = b.claim("king", &rival).unwrap();
    sleep(Duration::from_millis(50)).await;
    assert_eq!(a.find::<Listener>("king").map(|king| *king.id()), Some(*rival.id()));
    rival.stop();
    timeout(Duration::from_secs(1), claim.lost()).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    assert!(a.find::<Listener>("king").is_none());
}

/// R57, R96: claimed on both sides of a partition, a name is had by the node with the smaller id in the end, and the
/// other one is told.
#[tokio::test(start_paused = true)]
async fn a_name_that_both_sides_of_a_partition_claim_goes_to_the_smaller_id() {
    let network = Network::seeded(4);
    let nodes = nodes::<2>(&network).await;
    let all = registries(&nodes);
    network.partition(&nodes[0], &nodes[1]);
    let actors: Vec<_> = nodes.iter().map(|node| node.spawn(Listener::default())).collect();
    let claims: Vec<_> =
        all.iter().zip(&actors).map(|(registry, actor)| registry.claim("king", actor).unwrap()).collect();
    sleep(Duration::from_secs(20)).await;
    assert!(claims.iter().all(distributed_actor::cluster::Claim::holds));
    network.heal();
    let winner = usize::from(nodes[1].id() < nodes[0].id());
    timeout(Duration::from_secs(15), claims[1 - winner].lost()).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    assert!(claims[winner].holds());
    for registry in &all {
        assert_eq!(registry.find::<Listener>("king").map(|king| *king.id()), Some(*actors[winner].id()));
    }
}

/// Where `count` actors are started that are placed by load, by node.
async fn placed(nodes: &[Node; 3], registry: &Registry, count: usize) -> BTreeMap<NodeId, usize> {
    // All are asked from now on.
    let placement = registry.least_loaded();
    sleep(Duration::from_secs(2)).await;
    let mut placed = BTreeMap::new();
    for _ in 0..count {
        let actor = nodes[0].spawn_where(&placement, Listener::spawn_create()).await.unwrap();
        *placed.entry(actor.id().node()).or_insert(0) += 1;
    }
    placed
}

/// R2
#[tokio::test(start_paused = true)]
async fn the_least_loaded_node_gets_the_next_actor() {
    let network = Network::seeded(5);
    let nodes = nodes::<3>(&network).await;
    let [registry, ..] = registries(&nodes);
    let kept: Vec<_> = (0..30).map(|_| nodes[1].spawn(Listener::default())).collect();
    let placed = placed(&nodes, &registry, 60).await;
    assert_eq!(placed.get(&nodes[1].id()), None, "{placed:?}");
    assert!(placed.values().all(|count| *count == 30), "{placed:?}");
    drop(kept);
}

/// R2: an actor with a long queue is as much as many actors.
#[tokio::test(start_paused = true)]
async fn calls_that_wait_on_a_node_are_a_part_of_its_load() {
    let network = Network::seeded(5);
    let nodes = nodes::<3>(&network).await;
    let [registry, ..] = registries(&nodes);
    let busy = nodes[2].spawn(Listener::default());
    let there: ActorRef<Listener> = nodes[1].resolve(busy.id()).unwrap();
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let there = there.clone();
            tokio::spawn(async move { there.hang().timeout(Duration::from_secs(60)).await })
        })
        .collect();
    let placed = placed(&nodes, &registry, 60).await;
    assert_eq!(placed.get(&nodes[2].id()), None, "{placed:?}");
    assert!(placed.values().all(|count| *count == 30), "{placed:?}");
    calls.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_cluster_has_no_registry() {
    let network = Network::seeded(6);
    let node = network.node().await;
    let error = Registry::of(&node).unwrap_err();
    assert!(matches!(error, SystemError::UnknownName { .. }), "{error:?}");
    let expected = "nothing is registered as `Registry` on this node: build it with `join`, and with no other membership \
                    than `Gossip`";
    assert_eq!(error.to_string(), expected);
}

/// Which nodes have an actor after some seconds; never two at once.
async fn watched(nodes: &[Node], seconds: u32) -> Vec<usize> {
    let mut holders = Vec::new();
    for _ in 0..seconds * 20 {
        sleep(Duration::from_millis(50)).await;
        holders = (0..nodes.len()).filter(|number| nodes[*number].actor_count() > 0).collect();
        assert!(holders.len() <= 1, "{holders:?}");
    }
    holders
}

/// R98: started once, again elsewhere when its node dies, and stopped where there is no majority; never two at once.
#[tokio::test(start_paused = true)]
async fn one_node_of_a_majority_has_the_singleton_and_a_minority_has_none() {
    for seed in 7..12 {
        let network = Network::seeded(seed);
        let nodes = nodes::<5>(&network).await;
        let all = registries(&nodes);
        let parts: Vec<_> = all.iter().map(|registry| registry.singleton("scheduler", 5, Listener::default)).collect();
        let first = watched(&nodes, 10).await[0];
        assert!(all[4].find::<Listener>("scheduler").is_some());
        // The one that has it, and another one, on one side.
        let with_it = [first, (first + 1) % 5];
        for one in with_it {
            for other in (0..5).filter(|other| !with_it.contains(other)) {
                network.partition(&nodes[one], &nodes[other]);
            }
        }
        let second = watched(&nodes, 25).await[0];
        assert!(!with_it.contains(&second), "seed {seed}: {second}");
        network.heal();
        assert_eq!(watched(&nodes, 20).await, [second]);
        // It goes with its part.
        drop(parts);
        assert_eq!(watched(&nodes, 2).await, []);
    }
}
