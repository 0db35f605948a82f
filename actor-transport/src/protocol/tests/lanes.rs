//! Large messages, and what passes them.

use std::collections::VecDeque;

use actor_core::{EncodeBuffer, Terminated};
use bytes::Bytes;

use super::{
    pair::{Pair, body, node, outgoing},
    raw::enclose,
};
use crate::{
    Limits,
    protocol::{CloseReason, Event, Frame, Reply},
};

const MIB: usize = 1 << 20;
const CHUNK: usize = 16 * 1024;

/// R39
#[test]
fn a_large_argument_does_not_delay_a_small_call_to_another_actor() {
    let mut pair = Pair::new();
    let large = pair.call(1, MIB);
    pair.client_sends(1);
    let small = pair.call(2, 10);
    pair.client_sends(1);
    let (inbound, call) = pair.received().unwrap();
    assert_eq!(call.instance, 2);
    pair.reply(inbound, 1);
    pair.server_sends(1);
    assert_eq!(pair.value(small).len(), 1);
    pair.settle();
    let (inbound, call) = pair.received().unwrap();
    assert_eq!(call.body, body(MIB).into_bytes());
    pair.reply(inbound, MIB);
    pair.settle();
    assert_eq!(pair.value(large), body(MIB).into_bytes());
    pair.assert_at_rest();
}

