//! Peers that break the protocol, one attack each.

use std::time::Duration;

use actor_core::{SystemError, Terminated};

use super::raw::{Raw, define, enclose, id, request};
use crate::{
    Limits,
    protocol::{ChunkOf, CloseReason, Event, Fault, Frame, Reply, Request},
};

const CHUNK: [u8; 16 * 1024] = [0; 16 * 1024];
const MIB: u64 = 1 << 20;

fn call(slot: u16, generation: u16) -> Frame<'static> {
    Frame::Call { id: id(slot, generation), request: request(b"x") }
}

fn large_call(slot: u16, total: u64) -> Frame<'static> {
    Frame::Call { id: id(slot, 0), request: Request { total: Some(total), ..request(&CHUNK) } }
}

#[test]
fn a_frame_of_no_length_or_of_too_much_ends_the_connection_before_it_arrives() {
    for length in [0, 32 * 1024 + 1, u32::MAX] {
        let result = Raw::new().send_bytes(&length.to_le_bytes());
        assert_eq!(result, Err(CloseReason::FrameLength { length, limit: 32 * 1024 }));
    }
    assert_eq!(Raw::new().send_bytes(&(32 * 1024_u32).to_le_bytes()), Ok(()));
}

#[test]
fn what_came_before_a_bad_frame_counts() {
    let mut raw = Raw::defined();
    let mut bytes = enclose(&call(0, 0), true);
    bytes.extend_from_slice(&[0; 4]);
    assert!(raw.send_bytes(&bytes).is_err());
    assert!(matches!(raw.event(), Some(Event::Call(..))));
}

#[test]
fn a_call_of_a_method_that_was_not_defined_ends_the_connection() {
    let mut raw = Raw::defined();
    let undefined = Frame::Call { id: id(0, 0), request: Request { method: 1, ..request(b"") } };
    assert_eq!(raw.send(&undefined), Err(CloseReason::UndefinedMethod { index: 1 }));
    for index in [1024, u32::MAX] {
        assert_eq!(Raw::new().send(&define(index)), Err(CloseReason::UndefinedMethod { index }));
    }
    assert_eq!(Raw::new().send(&define(1023)), Ok(()));
}

#[test]
fn a_slot_beyond_the_limit_ends_the_connection() {
    for slot in [1024, u16::MAX] {
        assert_eq!(Raw::defined().send(&call(slot, 0)), Err(CloseReason::TooManyCalls { limit: 1024 }));
    }
}

#[test]
fn a_call_id_is_good_for_one_call() {
    let mut raw = Raw::defined();
    raw.send(&call(0, 0)).unwrap();
    assert_eq!(raw.send(&call(0, 0)), Err(CloseReason::CallIdReused));
    for generation in [1, u16::MAX] {
        assert_eq!(Raw::defined().send(&call(0, generation)), Err(CloseReason::CallIdReused));
    }
    let mut raw = Raw::defined();
    raw.send(&call(0, 0)).unwrap();
    assert_eq!(raw.send(&call(0, 1)), Err(CloseReason::TooManyCalls { limit: 1024 }));
}

#[test]
fn the_generations_of_a_slot_wrap_around() {
    let mut raw = Raw::defined();
    for generation in (0..=u16::MAX).chain(0..3) {
        raw.send(&call(5, generation)).unwrap();
        let Some(Event::Call(key, _)) = raw.event() else { panic!("no call") };
        raw.session.reply(key, Reply::Value(Default::default()));
        raw.sent();
    }
}

/// R68
#[test]
fn ten_thousand_calls_whose_replies_are_not_read_end_the_connection() {
    let mut raw = Raw::defined();
    let mut answered = 0;
    let reason = (0..10_000_u16).find_map(|number| {
        let result = raw.send(&call(number % 1024, number / 1024));
        while let Some(Event::Call(key, _)) = raw.event() {
            raw.session.reply(key, Reply::Value(super::pair::body(100)));
            answered += 1;
        }
        result.err()
    });
    // The writer never took the answers, so that none can have been read.
    assert_eq!((reason, answered), (Some(CloseReason::TooManyCalls { limit: 1024 }), 1024));
    assert!(raw.session.stats().output_bytes < 200 * 1024);
}

/// R68
#[test]
fn ten_thousand_calls_at_once_end_the_connection() {
    let mut raw = Raw::defined();
    let reason = (0..10_000).find_map(|slot| raw.send(&call(slot, 0)).err());
    assert_eq!(reason, Some(CloseReason::TooManyCalls { limit: 1024 }));
}

