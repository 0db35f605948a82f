//! The end of a node: in order, at once, and what is left behind.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actor_testkit::Network;
use bytes::Bytes;
use distributed_actor::{ActorRef, CallError, Limits, Node, Outcome, SystemError, Terminated};
use support::{Refused, TRANSPORTS, Worker, now, pair, place, sessions, system, until, until_in_time, worker};
use tokio::{net::TcpStream, sync::Semaphore, time::timeout};

/// R52, R59 in part: what was accepted finishes, what comes later is refused, and then nobody listens any more.
#[tokio::test]
async fn a_shutdown_lets_accepted_calls_finish_and_refuses_new_ones() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let (gate, life) = (Arc::new(Semaphore::new(0)), Arc::new(()));
        let actor = Worker { life: life.clone(), ..Worker::gated(&gate) };
        let begun = actor.begun.clone();
        let (local, remote) = place(&server, &client, actor).await;
        server.register("worker", &local).unwrap();
        drop(local);
        let call = |number| {
            let remote = remote.clone();
            tokio::spawn(async move { remote.wait(number).await })
        };
        let (running, queued) = (call(1), call(2));
        until(|| begun.load(Ordering::SeqCst) == 1).await;
        // An answer of another actor comes after the call behind was taken in.
        let (_other, fence) = worker(&server, &client).await;
        fence.seen().await.unwrap();
        let shutdown = tokio::spawn({
            let server = server.clone();
            async move { server.shutdown().await }
        });
        loop {
            match fence.seen().await {
                Ok(_) => tokio::task::yield_now().await,
                Err(CallError::System(error)) => {
                    assert_eq!((&error, error.outcome()), (&SystemError::ShuttingDown, Outcome::NotExecuted));
                    break;
                }
            }
        }
        // Nobody new is let in. Memory says so, a socket is closed.
        let late = Node::builder().start().await.unwrap();
        let found = late.lookup::<Worker>(server.address(), "worker").await;
        assert!(matches!(found, Err(SystemError::Connect { .. })), "{found:?}");
        assert!(!shutdown.is_finished());
        gate.add_permits(2);
        assert_eq!(running.await.unwrap().unwrap(), 1);
        assert_eq!(queued.await.unwrap().unwrap(), 2);
        shutdown.await.unwrap();
        until(|| Arc::strong_count(&life) == 1).await;
        assert_eq!(sessions(&client), 0);
        match system(remote.seen().await) {
            error @ SystemError::Connect { .. } => assert_eq!(error.outcome(), Outcome::NotExecuted),
            other => panic!("{other:?}"),
        }
        timeout(Duration::from_secs(5), server.all_actors_ended()).await.unwrap();
        server.shutdown().await;
    }
}

/// R62: casts that were accepted before the shutdown run.
#[tokio::test]
async fn a_shutdown_lets_accepted_casts_run() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let gate = Arc::new(Semaphore::new(0));
    let actor = Worker::gated(&gate);
    let begun = actor.begun.clone();
    let (_local, remote) = place(&server, &client, actor).await;
    for number in 0..10 {
        remote.wait(number).cast().await.unwrap();
    }
    let (_other, fence) = worker(&server, &client).await;
    fence.seen().await.unwrap();
    until(|| begun.load(Ordering::SeqCst) == 1).await;
    let shutdown = tokio::spawn({
        let server = server.clone();
        async move { server.shutdown().await }
    });
    while fence.seen().await.is_ok() {
        tokio::task::yield_now().await;
    }
    gate.add_permits(10);
    timeout(Duration::from_secs(5), shutdown).await.unwrap().unwrap();
    assert_eq!(begun.load(Ordering::SeqCst), 10);
    assert_eq!(server.dead_letters(), 0);
}

/// R52: a method that does not end is given up after the drain time.
#[tokio::test(start_paused = true)]
async fn a_method_that_hangs_is_given_up_after_the_drain_time() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let (_kept, remote) = worker(&a, &b).await;
    let watched = tokio::spawn(remote.terminated());
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.hang().timeout(Duration::from_secs(60)).await }
    });
    until_in_time(|| sessions(&a) == 1).await;
    remote.seen().timeout(Duration::from_millis(10)).await.unwrap_err();
    let before = now();
    a.shutdown().await;
    let took = now() - before;
    assert!(took >= Duration::from_secs(10) && took <= Duration::from_millis(10_250), "{took:?}");
    let error = system(call.await.unwrap());
    assert!(matches!(error, SystemError::ActorStopped { .. } | SystemError::Network(_)), "{error:?}");
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(matches!(watched.await.unwrap(), Terminated::Stopped | Terminated::NodeLost(_)));
    a.all_actors_ended().await;
}

