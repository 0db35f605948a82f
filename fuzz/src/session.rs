//! A session under whatever its peer and its owner do.

use std::{
    collections::VecDeque,
    task::Waker,
    time::{Duration, Instant},
};

use actor_core::{EncodeBuffer, NodeId, SystemError, Terminated};
use actor_transport::{
    Limits,
    protocol::{
        Agreed, CallKey, Event, Handshake, HelloConfig, InboundCastKey, InboundKey, MethodKey, OutgoingCall, Progress,
        Reply, Session,
    },
};
use bytes::{Bytes, BytesMut};

/// The data is a list of steps: a byte that says what, one that says how much, and for bytes of the peer these
/// themselves. Frames need no checksum here, so that the fuzzer can write them.
pub fn session(data: &[u8]) {
    let mut world = World::new(data.first().is_some_and(|how| how & 128 != 0));
    let mut rest = data;
    while let [what, how, after @ ..] = rest {
        rest = world.step(*what, *how, after);
    }
    world.check();
}

const BULK_STREAMS: usize = 2;

struct World {
    now: Instant,
    session: Session,
    input: BytesMut,
    /// Of the streams for large messages, if there are any.
    bulk: [BytesMut; BULK_STREAMS],
    is_broken: bool,
    calls: Vec<CallKey>,
    inbound: Vec<InboundKey>,
    casts: Vec<InboundCastKey>,
}

impl World {
    fn new(has_bulk: bool) -> Self {
        let bulk_streams = if has_bulk { BULK_STREAMS } else { 0 };
        let now = Instant::now();
        let mut session = Session::new(limits());
        session.attach_to(now, agreed(), false, bulk_streams);
        let (calls, inbound, casts) = (Vec::new(), Vec::new(), Vec::new());
        let (input, bulk) = (BytesMut::new(), Default::default());
        Self { now, session, input, bulk, is_broken: false, calls, inbound, casts }
    }

    fn step<'a>(&mut self, what: u8, how: u8, rest: &'a [u8]) -> &'a [u8] {
        match what % 10 {
            0..=2 => {
                // Up to 255 bytes, or a frame of that length with its prefix.
                let (bytes, rest) = rest.split_at(rest.len().min(how.into()));
                let input = match what >> 5 & 3 {
                    2 => &mut self.bulk[0],
                    3 => &mut self.bulk[1],
                    _ => &mut self.input,
                };
                if !what.is_multiple_of(10) {
                    input.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                }
                input.extend_from_slice(bytes);
                self.receive();
                return rest;
            }
            3 => self.call(how),
            4 => {
                if let Some(key) = pick(&mut self.calls, how) {
                    self.session.cancel(self.now, key);
                }
            }
            5 => {
                if let Some(key) = pick(&mut self.calls, how)
                    && self.session.poll_reply(key, Waker::noop()).is_pending()
                {
                    self.calls.push(key);
                }
            }
            6 => {
                if let Some(key) = pick(&mut self.inbound, how) {
                    self.session.reply(key, reply(how));
                }
            }
            7 => {
                if let Some(key) = pick(&mut self.casts, how) {
                    self.session.cast_done(key);
                }
            }
            8 => {
                self.now += Duration::from_millis(u64::from(how) * 20);
                self.is_broken |= self.session.handle_timeout(self.now).is_err();
            }
            _ => {
                let (mut out, mut bulk) = (VecDeque::new(), <[_; BULK_STREAMS]>::default());
                self.session.transmit_all(self.now, usize::from(how) * 64, &mut out, &mut bulk);
            }
        }
        rest
    }

    fn receive(&mut self) {
        self.is_broken |= self.session.receive(self.now, &mut self.input).is_err();
        for (stream, input) in self.bulk.iter_mut().enumerate() {
            self.is_broken |= self.session.receive_bulk(self.now, stream, input).is_err();
        }
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Call(key, mut call) => {
                    call.detach();
                    assert!(call.remaining <= Duration::from_secs(3600));
                    self.inbound.push(key);
                }
                Event::Cast(key, _) => self.casts.push(key),
                Event::Watch { instance } => self.session.terminated(instance, Terminated::NoSuchActor),
                _ => {}
            }
        }
    }

    fn call(&mut self, how: u8) {
        let method = MethodKey { hash: u64::from(how % 4), name: "method", signature: "" };
        let timeout = Duration::from_millis(u64::from(how) * 10);
        let deadline = self.now + timeout;
        let call = OutgoingCall { instance: 1, method, deadline, timeout, trace: None, chain: &[] };
        match how % 3 {
            0 => drop(self.session.cast(self.now, &call, body(how))),
            _ => self.calls.extend(self.session.call(self.now, &call, body(how))),
        }
    }

    /// All limits hold, and whoever does his duty leaves nothing behind.
    fn check(mut self) {
        let stats = self.session.stats();
        let limits = limits();
        assert!(stats.inbound_bytes <= limits.inbound_bytes_max, "{stats:?}");
        assert!(stats.calls_in <= limits.calls_in_flight_max as usize, "{stats:?}");
        assert!(stats.anomalies <= limits.anomalies_max + 1, "{stats:?}");
        self.session.close(&actor_transport::protocol::CloseReason::EndOfStream, NodeId::from_bits(2));
        for key in self.calls {
            assert!(self.session.poll_reply(key, Waker::noop()).is_ready());
        }
    }
}

fn pick<T>(from: &mut Vec<T>, which: u8) -> Option<T> {
    (!from.is_empty()).then(|| from.swap_remove(usize::from(which) % from.len()))
}

fn reply(how: u8) -> Reply {
    match how % 3 {
        0 => Reply::System(SystemError::ShuttingDown),
        1 => Reply::Value(body(how)),
        _ => Reply::Thrown(body(how)),
    }
}

fn body(how: u8) -> EncodeBuffer {
    let mut body = EncodeBuffer::new();
    body.put_bytes(Bytes::from(vec![how; usize::from(how) * 20]));
    body
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.message_length_max = 6000;
    limits.inbound_bytes_max = 12_000;
    limits.chunk_length_max = 1024;
    limits.calls_in_flight_max = 3;
    limits.casts_in_flight_max = 3;
    limits.methods_max = 3;
    limits
}

pub(crate) fn agreed() -> Agreed {
    let mut dialer = Handshake::dial(HelloConfig::new(NodeId::from_bits(1), limits()));
    let mut acceptor = Handshake::listen(HelloConfig::new(NodeId::from_bits(2), limits()));
    let hello = dialer.transmit().unwrap_or_default();
    let Ok(Some(Progress::Offered(_))) = acceptor.receive(&mut BytesMut::from(&hello[..])) else {
        unreachable!("a hello of ours is understood");
    };
    acceptor.accept().unwrap_or_else(|error| unreachable!("{error}"))
}
