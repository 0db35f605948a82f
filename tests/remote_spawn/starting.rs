use std::{sync::atomic::Ordering, time::Duration};

use actor_testkit::Network;
use distributed_actor::{ActorRef, Node, Spawn, SpawnSystem, distributed_actor};

use super::{
    support::until,
    worker::{GATE, NoWork, PingWorker, UNDER_WAY},
};

/// R2, R60: the surface's program, over TCP.
#[tokio::test]
async fn an_actor_is_started_on_another_node_and_called_there() {
    let server = Node::builder().name("node1").listen("tcp://127.0.0.1:0").start().await.unwrap();
    let client = Node::builder().name("node0").start().await.unwrap();
    let peer = client.connect(server.address()).await.unwrap();
    let worker = client.spawn_on(peer, PingWorker::spawn_create("Alice".into())).await.unwrap();
    assert_eq!(worker.ping("hello".into()).await.unwrap(), "ack from Alice, msg got: hello");
    assert!(!worker.is_local());
    assert_eq!((worker.id().node(), server.actor_count(), client.actor_count()), (server.id(), 1, 0));
    // Nobody has a local reference to it, and whatever that could set going has run meanwhile.
    for _ in 0..20 {
        assert_eq!(worker.name().await.unwrap(), "Alice");
    }
    worker.stop().await;
    assert_eq!(server.actor_count(), 0);
}

/// R2, R16
#[tokio::test(start_paused = true)]
async fn a_constructor_may_be_async_or_fallible_or_both() {
    let [a, b] = Network::seeded(1).nodes().await;
    for node in [a.id(), b.id()] {
        let slow = PingWorker::spawn_create_slowly("slow".into(), Duration::from_secs(1));
        let began = tokio::time::Instant::now();
        let slow = a.spawn_on(node, slow).await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(1));
        assert_eq!(slow.name().await.unwrap(), "slow");
        let long: Spawn<PingWorker, NoWork> = PingWorker::spawn_of_a_long_name("long".into());
        assert_eq!(a.spawn_on(node, long).await.unwrap().name().await.unwrap(), "long");
        let alias: Spawn<PingWorker, NoWork> = PingWorker::spawn_of_an_alias("alias".into());
        assert_eq!(a.spawn_on(node, alias).await.unwrap().name().await.unwrap(), "alias");
        let renamed = PingWorker::spawn_renamed();
        assert_eq!(renamed.constructor().name(), "another name");
        assert!(renamed.constructor().constructs());
        assert_eq!(a.spawn_on(node, renamed).await.unwrap().name().await.unwrap(), "renamed");
    }
    assert_eq!((a.actor_count(), b.actor_count()), (4, 4));
}

/// R21: references among the arguments, to where the actor is started and to elsewhere.
#[tokio::test(start_paused = true)]
async fn references_are_arguments_of_constructors() {
    let [a, b, c] = Network::seeded(2).nodes().await;
    let mine = a.spawn(PingWorker::create("mine".into()));
    let theirs = a.spawn_on(b.id(), PingWorker::spawn_create("theirs".into())).await.unwrap();
    let third = a.spawn_on(c.id(), PingWorker::spawn_create("third".into())).await.unwrap();
    let friends = vec![mine.clone(), theirs.clone(), third.clone()];
    let worker = a.spawn_on(b.id(), PingWorker::spawn_with_friends("popular".into(), friends.clone())).await.unwrap();
    assert_eq!(worker.friends().await.unwrap(), friends);
    let local: ActorRef<PingWorker> = b.resolve(worker.id()).unwrap();
    let there = local.friends().await.unwrap();
    assert_eq!(there.iter().map(ActorRef::is_local).collect::<Vec<_>>(), [false, true, false]);
    let mut names = Vec::new();
    for friend in there {
        names.push(friend.name().await.unwrap());
    }
    assert_eq!(names, ["mine", "theirs", "third"]);
    let greeted = a.spawn_on(b.id(), PingWorker::spawn_greeted_by(mine)).await.unwrap();
    assert_eq!(greeted.name().await.unwrap(), "ack from mine, msg got: hello");
}