/// R61
#[test]
fn a_small_call_to_the_same_actor_stays_behind_a_large_one() {
    let mut pair = Pair::new();
    for length in [MIB, 10, 3 * CHUNK, 0] {
        pair.call(1, length);
    }
    pair.cast(1, 20);
    pair.cast(1, 5 * CHUNK);
    pair.call(1, 1);
    pair.settle();
    let lengths: Vec<usize> = std::iter::from_fn(|| pair.server.events.pop_front())
        .map(|event| match event {
            Event::Call(_, call) | Event::Cast(_, call) => call.body.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [MIB, 10, 3 * CHUNK, 0, 20, 5 * CHUNK, 1]);
}

/// R39
#[test]
fn large_messages_share_the_connection_in_turn() {
    let mut pair = Pair::new();
    for instance in 0..4 {
        pair.call(instance, 10 * CHUNK + 1);
    }
    // One chunk of each: four turns for each of the eleven.
    for _ in 0..40 {
        assert!(pair.client_sends(1));
        assert!(pair.server.events.is_empty());
        // The news of their arrival.
        pair.server_sends(1);
    }
    pair.client_sends(1);
    assert_eq!(pair.received().unwrap().1.instance, 0);
}

/// R61
#[test]
fn what_an_actor_says_leaves_in_order_and_others_pass() {
    let mut pair = Pair::new();
    let first = pair.call(1, 0);
    let second = pair.call(1, 0);
    let other = pair.call(2, 0);
    pair.client.session.watch(1).unwrap();
    pair.settle();
    let keys: Vec<_> = (0..3).map(|_| pair.received().unwrap().0).collect();
    pair.reply(keys[0], MIB);
    pair.reply(keys[1], 5);
    pair.server.session.terminated(1, Terminated::Stopped);
    pair.reply(keys[2], 5);
    pair.server_sends(1);
    assert_eq!(pair.value(other).len(), 5);
    assert!(pair.poll(first).is_pending() && pair.poll(second).is_pending());
    while pair.poll(first).is_pending() {
        assert!(pair.client.events.is_empty());
        assert!(pair.server_sends(1));
        pair.client_sends(1);
    }
    pair.settle();
    assert_eq!(pair.value(second).len(), 5);
    assert!(matches!(pair.client.events.pop_front(), Some(Event::Terminated { instance: 1, .. })));
}

#[test]
fn a_long_byte_string_is_not_copied_on_its_way_out() {
    let mut pair = Pair::new();
    let long = Bytes::from(vec![3; 7 * CHUNK]);
    let whole = long.as_ptr() as usize..long.as_ptr() as usize + long.len();
    let mut message = EncodeBuffer::new();
    message.put_slice(b"head");
    message.put_bytes(long);
    pair.client.session.call(pair.now, &outgoing(pair.now, 1), message).unwrap();
    let mut out = VecDeque::new();
    pair.client.session.transmit(pair.now, usize::MAX, &mut out);
    let uncopied: usize = out.iter().filter(|bytes| whole.contains(&(bytes.as_ptr() as usize))).map(Bytes::len).sum();
    assert_eq!(uncopied, 7 * CHUNK);
}

/// R39: what lies in the buffers on the way is what a small message would have to wait for.
#[test]
fn no_more_than_the_window_is_on_its_way_before_the_peer_tells_of_its_arrival() {
    let mut pair = Pair::new();
    pair.call(1, MIB);
    pair.call(2, MIB);
    let mut out = VecDeque::new();
    while pair.client.session.transmit(pair.now, 1, &mut out) {}
    let sent: usize = out.iter().map(Bytes::len).sum();
    assert!((128 * 1024..129 * 1024).contains(&sent), "{sent}");
    assert!(!pair.client.session.wants_transmit() && !pair.client.session.is_idle());
    pair.call(3, 1);
    assert!(pair.client.session.wants_transmit(), "a small message waits for nothing");
}

/// R39: what is on its way is what the next small message would have to wait for.
#[test]
fn more_is_on_its_way_where_no_small_message_has_passed_for_a_while() {
    for streams in [0, 2] {
        // What passes, and how many KiB may be on its way then.
        for (small, least) in [(None, 256), (Some(2), 64)] {
            let mut pair = Pair::with_streams(&Limits::default(), streams);
            pair.call(1, 2 * MIB);
            // The round trip is known, and everything has arrived.
            pair.client_sends(usize::MAX);
            pair.server_sends(usize::MAX);
            if let Some(instance) = small {
                pair.call(instance, 1);
            }
            pair.client_sends(1);
            pair.server_sends(usize::MAX);
            let mut sent = 0;
            let (mut out, mut bulk) = (VecDeque::new(), vec![VecDeque::new(); streams]);
            while pair.client.session.transmit_all(pair.now, usize::MAX, &mut out, &mut bulk) {
                sent +=
                    std::iter::once(&mut out).chain(&mut bulk).flat_map(std::mem::take).map(|b| b.len()).sum::<usize>();
            }
            let bounds = (least - 32) * 1024..=(least + 17) * 1024;
            assert!(bounds.contains(&sent), "{streams} {small:?}: {sent}");
        }
    }
}

/// R39
#[test]
fn a_peer_that_does_not_tell_of_arrivals_is_given_up() {
    for streams in [0, 2] {
        let mut pair = Pair { is_prompt: false, ..Pair::with_streams(&Limits::default(), streams) };
        pair.call(1, MIB);
        while pair.client_sends(usize::MAX) {}
        let stall = pair.now + Limits::default().write_stall_max;
        let step = std::time::Duration::from_millis(500);
        while pair.now + step < stall {
            pair.now += step;
            // Whatever else it says, and however often it is looked for something to send.
            let mut other = bytes::BytesMut::from(&enclose(&Frame::System(b"alive"), false)[..]);
            pair.client.session.receive(pair.now, &mut other).unwrap();
            pair.client_sends(usize::MAX);
            assert_eq!(pair.client.session.handle_timeout(pair.now), Ok(()));
        }
        assert_eq!(pair.client.session.next_timeout(), Some(stall));
        assert_eq!(pair.client.session.handle_timeout(stall), Err(CloseReason::WriteStalled { ms: 5000 }));
    }
}

/// R39
#[test]
fn a_peer_that_does_not_tell_of_arrivals_is_kept_when_nothing_waits_for_them() {
    let mut pair = Pair::new();
    let call = pair.call(1, MIB);
    let mut out = VecDeque::new();
    while pair.client.session.transmit(pair.now, usize::MAX, &mut out) {}
    pair.client.session.cancel(pair.now, call);
    while pair.client.session.transmit(pair.now, usize::MAX, &mut out) {}
    let stall = pair.now + Limits::default().write_stall_max;
    while pair.now <= stall {
        pair.now += std::time::Duration::from_millis(500);
        let mut other = bytes::BytesMut::from(&enclose(&Frame::System(b"alive"), true)[..]);
        pair.client.session.receive(pair.now, &mut other).unwrap();
        assert_eq!(pair.client.session.handle_timeout(pair.now), Ok(()));
    }
}

/// R39: who has nothing else to say says that much has arrived.
#[test]
fn a_quarter_of_the_window_has_to_be_told_of_at_once() {
    let mut pair = Pair::new();
    pair.call(1, MIB);
    assert!(pair.client_sends(1) && !pair.server.session.is_arrival_due());
    // It has a deadline to look for, and nothing to say.
    assert!(!pair.server_sends(usize::MAX) && !pair.server.session.wants_transmit());
    assert!(pair.client_sends(1));
    assert!(pair.server.session.is_arrival_due() && pair.server.session.wants_transmit());
    assert!(pair.server_sends(usize::MAX));
    assert!(!pair.server.session.is_arrival_due() && !pair.server.session.wants_transmit());
}

#[test]
fn large_messages_arrive_in_both_directions_at_once_however_small_the_chunks_are() {
    for chunk_length_max in [1024, 16 * 1024, 256 * 1024] {
        let limits = Limits { chunk_length_max, ..Limits::default() };
        let mut pair = Pair::with(limits.clone(), limits);
        let calls: Vec<_> = (0..6).map(|instance| pair.call(instance % 2, MIB + 1)).collect();
        pair.settle();
        while let Some((key, call)) = pair.received() {
            assert_eq!(call.body.len(), MIB + 1);
            pair.reply(key, MIB + 1);
            pair.settle();
        }
        for call in calls {
            assert_eq!(pair.value(call).len(), MIB + 1);
        }
        pair.assert_at_rest();
    }
}

#[test]
fn a_message_of_exactly_one_chunk_is_not_cut_and_one_byte_more_is() {
    let mut pair = Pair::new();
    for length in [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1] {
        let key = pair.call(1, length);
        pair.settle();
        let (inbound, call) = pair.received().unwrap();
        assert_eq!(call.body, body(length).into_bytes());
        pair.server.session.reply(inbound, Reply::Thrown(body(length)));
        pair.settle();
        assert!(pair.poll(key).is_ready());
    }
    pair.assert_at_rest();
}

#[test]
fn a_message_of_which_a_part_has_left_wants_to_be_sent_on() {
    let mut pair = Pair::new();
    pair.call(1, 4 * CHUNK);
    while pair.client.session.stats().output_bytes > 0 {
        pair.client_sends(1);
    }
    assert!(pair.client.session.wants_transmit() && !pair.client.session.is_idle());
    pair.client.session.close(&CloseReason::EndOfStream, node(2));
    assert!(!pair.client_sends(usize::MAX));
}

#[test]
fn a_large_call_that_is_cancelled_does_not_take_others_with_it() {
    let mut pair = Pair::new();
    let keys = [pair.call(1, 4 * CHUNK), pair.call(2, 4 * CHUNK), pair.call(3, 4 * CHUNK)];
    pair.client.session.cancel(pair.now, keys[0]);
    pair.client.session.cancel(pair.now, keys[2]);
    pair.settle();
    let (inbound, call) = pair.received().unwrap();
    assert_eq!((call.instance, call.body.len(), pair.server.events.len()), (2, 4 * CHUNK, 0));
    pair.reply(inbound, 1);
    pair.settle();
    assert_eq!(pair.value(keys[1]).len(), 1);
    pair.settle();
    pair.assert_at_rest();
}
