//! How sessions begin, end, and begin again.

use std::time::Duration;

use actor_core::{ActorRef, CallError, Outcome, SystemError, Terminated};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    calls::failure,
    ground::{Ground, place, sessions, until, watch},
    worker::{Worker, pattern},
};
use crate::{Fault, Way};

const SOON: Duration = Duration::from_secs(8);

/// R55
pub async fn when_both_dial_at_once_one_session_survives_and_no_call_fails(ground: &Ground) {
    for _ in 0..5 {
        let (one, other) = ground.pair().await;
        let (_here, there) = ground.worker(&one, &other);
        let (_there, here) = ground.worker(&other, &one);
        let mut calls = JoinSet::new();
        for remote in [there, here] {
            for seed in 0..20 {
                let remote = remote.clone();
                calls
                    .spawn(async move { assert_eq!(remote.echo(pattern(20, seed)).await.unwrap(), pattern(20, seed)) });
            }
        }
        while let Some(call) = calls.join_next().await {
            call.unwrap();
        }
        assert_eq!((sessions(&one), sessions(&other)), (1, 1));
        one.shutdown().await;
        other.shutdown().await;
    }
}

/// R55
pub async fn calls_at_once_make_one_connection(ground: &Ground) {
    let (server, _) = ground.plan("server").start().await;
    let (client, faults) = ground.plan("client").start().await;
    let mut calls = JoinSet::new();
    let mut kept = Vec::new();
    for _ in 0..30 {
        let (local, remote) = ground.worker(&server, &client);
        kept.push(local);
        calls.spawn(async move { remote.nothing().await.unwrap() });
    }
    calls.join_all().await;
    assert_eq!((faults.made(), faults.open()), (1, 1));
}

/// R55
pub async fn after_a_reset_the_next_call_goes_over_a_new_connection(ground: &Ground) {
    let server = ground.node("server").await;
    let (client, faults) = ground.plan("client").start().await;
    let worker = Worker::new(ground.ledger());
    let control = worker.control.clone();
    let (_kept, remote) = place(&server, &client, worker);
    for round in 0..5 {
        let waiting = tokio::spawn({
            let remote = remote.clone();
            async move { remote.wait(1).await }
        });
        until(|| control.begun() == round + 1).await;
        faults.reset();
        let error = failure(timeout(SOON, waiting).await.expect("it is noticed").unwrap());
        assert!(matches!(error, SystemError::Network(_)), "{error:?}");
        assert_eq!(error.outcome(), Outcome::Unknown);
        // The peer has noticed, too: what nobody waits for is given up.
        until(|| control.given_up() == round + 1).await;
        remote.nothing().await.unwrap();
    }
    assert_eq!((sessions(&server), sessions(&client)), (1, 1));
}

/// R55
pub async fn a_node_that_was_started_again_is_reached_at_its_old_address(ground: &Ground) {
    let client = ground.node("client").await;
    let first = ground.node("server").await;
    let address = first.address().clone();
    let worker = first.spawn(Worker::new(ground.ledger()));
    first.register("worker", &worker).unwrap();
    let before: ActorRef<Worker> = client.lookup(&address, "worker").await.unwrap();
    before.nothing().await.unwrap();
    first.shutdown().await;
    drop((first, worker));
    // What is asked before the news has come is lost with it.
    until(|| sessions(&client) == 0).await;
    let (second, _) = ground.plan("server").at(&address).start().await;
    let worker = second.spawn(Worker::new(ground.ledger()));
    second.register("worker", &worker).unwrap();
    let after: ActorRef<Worker> = client.lookup(&address, "worker").await.unwrap();
    after.nothing().await.unwrap();
    assert!(matches!(failure(before.nothing().await), SystemError::NodeReplaced { .. }));
}

/// R76
pub async fn a_shutdown_lets_accepted_calls_finish_and_refuses_new_ones(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let worker = Worker::new(ground.ledger());
    let control = worker.control.clone();
    let (_kept, remote) = place(&server, &client, worker);
    let waiting = tokio::spawn({
        let remote = remote.clone();
        async move { remote.wait(5).await }
    });
    until(|| control.begun() == 1).await;
    let closing = tokio::spawn({
        let server = server.clone();
        async move { server.shutdown().await }
    });
    loop {
        // Until it has begun to shut down, a call queues behind the one that waits.
        match remote.nothing().timeout(Duration::from_millis(100)).await {
            Err(CallError::System(SystemError::ShuttingDown)) => break,
            Err(CallError::System(SystemError::Deadline { .. })) => {}
            other => panic!("{other:?}"),
        }
    }
    control.open(1);
    assert_eq!(waiting.await.unwrap().unwrap(), 5);
    timeout(SOON, closing).await.expect("then it ends").unwrap();
}

