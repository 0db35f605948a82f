//! A peer that says what it likes.

use std::{collections::VecDeque, future::poll_fn};

use actor_transport::{
    Address, Connection, Limits, Receiver, Sender, Transport,
    protocol::{Handshake, HandshakeError, HelloConfig, Progress},
};
use bytes::{Bytes, BytesMut};
use transport_security::Tls;
use transport_tls::TlsTransport;

/// What a peer makes of the answer to its hello, with these certificates.
pub(crate) async fn greet(tls: Tls, address: &Address, hello: HelloConfig) -> Result<Progress, HandshakeError> {
    let mut connection = TlsTransport::new(tls).connect(address).await.unwrap();
    connection.establish().await.unwrap();
    let (mut receiver, mut sender) = connection.split();
    let mut handshake = Handshake::dial(hello);
    let mut input = BytesMut::new();
    loop {
        send(&mut *sender, handshake.transmit()).await;
        assert!(receive(&mut *receiver, &mut input).await > 0, "the connection has ended without an answer");
        if let Some(progress) = handshake.receive(&mut input)? {
            return Ok(progress);
        }
    }
}

/// Accepts one connection, and every hello in it; what came after it.
pub(crate) async fn welcome(mut connection: Box<dyn Connection>, hello: HelloConfig) -> BytesMut {
    connection.establish().await.unwrap();
    let (mut receiver, mut sender) = connection.split();
    let mut handshake = Handshake::listen(hello);
    let mut input = BytesMut::new();
    loop {
        if receive(&mut *receiver, &mut input).await == 0 {
            return input;
        }
        if let Ok(Some(Progress::Offered(_))) = handshake.receive(&mut input) {
            handshake.accept().unwrap();
        }
        send(&mut *sender, handshake.transmit()).await;
    }
}

/// Hands on whatever comes, both ways, until one side ends.
pub(crate) async fn hand_on(mut one: Box<dyn Connection>, mut other: Box<dyn Connection>) {
    one.establish().await.unwrap();
    other.establish().await.unwrap();
    let ((one_in, one_out), (other_in, other_out)) = (one.split(), other.split());
    tokio::join!(pump(one_in, other_out), pump(other_in, one_out));
}

async fn pump(mut from: Box<dyn Receiver>, mut to: Box<dyn Sender>) {
    let mut bytes = BytesMut::new();
    while receive(&mut *from, &mut bytes).await > 0 {
        send(&mut *to, Some(bytes.split().freeze())).await;
    }
    let _ = poll_fn(|cx| to.poll_close(cx)).await;
}

pub(crate) fn hello(bits: actor_core::NodeId, name: &str) -> HelloConfig {
    HelloConfig { name: name.into(), ..HelloConfig::new(bits, Limits::default()) }
}

async fn send(sender: &mut dyn Sender, bytes: Option<Bytes>) {
    let mut batch: VecDeque<_> = bytes.into_iter().collect();
    // Who has gone is noticed at the next read.
    let _ = poll_fn(|cx| sender.poll_send(cx, &mut batch)).await;
}

async fn receive(receiver: &mut dyn Receiver, into: &mut BytesMut) -> usize {
    poll_fn(|cx| receiver.poll_receive(cx, into)).await.unwrap_or(0)
}
