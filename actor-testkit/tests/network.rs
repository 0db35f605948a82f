//! The simulated network: what goes wrong on it, and what tests can see of it and hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use actor_core::{ActorRef, Bytes, CallError, Outcome, SystemError, Terminated, distributed_actor};
use actor_testkit::{Network, poll_then_drop};
use actor_transport::{Limits, Node};
use tokio::time::{Instant, sleep, timeout};

#[derive(Default)]
struct Counter {
    count: u64,
}

#[distributed_actor(crate = actor_core, system = Node)]
impl Counter {
    #[distributed]
    fn add(&mut self, number: u64) -> u64 {
        self.count += number;
        self.count
    }

    #[distributed]
    fn weigh(&self, load: Bytes) -> usize {
        load.len()
    }
}

async fn scene(seed: u64) -> (Network, Node, Node, ActorRef<Counter>, ActorRef<Counter>) {
    let network = Network::seeded(seed);
    let [server, client] = network.nodes().await;
    let counter = server.spawn(Counter::default());
    server.register("counter", &counter).unwrap();
    let remote = client.resolve(counter.id()).unwrap();
    (network, server, client, counter, remote)
}

fn outcome<T: std::fmt::Debug>(result: Result<T, CallError>) -> Outcome {
    let CallError::System(error) = result.unwrap_err();
    error.outcome()
}

const SECOND: Duration = Duration::from_secs(1);

/// R93
#[tokio::test(start_paused = true)]
async fn a_reply_that_is_held_arrives_when_it_is_released() {
    let (network, server, client, counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    let held = network.hold_next_reply(&server, &client);
    assert!(poll_then_drop(1, held.is_there()).await.is_none());
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.add(10).await }
    });
    held.is_there().await;
    // It has run, and those behind it do, too.
    assert_eq!(counter.add(0).await.unwrap(), 11);
    assert_eq!(outcome(remote.add(100).timeout(SECOND).await), Outcome::Unknown);
    assert!(!call.is_finished());
    held.release();
    assert_eq!(call.await.unwrap().unwrap(), 11);
    assert_eq!(remote.add(0).await.unwrap(), 111);
}

/// R93
#[tokio::test(start_paused = true)]
async fn a_call_that_is_held_has_not_run_and_is_lost_with_its_connection() {
    let (network, server, client, counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    let held = network.hold_next_call(&client, &server);
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.add(10).await }
    });
    held.is_there().await;
    network.reset(&server, &client);
    assert_eq!(outcome(call.await.unwrap()), Outcome::Unknown);
    assert_eq!(counter.add(0).await.unwrap(), 1);
    drop(held);
    assert_eq!(remote.add(1).await.unwrap(), 2);
}

/// R93
#[tokio::test(start_paused = true)]
async fn a_probe_records_what_an_actor_receives_from_elsewhere() {
    let (network, server, client, counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    let mut probe = network.probe(&counter);
    let third = network.node().await;
    let from_third: ActorRef<Counter> = third.resolve(counter.id()).unwrap();
    assert!(poll_then_drop(1, probe.next()).await.is_none());
    network.latency(Duration::from_millis(5));
    let sent = Instant::now();
    remote.add(2).cast().await.unwrap();
    let first = probe.next().await;
    assert_eq!((first.from.as_str(), first.is_cast, first.length), ("node1", true, 1));
    assert!(first.method.ends_with("Counter::add"), "{first:?}");
    assert_eq!(first.at - sent, Duration::from_millis(5));
    from_third.weigh(vec![1; 100_000].into()).await.unwrap();
    // A call of its own node does not go over the network.
    counter.add(3).await.unwrap();
    let calls = probe.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[1].from.as_str(), calls[1].is_cast), ("node2", false));
    assert!(calls[1].method.ends_with("Counter::weigh") && calls[1].length > 100_000);
    assert_eq!(probe.next().await, calls[1]);
    drop((server, client));
}

