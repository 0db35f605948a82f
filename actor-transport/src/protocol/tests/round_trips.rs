//! Calls, casts and what surrounds them, between two sessions that mean well.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, Wake, Waker},
    time::Duration,
};

use actor_core::{SystemError, Terminated};
use bytes::Bytes;

use super::pair::{METHOD, Pair, body, node, outgoing};
use crate::{
    Limits,
    protocol::{Delivery, Event, MethodKey, OutgoingCall, Recipient, Reply, ReplyBody},
};

#[test]
fn a_call_arrives_as_it_was_made_and_its_reply_too() {
    let mut pair = Pair::new();
    let call = OutgoingCall { trace: Some([9; 25]), chain: b"chain", ..outgoing(pair.now, 42) };
    let key = pair.client.session.call(pair.now, &call, body(100)).unwrap();
    assert!(pair.poll(key).is_pending());
    pair.settle();

    let (inbound, call) = pair.received().unwrap();
    assert_eq!((call.instance, call.trace, &call.chain[..]), (42, Some([9; 25]), &b"chain"[..]));
    assert_eq!((call.method.hash, &*call.method.name), (METHOD.hash, METHOD.name));
    assert_eq!(&*call.method.signature, METHOD.signature);
    assert_eq!(call.remaining, Duration::from_secs(10));
    assert_eq!(call.body, body(100).into_bytes());

    pair.reply(inbound, 60);
    pair.settle();
    assert_eq!(pair.value(key), body(60).into_bytes());
    pair.assert_at_rest();
}

/// The last of the callers whose replies came together is the one that sends for all.
#[test]
fn others_are_expected_while_replies_wait_for_their_callers() {
    let mut pair = Pair::new();
    let keys = [pair.call(1, 10), pair.call(1, 10)];
    assert!(!pair.client.session.is_last_caller(false));
    pair.settle();
    while let Some((inbound, _)) = pair.received() {
        pair.reply(inbound, 10);
    }
    pair.settle();
    assert_eq!(pair.client.session.answers_not_taken(), 2);
    pair.value(keys[0]);
    pair.call(1, 10);
    assert!(!pair.client.session.is_last_caller(false));
    pair.value(keys[1]);
    pair.call(1, 10);
    assert_eq!(pair.client.session.answers_not_taken(), 0);
    assert!(pair.client.session.is_last_caller(false));
    pair.settle();
    assert!(!pair.client.session.is_last_caller(false));
}

/// The peer runs one half while the other one is made.
#[test]
fn half_of_the_calls_in_flight_are_enough_for_a_write() {
    let mut pair = Pair::new();
    for (in_flight, enough) in [(64, 32), (100, 50), (32, 16), (31, 16)] {
        let keys: Vec<_> = (0..in_flight).map(|_| pair.call(1, 10)).collect();
        pair.settle();
        assert!(!pair.client.session.has_enough());
        while let Some((inbound, _)) = pair.received() {
            pair.reply(inbound, 10);
        }
        pair.settle();
        keys.iter().for_each(|key| drop(pair.value(*key)));
        let unanswered: Vec<_> = (0..in_flight - enough).map(|_| pair.call(1, 10)).collect();
        pair.settle();
        let again: Vec<_> = (0..enough).map(|_| (pair.client.session.has_enough(), pair.call(1, 10)).0).collect();
        assert!(!again.contains(&true), "{enough} of {in_flight}");
        assert!(pair.client.session.has_enough(), "{enough} of {in_flight}");
        unanswered.iter().for_each(|key| pair.client.session.cancel(pair.now, *key));
        pair.settle();
        while let Some(event) = pair.server.events.pop_front() {
            if let Event::Call(inbound, _) = event {
                pair.reply(inbound, 10);
            }
        }
        pair.settle();
    }
}

#[test]
fn a_few_calls_are_sent_together() {
    let mut pair = Pair::new();
    for _ in 0..30 {
        pair.call(1, 10);
        assert!(!pair.client.session.has_enough());
    }
    pair.call(1, 10);
    assert!(pair.client.session.has_enough());
}

#[test]
fn many_bytes_are_enough_for_a_write() {
    let mut pair = Pair::new();
    for _ in 0..8 {
        assert!(!pair.client.session.has_enough());
        pair.call(1, 1024);
    }
    assert!(pair.client.session.has_enough());
}

