//! Calls from one node to another: what they carry, in which order, and for how long.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    future::IntoFuture,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use actor_testkit::Network;
use bytes::Bytes;
use distributed_actor::{CallError, Node, Outcome, SystemError, TraceParent, distributed_actor};
use futures::{StreamExt, future::join_all, stream::FuturesOrdered};
use support::{Refused, TRANSPORTS, Worker, pair, place, system, until, worker};
use tokio::sync::Semaphore;

const MIB: usize = 1024 * 1024;

/// R1, R33, R38
#[tokio::test]
async fn results_and_errors_arrive_in_their_types() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let (_kept, remote) = worker(&server, &client).await;
        assert_eq!(remote.halve(8).await.unwrap(), 4);
        assert_eq!(remote.halve(7).await, Err(CallError::Actor(Refused { missing: 1 })));
        assert_eq!(remote.words("one two".into()).await.unwrap(), 2);
        assert_eq!(remote.words(String::new()).await, Err(CallError::Actor("no words".into())));
        assert_eq!(remote.echo(Vec::new()).await.unwrap(), Vec::<u8>::new());
    }
}

/// The last of those whose replies have come sends for all; one that never comes must not keep the others waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_does_not_take_its_reply_holds_up_nobody() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let (_kept, remote) = worker(&server, &client).await;
        let mut late = pin!(remote.halve(8).into_future());
        assert!(futures::poll!(&mut late).is_pending());
        // Its reply comes before this one.
        assert_eq!(remote.halve(6).await.unwrap(), 3);
        let callers = (0..64).map(|_| {
            let remote = remote.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    assert_eq!(remote.halve(4).await.unwrap(), 2);
                }
            })
        });
        for caller in join_all(callers).await {
            caller.unwrap();
        }
        assert_eq!(late.await.unwrap(), 4, "over {listen}");
    }
}

/// R39: arguments and results of 1 MiB and of all that a message may have.
#[tokio::test]
async fn large_arguments_and_results_arrive_whole() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let (_kept, remote) = worker(&server, &client).await;
        // A list's length takes four bytes of its message.
        for length in [16 * 1024, 16 * 1024 + 1, MIB, 4 * MIB - 4] {
            let sent: Vec<u8> = (0..length).map(|position| (position % 251) as u8).collect();
            assert!(remote.echo(sent.clone()).await.unwrap() == sent, "{length} over {listen}");
            assert!(remote.shared(sent.clone().into()).await.unwrap() == sent, "{length} over {listen}");
        }
    }
}

/// R39
#[tokio::test]
async fn what_is_longer_than_a_message_has_its_own_error_and_the_session_goes_on() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let (_kept, remote) = worker(&server, &client).await;
        match system(remote.echo(vec![0; 4 * MIB]).await) {
            error @ SystemError::MessageTooLarge { length, limit } => {
                assert_eq!((length, limit), (4 * MIB as u64 + 4, 4 * MIB as u64));
                assert_eq!(error.outcome(), Outcome::NotExecuted);
            }
            other => panic!("{other:?}"),
        }
        match remote.note(1, vec![0; 5 * MIB].into()).cast().await {
            Err(SystemError::MessageTooLarge { .. }) => {}
            other => panic!("{other:?}"),
        }
        match system(remote.made(4 * MIB).await) {
            error @ SystemError::ReplyTooLarge { limit, .. } => {
                assert_eq!(limit, 4 * MIB as u64);
                assert_eq!(error.outcome(), Outcome::Executed);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(remote.seen().await.unwrap(), []);
    }
}

