//! A registry with many entries, on a simulated network and in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use actor_testkit::Network;
use distributed_actor::{
    Node,
    cluster::{Key, Registry},
    distributed_actor,
};
use tokio::time::{Instant, sleep};

const COUNT: usize = 10_000;

struct Worker;

#[distributed_actor]
impl Worker {
    #[distributed]
    fn ping(&self) {}
}

async fn joined(network: &Network) -> (Node, Registry) {
    let node = network.node_with(|builder| builder.join(["sim://node0"])).await;
    let registry = Registry::of(&node).unwrap();
    (node, registry)
}

fn name(number: usize) -> String {
    format!("{:0>120}/{number}", "long")
}

async fn until(what: &str, condition: impl Fn() -> bool) -> Duration {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        sleep(Duration::from_millis(50)).await;
    }
    started.elapsed()
}

/// R96, R97: entered at once, they are more than a connection takes at once, and get to all members all the same, and
/// to one that comes later; and go with their actors.
#[tokio::test(start_paused = true)]
async fn ten_thousand_entries_get_to_all_members() {
    let network = Network::seeded(1);
    network.latency(Duration::from_millis(2));
    let (first, writer) = joined(&network).await;
    let (_second, second) = joined(&network).await;
    first.cluster().wait_until(|view| view.alive() == 2, Duration::from_secs(5)).await.unwrap();
    let crowd = Key::<Worker>::new("crowd");
    let named = first.spawn(Worker);
    let workers: Vec<_> = (0..COUNT).map(|_| first.spawn(Worker)).collect();
    for (number, worker) in workers.iter().enumerate() {
        writer.claim(name(number), &named).unwrap();
        writer.join(&crowd, worker).unwrap();
    }
    let sees_all =
        |registry: &Registry| (0..COUNT).step_by(97).all(|number| registry.find::<Worker>(&name(number)).is_some());
    let took = until("all there", || sees_all(&second) && second.members(&crowd).len() == COUNT).await;
    println!("figure: {COUNT} names of 125 bytes and {COUNT} members of a group: with the other node after {took:?}");
    let (_third, third) = joined(&network).await;
    let took = until("all at the one that is late", || sees_all(&third) && third.members(&crowd).len() == COUNT).await;
    println!("figure: with one that joins later after {took:?}");
    assert_eq!(first.cluster().view().alive(), 3);
    drop((named, workers));
    let none = |registry: &Registry| registry.find::<Worker>(&name(0)).is_none() && registry.members(&crowd).is_empty();
    until("all gone", || [&writer, &second, &third].into_iter().all(none)).await;
}
