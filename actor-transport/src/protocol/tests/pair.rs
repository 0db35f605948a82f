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
    /// The same of the streams for large messages.
    pub(super) bulk_input: Vec<BytesMut>,
    /// What is on its way to it, over each stream from the first one on, where a test lets it arrive.
    pub(super) late: Vec<BytesMut>,
    /// All events that were not taken by a test.
    pub(super) events: VecDeque<Event>,
}

pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) client: Side,
    pub(super) server: Side,
    /// What is sent arrives at once; otherwise when a test says so.
    pub(super) is_prompt: bool,
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
        Self { now: Instant::now(), client: Side::new(client), server: Side::new(server), is_prompt: true }
    }

    pub(super) fn attach(&mut self, client: &Limits, server: &Limits) {
        let (ours, theirs) = agree(client, server);
        self.client.session.attach(self.now, ours, true);
        self.server.session.attach(self.now, theirs, true);
    }

    /// Over a connection with one stream for large messages.
    pub(super) fn with_bulk(limits: &Limits) -> Self {
        Self::with_streams(limits, 1)
    }

    /// With so many.
    pub(super) fn with_streams(limits: &Limits, streams: usize) -> Self {
        let mut pair = Self::unattached(limits.clone(), limits.clone());
        let (ours, theirs) = agree(limits, limits);
        for (side, agreed) in [(&mut pair.client, ours), (&mut pair.server, theirs)] {
            side.session.attach_to(pair.now, agreed, false, streams);
            side.bulk_input.resize(streams, BytesMut::new());
            side.late.resize(streams + 1, BytesMut::new());
        }
        pair
    }

    /// Of what is on its way over one stream, so many bytes arrive.
    pub(super) fn arrive(&mut self, at_server: bool, stream: impl Into<usize>, bytes: usize) -> bool {
        let stream = stream.into();
        let side = if at_server { &mut self.server } else { &mut self.client };
        let late = &mut side.late[stream];
        let some = late.split_to(bytes.min(late.len()));
        side.take(self.now, &some, stream).unwrap();
        !some.is_empty()
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
        loop {
            let mut moved = self.client_sends(usize::MAX) | self.server_sends(usize::MAX);
            for at_server in [true, false] {
                for stream in 0..self.client.late.len() {
                    moved |= self.arrive(at_server, stream, usize::MAX);
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// One transmission of the client, and its receipt.
    pub(super) fn client_sends(&mut self, budget: usize) -> bool {
        move_bytes(self.now, budget, &mut self.client, &mut self.server, self.is_prompt).unwrap()
    }

    pub(super) fn server_sends(&mut self, budget: usize) -> bool {
        move_bytes(self.now, budget, &mut self.server, &mut self.client, self.is_prompt).unwrap()
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
        Self {
            session: Session::new(limits),
            input: BytesMut::new(),
            bulk_input: Vec::new(),
            late: vec![BytesMut::new()],
            events: VecDeque::new(),
        }
    }

    fn take(&mut self, now: Instant, bytes: &[u8], stream: usize) -> Result<(), CloseReason> {
        if let Some(stream) = stream.checked_sub(1) {
            self.bulk_input[stream].extend_from_slice(bytes);
        } else {
            self.input.extend_from_slice(bytes);
            self.session.receive(now, &mut self.input)?;
            self.take_events();
        }
        // They may have waited for the first one.
        for stream in 0..self.bulk_input.len() {
            self.session.receive_bulk(now, stream, &mut self.bulk_input[stream])?;
            self.take_events();
        }
        Ok(())
    }

    fn take_events(&mut self) {
        let mut events = VecDeque::new();
        self.session.take_events(&mut events);
        self.events.append(&mut events);
    }
}

fn move_bytes(
    now: Instant,
    budget: usize,
    from: &mut Side,
    to: &mut Side,
    is_prompt: bool,
) -> Result<bool, CloseReason> {
    let (mut out, mut bulk) = (VecDeque::new(), vec![VecDeque::new(); from.bulk_input.len()]);
    let moved = from.session.transmit_all(now, budget, &mut out, &mut bulk);
    assert_eq!(moved, !(out.is_empty() && bulk.iter().all(VecDeque::is_empty)));
    for (stream, out) in std::iter::once(out).chain(bulk).enumerate() {
        assert!(out.iter().all(|bytes| !bytes.is_empty()));
        let bytes = Vec::from(out).concat();
        if bytes.is_empty() {
        } else if is_prompt {
            to.take(now, &bytes, stream)?;
        } else {
            to.late[stream].extend_from_slice(&bytes);
        }
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
