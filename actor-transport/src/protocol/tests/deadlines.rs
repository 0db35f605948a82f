//! Deadlines in each state of a call, and pings.

use std::{task::Poll, time::Duration};

use actor_core::{Outcome, SystemError};

use super::pair::{Pair, TIMEOUT, body, outgoing};
use crate::{
    Limits,
    protocol::{CloseReason, Event, OutgoingCall},
};

const MILLISECOND: Duration = Duration::from_millis(1);
const CHUNK: usize = 16 * 1024;

/// Only deadlines count here.
fn patient() -> Limits {
    Limits { silence_max: Duration::from_secs(10_000), ..Limits::default() }
}

fn deadline(outcome: Outcome) -> SystemError {
    SystemError::Deadline { after: TIMEOUT, outcome }
}

#[test]
fn a_call_without_a_connection_ends_exactly_at_its_deadline() {
    let mut pair = Pair::unattached(patient(), patient());
    let key = pair.call(1, 1);
    assert!(pair.client.session.wants_transmit());
    assert_eq!(pair.client.session.next_timeout(), Some(pair.now + TIMEOUT));
    pair.advance(TIMEOUT - MILLISECOND);
    assert!(pair.poll(key).is_pending());
    pair.advance(MILLISECOND);
    assert_eq!(pair.error(key), deadline(Outcome::NotExecuted));
    assert_eq!(pair.client.session.stats(), Default::default());
    assert_eq!(pair.client.session.next_timeout(), None);
}

#[test]
fn a_call_that_waits_for_room_or_in_a_lane_was_not_executed() {
    let one = Limits { calls_in_flight_max: 2, ..patient() };
    let mut pair = Pair::with(one, patient());
    let partly = pair.call(1, 10 * CHUNK);
    pair.client_sends(1);
    let in_lane = pair.call(1, 1);
    let waiting = pair.call(1, 1);
    pair.advance(TIMEOUT);
    for key in [partly, in_lane, waiting] {
        assert_eq!(pair.error(key), deadline(Outcome::NotExecuted));
    }
    pair.settle();
    assert!(pair.server.events.is_empty());
    pair.assert_at_rest();
}

#[test]
fn a_call_that_was_sent_may_have_run_and_its_late_reply_is_dropped() {
    let mut pair = Pair::with(patient(), patient());
    let key = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.advance(TIMEOUT);
    assert_eq!(pair.error(key), deadline(Outcome::Unknown));
    pair.settle();
    assert!(matches!(pair.server.events.pop_front(), Some(Event::Cancel(cancelled)) if cancelled == inbound));
    assert_eq!(pair.client.session.stats().calls_out, 1);
    pair.reply(inbound, 10);
    pair.settle();
    pair.assert_at_rest();
}

#[test]
fn a_reply_that_nobody_takes_gives_its_room_back_at_the_deadline() {
    let mut pair = Pair::with(patient(), patient());
    let key = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 10);
    pair.settle();
    pair.advance(TIMEOUT);
    assert_eq!(pair.client.session.stats().inbound_bytes, 0);
    assert_eq!(pair.error(key), deadline(Outcome::Unknown));
    pair.settle();
    pair.assert_at_rest();
}

#[test]
fn each_call_has_its_own_deadline() {
    let mut pair = Pair::with(patient(), patient());
    let after = |now, ms| OutgoingCall { deadline: now + Duration::from_millis(ms), ..outgoing(now, 1) };
    let call = after(pair.now, 50);
    let late = pair.client.session.call(pair.now, &call, body(1)).unwrap();
    let call = after(pair.now, 20);
    let early = pair.client.session.call(pair.now, &call, body(1)).unwrap();
    assert_eq!(pair.client.session.next_timeout(), Some(call.deadline));
    pair.advance(Duration::from_millis(20));
    assert!(pair.poll(early).is_ready() && pair.poll(late).is_pending());
    assert_eq!(pair.client.session.next_timeout(), Some(call.deadline + Duration::from_millis(30)));
    pair.advance(Duration::from_millis(30));
    assert!(pair.poll(late).is_ready());
}

