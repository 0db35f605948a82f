//! Actors on nodes that a placement chooses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use actor_testkit::Network;
use distributed_actor::{
    CallError, SystemError,
    cluster::{ByKey, RandomMember, WithLabel},
    distributed_actor,
};

struct Worker;

#[distributed_actor]
impl Worker {
    #[distributed(spawn)]
    fn create() -> Self {
        Worker
    }
}

/// R2
#[tokio::test(start_paused = true)]
async fn an_actor_is_started_where_a_placement_wants_it() {
    let network = Network::seeded(1);
    let nothing: Option<&str> = None;
    let first = network.node_with(|builder| builder.join(nothing)).await;
    let second = network.node_with(|builder| builder.join(["sim://node0"]).label("role", "worker")).await;
    let third = network.node_with(|builder| builder.join(["sim://node0"]).label("role", "worker")).await;
    for node in [&first, &second, &third] {
        node.cluster().wait_until(|view| view.alive() == 3, Duration::from_secs(5)).await.unwrap();
    }
    let worker = first.spawn_where(third.id(), Worker::spawn_create()).await.unwrap();
    assert_eq!(worker.id().node(), third.id());
    let worker = first.spawn_where(WithLabel::new("role", "worker"), Worker::spawn_create()).await.unwrap();
    assert_ne!(worker.id().node(), first.id());
    first.spawn_where(RandomMember::seeded(1), Worker::spawn_create()).await.unwrap();
    // Any node finds the same place for a key.
    let places = [
        first.spawn_where(ByKey::new("order 17"), Worker::spawn_create()).await.unwrap(),
        second.spawn_where(ByKey::new("order 17"), Worker::spawn_create()).await.unwrap(),
    ];
    assert_eq!(places[0].id().node(), places[1].id().node());

    match first.spawn_where(WithLabel::new("role", "cook"), Worker::spawn_create()).await {
        Err(CallError::System(error @ SystemError::Connect { .. })) => {
            assert!(error.to_string().contains("node0 (alive)"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}
