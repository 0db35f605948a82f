//! Calls that fail: whose fault it is, and whether the method ran.

use std::time::Duration;

use actor_core::{CallError, Outcome, SystemError};

use super::{
    DivisionByZero, Fragile, SystemUnderTest,
    expect::{ProbeRef, cause, failure, poll_once, probe, seen_from, thrown},
};

/// R25, R33
pub async fn the_methods_own_error_keeps_its_type<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    for actor in [&actor, &seen_from::<T>(&far, &actor)] {
        assert_eq!(actor.divide(7, 2).await.unwrap(), 3);
        assert_eq!(thrown::<T, _, _>(actor.divide(7, 0).await), DivisionByZero { dividend: 7 });
    }
}

/// R33
pub async fn the_systems_failure_is_not_the_methods_error<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    drop(actor);
    control.ended().await;
    match proxy.divide(7, 0).await {
        Err(CallError::System(error)) => {
            assert!(matches!(cause::<T>(&error), SystemError::UnknownActor { .. }), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
}

/// R13
pub async fn a_panic_is_answered_and_ends_only_its_actor<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    for from_elsewhere in [false, true] {
        let (actor, mut control) = probe::<T>(&near);
        let (neighbour, _control) = probe::<T>(&near);
        let caller = if from_elsewhere { seen_from::<T>(&far, &actor) } else { actor.clone() };
        is_panic(&failure::<T, _, _>(caller.panic_now().await), "Probe::panic_now");
        control.ended().await;
        for actor in [&actor, &caller] {
            let error = failure::<T, _, _>(actor.add(1).await);
            assert!(matches!(error, SystemError::UnknownActor { .. }), "{error:?}");
        }
        assert_eq!(neighbour.add(1).await.unwrap(), 1);
        assert_eq!(seen_from::<T>(&far, &neighbour).add(1).await.unwrap(), 2);
    }
}

/// R13
pub async fn a_panic_after_an_await_is_answered<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    for from_elsewhere in [false, true] {
        let (actor, mut control) = probe::<T>(&near);
        let caller = if from_elsewhere { seen_from::<T>(&far, &actor) } else { actor.clone() };
        is_panic(&failure::<T, _, _>(caller.panic_later().await), "Probe::panic_later");
        control.ended().await;
    }
}

/// R13, R48
pub async fn a_panic_answers_the_calls_behind_it<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let (other, _control) = probe::<T>(&near);
    let mut waits = Box::pin(proxy.wait().into_future());
    assert!(poll_once(&mut waits).await.is_none());
    control.entered().await;
    let mut panics = Box::pin(proxy.panic_now().into_future());
    assert!(poll_once(&mut panics).await.is_none());
    let mut behind = Box::pin(proxy.add(1).into_future());
    assert!(poll_once(&mut behind).await.is_none());
    // What was sent later, and is not in the same queue, is answered: so all of them have arrived.
    seen_from::<T>(&far, &other).nothing().await.unwrap();
    let mut local = Box::pin(actor.add(1).into_future());
    assert!(poll_once(&mut local).await.is_none());
    control.open();
    assert_eq!(waits.await.unwrap(), 1);
    is_panic(&failure::<T, _, _>(panics.await), "Probe::panic_now");
    let stopped = SystemError::ActorStopped { outcome: Outcome::NotExecuted };
    assert_eq!(failure::<T, _, _>(behind.await), stopped);
    assert_eq!(failure::<T, _, _>(local.await), stopped);
}

/// R8, R13
pub async fn a_panic_in_a_one_way_call_ends_only_its_actor<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    for from_elsewhere in [false, true] {
        let (actor, mut control) = probe::<T>(&near);
        let (neighbour, _control) = probe::<T>(&near);
        let caller = if from_elsewhere { seen_from::<T>(&far, &actor) } else { actor.clone() };
        caller.panic_later().cast().await.unwrap();
        control.ended().await;
        assert_eq!(seen_from::<T>(&far, &neighbour).add(1).await.unwrap(), 1);
    }
}

/// R33
pub async fn an_argument_that_cannot_be_written_is_not_sent<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let error = failure::<T, _, _>(proxy.fragile(Fragile::RefusesToBeWritten, Fragile::Sound as u8).await);
    let SystemError::Unencodable { method, .. } = &error else { panic!("{error:?}") };
    assert!(method.ends_with("Probe::fragile"), "{method}");
    ran::<T>(&error, &proxy, 0).await;
}

/// R27, R35
pub async fn an_argument_that_cannot_be_read_is_answered<T: SystemUnderTest>(subject: T) {
    bad_argument(subject, Fragile::RefusesToBeRead, "this value refuses to be read").await;
}

