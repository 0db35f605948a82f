//! References that travel, ids that are wrong, names, and the ends of actors as others see them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actor_testkit::Network;
use bytes::Bytes;
use distributed_actor::{ActorId, ActorRef, Node, NodeId, Outcome, SystemError, Terminated};
use support::{TRANSPORTS, Worker, pair, place, sessions, system, until, until_in_time, worker};
use tokio::{sync::Semaphore, time::timeout};

/// R21: over three hops, to a node that the last one has never heard of.
#[tokio::test]
async fn a_reference_that_was_handed_on_reaches_a_node_that_was_not_known() {
    let listening = || Node::builder().listen("tcp://127.0.0.1:0").start();
    let [a, b, c, d] = [listening().await, listening().await, listening().await, listening().await].map(Result::unwrap);
    let far = a.spawn(Worker::default());
    // Each knows the next one only.
    let (_at_b, b_from_c) = worker(&b, &c).await;
    let (_at_c, c_from_d) = worker(&c, &d).await;
    b.introduce(a.id(), a.addresses());
    let at_b: ActorRef<Worker> = b.resolve(far.id()).unwrap();
    assert!(!c.peers().iter().any(|peer| peer.id == a.id()));
    let for_c = b.spawn(Worker::default());
    c.introduce(b.id(), b.addresses());
    let broker: ActorRef<Worker> = c.resolve(for_c.id()).unwrap();
    // b sends it to c as a result, c to d likewise.
    let holder = b.spawn(Holder { held: Some(at_b) });
    let at_c = c.resolve::<Holder>(holder.id()).unwrap().held().await.unwrap().unwrap();
    let holder = c.spawn(Holder { held: Some(at_c.clone()) });
    d.introduce(c.id(), c.addresses());
    let at_d = d.resolve::<Holder>(holder.id()).unwrap().held().await.unwrap().unwrap();
    assert_eq!(at_d, far);
    assert!(!at_d.is_local());
    assert_eq!(at_d.note(1, Bytes::new()).await.unwrap(), 1);
    // Back to where it lives it is local again.
    let same = a.spawn(Worker::default());
    d.introduce(a.id(), a.addresses());
    let at_a = d.resolve::<Worker>(same.id()).unwrap().same(at_d.clone()).await.unwrap();
    assert_eq!(at_a, far);
    assert_eq!(b_from_c.same(at_c.clone()).await.unwrap(), far);
    assert_eq!(c_from_d.same(at_d).await.unwrap(), far);
    assert_eq!(broker.same(at_c).await.unwrap(), far);
    assert_eq!(far.seen().await.unwrap(), [1]);
}

struct Holder {
    held: Option<ActorRef<Worker>>,
}

#[distributed_actor::distributed_actor]
impl Holder {
    #[distributed]
    fn held(&self) -> Option<ActorRef<Worker>> {
        self.held.clone()
    }

    #[distributed]
    fn hold(&mut self, held: Option<ActorRef<Worker>>) -> bool {
        let was_local = held.as_ref().is_some_and(ActorRef::is_local);
        self.held = held;
        was_local
    }
}

/// R19, R21, R22: a reference that comes home keeps its actor; one elsewhere does not.
#[tokio::test]
async fn only_local_references_keep_an_actor() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let holder = server.spawn(Holder { held: None });
        client.introduce(server.id(), server.addresses());
        let remote: ActorRef<Holder> = client.resolve(holder.id()).unwrap();
        let life = Arc::new(());
        let (local, from_client) = place(&server, &client, Worker { life: life.clone(), ..Worker::default() }).await;
        assert!(remote.hold(Some(from_client.clone())).await.unwrap(), "it was resolved to the actor itself");
        drop(local);
        assert_eq!(from_client.seen().await.unwrap(), []);
        assert_eq!(Arc::strong_count(&life), 2);
        remote.hold(None).await.unwrap();
        until(|| Arc::strong_count(&life) == 1).await;
        match system(from_client.seen().await) {
            error @ SystemError::UnknownActor { .. } => assert_eq!(error.outcome(), Outcome::NotExecuted),
            other => panic!("{other:?}"),
        }
    }
}

/// R20, R21: decoding does not fail because an actor has ended; the first call does.
#[tokio::test]
async fn a_reference_to_an_actor_that_has_ended_fails_on_its_first_call() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let (gone, remote) = worker(&server, &client).await;
    let (_kept, other) = worker(&server, &client).await;
    gone.stop().await;
    let back = other.same(remote.clone()).await.unwrap();
    assert!(matches!(system(back.seen().await), SystemError::UnknownActor { .. }));
    // The same where it lives, for an argument that is decoded there.
    let holder = server.spawn(Holder { held: None });
    let to_holder: ActorRef<Holder> = client.resolve(holder.id()).unwrap();
    assert!(!to_holder.hold(Some(remote)).await.unwrap());
    let held = holder.held().await.unwrap().unwrap();
    assert!(matches!(system(held.seen().await), SystemError::UnknownActor { .. }));
}

