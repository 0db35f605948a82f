//! Ids, and the references they are resolved to.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
};

use actor_core::{ActorRef, Outcome, SystemError, SystemFailure, spawn};

use super::{
    Bystander, Probe, SystemUnderTest,
    expect::{ProbeOf, ProbeRef, cause, failure, poll_once, probe, seen_from},
};

type BystanderOf<T> = Bystander<<T as SystemUnderTest>::System>;

/// R20
pub async fn an_id_resolves_to_its_actor_where_that_lives<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let resolved = ProbeRef::<T>::resolve(&near, actor.id().clone()).unwrap();
    assert_eq!(resolved.is_local(), T::RESOLVES_LOCALLY);
    assert_eq!(resolved, actor);
    assert_eq!(resolved.add(1).await.unwrap(), 1);
    assert_eq!(actor.add(1).await.unwrap(), 2);
    // A resolved local reference keeps the actor alive like any other.
    drop(actor);
    if T::RESOLVES_LOCALLY {
        assert_eq!(resolved.add(1).await.unwrap(), 3);
        drop(resolved);
    }
    control.ended().await;
}

/// R20
pub async fn elsewhere_an_id_resolves_to_a_proxy<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let here = spawn(&near, Probe::plain());
    let there = spawn(&far, Probe::plain());
    assert_eq!(seen_from::<T>(&far, &here).add(1).await.unwrap(), 1);
    assert_eq!(seen_from::<T>(&near, &there).add(2).await.unwrap(), 2);
}

/// R20
pub async fn an_id_of_an_unknown_node_is_refused<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let stranger = subject.stranger().await;
    let actor = spawn(&stranger, Probe::plain());
    let error = ProbeRef::<T>::resolve(&near, actor.id().clone()).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotExecuted, "{error:?}");
}

/// R20
pub async fn an_id_of_another_type_is_refused_where_its_actor_lives<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let error = ActorRef::<BystanderOf<T>>::resolve(&near, actor.id().clone()).unwrap_err();
    let SystemError::WrongType { actor: named, expected } = cause::<T>(&error) else { panic!("{error:?}") };
    assert_eq!(*named, *actor.id().to_string());
    assert!(expected.contains("Bystander"), "{expected}");
}

/// R20, R37
pub async fn a_method_of_another_type_is_answered_as_unknown<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let bystander = spawn(&near, Bystander { friend: None });
    // Where the actor lives the mistake shows at once; elsewhere its system says so when it is called.
    let forged = match ProbeRef::<T>::resolve(&far, bystander.id().clone()) {
        Ok(forged) => forged,
        Err(error) => {
            assert!(matches!(cause::<T>(&error), SystemError::WrongType { .. }), "{error:?}");
            return;
        }
    };
    let error = failure::<T, _, _>(forged.add(1).await);
    let SystemError::UnknownMethod { method } = &error else { panic!("{error:?}") };
    assert!(method.ends_with("Probe::add"), "{method}");
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    assert_eq!(bystander.friend().await.unwrap(), None);
}

/// R20
pub async fn an_ended_actor_is_refused_where_it_lived<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let id = actor.id().clone();
    drop(actor);
    control.ended().await;
    let error = ActorRef::<ProbeOf<T>>::resolve(&near, id).unwrap_err();
    assert!(matches!(cause::<T>(&error), SystemError::UnknownActor { .. }), "{error:?}");
}

/// R20
pub async fn elsewhere_the_first_call_says_that_an_actor_has_ended<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    drop(actor);
    control.ended().await;
    let error = failure::<T, _, _>(proxy.add(1).await);
    let SystemError::UnknownActor { actor } = &error else { panic!("{error:?}") };
    assert_eq!(**actor, *proxy.id().to_string());
}

/// R17, R20
pub async fn references_are_equal_when_their_ids_are<T: SystemUnderTest>(subject: T) {
    fn hash(value: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }

    let (near, far) = subject.pair().await;
    let (one, other) = (spawn(&near, Probe::plain()), spawn(&near, Probe::plain()));
    let proxy = seen_from::<T>(&far, &one);
    assert_eq!(one, proxy);
    assert_eq!(hash(&one), hash(&proxy));
    assert!(one.cmp(&proxy).is_eq());
    assert_ne!(other, proxy);
    assert_eq!(one.cmp(&other), one.id().cmp(other.id()));
    assert_eq!(one.to_string(), one.id().to_string());
    assert!(format!("{proxy:?}").contains(&one.id().to_string()));
}

/// R24
pub async fn when_local_runs_where_the_actor_lives<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    assert_eq!(actor.when_local(|probe| probe.add(2)).await, Some(2));
    assert_eq!(proxy.when_local(|probe| probe.add(2)).await, None);
    assert_eq!(proxy.add(1).await.unwrap(), 3);
}

/// R24
pub async fn when_local_waits_for_its_turn<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let (actor, mut control) = probe::<T>(&near);
    actor.wait().cast().await.unwrap();
    control.entered().await;
    let mut visit = Box::pin(actor.when_local(|probe| probe.add(0)));
    assert!(poll_once(&mut visit).await.is_none());
    control.open();
    assert_eq!(visit.await, Some(1));
    drop(actor);
    control.ended().await;
}
