//! Assign, ready, resign; and what keeps an actor alive.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use actor_core::{ActorRef, Outcome, SpawnOptions, SystemError, Terminated, spawn, try_spawn_with};

use super::{
    Probe, SystemUnderTest,
    expect::{ProbeOf, ProbeRef, cause, failure, poll_once, probe, seen_from},
};

/// R17, R18
pub async fn ids_are_never_given_twice<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let mut ids = HashSet::new();
    for _ in 0..50 {
        // Both are dropped at once: an id is not given again when its actor has ended.
        assert!(ids.insert(spawn(&near, Probe::plain()).id().clone()));
        assert!(ids.insert(spawn(&far, Probe::plain()).id().clone()));
    }
}

/// R18
pub async fn an_actor_can_be_called_as_soon_as_there_is_a_reference<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    assert!(actor.is_local());
    assert_eq!(seen_from::<T>(&far, &actor).add(1).await.unwrap(), 1);
    assert_eq!(actor.add(1).await.unwrap(), 2);
}

/// R18
pub async fn a_failed_start_leaves_nothing_behind<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let mut assigned = None;
    let started = try_spawn_with::<ProbeOf<T>, _>(&near, SpawnOptions::new(), |context| {
        assigned = Some(context.id().clone());
        Err("no")
    });
    assert_eq!(started.unwrap_err(), "no");
    is_unknown::<T>(&near, &far, assigned.expect("the id is assigned before the start")).await;
}

/// R18
pub async fn a_start_that_panics_leaves_nothing_behind<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let mut assigned = None;
    let started = catch_unwind(AssertUnwindSafe(|| {
        try_spawn_with::<ProbeOf<T>, ()>(&near, SpawnOptions::new(), |context| {
            assigned = Some(context.id().clone());
            panic!("the start was asked to")
        })
    }));
    assert!(started.is_err());
    is_unknown::<T>(&near, &far, assigned.expect("the id is assigned before the start")).await;
}

/// R19
pub async fn an_actor_ends_when_its_last_local_reference_goes<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let id = actor.id().clone();
    let proxy = seen_from::<T>(&far, &actor);
    let second = actor.clone();
    drop(actor);
    assert_eq!(proxy.add(1).await.unwrap(), 1);
    assert!(!control.has_ended());
    drop(second);
    control.ended().await;
    assert!(matches!(failure::<T, _, _>(proxy.add(1).await), SystemError::UnknownActor { .. }));
    is_unknown::<T>(&near, &far, id).await;
}

/// R19
pub async fn a_weak_reference_keeps_nothing_alive<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let weak = actor.downgrade();
    assert_eq!(weak.upgrade().as_ref(), Some(&actor));
    drop(actor);
    control.ended().await;
    assert_eq!(weak.upgrade(), None);
}

/// R22
pub async fn dropping_a_proxy_changes_nothing<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    for round in 1..=3 {
        let proxy = seen_from::<T>(&far, &actor);
        assert_eq!(proxy.clone().add(1).await.unwrap(), round);
        drop(proxy);
    }
    assert!(!control.has_ended());
    assert_eq!(actor.add(1).await.unwrap(), 4);
}

/// R22
pub async fn a_proxy_keeps_its_system_alive<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    drop(far);
    assert_eq!(proxy.add(1).await.unwrap(), 1);
}

/// R19
pub async fn a_queued_call_keeps_its_actor_alive<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let (other, _control) = probe::<T>(&near);
    let (first, second) = (seen_from::<T>(&far, &actor), seen_from::<T>(&far, &actor));
    let running = tokio::spawn(async move { first.wait().await });
    control.entered().await;
    let mut queued = Box::pin(second.add(10).into_future());
    assert!(poll_once(&mut queued).await.is_none());
    // What was sent later, and is not in the same queue, is answered: so the queued call has arrived.
    seen_from::<T>(&far, &other).nothing().await.unwrap();
    drop(actor);
    control.open();
    assert_eq!(running.await.unwrap().unwrap(), 1);
    assert_eq!(queued.await.unwrap(), 11);
    control.ended().await;
}