#[test]
fn a_deadline_is_cut_to_an_hour_and_travels_rounded_up() {
    let mut pair = Pair::with(patient(), patient());
    for (given, told) in [
        (Duration::from_secs(1_000_000_000), Duration::from_secs(3600)),
        (Duration::from_micros(1500), Duration::from_millis(2)),
        (Duration::from_nanos(1), MILLISECOND),
        (Duration::ZERO, Duration::ZERO),
    ] {
        let call = OutgoingCall { deadline: pair.now + given, ..outgoing(pair.now, 1) };
        pair.client.session.call(pair.now, &call, body(0)).unwrap();
        pair.settle();
        assert_eq!(pair.received().unwrap().1.remaining, told);
    }
    pair.advance(Duration::from_secs(3600));
    assert_eq!(pair.client.session.stats().callers, 4);
    assert!(pair.client.session.next_timeout().unwrap() > pair.now);
}

#[test]
fn a_call_whose_chunks_stop_is_answered_at_its_deadline() {
    let mut pair = Pair::with(patient(), patient());
    pair.call(1, 10 * CHUNK);
    pair.client_sends(1);
    assert_eq!(pair.server.session.next_timeout(), Some(pair.now + Duration::from_secs(1)));
    pair.server.session.handle_timeout(pair.now + TIMEOUT).unwrap();
    assert_eq!(pair.server.session.stats().inbound_bytes, 0);
    assert_eq!(pair.server.session.stats().calls_in, 1);
    pair.settle();
    assert!(pair.server.events.is_empty());
    pair.assert_slots_free();
}

impl Pair {
    fn assert_slots_free(&mut self) {
        for side in [&self.client, &self.server] {
            let stats = side.session.stats();
            assert_eq!((stats.calls_in, stats.calls_out, stats.anomalies), (0, 0, 0));
        }
    }
}

#[test]
fn a_ping_asks_the_writer_for_one_pong() {
    let mut pair = Pair::new();
    pair.client_sends(1);
    pair.server_sends(1);
    let mut ping = bytes::BytesMut::from(&[1, 0, 0, 0, 0, 0, 0, 0, 9][..]);
    ping[4..8].copy_from_slice(&crc32fast::hash(&[9]).to_le_bytes());
    assert!(!pair.client.session.wants_transmit());
    pair.client.session.receive(pair.now, &mut ping).unwrap();
    assert!(pair.client.session.wants_transmit());
    pair.client_sends(1);
    assert!(!pair.client.session.wants_transmit() && !pair.client_sends(1));
}

/// R56
#[test]
fn a_silent_peer_is_pinged_each_second_and_given_up_after_five() {
    let mut pair = Pair::new();
    for second in 1..5 {
        let at = pair.client.session.next_timeout().unwrap();
        assert_eq!(at, pair.now + Duration::from_secs(1));
        pair.now = at;
        assert_eq!(pair.client.session.handle_timeout(pair.now), Ok(()));
        assert!(pair.client.session.stats().output_bytes > 0, "no ping in second {second}");
        let mut out = Default::default();
        pair.client.session.transmit(pair.now, 1, &mut out);
    }
    pair.now += Duration::from_secs(1);
    let silent = Err(CloseReason::Silent { ms: 5000 });
    assert_eq!(pair.client.session.handle_timeout(pair.now), silent);
    assert_eq!(pair.client.session.handle_timeout(pair.now), silent);
    assert_eq!(pair.client.session.next_timeout(), None);
}

#[test]
fn a_quiet_connection_lives_on_pings() {
    let mut pair = Pair::new();
    for _ in 0..100 {
        pair.advance(Duration::from_millis(500));
        pair.settle();
    }
    assert!(matches!(pair.client.session.next_timeout(), Some(at) if at > pair.now));
    pair.assert_at_rest();
}

#[test]
fn part_of_a_frame_is_a_sign_of_life() {
    let mut pair = Pair::new();
    for _ in 0..20 {
        pair.now += Duration::from_secs(1);
        let mut byte = bytes::BytesMut::from(&[9_u8][..]);
        pair.client.session.receive(pair.now, &mut byte).unwrap();
        assert_eq!(pair.client.session.handle_timeout(pair.now), Ok(()));
    }
}

#[test]
fn a_clock_that_goes_back_does_no_harm() {
    let mut pair = Pair::new();
    let key = pair.call(1, 1);
    let before = pair.now.checked_sub(Duration::from_secs(3)).unwrap_or(pair.now);
    assert_eq!(pair.client.session.handle_timeout(before), Ok(()));
    assert_eq!(pair.poll(key), Poll::Pending);
}