/// R17, R20, R23: ids that were made up are harmless.
#[tokio::test]
async fn forged_ids_reach_nobody() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let (kept, remote) = worker(&server, &client).await;
    remote.seen().await.unwrap();
    for instance in [0, kept.id().instance() + 1, u64::MAX] {
        let forged: ActorRef<Worker> = client.resolve(&ActorId::new(server.id(), instance)).unwrap();
        let error = system(forged.seen().await);
        assert!(
            matches!(error, SystemError::UnknownActor { .. } | SystemError::UnknownConstructor { .. }),
            "{instance}: {error:?}"
        );
        assert_eq!(error.outcome(), Outcome::NotExecuted);
        let gone = timeout(Duration::from_secs(5), forged.terminated()).await.unwrap();
        assert_eq!(gone, Terminated::NoSuchActor);
        forged.stop();
    }
    let nowhere = ActorId::new(NodeId::from_bits(7), 1);
    match client.resolve::<Worker>(&nowhere) {
        Err(SystemError::UnknownNode { node }) => assert_eq!(node, nowhere.node()),
        other => panic!("{other:?}"),
    }
    // A node that was heard of, and cannot be reached by anybody.
    client.introduce(nowhere.node(), &[]);
    let lost: ActorRef<Worker> = client.resolve(&nowhere).unwrap();
    assert!(matches!(system(lost.seen().await), SystemError::UnknownNode { .. }));
    // One of whom another node's address is given.
    client.introduce(NodeId::from_bits(8), server.addresses());
    let wrong: ActorRef<Worker> = client.resolve(&ActorId::new(NodeId::from_bits(8), kept.id().instance())).unwrap();
    assert!(matches!(system(wrong.note(1, Bytes::new()).await), SystemError::NodeReplaced { .. }));
    let mine = ActorId::new(client.id(), 4711);
    assert!(matches!(client.resolve::<Worker>(&mine), Err(SystemError::UnknownActor { .. })));
    let other = server.spawn(Holder { held: None });
    assert!(matches!(server.resolve::<Worker>(other.id()), Err(SystemError::WrongType { .. })));
    assert_eq!(remote.seen().await.unwrap(), []);
    assert_eq!((sessions(&client), sessions(&server)), (1, 1));
}

/// R83 in part: the end of an actor on another node, as it is told there.
#[tokio::test]
async fn the_end_of_a_remote_actor_is_told_with_its_reason() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let wait = |ended| timeout(Duration::from_secs(5), ended);

        let (local, remote) = worker(&server, &client).await;
        remote.seen().await.unwrap();
        let (first, second) = (tokio::spawn(remote.terminated()), tokio::spawn(remote.terminated()));
        // A call behind the watches: they have arrived.
        tokio::task::yield_now().await;
        remote.seen().await.unwrap();
        local.stop();
        assert_eq!(first.await.unwrap(), Terminated::Stopped);
        assert_eq!(second.await.unwrap(), Terminated::Stopped);
        assert_eq!(wait(remote.terminated()).await.unwrap(), Terminated::NoSuchActor);

        let (_local, remote) = worker(&server, &client).await;
        let ended = tokio::spawn(remote.terminated());
        tokio::task::yield_now().await;
        system(remote.panic("on purpose".into()).await);
        assert_eq!(ended.await.unwrap(), Terminated::Panicked);

        // The last reference goes.
        let (local, remote) = worker(&server, &client).await;
        let ended = tokio::spawn(remote.terminated());
        tokio::task::yield_now().await;
        remote.seen().await.unwrap();
        drop(local);
        assert_eq!(ended.await.unwrap(), Terminated::Stopped);

        let (_local, remote) = worker(&server, &client).await;
        let ended = tokio::spawn(remote.terminated());
        tokio::task::yield_now().await;
        remote.seen().await.unwrap();
        drop(server);
        match ended.await.unwrap() {
            Terminated::NodeLost(lost) => assert_eq!(lost.node(), remote.id().node()),
            // The node ends its actors first, and this may still be told.
            Terminated::Stopped => {}
            other => panic!("{other:?}"),
        }
    }
}

