//! Handshakes, good and bad.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::pair::{agree, node};
use crate::{
    Limits,
    protocol::{HELLO_LENGTH_MAX, Handshake, HandshakeError, HelloConfig, Progress, Reject, VersionRange, survives},
};

pub(super) fn config(bits: u128) -> HelloConfig {
    HelloConfig::new(node(bits), Limits::default())
}

pub(super) fn input(bytes: &[u8]) -> BytesMut {
    BytesMut::from(bytes)
}

pub(super) fn hello(config: HelloConfig) -> Bytes {
    Handshake::dial(config).transmit().unwrap()
}

/// A hello whose body was changed, with a checksum that is right again.
fn with_body(change: impl FnOnce(&mut Vec<u8>)) -> BytesMut {
    let mut body = hello(config(1))[10..].to_vec();
    change(&mut body);
    enclose(&body)
}

/// A greeting with this body.
pub(super) fn enclose(body: &[u8]) -> BytesMut {
    let mut bytes = hello(config(1))[..4].to_vec();
    bytes.extend_from_slice(&(body.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    bytes.extend_from_slice(body);
    input(&bytes)
}

/// What an acceptor does with these bytes, and what the dialer hears of it.
fn offer(bytes: &[u8]) -> (Result<Option<Progress>, HandshakeError>, Option<Reject>) {
    let mut acceptor = Handshake::listen(config(2));
    let result = acceptor.receive(&mut input(bytes));
    let heard = acceptor.transmit().map(|answer| match Handshake::dial(config(1)).receive(&mut input(&answer)) {
        Ok(Some(Progress::Rejected(reject))) => reject,
        other => panic!("{other:?}"),
    });
    (result, heard)
}

#[test]
fn both_sides_learn_who_the_other_is_and_agree_on_the_smaller_limits() {
    let ours = HelloConfig {
        name: "node0".into(),
        addresses: vec!["tcp://127.0.0.1:1".into()],
        features: 0b110,
        realm: Some([7; 32]),
        expected: Some(node(2)),
        sessions: 5,
        limits: Limits { calls_in_flight_max: 10, ..Limits::default() },
        ..config(1)
    };
    let theirs = HelloConfig {
        features: 0b011,
        realm: Some([7; 32]),
        // For dialers alone: an answer expects nobody.
        expected: Some(node(3)),
        limits: Limits { chunk_length_max: 2048, ..Limits::default() },
        ..config(2)
    };
    let mut dialer = Handshake::dial(ours);
    let mut acceptor = Handshake::listen(theirs);
    let Ok(Some(Progress::Offered(peer))) = acceptor.receive(&mut input(&dialer.transmit().unwrap())) else {
        panic!("not offered");
    };
    assert_eq!((peer.node, &*peer.name, &peer.addresses[..]), (node(1), "node0", &["tcp://127.0.0.1:1".into()][..]));
    assert_eq!((peer.expected, peer.sessions), (Some(node(2)), 5));
    assert!(acceptor.transmit().is_none());
    let theirs = acceptor.accept().unwrap();
    let mut answer = input(&acceptor.transmit().unwrap());
    answer.extend_from_slice(b"frames");
    let Ok(Some(Progress::Accepted(ours))) = dialer.receive(&mut answer) else { panic!("not accepted") };
    assert_eq!(&answer[..], b"frames");
    for agreed in [&ours, &theirs] {
        assert_eq!((agreed.version(), agreed.features()), (1, 0b010));
        assert_eq!((agreed.limits().calls_in_flight_max, agreed.limits().chunk_length_max), (10, 2048));
    }
    assert_eq!((ours.peer().node, theirs.peer().node), (node(2), node(1)));
    assert_eq!((ours.peer().expected, ours.peer().sessions), (None, 0));
}

#[test]
fn a_window_that_only_one_side_has_bounds_the_messages_of_both() {
    let small = Limits { message_length_max: 1000, inbound_bytes_max: 3000, ..Limits::default() };
    let (ours, theirs) = agree(&small, &Limits::default());
    assert_eq!(ours.limits(), theirs.limits());
    assert_eq!((ours.limits().message_length_max, ours.limits().inbound_bytes_max), (1000, 3000));
}

#[test]
fn messages_are_no_longer_than_half_of_the_window_whatever_this_node_is_built_with() {
    let odd = Limits { message_length_max: 1000, inbound_bytes_max: 1500, ..Limits::default() };
    let mut acceptor = Handshake::listen(HelloConfig { limits: odd, ..config(2) });
    acceptor.receive(&mut input(&hello(config(1)))).unwrap();
    assert_eq!(acceptor.accept().unwrap().limits().message_length_max, 750);
}

#[test]
fn an_acceptor_is_not_refused() {
    let mut other = Handshake::listen(config(1));
    other.reject(&Reject::Duplicate);
    let (result, heard) = offer(&other.transmit().unwrap());
    assert_eq!(result.unwrap_err(), HandshakeError::Malformed { field: "kind" });
    assert!(matches!(heard, Some(Reject::Malformed(_))));
}

#[test]
fn a_hello_may_have_4096_bytes_and_not_one_more() {
    let padded = |length: usize| {
        with_body(|body| {
            let left = length - 10 - body.len() - 3;
            body.extend_from_slice(&[99, left as u8 | 0x80, (left >> 7) as u8]);
            body.resize(length - 10, 0);
        })
    };
    assert!(matches!(offer(&padded(HELLO_LENGTH_MAX)).0, Ok(Some(Progress::Offered(_)))));
    assert_eq!(offer(&padded(HELLO_LENGTH_MAX + 1)).0.unwrap_err(), HandshakeError::TooLong { length: 4097 });
}

#[test]
fn a_hello_cut_at_any_byte_is_waited_for() {
    let bytes = hello(HelloConfig { name: "x".repeat(300), ..config(1) });
    for length in 0..bytes.len() {
        let mut acceptor = Handshake::listen(config(2));
        let mut wire = input(&bytes[..length]);
        assert!(matches!(acceptor.receive(&mut wire), Ok(None)), "{length}");
        wire.extend_from_slice(&bytes[length..]);
        assert!(matches!(acceptor.receive(&mut wire), Ok(Some(Progress::Offered(_)))), "{length}");
    }
}

#[test]
fn any_flipped_bit_of_a_hello_is_noticed() {
    let bytes = hello(config(1));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match (bit / 8, offer(&flipped).0) {
            (0..4, Err(HandshakeError::WrongMagic { .. })) => {}
            // A longer hello is waited for; a shorter one has another checksum.
            (4..6, Ok(None) | Err(HandshakeError::TooLong { .. } | HandshakeError::ChecksumMismatch)) => {}
            (6.., Err(HandshakeError::ChecksumMismatch)) => {}
            (byte, other) => panic!("byte {byte}: {other:?}"),
        }
    }
}

#[test]
fn another_protocol_is_told_by_its_first_byte_and_gets_no_answer() {
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"G", b"\x16\x03\x01", b"SSH-2.0", &[0; 100], &[0xff]] {
        let (result, heard) = offer(bytes);
        assert!(matches!(result, Err(HandshakeError::WrongMagic { .. })), "{bytes:?}");
        assert_eq!(heard, None);
    }
    let (result, _) = offer(b"GET / HTTP/1.1");
    assert!(result.unwrap_err().to_string().contains("`GET `"));
}

