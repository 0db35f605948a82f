//! Handshakes of nodes with a shared secret.

use bytes::{Bytes, BytesMut};

use super::pair::node;
use crate::{
    Limits,
    protocol::{Agreed, Handshake, HandshakeError, HelloConfig, Progress, Reject, Secret},
};

const KEY: [u8; 32] = *b"thirty-two bytes that both know.";

fn config(bits: u128, secret: Option<Secret>) -> HelloConfig {
    HelloConfig { secret, ..HelloConfig::new(node(bits), Limits::default()) }
}

fn secret(nonce: u8) -> Option<Secret> {
    Some(Secret::new(KEY, [nonce; 32], None))
}

fn other_secret(nonce: u8) -> Option<Secret> {
    Some(Secret::new([7; 32], [nonce; 32], None))
}

fn dialer(secret: Option<Secret>) -> Handshake {
    Handshake::dial(config(1, secret))
}

fn acceptor(secret: Option<Secret>) -> Handshake {
    Handshake::listen(config(2, secret))
}

/// What one side makes of what the other one has sent.
fn hear(side: &mut Handshake, bytes: Option<Bytes>) -> Result<Option<Progress>, HandshakeError> {
    side.receive(&mut BytesMut::from(&bytes.expect("something was sent")[..]))
}

/// A handshake up to the dialer's proof, and the acceptor's verdict.
fn prove(dialer: &mut Handshake, acceptor: &mut Handshake) -> Result<Option<Progress>, HandshakeError> {
    assert!(matches!(hear(acceptor, dialer.transmit()), Ok(None)));
    assert!(matches!(hear(dialer, acceptor.transmit()), Ok(None)));
    hear(acceptor, dialer.transmit())
}

fn agree(mut dialer: Handshake, mut acceptor: Handshake) -> (Agreed, Agreed) {
    assert!(matches!(prove(&mut dialer, &mut acceptor), Ok(Some(Progress::Offered(_)))));
    let accepted = acceptor.accept().unwrap();
    match hear(&mut dialer, acceptor.transmit()) {
        Ok(Some(Progress::Accepted(agreed))) => (agreed, accepted),
        other => panic!("{other:?}"),
    }
}

/// R53
#[test]
fn nodes_with_the_same_secret_prove_it_to_one_another() {
    let (here, there) = agree(dialer(secret(1)), acceptor(secret(2)));
    assert!(here.shares_secret() && there.shares_secret());
    assert_eq!((here.peer().node, there.peer().node), (node(2), node(1)));
}

#[test]
fn another_secret_is_refused_and_both_sides_say_so() {
    let (mut dialer, mut acceptor) = (dialer(secret(1)), acceptor(other_secret(2)));
    assert!(matches!(hear(&mut acceptor, dialer.transmit()), Ok(None)));
    assert_eq!(hear(&mut dialer, acceptor.transmit()).unwrap_err(), HandshakeError::SecretDiffers);
    let heard = hear(&mut acceptor, dialer.transmit());
    assert!(matches!(heard, Ok(Some(Progress::Rejected(Reject::SecretDiffers)))), "{heard:?}");
    assert_eq!(acceptor.accept().unwrap_err(), HandshakeError::OutOfOrder);
}

#[test]
fn a_dialer_without_a_secret_is_refused_and_both_sides_say_so() {
    let (mut dialer, mut acceptor) = (dialer(None), acceptor(secret(2)));
    assert_eq!(hear(&mut acceptor, dialer.transmit()).unwrap_err(), HandshakeError::SecretRequired);
    let heard = hear(&mut dialer, acceptor.transmit());
    assert!(matches!(heard, Ok(Some(Progress::Rejected(Reject::SecretRequired)))), "{heard:?}");
}

#[test]
fn a_dialer_with_a_secret_is_refused_by_who_has_none_and_both_sides_say_so() {
    let (mut dialer, mut acceptor) = (dialer(secret(1)), acceptor(None));
    assert_eq!(hear(&mut acceptor, dialer.transmit()).unwrap_err(), HandshakeError::NoSecret);
    let heard = hear(&mut dialer, acceptor.transmit());
    assert!(matches!(heard, Ok(Some(Progress::Rejected(Reject::NoSecret)))), "{heard:?}");
}

