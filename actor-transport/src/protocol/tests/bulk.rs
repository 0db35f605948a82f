//! Several streams, of which each may be late: what passes, what stays behind, and what the end waits for.

use std::task::Poll;

use bytes::BytesMut;

use super::{
    pair::{METHOD, Pair, body, outgoing},
    raw::enclose,
};
use crate::{
    Limits,
    protocol::{CloseReason, Event, Frame, Goodbye, MethodKey, OutgoingCall},
};

const CHUNK: usize = 16 * 1024;

fn pair() -> Pair {
    Pair { is_prompt: false, ..Pair::with_bulk(&Limits::default()) }
}

/// All that is on its way over the first stream arrives, in both directions, and what is said to it.
fn settle_main(pair: &mut Pair) {
    while pair.client_sends(usize::MAX)
        | pair.server_sends(usize::MAX)
        | pair.arrive(true, false, usize::MAX)
        | pair.arrive(false, false, usize::MAX)
    {}
}

/// R39: as when a packet of it is lost.
#[test]
fn what_is_late_of_a_large_message_holds_up_no_small_one() {
    let mut pair = pair();
    let large = pair.call(1, 5 * CHUNK);
    settle_main(&mut pair);
    for instance in [2, 3] {
        let small = pair.call(instance, 10);
        settle_main(&mut pair);
        let (key, call) = pair.received().unwrap();
        assert_eq!(call.instance, instance);
        pair.reply(key, 3);
        settle_main(&mut pair);
        assert_eq!(pair.value(small).len(), 3);
    }
    pair.settle();
    let (key, call) = pair.received().unwrap();
    assert_eq!((call.instance, call.body.len()), (1, 5 * CHUNK));
    pair.reply(key, 4 * CHUNK);
    pair.settle();
    assert_eq!(pair.value(large).len(), 4 * CHUNK);
    pair.settle();
    pair.assert_at_rest();
}

/// R39: as when a packet of the first one is lost.
#[test]
fn what_is_late_of_a_large_message_holds_up_none_to_another_actor() {
    let mut pair = Pair { is_prompt: false, ..Pair::with_streams(&Limits::default(), 2) };
    let late = pair.call(1, 3 * CHUNK);
    pair.client_sends(usize::MAX);
    let other = pair.call(2, 3 * CHUNK);
    pair.client_sends(usize::MAX);
    let small = pair.call(3, 5);
    let without_the_first = |pair: &mut Pair| {
        while pair.client_sends(usize::MAX)
            | pair.server_sends(usize::MAX)
            | pair.arrive(true, false, usize::MAX)
            | pair.arrive(true, 2_usize, usize::MAX)
            | pair.arrive(false, false, usize::MAX)
        {}
    };
    without_the_first(&mut pair);
    for (call, instance) in [(small, 3), (other, 2)] {
        let (key, arrived) = pair.received().unwrap();
        assert_eq!(arrived.instance, instance);
        pair.reply(key, 4);
        without_the_first(&mut pair);
        assert_eq!(pair.value(call).len(), 4);
    }
    // Its stream is free again, and is taken by the next one: each actor's messages stay in order.
    let [third, fourth] = [pair.call(2, 2 * CHUNK), pair.call(1, 2 * CHUNK)];
    without_the_first(&mut pair);
    assert_eq!(pair.received().unwrap().1.instance, 2);
    assert!(pair.server.events.is_empty() && pair.poll(third).is_pending() && pair.poll(fourth).is_pending());
    pair.settle();
    for length in [3 * CHUNK, 2 * CHUNK] {
        let (_, arrived) = pair.received().unwrap();
        assert_eq!((arrived.instance, arrived.body.len()), (1, length));
    }
    assert!(pair.poll(late).is_pending());
}

/// Casts in chunks have slots, and so they have them on each stream.
#[test]
fn large_casts_over_several_streams_do_not_mix() {
    let mut pair = Pair { is_prompt: false, ..Pair::with_streams(&Limits::default(), 2) };
    pair.cast(1, 3 * CHUNK);
    pair.client_sends(usize::MAX);
    pair.cast(2, 2 * CHUNK);
    pair.client_sends(usize::MAX);
    settle_main(&mut pair);
    // A chunk of the one, then of the other.
    while pair.arrive(true, 1_usize, 1000) | pair.arrive(true, 2_usize, 1000) {}
    let mut arrived = Vec::new();
    while let Some(Event::Cast(_, cast)) = pair.server.events.pop_front() {
        arrived.push((cast.instance, cast.body.len()));
    }
    assert_eq!(arrived, [(2, 2 * CHUNK), (1, 3 * CHUNK)]);
}

