//! Room at the receiver: who waits, and that nobody waits for ever.

use actor_core::SystemError;

use super::pair::{Pair, body, outgoing};
use crate::{
    Limits,
    protocol::{Event, OutgoingCall, Reply},
};

const MIB: usize = 1 << 20;

fn small_window() -> Limits {
    Limits { message_length_max: 64 * 1024, inbound_bytes_max: 128 * 1024, ..Limits::default() }
}

/// R68
#[test]
fn a_call_begins_only_with_credit_for_all_of_it() {
    let mut pair = Pair::with(small_window(), Limits::default());
    pair.call(1, 40 * 1024);
    let second = pair.call(2, 40 * 1024);
    let third = pair.call(3, 1);
    pair.settle();
    assert_eq!(pair.client.session.stats().waiting, 2);
    let (inbound, _) = pair.received().unwrap();
    assert!(pair.server.events.is_empty());
    pair.reply(inbound, 0);
    pair.settle();
    // Now there is room for both, and the small one passes the large one.
    for instance in [3, 2] {
        let (inbound, call) = pair.received().unwrap();
        assert_eq!(call.instance, instance);
        pair.reply(inbound, 0);
    }
    pair.settle();
    assert!(pair.value(second).is_empty() && pair.value(third).is_empty());
}

/// R68
#[test]
fn replies_wait_until_earlier_ones_are_taken_and_calls_go_on() {
    let mut pair = Pair::with(small_window(), small_window());
    let keys: Vec<_> = (0..3).map(|instance| pair.call(instance, 0)).collect();
    pair.settle();
    for _ in 0..3 {
        let (inbound, _) = pair.received().unwrap();
        pair.reply(inbound, 40 * 1024);
    }
    pair.settle();
    assert_eq!(pair.server.session.stats().answers_bytes, 80 * 1024);
    let call = pair.call(9, 40 * 1024);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 0);
    for key in keys {
        pair.settle();
        assert_eq!(pair.value(key).len(), 40 * 1024);
    }
    pair.settle();
    assert!(pair.value(call).is_empty());
    pair.settle();
    pair.assert_at_rest();
}

#[test]
fn the_largest_message_with_the_longest_chain_can_always_begin() {
    for window in [128 * 1024, 128 * 1024 + 2, 130 * 1024, 136 * 1024, 160 * 1024] {
        let limits = Limits { inbound_bytes_max: window, ..small_window() };
        let mut pair = Pair::with(limits, Limits::default());
        let chain = vec![0; 8192];
        // Something small is consumed, but may be kept back by the receiver.
        for length in [1, 64 * 1024, 9000, 64 * 1024] {
            let call = OutgoingCall { chain: &chain, ..outgoing(pair.now, 1) };
            let key = pair.client.session.call(pair.now, &call, body(length)).unwrap();
            pair.settle();
            let (inbound, _) = pair.received().expect("it waits for ever");
            pair.reply(inbound, length);
            pair.settle();
            assert_eq!(pair.value(key).len(), length);
        }
    }
}

/// R68
#[test]
fn calls_beyond_the_limit_wait_in_order() {
    let mut pair = Pair::with(Limits { calls_in_flight_max: 4, ..Limits::default() }, Limits::default());
    let keys: Vec<_> = (0..100).map(|length| pair.call(1, length)).collect();
    assert_eq!(pair.client.session.stats().waiting, 96);
    for (key, length) in keys.into_iter().zip(0..) {
        pair.settle();
        assert!(pair.server.session.stats().calls_in <= 4);
        let (inbound, call) = pair.received().unwrap();
        assert_eq!(call.body.len(), length);
        pair.reply(inbound, 1);
        pair.settle();
        assert_eq!(pair.value(key).len(), 1);
    }
    pair.assert_at_rest();
}

/// R68
#[test]
fn casts_beyond_the_limit_wait_until_earlier_ones_are_taken() {
    let mut pair = Pair::with(Limits { casts_in_flight_max: 8, ..Limits::default() }, Limits::default());
    for length in 0..100 {
        pair.cast(1, length);
    }
    for length in 0..100 {
        pair.settle();
        assert!(pair.server.events.len() <= 8);
        let Some(Event::Cast(key, call)) = pair.server.events.pop_front() else { panic!("no cast") };
        assert_eq!(call.body.len(), length);
        pair.server.session.cast_done(key);
    }
}

#[test]
fn too_many_waiting_calls_are_refused() {
    let limits = Limits { calls_waiting_max: 3, ..Limits::default() };
    let mut pair = Pair::unattached(limits, Limits::default());
    for _ in 0..3 {
        pair.call(1, 1);
    }
    let error = pair.client.session.call(pair.now, &outgoing(pair.now, 1), body(1)).unwrap_err();
    assert!(matches!(error, SystemError::Overloaded { .. }));
    let limits = Limits { calls_waiting_bytes_max: 100, ..Limits::default() };
    let mut pair = Pair::unattached(limits, Limits::default());
    pair.call(1, 60);
    let error = pair.client.session.call(pair.now, &outgoing(pair.now, 1), body(60)).unwrap_err();
    assert!(matches!(error, SystemError::Overloaded { .. }));
}

/// R68
#[test]
fn replies_that_the_peer_does_not_take_are_bounded() {
    let limits = Limits { replies_waiting_bytes_max: 2 * MIB as u64, ..Limits::default() };
    let mut pair = Pair::with(Limits::default(), limits);
    let keys: Vec<_> = (0..20).map(|instance| pair.call(instance, 0)).collect();
    pair.settle();
    while let Some((inbound, _)) = pair.received() {
        pair.server.session.reply(inbound, Reply::Value(body(MIB)));
        assert!(pair.server.session.stats().answers_bytes <= 2 * MIB as u64 + 1024);
    }
    let mut lost = 0;
    for key in keys {
        pair.settle();
        match pair.poll(key) {
            std::task::Poll::Ready(Ok(_)) => {}
            std::task::Poll::Ready(Err(SystemError::ReplyTooLarge { .. })) => lost += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(lost, 10);
}
