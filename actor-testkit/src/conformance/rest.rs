//! Nothing is left of what has ended. That no connection and no task is left is looked for after each test of the suite.

use std::time::Duration;

use actor_transport::Node;
use tokio::{runtime::Handle, task::JoinSet};

use super::{
    ground::{Ground, place, sessions, until},
    worker::{Worker, pattern},
};
use crate::poll_then_drop;

const TIME: Duration = Duration::from_secs(20);

/// Whether no call is in flight in either direction, and no message is held.
fn is_idle(node: &Node) -> bool {
    node.peers().iter().filter_map(|peer| peer.session).all(|session| {
        session.calls_in == 0
            && session.calls_out == 0
            && session.callers == 0
            && session.waiting == 0
            && session.waiting_bytes == 0
            && session.inbound_bytes == 0
            && session.answers_bytes == 0
            && session.anomalies == 0
    })
}

/// R92
pub async fn nothing_is_held_when_calls_have_ended(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let mut calls = JoinSet::new();
    for seed in 0..10 {
        let (local, remote) = ground.worker(&server, &client);
        calls.spawn(async move {
            for round in 0..30 {
                let load = pattern(round * 2000, seed);
                assert!(remote.echo(load.clone()).timeout(TIME).await.unwrap() == load);
                remote.mark(1, load).cast().await.unwrap();
            }
            assert_eq!(remote.seen().timeout(TIME).await.unwrap().len(), 30);
            drop(local);
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
    until(|| is_idle(&server) && is_idle(&client)).await;
}

/// R92
pub async fn nothing_is_held_of_calls_that_were_given_up(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let worker = Worker::new(ground.ledger());
    let (_kept, busy) = place(&server, &client, worker);
    let (_other, other) = ground.worker(&server, &client);
    for round in 0..400 {
        poll_then_drop(1, busy.wait(1)).await;
        poll_then_drop(1, other.echo(pattern(round % 7 * 10_000, 1))).await;
    }
    other.nothing().timeout(TIME).await.unwrap();
    until(|| is_idle(&server) && is_idle(&client)).await;
}

/// R92
pub async fn nodes_that_come_and_go_leave_nothing_with_those_that_stay(ground: &Ground) {
    let (server, faults) = ground.plan("server").start().await;
    let worker = server.spawn(Worker::new(ground.ledger()));
    server.register("worker", &worker).unwrap();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for round in 0..12 {
        let client = ground.node("client").await;
        let remote = client.lookup::<Worker>(server.address(), "worker").await.unwrap();
        assert_eq!(remote.mark(1, pattern(10, 1)).await.unwrap(), round + 1);
        match round % 3 {
            0 => client.shutdown().await,
            1 => drop(remote.wait(1).timeout(Duration::ZERO).await),
            _ => {}
        }
        drop((client, remote));
    }
    until(|| sessions(&server) == 0 && faults.open() == 0 && tasks() <= before).await;
}
