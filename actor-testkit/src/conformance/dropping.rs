//! Futures that are dropped at each of their steps: before the first poll, after the first one, and so on until they end.
//! Each time the next one works.

use std::time::Duration;

use actor_core::ActorRef;
use actor_transport::Node;

use super::{
    ground::{Ground, sessions, until},
    worker::{Worker, pattern},
};
use crate::{Faults, at_every_poll, poll_then_drop};

const TIME: Duration = Duration::from_secs(10);

/// Ends all connections between the two.
async fn disconnect(faults: &Faults, nodes: [&Node; 2]) {
    faults.reset();
    until(|| nodes.iter().all(|node| sessions(node) == 0)).await;
}

/// R33
pub async fn a_call_can_be_dropped_at_every_poll(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    for length in [0, 200_000] {
        at_every_poll(async |polls| {
            let call = ground
                .ledger()
                .call("client", TIME, async |call| remote.carry(call, pattern(length, 1)).timeout(TIME).await);
            let ended = poll_then_drop(polls, call).await;
            let next = ground.ledger().call("client", TIME, async |call| remote.note(call).timeout(TIME).await);
            next.await.unwrap();
            ended.map(|result| assert_eq!(result.unwrap().len(), length))
        })
        .await;
    }
}

/// R33
pub async fn a_method_that_waits_can_lose_its_caller_at_every_poll(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    at_every_poll(async |polls| {
        let call = ground.ledger().call("client", TIME, async |call| remote.note_later(call).timeout(TIME).await);
        let ended = poll_then_drop(polls, call).await;
        remote.nothing().await.unwrap();
        ended.map(Result::unwrap)
    })
    .await;
}

/// R33
pub async fn a_cast_can_be_dropped_at_every_poll(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    for length in [0, 200_000] {
        at_every_poll(async |polls| {
            let ended = poll_then_drop(polls, remote.mark(polls as u64, pattern(length, 1)).cast()).await;
            remote.nothing().await.unwrap();
            ended.map(|result| result.unwrap())
        })
        .await;
    }
    let seen = remote.seen().await.unwrap();
    assert!(seen.iter().filter(|polls| **polls == 0).count() == 0, "what is not polled is not sent: {seen:?}");
}

/// R33, R55
pub async fn a_call_that_waits_for_a_connection_can_be_dropped_at_every_poll(ground: &Ground) {
    let server = ground.node("server").await;
    let (client, faults) = ground.plan("client").impatient().start().await;
    let (_kept, remote) = ground.worker(&server, &client);
    at_every_poll(async |polls| {
        let call = ground.ledger().call("client", TIME, async |call| remote.note(call).timeout(TIME).await);
        let ended = poll_then_drop(polls, call).await;
        remote.nothing().await.unwrap();
        disconnect(&faults, [&server, &client]).await;
        ended.map(Result::unwrap)
    })
    .await;
}

/// R33, R55
pub async fn a_lookup_can_be_dropped_at_every_poll(ground: &Ground) {
    let server = ground.node("server").await;
    let worker = server.spawn(Worker::new(ground.ledger()));
    server.register("worker", &worker).unwrap();
    let (client, faults) = ground.plan("client").impatient().start().await;
    at_every_poll(async |polls| {
        let ended = poll_then_drop(polls, client.lookup::<Worker>(server.address(), "worker")).await;
        client.lookup::<Worker>(server.address(), "worker").await.unwrap();
        disconnect(&faults, [&server, &client]).await;
        ended.map(Result::unwrap)
    })
    .await;
}

/// R33, R55
pub async fn a_connect_can_be_dropped_at_every_poll(ground: &Ground) {
    let server = ground.node("server").await;
    let (client, faults) = ground.plan("client").impatient().start().await;
    at_every_poll(async |polls| {
        let ended = poll_then_drop(polls, client.connect(server.address())).await;
        assert_eq!(client.connect(server.address()).await.unwrap(), server.id());
        disconnect(&faults, [&server, &client]).await;
        ended.map(Result::unwrap)
    })
    .await;
}

/// R33
pub async fn a_watch_can_be_dropped_at_every_poll(ground: &Ground) {
    let (server, client) = ground.pair().await;
    at_every_poll(async |polls| {
        let (local, remote) = ground.worker(&server, &client);
        remote.nothing().await.unwrap();
        let ended = poll_then_drop(polls, async {
            let (how, _) = tokio::join!(remote.terminated(), local.stop());
            how
        })
        .await;
        local.stop().await;
        let (_kept, other) = ground.worker(&server, &client);
        other.nothing().await.unwrap();
        ended.map(drop)
    })
    .await;
}

/// R33
pub async fn a_start_and_a_shutdown_can_be_dropped_at_every_poll(ground: &Ground) {
    let server = ground.node("server").await;
    let worker = server.spawn(Worker::new(ground.ledger()));
    server.register("worker", &worker).unwrap();
    at_every_poll(async |polls| {
        let ended = poll_then_drop(polls, async {
            let node = ground.node("client").await;
            let remote: ActorRef<Worker> = node.lookup(server.address(), "worker").await.unwrap();
            remote.nothing().await.unwrap();
            node.shutdown().await;
        })
        .await;
        // Who was dropped has gone.
        until(|| sessions(&server) == 0).await;
        ended
    })
    .await;
}