/// R2: it keeps its arguments, and encodes them anew for each actor.
#[tokio::test(start_paused = true)]
async fn a_spawn_is_a_value_that_starts_actors_again_and_again() {
    let [a, b] = Network::seeded(3).nodes().await;
    let friend = a.spawn(PingWorker::create("friend".into()));
    let spawn = PingWorker::spawn_with_friends("again".into(), vec![friend.clone()]);
    let mut ids = Vec::new();
    for node in [b.id(), b.id(), a.id()] {
        let worker = a.spawn_on(node, spawn.clone()).await.unwrap();
        assert_eq!(worker.friends().await.unwrap(), std::slice::from_ref(&friend));
        ids.push(*worker.id());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let text = format!("{spawn:?}");
    assert!(text.contains("PingWorker::with_friends"), "{text}");
}

/// R2: where the actor is started makes no difference to what the caller sees.
#[tokio::test(start_paused = true)]
async fn the_own_node_will_do_as_well() {
    let [a] = Network::seeded(4).nodes().await;
    let worker = a.spawn_on(a.id(), PingWorker::spawn_create("here".into()).named("here")).await.unwrap();
    assert!(worker.is_local());
    assert_eq!(a.resolve::<PingWorker>(worker.id()).unwrap().name().await.unwrap(), "here");
    let id = *worker.id();
    drop(worker);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let worker: ActorRef<PingWorker> = a.lookup(a.address(), "here").await.unwrap();
    assert_eq!((*worker.id(), worker.name().await.unwrap().as_str()), (id, "here"));
    worker.stop().await;
    assert_eq!(a.actor_count(), 0);
    a.spawn_on(a.id(), PingWorker::spawn_create("next".into()).named("here")).await.unwrap();
}

/// R2: for who knows no node, only a system that starts actors.
#[tokio::test(start_paused = true)]
async fn generic_code_starts_actors_by_the_trait_alone() {
    async fn twice<S: SpawnSystem, A, E>(system: &S, node: S::Node, spawn: Spawn<A, E>) -> Vec<S::Node>
    where
        A: distributed_actor::DistributedActor<System = S>,
        E: Send + std::fmt::Debug + 'static,
    {
        let mut nodes = Vec::new();
        for node in [node, system.this_node()] {
            match system.spawn_on(node, spawn.clone()).await {
                Ok(actor) => nodes.push(S::node_of(actor.id())),
                Err(error) => panic!("{error:?}"),
            }
        }
        nodes
    }
    let [a, b] = Network::seeded(5).nodes().await;
    assert_eq!(twice(&a, b.id(), PingWorker::spawn_create("x".into())).await, [b.id(), a.id()]);
}

/// R44 in part: what has not proved short does not run where calls arrive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_constructor_that_computes_for_long_holds_up_no_call() {
    let server = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
    let client = Node::builder().start().await.unwrap();
    let peer = client.connect(server.address()).await.unwrap();
    let worker = client.spawn_on(peer, PingWorker::spawn_create("other".into())).await.unwrap();
    let node = client.clone();
    let slow = tokio::spawn(async move { node.spawn_on(peer, PingWorker::spawn_blocks()).await });
    until(|| UNDER_WAY.load(Ordering::SeqCst) == 1).await;
    for _ in 0..100 {
        assert_eq!(worker.name().await.unwrap(), "other");
    }
    assert!(!slow.is_finished());
    GATE.store(true, Ordering::SeqCst);
    assert_eq!(slow.await.unwrap().unwrap().name().await.unwrap(), "blocks");
}

/// R36: chain, deadline and trace are those of a call.
#[tokio::test(start_paused = true)]
async fn a_constructor_has_the_surroundings_of_a_call() {
    struct Starter;
    #[distributed_actor]
    impl Starter {
        #[distributed]
        async fn start(
            &mut self,
            #[ctx] ctx: &distributed_actor::Context<Self>,
            node: distributed_actor::NodeId,
        ) -> Result<String, String> {
            let spawn = PingWorker::spawn_surrounded(bytes::Bytes::from(vec![7; 100_000]));
            let worker = ctx.system().spawn_on(node, spawn).await.map_err(|error| error.to_string())?;
            worker.name().await.map_err(|error| error.to_string())
        }
    }
    let [a, b] = Network::seeded(6).nodes().await;
    let starter = a.spawn(Starter);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    let seen = starter.start(b.id()).trace_parent(trace).await.unwrap();
    assert_eq!(seen, format!("{:?} true true", Some(a.id())));
    assert_eq!(starter.start(b.id()).await.unwrap(), format!("{:?} true false", Some(a.id())));
    assert_eq!(starter.start(a.id()).await.unwrap(), "None true false");
}

/// R7: the caller waits for the start, so the start cannot wait for the caller.
#[tokio::test(start_paused = true)]
async fn a_constructor_that_would_wait_for_its_caller_is_refused_at_once() {
    let [a, b] = Network::seeded(7).nodes().await;
    for node in [a.id(), b.id()] {
        let worker = a.spawn(PingWorker::create("waiting".into()));
        let began = tokio::time::Instant::now();
        let refused = worker.start_one_that_asks_me(node).await.unwrap_err();
        assert!(refused.to_string().contains("deadlock"), "{refused}");
        assert!(began.elapsed() < Duration::from_secs(1));
    }
}