#[test]
fn a_hello_that_announces_too_much_is_refused_before_it_arrives() {
    let mut bytes = hello(config(1))[..10].to_vec();
    bytes[4..6].copy_from_slice(&u16::MAX.to_le_bytes());
    let (result, heard) = offer(&bytes);
    assert_eq!(result.unwrap_err(), HandshakeError::TooLong { length: 65_545 });
    assert!(matches!(heard, Some(Reject::Malformed(_))));
}

type Change = Box<dyn Fn(&mut Vec<u8>)>;

#[test]
fn each_field_of_a_hello_is_checked() {
    // kind, versions, node, name, addresses, features, then the announced limits.
    let limits_at = 1 + 4 + 16 + 1 + 1 + 8;
    let cases: [(&str, Change); 12] = [
        ("kind", Box::new(|body| body[0] = 9)),
        ("kind", Box::new(|body| body.clear())),
        ("version", Box::new(|body| body[1] = 0)),
        ("version", Box::new(|body| body[1..5].copy_from_slice(&[3, 0, 2, 0]))),
        ("node id", Box::new(|body| body.truncate(10))),
        ("name", Box::new(|body| body[21] = 0x7f)),
        ("number of addresses", Box::new(|body| body[22] = 17)),
        (
            "message length",
            Box::new(move |body| body[limits_at..limits_at + 4].copy_from_slice(&[0x80, 0x80, 0x80, 0])),
        ),
        (
            "calls in flight",
            Box::new(|body| {
                let at = body.len() - 6;
                body[at..at + 2].copy_from_slice(&[0x80, 0x00])
            }),
        ),
        (
            "methods",
            Box::new(|body| {
                let at = body.len() - 2;
                body[at..].copy_from_slice(&[0xff, 0xff])
            }),
        ),
        ("extension", Box::new(|body| body.extend_from_slice(&[77, 5, 0]))),
        ("realm", Box::new(|body| body.extend_from_slice(&[1, 2, 0, 0]))),
    ];
    for (field, change) in cases {
        let (result, heard) = offer(&with_body(change));
        match result {
            Err(HandshakeError::Malformed { field: found }) => assert_eq!(found, field),
            other => panic!("{field}: {other:?}"),
        }
        assert!(matches!(heard, Some(Reject::Malformed(_))), "{field}");
    }
}

