//! The time that a call is given, and callers that do not wait so long.

use std::time::Duration;

use actor_core::{Outcome, SystemError};
use tokio::time::{Instant, timeout};

use super::{
    calls::failure,
    ground::{Ground, place, until},
    worker::{Control, Worker, pattern},
};
use crate::{Fault, Way, poll_then_drop};

const SHORT: Duration = Duration::from_millis(60);
/// Enough for a call to begin, on a machine that is busy.
const LONGER: Duration = Duration::from_millis(700);
/// Long after the short time; what takes no longer has not waited for another deadline.
const SOON: Duration = Duration::from_secs(8);

fn controlled(ground: &Ground) -> (Worker, Control) {
    let worker = Worker::new(ground.ledger());
    let control = worker.control.clone();
    (worker, control)
}

/// R15
pub async fn a_call_ends_at_its_deadline(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (worker, control) = controlled(ground);
    let (_kept, remote) = place(&server, &client, worker);
    remote.nothing().await.unwrap();
    // On a machine that is busy it may not have begun by then.
    while control.begun() == 0 {
        let began = Instant::now();
        let error = failure(remote.wait(1).timeout(SHORT).await);
        assert!((SHORT..SOON).contains(&began.elapsed()), "{:?}", began.elapsed());
        assert_eq!(error, SystemError::Deadline { after: SHORT, outcome: Outcome::Unknown });
    }
    until(|| control.given_up() == control.begun()).await;
}

/// R15
pub async fn what_is_left_of_the_time_travels_over_the_nodes(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (_far, far) = ground.worker(&server, &client);
    let (_near, near) = ground.worker(&client, &server);
    let (left, _) = far.surroundings().timeout(SOON).await.unwrap();
    assert!((1..=8000).contains(&left), "{left}");
    // To the server and back again: less each time, never more.
    let (left, from_elsewhere) = far.surroundings_of(near).timeout(SOON).await.unwrap().unwrap();
    assert!(from_elsewhere && (1..=8000).contains(&left), "{left}");
}

/// R15
pub async fn a_call_that_is_dropped_is_cancelled_at_the_methods_next_await(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (worker, control) = controlled(ground);
    let (_kept, remote) = place(&server, &client, worker);
    let call = tokio::spawn({
        let remote = remote.clone();
        async move { remote.wait(1).await }
    });
    until(|| control.begun() == 1).await;
    call.abort();
    until(|| control.given_up() == 1).await;
    assert_eq!(remote.seen().await.unwrap(), []);
}

/// R15
pub async fn a_call_that_is_dropped_before_its_turn_does_not_run(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (worker, control) = controlled(ground);
    let (_kept, remote) = place(&server, &client, worker);
    remote.wait(1).cast().await.unwrap();
    until(|| control.begun() == 1).await;
    assert!(poll_then_drop(1, remote.mark(2, pattern(0, 0))).await.is_none());
    failure(remote.mark(3, pattern(0, 0)).timeout(SHORT).await);
    // A call behind it, to another actor: what was sent before it has arrived when it is answered.
    let (_other, other) = ground.worker(&server, &client);
    other.nothing().await.unwrap();
    control.open(1);
    assert_eq!(remote.seen().await.unwrap(), [1]);
}

/// R15
pub async fn a_method_that_completes_runs_on_without_its_caller(ground: &Ground) {
    let (server, client) = ground.pair().await;
    let (worker, control) = controlled(ground);
    let (_kept, remote) = place(&server, &client, worker);
    // It has begun when its time is over, also where it takes long to connect.
    remote.nothing().await.unwrap();
    failure(remote.wait_in_any_case(4).timeout(LONGER).await);
    until(|| control.begun() == 1).await;
    control.open(1);
    assert_eq!(remote.seen().await.unwrap(), [4]);
    assert_eq!(control.given_up(), 0);
}

/// A call of which only a part was sent can be given up, and takes nothing with it.
pub async fn a_large_call_can_be_given_up_half_sent(ground: &Ground) {
    let server = ground.node("server").await;
    let (client, faults) = ground.plan("client").start().await;
    let (_kept, remote) = ground.worker(&server, &client);
    remote.nothing().await.unwrap();
    let sent = faults.passed(Way::Out);
    for _ in 0..3 {
        faults.set(Way::Out, sent + 100_000, Fault::Stall);
        let error = failure(remote.mark(1, pattern(3 << 20, 1)).timeout(SHORT).await);
        assert!(matches!(error, SystemError::Deadline { .. }), "{error:?}");
        faults.heal();
        remote.nothing().await.unwrap();
    }
    // All of the credit has come back: as much again goes through.
    for _ in 0..4 {
        assert_eq!(remote.echo(pattern(3 << 20, 2)).timeout(SOON * 3).await.unwrap().len(), 3 << 20);
    }
}

/// R15, R55
pub async fn a_call_to_a_node_that_does_not_answer_ends_at_its_deadline(ground: &Ground) {
    let server = ground.node("server").await;
    let (client, faults) = ground.plan("client").start().await;
    let (_kept, remote) = ground.worker(&server, &client);
    faults.stall_connecting();
    let error = failure(remote.nothing().timeout(SHORT).await);
    assert_eq!(error, SystemError::Deadline { after: SHORT, outcome: Outcome::NotExecuted });
    faults.heal();
    timeout(SOON, async { remote.nothing().await }).await.expect("it is answered").unwrap();
}

pub async fn a_call_whose_way_is_held_up_ends_at_its_deadline(ground: &Ground) {
    let server = ground.node("server").await;
    let (client, faults) = ground.plan("client").start().await;
    let (_kept, remote) = ground.worker(&server, &client);
    for way in [Way::Out, Way::In] {
        remote.nothing().await.unwrap();
        faults.set(way, 0, Fault::Stall);
        let began = Instant::now();
        let error = failure(remote.nothing().timeout(SHORT).await);
        assert!((SHORT..SOON).contains(&began.elapsed()));
        assert!(matches!(error, SystemError::Deadline { .. }), "{error:?}");
        faults.heal();
    }
    remote.nothing().await.unwrap();
}
