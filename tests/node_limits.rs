//! Limits, deadlines and what a node refuses to be started with.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_testkit::Network;
use bytes::Bytes;
use distributed_actor::{ActorRef, CallError, Limits, Node, Outcome, SpawnSystem, SystemError, distributed_actor};
use futures::future::join_all;
use support::{Worker, now, outcome, pair, pair_with, place, system, until, until_in_time, worker};
use tokio::sync::Semaphore;

/// R39, R68: 64 callers and 1,500 calls, with 1,024 of them in flight at most; those beyond wait in order, and all
/// are answered.
#[tokio::test]
async fn calls_beyond_those_in_flight_wait_in_order() {
    for listen in support::TRANSPORTS {
        let (server, client) = pair(listen).await;
        let gate = Arc::new(Semaphore::new(0));
        let actor = Worker::gated(&gate);
        let begun = actor.begun.clone();
        let (_kept, remote) = place(&server, &client, actor).await;
        let (_other, free) = worker(&server, &client).await;
        free.seen().await.unwrap();
        let calls: Vec<_> = (0..1500)
            .map(|number| {
                let remote = remote.clone();
                tokio::spawn(async move { remote.wait(number).await })
            })
            .collect();
        until(|| begun.load(Ordering::SeqCst) == 1).await;
        // When all slots are taken, a call to an idle actor waits too, and was not executed when its time is over.
        loop {
            match free.seen().timeout(Duration::from_millis(20)).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(CallError::System(SystemError::Deadline { outcome, .. })) => {
                    assert_eq!(outcome, Outcome::NotExecuted);
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        gate.add_permits(1500);
        for (number, answered) in join_all(calls).await.into_iter().enumerate() {
            assert_eq!(answered.unwrap().unwrap(), number as u64);
        }
        assert!(remote.seen().await.unwrap() == (0..1500).collect::<Vec<_>>());
    }
}

/// R100: what a decoded value may take is the node's own affair, of arguments as of results.
#[tokio::test(start_paused = true)]
async fn a_value_that_takes_more_heap_than_the_node_allows_is_refused() {
    let network = Network::seeded(1);
    let mut limits = Limits::default();
    limits.decode_heap_base_bytes = 1000;
    limits.decode_heap_per_message_byte = 0;
    let wide = network.node().await;
    let narrow = network.node_with(|builder| builder.limits(limits)).await;
    let (at_narrow, at_wide) = (narrow.spawn(Mirror), wide.spawn(Mirror));
    wide.introduce(narrow.id(), narrow.addresses());
    let to_narrow: ActorRef<Mirror> = wide.resolve(at_narrow.id()).unwrap();
    narrow.introduce(wide.id(), wide.addresses());
    let to_wide: ActorRef<Mirror> = narrow.resolve(at_wide.id()).unwrap();
    for remote in [&to_narrow, &to_wide] {
        assert_eq!(remote.same(vec![7; 125]).await.unwrap(), [7; 125]);
    }
    assert!(matches!(system(to_narrow.same(vec![7; 126]).await), SystemError::BadArguments { .. }));
    assert!(matches!(system(to_wide.same(vec![7; 126]).await), SystemError::BadReply { .. }));
}

struct Mirror;

#[distributed_actor]
impl Mirror {
    #[distributed]
    fn same(&self, numbers: Vec<u64>) -> Vec<u64> {
        numbers
    }
}

/// R1: from 64 tasks at once, on a runtime with several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_get_their_own_answers() {
    for listen in support::TRANSPORTS {
        let (server, client) = pair(listen).await;
        let (_kept, remote) = worker(&server, &client).await;
        let callers = (0..64_u64).map(|caller| {
            let remote = remote.clone();
            tokio::spawn(async move {
                for number in 0..50 {
                    let expected = caller * 1000 + number;
                    assert_eq!(remote.halve(expected * 2).await.unwrap(), expected);
                    let bytes = expected.to_le_bytes().repeat(1 + number as usize * 100);
                    assert!(remote.echo(bytes.clone()).await.unwrap() == bytes);
                }
            })
        });
        for caller in join_all(callers).await {
            caller.unwrap();
        }
    }
}

/// R15: 10 s unless set, as the builder says, and never more than an hour.
#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_deadline() {
    let network = Network::seeded(1);
    let a = network.node().await;
    let b = network.node_with(|builder| builder.call_timeout(Duration::from_secs(3))).await;
    let c = network.node().await;
    let (_kept, quick) = worker(&a, &b).await;
    let usual = c.resolve(quick.id()).unwrap();
    for (remote, set, expected) in [
        (&usual, None, Duration::from_secs(10)),
        (&quick, None, Duration::from_secs(3)),
        (&quick, Some(Duration::from_millis(70)), Duration::from_millis(70)),
        (&usual, Some(Duration::from_secs(7 * 3600)), Duration::from_secs(3600)),
    ] {
        let before = now();
        let mut call = remote.hang();
        if let Some(timeout) = set {
            call = call.timeout(timeout);
        }
        match system(call.await) {
            SystemError::Deadline { after, outcome } => assert_eq!((after, outcome), (expected, Outcome::Unknown)),
            other => panic!("{other:?}"),
        }
        let took = now() - before;
        assert!(took >= expected && took <= expected + Duration::from_millis(2), "{took:?}");
        // The method was given up there too.
        assert_eq!(remote.seen().await.unwrap(), []);
    }
    assert_eq!(outcome(quick.seen().timeout(Duration::ZERO).await), Outcome::NotExecuted);
}