/// R19
pub async fn a_queued_cast_keeps_its_actor_alive<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let (witness, _control) = probe::<T>(&far);
    actor.wait().cast().await.unwrap();
    control.entered().await;
    actor.add_to(witness.clone(), 7).cast().await.unwrap();
    drop(actor);
    control.open();
    control.ended().await;
    assert_eq!(witness.add(0).await.unwrap(), 7);
}

/// R19
pub async fn a_child_lives_as_long_as_its_parent<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (parent, mut control) = probe::<T>(&near);
    let child = parent.child().await.unwrap();
    // Waiting for its end does not keep it alive.
    let ended = child.terminated();
    let proxy = seen_from::<T>(&far, &child);
    drop(child);
    assert_eq!(proxy.add(1).await.unwrap(), 1);
    assert!(!control.has_ended());
    drop(parent);
    assert_eq!(ended.await, Terminated::Stopped);
    assert!(matches!(failure::<T, _, _>(proxy.add(1).await), SystemError::UnknownActor { .. }));
}

/// R23
pub async fn a_stale_reference_never_reaches_a_new_actor<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let stale = seen_from::<T>(&far, &actor);
    drop(actor);
    control.ended().await;
    let successors: Vec<_> = (0..50).map(|_| spawn(&near, Probe::plain())).collect();
    let error = failure::<T, _, _>(stale.add(1).await);
    assert!(matches!(error, SystemError::UnknownActor { .. }), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    for successor in successors {
        assert_ne!(successor, stale);
        assert_eq!(successor.add(0).await.unwrap(), 0);
    }
}

/// R19, R21
pub async fn an_argument_lives_until_its_call_has_ended<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let (argument, mut control) = probe::<T>(&far);
    // The call has the only local reference, and the method calls back.
    assert_eq!(proxy.add_to(argument, 5).await.unwrap(), 5);
    control.ended().await;
}

/// R16
pub async fn an_actor_can_be_stopped_from_elsewhere<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    if !T::ENDS_ACTORS_REMOTELY {
        assert_eq!(proxy.terminated().await, Terminated::NoSuchActor);
        return;
    }
    let mut watched = proxy.terminated();
    assert!(poll_once(&mut watched).await.is_none());
    // Answered after the watch has arrived, which waits on.
    proxy.nothing().await.unwrap();
    proxy.nothing().await.unwrap();
    assert!(poll_once(&mut watched).await.is_none());
    // It may have ended before its end is asked for.
    let how = proxy.stop().await;
    assert_eq!(how, Terminated::Stopped);
    assert_eq!(watched.await, Terminated::Stopped);
    control.ended().await;
    assert_eq!(proxy.terminated().await, Terminated::NoSuchActor);
    assert!(matches!(failure::<T, _, _>(actor.add(1).await), SystemError::UnknownActor { .. }));
    assert!(matches!(failure::<T, _, _>(proxy.add(1).await), SystemError::UnknownActor { .. }));
}

/// No actor has that id, as seen from its own system and from another.
async fn is_unknown<T: SystemUnderTest>(
    near: &T::System,
    far: &T::System,
    id: <T::System as actor_core::ActorSystem>::ActorId,
) {
    let here = ActorRef::<ProbeOf<T>>::resolve(near, id.clone()).unwrap_err();
    assert!(matches!(cause::<T>(&here), SystemError::UnknownActor { .. }), "{here:?}");
    // A system that can tell may refuse the id at once.
    match ProbeRef::<T>::resolve(far, id) {
        Ok(proxy) => {
            assert!(matches!(failure::<T, _, _>(proxy.nothing().await), SystemError::UnknownActor { .. }));
        }
        Err(error) => assert!(matches!(cause::<T>(&error), SystemError::UnknownActor { .. }), "{error:?}"),
    }
}