/// R52: others know of it at once, not after the time for silence.
#[tokio::test(start_paused = true)]
async fn a_node_whose_last_handle_goes_closes_at_once_and_says_so() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let life = Arc::new(());
    let (local, remote) = place(&a, &b, Worker { life: life.clone(), ..Worker::default() }).await;
    a.register("worker", &local).unwrap();
    drop(local);
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.hang().await }
    });
    until_in_time(|| sessions(&a) == 1).await;
    remote.seen().timeout(Duration::from_millis(10)).await.unwrap_err();
    let id = a.id();
    let before = now();
    drop(a);
    match system(call.await.unwrap()) {
        SystemError::Network(lost) => assert_eq!(lost.node(), id),
        SystemError::ActorStopped { outcome } => assert_eq!(outcome, Outcome::Unknown),
        other => panic!("{other:?}"),
    }
    assert_eq!(now(), before, "it was not noticed at once");
    assert!(matches!(system(remote.seen().await), SystemError::Connect { .. }));
    until(|| Arc::strong_count(&life) == 1).await;
}

/// R22: a reference that was made through a handle is one; what actors are given is not.
#[tokio::test]
async fn handles_that_references_give_out_do_not_keep_a_node_running() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let (local, remote) = worker(&server, &client).await;
    let address = server.address().clone();
    let clone = server.clone();
    drop(server);
    assert_eq!(remote.halve(4).await.unwrap(), 2, "a clone keeps it");
    let given = local.system().clone();
    drop(clone);
    let host = address.rest().to_owned();
    // The listener is closed by a task.
    while TcpStream::connect(&host).await.is_ok() {
        tokio::task::yield_now().await;
    }
    drop(given);
    assert!(system(remote.seen().await).outcome() != Outcome::Executed);
    // The client runs as long as its reference does.
    drop(client);
    let again = Node::builder().listen(&address).start().await.unwrap();
    assert!(matches!(system(remote.seen().await), SystemError::NodeReplaced { new, .. } if new == again.id()));
}

/// References outlive their node, and say what has become of it.
#[tokio::test]
async fn after_the_end_local_references_say_that_their_actor_has_ended() {
    let node = Node::builder().start().await.unwrap();
    let actor: ActorRef<Worker> = node.spawn(Worker::default());
    assert_eq!(actor.halve(3).await, Err(CallError::Actor(Refused { missing: 1 })));
    node.shutdown().await;
    assert_eq!(timeout(Duration::from_secs(5), actor.terminated()).await.unwrap(), Terminated::Stopped);
    assert!(matches!(system(actor.seen().await), SystemError::UnknownActor { .. }));
    assert!(node.register("worker", &actor).is_err());
    let nobody = node.lookup::<Worker>("mem://nobody", "worker").await.unwrap_err();
    assert_eq!(nobody.outcome(), Outcome::NotExecuted);
}

/// A shutdown that was dropped half-way can be gone on with.
#[tokio::test(start_paused = true)]
async fn a_second_shutdown_goes_on_where_the_first_was_dropped() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let (_kept, remote) = worker(&a, &b).await;
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.sleep(Duration::from_secs(3)).await }
    });
    until_in_time(|| sessions(&a) == 1).await;
    remote.seen().timeout(Duration::from_millis(10)).await.unwrap_err();
    timeout(Duration::from_secs(1), a.shutdown()).await.unwrap_err();
    let before = now();
    a.shutdown().await;
    assert!(now() - before < Duration::from_secs(3));
    call.await.unwrap().unwrap();
}

/// R94 in part: at rest a node has its own few tasks, after its end none; the drain does not wait where nothing runs.
#[tokio::test(start_paused = true)]
async fn nothing_is_left_running() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let network = Network::seeded(1);
    network.latency(Duration::from_millis(3));
    let [a, b, c] = network.nodes().await;
    let mut limits = Limits::default();
    limits.drain_time_max = Duration::from_secs(1);
    let d = network.node_with(|builder| builder.limits(limits)).await;
    let (_one, to_a) = worker(&a, &b).await;
    let (_two, to_b) = worker(&b, &c).await;
    let (_three, to_d) = worker(&d, &a).await;
    for remote in [&to_a, &to_b, &to_d] {
        remote.note(1, vec![0; 100_000].into()).await.unwrap();
        remote.hang().timeout(Duration::from_millis(20)).await.unwrap_err();
        remote.seen().cast().await.unwrap();
        remote.seen().await.unwrap();
    }
    let watch = to_a.terminated();
    // A dial that does not come to an end.
    network.partition(&a, &c);
    let (_four, cut) = worker(&a, &c).await;
    cut.note(1, Bytes::new()).timeout(Duration::from_millis(20)).await.unwrap_err();
    let start = now();
    a.shutdown().await;
    b.shutdown().await;
    drop(c);
    d.shutdown().await;
    assert!(now() - start < Duration::from_secs(1), "{:?}", now() - start);
    assert!(matches!(watch.await, Terminated::NodeLost(_)));
    drop((to_b, to_d, cut));
    until_in_time(|| alive() == before).await;
    assert!(now() - start < Duration::from_secs(1), "{:?}", now() - start);
}