/// A `Bytes` argument is sent from where it lies: while most of it waits for the connection, its owner is alive, though
/// the cast has been handed over.
#[tokio::test(start_paused = true)]
async fn bytes_are_not_copied_to_be_sent() {
    struct Owner(Vec<u8>, #[allow(dead_code, reason = "it is there to be dropped")] Arc<()>);
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let (_kept, remote) = worker(&a, &b).await;
    remote.seen().await.unwrap();
    network.partition(&a, &b);
    let life = Arc::new(());
    let ballast = Bytes::from_owner(Owner(vec![1; 3 * MIB], life.clone()));
    remote.note(1, ballast).cast().await.unwrap();
    assert_eq!(Arc::strong_count(&life), 2);
    network.heal();
    assert_eq!(remote.seen().await.unwrap(), [1]);
    until(|| Arc::strong_count(&life) == 1).await;
}

/// R61: calls and casts of one node to one actor, in the order in which they were first polled, whatever their length.
#[tokio::test]
async fn calls_and_casts_to_one_actor_arrive_in_order() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let (_kept, remote) = worker(&server, &client).await;
        let ballast = |number: u64| Bytes::from(vec![0; if number % 7 == 3 { 300_000 } else { 10 }]);
        let mut calls = Vec::new();
        for number in 0..60 {
            let remote = &remote;
            calls.push(async move {
                if number % 3 == 0 {
                    remote.note(number, ballast(number)).cast().await.unwrap();
                } else {
                    remote.note(number, ballast(number)).await.unwrap();
                }
            });
        }
        join_all(calls).await;
        assert_eq!(remote.seen().await.unwrap(), (0..60).collect::<Vec<_>>(), "{listen}");
    }
}

/// R61: also when there are more of them at once than a task may run before it has to let others run.
#[tokio::test]
async fn four_hundred_calls_of_one_poll_arrive_in_order_near_and_far() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let (local, remote) = worker(&server, &client).await;
    for (worker, already) in [(&remote, 0), (&local, 400)] {
        join_all((0..400).map(|number| worker.note(already + number, Bytes::new()).into_future())).await;
        assert_eq!(remote.seen().await.unwrap(), (0..already + 400).collect::<Vec<_>>());
    }
}

/// R39, R61: behind a large message a small one to the same actor waits, one to another actor passes.
#[tokio::test(start_paused = true)]
async fn a_small_call_waits_behind_a_large_one_to_the_same_actor_only() {
    let network = Network::seeded(1);
    let [a, b] = network.nodes().await;
    let (_first, same) = worker(&a, &b).await;
    let (_second, other) = worker(&a, &b).await;
    same.seen().await.unwrap();
    network.latency(Duration::from_millis(10));
    let order = AtomicUsize::new(0);
    let place = || order.fetch_add(1, Ordering::SeqCst);
    // More than the simulated cable holds, so that the rest waits here.
    let large = async { (same.note(1, vec![0; 3 * MIB].into()).await.unwrap(), place()) };
    let small = async { (same.note(2, Bytes::new()).await.unwrap(), place()) };
    let passing = async { (other.note(3, Bytes::new()).await.unwrap(), place()) };
    let (large, small, passing) = tokio::join!(large, small, passing);
    assert_eq!(same.seen().await.unwrap(), [1, 2]);
    assert_eq!((passing.1, large.1, small.1), (0, 1, 2));
}

/// R8, R62
#[tokio::test]
async fn casts_that_come_to_nothing_are_dead_letters_there() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let letters = seen.clone();
    let server = Node::builder()
        .listen("tcp://127.0.0.1:0")
        .on_dead_letter(move |letter| letters.lock().unwrap().push(letter.clone()))
        .start()
        .await
        .unwrap();
    let client = Node::builder().start().await.unwrap();
    let (kept, remote) = worker(&server, &client).await;
    remote.note(1, Bytes::new()).cast().await.unwrap();
    assert_eq!(remote.seen().await.unwrap(), [1]);
    assert_eq!(server.dead_letters(), 0);
    remote.panic("on purpose".into()).cast().await.unwrap();
    remote.note(2, Bytes::new()).cast().await.unwrap();
    until(|| server.dead_letters() == 2).await;
    let letters = seen.lock().unwrap().clone();
    assert!(letters.iter().all(|letter| letter.actor == kept.id().to_string()));
    assert!(matches!(letters[0].error, SystemError::Panicked { .. }), "{letters:?}");
    assert!(letters[0].method.ends_with("Worker::panic"));
    assert!(
        matches!(letters[1].error, SystemError::UnknownActor { .. } | SystemError::ActorStopped { .. }),
        "{letters:?}"
    );
    assert_eq!(client.dead_letters(), 0);
}