/// R39
#[test]
fn a_call_longer_than_a_message_may_be_is_answered_and_the_connection_lives() {
    let mut raw = Raw::defined();
    let total = 4 * MIB + 5;
    raw.send(&large_call(0, total)).unwrap();
    let error = SystemError::MessageTooLarge { length: total, limit: 4 * MIB };
    assert_eq!(raw.sent(), [answer(0, &error)]);
    let mut left = total - CHUNK.len() as u64;
    while left > 0 {
        let length = left.min(CHUNK.len() as u64);
        raw.send(&Frame::Chunk { of: ChunkOf::Call(id(0, 0)), payload: &CHUNK[..length as usize] }).unwrap();
        left -= length;
    }
    assert_eq!((raw.session.stats().inbound_bytes, raw.session.stats().calls_in), (0, 0));
    raw.send(&call(0, 1)).unwrap();
    assert!(matches!(raw.event(), Some(Event::Call(..))));
}

fn answer(slot: u16, error: &SystemError) -> Vec<u8> {
    let mut body = Vec::new();
    let error = postcard::to_allocvec(error).unwrap();
    Frame::Error { id: id(slot, 0), error: &error }.encode(&mut body);
    body
}

#[test]
fn a_length_of_two_to_the_64_is_answered_and_may_be_cancelled() {
    let mut raw = Raw::defined();
    raw.send(&large_call(0, u64::MAX)).unwrap();
    for _ in 0..1000 {
        raw.send(&Frame::Chunk { of: ChunkOf::Call(id(0, 0)), payload: &CHUNK }).unwrap();
    }
    assert_eq!(raw.session.stats().inbound_bytes, 0);
    raw.send(&Frame::Cancel { id: id(0, 0) }).unwrap();
    assert_eq!(raw.session.stats().calls_in, 0);
    assert!(raw.event().is_none());

    let cast = Frame::Cast { slot: 0, request: Request { total: Some(u64::MAX), ..request(&CHUNK) } };
    assert_eq!(raw.send(&cast), Err(CloseReason::MessageLength { length: u64::MAX, limit: 4 * MIB }));
}

/// R39
#[test]
fn chunks_of_another_length_than_is_due_end_the_connection() {
    for payload in [&CHUNK[..0], &CHUNK[..1], &CHUNK[..10]] {
        let mut raw = Raw::defined();
        let short = Frame::Call { id: id(0, 0), request: Request { total: Some(MIB), ..request(payload) } };
        assert!(matches!(raw.send(&short), Err(CloseReason::ChunkLength { .. })));

        let mut raw = Raw::defined();
        raw.send(&large_call(0, MIB)).unwrap();
        let result = raw.send(&Frame::Chunk { of: ChunkOf::Call(id(0, 0)), payload });
        assert!(matches!(result, Err(CloseReason::ChunkLength { .. })));

        let mut raw = Raw::defined();
        raw.send(&large_call(0, u64::MAX)).unwrap();
        let result = raw.send(&Frame::Chunk { of: ChunkOf::Call(id(0, 0)), payload });
        assert!(matches!(result, Err(CloseReason::ChunkLength { .. })));
    }
    // A message that was cut without need.
    assert!(matches!(Raw::defined().send(&large_call(0, 16 * 1024)), Err(CloseReason::ChunkLength { .. })));
}

#[test]
fn a_frame_with_more_payload_than_a_chunk_ends_the_connection() {
    let long = vec![0; 20_000];
    let call = Frame::Call { id: id(0, 0), request: request(&long) };
    let cast = Frame::Cast { slot: 0, request: request(&long) };
    for frame in [call, cast] {
        assert!(matches!(Raw::defined().send(&frame), Err(CloseReason::ChunkLength { .. })));
    }
    assert!(matches!(Raw::defined().send(&Frame::System(&long)), Err(CloseReason::Garbage(_))));
}

/// R68
#[test]
fn more_bytes_than_there_is_credit_for_end_the_connection() {
    let mut raw = Raw::defined();
    raw.send(&large_call(0, 4 * MIB)).unwrap();
    raw.send(&large_call(1, 4 * MIB)).unwrap();
    assert!(matches!(raw.send(&call(2, 0)), Err(CloseReason::CreditExceeded { .. })));

    let mut raw = Raw::defined();
    for _ in 0..1024 {
        raw.send(&Frame::Cast { slot: 0, request: request(b"") }).unwrap();
    }
    let more = Frame::Cast { slot: 0, request: request(b"") };
    assert_eq!(raw.send(&more), Err(CloseReason::CreditExceeded { of: "casts" }));
}

#[test]
fn a_cast_in_a_slot_that_is_taken_or_does_not_exist_ends_the_connection() {
    let large = |slot| Frame::Cast { slot, request: Request { total: Some(MIB), ..request(&CHUNK) } };
    let mut raw = Raw::defined();
    raw.send(&large(0)).unwrap();
    assert_eq!(raw.send(&large(0)), Err(CloseReason::CallIdReused));
    for slot in [1024, u16::MAX] {
        assert!(matches!(Raw::defined().send(&large(slot)), Err(CloseReason::CreditExceeded { .. })));
    }
}

