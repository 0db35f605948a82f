//! Large messages, and small ones beside them.

use std::time::Duration;

use actor_core::{Outcome, SystemError};
use tokio::task::JoinSet;

use super::{calls::failure, ground::Ground, worker::pattern};

/// More than a busy machine takes for some megabytes.
const TIME: Duration = Duration::from_secs(30);
/// The longest message, by default, and the piece that it is cut into, both in bytes.
const MESSAGE: usize = 4 << 20;
const CHUNK: usize = 16 << 10;

/// R39
pub async fn a_message_of_the_greatest_length_arrives_and_comes_back(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    // Its length takes four bytes of the message.
    let load = pattern(MESSAGE - 4, 1);
    assert!(remote.echo(load.clone()).timeout(TIME).await.unwrap() == load);
}

/// R39
pub async fn a_message_longer_than_that_is_refused_and_the_session_goes_on(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    let error = failure(remote.echo(pattern(MESSAGE - 3, 1)).timeout(TIME).await);
    assert_eq!(error, SystemError::MessageTooLarge { length: MESSAGE as u64 + 1, limit: MESSAGE as u64 });
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    let error = failure(remote.made(MESSAGE).timeout(TIME).await);
    assert!(matches!(error, SystemError::ReplyTooLarge { .. }), "{error:?}");
    assert_eq!(error.outcome(), Outcome::Executed);
    remote.nothing().await.unwrap();
}

pub async fn messages_around_the_length_of_a_chunk_arrive_whole(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    for around in [0, 1, 127, 128, CHUNK, 2 * CHUNK, 4 * CHUNK, 8 * CHUNK] {
        for length in around.saturating_sub(5)..around + 3 {
            let load = pattern(length, around);
            assert!(remote.echo(load.clone()).timeout(TIME).await.unwrap() == load, "{length} bytes");
        }
    }
}

/// R39
pub async fn messages_of_all_lengths_are_interleaved_and_none_is_torn(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let mut calls = JoinSet::new();
    for (seed, length) in [(2 << 20) + 3, 1 << 20, 300_001, CHUNK, CHUNK + 1, 70_000, 9].into_iter().enumerate() {
        let (local, remote) = ground.worker(&server, &client);
        for round in 0..3 {
            let (local, remote) = (local.clone(), remote.clone());
            calls.spawn(async move {
                let load = pattern(length + round, seed * 10 + round);
                assert!(remote.echo(load.clone()).timeout(TIME).await.unwrap() == load, "{length} bytes");
                drop(local);
            });
        }
    }
    for seed in 0..100 {
        let (local, remote) = ground.worker(&server, &client);
        calls.spawn(async move {
            assert_eq!(remote.echo(pattern(40, seed)).timeout(TIME).await.unwrap(), pattern(40, seed));
            drop(local);
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
}

pub async fn large_messages_go_both_ways_at_once(ground: &Ground) {
    let (one, other) = ground.pair().await;
    let (_here, there) = ground.worker(&one, &other);
    let (_there, here) = ground.worker(&other, &one);
    for round in 0..2 {
        let load = pattern(3 << 20, round);
        let (forth, back) = tokio::join!(there.echo(load.clone()).timeout(TIME), here.echo(load.clone()).timeout(TIME));
        assert!(forth.unwrap() == load && back.unwrap() == load);
    }
}

/// More than the window of a connection, so that credit has to come back on the way.
pub async fn more_than_a_connection_may_hold_goes_through_in_turn(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let mut calls = JoinSet::new();
    for seed in 0..8 {
        let (local, remote) = ground.worker(&server, &client);
        calls.spawn(async move {
            let load = pattern(3 << 20, seed);
            assert!(remote.echo(load.clone()).timeout(TIME * 2).await.unwrap() == load);
            drop(local);
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
}

pub async fn a_large_cast_arrives(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    for number in 0..4 {
        remote.mark(number, pattern(1 << 20, 1)).cast().await.unwrap();
    }
    assert_eq!(remote.seen().timeout(TIME).await.unwrap(), [0, 1, 2, 3]);
}