#[test]
fn the_methods_own_error_and_the_systems_error_arrive_as_what_they_are() {
    let mut pair = Pair::new();
    let thrown = pair.call(1, 0);
    let failed = pair.call(1, 0);
    pair.settle();
    let (first, _) = pair.received().unwrap();
    let (second, _) = pair.received().unwrap();
    pair.server.session.reply(first, Reply::Thrown(body(5)));
    pair.server.session.reply(second, Reply::System(SystemError::UnknownActor { actor: "x".into() }));
    pair.settle();
    assert_eq!(pair.poll(thrown), Poll::Ready(Ok(ReplyBody::Thrown(body(5).into_bytes()))));
    assert_eq!(pair.error(failed), SystemError::UnknownActor { actor: "x".into() });
    pair.assert_at_rest();
}

#[test]
fn a_call_that_is_detached_keeps_nothing_of_what_was_read_with_it() {
    let mut pair = Pair::new();
    for chain in [&b""[..], b"chain"] {
        let call = OutgoingCall { chain, ..outgoing(pair.now, 1) };
        pair.client.session.call(pair.now, &call, body(100)).unwrap();
        pair.settle();
        let (_, mut call) = pair.received().unwrap();
        let before = (call.body.as_ptr(), call.body.clone(), call.chain.clone());
        call.detach();
        assert!(call.body.as_ptr() != before.0 && call.body == before.1 && call.chain == before.2);
        let detached = call.body.as_ptr();
        call.detach();
        assert_eq!(call.body.as_ptr(), detached);
    }
}

#[test]
fn the_name_of_a_method_travels_once() {
    let mut pair = Pair::new();
    let before = pair.client.session.stats().output_bytes;
    pair.call(1, 10);
    let first = pair.client.session.stats().output_bytes - before;
    pair.call(1, 10);
    let second = pair.client.session.stats().output_bytes - before - first;
    assert!(second < 40 && first > second + METHOD.name.len(), "{first} {second}");
}

#[test]
fn more_methods_than_the_table_holds_are_told_apart() {
    let limits = Limits { methods_max: 2, ..Limits::default() };
    let mut pair = Pair::with(limits, Limits::default());
    let names: Vec<String> = (0..5).map(|number| format!("method {number}")).collect();
    for round in [0, 1, 2, 3, 4, 0, 0, 4, 2, 1, 3, 3] {
        let method = MethodKey { hash: round as u64, name: &names[round], signature: "" };
        let call = OutgoingCall { method, ..outgoing(pair.now, 1) };
        pair.client.session.call(pair.now, &call, body(1)).unwrap();
        pair.settle();
        assert_eq!(*pair.received().unwrap().1.method.name, *names[round]);
    }
}

#[test]
fn calls_made_before_there_is_a_connection_arrive_in_order() {
    let limits = Limits::default();
    let mut pair = Pair::unattached(limits.clone(), limits.clone());
    pair.client.session.introduce(node(9), &["tcp://nine".into()]);
    let keys: Vec<_> = (0..10).map(|length| pair.call(1, length)).collect();
    let cast = pair.cast(1, 10);
    assert!(pair.client.session.poll_cast(cast, Waker::noop()).is_pending());
    pair.attach(&limits, &limits);
    assert!(pair.client.session.poll_cast(cast, Waker::noop()).is_ready());
    pair.settle();
    assert!(matches!(pair.server.events.pop_front(), Some(Event::Introduced { .. })));
    for (key, length) in keys.into_iter().zip(0..) {
        let (inbound, call) = pair.received().unwrap();
        assert_eq!(call.body.len(), length);
        pair.reply(inbound, 0);
        pair.settle();
        assert!(pair.value(key).is_empty());
    }
    let Some(Event::Cast(room, _)) = pair.server.events.pop_front() else { panic!("no cast") };
    pair.server.session.cast_done(room);
    pair.assert_at_rest();
}

/// A waker that counts how often it was used.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_caller_is_woken_once_its_reply_is_there() {
    let mut pair = Pair::new();
    let key = pair.call(1, 1);
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    assert!(pair.client.session.poll_reply(key, &waker).is_pending());
    assert!(pair.client.session.poll_reply(key, &waker).is_pending());
    pair.settle();
    let mut wakers = Vec::new();
    pair.client.session.take_wakers(&mut wakers);
    assert!(wakers.is_empty());
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 1);
    pair.settle();
    pair.client.session.take_wakers(&mut wakers);
    wakers.drain(..).for_each(Waker::wake);
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert!(pair.client.session.poll_reply(key, &waker).is_ready());
}

/// Waits outside the session.
#[derive(Debug, Default)]
struct Outside(Mutex<Vec<Option<ReplyBody>>>);

