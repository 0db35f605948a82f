//! Connections between nodes: how they come up, cross, break and come back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    future::poll_fn,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actor_testkit::{Network, RawPeer};
use actor_transport::protocol::{Frame, Handshake, HelloConfig, Progress, Reject};
use bytes::{Bytes, BytesMut};
use distributed_actor::{ActorId, ActorRef, Limits, Node, NodeId, Outcome, SystemError, TcpTransport, Transport};
use futures::future::join_all;
use support::{Worker, now, outcome, pair, place, sessions, system, until_in_time, worker};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};

async fn named(network: &Network) -> (Node, ActorRef<Worker>) {
    let node = network.node().await;
    let actor = node.spawn(Worker::default());
    node.register("worker", &actor).unwrap();
    (node, actor)
}

/// Both have exactly one session, which is the same one.
async fn assert_one_session(a: &Node, b: &Node) {
    sleep(Duration::from_secs(2)).await;
    assert_eq!((sessions(a), sessions(b)), (1, 1));
}

/// R55: by id, by address, and one by each; over connections whose delays differ from run to run.
#[tokio::test(start_paused = true)]
async fn when_both_dial_at_once_one_session_survives_and_no_call_fails() {
    for seed in 0..200 {
        let network = Network::seeded(seed);
        let ((a, at_a), (b, at_b)) = (named(&network).await, named(&network).await);
        network.latency(Duration::from_millis(seed % 5));
        network.jitter(Duration::from_millis(1 + seed % 40));
        let pause = Duration::from_micros(seed * 211 % 5000);
        let by_id = |node: &Node, actor: &ActorRef<Worker>| {
            let remote: ActorRef<Worker> = node.resolve(actor.id()).unwrap();
            async move {
                for number in 0..5 {
                    remote.note(number, Bytes::new()).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                }
            }
        };
        let by_address = |node: &Node, other: &Node| {
            let (node, address) = (node.clone(), other.address().clone());
            async move {
                let found = node.lookup::<Worker>(address, "worker").await;
                let remote = found.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                for number in 0..5 {
                    remote.note(number, Bytes::new()).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                }
            }
        };
        let later = |call: futures::future::BoxFuture<'static, ()>| async move {
            sleep(pause).await;
            call.await;
        };
        let calls: Vec<futures::future::BoxFuture<'static, ()>> = match seed % 5 {
            0 => vec![Box::pin(by_id(&a, &at_b)), Box::pin(later(Box::pin(by_id(&b, &at_a))))],
            1 => vec![Box::pin(by_address(&a, &b)), Box::pin(later(Box::pin(by_address(&b, &a))))],
            2 => vec![Box::pin(by_id(&a, &at_b)), Box::pin(later(Box::pin(by_address(&b, &a))))],
            3 => vec![Box::pin(by_address(&a, &b)), Box::pin(later(Box::pin(by_id(&b, &at_a))))],
            _ => vec![
                Box::pin(by_id(&a, &at_b)),
                Box::pin(by_address(&a, &b)),
                Box::pin(by_address(&b, &a)),
                Box::pin(later(Box::pin(by_id(&b, &at_a)))),
                Box::pin(later(Box::pin(by_address(&a, &b)))),
            ],
        };
        join_all(calls).await;
        assert_one_session(&a, &b).await;
        a.shutdown().await;
        b.shutdown().await;
    }
}

/// R55
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_both_dial_at_once_over_tcp_no_call_fails() {
    for _ in 0..30 {
        let start = || Node::builder().listen("tcp://127.0.0.1:0").start();
        let (a, b) = (start().await.unwrap(), start().await.unwrap());
        let (at_a, at_b) = (a.spawn(Worker::default()), b.spawn(Worker::default()));
        a.register("worker", &at_a).unwrap();
        b.register("worker", &at_b).unwrap();
        let (first, second) = tokio::join!(
            tokio::spawn({
                let (a, address) = (a.clone(), b.address().clone());
                async move { a.lookup::<Worker>(address, "worker").await.unwrap().seen().await.unwrap() }
            }),
            tokio::spawn({
                let (b, address) = (b.clone(), a.address().clone());
                async move { b.lookup::<Worker>(address, "worker").await.unwrap().seen().await.unwrap() }
            }),
        );
        assert_eq!((first.unwrap(), second.unwrap()), (vec![], vec![]));
        assert_eq!((sessions(&a), sessions(&b)), (1, 1));
    }
}