#[test]
fn credit_that_was_not_taken_ends_the_connection() {
    for (requests, replies, casts) in [(1, 0, 0), (0, 1, 0), (0, 0, 1), (u64::MAX, 0, 0), (0, u64::MAX, 0)] {
        let result = Raw::new().send(&Frame::Credit { requests, replies, casts });
        assert!(matches!(result, Err(CloseReason::CreditOverflow { .. })), "{result:?}");
    }
}

#[test]
fn the_arrival_of_what_was_not_sent_ends_the_connection() {
    for bytes in [1, u64::MAX] {
        let result = Raw::new().send(&Frame::Arrived { stream: 0, bytes });
        assert_eq!(result, Err(CloseReason::CreditOverflow { of: "bytes of chunks" }));
    }
}

/// A hundred are overlooked, and one more is not.
fn assert_anomaly(mut raw: Raw, frame: &Frame<'_>) {
    for number in 0..100 {
        assert_eq!(raw.send(frame), Ok(()), "{number}");
        raw.sent();
    }
    assert_eq!(raw.session.stats().anomalies, 100);
    assert!(raw.event().is_none());
    let reason = raw.send(frame).unwrap_err();
    assert!(matches!(reason, CloseReason::TooManyAnomalies { limit: 100, .. }), "{reason}");
    assert_eq!(reason.fault(), Fault::Peer);
}

#[test]
fn a_hundred_frames_that_make_no_sense_are_overlooked() {
    let error = postcard::to_allocvec(&SystemError::ShuttingDown).unwrap();
    for frame in [
        Frame::Reply { id: id(0, 0), thrown: false, total: None, payload: b"reply" },
        Frame::Reply { id: id(u16::MAX, u16::MAX), thrown: true, total: Some(MIB), payload: &CHUNK },
        Frame::Error { id: id(3, 1), error: &error },
        Frame::Chunk { of: ChunkOf::Call(id(0, 0)), payload: &CHUNK },
        Frame::Chunk { of: ChunkOf::Reply(id(9, 9)), payload: b"" },
        Frame::Chunk { of: ChunkOf::Cast(u16::MAX), payload: b"1" },
        Frame::Cancel { id: id(0, 0) },
        Frame::Cancel { id: id(u16::MAX, u16::MAX) },
        Frame::Pong,
        Frame::Credit { requests: 0, replies: 0, casts: 0 },
        Frame::Arrived { stream: 0, bytes: 0 },
        Frame::Behind { bytes: 1 },
        Frame::Unwatch { instance: 1 },
        Frame::Terminated { instance: 1, how: Terminated::Stopped },
    ] {
        assert_anomaly(Raw::new(), &frame);
    }
}

#[test]
fn a_second_reply_and_one_of_another_generation_are_anomalies() {
    let mut raw = Raw::new();
    let call = super::pair::outgoing(raw.now, 1);
    let key = raw.session.call(raw.now, &call, super::pair::body(1)).unwrap();
    let reply = |generation| Frame::Reply { id: id(0, generation), thrown: false, total: None, payload: b"r" };
    raw.send(&reply(1)).unwrap();
    assert_eq!(raw.session.stats().anomalies, 1);
    raw.send(&reply(0)).unwrap();
    raw.send(&reply(0)).unwrap();
    assert_eq!(raw.session.stats().anomalies, 2);
    assert!(raw.session.poll_reply(key, std::task::Waker::noop()).is_ready());
    // A reply to the former call is not taken for one to the next.
    let key = raw.session.call(raw.now, &call, super::pair::body(1)).unwrap();
    raw.send(&reply(0)).unwrap();
    assert!(raw.session.poll_reply(key, std::task::Waker::noop()).is_pending());
    assert_eq!(raw.session.stats().anomalies, 3);
}

#[test]
fn a_reply_to_a_call_of_which_it_has_only_a_part_is_an_anomaly() {
    let mut raw = Raw::new();
    let call = super::pair::outgoing(raw.now, 1);
    raw.session.call(raw.now, &call, super::pair::body(1 << 20)).unwrap();
    let reply = Frame::Reply { id: id(0, 0), thrown: false, total: None, payload: b"r" };
    raw.send(&reply).unwrap();
    let mut out = Default::default();
    raw.session.transmit(raw.now, 1, &mut out);
    raw.send(&reply).unwrap();
    assert_eq!((raw.session.stats().anomalies, raw.session.stats().calls_out), (2, 1));
}

#[test]
fn cancelling_one_call_again_and_again_is_an_anomaly() {
    let mut raw = Raw::defined();
    raw.send(&call(0, 0)).unwrap();
    assert!(matches!(raw.event(), Some(Event::Call(..))));
    raw.send(&Frame::Cancel { id: id(0, 0) }).unwrap();
    assert!(matches!(raw.event(), Some(Event::Cancel(_))));
    assert_anomaly(raw, &Frame::Cancel { id: id(0, 0) });
}

