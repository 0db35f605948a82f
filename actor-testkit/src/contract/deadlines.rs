//! The time that a call is given.

use std::{pin::pin, time::Duration};

use actor_core::{ActorSystem, Outcome, SystemError};
use tokio::time::{Instant, timeout};

use super::{
    SystemUnderTest,
    expect::{ProbeRef, failure, poll_once, probe, seen_from},
    probe::Control,
};

const SHORT: Duration = Duration::from_millis(40);
/// Long after the short time, and long before the default one: what takes no longer has not waited for another deadline.
const SOON: Duration = Duration::from_secs(5);

/// R15
pub async fn a_local_call_ends_at_its_deadline<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    ends_at_its_deadline::<T>(&actor, &control).await;
}

/// R15
pub async fn a_remote_call_ends_at_its_deadline<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    ends_at_its_deadline::<T>(&seen_from::<T>(&far, &actor), &control).await;
}

async fn ends_at_its_deadline<T: SystemUnderTest>(actor: &ProbeRef<T>, control: &Control) {
    let started = Instant::now();
    let error = failure::<T, _, _>(actor.wait().timeout(SHORT).await);
    assert!((SHORT..SOON).contains(&started.elapsed()), "{:?}", started.elapsed());
    let SystemError::Deadline { after: SHORT, outcome } = error else { panic!("{error:?}") };
    // On a machine that is busy it may not have begun by then.
    let has_begun = poll_once(&mut pin!(control.entered())).await.is_some();
    assert!(outcome == Outcome::Unknown || !has_begun, "{outcome:?}, and it has begun");
}

/// R15
pub async fn a_call_that_waits_for_its_turn_ends_at_its_deadline<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    actor.wait().cast().await.unwrap();
    control.entered().await;
    let error = failure::<T, _, _>(actor.add(1).timeout(SHORT).await);
    assert_eq!(error, SystemError::Deadline { after: SHORT, outcome: Outcome::NotExecuted });
    let proxy = seen_from::<T>(&far, &actor);
    let error = failure::<T, _, _>(proxy.add(10).timeout(SHORT).await);
    // Whether it was queued or had begun, the caller on another system cannot know.
    assert!(matches!(error, SystemError::Deadline { after: SHORT, .. }), "{error:?}");
    // What was sent later is answered: so it is known there, too, that nobody waits any longer.
    let (other, _control) = probe::<T>(&near);
    seen_from::<T>(&far, &other).nothing().await.unwrap();
    control.open();
    // Neither of them runs when its turn comes.
    assert_eq!(actor.add(0).await.unwrap(), 1);
}

/// R15
pub async fn a_remote_method_is_given_up_at_its_deadline<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    // On a machine that is busy it may not have begun by then.
    while poll_once(&mut pin!(control.entered())).await.is_none() {
        failure::<T, _, _>(proxy.wait().timeout(SHORT).await);
    }
    timeout(SOON, control.given_up()).await.expect("it is given up");
    assert_eq!(proxy.add(1).await.unwrap(), 1);
}

/// R15
pub async fn a_local_method_runs_on_when_its_caller_has_gone<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    let mut call = Box::pin(actor.wait().into_future());
    assert!(poll_once(&mut call).await.is_none());
    control.entered().await;
    drop(call);
    control.open();
    assert_eq!(actor.add(0).await.unwrap(), 1);
}

/// R15
pub async fn a_dropped_remote_call_is_cancelled<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let mut call = Box::pin(proxy.wait().timeout(Duration::from_secs(3000)).into_future());
    assert!(poll_once(&mut call).await.is_none());
    control.entered().await;
    drop(call);
    timeout(SOON, control.given_up()).await.expect("it is cancelled");
    assert_eq!(proxy.add(1).await.unwrap(), 1);
}

/// R15
pub async fn a_method_that_completes_runs_on_in_any_case<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let mut call = Box::pin(proxy.wait_in_any_case().into_future());
    assert!(poll_once(&mut call).await.is_none());
    control.entered().await;
    drop(call);
    control.open();
    assert_eq!(proxy.add(0).await.unwrap(), 1);

    failure::<T, _, _>(proxy.wait_in_any_case().timeout(SHORT).await);
    control.open();
    assert_eq!(actor.add(0).await.unwrap(), 2);
}

/// R15
pub async fn a_deadline_bounds_the_calls_that_the_method_makes<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let (between, _control) = probe::<T>(&far);
    let given = Duration::from_millis(900);
    let proxy = seen_from::<T>(&far, &actor);
    let left = proxy.surroundings().timeout(given).await.unwrap().remaining_ms.unwrap();
    assert!((1..=900).contains(&left), "{left}");
    let between = seen_from::<T>(&near, &between);
    let left = between.surroundings_of(actor.clone()).timeout(given).await.unwrap().remaining_ms.unwrap();
    assert!((1..=900).contains(&left), "{left}");
}

/// R15
pub async fn a_call_without_a_timeout_has_one<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    for actor in [&actor, &seen_from::<T>(&far, &actor)] {
        let left = actor.surroundings().await.unwrap().remaining_ms.expect("there is a deadline");
        assert!((1..=far.settings().call_timeout.as_millis() as u64).contains(&left), "{left}");
    }
}

/// R15
pub async fn a_call_without_time_does_not_run<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let error = failure::<T, _, _>(proxy.add(1).timeout(Duration::ZERO).await);
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    assert!(matches!(error, SystemError::Deadline { .. }), "{error:?}");
    assert_eq!(actor.add(0).await.unwrap(), 0);
}
