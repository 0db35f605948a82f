//! What a session says of itself in each state.

use std::{
    collections::VecDeque,
    task::{Poll, Wake, Waker},
    time::Duration,
};

use actor_core::SystemError;
use bytes::Bytes;

use super::{
    pair::{METHOD, Pair, TIMEOUT, agree, body, node, outgoing},
    raw::{Raw, define, id, request},
};
use crate::{
    Limits,
    protocol::{CloseReason, Event, Frame, MethodKey, OutgoingCall, Reply, ReplyBody, Session},
};

const CHUNK: usize = 16 * 1024;

#[test]
fn a_session_is_idle_only_with_nothing_under_way_in_either_direction() {
    let idle = |session: &Session| session.is_idle();
    // A caller without a connection.
    let mut pair = Pair::unattached(Limits::default(), Limits::default());
    assert!(idle(&pair.client.session));
    pair.call(1, 1);
    assert!(!idle(&pair.client.session));
    // A slot that is taken though its caller has gone, and a call of the peer that runs.
    let mut pair = Pair::new();
    pair.settle();
    let key = pair.call(1, 1);
    pair.settle();
    pair.client.session.cancel(pair.now, key);
    pair.settle();
    assert_eq!((pair.client.session.stats().callers, pair.client.session.stats().calls_out), (0, 1));
    assert!(!idle(&pair.client.session) && !idle(&pair.server.session));
    let (inbound, _) = pair.received().unwrap();
    pair.server.session.reply(inbound, Reply::System(SystemError::Cancelled));
    // An answer that is to be sent.
    assert!(!idle(&pair.server.session));
    pair.settle();
    assert!(idle(&pair.client.session) && idle(&pair.server.session));
    // An answer that nobody has taken.
    let key = pair.call(1, 1);
    pair.settle();
    pair.server.events.retain(|event| matches!(event, Event::Call(..)));
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 1);
    pair.settle();
    assert_eq!(pair.client.session.stats().calls_out, 0);
    assert!(!idle(&pair.client.session) && idle(&pair.server.session));
    assert_eq!(pair.client.session.answers_not_taken(), 1);
    pair.value(key);
    assert!(idle(&pair.client.session));
    // The rest of a large cast, which nobody waits for.
    let cast = pair.cast(1, 4 * CHUNK);
    assert!(pair.client.session.poll_cast(cast, Waker::noop()).is_ready());
    pair.client_sends(1);
    assert_eq!((pair.client.session.stats().callers, pair.client.session.stats().output_bytes), (0, 0));
    assert!(!idle(&pair.client.session) && pair.client.session.has_lanes());
    pair.settle();
    assert!(idle(&pair.client.session) && !pair.client.session.has_lanes());
    // Bytes that have not left.
    pair.client.session.watch(1).unwrap();
    assert!(!idle(&pair.client.session));
}

#[test]
fn a_session_is_attached_once_and_not_after_its_end() {
    let mut pair = Pair::new();
    let key = pair.call(1, 1);
    let limits = Limits { message_length_max: 5, ..Limits::default() };
    let (other, late) = agree(&limits, &limits);
    pair.client.session.attach(pair.now, other, false);
    assert_eq!(pair.client.session.agreed().message_length_max, 4 << 20);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 1);
    pair.settle();
    assert_eq!(pair.value(key).len(), 1);

    let mut session = Session::new(Limits::default());
    session.close(&CloseReason::EndOfStream, node(1));
    session.attach(pair.now, late, false);
    assert!(!session.is_attached() && session.is_closed());
}

#[test]
fn only_an_earlier_deadline_moves_the_timeout() {
    let mut raw =
        Raw::with(Limits { ping_interval: TIMEOUT * 10, silence_max: TIMEOUT * 20, ..Limits::default() }, true);
    let call = |raw: &mut Raw, timeout: Duration| {
        let call = OutgoingCall { deadline: raw.now + timeout, timeout, ..outgoing(raw.now, 1) };
        raw.session.call(raw.now, &call, body(1)).unwrap();
        let moved = raw.session.timeout_moved();
        raw.sent();
        assert!(!raw.session.timeout_moved());
        moved
    };
    assert!(call(&mut raw, TIMEOUT));
    assert!(!call(&mut raw, TIMEOUT) && !call(&mut raw, TIMEOUT * 2));
    assert!(call(&mut raw, TIMEOUT / 2));
    assert_eq!(raw.session.next_timeout(), Some(raw.now + TIMEOUT / 2));
}