/// R55
#[tokio::test]
async fn several_lookups_at_once_share_one_session() {
    for listen in support::TRANSPORTS {
        let (server, client) = pair(listen).await;
        let actor = server.spawn(Worker::default());
        server.register("worker", &actor).unwrap();
        let found = join_all((0..32).map(|_| client.lookup::<Worker>(server.address(), "worker"))).await;
        for remote in found {
            assert_eq!(remote.unwrap(), actor);
        }
        assert_eq!((sessions(&client), sessions(&server)), (1, 1));
        assert_eq!(client.peers().len(), 1);
    }
}

/// R55: a node has one session however it is addressed.
#[tokio::test]
async fn two_addresses_of_one_node_share_one_session() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let actor = server.spawn(Worker::default());
    server.register("worker", &actor).unwrap();
    let other = server.address().as_str().replace("127.0.0.1", "localhost");
    let (first, second) =
        tokio::join!(client.lookup::<Worker>(server.address(), "worker"), client.lookup::<Worker>(&other, "worker"),);
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(client.lookup::<Worker>(&other, "worker").await.unwrap(), actor);
    assert_eq!((sessions(&client), sessions(&server)), (1, 1));
    assert_eq!(client.connect(&other).await.unwrap(), server.id());
}

/// A node finds what is registered on itself, whichever way it is addressed.
#[tokio::test]
async fn a_lookup_at_the_nodes_own_address_stays_at_home() {
    let node = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
    let actor = node.spawn(Worker::default());
    node.register("worker", &actor).unwrap();
    let found: ActorRef<Worker> = node.lookup(node.address(), "worker").await.unwrap();
    assert!(found.is_local());
    let other = node.address().as_str().replace("127.0.0.1", "localhost");
    let found: ActorRef<Worker> = node.lookup(&other, "worker").await.unwrap();
    assert!(found.is_local());
    assert_eq!(sessions(&node), 0);
}

/// R46: what was sent fails at once, and says which node; the next call finds a new connection.
#[tokio::test(start_paused = true)]
async fn after_a_reset_calls_under_way_fail_and_the_next_ones_go_through() {
    let network = Network::seeded(3);
    let [a, b] = network.nodes().await;
    let gate = Arc::new(Semaphore::new(0));
    let worker = Worker::gated(&gate);
    let begun = worker.begun.clone();
    let (_kept, remote) = place(&a, &b, worker).await;
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.wait(1).await }
    });
    until_in_time(|| begun.load(Ordering::SeqCst) == 1).await;
    let before = now();
    network.reset(&a, &b);
    match system(call.await.unwrap()) {
        error @ SystemError::Network(_) => {
            assert_eq!(error.outcome(), Outcome::Unknown);
            assert!(error.to_string().contains("reset"), "{error}");
            let SystemError::Network(lost) = error else { unreachable!() };
            assert_eq!(lost.node(), a.id());
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(now(), before, "it was not noticed at once");
    assert_eq!(remote.seen().await.unwrap(), [], "the call that was running was given up");
    assert_eq!(sessions(&b), 1);
}

/// R44, R56: a peer that says nothing is given up after 5 s, and an idle one that answers pings is not.
#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_after_five_seconds() {
    let network = Network::seeded(3);
    let [a, b] = network.nodes().await;
    let (_kept, remote) = worker(&a, &b).await;
    remote.seen().await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert_eq!((sessions(&a), sessions(&b)), (1, 1));
    network.partition(&a, &b);
    let before = now();
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.seen().timeout(Duration::from_secs(60)).await }
    });
    let lost = remote.terminated();
    match system(call.await.unwrap()) {
        SystemError::Network(lost) => {
            assert_eq!(lost.node(), a.id());
            assert!(lost.to_string().contains("silent"), "{lost}");
        }
        other => panic!("{other:?}"),
    }
    let took = now() - before;
    assert!(took >= Duration::from_secs(4) && took <= Duration::from_millis(5001), "{took:?}");
    assert!(matches!(lost.await, distributed_actor::Terminated::NodeLost(_)));
    // The other side has noticed for itself.
    sleep(Duration::from_millis(1001)).await;
    assert_eq!((sessions(&a), sessions(&b)), (0, 0));
}

