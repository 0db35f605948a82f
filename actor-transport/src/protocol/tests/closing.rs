//! The end of a session, from this side and from the other.

use std::task::Waker;

use actor_core::{NodeId, Outcome, SystemError, Terminated};

use super::pair::{Pair, body, node, outgoing};
use crate::{
    Limits,
    protocol::{CloseReason, Event, Fault, FrameError, Goodbye, Reply},
};

#[test]
fn calls_that_had_begun_are_lost_and_calls_that_waited_were_not_executed() {
    let mut pair = Pair::with(Limits { calls_in_flight_max: 1, ..Limits::default() }, Limits::default());
    let begun = pair.call(1, 1);
    let waiting = pair.call(1, 1);
    let cast = pair.cast(1, 1);
    pair.client.session.close(&CloseReason::EndOfStream, node(2));
    let error = pair.error(begun);
    assert_eq!(error.outcome(), Outcome::Unknown);
    let SystemError::Network(network) = &error else { panic!("{error}") };
    assert_eq!(network.node(), node(2));
    assert!(error.to_string().contains("without a goodbye"), "{error}");
    let error = pair.error(waiting);
    assert!(matches!(error, SystemError::Connect { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    assert!(matches!(pair.client.session.poll_cast(cast, Waker::noop()), std::task::Poll::Ready(Err(_))));
    assert_eq!(pair.client.session.call(pair.now, &outgoing(pair.now, 1), body(0)), Err(error));
    assert_eq!(pair.client.session.next_timeout(), None);
    pair.client.session.cancel(pair.now, begun);
    assert_eq!(pair.client.session.stats().callers, 0);
}

#[test]
fn the_peers_calls_are_cancelled_and_watches_end_with_the_session() {
    let mut pair = Pair::new();
    pair.client.session.watch(8).unwrap();
    pair.call(1, 1);
    pair.call(2, 1);
    pair.settle();
    pair.server.events.clear();
    pair.client.session.close(&CloseReason::EndOfStream, node(2));
    assert!(matches!(
        pair.client.session.poll_event(),
        Some(Event::Terminated { instance: 8, how: Terminated::NodeLost(_) })
    ));
    pair.server.session.close(&CloseReason::EndOfStream, node(1));
    for _ in 0..2 {
        let Some(Event::Cancel(key)) = pair.server.session.poll_event() else { panic!("no cancellation") };
        pair.server.session.reply(key, Reply::Value(body(1)));
    }
    assert!(pair.server.session.poll_event().is_none());
    assert!(!pair.server.session.wants_transmit());
}

#[test]
fn a_session_that_finds_no_peer_fails_all_calls_with_the_reason() {
    let mut pair = Pair::unattached(Limits::default(), Limits::default());
    let key = pair.call(1, 1);
    let error = SystemError::NodeReplaced { old: node(2), new: NodeId::from_bits(3) };
    pair.client.session.refuse_all(error.clone(), node(2));
    assert_eq!(pair.error(key), error);
    assert_eq!(pair.client.session.call(pair.now, &outgoing(pair.now, 1), body(0)), Err(error));
}

#[test]
fn a_goodbye_is_the_last_frame_and_says_why() {
    let mut pair = Pair::new();
    pair.client.session.goodbye(Goodbye::ShuttingDown);
    let waiting = pair.call(1, 1);
    assert!(pair.client.session.wants_transmit());
    pair.client_sends(usize::MAX);
    assert!(!pair.client.session.wants_transmit());
    match pair.server.events.pop_front() {
        Some(Event::Goodbye(goodbye)) => {
            assert_eq!(goodbye, Goodbye::ShuttingDown);
            let reason = CloseReason::PeerGoodbye(goodbye);
            assert_eq!(reason.fault(), Fault::Nobody);
            pair.server.session.close(&reason, node(1));
        }
        other => panic!("{other:?}"),
    }
    let own = CloseReason::OwnGoodbye(Goodbye::ShuttingDown);
    let mut late = bytes::BytesMut::from(&[1, 2, 3][..]);
    assert_eq!(pair.client.session.receive(pair.now, &mut late), Err(own.clone()));
    pair.client.session.close(&own, node(2));
    assert!(matches!(pair.error(waiting), SystemError::Connect { .. }));
}

#[test]
fn a_peer_that_breaks_the_protocol_is_told_how() {
    let mut pair = Pair::new();
    let mut garbage = bytes::BytesMut::from(&[0xff; 64][..]);
    let reason = pair.server.session.receive(pair.now, &mut garbage).unwrap_err();
    assert!(matches!(reason, CloseReason::FrameLength { length: u32::MAX, .. }));
    assert_eq!(reason.fault(), Fault::Peer);
    pair.server_sends(usize::MAX);
    match pair.client.events.pop_front() {
        Some(Event::Goodbye(Goodbye::Protocol(text))) => assert_eq!(*text, *reason.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_reason_says_who_is_at_fault_and_what_the_peer_is_told() {
    let protocol = |reason: &CloseReason| Goodbye::Protocol(reason.to_string().into());
    for reason in [
        CloseReason::Silent { ms: 1 },
        CloseReason::WriteStalled { ms: 1 },
        CloseReason::Truncated,
        CloseReason::EndOfStream,
        CloseReason::TransportError("reset".into()),
        CloseReason::ChecksumMismatch,
    ] {
        assert_eq!((reason.fault(), reason.goodbye()), (Fault::Network, protocol(&reason)));
    }
    for reason in [
        CloseReason::Unread,
        CloseReason::CallIdReused,
        CloseReason::CreditExceeded { of: "casts" },
        CloseReason::Garbage(FrameError::UnknownKind(0)),
    ] {
        assert_eq!((reason.fault(), reason.goodbye()), (Fault::Peer, protocol(&reason)));
    }
    let (theirs, own) = (Goodbye::ShuttingDown, Goodbye::Duplicate);
    let reason = CloseReason::PeerGoodbye(theirs);
    assert_eq!((reason.fault(), reason.goodbye()), (Fault::Nobody, Goodbye::Done));
    let reason = CloseReason::OwnGoodbye(own.clone());
    assert_eq!((reason.fault(), reason.goodbye()), (Fault::Nobody, own));
}

#[test]
fn nothing_follows_the_goodbye_of_a_session_that_failed() {
    let mut pair = Pair::new();
    let key = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.server.session.goodbye(Goodbye::Done);
    let before = pair.server.session.stats().output_bytes;
    pair.reply(inbound, 10);
    let ping = bytes::BytesMut::from(&[0; 10][..]);
    let _ = pair.server.session.receive(pair.now, &mut ping.clone());
    assert_eq!(pair.server.session.stats().output_bytes, before);
    pair.client.session.cancel(pair.now, key);
}
