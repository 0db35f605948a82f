//! Too much of what is harmless once: nothing grows, and nothing waits for ever.

use std::{collections::VecDeque, task::Waker, time::Duration};

use actor_core::{SystemError, Terminated};

use super::{
    pair::{METHOD, Pair, Side, body, node, outgoing},
    raw::{Raw, define, id, request},
};
use crate::{
    Limits,
    protocol::{ChunkOf, CloseReason, Event, Frame, OutgoingCall, Reply, Request, Session},
};

const CHUNK: [u8; 16 * 1024] = [0; 16 * 1024];
const LONG: u64 = 100 * 1024;

/// How much a session remembers: the length of its picture, to compare with that of another time.
fn size(session: &Session) -> usize {
    format!("{session:?}").len()
}

/// Numbers in a picture may have more digits than they had.
const SLACK: usize = 200;

/// The peer's owner gives up each call that it is told to.
fn obey(side: &mut Side) {
    for event in std::mem::take(&mut side.events) {
        if let Event::Cancel(key) = event {
            side.session.reply(key, Reply::System(SystemError::Cancelled));
        }
    }
}

/// R68
#[test]
fn a_hundred_thousand_calls_that_are_begun_and_cancelled_leave_nothing_behind() {
    let mut pair = Pair::new();
    let mut sizes = None;
    for round in 0..200 {
        for _ in 0..500 {
            let key = pair.call(1, 1);
            pair.client.session.cancel(pair.now, key);
        }
        // One that is answered meanwhile, so that not only cancelled calls use the slots.
        let kept = pair.call(2, 1);
        pair.settle();
        let position =
            pair.server.events.iter().position(|event| matches!(event, Event::Call(_, call) if call.instance == 2));
        let Some(Event::Call(key, _)) = pair.server.events.remove(position.unwrap()) else { unreachable!() };
        obey(&mut pair.server);
        pair.reply(key, 1);
        pair.settle();
        assert_eq!(pair.value(kept).len(), 1);
        pair.settle();
        pair.assert_at_rest();
        let now = (size(&pair.client.session), size(&pair.server.session));
        // All slots have been used for the first time.
        if round == 1 {
            sizes = Some(now);
        }
        if let Some(before) = sizes {
            assert!(now.0 <= before.0 + 40 * 1024 && now.1 <= before.1 + 40 * 1024, "{before:?} {now:?}");
        }
    }
}

/// R68
#[test]
fn calls_that_wait_and_are_cancelled_leave_nothing_behind_while_others_wait() {
    let limits = Limits { calls_in_flight_max: 1, ..Limits::default() };
    let mut pair = Pair::with(limits.clone(), limits);
    let first = pair.call(1, 1);
    pair.settle();
    let waiting: Vec<_> = (0..100).map(|_| pair.call(1, 1)).collect();
    let before = size(&pair.client.session);
    for _ in 0..500 {
        let keys: Vec<_> = (0..100).map(|_| pair.call(1, 1)).collect();
        for key in keys {
            pair.client.session.cancel(pair.now, key);
        }
        assert_eq!(pair.client.session.stats().waiting, 100);
        assert!(!pair.client.session.wants_transmit());
    }
    // At most as many again stand in the queue without a caller.
    let after = size(&pair.client.session);
    assert!(after <= 3 * before, "{before} {after}");
    for key in std::iter::once(first).chain(waiting) {
        let (inbound, _) = pair.received().unwrap();
        pair.reply(inbound, 1);
        pair.settle();
        assert_eq!(pair.value(key).len(), 1);
        pair.settle();
    }
    pair.assert_at_rest();
}

/// R68
#[test]
fn a_peer_that_calls_and_cancels_without_reading_is_stopped() {
    let mut raw = Raw::defined();
    let mut result = Ok(());
    for number in 0..100_000_u32 {
        let id = id((number % 1024) as u16, (number / 1024) as u16);
        result = raw.send(&Frame::Call { id, request: request(b"x") }).and_then(|()| raw.send(&Frame::Cancel { id }));
        while let Some(event) = raw.event() {
            if let Event::Cancel(key) = event {
                raw.session.reply(key, Reply::System(SystemError::Cancelled));
            }
        }
        if result.is_err() {
            break;
        }
    }
    assert_eq!(result, Err(CloseReason::TooManyCalls { limit: 1024 }));
    raw.end(result);
}

