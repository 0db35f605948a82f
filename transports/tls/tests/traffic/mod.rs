//! What sessions ask of a transport with sockets: much at once, in order, and the last word delivered.

#![allow(unreachable_pub, clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use actor_core::{ActorRef, CallError, SystemError, Terminated, distributed_actor};
use actor_transport::{Address, Node};
use bytes::Bytes;
use tokio::{task::JoinSet, time::timeout};

pub struct Echo;

#[distributed_actor(system = Node, crate = actor_core)]
impl Echo {
    #[distributed]
    fn echo(&self, body: Bytes) -> Bytes {
        body
    }

    #[distributed]
    async fn wait(&self) {
        std::future::pending().await
    }
}

/// What the tests are made of.
pub trait Subject {
    /// A node that listens on a free address, or on this one.
    async fn node(&self, name: &str, at: Option<&Address>) -> Node;
}

async fn echo(server: &Node, client: &Node) -> ActorRef<Echo> {
    server.register("echo", &server.spawn(Echo)).unwrap();
    client.lookup(server.address(), "echo").await.unwrap()
}

fn pattern(length: usize, seed: usize) -> Bytes {
    (0..length).map(|at| (at.wrapping_mul(31).wrapping_add(seed) % 251) as u8).collect::<Vec<_>>().into()
}

pub async fn large_and_small(subject: impl Subject) {
    let (server, client) = (subject.node("server", None).await, subject.node("client", None).await);
    let echo = echo(&server, &client).await;
    let mut calls = JoinSet::new();
    for (seed, length) in [(4 << 20) - 16, 1 << 20, 16 << 10, (16 << 10) + 1].into_iter().enumerate() {
        let (echo, body) = (echo.clone(), pattern(length, seed));
        calls.spawn(async move { assert!(echo.echo(body.clone()).await.unwrap() == body, "{length} bytes") });
    }
    for seed in 0..200 {
        let (echo, body) = (echo.clone(), pattern(32, seed));
        calls.spawn(async move { assert_eq!(echo.echo(body.clone()).await.unwrap(), body) });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
}

pub async fn thousand_in_flight(subject: impl Subject) {
    let (server, client) = (subject.node("server", None).await, subject.node("client", None).await);
    let echo = echo(&server, &client).await;
    let mut calls = JoinSet::new();
    for seed in 0..1024 {
        let echo = echo.clone();
        calls.spawn(async move {
            for round in 0..5 {
                let body = pattern(40, seed * 7 + round);
                assert_eq!(echo.echo(body.clone()).await.unwrap(), body);
            }
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
}

/// R55
pub async fn both_dial(subject: impl Subject) {
    let (one, other) = (subject.node("one", None).await, subject.node("other", None).await);
    let (there, here) = (other.spawn(Echo), one.spawn(Echo));
    one.introduce(other.id(), other.addresses());
    other.introduce(one.id(), one.addresses());
    let (there, here): (ActorRef<Echo>, ActorRef<Echo>) =
        (one.resolve(there.id()).unwrap(), other.resolve(here.id()).unwrap());
    let (there, here) = tokio::join!(there.echo(pattern(9, 1)), here.echo(pattern(9, 2)));
    assert_eq!((there.unwrap(), here.unwrap()), (pattern(9, 1), pattern(9, 2)));
    assert_eq!(one.peers().iter().filter(|peer| peer.connected).count(), 1);
}

pub async fn last_word(subject: impl Subject) {
    let (server, client) = (subject.node("server", None).await, subject.node("client", None).await);
    let echo = echo(&server, &client).await;
    let waiting = {
        let echo = echo.clone();
        tokio::spawn(async move { echo.wait().await })
    };
    let ended = {
        let echo = echo.clone();
        tokio::spawn(async move { echo.terminated().await })
    };
    // Both have arrived when a call behind them is answered.
    let other = server.spawn(Echo);
    let other: ActorRef<Echo> = client.resolve(other.id()).unwrap();
    let _ = other.echo(pattern(1, 1)).timeout(Duration::from_secs(5)).await;
    drop(server);
    let soon = Duration::from_secs(3);
    match timeout(soon, ended).await.unwrap().unwrap() {
        Terminated::NodeLost(lost) => assert!(lost.to_string().contains("done"), "{lost}"),
        // The actor may end before its node, and that be told.
        Terminated::Stopped => {}
        other => panic!("{other:?}"),
    }
    let error = timeout(soon, waiting).await.unwrap().unwrap().unwrap_err();
    let is_lost = matches!(
        &error,
        CallError::System(SystemError::Network(_) | SystemError::ActorStopped { .. } | SystemError::Cancelled)
    );
    assert!(is_lost, "{error:?}");
}

/// R55
pub async fn reconnect(subject: impl Subject) {
    let client = subject.node("client", None).await;
    let first = subject.node("server", None).await;
    let address = first.address().clone();
    let before = echo(&first, &client).await;
    before.echo(pattern(1, 1)).await.unwrap();
    first.shutdown().await;
    drop(first);
    let second = subject.node("server", Some(&address)).await;
    let after = echo(&second, &client).await;
    assert_eq!(after.echo(pattern(5, 1)).await.unwrap(), pattern(5, 1));
    let stale = before.echo(pattern(1, 1)).await;
    assert!(matches!(stale, Err(CallError::System(SystemError::NodeReplaced { .. }))), "{stale:?}");
}

/// The tests, for a [`Subject`] that is made by `Default`.
macro_rules! traffic {
    ($subject:ty) => {
        mod traffic_tests {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn large_messages_and_small_calls_pass_together() {
                super::traffic::large_and_small(<$subject>::default()).await;
            }

            // R104
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_thousand_calls_are_in_flight_and_each_finds_its_reply() {
                super::traffic::thousand_in_flight(<$subject>::default()).await;
            }

            #[tokio::test]
            async fn when_both_nodes_dial_at_once_one_session_survives_and_no_call_fails() {
                super::traffic::both_dial(<$subject>::default()).await;
            }

            #[tokio::test]
            async fn the_last_word_of_a_node_that_is_dropped_arrives() {
                super::traffic::last_word(<$subject>::default()).await;
            }

            #[tokio::test]
            async fn a_node_that_was_started_again_is_reached_at_its_old_address() {
                super::traffic::reconnect(<$subject>::default()).await;
            }
        }
    };
}
pub(crate) use traffic;
