//! The same seed gives the same run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{collections::BTreeSet, time::Duration};

use actor_testkit::Network;
use bytes::Bytes;
use distributed_actor::{ActorRef, Node, TraceParent};
use futures::future::join_all;
use support::{Worker, now, worker};
use tokio::time::sleep;

/// A run in a runtime of its own: the hash of all that arrived, and what the callers saw.
fn run(seed: u64) -> (u64, u64, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let network = Network::seeded(seed);
        let nodes = network.nodes::<4>().await;
        network.latency(Duration::from_millis(2));
        network.jitter(Duration::from_millis(7));
        let begin = now();
        let mut actors = Vec::new();
        for node in &nodes {
            for name in ["one", "two"] {
                let actor = node.spawn(Worker::default());
                node.register(name, &actor).unwrap();
                actors.push(actor);
            }
        }
        let callers = nodes.iter().enumerate().flat_map(|(place, node)| {
            let actors = &actors;
            (0..3_u64).map(move |caller| async move {
                let mut seen = Vec::new();
                for round in 0..6 {
                    // Asked in one direction only, so that no two wait for each other.
                    let index = (place * 3 + caller as usize + round) % (actors.len() - 1);
                    let actor = &actors[index];
                    let remote: ActorRef<Worker> = node.resolve(actor.id()).unwrap();
                    let ballast = Bytes::from(vec![caller as u8; round * 9000]);
                    let time = Duration::from_millis(10 + 7 * round as u64);
                    let count = remote.note(caller, ballast).timeout(time).await;
                    let asked = remote.ask(actors[index + 1].clone()).await;
                    seen.push(format!("{:?} {count:?} {asked:?}", now() - begin));
                }
                seen
            })
        });
        let faults = async {
            sleep(Duration::from_millis(30)).await;
            network.reset(&nodes[0], &nodes[1]);
            sleep(Duration::from_millis(30)).await;
            network.partition(&nodes[1], &nodes[2]);
            sleep(Duration::from_millis(3000)).await;
            network.heal();
        };
        let lookup = async {
            let found = nodes[3].lookup::<Worker>(nodes[0].address(), "two").await;
            vec![format!("{:?} {found:?}", now() - begin)]
        };
        let (mut seen, (), found) = tokio::join!(join_all(callers), faults, lookup);
        seen.push(found);
        for node in &nodes {
            node.shutdown().await;
        }
        (network.trace_hash(), network.deliveries(), seen.concat())
    })
}

/// R93: each time in a fresh runtime.
#[test]
fn the_same_seed_gives_the_same_run_and_another_one_another() {
    let mut hashes = BTreeSet::new();
    for seed in 0..4 {
        let first = run(seed);
        assert!(first.1 > 100);
        for _ in 0..20 {
            let again = run(seed);
            assert_eq!(again.2, first.2, "seed {seed}");
            assert_eq!((again.0, again.1), (first.0, first.1), "seed {seed}");
        }
        hashes.insert(first.0);
    }
    assert_eq!(hashes.len(), 4);
}

/// R36, R93: a trace context does not bring chance into a run that has none.
#[test]
fn a_traced_run_is_the_same_in_what_its_callers_see() {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let network = Network::seeded(9);
            let [a, b]: [Node; 2] = network.nodes().await;
            let (_kept, remote) = worker(&a, &b).await;
            let root = TraceParent::new(1, 2, 0).unwrap();
            remote.surroundings().trace_parent(root).await.unwrap();
            network.deliveries()
        })
    };
    assert_eq!(run(), run());
}
