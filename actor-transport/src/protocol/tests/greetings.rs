//! Greetings in which every field, byte and length is something else.

use bytes::BytesMut;
use proptest::prelude::*;

use super::{
    frames::all_kinds,
    handshaking::{config, enclose, hello, input},
    pair::node,
    raw,
};
use crate::{
    Limits,
    protocol::{Handshake, HandshakeError, HelloConfig, Progress, Reject, Session},
};

/// The acceptor that the dialer below wants to reach.
fn acceptor() -> Handshake {
    Handshake::listen(HelloConfig { realm: Some([7; 32]), features: 0b11, ..config(2) })
}

/// A dialer that says all that can be said.
fn dialer() -> HelloConfig {
    HelloConfig {
        name: "name".into(),
        addresses: vec!["tcp://a:1".into(), "mem://b".into()],
        features: 0b01,
        realm: Some([7; 32]),
        expected: Some(node(2)),
        sessions: 3,
        ..config(1)
    }
}

fn body_of(greeting: &[u8]) -> Vec<u8> {
    greeting[10..].to_vec()
}

/// What an acceptor does with a greeting of this body; it says what is wrong, or a session comes of it.
fn offered(body: &[u8]) -> Result<(), HandshakeError> {
    let mut acceptor = acceptor();
    let result = acceptor.receive(&mut enclose(body));
    match result {
        Ok(Some(Progress::Offered(peer))) => {
            assert!(peer.addresses.len() <= 16 && peer.name.len() <= 255);
            assert_eq!((peer.realm, peer.expected.unwrap_or(node(2))), (Some([7; 32]), node(2)));
            assert_session(acceptor);
            Ok(())
        }
        Err(error) => {
            let answer = acceptor.transmit().expect("the dialer is told");
            let heard = match Handshake::dial(dialer()).receive(&mut input(&answer)) {
                Ok(Some(Progress::Rejected(reject))) => reject,
                other => panic!("{other:?}"),
            };
            match &error {
                HandshakeError::Malformed { .. } => assert!(matches!(heard, Reject::Malformed(_))),
                HandshakeError::VersionUnsupported { .. } => {
                    assert!(matches!(heard, Reject::VersionUnsupported { .. }));
                }
                HandshakeError::NodeReplaced { .. } => assert_eq!(heard, Reject::NodeReplaced { actual: node(2) }),
                HandshakeError::SelfConnection => assert_eq!(heard, Reject::SelfConnection),
                HandshakeError::OtherRealm => assert!(matches!(heard, Reject::Unauthorized(_))),
                // A realm whose tag has become that of a nonce.
                HandshakeError::NoSecret => assert_eq!(heard, Reject::NoSecret),
                other => panic!("{other:?}"),
            }
            assert_over(acceptor);
            Err(error)
        }
        other => panic!("a whole greeting leads to {other:?}"),
    }
}

/// A handshake that has failed takes nothing more, and says nothing more.
fn assert_over(mut handshake: Handshake) {
    assert_eq!(handshake.receive(&mut input(&hello(config(3)))).unwrap_err(), HandshakeError::OutOfOrder);
    assert_eq!(handshake.accept().unwrap_err(), HandshakeError::OutOfOrder);
    handshake.reject(&Reject::Duplicate);
    assert!(handshake.transmit().is_none());
}

/// Whatever was agreed, a session can work with it.
fn assert_session(mut acceptor: Handshake) {
    let agreed = acceptor.accept().unwrap();
    let limits = *agreed.limits();
    assert!((1..=limits.inbound_bytes_max / 2).contains(&limits.message_length_max), "{limits:?}");
    assert!((1024..=16 * 1024).contains(&limits.chunk_length_max), "{limits:?}");
    for slots in [limits.calls_in_flight_max, limits.casts_in_flight_max, limits.methods_max] {
        assert!((1..=1024).contains(&slots), "{limits:?}");
    }
    assert_eq!((agreed.version(), agreed.features() & !0b11), (1, 0));
    let now = std::time::Instant::now();
    let mut session = Session::new(Limits::default());
    session.attach(now, agreed, false);
    session.call(now, &super::pair::outgoing(now, 1), super::pair::body(1)).unwrap();
    assert_eq!(session.stats().calls_out, 1);
}

/// R100
#[test]
fn whatever_one_byte_of_a_hello_is_it_is_refused_by_name_or_agreed_within_the_limits() {
    let body = body_of(&hello(dialer()));
    let mut agreed = 0;
    for at in 0..body.len() {
        for value in 0..=u8::MAX {
            let mut changed = body.clone();
            changed[at] = value;
            agreed += usize::from(offered(&changed).is_ok());
        }
    }
    // Names, addresses, features, the dialer's id and its limits may be others.
    assert!((body.len()..body.len() * 128).contains(&agreed), "{agreed}");
}