#[test]
fn calls_that_end_at_their_deadlines_leave_nothing_behind() {
    let mut pair = Pair::with(patient(), patient());
    let mut sizes = (0, 0);
    for round in 0..20 {
        for number in 0..500_u64 {
            let timeout = Duration::from_millis(1 + number % 7);
            let call = OutgoingCall { deadline: pair.now + timeout, timeout, ..outgoing(pair.now, number) };
            pair.client.session.call(pair.now, &call, body(10)).unwrap();
        }
        pair.settle();
        let keys = pair.client.session.stats().callers;
        assert_eq!(keys, 500);
        pair.advance(Duration::from_millis(8));
        pair.settle();
        obey(&mut pair.server);
        pair.settle();
        let stats = pair.client.session.stats();
        assert_eq!((stats.calls_out, pair.server.session.stats().calls_in), (0, 0));
        // Their callers are gone, too.
        pair.client.session.close(&CloseReason::EndOfStream, node(2));
        let now = (size(&pair.client.session), size(&pair.server.session));
        assert!(round == 0 || now.1 <= sizes.1 + 40 * 1024, "{sizes:?} {now:?}");
        sizes = (sizes.0.max(now.0), sizes.1.max(now.1));
        let fresh = Pair::with(patient(), patient());
        (pair.client, pair.server) = (fresh.client, fresh.server);
    }
}

fn patient() -> Limits {
    Limits {
        silence_max: Duration::from_secs(100_000),
        ping_interval: Duration::from_secs(10_000),
        ..Limits::default()
    }
}

#[test]
fn chunks_of_nothing_are_counted_and_chunks_beyond_the_end_too() {
    for of in [ChunkOf::Call(id(0, 0)), ChunkOf::Call(id(1023, 9)), ChunkOf::Reply(id(3, 0)), ChunkOf::Cast(5)] {
        for payload in [&b""[..], b"1", &CHUNK] {
            let mut raw = Raw::defined();
            let result = (0..1_000_000).find_map(|_| raw.send(&Frame::Chunk { of, payload }).err());
            assert!(matches!(result, Some(CloseReason::TooManyAnomalies { .. })), "{result:?}");
            raw.end(Err(result.unwrap()));
        }
    }
}

#[test]
fn chunks_without_end_are_taken_to_the_announced_length_and_no_further() {
    let mut raw = Raw::defined();
    let total = 3 * CHUNK.len() as u64;
    let call = Request { total: Some(total), ..request(&CHUNK) };
    raw.send(&Frame::Call { id: id(0, 0), request: call }).unwrap();
    raw.send(&Frame::Cast { slot: 0, request: call }).unwrap();
    for of in [ChunkOf::Call(id(0, 0)), ChunkOf::Cast(0)] {
        for _ in 0..2 {
            assert!(raw.event().is_none());
            raw.send(&Frame::Chunk { of, payload: &CHUNK }).unwrap();
        }
        assert!(
            matches!(raw.event(), Some(Event::Call(_, call) | Event::Cast(_, call)) if call.body.len() as u64 == total)
        );
    }
    // What comes now belongs to nothing.
    assert_eq!(raw.session.stats().anomalies, 0);
    let more = (0..1000).find_map(|_| raw.send(&Frame::Chunk { of: ChunkOf::Call(id(0, 0)), payload: &CHUNK }).err());
    assert!(matches!(more, Some(CloseReason::TooManyAnomalies { .. })), "{more:?}");
    raw.end(Err(more.unwrap()));
}

