//! What arrives in which order.

use std::time::Duration;

use actor_core::{ActorRef, BoxFuture};
use tokio::task::JoinSet;

use super::{
    ground::{Ground, place, until},
    worker::{Worker, pattern},
};

/// R61
pub async fn calls_arrive_in_the_order_of_their_first_poll(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    let mut calls = JoinSet::new();
    // Each is polled here once, in order, before the task that waits for it is.
    for number in 0..200 {
        let remote = remote.clone();
        let mut call: BoxFuture<'static, _> = Box::pin(async move { remote.mark(number, pattern(0, 0)).await });
        if crate::poll_then_drop(1, &mut call).await.is_none() {
            calls.spawn(call);
        }
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    assert_eq!(remote.seen().await.unwrap(), (0..200).collect::<Vec<_>>());
}

/// R61
pub async fn calls_and_casts_to_one_actor_arrive_in_order(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    for round in 0..40 {
        // Small and large, so that some are cut into chunks.
        let load = pattern(if round % 4 == 0 { 70_000 } else { 10 }, 1);
        remote.mark(3 * round, load.clone()).cast().await.unwrap();
        remote.mark_later(3 * round + 1).cast().await.unwrap();
        assert_eq!(remote.mark(3 * round + 2, load).await.unwrap() as u64, 3 * round + 3);
    }
    assert_eq!(remote.seen().await.unwrap(), (0..120).collect::<Vec<_>>());
}

/// R61
pub async fn a_small_call_waits_behind_a_large_one_to_the_same_actor(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    for round in 0..3 {
        let (large, small) = tokio::join!(
            remote.mark(2 * round, pattern(2 << 20, 1)).timeout(Duration::from_secs(30)),
            remote.mark(2 * round + 1, pattern(1, 1))
        );
        assert_eq!((large.unwrap(), small.unwrap()), (2 * round as usize + 1, 2 * round as usize + 2));
    }
    assert_eq!(remote.seen().await.unwrap(), [0, 1, 2, 3, 4, 5]);
}

/// R39
pub async fn a_small_call_passes_large_ones_to_other_actors(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_one, small) = ground.worker(&server, &client);
    small.nothing().await.unwrap();
    let mut large = JoinSet::new();
    for seed in 0..3 {
        let (local, remote) = ground.worker(&server, &client);
        large.spawn(async move {
            let body = pattern(4_000_000, seed);
            assert!(remote.echo(body.clone()).timeout(Duration::from_secs(30)).await.unwrap() == body);
            drop(local);
        });
    }
    let mut passed = 0;
    while !large.is_empty() {
        small.nothing().await.unwrap();
        while let Some(call) = large.try_join_next() {
            call.unwrap();
        }
        passed += usize::from(!large.is_empty());
    }
    assert!(passed > 0, "{passed} small calls went by while the large ones were under way");
}

/// One method of an actor runs at a time, whoever calls from wherever.
pub async fn calls_of_two_nodes_do_not_mix_their_own_order(ground: &Ground) {
    let server = ground.node("server").await;
    let clients = [ground.node("client").await, ground.node("third").await];
    let local = server.spawn(Worker::new(ground.ledger()));
    let mark = async |from: &actor_transport::Node, base: u64| {
        from.introduce(server.id(), server.addresses());
        let remote: ActorRef<Worker> = from.resolve(local.id()).unwrap();
        for number in 0..50 {
            remote.mark_later(base + number).await.unwrap();
        }
    };
    tokio::join!(mark(&clients[0], 0), mark(&clients[1], 1000));
    let seen = local.seen().await.unwrap();
    let of = |base: u64| seen.iter().copied().filter(|number| (base..base + 50).contains(number)).collect::<Vec<_>>();
    assert_eq!((of(0), of(1000)), ((0..50).collect(), (1000..1050).collect()));
}

/// A call waits for its turn there, and those to other actors do not.
pub async fn a_busy_actor_holds_up_its_own_calls_alone(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let worker = Worker::new(ground.ledger());
    let control = worker.control.clone();
    let (_kept, busy) = place(&server, &client, worker);
    let (_other, other) = ground.worker(&server, &client);
    let mut waiting = JoinSet::new();
    for number in 0..3 {
        let busy = busy.clone();
        waiting.spawn(async move { busy.wait(number).await.unwrap() });
    }
    until(|| control.begun() == 1).await;
    for _ in 0..20 {
        other.nothing().await.unwrap();
    }
    assert_eq!(control.begun(), 1);
    control.open(3);
    assert_eq!(waiting.join_all().await.len(), 3);
}