#[test]
fn ten_pings_a_second_are_answered_and_more_are_anomalies() {
    let mut raw = Raw::new();
    for _ in 0..30 {
        for _ in 0..10 {
            raw.send(&Frame::Ping).unwrap();
        }
        assert_eq!(raw.sent(), [[10]]);
        raw.now += Duration::from_secs(1);
    }
    assert_eq!(raw.session.stats().anomalies, 0);
    let reason = (0..10_000).find_map(|_| raw.send(&Frame::Ping).err());
    assert!(matches!(reason, Some(CloseReason::TooManyAnomalies { .. })));
    assert!(raw.session.stats().output_bytes < 300);
}

#[test]
fn watches_are_bounded_and_their_news_too() {
    let mut raw = Raw::with(Limits { watches_max: 10, ..Limits::default() }, true);
    for instance in 0..10 {
        raw.send(&Frame::Watch { instance }).unwrap();
    }
    let reason = raw.send(&Frame::Watch { instance: 10 });
    assert_eq!(reason, Err(CloseReason::TooManyWatches { limit: 10 }));

    // A peer that watches what does not exist, and does not read the answers.
    let mut raw = Raw::new();
    let reason = (0..10_000_000).find_map(|instance| {
        let result = raw.send(&Frame::Watch { instance: u64::MAX - instance });
        while let Some(Event::Watch { instance }) = raw.event() {
            raw.session.terminated(instance, Terminated::NoSuchActor);
        }
        result.err()
    });
    assert_eq!(reason, Some(CloseReason::Unread));
    assert!(raw.session.stats().output_bytes < 9 << 20);
}

#[test]
fn an_error_that_is_none_ends_the_connection() {
    for error in [&b""[..], &[0xff; 20], &[200, 1]] {
        assert!(matches!(Raw::new().send(&Frame::Error { id: id(0, 0), error }), Err(CloseReason::Garbage(_))));
    }
}

#[test]
fn a_deadline_of_u64_max_is_an_hour() {
    let mut raw = Raw::defined();
    let long = Request { remaining_ms: u64::MAX, instance: u64::MAX, ..request(b"") };
    raw.send(&Frame::Call { id: id(0, 0), request: long }).unwrap();
    let Some(Event::Call(_, call)) = raw.event() else { panic!("no call") };
    assert_eq!((call.remaining, call.instance), (Duration::from_secs(3600), u64::MAX));
    let large = Request { total: Some(MIB), payload: &CHUNK, ..long };
    raw.send(&Frame::Call { id: id(1, 0), request: large }).unwrap();
    raw.session.handle_timeout(raw.now).unwrap();
    assert_eq!(raw.session.stats().calls_in, 2);
}

#[test]
fn a_peer_that_announces_much_and_sends_little_costs_little() {
    let mut raw = Raw::defined();
    raw.send(&large_call(0, 4 * MIB)).unwrap();
    for _ in 0..200 {
        raw.send(&Frame::Ping).unwrap_or_default();
        raw.now += Duration::from_millis(500);
        let _ = raw.session.handle_timeout(raw.now);
    }
    // Its deadline was a second.
    let stats = raw.session.stats();
    assert_eq!((stats.inbound_bytes, stats.anomalies), (0, 0));
    let deadline = SystemError::Deadline { after: Duration::from_secs(1), outcome: actor_core::Outcome::NotExecuted };
    assert!(raw.sent().contains(&answer(0, &deadline)));
    raw.send(&Frame::Cancel { id: id(0, 0) }).unwrap();
    assert_eq!(raw.session.stats().calls_in, 0);
}

#[test]
fn once_broken_a_session_stays_broken() {
    let mut raw = Raw::defined();
    let reason = raw.send_bytes(&[0; 4]).unwrap_err();
    assert_eq!(raw.send(&call(0, 0)), Err(reason));
    assert!(raw.event().is_none());
    let frames = raw.sent();
    assert!(matches!(Frame::parse(&frames[0]), Ok(Frame::Goodbye { code: 4, .. })));
    assert_eq!(frames.len(), 1);
}

#[test]
fn every_close_reason_is_a_sentence_in_lower_case() {
    let reasons = [
        CloseReason::ChecksumMismatch,
        CloseReason::CallIdReused,
        CloseReason::Unread,
        CloseReason::Truncated,
        CloseReason::EndOfStream,
        CloseReason::WriteStalled { ms: 5000 },
        CloseReason::TransportError("reset".into()),
        CloseReason::FrameLength { length: 0, limit: 1 },
    ];
    for reason in reasons {
        let text = reason.to_string();
        assert!(text.starts_with(|first: char| first.is_lowercase()) && !text.ends_with('.'), "{text}");
    }
}