#[test]
fn empty_chunks_and_those_of_one_byte_end_the_connection_at_the_first() {
    let mut large: Vec<(Frame<'_>, ChunkOf)> = Vec::new();
    let request = Request { total: Some(LONG), ..request(&CHUNK) };
    large.push((Frame::Call { id: id(0, 0), request }, ChunkOf::Call(id(0, 0))));
    large.push((Frame::Cast { slot: 2, request }, ChunkOf::Cast(2)));
    let reply = Frame::Reply { id: id(0, 0), thrown: false, total: Some(LONG), payload: &CHUNK };
    large.push((reply, ChunkOf::Reply(id(0, 0))));
    for (first, of) in large {
        for length in [0, 1, CHUNK.len() - 1] {
            let mut raw = Raw::with_calls(true);
            raw.send(&define(0)).unwrap();
            raw.send(&first).unwrap();
            let result = raw.send(&Frame::Chunk { of, payload: &CHUNK[..length] });
            let (length, expected) = (length as u64, CHUNK.len() as u64);
            assert_eq!(result, Err(CloseReason::ChunkLength { length, expected }));
            raw.end(result);
        }
        // In the first frame as well.
        for length in [0, 1, CHUNK.len() - 1] {
            let payload = &CHUNK[..length];
            let shorter = match first.clone() {
                Frame::Call { id, request } => Frame::Call { id, request: Request { payload, ..request } },
                Frame::Cast { slot, request } => Frame::Cast { slot, request: Request { payload, ..request } },
                Frame::Reply { id, thrown, total, .. } => Frame::Reply { id, thrown, total, payload },
                other => other,
            };
            let mut raw = Raw::with_calls(true);
            raw.send(&define(0)).unwrap();
            let result = raw.send(&shorter);
            assert!(matches!(result, Err(CloseReason::ChunkLength { .. })), "{result:?}");
            raw.end(result);
        }
    }
}

/// One byte more than a chunk, in every slot: the second frame of each has one byte.
#[test]
fn a_thousand_calls_whose_last_chunk_is_one_byte_arrive() {
    let limits = Limits { chunk_length_max: 1024, ..Limits::default() };
    let mut raw = Raw::with(limits, true);
    raw.send(&define(0)).unwrap();
    for slot in 0..1024 {
        let request = Request { total: Some(1025), ..request(&CHUNK[..1024]) };
        raw.send(&Frame::Call { id: id(slot, 0), request }).unwrap();
    }
    assert_eq!((raw.session.stats().calls_in, raw.session.stats().inbound_bytes), (1024, 1024 * 1025));
    for slot in (0..1024).rev() {
        raw.send(&Frame::Chunk { of: ChunkOf::Call(id(slot, 0)), payload: b"1" }).unwrap();
        let Some(Event::Call(key, call)) = raw.event() else { panic!("no call") };
        assert_eq!(call.body.len(), 1025);
        raw.session.reply(key, Reply::Value(body(1)));
    }
    let is_reply = |frame: &&Vec<u8>| matches!(Frame::parse(frame), Ok(Frame::Reply { .. }));
    let answers = raw.sent().iter().filter(is_reply).count();
    assert_eq!(answers, 1024);
    assert_eq!((raw.session.stats().calls_in, raw.session.stats().inbound_bytes), (0, 0));
    raw.end(Ok(()));
}

#[test]
fn a_second_answer_of_any_kind_is_an_anomaly_and_changes_nothing() {
    let error = postcard::to_allocvec(&SystemError::ShuttingDown).unwrap();
    let whole = |thrown| Frame::Reply { id: id(0, 0), thrown, total: None, payload: b"r" };
    let large = Frame::Reply { id: id(0, 0), thrown: false, total: Some(LONG), payload: &CHUNK };
    let answers = [whole(false), whole(true), large.clone(), Frame::Error { id: id(0, 0), error: &error }];
    for first in &answers {
        for second in &answers {
            let mut raw = Raw::with_calls(true);
            let next = raw.call(1);
            raw.sent();
            raw.send(first).unwrap();
            assert_eq!(raw.session.stats().anomalies, 0);
            let held = raw.session.stats().inbound_bytes;
            raw.send(second).unwrap();
            // What it cost is given back at once.
            assert_eq!((raw.session.stats().anomalies, raw.session.stats().inbound_bytes), (1, held));
            assert!(raw.session.poll_reply(next, Waker::noop()).is_pending());
            raw.end(Ok(()));
        }
    }
}

#[test]
fn answers_after_the_caller_has_given_up_are_taken_once_and_no_more() {
    let mut raw = Raw::new();
    for number in 0..10_u16 {
        let key = raw.call(1);
        raw.session.cancel(raw.now, key);
        let call = id(0, number);
        assert!(raw.sent().iter().any(|body| Frame::parse(body) == Ok(Frame::Cancel { id: call })));
        let reply = Frame::Reply { id: call, thrown: false, total: None, payload: b"late" };
        raw.send(&reply).unwrap();
        assert_eq!((raw.session.stats().anomalies, raw.session.stats().calls_out), (number.into(), 0));
        raw.send(&reply).unwrap();
    }
    raw.end(Ok(()));
}

#[test]
fn pings_by_the_thousand_are_answered_as_far_as_they_were_asked_for() {
    // Spread over time: ten a second, for an hour.
    let mut raw = Raw::new();
    for _ in 0..36_000 {
        raw.send(&Frame::Ping).unwrap();
        assert_eq!(raw.sent(), [[10]]);
        raw.now += Duration::from_millis(100);
    }
    assert_eq!(raw.session.stats().anomalies, 0);
    // At once, and in one read: one answer, and the end.
    let pings: Vec<u8> = super::raw::enclose(&Frame::Ping, true).repeat(5000);
    let result = raw.send_bytes(&pings);
    assert!(matches!(result, Err(CloseReason::TooManyAnomalies { .. })), "{result:?}");
    raw.end(result);
    // Pongs that nobody asked for.
    let mut raw = Raw::new();
    let result = raw.send_bytes(&super::raw::enclose(&Frame::Pong, true).repeat(5000));
    assert!(matches!(result, Err(CloseReason::TooManyAnomalies { .. })), "{result:?}");
    raw.end(result);
}

#[test]
fn a_method_defined_again_and_again_takes_the_room_of_one() {
    let mut raw = Raw::new();
    let name = "n".repeat(1024);
    let signature = "s".repeat(4096);
    let mut before = 0;
    for round in 0..200_u64 {
        for index in 0..10 {
            raw.send(&Frame::DefineMethod { index, hash: round, name: &name, signature: &signature }).unwrap();
        }
        if round == 0 {
            before = size(&raw.session);
        }
    }
    assert!(size(&raw.session) <= before + SLACK);
    raw.end(Ok(()));
}

#[test]
fn a_call_keeps_the_method_that_its_index_meant_when_it_began() {
    let mut raw = Raw::defined();
    let large = Request { total: Some(CHUNK.len() as u64 + 1), ..request(&CHUNK) };
    raw.send(&Frame::Call { id: id(0, 0), request: large }).unwrap();
    raw.send(&Frame::Cast { slot: 0, request: large }).unwrap();
    raw.send(&Frame::DefineMethod { index: 0, hash: 1, name: "another", signature: "" }).unwrap();
    raw.send(&Frame::Call { id: id(1, 0), request: request(b"x") }).unwrap();
    raw.send(&Frame::Chunk { of: ChunkOf::Call(id(0, 0)), payload: b"1" }).unwrap();
    raw.send(&Frame::Chunk { of: ChunkOf::Cast(0), payload: b"1" }).unwrap();
    let names: Vec<_> = std::iter::from_fn(|| raw.event())
        .map(|event| match event {
            Event::Call(_, call) | Event::Cast(_, call) => call.method.name.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, [Box::from("another"), METHOD.name.into(), METHOD.name.into()]);
    raw.end(Ok(()));
}

#[test]
fn watches_that_come_and_go_leave_nothing_behind() {
    let mut raw = Raw::new();
    let before = size(&raw.session);
    for instance in 0..100_000 {
        raw.send(&Frame::Watch { instance }).unwrap();
        raw.send(&Frame::Unwatch { instance }).unwrap();
        while raw.event().is_some() {}
    }
    for instance in 0..1000 {
        raw.session.watch(instance).unwrap();
        raw.session.unwatch(instance);
        // It crossed, each time.
        raw.send(&Frame::Terminated { instance, how: Terminated::Stopped }).unwrap();
        raw.sent();
    }
    assert!(size(&raw.session) <= before + SLACK && raw.session.stats().anomalies == 0);
    raw.end(Ok(()));
}

#[test]
fn introductions_without_end_take_no_memory() {
    let mut raw = Raw::new();
    let before = size(&raw.session);
    for bits in 0..20_000 {
        raw.send(&Frame::Introduce { node: node(bits), addresses: vec!["tcp://a:1"; 16] }).unwrap();
        assert!(matches!(raw.event(), Some(Event::Introduced { addresses, .. }) if addresses.len() == 16));
    }
    assert!(size(&raw.session) <= before + SLACK);
    // What this node says of others is remembered, but not without end.
    for bits in 2..20_000 {
        raw.session.introduce(node(bits), &[]);
        let mut out = VecDeque::new();
        assert!(raw.session.transmit(raw.now, usize::MAX, &mut out));
    }
    let each = 60;
    assert!(size(&raw.session) <= before + 4200 * each, "{}", size(&raw.session) - before);
    raw.end(Ok(()));
}

#[test]
fn what_is_said_before_there_is_a_connection_is_bounded() {
    let mut pair = Pair::unattached(Limits::default(), Limits::default());
    for bits in 0..10_000 {
        pair.client.session.introduce(node(100 + bits), &[]);
    }
    pair.attach(&Limits::default(), &Limits::default());
    pair.settle();
    assert_eq!(pair.server.events.len(), 4096);
}