/// R16: after what runs; what waits behind it was not executed.
#[tokio::test]
async fn a_remote_actor_is_stopped_after_the_method_that_runs() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let gate = Arc::new(Semaphore::new(0));
        let actor = Worker::gated(&gate);
        let begun = actor.begun.clone();
        let (local, remote) = place(&server, &client, actor).await;
        let running = tokio::spawn({
            let remote = remote.clone();
            async move { remote.wait(1).await }
        });
        until(|| begun.load(Ordering::SeqCst) == 1).await;
        let queued = tokio::spawn({
            let remote = remote.clone();
            async move { remote.seen().await }
        });
        tokio::task::yield_now().await;
        let stopped = tokio::spawn(remote.stop());
        let (_other, fence) = worker(&server, &client).await;
        tokio::task::yield_now().await;
        fence.seen().await.unwrap();
        gate.add_permits(1);
        assert_eq!(running.await.unwrap().unwrap(), 1);
        match system(queued.await.unwrap()) {
            SystemError::ActorStopped { outcome } => assert_eq!(outcome, Outcome::NotExecuted),
            other => panic!("{other:?}"),
        }
        assert_eq!(stopped.await.unwrap(), Terminated::Stopped);
        assert!(matches!(system(local.seen().await), SystemError::UnknownActor { .. }));
        // An idle one has ended when the peer hears of the watch.
        let (_local, idle) = worker(&server, &client).await;
        assert!(matches!(idle.stop().await, Terminated::Stopped | Terminated::NoSuchActor));
    }
}

/// A watch that nobody waits for any more is taken back, and leaves nothing on either side.
#[tokio::test(start_paused = true)]
async fn a_termination_that_is_dropped_ends_the_watch() {
    let network = Network::seeded(5);
    let [a, b] = network.nodes().await;
    let (_kept, remote) = worker(&a, &b).await;
    remote.seen().await.unwrap();
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    for _ in 0..3 {
        let watch = tokio::spawn(remote.terminated());
        until_in_time(|| alive() == before + 2).await;
        watch.abort();
        until_in_time(|| alive() == before).await;
    }
}

/// R95
#[tokio::test]
async fn names_are_unique_on_a_node_until_their_actor_ends() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let find = |name: &'static str| client.lookup::<Worker>(server.address(), name);
    assert!(matches!(find("worker").await, Err(SystemError::UnknownName { .. })));
    let (first, second) = (server.spawn(Worker::default()), server.spawn(Worker::default()));
    server.register("worker", &first).unwrap();
    server.register("worker", &first).unwrap();
    server.register("other name", &first).unwrap();
    match server.register("worker", &second) {
        Err(error @ SystemError::NameTaken { .. }) => assert!(error.to_string().contains("worker")),
        other => panic!("{other:?}"),
    }
    assert_eq!(find("worker").await.unwrap(), first);
    // What is registered needs no other reference.
    let id = *first.id();
    drop(first);
    assert_eq!(*find("other name").await.unwrap().id(), id);
    assert!(server.unregister("other name"));
    assert!(!server.unregister("other name"));
    let found = find("worker").await.unwrap();
    assert_eq!(found.seen().await.unwrap(), []);
    system(found.panic("on purpose".into()).await);
    match find("worker").await {
        Err(error @ SystemError::UnknownName { .. }) => assert_eq!(error.outcome(), Outcome::NotExecuted),
        other => panic!("{other:?}"),
    }
    server.register("worker", &second).unwrap();
    assert_eq!(find("worker").await.unwrap(), second);
    assert!(server.unregister("worker"));
    drop(second);
    until(|| server.actor_count() == 0).await;
    // An actor of another node cannot be registered here.
    let elsewhere = client.spawn(Worker::default());
    for error in [server.register("worker", &elsewhere).unwrap_err(), server.retain(&elsewhere).unwrap_err()] {
        assert!(matches!(error, SystemError::UnknownActor { .. }), "{error:?}");
        assert!(
            error.to_string().ends_with(&format!("of this node: it lives on node {}", elsewhere.id().node())),
            "{error}"
        );
    }
}

/// R19
#[tokio::test]
async fn what_is_retained_lives_until_it_is_released() {
    let (server, client) = pair("mem://?").await;
    let (local, remote) = worker(&server, &client).await;
    server.retain(&local).unwrap();
    let weak = local.downgrade();
    drop(local);
    assert_eq!(remote.seen().await.unwrap(), []);
    let local = weak.upgrade().unwrap();
    server.release(&local);
    drop(local);
    until(|| server.actor_count() == 0).await;
    assert!(matches!(system(remote.seen().await), SystemError::UnknownActor { .. }));
}