impl Recipient for Outside {
    fn deliver(&self, reply: Option<ReplyBody>) -> Option<Waker> {
        self.0.lock().unwrap().push(reply);
        None
    }
}

#[test]
fn callers_who_wait_outside_get_short_replies_and_the_word_that_there_is_something_else() {
    let mut pair = Pair::new();
    let keys = [pair.call(1, 1), pair.call(1, 1), pair.call(1, 1)];
    let callers = keys.map(|key| {
        let caller = Arc::new(Outside::default());
        assert!(pair.client.session.deliver_to(key, &caller).is_pending());
        caller
    });
    pair.settle();
    let mut deliveries = Vec::new();
    for _ in 0..2 {
        let (inbound, _) = pair.received().unwrap();
        pair.reply(inbound, 1);
        pair.settle();
        // Once into an empty vector, and once behind what is there.
        pair.client.session.take_deliveries(&mut deliveries);
    }
    let (inbound, _) = pair.received().unwrap();
    pair.server.session.reply(inbound, Reply::System(SystemError::Cancelled));
    pair.settle();
    pair.client.session.take_deliveries(&mut deliveries);
    assert_eq!(deliveries.len(), 3);
    for Delivery { to, reply } in deliveries {
        to.deliver(reply);
    }
    let [first, second, third] = callers.map(|caller| std::mem::take(&mut *caller.0.lock().unwrap()));
    let short = [Some(ReplyBody::Value(body(1).into_bytes()))];
    assert_eq!((&first[..], &second[..], &third[..]), (&short[..], &short[..], &[None][..]));
    let [.., failed] = keys;
    assert!(pair.client.session.poll_reply(failed, Waker::noop()).is_ready());
    // And who comes late has it at once.
    let late = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 1);
    pair.settle();
    assert!(pair.client.session.deliver_to(late, &Arc::new(Outside::default())).is_ready());
}

#[test]
fn a_key_that_was_used_up_is_good_for_nothing() {
    let mut pair = Pair::new();
    let key = pair.call(1, 1);
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 1);
    pair.reply(inbound, 2);
    pair.settle();
    assert_eq!(pair.value(key).len(), 1);
    let next = pair.call(1, 1);
    assert_eq!(pair.error(key), SystemError::Cancelled);
    pair.client.session.cancel(pair.now, key);
    assert!(pair.poll(next).is_pending());
    assert_eq!(pair.client.session.stats().calls_out, 1);
}

#[test]
fn a_node_is_introduced_once_and_never_to_itself() {
    let mut pair = Pair::new();
    let mut addresses: Vec<String> = (0..20).map(|number| format!("tcp://{number}")).collect();
    addresses[3] = "x".repeat(257);
    pair.client.session.introduce(node(9), &addresses);
    pair.client.session.introduce(node(9), &addresses);
    pair.client.session.introduce(node(2), &addresses);
    pair.settle();
    addresses.remove(3);
    match pair.server.events.pop_front() {
        Some(Event::Introduced { node: introduced, addresses: told }) => {
            assert_eq!(introduced, node(9));
            assert_eq!(told, addresses[..16]);
        }
        other => panic!("{other:?}"),
    }
    assert!(pair.server.events.is_empty());
}

#[test]
fn the_end_of_a_watched_actor_is_told_once() {
    let mut pair = Pair::new();
    pair.client.session.watch(5).unwrap();
    pair.client.session.watch(5).unwrap();
    pair.client.session.watch(6).unwrap();
    pair.client.session.unwatch(6);
    pair.settle();
    assert!(matches!(pair.server.events.pop_front(), Some(Event::Watch { instance: 5 })));
    assert!(matches!(pair.server.events.pop_front(), Some(Event::Watch { instance: 6 })));
    assert!(matches!(pair.server.events.pop_front(), Some(Event::Unwatch { instance: 6 })));
    assert!(pair.server.events.is_empty());
    for instance in [5, 5, 6, 7] {
        pair.server.session.terminated(instance, Terminated::Panicked);
    }
    pair.settle();
    assert!(matches!(
        pair.client.events.pop_front(),
        Some(Event::Terminated { instance: 5, how: Terminated::Panicked })
    ));
    assert!(pair.client.events.is_empty());
    pair.assert_at_rest();
}

#[test]
fn a_watch_taken_back_while_the_end_is_told_is_no_anomaly() {
    let mut pair = Pair::new();
    pair.client.session.watch(5).unwrap();
    pair.settle();
    pair.client.session.unwatch(5);
    pair.server.session.terminated(5, Terminated::Stopped);
    pair.settle();
    assert!(pair.client.events.is_empty());
    pair.assert_at_rest();
}