#[test]
fn limits_that_nobody_can_keep_are_refused() {
    let refused = [
        Limits { calls_in_flight_max: 0, ..Limits::default() },
        Limits { casts_in_flight_max: 0, ..Limits::default() },
        Limits { methods_max: 70_000, ..Limits::default() },
        Limits { chunk_length_max: 0, ..Limits::default() },
        Limits { message_length_max: 0, ..Limits::default() },
        Limits { message_length_max: u64::MAX, ..Limits::default() },
        Limits { inbound_bytes_max: 0, ..Limits::default() },
    ];
    for limits in refused {
        let (result, _) = offer(&hello(HelloConfig { limits, ..config(1) }));
        assert!(matches!(result, Err(HandshakeError::Malformed { .. })), "{result:?}");
    }
    let limits = Limits { inbound_bytes_max: u64::MAX, chunk_length_max: u32::MAX, ..Limits::default() };
    assert!(matches!(offer(&hello(HelloConfig { limits, ..config(1) })).0, Ok(Some(_))));
}

#[test]
fn unknown_extensions_are_skipped_and_known_ones_stand_once() {
    let skipped = with_body(|body| body.extend_from_slice(&[99, 3, 1, 2, 3, 0x80, 0x01, 0]));
    assert!(matches!(offer(&skipped).0, Ok(Some(Progress::Offered(_)))));
    let mut realm = vec![1, 32];
    realm.extend_from_slice(&[5; 32]);
    let twice = with_body(|body| body.extend_from_slice(&realm.repeat(2)));
    assert_eq!(offer(&twice).0.unwrap_err(), HandshakeError::Malformed { field: "repeated extension" });
}

#[test]
fn a_peer_of_other_versions_is_told_ours() {
    let later = with_body(|body| {
        body[1..5].copy_from_slice(&[2, 0, 9, 0]);
        body.truncate(30);
    });
    let (result, heard) = offer(&later);
    let peer = VersionRange { least: 2, most: 9 };
    assert_eq!(result.unwrap_err(), HandshakeError::VersionUnsupported { peer });
    assert_eq!(heard, Some(Reject::VersionUnsupported { least: 1, most: 1 }));
    let both = with_body(|body| body[3] = 9);
    assert!(matches!(offer(&both).0, Ok(Some(_))));
    assert_eq!(peer.newest_in_common(VersionRange { least: 1, most: 4 }), Some(4));
}

#[test]
fn another_incarnation_than_expected_says_so() {
    let (result, heard) = offer(&hello(HelloConfig { expected: Some(node(3)), ..config(1) }));
    assert_eq!(result.unwrap_err(), HandshakeError::NodeReplaced { expected: node(3), actual: node(2) });
    assert_eq!(heard, Some(Reject::NodeReplaced { actual: node(2) }));

    // An acceptor that does not check is found out by the dialer.
    let mut dialer = Handshake::dial(HelloConfig { expected: Some(node(3)), ..config(1) });
    let result = dialer.receive(&mut input(&hello(config(2))));
    assert_eq!(result.unwrap_err(), HandshakeError::NodeReplaced { expected: node(3), actual: node(2) });
}

