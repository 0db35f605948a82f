//! What comes after the end.

use actor_core::{Exit, ExitReason, Terminated};

use super::{
    frames::all_kinds,
    pair::{body, node},
    raw::{Raw, define, enclose, id, request},
};
use crate::protocol::{CloseReason, Event, Fault, Frame, Goodbye, Reply};

/// R100
#[test]
fn frames_behind_the_peers_goodbye_do_no_harm() {
    for code in [0, 1, 2, 3, 4, 5, 255] {
        for frame in all_kinds() {
            let mut raw = Raw::with_calls(true);
            raw.send(&define(0)).unwrap();
            let mut bytes = enclose(&Frame::Goodbye { code, text: "why" }, true);
            bytes.extend_from_slice(&enclose(&frame, true));
            let result = raw.send_bytes(&bytes);
            // The goodbye is told first, whatever follows it.
            let Some(Event::Goodbye(goodbye)) = raw.event() else { panic!("no goodbye") };
            assert_eq!(goodbye.to_wire(), (code, if code < 4 { "" } else { "why" }));
            assert_eq!(CloseReason::PeerGoodbye(goodbye).fault(), Fault::Nobody);
            raw.end(result);
        }
    }
}

/// R100
#[test]
fn frames_behind_this_sides_goodbye_are_dropped_unread() {
    for frame in all_kinds() {
        let mut raw = Raw::with_calls(true);
        raw.send(&define(0)).unwrap();
        raw.send(&Frame::Call { id: id(9, 0), request: request(b"x") }).unwrap();
        let Some(Event::Call(key, _)) = raw.event() else { panic!("no call") };
        raw.session.goodbye(Goodbye::ShuttingDown);
        let stats = raw.session.stats();
        let result = raw.send(&frame);
        assert_eq!(result, Err(CloseReason::OwnGoodbye(Goodbye::ShuttingDown)));
        assert!(raw.event().is_none());
        assert_eq!(raw.session.stats(), stats);
        // Nor is anything said.
        raw.session.reply(key, Reply::Value(body(5)));
        raw.session.terminated(7, Terminated::Stopped);
        raw.session.introduce(node(77), &[]);
        raw.session.watch(3).unwrap();
        raw.session.goodbye(Goodbye::Done);
        let sent = raw.sent();
        assert_eq!(Frame::parse(sent.last().unwrap()), Ok(Frame::Goodbye { code: 1, text: "" }));
        assert_eq!(sent.iter().filter(|body| body[0] == 12).count(), 1);
        raw.end(Ok(()));
    }
}

/// R100
#[test]
fn a_session_that_is_closed_takes_nothing_more_and_keeps_its_reason() {
    for frame in all_kinds() {
        let mut raw = Raw::with_calls(true);
        raw.send(&define(0)).unwrap();
        raw.session.close(&CloseReason::Truncated, node(1));
        raw.session.close(&CloseReason::Unread, node(3));
        let Err(error) = raw.session.call(raw.now, &super::pair::outgoing(raw.now, 1), body(1)) else {
            panic!("a call on a closed session")
        };
        assert!(error.to_string().contains(&CloseReason::Truncated.to_string()), "{error}");
        let before = raw.session.stats();
        let _ = raw.send(&frame);
        assert_eq!(raw.session.stats().calls_in, before.calls_in, "{frame:?}");
        assert_eq!(raw.session.stats().inbound_bytes, 0, "{frame:?}");
        assert!(raw.event().is_none(), "{frame:?}");
        assert!(raw.session.handle_timeout(raw.now + std::time::Duration::from_secs(100)).is_ok());
        raw.end(Ok(()));
    }
}

/// R83: the longest there is.
#[test]
fn a_long_chain_of_reasons_arrives_as_a_whole() {
    let text = "why ".repeat(64);
    let root = ExitReason::new(Exit::Panicked, &text);
    let reason = (0..20).fold(root, |reason, _| ExitReason::new(Exit::Escalated, &text).caused_by(&reason));
    let mut raw = Raw::with_calls(true);
    raw.send(&Frame::Watch { instance: 7 }).unwrap();
    assert!(matches!(raw.event(), Some(Event::Watch { instance: 7 })));
    let how = Terminated::Failed(Box::new(reason));
    raw.session.terminated(7, how.clone());
    assert_eq!(Frame::parse(raw.sent().last().unwrap()), Ok(Frame::Terminated { instance: 7, how }));
    raw.end(Ok(()));
}

#[test]
fn the_end_of_the_connection_is_not_told_to_a_watch_that_was_taken_back() {
    let mut raw = Raw::new();
    raw.session.watch(3).unwrap();
    raw.session.watch(4).unwrap();
    raw.session.goodbye(Goodbye::Done);
    raw.session.unwatch(3);
    raw.session.close(&CloseReason::OwnGoodbye(Goodbye::Done), node(1));
    assert!(matches!(raw.event(), Some(Event::Terminated { instance: 4, .. })));
    assert!(raw.event().is_none());
}