#[test]
fn the_timeout_of_a_call_of_which_chunks_are_to_come_is_that_of_the_earliest() {
    let patient = Limits { ping_interval: TIMEOUT * 1000, silence_max: TIMEOUT * 2000, ..Limits::default() };
    let mut raw = Raw::with(patient, true);
    raw.send(&define(0)).unwrap();
    raw.sent();
    let payload = vec![0; CHUNK];
    for (slot, ms, moves) in [(0, 2000, true), (1, 2000, false), (2, 3000, false), (3, 1000, true)] {
        let request = crate::protocol::Request { total: Some(100_000), remaining_ms: ms, ..request(&payload) };
        raw.send(&Frame::Call { id: id(slot, 0), request }).unwrap();
        assert_eq!(raw.session.timeout_moved(), moves, "{slot}");
        raw.sent();
    }
    let now = raw.now;
    let at = |ms| now + Duration::from_millis(ms);
    assert_eq!(raw.session.next_timeout(), Some(at(1000)));
    raw.session.handle_timeout(at(1000)).unwrap();
    assert_eq!(raw.session.next_timeout(), Some(at(2000)));
    assert_eq!(raw.sent().len(), 1);
    raw.session.handle_timeout(at(2000)).unwrap();
    assert_eq!((raw.session.next_timeout(), raw.sent().len()), (Some(at(3000)), 2));
}

#[test]
fn calls_of_several_methods_that_wait_keep_their_own() {
    let limits = Limits::default();
    let mut pair = Pair::unattached(limits.clone(), limits.clone());
    let methods = [METHOD, MethodKey { hash: 1, name: "other", signature: "()" }];
    for number in [0, 0, 1, 1, 0, 1] {
        let call = OutgoingCall { method: methods[number], ..outgoing(pair.now, 1) };
        pair.client.session.call(pair.now, &call, body(number)).unwrap();
    }
    pair.attach(&limits, &limits);
    pair.settle();
    for number in [0, 0, 1, 1, 0, 1] {
        let (_, call) = pair.received().unwrap();
        assert_eq!((&*call.method.name, call.body.len()), (methods[number].name, number));
        assert_eq!((call.method.hash, &*call.method.signature), (methods[number].hash, methods[number].signature));
    }
}

#[test]
fn all_wakers_are_handed_over_behind_those_that_are_there() {
    struct Nobody;
    impl Wake for Nobody {
        fn wake(self: std::sync::Arc<Self>) {}
    }
    let mut pair = Pair::new();
    let keys = [pair.call(1, 1), pair.call(2, 1)];
    let first = Waker::from(std::sync::Arc::new(Nobody));
    let mut wakers = vec![first.clone()];
    for key in keys {
        let waker = Waker::from(std::sync::Arc::new(Nobody));
        assert!(pair.client.session.poll_reply(key, &waker).is_pending());
    }
    pair.client.session.close(&CloseReason::EndOfStream, node(2));
    pair.client.session.take_wakers(&mut wakers);
    assert!(wakers.len() == 3 && wakers[0].will_wake(&first));
    pair.client.session.take_wakers(&mut wakers);
    assert_eq!(wakers.len(), 3);
    for key in keys {
        assert!(pair.poll(key).is_ready());
    }
    assert_eq!(pair.client.session.answers_not_taken(), 0);
}

#[test]
fn what_waits_is_bounded_to_the_last_call_and_byte() {
    let limits = Limits { calls_waiting_max: 3, calls_waiting_bytes_max: 100, ..Limits::default() };
    let mut pair = Pair::unattached(limits, Limits::default());
    let mut call = |length| pair.client.session.call(pair.now, &outgoing(pair.now, 1), body(length));
    let overloaded = |result: Result<_, SystemError>| matches!(result, Err(SystemError::Overloaded { .. }));
    let first = call(60).unwrap();
    assert!(overloaded(call(41)));
    call(40).unwrap();
    assert!(overloaded(call(1)));
    call(0).unwrap();
    assert!(overloaded(call(0)));
    // One that has gone makes room for its number and its bytes.
    pair.client.session.cancel(pair.now, first);
    assert_eq!(pair.client.session.stats().waiting_bytes, 40);
    let mut call = |length| pair.client.session.call(pair.now, &outgoing(pair.now, 1), body(length));
    assert!(overloaded(call(61)));
    call(60).unwrap();
}