/// R15: what waits in the actor's queue when its time is over was not executed, and is not executed later. The caller
/// cannot know.
#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_over_in_the_queue_does_not_run() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let gate = Arc::new(Semaphore::new(0));
    let actor = Worker::gated(&gate);
    let begun = actor.begun.clone();
    let (_kept, remote) = place(&a, &b, actor).await;
    let running = tokio::spawn({
        let remote = remote.clone();
        async move { remote.wait(1).await }
    });
    until_in_time(|| begun.load(Ordering::SeqCst) == 1).await;
    assert_eq!(outcome(remote.note(2, Bytes::new()).timeout(Duration::from_millis(5)).await), Outcome::Unknown);
    gate.add_permits(1);
    running.await.unwrap().unwrap();
    assert_eq!(remote.seen().await.unwrap(), [1]);
}

/// R67, R68: where too much waits for room on this node, the next call is refused.
#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_the_queue_is_overloaded() {
    let network = Network::seeded(1);
    let mut limits = Limits::default();
    limits.calls_in_flight_max = 2;
    limits.calls_waiting_max = 3;
    let a = network.node().await;
    let b = network.node_with(|builder| builder.limits(limits)).await;
    let gate = Arc::new(Semaphore::new(0));
    let (_kept, remote) = place(&a, &b, Worker::gated(&gate)).await;
    remote.seen().await.unwrap();
    let ended = AtomicUsize::new(0);
    let calls = join_all((0..6).map(|number| {
        let (remote, ended, gate) = (&remote, &ended, &gate);
        async move {
            let result = remote.wait(number).await;
            if ended.fetch_add(1, Ordering::SeqCst) == 0 {
                gate.add_permits(5);
            }
            result
        }
    }))
    .await;
    for (number, result) in calls.into_iter().enumerate() {
        match result {
            Ok(answer) => assert_eq!((answer, number < 5), (number as u64, true)),
            Err(CallError::System(error @ SystemError::Overloaded { .. })) => {
                assert_eq!((error.outcome(), number), (Outcome::NotExecuted, 5));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// R39, R68: a receiver that does not take what it was sent is not sent more than it has room for, and no order is lost.
#[tokio::test]
async fn a_sender_waits_while_the_receivers_buffer_is_full() {
    let mut limits = Limits::default();
    limits.message_length_max = 64 * 1024;
    limits.inbound_bytes_max = 128 * 1024;
    limits.casts_in_flight_max = 4;
    for listen in support::TRANSPORTS {
        let (server, client) = pair_with(listen, limits.clone()).await;
        let gate = Arc::new(Semaphore::new(0));
        let actor = Worker::gated(&gate);
        let begun = actor.begun.clone();
        let (_kept, remote) = place(&server, &client, actor).await;
        remote.wait(0).cast().await.unwrap();
        until(|| begun.load(Ordering::SeqCst) == 1).await;
        // One runs, one more is held by its length, and then nothing fits.
        let ballast = || Bytes::from(vec![0; 60 * 1024]);
        remote.note(1, ballast()).cast().await.unwrap();
        match remote.note(2, ballast()).timeout(Duration::from_millis(20)).cast().await {
            Err(error @ SystemError::Deadline { .. }) => assert_eq!(error.outcome(), Outcome::NotExecuted),
            other => panic!("{other:?}"),
        }
        match system(remote.note(3, ballast()).timeout(Duration::from_millis(20)).await) {
            SystemError::Deadline { outcome, .. } => assert_eq!(outcome, Outcome::NotExecuted),
            other => panic!("{other:?}"),
        }
        gate.add_permits(1);
        for number in 4..40 {
            remote.note(number, ballast()).cast().await.unwrap();
        }
        let seen = remote.seen().await.unwrap();
        assert_eq!(seen, [0, 1].into_iter().chain(4..40).collect::<Vec<_>>());
        assert_eq!(server.dead_letters(), 0);
    }
}

/// R39: of two nodes with other limits the smaller ones hold.
#[tokio::test]
async fn the_smaller_limit_of_both_nodes_holds() {
    let mut small = Limits::default();
    small.message_length_max = 20_000;
    for server_is_small in [true, false] {
        let limits = |is_small: bool| if is_small { small.clone() } else { Limits::default() };
        let server = Node::builder().listen("tcp://127.0.0.1:0").limits(limits(server_is_small)).start().await.unwrap();
        let client = Node::builder().limits(limits(!server_is_small)).start().await.unwrap();
        let (_kept, remote) = worker(&server, &client).await;
        // Before the handshake a node knows its own limits only.
        for _ in 0..2 {
            match system(remote.echo(vec![0; 20_000]).await) {
                SystemError::MessageTooLarge { limit, .. } => assert_eq!(limit, 20_000),
                other => panic!("{other:?}"),
            }
        }
        match system(remote.made(20_000).await) {
            SystemError::ReplyTooLarge { limit, .. } => assert_eq!(limit, 20_000),
            other => panic!("{other:?}"),
        }
        assert_eq!(remote.echo(vec![1; 19_990]).await.unwrap().len(), 19_990);
    }
}

/// Nodes of one process are not strangers to one another: the limit for one address does not count them together.
#[tokio::test]
async fn a_hundred_nodes_in_memory_reach_one() {
    let hub = Node::builder().listen("mem://?").start().await.unwrap();
    let actor = hub.spawn(Worker::default());
    hub.register("worker", &actor).unwrap();
    let mut nodes = Vec::new();
    for number in 0..100 {
        let node = Node::builder().start().await.unwrap();
        let remote = node.lookup::<Worker>(hub.address(), "worker").await.unwrap();
        assert_eq!(remote.note(number, Bytes::new()).await.unwrap(), number as usize + 1);
        nodes.push(node);
    }
    assert_eq!(support::sessions(&hub), 100);
}

/// R54 in part: in the clear only where nobody else can listen, unless it is asked for by name.
#[tokio::test]
async fn plain_tcp_beyond_this_machine_has_to_be_asked_for() {
    for address in ["tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://192.0.2.1:0", "tcp://example.org:0"] {
        match Node::builder().listen(address).start().await {
            Err(error @ SystemError::BadAddress { .. }) => {
                let said = error.to_string();
                assert!(said.contains("danger_allow_plaintext()") && said.contains(address), "{said}");
            }
            other => panic!("{address}: {other:?}"),
        }
    }
    let node = Node::builder().listen("tcp://0.0.0.0:0").danger_allow_plaintext().start().await.unwrap();
    assert!(node.address().as_str().starts_with("tcp://0.0.0.0:"));
    for address in ["tcp://localhost:0", "tcp://127.0.0.2:0"] {
        Node::builder().listen(address).start().await.unwrap();
    }
}

/// R32 in part
#[tokio::test]
async fn an_address_that_cannot_be_used_says_why() {
    let node = Node::builder().start().await.unwrap();
    for (address, hint) in [
        ("localhost:1", "://"),
        ("quic://127.0.0.1:1", "mem, tcp"),
        ("TCP://127.0.0.1:1", "lower-case"),
        ("", "://"),
        ("tcp://127.0.0.1", "`tcp://host:port`"),
        ("tcp://127.0.0.1:x", "`tcp://host:port`"),
        ("tcp://127.0.0.1:70000", "to 65535"),
        ("tcp://[::1", "`tcp://host:port`"),
        ("tcp://[::1:1", "`tcp://host:port`"),
        ("tcp://127.0.0.1:1/path", "behind the port"),
    ] {
        for error in [
            Node::builder().danger_allow_plaintext().listen(address).start().await.map(drop).unwrap_err(),
            node.lookup::<Worker>(address, "worker").await.map(drop).unwrap_err(),
            node.connect(address).await.map(drop).unwrap_err(),
        ] {
            let said = error.to_string();
            assert!(matches!(error, SystemError::BadAddress { .. }), "{error:?}");
            assert!(said.contains(address) && said.contains(hint), "{said}");
            assert_eq!(error.outcome(), Outcome::NotExecuted);
        }
    }
    let taken = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
    let error = Node::builder().listen(taken.address()).start().await.unwrap_err();
    assert!(matches!(error, SystemError::BadAddress { .. }) && error.to_string().contains("in use"), "{error}");
    let taken = Node::builder().listen("mem://?").start().await.unwrap();
    let error = Node::builder().listen(taken.address()).start().await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("`{}` is not an address this node can use: somebody listens there already", taken.address())
    );
    let mut limits = Limits::default();
    limits.calls_in_flight_max = 0;
    match Node::builder().limits(limits).start().await {
        Err(error @ SystemError::BadLimits { .. }) => assert!(error.to_string().contains("calls_in_flight_max")),
        other => panic!("{other:?}"),
    }
    assert_eq!(node.address().scheme(), "none");
    assert!(node.addresses().is_empty());
}

/// What is not to be limited is set to the longest time there is.
#[tokio::test]
async fn each_time_may_be_for_ever() {
    let mut limits = Limits::default();
    for limit in [
        &mut limits.handshake_time_max,
        &mut limits.dial_time_max,
        &mut limits.backoff_min,
        &mut limits.backoff_max,
        &mut limits.call_deadline,
        &mut limits.call_deadline_max,
        &mut limits.hook_time_max,
        &mut limits.silence_max,
        &mut limits.write_stall_max,
        &mut limits.drain_time_max,
    ] {
        *limit = Duration::MAX;
    }
    limits.ping_interval = Duration::MAX - Duration::from_secs(1);
    let (server, client) = pair_with("tcp://127.0.0.1:0", limits).await;
    let gate = Arc::new(Semaphore::new(0));
    let actor = Worker::gated(&gate);
    let begun = actor.begun.clone();
    let local = server.spawn(actor);
    server.register("worker", &local).unwrap();
    let remote: ActorRef<Worker> = client.lookup(server.address(), "worker").await.unwrap();
    for worker in [&local, &remote] {
        worker.echo(vec![1]).await.unwrap();
        worker.sleep(Duration::from_millis(1)).timeout(Duration::MAX).await.unwrap();
    }
    // More than a socket takes: the writer waits for room.
    assert_eq!(remote.echo(vec![1; 4_000_000]).await.unwrap().len(), 4_000_000);
    // One that cannot be reached is tried again after a pause.
    let lost = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
    let (_kept, unreachable) = worker(&lost, &client).await;
    lost.shutdown().await;
    assert!(matches!(system(unreachable.seen().await), SystemError::Connect { .. }));
    let late = unreachable.seen().timeout(Duration::from_millis(20)).await;
    assert!(matches!(system(late), SystemError::Deadline { .. }));
    // A shutdown waits for what runs.
    let running = tokio::spawn(async move { remote.wait(1).await });
    until(|| begun.load(Ordering::SeqCst) == 1).await;
    let ends = async {
        let opens = async {
            until(|| server.is_shutting_down()).await;
            gate.add_permits(1);
        };
        tokio::join!(server.shutdown(), opens);
    };
    tokio::time::timeout(support::LONG, ends).await.unwrap();
    assert_eq!(running.await.unwrap().unwrap(), 1);
}

/// R68: what all peers together leave in a node's buffers is limited, too. Each keeps its own credit here.
#[tokio::test(start_paused = true)]
async fn a_node_that_holds_too_many_bytes_of_calls_refuses_more_until_some_have_run() {
    const LENGTH: usize = 900_000;
    let network = Network::seeded(1);
    let mut limits = Limits::default();
    limits.message_length_max = 1 << 20;
    limits.inbound_bytes_max = 2 << 20;
    limits.inbound_bytes_per_node_max = 2 << 20;
    let server = network.node_with(|builder| builder.limits(limits)).await;
    let gate = Arc::new(Semaphore::new(0));
    let local = server.spawn(Worker::gated(&gate));
    let mut clients = Vec::new();
    let mut queued = Vec::new();
    for _ in 0..3 {
        let client = network.node().await;
        let remote: ActorRef<Worker> = client.resolve(local.id()).unwrap();
        clients.push(client);
        let waits = remote.clone();
        queued.push((
            tokio::spawn(async move { waits.wait(0).await }),
            tokio::spawn(async move { remote.note(0, vec![0; LENGTH].into()).await }),
        ));
    }
    until_in_time(|| queued.iter().any(|(_, large)| large.is_finished())).await;
    gate.add_permits(3);
    let mut refused = Vec::new();
    for (waits, large) in queued {
        waits.await.unwrap().unwrap();
        refused.extend(large.await.unwrap().err());
    }
    // Two fit; the third did not, and its call was not executed.
    match &*refused {
        [CallError::System(error @ SystemError::Overloaded { .. })] => {
            assert_eq!(error.outcome(), Outcome::NotExecuted)
        }
        other => panic!("{other:?}"),
    }
    let asking: ActorRef<Worker> = clients[0].resolve(local.id()).unwrap();
    assert_eq!(asking.seen().await.unwrap().len(), 5);
    asking.note(1, vec![0; LENGTH].into()).await.unwrap();
}

/// R68: a peer that goes while its calls are queued takes their bytes with it.
#[tokio::test(start_paused = true)]
async fn what_peers_had_sent_when_they_went_does_not_count_against_the_node() {
    let network = Network::seeded(1);
    let mut limits = Limits::default();
    limits.message_length_max = 1 << 20;
    limits.inbound_bytes_max = 2 << 20;
    limits.inbound_bytes_per_node_max = 2 << 20;
    let server = network.node_with(|builder| builder.limits(limits)).await;
    let local = server.spawn(Worker::gated(&Arc::new(Semaphore::new(0))));
    for _ in 0..4 {
        let client = network.node().await;
        let remote: ActorRef<Worker> = client.resolve(local.id()).unwrap();
        let (waits, large) = (remote.clone(), remote);
        let waits = tokio::spawn(async move { waits.wait(0).await });
        let large = tokio::spawn(async move { large.note(0, vec![0; 900_000].into()).await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!large.is_finished(), "{:?}", large.await);
        client.shutdown().await;
        assert!(waits.await.unwrap().is_err() && large.await.unwrap().is_err());
    }
    let client = network.node().await;
    let asking: ActorRef<Worker> = client.resolve(local.id()).unwrap();
    asking.note(1, vec![0; 900_000].into()).await.unwrap();
}
