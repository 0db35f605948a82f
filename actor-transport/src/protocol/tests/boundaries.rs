//! Numbers and lengths at their least and their most, and one beyond.

use std::time::Duration;

use actor_core::SystemError;

use super::{
    pair::{Pair, body, outgoing},
    raw::{Raw, define, enclose, id, request},
};
use crate::{
    Limits,
    protocol::{ChunkOf, CloseReason, Event, FRAME_OVERHEAD_MAX, Frame, FrameError, OutgoingCall, Reply, Request},
};

const CHUNK: u64 = 1024;
const MESSAGE: u64 = 10_000;

fn small() -> Limits {
    Limits { chunk_length_max: CHUNK as u32, message_length_max: MESSAGE, ..Limits::default() }
}

fn raw() -> Raw {
    let mut raw = Raw::with(small(), true);
    raw.send(&define(0)).unwrap();
    raw
}

/// R39
#[test]
fn announced_lengths_are_taken_up_to_the_limit_and_each_beyond_it_has_its_own_answer() {
    let chunk = [1; CHUNK as usize];
    for total in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, MESSAGE - 1, MESSAGE, MESSAGE + 1, u64::MAX - 1, u64::MAX] {
        let request = Request { total: Some(total), ..request(&chunk) };
        let needless = Err(CloseReason::ChunkLength { length: total, expected: CHUNK });
        let too_long = Err(CloseReason::MessageLength { length: total, limit: MESSAGE });

        let mut called = raw();
        let result = called.send(&Frame::Call { id: id(0, 0), request });
        assert_eq!(result, if total <= CHUNK { needless.clone() } else { Ok(()) }, "{total}");
        if total > MESSAGE {
            let error = postcard::to_allocvec(&SystemError::MessageTooLarge { length: total, limit: MESSAGE }).unwrap();
            let sent = called.sent();
            assert_eq!(Frame::parse(&sent[0]), Ok(Frame::Error { id: id(0, 0), error: &error }));
            assert_eq!(called.session.stats().inbound_bytes, 0);
        }
        called.end(result);

        let expected = if total <= CHUNK {
            needless
        } else if total > MESSAGE {
            too_long
        } else {
            Ok(())
        };
        let mut cast = raw();
        let result = cast.send(&Frame::Cast { slot: 0, request });
        assert_eq!(result, expected, "{total}");
        cast.end(result);

        let mut replied = raw();
        replied.call(1);
        replied.sent();
        let result = replied.send(&Frame::Reply { id: id(0, 0), thrown: true, total: Some(total), payload: &chunk });
        assert_eq!(result, expected, "{total}");
        replied.end(result);
    }
}

/// R39
#[test]
fn a_payload_is_as_long_as_a_chunk_and_no_longer() {
    let long = [1; CHUNK as usize + 1];
    for length in [0, 1, CHUNK as usize - 1, CHUNK as usize, CHUNK as usize + 1] {
        let payload = &long[..length];
        let frames = [
            Frame::Call { id: id(0, 0), request: request(payload) },
            Frame::Cast { slot: 0, request: request(payload) },
            Frame::Reply { id: id(0, 0), thrown: false, total: None, payload },
            Frame::Reply { id: id(0, 0), thrown: true, total: None, payload },
            Frame::System(payload),
        ];
        for frame in frames {
            let mut raw = raw();
            raw.call(1);
            raw.sent();
            let result = raw.send(&frame);
            let expected = match frame {
                _ if length as u64 <= CHUNK => Ok(()),
                Frame::System(_) => Err(CloseReason::Garbage(FrameError::Malformed { kind: 19, field: "length" })),
                _ => Err(CloseReason::ChunkLength { length: length as u64, expected: CHUNK }),
            };
            assert_eq!(result, expected, "{frame:?}");
            while raw.event().is_some() {}
            raw.end(result);
        }
    }
}