/// Who watches an actor anew while the news of its end is on its way takes that for the answer, and may ask again.
#[test]
fn an_actor_that_has_ended_may_be_watched_again_and_again() {
    let mut pair = Pair::new();
    for _ in 0..200 {
        pair.client.session.watch(7).unwrap();
        pair.client_sends(usize::MAX);
        pair.server.session.terminated(7, Terminated::NoSuchActor);
        pair.client.session.unwatch(7);
        pair.client.session.watch(7).unwrap();
        pair.server_sends(usize::MAX);
        assert!(matches!(pair.client.events.pop_front(), Some(Event::Terminated { instance: 7, .. })));
        pair.client.session.watch(7).unwrap();
        pair.client_sends(usize::MAX);
        pair.server.session.terminated(7, Terminated::NoSuchActor);
        pair.settle();
        assert!(matches!(pair.client.events.pop_front(), Some(Event::Terminated { instance: 7, .. })));
        assert!(pair.client.events.is_empty());
        pair.server.events.clear();
    }
    pair.assert_at_rest();
}

#[test]
fn system_messages_pass_and_are_bounded() {
    let mut pair = Pair::new();
    pair.client.session.system(Bytes::from_static(b"gossip")).unwrap();
    pair.settle();
    assert!(matches!(pair.server.events.pop_front(), Some(Event::System(bytes)) if bytes == "gossip"));
    let chunk = Bytes::from(vec![0; 16 * 1024]);
    let too_long = Bytes::from(vec![0; 16 * 1024 + 1]);
    assert!(matches!(pair.client.session.system(too_long), Err(SystemError::MessageTooLarge { .. })));
    let error = (0..100).find_map(|_| pair.client.session.system(chunk.clone()).err());
    assert!(matches!(error, Some(SystemError::Overloaded { .. })));
    pair.settle();
    assert_eq!(pair.client.session.system(chunk), Ok(()));
}

/// R69
#[test]
fn system_messages_go_ahead_of_what_waits_for_its_turn_or_for_credit() {
    let mut pair = Pair::new();
    // More than there is credit for, and calls of the same actor behind it.
    for instance in 0..4 {
        pair.call(instance, 4 << 20);
        pair.call(instance, 10);
    }
    assert!(pair.client_sends(20_000));
    assert!(pair.server.events.is_empty());
    pair.client.session.system(Bytes::from_static(b"gossip")).unwrap();
    assert!(pair.client_sends(20_000));
    assert!(matches!(pair.server.events.pop_front(), Some(Event::System(bytes)) if bytes == "gossip"));
    assert!(pair.server.events.is_empty());
}

#[test]
fn what_the_protocol_cannot_carry_is_refused_before_anything_is_sent() {
    let mut pair = Pair::new();
    let long = "x".repeat(8193);
    let call = |method| OutgoingCall { method, ..outgoing(pair.now, 1) };
    let cases = [
        call(MethodKey { name: &long[..1025], ..METHOD }),
        call(MethodKey { signature: &long[..4097], ..METHOD }),
        OutgoingCall { chain: long.as_bytes(), ..call(METHOD) },
    ];
    for call in cases {
        let error = pair.client.session.call(pair.now, &call, body(0)).unwrap_err();
        assert!(matches!(error, SystemError::Unencodable { .. }), "{error}");
    }
    let limit = 4 * 1024 * 1024;
    let error = pair.client.session.call(pair.now, &call(METHOD), body(limit + 1)).unwrap_err();
    assert_eq!(error, SystemError::MessageTooLarge { length: limit as u64 + 1, limit: limit as u64 });
    pair.assert_at_rest();
}

#[test]
fn a_message_that_only_the_peer_finds_too_long_fails_once_the_peer_is_known() {
    let ours = Limits::default();
    let theirs = Limits { message_length_max: 1000, ..Limits::default() };
    let mut pair = Pair::unattached(ours.clone(), theirs.clone());
    let long = pair.call(1, 1001);
    let fits = pair.call(1, 1000);
    pair.attach(&ours, &theirs);
    assert_eq!(pair.error(long), SystemError::MessageTooLarge { length: 1001, limit: 1000 });
    pair.settle();
    let (inbound, _) = pair.received().unwrap();
    pair.reply(inbound, 1001);
    pair.settle();
    assert_eq!(pair.error(fits), SystemError::ReplyTooLarge { length: 1001, limit: 1000 });
    pair.assert_at_rest();
}