/// R68: what a peer does not take is thrown away, and nothing waits for it.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_does_not_hold_up_a_shutdown() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let network = Network::seeded(1);
    let mut limits = Limits::default();
    limits.drain_time_max = Duration::from_secs(1);
    let a = network.node_with(|builder| builder.limits(limits)).await;
    let b = network.node().await;
    let (_kept, remote) = worker(&a, &b).await;
    remote.seen().await.unwrap();
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.made(3 * 1024 * 1024).await.map(|bytes| bytes.len()) }
    });
    // Under way, not yet arrived; more than the cable holds.
    network.latency(Duration::from_millis(5));
    tokio::task::yield_now().await;
    network.cut(&a, &b);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let start = now();
    a.shutdown().await;
    assert!(now() - start <= Duration::from_millis(1250), "{:?}", now() - start);
    drop(remote);
    b.shutdown().await;
    assert_eq!(system(call.await.unwrap()).outcome(), Outcome::Unknown);
    until_in_time(|| alive() == before).await;
}

/// A node that cannot be reached has no call here that a shutdown could wait for.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_connection_that_is_being_made() {
    let network = Network::seeded(1);
    let [here, there] = network.nodes().await;
    let worker: ActorRef<Worker> = there.spawn(Worker::default());
    there.retain(&worker).unwrap();
    network.partition(&here, &there);
    let remote: ActorRef<Worker> = here.resolve(worker.id()).unwrap();
    let call = tokio::spawn(async move { remote.halve(8).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = tokio::time::Instant::now();
    here.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(call.await.unwrap().is_err());
}

/// `spawn` cannot fail: what it makes of a node that has ended is nobody's but its holders'.
#[tokio::test]
async fn what_is_spawned_on_a_node_that_has_ended_lives_for_its_holders_alone() {
    let node = Node::builder().start().await.unwrap();
    node.shutdown().await;
    let life = Arc::new(());
    let actor = node.spawn(Worker { life: life.clone(), ..Worker::default() });
    assert!(actor.seen().await.unwrap().is_empty());
    drop(actor);
    until(|| Arc::strong_count(&life) == 1).await;
    timeout(Duration::from_secs(5), node.all_actors_ended()).await.unwrap();
}

/// A node that is kept longer than the runtime it was started on, in a `static` say, has no tasks any more: no timer ends
/// what waits, and nobody dials.
#[test]
fn calls_of_a_node_whose_runtime_has_ended_fail_at_once_and_say_so() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let elsewhere = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = elsewhere.block_on(async { Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap() });
    let kept = {
        let _entered = elsewhere.enter();
        server.spawn(Worker::default())
    };
    server.register("worker", &kept).unwrap();
    let first = runtime();
    let (client, remote) = first.block_on(async {
        let client = Node::builder().start().await.unwrap();
        let remote: ActorRef<Worker> = client.lookup(server.address(), "worker").await.unwrap();
        remote.seen().await.unwrap();
        (client, remote)
    });
    // Begun before, and waited for by somebody else.
    let second = runtime();
    let (hanging, ended) = ({ remote.clone() }, remote.terminated());
    let hanging = second.spawn(async move { hanging.hang().timeout(Duration::from_secs(60)).await });
    let ended = second.spawn(ended);
    second.block_on(async {
        let begun = async { until(|| client.peers()[0].session.as_ref().unwrap().calls_out == 1).await };
        timeout(support::LONG, begun).await.unwrap();
    });
    drop(first);
    second.block_on(async {
        let all = async {
            let lost = system(hanging.await.unwrap());
            assert!(matches!(&lost, SystemError::Network(_)) && lost.to_string().contains("runtime"), "{lost}");
            assert!(matches!(ended.await.unwrap(), Terminated::NodeLost(_)));
            for _ in 0..2 {
                let unsent = system(remote.seen().timeout(Duration::from_millis(500)).await);
                assert!(
                    matches!(&unsent, SystemError::Connect { .. }) && unsent.to_string().contains("runtime"),
                    "{unsent}"
                );
                assert!(remote.seen().cast().await.unwrap_err().to_string().contains("runtime"));
                assert!(matches!(remote.terminated().await, Terminated::NodeLost(_)));
                client.lookup::<Worker>(server.address(), "worker").await.unwrap_err();
            }
            client.shutdown().await;
        };
        timeout(Duration::from_secs(3), all).await.unwrap();
    });
}