/// R39
#[test]
fn a_message_of_exactly_the_longest_length_travels_in_all_three_directions() {
    let mut pair = Pair::with(small(), small());
    for length in [MESSAGE - 1, MESSAGE] {
        let length = length as usize;
        let key = pair.call(1, length);
        pair.settle();
        let (inbound, call) = pair.received().unwrap();
        assert_eq!(call.body.len(), length);
        pair.reply(inbound, length);
        pair.settle();
        assert_eq!(pair.value(key).len(), length);
        let key = pair.cast(1, length);
        pair.settle();
        assert!(pair.client.session.poll_cast(key, std::task::Waker::noop()).is_ready());
        let Some(Event::Cast(cast, call)) = pair.server.events.pop_front() else { panic!("no cast") };
        assert_eq!(call.body.len(), length);
        pair.server.session.cast_done(cast);
        pair.settle();
    }
    let length = MESSAGE as usize + 1;
    let outgoing = outgoing(pair.now, 1);
    let too_large = SystemError::MessageTooLarge { length: length as u64, limit: MESSAGE };
    assert_eq!(pair.client.session.call(pair.now, &outgoing, body(length)), Err(too_large.clone()));
    assert_eq!(pair.client.session.cast(pair.now, &outgoing, body(length)).err(), Some(too_large));
    let key = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, length);
    pair.settle();
    assert_eq!(pair.error(key), SystemError::ReplyTooLarge { length: length as u64, limit: MESSAGE });
    pair.assert_at_rest();
}

#[test]
fn an_error_longer_than_a_chunk_travels_in_one_piece_also_behind_a_large_reply() {
    let mut pair = Pair::with(small(), small());
    let error = SystemError::UnknownName { name: "n".repeat(8000).into() };
    for replied in [0, 9 * CHUNK as usize] {
        let (first, second) = (pair.call(1, 1), pair.call(1, 1));
        pair.settle();
        let (inbound, _) = pair.received().unwrap();
        pair.reply(inbound, replied);
        let (inbound, _) = pair.received().unwrap();
        pair.server.session.reply(inbound, Reply::System(error.clone()));
        pair.settle();
        assert_eq!(pair.value(first).len(), replied);
        assert_eq!(pair.error(second), error);
        pair.settle();
        pair.assert_at_rest();
    }
}

#[test]
fn the_length_of_a_frame_is_checked_at_its_boundaries_before_it_arrives() {
    let limit = CHUNK as u32 + FRAME_OVERHEAD_MAX;
    for (length, holds) in
        [(0, false), (1, true), (limit - 1, true), (limit, true), (limit + 1, false), (u32::MAX, false)]
    {
        let mut raw = raw();
        let result = raw.send_bytes(&length.to_le_bytes());
        let expected = if holds { Ok(()) } else { Err(CloseReason::FrameLength { length, limit }) };
        assert_eq!(result, expected);
        raw.end(result);
    }
}