/// R93
#[tokio::test(start_paused = true)]
async fn a_connection_breaks_at_the_byte() {
    let (network, server, client, counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    // A call of this method has fewer than 40 bytes, and more than 5.
    for (bytes, arrives) in [(0, false), (5, false), (40, true)] {
        network.break_after(&client, &server, bytes);
        let before = counter.add(0).await.unwrap();
        let first = remote.add(1).await;
        assert_eq!(first.is_ok(), arrives, "{bytes}: {first:?}");
        assert_eq!(counter.add(0).await.unwrap() - before, u64::from(arrives));
        // Three have more.
        let second = [remote.add(0).await, remote.add(0).await];
        assert_eq!(second.iter().any(Result::is_err), arrives, "{bytes}: {second:?}");
        remote.add(0).await.unwrap();
    }
}

/// R93
#[tokio::test(start_paused = true)]
async fn a_slow_line_takes_its_time_and_the_other_way_does_not() {
    let (network, server, client, _counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    network.bandwidth(&client, &server, Some(10_000));
    let began = Instant::now();
    assert_eq!(remote.weigh(vec![1; 50_000].into()).await.unwrap(), 50_000);
    assert!((5 * SECOND..6 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    network.bandwidth(&client, &server, None);
    network.latency_between(&server, &client, SECOND);
    let began = Instant::now();
    remote.add(1).await.unwrap();
    assert!((SECOND..2 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
}

/// R56, R93
#[tokio::test(start_paused = true)]
async fn a_paused_node_answers_when_it_is_resumed_in_time_and_is_given_up_otherwise() {
    let (network, server, client, _counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    network.pause(&server);
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.add(10).await }
    });
    sleep(3 * SECOND).await;
    network.resume(&server);
    assert_eq!(call.await.unwrap().unwrap(), 11);
    network.pause(&server);
    let began = Instant::now();
    assert!(matches!(remote.terminated().await, Terminated::NodeLost(_)));
    assert!(began.elapsed() < 7 * SECOND);
    network.resume(&server);
    assert_eq!(remote.add(1).await.unwrap(), 12);
    drop(client);
}

/// R56: a transport that takes a few bytes at a time takes them.
#[tokio::test(start_paused = true)]
async fn a_message_that_takes_longer_than_a_stall_goes_over_a_slow_line() {
    let (network, server, client, _counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    network.bandwidth(&client, &server, Some(500_000));
    let began = Instant::now();
    let length = remote.weigh(vec![7; 3_900_000].into()).timeout(60 * SECOND).await.unwrap();
    assert_eq!(length, 3_900_000);
    assert!(began.elapsed() > Limits::default().write_stall_max, "{:?}", began.elapsed());
    assert_eq!(client.peers().iter().filter(|peer| peer.connected).count(), 1);
}

/// R56: also one on which each piece of news of an arrival takes seconds.
#[tokio::test(start_paused = true)]
async fn a_large_message_goes_over_a_line_of_ten_kilobytes_a_second() {
    let (network, server, client, _counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    network.bandwidth(&client, &server, Some(10_000));
    let length = remote.weigh(vec![7; 300_000].into()).timeout(60 * SECOND).await.unwrap();
    assert_eq!(length, 300_000);
    assert_eq!(client.peers().iter().filter(|peer| peer.connected).count(), 1);
}

/// R47, R93
#[tokio::test(start_paused = true)]
async fn a_node_that_crashes_says_nothing_and_its_successor_is_another_one() {
    let (network, server, client, counter, remote) = scene(1).await;
    remote.add(1).await.unwrap();
    let watching = remote.terminated();
    let crash = async {
        sleep(SECOND).await;
        network.crash(&server);
    };
    let (lost, ()) = tokio::join!(timeout(10 * SECOND, watching), crash);
    let Terminated::NodeLost(lost) = lost.unwrap() else { panic!("it was not lost") };
    assert!(!lost.to_string().contains("closed the connection"), "{lost}");
    assert!(matches!(counter.add(1).await, Err(CallError::System(_))), "its actors have ended");
    assert_eq!(outcome(remote.add(1).await), Outcome::NotExecuted);

    let again = network.restart(&server).await;
    assert_eq!((again.name(), again.address()), (server.name(), server.address()));
    assert_ne!(again.id(), server.id());
    let counter = again.spawn(Counter::default());
    again.register("counter", &counter).unwrap();
    let found: ActorRef<Counter> = client.lookup(again.address(), "counter").await.unwrap();
    assert_eq!(found.add(5).await.unwrap(), 5);
    match remote.add(1).await {
        Err(CallError::System(SystemError::NodeReplaced { old, new })) => {
            assert_eq!((old, new), (server.id(), again.id()));
        }
        other => panic!("{other:?}"),
    }
}