/// R27, R35
pub async fn an_argument_that_panics_when_it_is_read_is_answered<T: SystemUnderTest>(subject: T) {
    // That it panicked is said, what the panic said need not be: it may be none of the caller's business.
    bad_argument(subject, Fragile::PanicsWhenRead, "panic").await;
}

async fn bad_argument<T: SystemUnderTest>(subject: T, argument: Fragile, expected: &str) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    // Far within the deadline: it is answered, and not given up.
    let call = proxy.fragile(argument, Fragile::Sound as u8).timeout(Duration::from_secs(3000));
    let error = failure::<T, _, _>(call.await);
    let SystemError::BadArguments { method, why } = &error else { panic!("{error:?}") };
    assert!(method.ends_with("Probe::fragile"), "{method}");
    assert!(why.contains(expected), "{why}");
    ran::<T>(&error, &proxy, 0).await;
}

/// R35
pub async fn a_result_that_cannot_be_written_is_answered<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let error = failure::<T, _, _>(proxy.fragile(Fragile::Sound, Fragile::RefusesToBeWritten as u8).await);
    ran::<T>(&error, &proxy, 1).await;
}

/// R13, R35
pub async fn a_result_that_panics_when_it_is_written_is_answered<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let (neighbour, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let call = proxy.fragile(Fragile::Sound, Fragile::PanicsWhenWritten as u8).timeout(Duration::from_secs(3000));
    let error = failure::<T, _, _>(call.await);
    assert_eq!(error.outcome(), Outcome::Executed, "{error:?}");
    assert_eq!(seen_from::<T>(&far, &neighbour).add(1).await.unwrap(), 1);
}

/// R35
pub async fn a_result_that_cannot_be_read_is_a_bad_reply<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let error = failure::<T, _, _>(proxy.fragile(Fragile::Sound, Fragile::RefusesToBeRead as u8).await);
    let SystemError::BadReply { method, why } = &error else { panic!("{error:?}") };
    assert!(method.ends_with("Probe::fragile"), "{method}");
    assert!(why.contains("this value refuses to be read"), "{why}");
    assert_eq!(error.outcome(), Outcome::Executed);
    ran::<T>(&error, &proxy, 1).await;
}

/// R6
pub async fn a_cycle_of_calls_is_answered<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (one, _control) = probe::<T>(&near);
    let (other, _control) = probe::<T>(&far);
    // one -> other -> one, which waits for other.
    let path = vec![seen_from::<T>(&near, &other), one.clone(), one.clone()];
    let call = one.relay(path, 1).timeout(Duration::from_secs(3000));
    let error = thrown::<T, _, _>(call.await);
    assert!(error.contains("deadlock"), "{error}");
    assert!(error.contains(&one.to_string()) && error.contains(&other.to_string()), "{error}");
    assert_eq!(one.add(1).await.unwrap(), 1);
    assert_eq!(seen_from::<T>(&near, &other).add(1).await.unwrap(), 1);
}

/// R16, R48
pub async fn calls_that_wait_for_a_stopped_actor_are_answered<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let (other, _control) = probe::<T>(&near);
    let mut running = Box::pin(proxy.wait().into_future());
    assert!(poll_once(&mut running).await.is_none());
    control.entered().await;
    let mut queued = Box::pin(proxy.add(1).into_future());
    assert!(poll_once(&mut queued).await.is_none());
    seen_from::<T>(&far, &other).nothing().await.unwrap();
    let stopped = actor.stop();
    control.open();
    // The method that runs ends first.
    assert_eq!(running.await.unwrap(), 1);
    let error = failure::<T, _, _>(queued.await);
    assert_eq!(error, SystemError::ActorStopped { outcome: Outcome::NotExecuted });
    assert_eq!(stopped.await, actor_core::Terminated::Stopped);
    control.ended().await;
}

fn is_panic(error: &SystemError, of: &str) {
    let SystemError::Panicked { method, .. } = error else { panic!("{error:?}") };
    assert!(method.ends_with(of), "{method}");
    assert_eq!(error.outcome(), Outcome::Executed);
}

/// The error tells the truth about how often the method ran, and the way to the actor is still open.
async fn ran<T: SystemUnderTest>(error: &SystemError, proxy: &ProbeRef<T>, times: u64) {
    let expected = if times == 0 { Outcome::NotExecuted } else { Outcome::Executed };
    assert_eq!(error.outcome(), expected, "{error:?}");
    assert_eq!(proxy.add(0).await.unwrap(), times);
}
