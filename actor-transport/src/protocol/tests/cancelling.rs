//! A caller that gives up, in each state of its call.

use actor_core::SystemError;

use super::pair::{Pair, outgoing};
use crate::{
    Limits,
    protocol::{Event, Reply},
};

const CHUNK: usize = 16 * 1024;

fn one_at_a_time() -> Limits {
    Limits { calls_in_flight_max: 1, ..Limits::default() }
}

#[test]
fn a_call_that_waits_is_cancelled_without_a_word() {
    let mut pair = Pair::with(one_at_a_time(), Limits::default());
    pair.call(1, 1);
    pair.settle();
    let waiting = pair.call(1, 1);
    pair.client.session.cancel(pair.now, waiting);
    assert!(!pair.client_sends(usize::MAX));
    let stats = pair.client.session.stats();
    assert_eq!((stats.waiting, stats.waiting_bytes), (0, 0));
}

#[test]
fn a_call_that_stands_behind_a_large_one_is_cancelled_without_a_word() {
    let mut pair = Pair::new();
    let large = pair.call(1, 4 * CHUNK);
    pair.client_sends(1);
    let small = pair.call(1, 1);
    pair.client.session.cancel(pair.now, small);
    assert_eq!(pair.client.session.stats().calls_out, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    assert!(pair.server.events.is_empty());
    pair.reply(inbound, 0);
    pair.settle();
    assert!(pair.value(large).is_empty());
    // Its id was not used up: the next call in the slot is not taken for a wrong one.
    let again = [pair.call(1, 1), pair.call(1, 1)];
    pair.settle();
    for key in again {
        let (inbound, _) = pair.received().unwrap();
        pair.reply(inbound, 0);
        pair.settle();
        assert!(pair.value(key).is_empty());
    }
    pair.assert_at_rest();
}

#[test]
fn a_call_that_was_sent_in_part_is_dropped_by_the_callee() {
    let mut pair = Pair::new();
    let key = pair.call(1, 10 * CHUNK);
    pair.client_sends(1);
    assert_eq!(pair.server.session.stats().calls_in, 1);
    pair.client.session.cancel(pair.now, key);
    assert_eq!(pair.client.session.stats().calls_out, 1);
    pair.settle();
    assert!(pair.server.events.is_empty());
    pair.assert_at_rest();
}

#[test]
fn a_call_that_runs_keeps_its_slot_until_its_handler_has_ended() {
    let mut pair = Pair::with(one_at_a_time(), Limits::default());
    let key = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.client.session.cancel(pair.now, key);
    let next = pair.call(1, 2);
    pair.settle();
    assert!(matches!(pair.server.events.pop_front(), Some(Event::Cancel(cancelled)) if cancelled == inbound));
    assert_eq!(pair.client.session.stats().waiting, 1);
    pair.server.session.reply(inbound, Reply::System(SystemError::Cancelled));
    pair.settle();
    let (inbound, call) = pair.received().unwrap();
    assert_eq!(call.body.len(), 2);
    pair.reply(inbound, 0);
    pair.settle();
    assert!(pair.value(next).is_empty());
    pair.assert_at_rest();
}

#[test]
fn a_cancellation_that_crosses_the_reply_does_no_harm() {
    let mut pair = Pair::new();
    let key = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 1);
    pair.client.session.cancel(pair.now, key);
    pair.settle();
    assert!(pair.server.events.is_empty());
    pair.assert_at_rest();
}

#[test]
fn a_large_reply_to_a_cancelled_call_is_dropped_as_it_arrives() {
    let mut pair = Pair::new();
    for cancel_before in [true, false] {
        let key = pair.call(1, 1);
        pair.settle();
        let (inbound, _) = pair.received().unwrap();
        pair.reply(inbound, 10 * CHUNK);
        if cancel_before {
            pair.client.session.cancel(pair.now, key);
        } else {
            pair.server_sends(1);
            pair.client.session.cancel(pair.now, key);
        }
        pair.settle();
        pair.assert_at_rest();
    }
}

#[test]
fn a_reply_that_is_not_taken_gives_its_room_back_when_it_is_cancelled() {
    let mut pair = Pair::new();
    let key = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 100);
    pair.settle();
    assert_eq!(pair.client.session.stats().inbound_bytes, 100);
    pair.client.session.cancel(pair.now, key);
    pair.assert_at_rest();
}

/// R68
#[test]
fn a_million_calls_that_are_cancelled_at_once_leave_nothing_behind() {
    let mut pair = Pair::new();
    let started: Vec<_> = (0..1024).map(|_| pair.call(1, 1)).collect();
    pair.settle();
    for _ in 0..1_000_000 {
        let key = pair.client.session.call(pair.now, &outgoing(pair.now, 1), Default::default()).unwrap();
        pair.client.session.cancel(pair.now, key);
    }
    assert!(!pair.client_sends(usize::MAX));
    for key in started {
        pair.client.session.cancel(pair.now, key);
    }
    // All slots are taken until the handlers have ended, cancelled or not.
    let next = pair.call(1, 5);
    pair.settle();
    assert_eq!(pair.server.events.len(), 2048);
    for event in std::mem::take(&mut pair.server.events) {
        if let Event::Call(key, _) = event {
            pair.server.session.reply(key, Reply::System(SystemError::Cancelled));
        }
    }
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 0);
    pair.settle();
    assert!(pair.value(next).is_empty());
    pair.assert_at_rest();
}

#[test]
fn a_cast_is_taken_back_only_while_it_waits() {
    let limits = Limits { casts_in_flight_max: 1, ..Limits::default() };
    let mut pair = Pair::with(limits, Limits::default());
    let begun = pair.cast(1, 1);
    let waiting = pair.cast(1, 2);
    let next = pair.cast(1, 3);
    pair.client.session.cancel_cast(pair.now, begun);
    pair.client.session.cancel_cast(pair.now, waiting);
    pair.settle();
    for length in [1, 3] {
        let Some(Event::Cast(key, call)) = pair.server.events.pop_front() else { panic!("no cast") };
        assert_eq!(call.body.len(), length);
        pair.server.session.cast_done(key);
        pair.settle();
    }
    assert!(pair.client.session.poll_cast(next, std::task::Waker::noop()).is_ready());
    pair.assert_at_rest();
}
