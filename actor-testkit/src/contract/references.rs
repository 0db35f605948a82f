//! References as arguments and results, over any number of systems.

use std::collections::BTreeMap;

use super::{
    Bystander, Pack, SystemUnderTest,
    expect::{ProbeRef, probe, seen_from, thrown},
};

/// R21
pub async fn a_reference_can_be_called_by_whoever_gets_it<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (worker, _control) = probe::<T>(&near);
    let (charlie, _control) = probe::<T>(&far);
    let worker = seen_from::<T>(&far, &worker);
    // The article's call: a reference to an actor here is forwarded to an actor there.
    assert!(!worker.introduce(charlie.clone()).await.unwrap(), "charlie does not live there");
    assert_eq!(worker.add_to(charlie.clone(), 3).await.unwrap(), 3);
    assert_eq!(charlie.add(1).await.unwrap(), 4);
    assert_eq!(worker.held().await.unwrap(), [charlie]);
}

/// R21
pub async fn a_reference_that_comes_home_is_local<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (worker, _control) = probe::<T>(&near);
    let (colleague, _control) = probe::<T>(&near);
    let (worker, sent) = (seen_from::<T>(&far, &worker), seen_from::<T>(&far, &colleague));
    assert_eq!(worker.introduce(sent).await.unwrap(), T::RESOLVES_LOCALLY);
    assert_eq!(worker.introduce(worker.clone()).await.unwrap(), T::RESOLVES_LOCALLY);
    let returned = worker.held().await.unwrap();
    assert_eq!(returned, [colleague, worker.clone()]);
    assert!(returned.iter().all(|actor| !actor.is_local()));
    // Its own reference must not keep it alive.
    worker.forget().await.unwrap();
}

/// R21
pub async fn references_travel_in_lists_and_options<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (worker, _control) = probe::<T>(&near);
    let worker = seen_from::<T>(&far, &worker);
    let actors: Vec<ProbeRef<T>> = (0..5).map(|_| probe::<T>(&far).0).collect();
    worker.introduce_all(vec![], None).await.unwrap();
    assert_eq!(worker.held().await.unwrap(), []);
    worker.introduce_all(actors[..4].to_vec(), Some(actors[4].clone())).await.unwrap();
    let returned = worker.held().await.unwrap();
    assert_eq!(returned, actors);
    for actor in &returned {
        assert_eq!(actor.is_local(), T::RESOLVES_LOCALLY);
        assert_eq!(actor.add(1).await.unwrap(), 1);
    }
}

/// R21
pub async fn references_travel_in_structs<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (worker, _control) = probe::<T>(&near);
    let worker = seen_from::<T>(&far, &worker);
    let (leader, _control) = probe::<T>(&far);
    let (member, _control) = probe::<T>(&near);
    worker.introduce(leader.clone()).await.unwrap();
    let members = BTreeMap::from([("there".into(), vec![member.clone()]), ("nobody".into(), vec![])]);
    let pack = Pack { label: "pack".into(), leader: Some(leader.clone()), members };
    let pack = worker.repack(pack).await.unwrap();
    assert_eq!(pack.label, "pack");
    assert_eq!(pack.leader.as_ref(), Some(&leader));
    assert_eq!(pack.members["there"], [member]);
    assert_eq!(pack.members["nobody"], []);
    assert_eq!(pack.members["held"], std::slice::from_ref(&leader));
    assert_eq!(pack.members["held"][0].add(2).await.unwrap(), 2);
    assert_eq!(leader.add(1).await.unwrap(), 3);
}

/// R21
pub async fn a_result_may_be_a_reference<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let me = seen_from::<T>(&far, &actor).me().await.unwrap();
    assert_eq!(me, actor);
    assert!(!me.is_local());
    assert_eq!(me.add(1).await.unwrap(), 1);
    let me = actor.me().await.unwrap();
    assert!(me.is_local());
    let bystander = actor_core::spawn(&near, Bystander { friend: Some(me) });
    let bystander = actor_core::ActorRef::<Bystander<T::System>>::resolve(&far, bystander.id().clone())
        .map(|proxy| (proxy, bystander))
        .unwrap();
    assert_eq!(bystander.0.friend().await.unwrap(), Some(actor));
}

