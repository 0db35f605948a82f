//! Every kind of call, and what each may come to.

use std::time::Duration;

use actor_core::{ActorId, ActorRef, CallError, Never, Outcome, SystemError, Terminated};
use tokio::{task::JoinSet, time::timeout};

use super::{
    ground::{Ground, place, until, watch},
    worker::{Odd, Worker, pattern},
};

const TIME: Duration = Duration::from_secs(10);

/// The system's error of a call that failed with one.
pub(super) fn failure<T: std::fmt::Debug>(result: Result<T, CallError<Never>>) -> SystemError {
    let CallError::System(error) = result.expect_err("the call fails");
    error
}

/// R1
pub async fn a_call_returns_what_the_method_returns(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    assert!(!remote.is_local());
    assert_eq!(remote.echo(pattern(33, 1)).await.unwrap(), pattern(33, 1));
    let () = remote.nothing().await.unwrap();
    assert_eq!(remote.mark_later(7).await.unwrap(), 1);
    assert_eq!(remote.mark(8, pattern(0, 0)).await.unwrap(), 2);
    assert_eq!(remote.seen().await.unwrap(), [7, 8]);
}

/// R15
pub async fn a_methods_own_error_keeps_its_type(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    assert_eq!(remote.halve(10).await.unwrap(), 5);
    assert_eq!(remote.halve(7).await.unwrap_err(), CallError::Actor(Odd { number: 7 }));
}

/// R8
pub async fn a_cast_arrives_and_waits_for_no_reply(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_kept, remote) = ground.worker(&server, &client);
    for number in 0..20 {
        remote.mark(number, pattern(0, 0)).cast().await.unwrap();
    }
    let control = Worker::new(ground.ledger());
    let waiting = control.control.clone();
    let (_kept, busy) = place(&server, &client, control);
    busy.wait(1).cast().await.unwrap();
    until(|| waiting.begun() == 1).await;
    waiting.open(1);
    until(|| waiting.gate.available_permits() == 0).await;
    assert_eq!(remote.seen().await.unwrap(), (0..20).collect::<Vec<_>>());
    assert_eq!(client.dead_letters() + server.dead_letters(), 0);
}

/// R8
pub async fn a_cast_to_nobody_is_a_dead_letter_where_it_should_have_run(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (local, remote) = ground.worker(&server, &client);
    local.stop().await;
    remote.nothing().cast().await.unwrap();
    until(|| server.dead_letters() == 1).await;
    assert_eq!(client.dead_letters(), 0);
}

/// R33
pub async fn what_is_not_there_is_said_at_once(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (local, remote) = ground.worker(&server, &client);
    remote.nothing().await.unwrap();
    let nobody: ActorRef<Worker> = client.resolve(&ActorId::new(server.id(), 999_999)).unwrap();
    assert!(matches!(failure(nobody.nothing().await), SystemError::UnknownActor { .. }));
    local.stop().await;
    let error = failure(remote.nothing().await);
    assert!(matches!(error, SystemError::UnknownActor { .. }), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

/// R15
pub async fn a_panic_is_answered_and_ends_its_actor_alone(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_one, remote) = ground.worker(&server, &client);
    let (_other, other) = ground.worker(&server, &client);
    let error = failure(remote.panic_on_purpose().await);
    assert!(matches!(error, SystemError::Panicked { message: None, .. }), "{error:?}");
    // It has ended, or is about to.
    assert_eq!(failure(remote.nothing().await).outcome(), Outcome::NotExecuted);
    other.nothing().await.unwrap();
}

/// R72
pub async fn an_actor_is_found_by_its_name(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let worker = server.spawn(Worker::new(ground.ledger()));
    server.register("worker", &worker).unwrap();
    drop(worker);
    let found: ActorRef<Worker> = client.lookup(server.address(), "worker").await.unwrap();
    found.mark(3, pattern(0, 0)).await.unwrap();
    assert_eq!(found.seen().await.unwrap(), [3]);
    let unknown = client.lookup::<Worker>(server.address(), "nobody").await;
    assert!(matches!(unknown, Err(SystemError::UnknownName { .. })), "{unknown:?}");
}

pub async fn the_end_of_an_actor_is_told_to_whoever_watches(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (local, remote) = ground.worker(&server, &client);
    let mut watching = watch(&remote).await;
    remote.nothing().await.unwrap();
    assert_eq!(crate::poll_then_drop(1, &mut watching).await, None);
    local.stop().await;
    assert_eq!(timeout(TIME, watching).await.expect("it is told"), Terminated::Stopped);
    assert_eq!(timeout(TIME, remote.terminated()).await.expect("at once"), Terminated::NoSuchActor);
    let (_kept, remote) = ground.worker(&server, &client);
    let (end, panicked) = tokio::join!(remote.terminated(), remote.panic_on_purpose());
    panicked.unwrap_err();
    assert_eq!(end, Terminated::Panicked);
}

pub async fn an_actor_can_be_stopped_from_elsewhere(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (local, remote) = ground.worker(&server, &client);
    remote.mark(1, pattern(0, 0)).await.unwrap();
    remote.stop().await;
    let end = timeout(TIME, local.terminated()).await.expect("it ends");
    assert!(matches!(end, Terminated::Stopped | Terminated::NoSuchActor), "{end:?}");
}

/// R104
pub async fn each_reply_finds_its_own_call(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let mut calls = JoinSet::new();
    for actor in 0..5_usize {
        let (local, remote) = ground.worker(&server, &client);
        for number in 0..60_usize {
            let (local, remote) = (local.clone(), remote.clone());
            calls.spawn(async move {
                let body = pattern(number * 97 % 2000, actor * 100 + number);
                assert_eq!(remote.echo(body.clone()).await.unwrap(), body);
                drop(local);
            });
        }
    }
    assert_eq!(calls.join_all().await.len(), 300);
}

/// Both nodes call one another over the same session.
pub async fn calls_go_both_ways_at_once(ground: &Ground) {
    let (one, other) = ground.pair().await;
    let (_here, there) = ground.worker(&one, &other);
    let (_there, here) = ground.worker(&other, &one);
    there.nothing().await.unwrap();
    let calls = async |remote: &ActorRef<Worker>, seed: usize| {
        for number in 0..100 {
            let body = pattern(100, seed + number);
            assert_eq!(remote.echo(body.clone()).await.unwrap(), body);
        }
    };
    tokio::join!(calls(&there, 1), calls(&here, 1000));
    assert_eq!((super::ground::sessions(&one), super::ground::sessions(&other)), (1, 1));
}

/// R13
pub async fn a_call_that_would_wait_for_itself_is_refused(ground: &Ground) {
    let (one, other) = ground.pair().await;
    let (first, _) = ground.worker(&one, &other);
    let (_second, second) = ground.worker(&other, &one);
    one.introduce(other.id(), other.addresses());
    // To the second, and back to the first, which is running.
    let hops = vec![second.clone(), first.clone()];
    let error = first.relay(0, hops).timeout(TIME).await.unwrap_err();
    assert!(error.to_string().contains("deadlock"), "{error}");
}