/// R49, R55: a call waits for the connection; where none is made in its time, it was not executed.
#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_a_connection_are_not_executed() {
    let network = Network::seeded(3);
    let [a, b] = network.nodes().await;
    let (_kept, remote) = worker(&a, &b).await;
    network.partition(&a, &b);
    let before = now();
    let (short, long) = tokio::join!(
        remote.note(1, Bytes::new()).timeout(Duration::from_millis(300)),
        remote.note(2, Bytes::new()).timeout(Duration::from_secs(60)),
    );
    match system(short) {
        SystemError::Deadline { after, outcome } => {
            assert_eq!((after, outcome), (Duration::from_millis(300), Outcome::NotExecuted));
        }
        other => panic!("{other:?}"),
    }
    match system(long) {
        error @ SystemError::Connect { .. } => {
            assert_eq!(error.outcome(), Outcome::NotExecuted);
            assert!(error.to_string().contains(a.address().as_str()), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(now() - before, Duration::from_secs(5));
    network.heal();
    assert_eq!(remote.note(3, Bytes::new()).await.unwrap(), 1);
}

/// R55: pauses grow from 50 ms to 5 s, in virtual time; a call made in one waits for the next attempt.
#[tokio::test(start_paused = true)]
async fn attempts_to_reach_a_node_become_rarer_and_begin_anew_after_a_success() {
    let network = Network::seeded(3);
    let [a, b] = network.nodes().await;
    let (_kept, remote) = worker(&a, &b).await;
    a.shutdown().await;
    let mut pauses = Vec::new();
    for _ in 0..12 {
        let before = now();
        let error = system(remote.seen().timeout(Duration::from_secs(60)).await);
        assert!(matches!(error, SystemError::Connect { .. }), "{error:?}");
        pauses.push((now() - before).as_millis());
    }
    assert_eq!(pauses[0], 0);
    let mut longest = 50;
    for pause in &pauses[1..] {
        assert!((longest / 2..=longest).contains(pause), "{pauses:?}");
        longest = (longest * 2).min(5000);
    }
    assert_eq!(longest, 5000);
}

/// While a node waits for its next attempt, the other may come: it is not told to wait for a dial that is not made.
#[tokio::test(start_paused = true)]
async fn a_node_that_pauses_between_attempts_takes_the_connection_of_the_other() {
    for seed in 0..20 {
        let network = Network::seeded(seed);
        let [a, b] = network.nodes().await;
        let (_first, to_a) = worker(&a, &b).await;
        let (_second, to_b) = worker(&b, &a).await;
        network.partition(&a, &b);
        for _ in 0..8 {
            // One after another, until the pauses are long.
            assert_eq!(outcome(to_b.seen().timeout(Duration::from_secs(60)).await), Outcome::NotExecuted);
        }
        let waiting = tokio::spawn(async move { to_b.seen().timeout(Duration::from_secs(60)).await });
        tokio::task::yield_now().await;
        network.heal();
        let before = now();
        to_a.seen().await.unwrap();
        assert!(now() - before < Duration::from_millis(100), "seed {seed}: {:?}", now() - before);
        waiting.await.unwrap().unwrap();
        assert_eq!((sessions(&a), sessions(&b)), (1, 1));
    }
}

/// R55
#[tokio::test]
async fn a_refused_connection_is_said_at_once() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let address = format!("tcp://127.0.0.1:{port}");
    let found = timeout(Duration::from_secs(2), client.lookup::<Worker>(&address, "worker")).await.unwrap();
    match found.unwrap_err() {
        error @ SystemError::Connect { .. } => {
            assert!(error.to_string().contains(&address), "{error}");
            assert_eq!(error.outcome(), Outcome::NotExecuted);
        }
        other => panic!("{other:?}"),
    }
    let (_kept, remote) = worker(&server, &client).await;
    server.shutdown().await;
    match timeout(Duration::from_secs(2), remote.seen()).await.unwrap() {
        Err(distributed_actor::CallError::System(error @ SystemError::Connect { .. })) => {
            assert_eq!(error.outcome(), Outcome::NotExecuted);
        }
        other => panic!("{other:?}"),
    }
}

/// One address of several that answers is enough, though another one belongs to somebody else by now.
#[tokio::test]
async fn a_node_is_reached_at_any_of_its_addresses() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let stranger = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let actor = server.spawn(Worker::default());
    client.introduce(server.id(), &[format!("tcp://{closed}").parse().unwrap(), stranger.address().clone()]);
    client.introduce(server.id(), server.addresses());
    let remote: ActorRef<Worker> = client.resolve(actor.id()).unwrap();
    assert_eq!(remote.seen().await.unwrap(), []);
}