/// R21
pub async fn a_reference_goes_over_three_systems<T: SystemUnderTest>(subject: T) {
    let (first, second) = subject.pair().await;
    let third = subject.beyond(&second).await;
    let (actor, _control) = probe::<T>(&first);
    let (between, _control) = probe::<T>(&second);
    // first -> second -> third, which has not heard of the first yet.
    seen_from::<T>(&first, &between).introduce(actor.clone()).await.unwrap();
    let held = seen_from::<T>(&third, &between).held().await.unwrap();
    assert_eq!(held, std::slice::from_ref(&actor));
    assert!(!held[0].is_local());
    assert_eq!(held[0].add(1).await.unwrap(), 1);
    // And back from the third to the first, by the actor itself.
    let (last, _control) = probe::<T>(&third);
    assert_eq!(held[0].add_to(last.clone(), 7).await.unwrap(), 7);
    assert_eq!(last.add(1).await.unwrap(), 8);
}

/// R21
pub async fn a_call_is_relayed_over_three_systems<T: SystemUnderTest>(subject: T) {
    let (first, second) = subject.pair().await;
    let third = subject.beyond(&second).await;
    let (one, _control) = probe::<T>(&first);
    let (two, _control) = probe::<T>(&second);
    let (three, _control) = probe::<T>(&third);
    let (another, _control) = probe::<T>(&first);
    // The third system is told of the first by the second, which passes the path on.
    let path = vec![seen_from::<T>(&first, &two)];
    assert_eq!(one.relay(path, 1).await.unwrap(), 1);
    seen_from::<T>(&third, &two).introduce(three.clone()).await.unwrap();
    let three_from_second = two.held().await.unwrap();
    seen_from::<T>(&second, &one).introduce(three_from_second[0].clone()).await.unwrap();
    let mut path = vec![seen_from::<T>(&first, &two)];
    path.extend(one.held().await.unwrap());
    path.push(another.clone());
    assert_eq!(one.relay(path, 5).await.unwrap(), 5);
    assert_eq!(another.add(0).await.unwrap(), 5);
    assert_eq!(three.add(0).await.unwrap(), 0);
}

/// R20, R21
pub async fn a_reference_to_an_ended_actor_arrives<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (worker, _control) = probe::<T>(&near);
    let worker = seen_from::<T>(&far, &worker);
    let (here, mut here_control) = probe::<T>(&near);
    let (there, mut there_control) = probe::<T>(&far);
    let ended = [seen_from::<T>(&far, &here), seen_from::<T>(&near, &there)];
    drop((here, there));
    here_control.ended().await;
    there_control.ended().await;
    for actor in ended {
        assert!(!worker.introduce(actor.clone()).await.unwrap());
        let error = thrown::<T, _, _>(worker.add_to(actor.clone(), 1).await);
        assert!(error.contains(&format!("no actor {actor}")), "{error}");
    }
    assert_eq!(worker.held().await.unwrap().len(), 2);
}

/// R19, R21
pub async fn what_is_kept_from_a_message_keeps_local_actors_alive<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (holder, _control) = probe::<T>(&near);
    let (held, mut control) = probe::<T>(&near);
    let holder_from_far = seen_from::<T>(&far, &holder);
    holder_from_far.introduce(seen_from::<T>(&far, &held)).await.unwrap();
    let proxy = seen_from::<T>(&far, &held);
    drop(held);
    if T::RESOLVES_LOCALLY {
        assert_eq!(proxy.add(1).await.unwrap(), 1);
        assert!(!control.has_ended());
        holder.forget().await.unwrap();
    }
    control.ended().await;
}

/// R19, R22
pub async fn what_is_kept_elsewhere_keeps_nothing_alive<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (holder, _control) = probe::<T>(&near);
    let (held, mut control) = probe::<T>(&far);
    let holder = seen_from::<T>(&far, &holder);
    holder.introduce(held.clone()).await.unwrap();
    drop(held);
    control.ended().await;
    assert_eq!(holder.held().await.unwrap().len(), 1);
}
