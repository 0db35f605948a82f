//! Calls and members while a simulated network is cut and healed, from many seeds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use actor_testkit::Network;
use distributed_actor::{ActorRef, Node, distributed_actor};
use tokio::time::{Instant, sleep};

#[derive(Default)]
struct Ledger {
    ran: Vec<u64>,
}

#[distributed_actor]
impl Ledger {
    #[distributed]
    fn note(&mut self, number: u64) -> u64 {
        self.ran.push(number);
        number
    }

    #[distributed]
    fn ran(&self) -> Vec<u64> {
        self.ran.clone()
    }
}

/// Whether two of five nodes see each other: two halves; the same with a node that both see; a ring.
fn together(shape: u64, one: usize, other: usize) -> bool {
    match shape {
        0 => (one < 2) == (other < 2),
        1 => one == 2 || other == 2 || (one < 2) == (other < 2),
        _ => matches!(one.abs_diff(other), 0 | 1 | 4),
    }
}

/// R45, R57: after a partition of any shape the first call goes through within 2 s, and all see all within 10 s; what
/// ran has run once, and what was answered has run. `CLUSTER_SEEDS` makes it longer.
#[tokio::test(start_paused = true)]
async fn partitions_of_any_shape_heal_and_nothing_runs_twice() {
    let seeds = std::env::var("CLUSTER_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let (mut longest_call, mut longest_view) = (Duration::ZERO, Duration::ZERO);
    for seed in 0..seeds {
        let network = Network::seeded(seed);
        network.latency(Duration::from_millis(1));
        network.jitter(Duration::from_millis(3));
        let mut nodes: Vec<Node> = Vec::new();
        for _ in 0..5 {
            nodes.push(network.node_with(|builder| builder.join(["sim://node0"])).await);
        }
        for node in &nodes {
            node.cluster().wait_until(|view| view.alive() == 5, Duration::from_secs(5)).await.unwrap();
        }
        let ledgers: Vec<_> = nodes.iter().map(|node| node.spawn(Ledger::default())).collect();
        // Each node calls the next but one, without end.
        let callers: Vec<_> = (0..5)
            .map(|caller: usize| {
                let ledger: ActorRef<Ledger> = nodes[caller].resolve(ledgers[(caller + 2) % 5].id()).unwrap();
                tokio::spawn(async move {
                    let mut answered = Vec::new();
                    for number in 0_u64.. {
                        let call = ledger.note(number).timeout(Duration::from_millis(400)).await;
                        if let Ok(number) = call {
                            answered.push((number, Instant::now()));
                        }
                        sleep(Duration::from_millis(100)).await;
                        if number > 600 {
                            break;
                        }
                    }
                    answered
                })
            })
            .collect();
        sleep(Duration::from_millis(500)).await;
        for (one, left) in nodes.iter().enumerate() {
            for (other, right) in nodes.iter().enumerate().skip(one + 1) {
                if !together(seed % 3, one, other) {
                    network.partition(left, right);
                }
            }
        }
        sleep(Duration::from_secs(4 + seed % 17)).await;
        network.heal();
        let healed = Instant::now();
        for node in &nodes {
            let all = |view: &distributed_actor::cluster::ClusterView| view.alive() == 5 && view.members().len() == 5;
            let seen = node.cluster().wait_until(all, Duration::from_secs(10)).await;
            seen.unwrap_or_else(|error| panic!("seed {seed}, {}: {error}", node.name()));
        }
        longest_view = longest_view.max(healed.elapsed());
        for (caller, calling) in callers.into_iter().enumerate() {
            let answered = calling.await.unwrap();
            let first = answered.iter().map(|(_, at)| *at).find(|at| *at >= healed).expect("calls go through again");
            longest_call = longest_call.max(first - healed);
            let ran = ledgers[(caller + 2) % 5].ran().await.unwrap();
            let mut once = ran.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), ran.len(), "seed {seed}: something ran twice");
            assert!(answered.iter().all(|(number, _)| once.binary_search(number).is_ok()), "seed {seed}");
        }
    }
    println!(
        "figure: {seeds} partitions of 5 nodes: first call within {longest_call:?}, views within {longest_view:?}"
    );
    assert!(longest_call < Duration::from_secs(2), "{longest_call:?}");
}