/// R23, R51: a reference to the incarnation before fails at once, and never reaches an actor of the new one.
#[tokio::test]
async fn a_node_that_was_started_again_has_replaced_the_one_before() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let address = server.address().clone();
    let (_kept, old) = worker(&server, &client).await;
    let (_kept_too, other) = worker(&server, &client).await;
    old.note(1, Bytes::new()).await.unwrap();
    server.shutdown().await;
    drop(server);
    let server = Node::builder().listen(&address).start().await.unwrap();
    let actors = [server.spawn(Worker::default()), server.spawn(Worker::default())];
    server.register("worker", &actors[0]).unwrap();
    assert_eq!(actors[0].id().instance(), old.id().instance());
    for _ in 0..2 {
        match system(timeout(Duration::from_secs(2), old.note(2, Bytes::new())).await.unwrap()) {
            error @ SystemError::NodeReplaced { .. } => {
                assert_eq!(error.outcome(), Outcome::NotExecuted);
                let SystemError::NodeReplaced { old: before, new } = error else { unreachable!() };
                assert_eq!((before, new), (old.id().node(), server.id()));
            }
            other => panic!("{other:?}"),
        }
    }
    let new: ActorRef<Worker> = client.lookup(&address, "worker").await.unwrap();
    assert_eq!(new.seen().await.unwrap(), []);
    assert!(matches!(system(other.seen().await), SystemError::NodeReplaced { .. }));
    assert_ne!(new, old);
}

/// A connection beyond the limit is refused with the reason, and leaves nothing behind that would keep later ones out.
#[tokio::test]
async fn a_connection_beyond_the_limit_is_refused_and_the_next_one_taken_when_there_is_room() {
    let mut limits = Limits::default();
    limits.connections_per_address_max = 2;
    limits.backoff_max = Duration::from_millis(50);
    let server = Node::builder().listen("tcp://127.0.0.1:0").limits(limits).start().await.unwrap();
    let actor = server.spawn(Worker::default());
    server.register("worker", &actor).unwrap();
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap());
    }
    let [first, second, third] = clients.try_into().unwrap();
    first.lookup::<Worker>(server.address(), "worker").await.unwrap();
    second.lookup::<Worker>(server.address(), "worker").await.unwrap();
    let error = third.lookup::<Worker>(server.address(), "worker").await.unwrap_err();
    assert!(error.to_string().contains("too many connections"), "{error}");
    // The server may dial whom it has refused.
    let there = third.spawn(Worker::default());
    server.introduce(third.id(), third.addresses());
    let remote: ActorRef<Worker> = server.resolve(there.id()).unwrap();
    remote.seen().await.unwrap();
    first.shutdown().await;
    let fourth = Node::builder().transport(TcpTransport::new()).start().await.unwrap();
    // The server needs a moment to see that the first one has gone.
    let mut found = fourth.lookup::<Worker>(server.address(), "worker").await;
    while let Err(SystemError::Connect { .. }) = found {
        found = fourth.lookup::<Worker>(server.address(), "worker").await;
    }
    assert_eq!(found.unwrap(), actor);
}

/// A peer that says that its own dial will do, and gives that up just then, is dialed again within a second or two.
#[tokio::test]
async fn a_peer_whose_own_dial_does_not_come_is_dialed_again() {
    let mut listener = TcpTransport::new().listen(&"tcp://127.0.0.1:0".parse().unwrap()).await.unwrap();
    let id = NodeId::from_bits(7);
    let hello = || HelloConfig::new(id, Limits::default());
    let client = Node::builder().start().await.unwrap();
    client.introduce(id, &[listener.address()]);
    let remote: ActorRef<Worker> = client.resolve(&ActorId::new(id, 1)).unwrap();
    let call = tokio::spawn(async move { remote.halve(8).timeout(Duration::from_secs(20)).await });

    let (mut receiver, mut sender) = listener.accept().await.unwrap().split();
    let mut handshake = Handshake::listen(hello());
    let mut input = BytesMut::new();
    while !matches!(handshake.receive(&mut input), Ok(Some(Progress::Offered(_)))) {
        poll_fn(|cx| receiver.poll_receive(cx, &mut input)).await.unwrap();
    }
    handshake.reject(&Reject::Duplicate);
    let mut batch = handshake.transmit().into_iter().collect();
    poll_fn(|cx| sender.poll_send(cx, &mut batch)).await.unwrap();

    let again = timeout(Duration::from_secs(3), listener.accept()).await.unwrap().unwrap();
    let mut peer = RawPeer::over(again);
    peer.accept(hello()).await.unwrap();
    while !matches!(peer.receive().await.unwrap().unwrap().frame(), Ok(Frame::Call { .. })) {}
    drop(peer);
    assert!(matches!(system(call.await.unwrap()), SystemError::Network(_)));
}