#[test]
fn a_node_does_not_talk_to_itself_nor_to_another_cluster() {
    let (result, heard) = offer(&hello(config(2)));
    assert_eq!((result.unwrap_err(), heard), (HandshakeError::SelfConnection, Some(Reject::SelfConnection)));

    for realm in [None, Some([8; 32])] {
        let mut acceptor = Handshake::listen(HelloConfig { realm: Some([7; 32]), ..config(2) });
        let result = acceptor.receive(&mut input(&hello(HelloConfig { realm, ..config(1) })));
        assert_eq!(result.unwrap_err(), HandshakeError::OtherRealm);
        assert!(acceptor.transmit().is_some());
    }
}

/// R55
#[test]
fn of_two_connections_exactly_one_survives_and_the_other_is_rejected() {
    assert!(survives(node(1), node(2)) && !survives(node(2), node(1)) && !survives(node(1), node(1)));
    let rejects = [
        Reject::Duplicate,
        Reject::ShuttingDown,
        Reject::TooManyConnections,
        Reject::Unauthorized("no certificate".into()),
        Reject::Unauthorized("\u{e9}".repeat(1000)),
    ];
    for reject in rejects {
        let mut acceptor = Handshake::listen(config(2));
        acceptor.receive(&mut input(&hello(config(1)))).unwrap();
        acceptor.reject(&reject);
        let answer = acceptor.transmit().unwrap();
        match Handshake::dial(config(1)).receive(&mut input(&answer)) {
            Ok(Some(Progress::Rejected(heard))) => {
                assert_eq!(std::mem::discriminant(&heard), std::mem::discriminant(&reject));
                assert!(reject.to_string().starts_with(&heard.to_string()));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(acceptor.accept().unwrap_err(), HandshakeError::OutOfOrder);
    }
}

#[test]
fn frames_before_the_handshake_is_over_are_refused() {
    let mut early = hello(config(1)).to_vec();
    early.push(0);
    let (result, heard) = offer(&early);
    assert_eq!(result.unwrap_err(), HandshakeError::Early);
    assert!(matches!(heard, Some(Reject::Malformed(_))));

    let mut acceptor = Handshake::listen(config(2));
    acceptor.receive(&mut input(&hello(config(1)))).unwrap();
    assert!(matches!(acceptor.receive(&mut BytesMut::new()), Ok(None)));
    assert_eq!(acceptor.receive(&mut input(&[0])).unwrap_err(), HandshakeError::Early);
    assert_eq!(acceptor.accept().unwrap_err(), HandshakeError::OutOfOrder);
}

#[test]
fn steps_out_of_order_are_refused() {
    let mut dialer = Handshake::dial(config(1));
    assert_eq!(dialer.accept().unwrap_err(), HandshakeError::OutOfOrder);
    let mut listener = Handshake::listen(config(2));
    assert_eq!(listener.accept().unwrap_err(), HandshakeError::OutOfOrder);
    assert_eq!(listener.receive(&mut input(&hello(config(1)))).unwrap_err(), HandshakeError::OutOfOrder);
}

#[test]
fn the_longest_hello_fits() {
    let longest = HelloConfig {
        name: "n".repeat(1000),
        addresses: vec!["a".repeat(256); 20],
        features: u64::MAX,
        realm: Some([1; 32]),
        expected: Some(node(2)),
        ..config(u128::MAX)
    };
    let bytes = hello(longest);
    assert!(bytes.len() <= HELLO_LENGTH_MAX);
    assert!(matches!(offer(&bytes).0, Ok(Some(Progress::Offered(peer))) if peer.addresses.len() == 8));
}

proptest! {
    #[test]
    fn random_bytes_are_refused_or_waited_for(bytes in prop::collection::vec(any::<u8>(), 0..300), body in any::<bool>()) {
        if body {
            let _ = offer(&with_body(|body| *body = bytes.clone()));
        } else {
            let (result, _) = offer(&bytes);
            prop_assert!(!matches!(result, Ok(Some(_))));
        }
    }
}