/// R100
#[test]
fn a_hello_that_lacks_its_end_or_has_more_is_refused_unless_only_an_extension_is_gone() {
    let body = body_of(&hello(dialer()));
    let extensions = [2 + 8, 2 + 16];
    for length in 0..body.len() {
        match offered(&body[..length]) {
            Ok(()) => {
                assert!(extensions.contains(&(body.len() - length)) || body.len() - length == 28, "{length}");
            }
            Err(HandshakeError::Malformed { .. } | HandshakeError::OtherRealm) => {}
            Err(other) => panic!("{length}: {other:?}"),
        }
    }
    for more in [&[0_u8][..], &[9], &[9, 1], &[9, 2, 0], &[0xff; 12], &[3, 8, 0, 0, 0, 0, 0, 0, 0, 0]] {
        let changed = [&body, more].concat();
        assert!(matches!(offered(&changed), Err(HandshakeError::Malformed { .. })), "{more:?}");
    }
}

/// R100
#[test]
fn whatever_one_byte_of_the_answer_is_the_dialer_refuses_it_or_agrees() {
    let mut acceptor = acceptor();
    acceptor.receive(&mut input(&hello(dialer()))).unwrap();
    acceptor.accept().unwrap();
    let body = body_of(&acceptor.transmit().unwrap());
    let mut agreed = 0;
    for (at, value) in (0..body.len()).flat_map(|at| (0..=u8::MAX).map(move |value| (at, value))) {
        let mut changed = body.clone();
        changed[at] = value;
        let mut dialer = Handshake::dial(dialer());
        dialer.transmit();
        match dialer.receive(&mut enclose(&changed)) {
            Ok(Some(Progress::Accepted(accepted))) => {
                assert_eq!((accepted.peer().node, accepted.peer().realm), (node(2), Some([7; 32])));
                agreed += 1;
            }
            // As kind 2 with its rest cut off it would be one.
            Ok(Some(Progress::Rejected(_))) => panic!("a hello of {} bytes is no reject", body.len()),
            Ok(other) => panic!("a whole greeting leads to {other:?}"),
            Err(
                HandshakeError::Malformed { .. }
                | HandshakeError::VersionUnsupported { .. }
                | HandshakeError::NodeReplaced { .. }
                | HandshakeError::OtherRealm,
            ) => assert_over(dialer),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(agreed > body.len(), "{agreed}");
}

/// R100
#[test]
fn a_reject_of_which_anything_is_changed_is_a_reject_or_malformed() {
    let rejects = [
        Reject::VersionUnsupported { least: 2, most: 3 },
        Reject::Duplicate,
        Reject::NodeReplaced { actual: node(9) },
        Reject::ShuttingDown,
        Reject::TooManyConnections,
        Reject::Unauthorized("why".into()),
        Reject::SelfConnection,
        Reject::Malformed("what".into()),
    ];
    for reject in rejects {
        let mut acceptor = acceptor();
        acceptor.reject(&reject);
        let body = body_of(&acceptor.transmit().unwrap());
        assert!(matches!(heard(&body), Ok(Some(Progress::Rejected(heard))) if heard == reject), "{reject:?}");
        for length in 0..body.len() {
            assert!(matches!(heard(&body[..length]), Err(HandshakeError::Malformed { .. })), "{reject:?}, {length}");
        }
        assert!(heard(&[&body[..], &[0]].concat()).is_err(), "{reject:?}");
        for (at, value) in (0..body.len()).flat_map(|at| (0..=u8::MAX).map(move |value| (at, value))) {
            let mut changed = body.clone();
            changed[at] = value;
            match heard(&changed) {
                Ok(Some(Progress::Rejected(_))) | Err(HandshakeError::Malformed { .. }) => {}
                // Kind 1 is a hello.
                Err(HandshakeError::VersionUnsupported { .. }) if at == 0 => {}
                other => panic!("{reject:?}, byte {at} = {value}: {other:?}"),
            }
        }
    }
}

fn heard(body: &[u8]) -> Result<Option<Progress>, HandshakeError> {
    Handshake::dial(dialer()).receive(&mut enclose(body))
}

/// R100
#[test]
fn each_limit_is_taken_from_its_least_to_its_most_and_not_beyond() {
    type Set = fn(&mut Limits, u64);

    let cases: [(&str, Set, u64, u64); 6] = [
        ("message length", |limits, value| limits.message_length_max = value, 1, 8 << 20),
        ("chunk length", |limits, value| limits.chunk_length_max = value as u32, 1024, u32::MAX.into()),
        ("inbound bytes", |limits, value| limits.inbound_bytes_max = value, 8 << 20, u64::MAX),
        ("calls in flight", |limits, value| limits.calls_in_flight_max = value as u32, 1, 65_536),
        ("casts in flight", |limits, value| limits.casts_in_flight_max = value as u32, 1, 65_536),
        ("methods", |limits, value| limits.methods_max = value as u32, 1, 65_536),
    ];
    for (field, set, least, most) in cases {
        let widest = if field.ends_with("bytes") || field.starts_with("message") { u64::MAX } else { u32::MAX.into() };
        for value in [0, 1, least - 1, least, least + 1, most - 1, most, most.saturating_add(1), widest] {
            let mut changed = dialer();
            set(&mut changed.limits, value);
            let result = offered(&body_of(&hello(changed)));
            if value > widest {
                continue;
            }
            let expected = (least..=most).contains(&value);
            assert_eq!(result.is_ok(), expected, "{field} = {value}: {result:?}");
            if let Err(HandshakeError::Malformed { field: named }) = result {
                assert!(named == field || named == "inbound bytes", "{field} = {value}: {named}");
            }
        }
    }
}

#[test]
fn addresses_are_bounded_one_by_one_and_together() {
    let before = 1 + 4 + 16 + 1;
    let body = body_of(&hello(config(1)));
    let with = |addresses: &[String]| {
        let mut changed = body[..before].to_vec();
        changed.push(addresses.len() as u8);
        for address in addresses {
            changed.extend_from_slice(&[address.len() as u8 | 0x80, (address.len() >> 7) as u8]);
            changed.extend_from_slice(address.as_bytes());
        }
        changed.extend_from_slice(&body[before + 1..]);
        Handshake::listen(config(2)).receive(&mut enclose(&changed))
    };
    let text = |length| "a".repeat(length);
    assert!(matches!(with(&vec![text(256); 8]), Ok(Some(_))));
    assert!(matches!(with(&vec![text(128); 16]), Ok(Some(_))));
    for (addresses, field) in [
        (vec![text(257)], "address"),
        (vec![text(128); 17], "number of addresses"),
        (vec![text(256); 9], "length of addresses"),
        ([vec![text(128); 15], vec![text(129)]].concat(), "length of addresses"),
    ] {
        assert_eq!(with(&addresses).unwrap_err(), HandshakeError::Malformed { field });
    }
}

#[test]
fn an_extension_stands_once_also_with_a_value_of_zero() {
    let body = body_of(&hello(config(1)));
    for (extension, length) in [(1, 32), (2, 16), (3, 8)] {
        let mut value = vec![extension, length];
        value.resize(2 + usize::from(length), 0);
        let twice = [&body[..], &value, &value].concat();
        let error = Handshake::listen(config(2)).receive(&mut enclose(&twice)).unwrap_err();
        assert_eq!(error, HandshakeError::Malformed { field: "repeated extension" }, "{extension}");
    }
}

/// R100
#[test]
fn a_frame_of_any_kind_in_place_of_a_hello_or_behind_it_is_refused() {
    for frame in all_kinds() {
        for checksum in [true, false] {
            let bytes = raw::enclose(&frame, checksum);
            let mut listening = acceptor();
            let result = listening.receive(&mut input(&bytes));
            assert!(matches!(result, Err(HandshakeError::WrongMagic { .. })), "{frame:?}");
            assert!(listening.transmit().is_none());

            let mut dialing = Handshake::dial(dialer());
            let result = dialing.receive(&mut input(&bytes));
            assert!(matches!(result, Err(HandshakeError::WrongMagic { .. })), "{frame:?}");

            // In one read with the hello, or while it is decided upon.
            let mut early = acceptor();
            let mut both = input(&hello(dialer()));
            both.extend_from_slice(&bytes);
            assert_eq!(early.receive(&mut both).unwrap_err(), HandshakeError::Early);
            let mut deciding = acceptor();
            deciding.receive(&mut input(&hello(dialer()))).unwrap();
            assert_eq!(deciding.receive(&mut input(&bytes[..1])).unwrap_err(), HandshakeError::Early);
            assert_eq!(deciding.accept().unwrap_err(), HandshakeError::OutOfOrder);
            for mut refused in [early, deciding] {
                assert!(refused.transmit().is_some());
                assert_over(refused);
            }
        }
    }
}

#[test]
fn a_session_without_a_connection_takes_no_frames() {
    for frame in all_kinds() {
        let mut session = Session::new(Limits::default());
        let mut wire = BytesMut::from(&raw::enclose(&frame, false)[..]);
        let result = session.receive(std::time::Instant::now(), &mut wire);
        assert!(result.is_err(), "{frame:?}");
        assert_eq!(session.stats(), Default::default());
        assert!(session.poll_event().is_none());
    }
}

proptest! {
    /// R100
    #[test]
    fn a_hello_with_several_bytes_changed_is_refused_or_agreed(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut body = body_of(&hello(dialer()));
        for (at, value) in changes {
            let at = at.index(body.len());
            body[at] = value;
        }
        let _ = offered(&body);
    }
}
