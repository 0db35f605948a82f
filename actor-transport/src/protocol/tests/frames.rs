//! Frames, and what becomes of them on a bad wire.

use std::time::Instant;

use actor_core::{Exit, ExitReason, SystemError, Terminated};
use bytes::BytesMut;
use proptest::prelude::*;

use super::{
    pair::{agree, node},
    raw::{Raw, define, enclose, id, request},
};
use crate::{
    Limits,
    protocol::{ChunkOf, CloseReason, Fault, Frame, FrameError, Request, Session},
};

/// One of each kind, with all that it may carry.
pub(super) fn all_kinds() -> Vec<Frame<'static>> {
    let chunk: &'static [u8] = Box::leak(vec![1; 16 * 1024].into_boxed_slice());
    let error: &'static [u8] = Box::leak(postcard::to_allocvec(&SystemError::ShuttingDown).unwrap().into_boxed_slice());
    vec![
        define(0),
        Frame::Call { id: id(0, 0), request: request(b"arguments") },
        Frame::Call { id: id(1, 0), request: Request { trace: Some([3; 25]), chain: b"chain", ..request(b"") } },
        Frame::Call {
            id: id(2, 0),
            request: Request { total: Some(20_000), remaining_ms: u64::MAX, ..request(chunk) },
        },
        Frame::Chunk { of: ChunkOf::Call(id(2, 0)), payload: &chunk[..20_000 - 16 * 1024] },
        Frame::Cast { slot: 0, request: request(b"cast") },
        Frame::Cast { slot: 3, request: Request { total: Some(40_000), ..request(chunk) } },
        Frame::Chunk { of: ChunkOf::Cast(3), payload: chunk },
        Frame::Reply { id: id(0, 0), thrown: false, total: None, payload: b"result" },
        Frame::Reply { id: id(1, 0), thrown: true, total: None, payload: b"" },
        Frame::Reply { id: id(2, 0), thrown: false, total: Some(32 * 1024), payload: chunk },
        Frame::Chunk { of: ChunkOf::Reply(id(2, 0)), payload: chunk },
        Frame::Error { id: id(3, 0), error },
        Frame::Cancel { id: id(1, 0) },
        Frame::Ping,
        Frame::Pong,
        Frame::Credit { requests: 1, replies: u64::MAX, casts: u32::MAX },
        Frame::Arrived { stream: 0, bytes: u64::MAX },
        Frame::Behind { bytes: u64::MAX },
        Frame::Introduce { node: node(9), addresses: vec!["tcp://a", "tcp://b"] },
        Frame::Watch { instance: u64::MAX },
        Frame::Unwatch { instance: 1 },
        Frame::Terminated { instance: 1, how: Terminated::Stopped },
        Frame::Terminated { instance: 2, how: Terminated::Panicked },
        Frame::Terminated { instance: 3, how: Terminated::NoSuchActor },
        Frame::Terminated {
            instance: 4,
            how: Terminated::Failed(Box::new(
                ExitReason::new(Exit::Failed, "no work").caused_by(&ExitReason::new(Exit::StartFailed, "no file")),
            )),
        },
        Frame::System(b"system"),
        Frame::Goodbye { code: 4, text: "because" },
    ]
}

#[test]
fn every_frame_is_parsed_as_it_was_written() {
    for frame in all_kinds() {
        let mut body = Vec::new();
        frame.encode(&mut body);
        assert_eq!(Frame::parse(&body), Ok(frame));
    }
}