/// The parts of a frame that have a bound of their own.
#[test]
fn each_part_of_a_frame_is_taken_at_its_longest_and_not_beyond() {
    let text = |length: usize| "t".repeat(length);
    let (name, signature, chain, error) = (text(1025), text(4097), vec![1; 8193], vec![0; 8193]);
    let address = text(257);
    let cases: [(Frame<'_>, bool); 14] = [
        (Frame::DefineMethod { index: 1, hash: 1, name: &name[..1024], signature: &signature[..4096] }, true),
        (Frame::DefineMethod { index: 1, hash: 1, name: &name, signature: "" }, false),
        (Frame::DefineMethod { index: 1, hash: 1, name: "", signature: &signature }, false),
        (Frame::Call { id: id(0, 0), request: Request { chain: &chain[..8192], ..request(b"") } }, true),
        (Frame::Call { id: id(0, 0), request: Request { chain: &chain, ..request(b"") } }, false),
        (Frame::Error { id: id(0, 0), error: &error }, false),
        (Frame::Introduce { node: super::pair::node(5), addresses: vec![&address[..256]; 16] }, true),
        (Frame::Introduce { node: super::pair::node(5), addresses: vec![&address[..1]; 17] }, false),
        (Frame::Introduce { node: super::pair::node(5), addresses: vec![&address] }, false),
        (Frame::Goodbye { code: 4, text: &name[..256] }, true),
        (Frame::Goodbye { code: 4, text: &name[..257] }, false),
        (Frame::Credit { requests: u64::MAX, replies: u64::MAX, casts: u32::MAX }, false),
        (Frame::Arrived { stream: 0, bytes: u64::MAX }, false),
        (Frame::Behind { bytes: u64::MAX }, true),
    ];
    for (frame, holds) in cases {
        let mut raw = raw();
        let result = raw.send(&frame);
        assert_eq!(result.is_ok(), holds, "{frame:?}: {result:?}");
        while raw.event().is_some() {}
        raw.end(result);
    }
    assert!(small().chunk_length_max + FRAME_OVERHEAD_MAX > 16 * 259 + 30);
}

#[test]
fn the_last_slot_of_the_largest_table_works_and_none_beyond() {
    let limits = Limits { calls_in_flight_max: 65_536, casts_in_flight_max: 65_536, methods_max: 65_536, ..small() };
    let mut raw = Raw::with(limits, true);
    raw.send(&define(65_535)).unwrap();
    let chunk = [1; CHUNK as usize];
    let last = Request { method: 65_535, ..request(b"x") };
    raw.send(&Frame::Call { id: id(u16::MAX, 0), request: last }).unwrap();
    let Some(Event::Call(key, _)) = raw.event() else { panic!("no call") };
    raw.session.reply(key, Reply::Value(body(1)));
    assert!(
        raw.sent()
            .iter()
            .any(|body| matches!(Frame::parse(body), Ok(Frame::Reply { id: of, .. }) if of == id(u16::MAX, 0)))
    );
    raw.send(&Frame::Call { id: id(u16::MAX, 1), request: last }).unwrap();
    let cast = Request { total: Some(CHUNK + 1), payload: &chunk, ..last };
    raw.send(&Frame::Cast { slot: u16::MAX, request: cast }).unwrap();
    raw.send(&Frame::Chunk { of: ChunkOf::Cast(u16::MAX), payload: b"1" }).unwrap();
    assert_eq!(raw.send(&define(65_536)), Err(CloseReason::UndefinedMethod { index: 65_536 }));
}

/// 65,536 calls in one slot, and then some more.
#[test]
fn the_generations_of_a_callers_slot_wrap_around() {
    let one = Limits { calls_in_flight_max: 1, ..Limits::default() };
    let mut pair = Pair::with(one.clone(), one);
    for number in 0..66_000_u64 {
        let key = pair.call(number, 1);
        pair.settle();
        let (inbound, call) = pair.received().unwrap();
        assert_eq!(call.instance, number);
        pair.reply(inbound, 1);
        pair.settle();
        assert_eq!(pair.value(key).len(), 1);
    }
    pair.settle();
    pair.assert_at_rest();
}

/// A reply to the call before the last in its slot is one of 65,536 calls ago.
#[test]
fn an_answer_with_another_generation_is_to_no_call_also_where_it_wraps() {
    let mut raw = Raw::with(Limits { calls_in_flight_max: 1, ..Limits::default() }, true);
    let reply = |generation| Frame::Reply { id: id(0, generation), thrown: false, total: None, payload: b"r" };
    let next = |raw: &mut Raw| {
        let call = outgoing(raw.now, 1);
        raw.session.call(raw.now, &call, body(1)).unwrap()
    };
    for generation in 0..u16::MAX {
        let key = next(&mut raw);
        raw.send(&reply(generation)).unwrap();
        assert!(raw.session.poll_reply(key, std::task::Waker::noop()).is_ready());
        raw.sent();
    }
    let key = next(&mut raw);
    for wrong in [0, 1, u16::MAX - 1] {
        raw.send(&reply(wrong)).unwrap();
        assert!(raw.session.poll_reply(key, std::task::Waker::noop()).is_pending());
    }
    raw.send(&reply(u16::MAX)).unwrap();
    assert!(raw.session.poll_reply(key, std::task::Waker::noop()).is_ready());
    let key = next(&mut raw);
    raw.send(&reply(0)).unwrap();
    assert!(raw.session.poll_reply(key, std::task::Waker::noop()).is_ready());
    assert_eq!(raw.session.stats().anomalies, 3);
}

#[test]
fn a_deadline_that_no_clock_can_hold_is_cut_on_both_sides() {
    let far = Duration::from_secs(u64::from(u32::MAX) * 100);
    let mut pair = Pair::new();
    let deadline = pair.now.checked_add(far).unwrap_or(pair.now + Duration::from_secs(10_000));
    let call = OutgoingCall { deadline, timeout: Duration::MAX, ..outgoing(pair.now, 1) };
    let key = pair.client.session.call(pair.now, &call, body(1)).unwrap();
    pair.settle();
    assert_eq!(pair.received().unwrap().1.remaining, Duration::from_secs(3600));
    let limits = Limits { call_deadline_max: Duration::MAX, ..Limits::default() };
    let mut raw = Raw::with(limits, true);
    raw.send(&define(0)).unwrap();
    for (slot, remaining_ms) in (0_u16..).zip([0, 1, u64::from(u32::MAX), u64::MAX - 1, u64::MAX]) {
        let chunk = [0; 16 * 1024];
        let large = Request { remaining_ms, total: Some(20_000), ..request(&chunk) };
        raw.send(&Frame::Call { id: id(slot, 0), request: large }).unwrap();
    }
    raw.session.handle_timeout(raw.now).unwrap();
    // The one that had no time left is answered already.
    let expired = raw.sent().iter().filter(|body| matches!(Frame::parse(body), Ok(Frame::Error { .. }))).count();
    assert_eq!((expired, raw.session.stats().calls_in), (1, 5));
    raw.end(Ok(()));
    assert!(pair.poll(key).is_pending());
}

#[test]
fn credit_is_given_back_to_the_last_byte_and_no_further() {
    let mut raw = raw();
    for length in [0, 1, CHUNK as usize] {
        raw.call(length);
    }
    raw.sent();
    let taken = 1 + CHUNK;
    let result = raw.send(&Frame::Credit { requests: taken, replies: 0, casts: 0 });
    assert_eq!(result, Ok(()));
    let result = raw.send(&Frame::Credit { requests: 1, replies: 0, casts: 0 });
    assert_eq!(result, Err(CloseReason::CreditOverflow { of: "bytes of calls and casts" }));
    raw.end(result);
}

#[test]
fn a_number_that_is_too_large_for_its_field_is_garbage() {
    // method, index, casts: 32 bits. Everything else has 64.
    let beyond = [0x80, 0x80, 0x80, 0x80, 0x10];
    let call = [&[1, 0, 0, 0, 0, 0][..], &beyond, &[7, 10]].concat();
    let definition = [&[13][..], &beyond, &[0; 10]].concat();
    let credit = [&[11, 1, 0][..], &beyond].concat();
    for body in [call, definition, credit] {
        let mut raw = raw();
        let result = raw.send_bytes(&framed(&body));
        assert!(matches!(result, Err(CloseReason::Garbage(_))), "{result:?}");
        raw.end(result);
    }
}

/// A frame with this body, which need not be one.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// R100
#[test]
fn a_body_cut_at_any_byte_is_refused_or_another_frame() {
    for frame in super::frames::all_kinds() {
        let mut body = Vec::new();
        frame.encode(&mut body);
        let lengths = (1..body.len().min(100)).chain([body.len() / 2, body.len() - 1]);
        for length in lengths.filter(|length| (1..body.len()).contains(length)) {
            let mut raw = Raw::with_calls(true);
            raw.send(&define(0)).unwrap();
            let result = raw.send_bytes(&framed(&body[..length]));
            assert!(result.as_ref().err().is_none_or(|reason| reason.fault() == crate::protocol::Fault::Peer));
            raw.end(result);
        }
    }
}

/// R100
#[test]
fn a_frame_cut_at_any_byte_by_the_end_of_the_connection_leaves_nothing_behind() {
    for frame in super::frames::all_kinds() {
        for checksum in [true, false] {
            let bytes = enclose(&frame, checksum);
            for length in (1..bytes.len().min(100)).chain([bytes.len() - 1]) {
                let mut raw = Raw::with_calls(checksum);
                let before = raw.session.stats();
                assert_eq!(raw.send_bytes(&bytes[..length]), Ok(()));
                assert_eq!(raw.session.stats(), before);
                raw.end(Ok(()));
            }
        }
    }
}