#[test]
fn what_travels_with_a_call_is_taken_at_its_longest_and_not_beyond() {
    let long = "x".repeat(8193);
    let mut pair = Pair::new();
    for beyond in [0, 1] {
        let cases = [
            OutgoingCall {
                method: MethodKey { hash: 1, name: &long[..1024 + beyond], ..METHOD },
                ..outgoing(pair.now, 1)
            },
            OutgoingCall {
                method: MethodKey { hash: 2, signature: &long[..4096 + beyond], ..METHOD },
                ..outgoing(pair.now, 1)
            },
            OutgoingCall { chain: &long.as_bytes()[..8192 + beyond], ..outgoing(pair.now, 1) },
        ];
        for call in cases {
            let result = pair.client.session.call(pair.now, &call, body(1));
            assert_eq!(result.is_ok(), beyond == 0);
            pair.settle();
            assert_eq!(pair.received().is_some(), beyond == 0);
        }
    }
}

#[test]
fn system_messages_are_bounded_to_the_last_byte_also_before_there_is_a_connection() {
    let chunk = || Bytes::from(vec![0; CHUNK]);
    let overloaded = |result: Result<_, SystemError>| matches!(result, Err(SystemError::Overloaded { .. }));
    // A mebibyte.
    let mut session = Session::new(Limits::default());
    for _ in 0..63 {
        session.system(chunk()).unwrap();
    }
    session.system(Bytes::from(vec![0; CHUNK - 10])).unwrap();
    assert!(overloaded(session.system(Bytes::from_static(&[0; 11]))));
    session.system(Bytes::from_static(&[0; 10])).unwrap();
    assert!(overloaded(session.system(Bytes::from_static(b"1"))));
    // Those without content count, too.
    let mut session = Session::new(Limits { watches_max: 3, ..Limits::default() });
    for _ in 0..4 {
        session.system(Bytes::new()).unwrap();
    }
    assert!(overloaded(session.system(Bytes::new())));
    // What waits for the transport counts with its frames.
    let mut raw = Raw::new();
    let frame = CHUNK + 9;
    for _ in 0..(1 << 20) / frame {
        raw.session.system(chunk()).unwrap();
    }
    let left = (1 << 20) - (1 << 20) / frame * frame;
    assert!(overloaded(raw.session.system(Bytes::from(vec![0; left + 1]))));
    raw.session.system(Bytes::from(vec![0; left])).unwrap();
    raw.sent();
    raw.session.system(chunk()).unwrap();
}

#[test]
fn a_reply_is_bounded_by_the_room_for_replies_that_wait() {
    let limits = Limits {
        message_length_max: 1000,
        inbound_bytes_max: 2000,
        replies_waiting_bytes_max: 1500,
        ..Limits::default()
    };
    let mut pair = Pair::with(limits.clone(), limits);
    let keys: Vec<_> = (0..4).map(|instance| pair.call(instance, 0)).collect();
    pair.settle();
    // The first takes all credit; two wait, and then there is no room for one byte more.
    for length in [1000, 1000, 500, 1] {
        let (inbound, _) = pair.received().unwrap();
        pair.reply(inbound, length);
    }
    for (key, length) in keys.into_iter().zip([1000, 1000, 500, 1]) {
        pair.settle();
        match pair.poll(key) {
            Poll::Ready(Ok(ReplyBody::Value(body))) => assert_eq!(body.len(), length),
            Poll::Ready(Err(SystemError::ReplyTooLarge { length: 1, limit: 0 })) => assert_eq!(length, 1),
            other => panic!("{other:?}"),
        }
    }
    pair.settle();
    pair.assert_at_rest();
}

#[test]
fn what_was_said_before_there_is_a_connection_is_said_then_but_for_what_was_taken_back() {
    let mut pair = Pair::unattached(Limits::default(), Limits::default());
    for instance in [1, 2, 3] {
        pair.client.session.watch(instance).unwrap();
    }
    pair.client.session.unwatch(2);
    pair.attach(&Limits::default(), &Limits::default());
    pair.settle();
    for watched in [1, 3] {
        match pair.server.events.pop_front() {
            Some(Event::Watch { instance }) => assert_eq!(instance, watched),
            other => panic!("{other:?}"),
        }
    }
    assert!(pair.server.events.is_empty());
}

#[test]
fn nothing_is_said_after_the_end() {
    let mut pair = Pair::new();
    pair.client.session.watch(1).unwrap();
    pair.settle();
    let session = &mut pair.client.session;
    session.close(&CloseReason::EndOfStream, node(2));
    let mut out = VecDeque::new();
    session.transmit(pair.now, usize::MAX, &mut out);
    session.unwatch(1);
    session.introduce(node(3), &["tcp://somewhere:1".to_owned()]);
    assert!(!session.wants_transmit());
}