/// R100
#[test]
fn a_frame_that_lacks_its_end_or_has_too_much_of_it_is_refused_or_another_frame() {
    for frame in all_kinds() {
        let mut body = Vec::new();
        frame.encode(&mut body);
        for length in 0..body.len().min(200) {
            assert_ne!(Frame::parse(&body[..length]), Ok(frame.clone()));
        }
        body.push(0);
        assert_ne!(Frame::parse(&body), Ok(frame));
    }
    assert_eq!(Frame::parse(&[]), Err(FrameError::Malformed { kind: 0, field: "kind" }));
    for kind in [0, 8, 14, 22, 255] {
        assert_eq!(Frame::parse(&[kind]), Err(FrameError::UnknownKind(kind)));
    }
    // A reason can be written in one way alone: here the length of its text is, and takes one byte more than it needs.
    assert!(Frame::parse(&[18, 4, 3, 5, 1, b'x', 0]).is_ok());
    for reason in [&[18, 4, 3, 5, 0x81, 0, b'x', 0][..], &[18, 4, 3, 5, 1, b'x', 0, 0], &[18, 4, 3, 99, 1, b'x', 0]] {
        assert_eq!(Frame::parse(reason), Err(FrameError::Malformed { kind: 18, field: "reason" }));
    }
    assert_eq!(Frame::parse(&[9, 0]), Err(FrameError::Malformed { kind: 9, field: "end of frame" }));
    assert_eq!(Frame::parse(&[1, 0, 0, 0, 0, 0x80]), Err(FrameError::Malformed { kind: 1, field: "flags" }));
}

/// R100
#[test]
fn frames_arrive_whole_however_the_wire_cuts_them() {
    let bytes: Vec<u8> = all_kinds()
        .iter()
        .filter(|frame| !matches!(frame, Frame::Credit { .. } | Frame::Arrived { .. }))
        .flat_map(|frame| enclose(frame, true))
        .collect();
    let mut at_once = Raw::with_calls(true);
    at_once.send_bytes(&bytes).unwrap();
    let expected: Vec<String> = std::iter::from_fn(|| at_once.event()).map(|event| format!("{event:?}")).collect();
    assert_eq!(expected.len(), 9);
    for step in [1, 2, 3, 7, 1000, 16 * 1024] {
        let mut cut = Raw::with_calls(true);
        let mut input = BytesMut::new();
        let mut events = Vec::new();
        for piece in bytes.chunks(step) {
            input.extend_from_slice(piece);
            cut.session.receive(cut.now, &mut input).unwrap();
            events.extend(std::iter::from_fn(|| cut.event()).map(|event| format!("{event:?}")));
        }
        assert_eq!(events, expected);
    }
}

/// R100
#[test]
fn a_flipped_bit_is_found_by_the_checksum() {
    for frame in all_kinds() {
        let bytes = enclose(&frame, true);
        for bit in 0..bytes.len().min(200) * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let result = Raw::with_calls(true).send_bytes(&flipped);
            match (bit / 8, result) {
                // A longer frame is waited for, up to the limit.
                (0..4, Ok(()) | Err(CloseReason::FrameLength { .. } | CloseReason::ChecksumMismatch)) => {}
                (4.., Err(CloseReason::ChecksumMismatch)) => {}
                (byte, other) => panic!("{frame:?}, byte {byte}: {other:?}"),
            }
        }
    }
}

/// R100
#[test]
fn a_flipped_bit_without_a_checksum_is_another_frame_or_none() {
    for frame in all_kinds() {
        let bytes = enclose(&frame, false);
        for bit in 0..bytes.len().min(100) * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let mut raw = Raw::with_calls(false);
            raw.send(&define(0)).unwrap();
            let result = raw.send_bytes(&flipped);
            assert!(result.as_ref().err().is_none_or(|reason| reason.fault() == Fault::Peer), "{result:?}");
            raw.end(result);
        }
    }
}

proptest! {
    /// R100
    #[test]
    fn random_bodies_do_not_panic(body in prop::collection::vec(any::<u8>(), 0..200), kind in 0_u8..24) {
        let _ = Frame::parse(&body);
        let mut with_kind = vec![kind];
        with_kind.extend_from_slice(&body);
        if let Ok(frame) = Frame::parse(&with_kind) {
            let mut again = Vec::new();
            frame.encode(&mut again);
            prop_assert_eq!(Frame::parse(&again), Ok(frame.clone()));
            // There is one way to write a frame.
            prop_assert_eq!(again, with_kind);
        }
    }

    #[test]
    fn random_streams_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let now = Instant::now();
        let mut session = Session::new(Limits::default());
        session.attach(now, agree(&Limits::default(), &Limits::default()).0, false);
        let _ = session.receive(now, &mut BytesMut::from(&bytes[..]));
    }
}