pub async fn the_last_word_of_a_node_that_is_dropped_arrives(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (local, remote) = ground.worker(&server, &client);
    remote.nothing().await.unwrap();
    let watching = watch(&remote).await;
    remote.nothing().await.unwrap();
    drop(server);
    match timeout(SOON, watching).await.expect("it is told") {
        Terminated::NodeLost(lost) => assert!(lost.to_string().contains("done"), "{lost}"),
        // The actor may end before its node, and that be told.
        Terminated::Stopped => {}
        other => panic!("{other:?}"),
    }
    drop(local);
}

/// R56
pub async fn a_peer_that_falls_silent_is_given_up(ground: &Ground) {
    for way in [Way::In, Way::Out] {
        let server = ground.plan("server").impatient().start().await.0;
        let (client, faults) = ground.plan("client").impatient().start().await;
        let (_kept, remote) = ground.worker(&server, &client);
        remote.nothing().await.unwrap();
        faults.set(way, 0, Fault::Lose);
        let watched = timeout(SOON, remote.terminated()).await.expect("it is noticed");
        assert!(matches!(watched, Terminated::NodeLost(_)), "{watched:?}");
        // The other side gives it up as well, or is told.
        until(|| sessions(&server) == 0 && sessions(&client) == 0).await;
        faults.heal();
        timeout(SOON, async { remote.nothing().await }).await.expect("it comes back").unwrap();
    }
}

/// R56
pub async fn a_quiet_connection_lives_on_pings(ground: &Ground) {
    // A peer that is busy with something else has a second to ping.
    let silence = Duration::from_millis(1100);
    let impatient = |name| ground.plan(name).impatient().limits(|limits| limits.silence_max = silence);
    let server = impatient("server").start().await.0;
    let (client, faults) = impatient("client").start().await;
    let (_kept, remote) = ground.worker(&server, &client);
    remote.nothing().await.unwrap();
    let made = faults.made();
    let watching = tokio::spawn({
        let remote = remote.clone();
        async move { remote.terminated().await }
    });
    sleep(silence * 2).await;
    remote.nothing().await.unwrap();
    assert!(!watching.is_finished(), "{watching:?}");
    assert_eq!(faults.made(), made);
    watching.abort();
    let _ = watching.await;
}

/// R30
pub async fn a_node_may_have_several_listeners(ground: &Ground) {
    let second = ground.address("server");
    let (server, _) = ground.plan("server").start_with(|builder| builder.listen(&second)).await;
    assert_eq!(server.addresses().len(), 2);
    let worker = server.spawn(Worker::new(ground.ledger()));
    server.register("worker", &worker).unwrap();
    for (name, address) in ["client", "third"].into_iter().zip(server.addresses()) {
        let client = ground.node(name).await;
        let remote: ActorRef<Worker> = client.lookup(address, "worker").await.unwrap();
        remote.nothing().await.unwrap();
        assert_eq!(client.connect(address).await.unwrap(), server.id());
    }
}

/// R55
pub async fn ten_nodes_connect_to_one_at_once(ground: &Ground) {
    let server = ground.node("server").await;
    let worker = server.spawn(Worker::new(ground.ledger()));
    server.register("worker", &worker).unwrap();
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let mut clients = Vec::new();
    for name in names {
        clients.push(ground.node(name).await);
    }
    let mut calls = JoinSet::new();
    for client in clients.clone() {
        let address = server.address().clone();
        calls.spawn(async move {
            let remote: ActorRef<Worker> = client.lookup(&address, "worker").await.unwrap();
            remote.mark(1, pattern(1000, 1)).await.unwrap();
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
    assert_eq!((sessions(&server), worker.seen().await.unwrap().len()), (10, 10));
}

/// R53
pub async fn a_node_does_not_connect_to_itself(ground: &Ground) {
    let server = ground.node("server").await;
    let connected = server.connect(server.address()).await;
    assert!(matches!(connected, Err(SystemError::Connect { .. })), "{connected:?}");
    let worker = server.spawn(Worker::new(ground.ledger()));
    server.register("worker", &worker).unwrap();
    let found: ActorRef<Worker> = server.lookup(server.address(), "worker").await.unwrap();
    assert!(found.is_local());
}