/// R61
#[test]
fn what_follows_a_large_message_stays_behind_it_until_that_has_arrived() {
    let mut pair = pair();
    pair.call(1, 3 * CHUNK);
    pair.client_sends(usize::MAX);
    pair.call(1, 7);
    pair.cast(1, 8);
    settle_main(&mut pair);
    assert!(pair.server.events.is_empty());
    pair.settle();
    let lengths: Vec<usize> = std::iter::from_fn(|| pair.server.events.pop_front())
        .map(|event| match event {
            Event::Call(_, call) | Event::Cast(_, call) => call.body.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [3 * CHUNK, 7, 8]);
    // It has arrived, and the client knows.
    pair.call(1, 9);
    settle_main(&mut pair);
    assert_eq!(pair.received().unwrap().1.body.len(), 9);
}

/// R61
#[test]
fn a_large_message_stays_behind_the_small_ones_that_were_sent_before_it() {
    let mut pair = pair();
    pair.call(1, 7);
    pair.client_sends(usize::MAX);
    pair.call(1, 3 * CHUNK);
    pair.client_sends(usize::MAX);
    assert!(pair.arrive(true, true, usize::MAX));
    assert!(pair.server.session.bulk_waits(0) && pair.server.events.is_empty());
    pair.settle();
    assert!(!pair.server.session.bulk_waits(0));
    assert_eq!(pair.received().unwrap().1.body.len(), 7);
    assert_eq!(pair.received().unwrap().1.body.len(), 3 * CHUNK);
}

/// R100: the callee would take the next call in it for one too many.
#[test]
fn a_slot_is_used_again_when_all_of_its_call_has_arrived() {
    let limits = Limits { calls_in_flight_max: 1, ..Limits::default() };
    let mut pair = Pair { is_prompt: false, ..Pair::with_bulk(&limits) };
    let large = pair.call(1, 3 * CHUNK);
    pair.client_sends(usize::MAX);
    pair.arrive(true, true, CHUNK + 100);
    pair.client.session.cancel(pair.now, large);
    let next = pair.call(2, 5);
    settle_main(&mut pair);
    assert!(pair.server.events.is_empty() && pair.poll(next).is_pending());
    pair.settle();
    let (key, call) = pair.received().unwrap();
    // It was complete when it was cancelled.
    assert_eq!(call.body.len(), 3 * CHUNK);
    assert!(matches!(pair.server.events.pop_front(), Some(Event::Cancel(other)) if other == key));
    pair.reply(key, 0);
    pair.settle();
    let (key, _) = pair.received().unwrap();
    pair.reply(key, 2);
    pair.settle();
    assert_eq!(pair.value(next).len(), 2);
    pair.settle();
    pair.assert_at_rest();
}

/// R100: the callee would take it for the cancellation of no call.
#[test]
fn a_slot_is_used_again_when_the_cancellation_of_its_call_has_arrived() {
    let limits = Limits { calls_in_flight_max: 1, ..Limits::default() };
    let mut pair = Pair { is_prompt: false, ..Pair::with_bulk(&limits) };
    let large = pair.call(1, 3 * CHUNK);
    pair.settle();
    let (key, _) = pair.received().unwrap();
    assert!(!pair.client.session.wants_transmit());
    pair.client.session.cancel(pair.now, large);
    assert!(pair.client.session.wants_transmit() && pair.client.session.has_lanes());
    pair.client_sends(usize::MAX);
    assert!(!pair.client.session.wants_transmit());
    let next = pair.call(2, 5);
    // They cross.
    pair.reply(key, 0);
    settle_main(&mut pair);
    assert!(pair.server.events.is_empty() && pair.poll(next).is_pending());
    pair.settle();
    let (key, call) = pair.received().unwrap();
    assert_eq!(call.instance, 2);
    pair.reply(key, 2);
    pair.settle();
    assert_eq!(pair.value(next).len(), 2);
    pair.settle();
    pair.assert_at_rest();
}

/// R27: each stream defines the methods of its calls, and may do so with the same numbers.
#[test]
fn a_call_is_of_its_method_whichever_stream_it_comes_over() {
    const OTHER: MethodKey<'static> = MethodKey { hash: 7, name: "crate::Store::put", signature: "(Bytes)" };
    let mut pair = pair();
    for (instance, length, method) in [
        (1, 5, METHOD),
        (2, 2 * CHUNK, OTHER),
        (3, 2 * CHUNK, METHOD),
        (4, 5, OTHER),
        (5, 2 * CHUNK, OTHER),
        (6, 5, METHOD),
    ] {
        let call = OutgoingCall { method, ..outgoing(pair.now, instance) };
        pair.client.session.call(pair.now, &call, body(length)).unwrap();
        pair.client.session.cast(pair.now, &call, body(length)).unwrap();
        pair.settle();
        for _ in 0..2 {
            let Some(Event::Call(_, call) | Event::Cast(_, call)) = pair.server.events.pop_front() else { panic!() };
            assert_eq!((call.instance, &*call.method.name, call.body.len()), (instance, method.name, length));
        }
    }
}

/// What is said is said once.
#[test]
fn what_a_large_message_is_behind_is_told_with_its_first_chunk_alone() {
    let mut pair = pair();
    pair.call(1, 7);
    pair.client_sends(usize::MAX);
    pair.call(1, 3 * CHUNK);
    while pair.client_sends(1) {}
    let mut bytes = &pair.server.late[1][..];
    let mut behind = 0;
    // The length of a frame, without itself, stands before its kind.
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (frame, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        behind += usize::from(frame[0] == 21);
        bytes = rest;
    }
    assert_eq!(behind, 1);
}

/// R52: what came before the last word counts, over either stream.
#[test]
fn the_last_word_is_heard_when_both_streams_have_brought_it() {
    let mut pair = pair();
    let large = pair.call(1, 0);
    pair.settle();
    let (key, _) = pair.received().unwrap();
    pair.reply(key, 3 * CHUNK);
    pair.server_sends(usize::MAX);
    pair.server.session.goodbye(Goodbye::ShuttingDown);
    pair.server_sends(usize::MAX);
    pair.arrive(false, false, usize::MAX);
    assert_eq!(pair.client.session.goodbye_heard(), Some(&Goodbye::ShuttingDown));
    assert!(pair.client.events.is_empty() && pair.poll(large).is_pending());
    pair.arrive(false, true, usize::MAX);
    assert_eq!(pair.value(large).len(), 3 * CHUNK);
    assert!(matches!(pair.client.events.pop_front(), Some(Event::Goodbye(Goodbye::ShuttingDown))));
}

/// R100: what has arrived over one stream is none of another's.
#[test]
fn who_tells_of_more_than_was_sent_over_that_stream_is_given_up() {
    for (stream, is_true) in [(0, false), (1, true), (2, false), (3, false)] {
        let mut pair = Pair { is_prompt: false, ..Pair::with_streams(&Limits::default(), 2) };
        for (instance, chunks) in [(1, 3), (2, 2)] {
            pair.call(instance, chunks * CHUNK);
            pair.client_sends(usize::MAX);
        }
        let told = Frame::Arrived { stream, bytes: 3 * CHUNK as u64 };
        let received = pair.client.session.receive(pair.now, &mut BytesMut::from(&enclose(&told, false)[..]));
        let overflow = CloseReason::CreditOverflow { of: "bytes of chunks" };
        assert_eq!(received, if is_true { Ok(()) } else { Err(overflow) }, "{stream}");
    }
}

/// R100
#[test]
fn who_says_that_something_is_behind_what_never_comes_holds_up_that_alone() {
    let mut pair = pair();
    let behind = [10, 0, 0, 0, 21, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let mut input = BytesMut::from(&behind[..]);
    pair.server.session.receive_bulk(pair.now, 0, &mut input).unwrap();
    assert!(pair.server.session.bulk_waits(0) && input.len() == behind.len());
    let small = pair.call(1, 1);
    settle_main(&mut pair);
    let (key, _) = pair.received().unwrap();
    pair.reply(key, 1);
    settle_main(&mut pair);
    assert!(matches!(pair.poll(small), Poll::Ready(Ok(_))));
    pair.server.session.close(&CloseReason::EndOfStream, super::pair::node(1));
}