/// R15
#[tokio::test(start_paused = true)]
async fn a_nested_call_has_what_is_left_of_the_time() {
    let network = Network::seeded(1);
    let [a, b, c] = network.nodes().await;
    let (asked, remote) = worker(&a, &b).await;
    let (_kept, third) = worker(&c, &b).await;
    let (left, _, elsewhere) = remote.surroundings().await.unwrap();
    assert_eq!((left, elsewhere), (Some(Duration::from_secs(10)), false));
    let (left, _, elsewhere) = remote.ask(third.clone()).timeout(Duration::from_millis(700)).await.unwrap();
    assert!(elsewhere);
    assert_eq!(left, Some(Duration::from_millis(700)));
    network.latency(Duration::from_millis(100));
    let (left, ..) = remote.ask(third).timeout(Duration::from_millis(700)).await.unwrap();
    // What travels is the time that was left when the call was sent.
    assert_eq!(left, Some(Duration::from_millis(700)));
    drop(asked);
}

/// R36
#[tokio::test]
async fn the_trace_context_travels_with_each_call() {
    let (server, client) = pair("tcp://127.0.0.1:0").await;
    let (asked, remote) = worker(&server, &client).await;
    let (kept, _) = worker(&server, &client).await;
    let root = TraceParent::new(0xabc, 0xdef, 1).unwrap();
    let (_, trace, _) = remote.surroundings().trace_parent(root).await.unwrap();
    let trace: TraceParent = trace.unwrap().parse().unwrap();
    assert_eq!((trace.trace_id(), trace.flags()), (0xabc, 1));
    assert_ne!(trace.span_id(), root.span_id());
    let (_, nested, _) = remote.ask(client.resolve(kept.id()).unwrap()).trace_parent(root).await.unwrap();
    assert_eq!(nested.unwrap().parse::<TraceParent>().unwrap().trace_id(), 0xabc);
    assert_eq!(remote.surroundings().await.unwrap().1, None);
    drop(asked);
}

/// R15: dropped before its end, a call is cancelled at the method's next await, and its slot given back.
#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    for listen in TRANSPORTS {
        let (server, client) = pair(listen).await;
        let gate = Arc::new(Semaphore::new(0));
        let worker = Worker::gated(&gate);
        let begun = worker.begun.clone();
        let (_kept, remote) = place(&server, &client, worker).await;
        let call = tokio::spawn({
            let remote = remote.clone();
            async move { remote.wait(1).await }
        });
        until(|| begun.load(Ordering::SeqCst) == 1).await;
        call.abort();
        assert_eq!(remote.seen().await.unwrap(), [], "it was given up");
        gate.add_permits(1);
        assert_eq!(remote.wait(2).await.unwrap(), 2);
        assert_eq!(remote.seen().await.unwrap(), [2]);
    }
}

struct Steps {
    opened: mpsc::Receiver<()>,
}

#[distributed_actor]
impl Steps {
    #[distributed]
    fn step(&mut self, waits: bool) -> bool {
        !waits || self.opened.recv_timeout(Duration::from_secs(30)).is_ok()
    }
}

/// Of many calls that arrive together, the first half is answered before the second one is run.
#[tokio::test]
async fn a_method_that_takes_long_does_not_keep_all_answers_to_what_arrived_with_it() {
    let others = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (open, opened) = mpsc::channel();
    let started = others.spawn(async move {
        let node = Node::builder().listen("tcp://127.0.0.1:0").start().await.unwrap();
        let steps = node.spawn(Steps { opened });
        node.register("steps", &steps).unwrap();
        (node, steps)
    });
    let (server, _kept) = started.await.unwrap();
    let client = Node::builder().start().await.unwrap();
    let steps = client.lookup::<Steps>(server.address().as_str(), "steps").await.unwrap();
    // It proves short.
    for _ in 0..100 {
        assert!(steps.step(false).await.unwrap());
    }
    let mut answers: FuturesOrdered<_> = (0..40).map(|index| steps.step(index == 28).into_future()).collect();
    assert!(answers.next().await.unwrap().unwrap());
    open.send(()).unwrap();
    assert!(answers.all(|answer| async { answer.unwrap() }).await, "it waited for 30 s");
    tokio::task::spawn_blocking(|| drop(others)).await.unwrap();
}
