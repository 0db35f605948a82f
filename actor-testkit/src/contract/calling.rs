//! Calls that succeed, both ways and one way.

use std::{collections::BTreeMap, time::Duration};

use actor_core::TraceParent;
use tokio::task::JoinSet;

use super::{
    Fragile, SystemUnderTest,
    expect::{probe, seen_from},
};

/// R1
pub async fn arguments_and_results_arrive_as_they_were<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let map = BTreeMap::from([(1, vec![0.5, -2.0]), (7, vec![])]);
    let expected = "\"quoted\" \u{1F980} -9223372036854775808 Some('\\n') {1: [0.5, -2.0], 7: []}";
    for actor in [&actor, &seen_from::<T>(&far, &actor)] {
        let call = actor.join("\"quoted\" \u{1F980}".into(), i64::MIN, Some('\n'), map.clone());
        assert_eq!(call.await.unwrap(), expected);
    }
}

/// R1
pub async fn a_method_may_take_and_return_nothing<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let () = actor.nothing().await.unwrap();
    let () = seen_from::<T>(&far, &actor).nothing().await.unwrap();
}

/// R1
pub async fn a_call_does_nothing_until_it_is_awaited<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    drop(actor.add(1));
    drop(proxy.add(1));
    drop(proxy.add(1).into_future());
    drop(proxy.add(1).cast());
    let later = proxy.add(10);
    assert_eq!(actor.add(100).await.unwrap(), 100);
    assert_eq!(later.await.unwrap(), 110);
}

/// R1, R10
pub async fn a_fn_and_an_async_fn_are_called_alike<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    let mut expected = 0;
    for actor in [&actor, &proxy, &actor, &proxy] {
        expected += 3;
        assert_eq!(actor.add(3).await.unwrap(), expected);
        expected += 4;
        assert_eq!(actor.add_later(4).await.unwrap(), expected);
    }
}

/// R5
pub async fn a_local_call_is_not_encoded<T: SystemUnderTest>(subject: T) {
    let (near, _far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let returned = actor.fragile(Fragile::RefusesToBeWritten, Fragile::RefusesToBeRead as u8).await;
    assert_eq!(returned.unwrap(), Fragile::RefusesToBeRead);
}

/// R1, R104
pub async fn each_reply_finds_its_own_call<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let mut calls = JoinSet::new();
    for number in 0..8 {
        let (actor, _control) = probe::<T>(&near);
        let proxy = seen_from::<T>(&far, &actor);
        for call in 0..25 {
            let proxy = proxy.clone();
            let keep = actor.clone();
            calls.spawn(async move {
                let answer = proxy.join(format!("{number}.{call}"), call, None, BTreeMap::new()).await;
                drop(keep);
                assert_eq!(answer.unwrap(), format!("{number}.{call} {call} None {{}}"));
            });
        }
    }
    assert_eq!(calls.join_all().await.len(), 200);
}

/// R61
pub async fn calls_of_one_caller_arrive_in_order<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    for actor in [&actor, &proxy] {
        let before = actor.add(0).await.unwrap();
        for sent in 1..=50 {
            actor.add_later(1).cast().await.unwrap();
            if sent % 10 == 0 {
                assert_eq!(actor.add(0).await.unwrap(), before + sent);
            }
        }
    }
}

/// R8
pub async fn a_one_way_call_arrives<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    proxy.add(5).cast().await.unwrap();
    // Its error is nobody's.
    proxy.divide(1, 0).cast().await.unwrap();
    actor.divide(1, 0).cast().await.unwrap();
    assert_eq!(proxy.add(0).await.unwrap(), 7);
}

/// R8
pub async fn a_one_way_call_does_not_wait_for_the_method<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, control) = probe::<T>(&near);
    let proxy = seen_from::<T>(&far, &actor);
    proxy.wait().cast().await.unwrap();
    control.entered().await;
    actor.wait().cast().await.unwrap();
    control.open();
    control.entered().await;
    control.open();
    assert_eq!(proxy.add(0).await.unwrap(), 2);
}

/// R36
pub async fn the_trace_travels_with_a_call<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let (between, _control) = probe::<T>(&far);
    let root = TraceParent::new(0xfeed, 0xbeef, 1).unwrap();
    let traced = |trace: Option<String>| trace.expect("there is a trace").parse::<TraceParent>().unwrap();

    let proxy = seen_from::<T>(&far, &actor);
    assert_eq!(proxy.surroundings().await.unwrap().trace, None);
    let seen = traced(proxy.surroundings().trace_parent(root).await.unwrap().trace);
    assert_eq!((seen.trace_id(), seen.flags()), (root.trace_id(), root.flags()));
    assert_ne!(seen.span_id(), root.span_id());

    // A call that the method makes belongs to the same trace.
    let through = between.surroundings_of(proxy.clone()).trace_parent(root).await.unwrap();
    let deeper = traced(through.trace);
    assert_eq!(deeper.trace_id(), root.trace_id());
    assert_ne!(deeper.span_id(), seen.span_id());
}

/// R36
pub async fn the_chain_of_calls_travels_with_a_call<T: SystemUnderTest>(subject: T) {
    let (near, far) = subject.pair().await;
    let (actor, _control) = probe::<T>(&near);
    let (between, _control) = probe::<T>(&far);
    let proxy = seen_from::<T>(&far, &actor);
    assert_eq!(proxy.surroundings().await.unwrap().caller, None);
    let through = between.surroundings_of(proxy.clone()).timeout(Duration::from_secs(1)).await.unwrap();
    assert_eq!(through.caller, Some(between.to_string()));
}
