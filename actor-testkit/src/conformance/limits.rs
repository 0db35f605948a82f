//! What is bounded, and what happens beyond.

use std::time::Duration;

use actor_core::{CallError, SystemError};
use actor_transport::{Limits, Node};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    calls::failure,
    ground::{Ground, place, sessions, until},
    worker::{Worker, pattern},
};
use crate::{Fault, Way};

const TIME: Duration = Duration::from_secs(20);

/// R104
pub async fn a_thousand_and_twenty_four_calls_are_in_flight(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let mut calls = JoinSet::new();
    let mut gates = Vec::new();
    for number in 0..1024 {
        let worker = Worker::new(ground.ledger());
        gates.push(worker.control.clone());
        let (local, remote) = place(&server, &client, worker);
        calls.spawn(async move {
            assert_eq!(remote.wait(number).timeout(TIME).await.unwrap(), number);
            drop(local);
        });
    }
    until(|| gates.iter().all(|gate| gate.begun() == 1)).await;
    let session = client.peers().iter().find_map(|peer| peer.session).unwrap();
    assert_eq!(session.calls_out, 1024);
    for gate in gates {
        gate.open(1);
    }
    assert_eq!(calls.join_all().await.len(), 1024);
}

pub async fn calls_beyond_those_in_flight_wait_for_their_turn(ground: &Ground) {
    let server = ground.plan("server").limits(|limits| limits.calls_in_flight_max = 4).start().await.0;
    let client = ground.node("client").await;
    let workers: Vec<_> = (0..12).map(|_| Worker::new(ground.ledger())).collect();
    let gates: Vec<_> = workers.iter().map(|worker| worker.control.clone()).collect();
    let mut calls = JoinSet::new();
    for worker in workers {
        let (local, remote) = place(&server, &client, worker);
        calls.spawn(async move {
            remote.wait(1).timeout(TIME).await.unwrap();
            drop(local);
        });
    }
    let begun = || gates.iter().map(|gate| gate.begun()).sum::<usize>();
    until(|| begun() == 4).await;
    until(|| client.peers().iter().filter_map(|peer| peer.session).any(|session| session.waiting == 8)).await;
    assert_eq!(begun(), 4);
    for gate in &gates {
        gate.open(1);
    }
    assert_eq!(calls.join_all().await.len(), 12);
}

/// The smaller limit of both nodes holds.
pub async fn the_smaller_limit_of_both_nodes_holds(ground: &Ground) {
    let small = |limits: &mut Limits| {
        (limits.message_length_max, limits.inbound_bytes_max) = (10_000, 20_000);
        limits.chunk_length_max = 1024;
    };
    let server = ground.plan("server").limits(small).start().await.0;
    let client = ground.node("client").await;
    let (_there, there) = ground.worker(&server, &client);
    let (_here, here) = ground.worker(&client, &server);
    for remote in [there, here] {
        assert_eq!(remote.echo(pattern(9_990, 1)).await.unwrap(), pattern(9_990, 1));
        let error = failure(remote.echo(pattern(10_001, 1)).await);
        assert!(matches!(error, SystemError::MessageTooLarge { limit: 10_000, .. }), "{error:?}");
        for seed in 0..20 {
            assert_eq!(remote.echo(pattern(5_000, seed)).await.unwrap(), pattern(5_000, seed));
        }
    }
}

/// R67
pub async fn what_does_not_fit_into_the_queue_is_overloaded(ground: &Ground) {
    let server = ground.node("server").await;
    let few = |limits: &mut Limits| {
        (limits.calls_in_flight_max, limits.calls_waiting_max) = (1, 2);
    };
    let client = ground.plan("client").limits(few).start().await.0;
    let worker = Worker::new(ground.ledger());
    let gate = worker.control.clone();
    let (_kept, remote) = place(&server, &client, worker);
    let mut calls = JoinSet::new();
    let call = |calls: &mut JoinSet<_>| {
        let remote = remote.clone();
        calls.spawn(async move { remote.wait(1).timeout(TIME).await });
    };
    call(&mut calls);
    until(|| gate.begun() == 1).await;
    for _ in 0..2 {
        call(&mut calls);
    }
    until(|| client.peers().iter().filter_map(|peer| peer.session).any(|session| session.waiting == 2)).await;
    assert!(matches!(failure(remote.wait(1).await), SystemError::Overloaded { .. }));
    gate.open(3);
    assert!(calls.join_all().await.iter().all(Result::is_ok));
}

/// R68: somebody who reads slowly costs his peers no more memory than was agreed.
pub async fn a_slow_reader_holds_its_callers_up_and_nobody_else(ground: &Ground) {
    // On a machine that has much else to do this may take longer than a peer may be silent.
    let patient = |limits: &mut Limits| (limits.silence_max, limits.write_stall_max) = (TIME, TIME);
    let (server, faults) = ground.plan("server").limits(patient).start().await;
    let client = ground.plan("client").limits(patient).start().await.0;
    let other = ground.node("third").await;
    let (_kept, remote) = ground.worker(&server, &client);
    remote.nothing().await.unwrap();
    faults.set(Way::In, 0, Fault::Stall);
    let (mut casts, load) = (JoinSet::new(), pattern(1 << 20, 1));
    for number in 0..64 {
        let (remote, load) = (remote.clone(), load.clone());
        // A cast is handed over when the peer has room for it.
        casts.spawn(async move { remote.mark(number, load).timeout(TIME).cast().await });
    }
    let held =
        || client.peers().iter().filter_map(|peer| peer.session).map(|session| session.waiting_bytes).sum::<u64>();
    until(|| held() > 32 << 20).await;
    // What has a connection of its own goes on.
    let (_there, there) = ground.worker(&other, &client);
    for _ in 0..20 {
        there.nothing().await.unwrap();
    }
    faults.heal();
    for sent in casts.join_all().await {
        assert!(sent.is_ok(), "all are sent when there is room: {sent:?}");
    }
    assert_eq!(remote.seen().timeout(TIME).await.unwrap().len(), 64);
}

/// R53
pub async fn connections_beyond_the_limit_are_refused_and_those_that_stand_go_on(ground: &Ground) {
    let few = |limits: &mut Limits| limits.connections_per_listener_max = 2;
    let server = ground.plan("server").limits(few).start().await.0;
    let clients = [ground.node("client").await, ground.node("third").await];
    for client in &clients {
        connect_in_time(client, &server).await;
    }
    until(|| sessions(&server) == 2).await;
    let late = ground.node("fourth").await;
    let refused = late.connect(server.address()).await;
    assert!(matches!(refused, Err(SystemError::Connect { .. })), "{refused:?}");
    for client in &clients {
        let (_kept, remote) = ground.worker(&server, client);
        remote.nothing().await.unwrap();
    }
    clients[0].shutdown().await;
    connect_in_time(&late, &server).await;
}

/// Asking who is there takes a connection of its own, and those that have gone may still be counted for a moment.
async fn connect_in_time(client: &Node, server: &Node) {
    let connected = timeout(TIME, async {
        while client.connect(server.address()).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    connected.await.expect("there is room");
}

/// R53
pub async fn calls_that_wait_for_a_connection_fail_when_there_is_none(ground: &Ground) {
    let server = ground.node("server").await;
    let (client, faults) = ground.plan("client").impatient().start().await;
    let (_kept, remote) = ground.worker(&server, &client);
    faults.refuse_connecting();
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let remote = remote.clone();
        calls.spawn(async move { remote.nothing().timeout(TIME).await });
    }
    for result in calls.join_all().await {
        assert!(matches!(result, Err(CallError::System(SystemError::Connect { .. }))), "{result:?}");
    }
}