#[test]
fn a_recorded_handshake_is_refused() {
    let (mut honest, mut first) = (dialer(secret(1)), acceptor(secret(2)));
    let hello = honest.transmit();
    assert!(matches!(hear(&mut first, hello.clone()), Ok(None)));
    assert!(matches!(hear(&mut honest, first.transmit()), Ok(None)));
    let proof = honest.transmit();
    assert!(matches!(hear(&mut first, proof.clone()), Ok(Some(Progress::Offered(_)))));

    let mut second = acceptor(secret(3));
    assert!(matches!(hear(&mut second, hello), Ok(None)));
    let _challenge = second.transmit();
    assert_eq!(hear(&mut second, proof).unwrap_err(), HandshakeError::SecretDiffers);
    let heard = hear(&mut dialer(None), second.transmit());
    assert!(matches!(heard, Ok(Some(Progress::Rejected(Reject::SecretDiffers)))), "{heard:?}");
}

#[test]
fn a_proof_is_good_for_one_connection_alone() {
    let bound = |nonce: u8, binding: u8| Some(Secret::new(KEY, [nonce; 32], Some([binding; 32])));
    agree(dialer(bound(1, 5)), acceptor(bound(2, 5)));
    // Somebody in between has a connection of his own with each of them.
    for (here, there) in [(bound(1, 5), bound(2, 6)), (bound(1, 0), secret(2)), (secret(1), bound(2, 0))] {
        let (mut dialer, mut acceptor) = (dialer(here), acceptor(there));
        assert!(matches!(hear(&mut acceptor, dialer.transmit()), Ok(None)));
        assert_eq!(hear(&mut dialer, acceptor.transmit()).unwrap_err(), HandshakeError::SecretDiffers);
    }
}

#[test]
fn a_proof_that_is_sent_back_proves_nothing() {
    let (mut dialer, mut acceptor) = (dialer(secret(1)), acceptor(secret(2)));
    assert!(matches!(hear(&mut acceptor, dialer.transmit()), Ok(None)));
    let challenge = acceptor.transmit().unwrap();
    // Magic, length, checksum; kind and nonce; and then the acceptor's own proof.
    let mut body = vec![4];
    body.extend_from_slice(&challenge[10 + 1 + 32..]);
    let mut echo = challenge[..4].to_vec();
    echo.extend_from_slice(&(body.len() as u16).to_le_bytes());
    echo.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    echo.extend_from_slice(&body);
    assert_eq!(hear(&mut acceptor, Some(echo.into())).unwrap_err(), HandshakeError::SecretDiffers);
}

#[test]
fn an_acceptor_that_proves_nothing_is_not_believed() {
    // Neither who it is, nor that somebody else was replaced.
    for expected in [None, Some(node(9))] {
        let mut dialer = Handshake::dial(HelloConfig { expected, ..config(1, secret(1)) });
        let mut impostor = acceptor(None);
        let hello = Handshake::dial(HelloConfig { expected, ..config(1, None) }).transmit();
        if matches!(hear(&mut impostor, hello), Ok(Some(_))) {
            impostor.accept().unwrap();
        }
        let _hello = dialer.transmit();
        assert_eq!(hear(&mut dialer, impostor.transmit()).unwrap_err(), HandshakeError::SecretRequired);
    }
}

#[test]
fn nothing_of_a_hello_counts_before_the_proof() {
    // It expects another node, which is answered only to those who belong here.
    let mut dialer = Handshake::dial(HelloConfig { expected: Some(node(9)), ..config(1, secret(1)) });
    let mut acceptor = acceptor(secret(2));
    let verdict = prove(&mut dialer, &mut acceptor);
    assert!(matches!(verdict, Err(HandshakeError::NodeReplaced { .. })), "{verdict:?}");
    let heard = hear(&mut dialer, acceptor.transmit());
    assert!(matches!(heard, Ok(Some(Progress::Rejected(Reject::NodeReplaced { .. })))), "{heard:?}");
}

#[test]
fn frames_before_the_proof_are_refused() {
    let (mut dialer, mut acceptor) = (dialer(secret(1)), acceptor(secret(2)));
    let mut bytes = BytesMut::from(&dialer.transmit().unwrap()[..]);
    bytes.extend_from_slice(b"frames");
    assert_eq!(acceptor.receive(&mut bytes).unwrap_err(), HandshakeError::Early);
}

#[test]
fn the_secret_is_never_sent() {
    let (mut dialer, mut acceptor) = (dialer(secret(1)), acceptor(secret(2)));
    let mut sent = Vec::new();
    sent.extend(dialer.transmit().inspect(|bytes| drop(hear(&mut acceptor, Some(bytes.clone())))));
    sent.extend(acceptor.transmit().inspect(|bytes| drop(hear(&mut dialer, Some(bytes.clone())))));
    sent.extend(dialer.transmit());
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|bytes| bytes.windows(8).all(|part| !KEY.windows(8).any(|key| key == part))));
    assert!(!format!("{:?}", secret(1)).contains("116"), "nor shown");
}
