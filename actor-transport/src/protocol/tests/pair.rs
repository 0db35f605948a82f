//! Two sessions, and a wire between them that moves bytes only when it is told to.

use std::{
    collections::VecDeque,
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use actor_core::{EncodeBuffer, NodeId, SystemError};
use bytes::{Bytes, BytesMut};

use crate::{
    Limits,
    protocol::{
        Agreed, CallKey, CloseReason, Event, Handshake, HelloConfig, InboundCall, InboundKey, MethodKey, OutgoingCall,
        Progress, Reply, ReplyBody, Session,
    },
};

pub(super) const METHOD: MethodKey<'static> =
    MethodKey { hash: 0xfeed_beef_0123_4567, name: "crate::Greeter::hello", signature: "(String) -> String" };
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn node(bits: u128) -> NodeId {
    NodeId::from_bits(bits)
}

/// The proofs of a handshake between a dialer and an acceptor with these limits.
pub(super) fn agree(dialer: &Limits, acceptor: &Limits) -> (Agreed, Agreed) {
    let mut a = Handshake::dial(HelloConfig::new(node(1), dialer.clone()));
    let mut b = Handshake::listen(HelloConfig::new(node(2), acceptor.clone()));
    let mut wire = BytesMut::from(&a.transmit().unwrap()[..]);
    assert!(matches!(b.receive(&mut wire), Ok(Some(Progress::Offered(_)))));
    let theirs = b.accept().unwrap();
    let mut wire = BytesMut::from(&b.transmit().unwrap()[..]);
    let Ok(Some(Progress::Accepted(ours))) = a.receive(&mut wire) else { panic!("not accepted") };
    (ours, theirs)
}

/// One session and what is under way to it.
pub(super) struct Side {
    pub(super) session: Session,
    pub(super) input: BytesMut,
    /// All events that were not taken by a test.
    pub(super) events: VecDeque<Event>,
}

pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) client: Side,
    pub(super) server: Side,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(Limits::default(), Limits::default())
    }

    pub(super) fn with(client: Limits, server: Limits) -> Self {
        let mut pair = Self::unattached(client.clone(), server.clone());
        pair.attach(&client, &server);
        pair
    }

    pub(super) fn unattached(client: Limits, server: Limits) -> Self {
        Self { now: Instant::now(), client: Side::new(client), server: Side::new(server) }
    }

    pub(super) fn attach(&mut self, client: &Limits, server: &Limits) {
        let (ours, theirs) = agree(client, server);
        self.client.session.attach(self.now, ours, true);
        self.server.session.attach(self.now, theirs, true);
    }

    pub(super) fn advance(&mut self, time: Duration) {
        self.now += time;
        for side in [&mut self.client, &mut self.server] {
            if side.session.next_timeout().is_some_and(|at| at <= self.now) {
                let _ = side.session.handle_timeout(self.now);
            }
        }
    }

    pub(super) fn call(&mut self, instance: u64, length: usize) -> CallKey {
        self.client.session.call(self.now, &outgoing(self.now, instance), body(length)).unwrap()
    }

    pub(super) fn cast(&mut self, instance: u64, length: usize) -> crate::protocol::CastKey {
        self.client.session.cast(self.now, &outgoing(self.now, instance), body(length)).unwrap()
    }

    /// Moves bytes until nothing moves any more.
    pub(super) fn settle(&mut self) {
        while self.client_sends(usize::MAX) | self.server_sends(usize::MAX) {}
    }

    /// One transmission of the client, and its receipt.
    pub(super) fn client_sends(&mut self, budget: usize) -> bool {
        move_bytes(self.now, budget, &mut self.client, &mut self.server).unwrap()
    }

    pub(super) fn server_sends(&mut self, budget: usize) -> bool {
        move_bytes(self.now, budget, &mut self.server, &mut self.client).unwrap()
    }

    /// The next call that the server received.
    pub(super) fn received(&mut self) -> Option<(InboundKey, InboundCall)> {
        match self.server.events.pop_front()? {
            Event::Call(key, call) => Some((key, call)),
            event => panic!("not a call: {event:?}"),
        }
    }

    pub(super) fn reply(&mut self, key: InboundKey, length: usize) {
        self.server.session.reply(key, Reply::Value(body(length)));
    }

    pub(super) fn poll(&mut self, key: CallKey) -> Poll<Result<ReplyBody, SystemError>> {
        self.client.session.poll_reply(key, Waker::noop())
    }

    /// The error that a call has failed with.
    pub(super) fn error(&mut self, key: CallKey) -> SystemError {
        match self.poll(key) {
            Poll::Ready(Err(error)) => error,
            other => panic!("not an error: {other:?}"),
        }
    }

    /// The value that a call was answered with.
    pub(super) fn value(&mut self, key: CallKey) -> Bytes {
        match self.poll(key) {
            Poll::Ready(Ok(ReplyBody::Value(bytes))) => bytes,
            other => panic!("not a value: {other:?}"),
        }
    }

    /// Nothing is left of anything.
    pub(super) fn assert_at_rest(&mut self) {
        for side in [&self.client, &self.server] {
            let stats = side.session.stats();
            assert!(side.session.is_idle(), "{stats:?}");
            assert_eq!((stats.waiting_bytes, stats.inbound_bytes, stats.answers_bytes), (0, 0, 0), "{stats:?}");
            assert_eq!((stats.waiting, stats.anomalies), (0, 0), "{stats:?}");
            assert_eq!(side.session.answers_not_taken(), 0, "{stats:?}");
        }
    }
}

impl Side {
    fn new(limits: Limits) -> Self {
        Self { session: Session::new(limits), input: BytesMut::new(), events: VecDeque::new() }
    }
}

fn move_bytes(now: Instant, budget: usize, from: &mut Side, to: &mut Side) -> Result<bool, CloseReason> {
    let mut out = VecDeque::new();
    let moved = from.session.transmit(now, budget, &mut out);
    assert_eq!(moved, !out.is_empty());
    for bytes in out {
        assert!(!bytes.is_empty());
        to.input.extend_from_slice(&bytes);
    }
    if moved {
        to.session.receive(now, &mut to.input)?;
        let mut events = VecDeque::new();
        to.session.take_events(&mut events);
        to.events.append(&mut events);
    }
    Ok(moved)
}

pub(super) fn outgoing(now: Instant, instance: u64) -> OutgoingCall<'static> {
    OutgoingCall { instance, method: METHOD, deadline: now + TIMEOUT, timeout: TIMEOUT, trace: None, chain: &[] }
}

/// A message of this length, long byte strings chained in as the codec does it.
pub(super) fn body(length: usize) -> EncodeBuffer {
    let mut body = EncodeBuffer::new();
    let bytes: Bytes = (0..length).map(|index| (index % 251) as u8).collect();
    body.put_slice(&bytes[..length.min(7)]);
    if length > 7 {
        body.put_bytes(bytes.slice(7..));
    }
    body
}
