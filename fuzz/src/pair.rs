//! Two sessions that mean well, and a wire between them that does as it likes with time.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use actor_core::{EncodeBuffer, NodeId, Outcome, SystemError, Terminated};
use actor_transport::{
    Limits,
    protocol::{
        Agreed, CallKey, CastKey, CloseReason, Event, Fault, Handshake, HelloConfig, InboundCall, InboundCastKey,
        InboundKey, MethodKey, OutgoingCall, Progress, Reply, ReplyBody, Session,
    },
};
use bytes::{Bytes, BytesMut};

/// The data is the limits of both sides and what carries them, in one byte, and a list of steps of two bytes each: what, of which side, and
/// how much. Neither side breaks the protocol, so neither may say that the other one has.
///
/// # Panics
/// When a call runs twice, or runs although its caller was told that it did not; when messages to one actor change
/// their order or their bytes; when an answer reaches another call; when something waits for ever; when anything is
/// left behind.
pub fn pair(data: &[u8]) {
    let Some((how, steps)) = data.split_first() else { return };
    let mut world = World::new(*how);
    for step in steps.chunks_exact(2).take(2000) {
        if let &[what, how] = step {
            world.step(what, how);
        }
    }
    world.finish();
}

struct World {
    now: Instant,
    sides: [Side; 2],
    /// Number of the next message.
    next: u64,
    is_cut: bool,
}

struct Side {
    session: Session,
    /// What the other side has sent and this one has not read: over each stream, the first one first.
    wires: Vec<BytesMut>,
    calls: Vec<(u64, CallKey)>,
    casts: Vec<(u64, CastKey)>,
    running: Vec<(u64, InboundKey)>,
    held: Vec<InboundCastKey>,
    watched: BTreeSet<u64>,
    /// Actors here that have ended, once and for good.
    ended: BTreeSet<u64>,
    /// Watches of the other side's actors of which the end is still to be told.
    watching: BTreeSet<u64>,
    /// Messages of the other side that have arrived here.
    arrived: BTreeSet<u64>,
    /// Messages of this side of which nobody may ever hear.
    unsent: BTreeSet<u64>,
    /// Of each actor here the last message.
    last: BTreeMap<u64, u64>,
}

impl World {
    fn new(how: u8) -> Self {
        let now = Instant::now();
        let limits = [limits(how & 3), limits(how >> 2 & 3)];
        let (ours, theirs) = agree(&limits);
        let [first, second] = limits.map(|limits| Side {
            session: Session::new(limits),
            wires: vec![BytesMut::new()],
            calls: Vec::new(),
            casts: Vec::new(),
            running: Vec::new(),
            held: Vec::new(),
            watched: BTreeSet::new(),
            ended: BTreeSet::new(),
            watching: BTreeSet::new(),
            arrived: BTreeSet::new(),
            unsent: BTreeSet::new(),
            last: BTreeMap::new(),
        });
        let mut world = Self { now, sides: [first, second], next: 0, is_cut: false };
        let (checksum, bulk_streams) = (how & 16 != 0, [0, 1, 2, 4][usize::from(how >> 6)]);
        // Some calls come before there is a connection.
        if how & 32 != 0 {
            (0..8).for_each(|how| world.call(0, how * 31));
        }
        for (side, agreed) in world.sides.iter_mut().zip([ours, theirs]) {
            side.session.attach_to(now, agreed, checksum, bulk_streams);
            side.wires.resize(bulk_streams + 1, BytesMut::new());
        }
        world
    }

    fn step(&mut self, what: u8, how: u8) {
        let at = usize::from(what >> 7);
        let now = self.now;
        let side = &mut self.sides[at];
        match what & 15 {
            0..=2 => self.call(at, how),
            3 => self.cast(at, how),
            4 => {
                if let Some((_, key)) = pick(&mut side.calls, how) {
                    side.session.cancel(now, key);
                }
            }
            5 => {
                if let Some((_, key)) = pick(&mut side.casts, how) {
                    side.session.cancel_cast(now, key);
                }
            }
            6 => {
                if let Some((number, key)) = pick(&mut side.calls, how) {
                    side.take_answer(number, key);
                }
            }
            7 | 8 => side.answer(how),
            9 => {
                if let Some(key) = pick(&mut side.held, how) {
                    side.session.cast_done(key);
                }
            }
            10 | 11 => self.send(at, usize::from(how) * 16),
            12 => self.deliver(at, usize::from(what >> 4 & 7), usize::from(how) * 8),
            13 => self.advance(Duration::from_millis(u64::from(how) * 4)),
            14 => {
                let instance = u64::from(how % 16);
                if how & 16 == 0 && side.session.watch(instance).is_ok() {
                    side.watching.insert(instance);
                } else {
                    side.session.unwatch(instance);
                    side.watching.remove(&instance);
                }
            }
            _ => {
                let instance = u64::from(how % 16);
                side.ended.insert(instance);
                if side.watched.remove(&instance) {
                    side.session.terminated(instance, Terminated::Stopped);
                }
            }
        }
    }

    fn call(&mut self, at: usize, how: u8) {
        let (number, timeout, body) = self.message(how);
        let side = &mut self.sides[at];
        match side.session.call(self.now, &outgoing(self.now, timeout, number, how), body) {
            Ok(key) => side.calls.push((number, key)),
            Err(error) => assert_refused(&error, side, number),
        }
    }

    fn cast(&mut self, at: usize, how: u8) {
        let (number, timeout, body) = self.message(how);
        let side = &mut self.sides[at];
        match side.session.cast(self.now, &outgoing(self.now, timeout, number, how), body) {
            Ok(key) => side.casts.push((number, key)),
            Err(error) => assert_refused(&error, side, number),
        }
    }

    /// Each message bears its number, so that it is known again.
    fn message(&mut self, how: u8) -> (u64, Duration, EncodeBuffer) {
        self.next += 1;
        // A third has a deadline within reach.
        let timeout =
            if how.is_multiple_of(3) { Duration::from_millis(u64::from(how) * 3) } else { Duration::from_secs(3000) };
        (self.next, timeout, body(self.next, how))
    }

    /// One side writes; what it writes is under way.
    fn send(&mut self, from: usize, budget: usize) {
        if self.is_cut {
            return;
        }
        let (mut out, mut bulk) = (VecDeque::new(), vec![VecDeque::new(); self.sides[from].wires.len() - 1]);
        self.sides[from].session.transmit_all(self.now, budget, &mut out, &mut bulk);
        for (wire, out) in self.sides[1 - from].wires.iter_mut().zip(std::iter::once(out).chain(bulk)) {
            out.iter().for_each(|bytes| wire.extend_from_slice(bytes));
        }
    }

    /// One side reads so much of what is under way to it over one of the streams.
    fn deliver(&mut self, to: usize, stream: usize, length: usize) {
        let side = &mut self.sides[to];
        let stream = stream % side.wires.len();
        if stream > 0 && side.session.bulk_waits(stream - 1) {
            return;
        }
        let length = length.min(side.wires[stream].len());
        // What is left of a frame stands before what is read next.
        let mut input = side.wires[stream].split_to(length);
        let received = match stream {
            0 => side.session.receive(self.now, &mut input),
            _ => side.session.receive_bulk(self.now, stream - 1, &mut input),
        };
        if let Err(reason) = received {
            assert_eq!(reason.fault(), Fault::Network, "{reason}");
            self.is_cut = true;
            return;
        }
        input.unsplit(std::mem::take(&mut side.wires[stream]));
        side.wires[stream] = input;
        side.take_events();
        self.look_for_lies();
        for bulk in 0..self.sides[to].wires.len() - 1 {
            if stream == 0 && self.sides[to].session.bulk_waits(bulk) && !self.is_cut {
                self.deliver_waiting(to, bulk);
            }
        }
    }

    /// What has waited in a stream for large messages is read again, now that more of the first one is there.
    fn deliver_waiting(&mut self, to: usize, bulk: usize) {
        let side = &mut self.sides[to];
        if let Err(reason) = side.session.receive_bulk(self.now, bulk, &mut side.wires[bulk + 1]) {
            assert_eq!(reason.fault(), Fault::Network, "{reason}");
            self.is_cut = true;
            return;
        }
        side.take_events();
        self.look_for_lies();
    }

    fn advance(&mut self, time: Duration) {
        self.now += time;
        for side in &mut self.sides {
            if side.session.next_timeout().is_some_and(|at| at <= self.now)
                && let Err(reason) = side.session.handle_timeout(self.now)
            {
                assert_eq!(reason.fault(), Fault::Network, "{reason}");
                self.is_cut = true;
            }
        }
    }

    /// What a caller was told did not run has not arrived.
    fn look_for_lies(&self) {
        for (from, to) in [(0, 1), (1, 0)] {
            let lie = self.sides[from].unsent.intersection(&self.sides[to].arrived).next();
            assert_eq!(lie, None, "it ran, and its caller was told that it did not");
        }
    }

    /// Both owners do what they have to until nothing is left to do.
    fn finish(mut self) {
        for _ in 0..10_000 {
            if self.is_cut || self.is_at_rest() {
                break;
            }
            for at in [0, 1] {
                self.send(at, usize::MAX);
                for stream in 0..self.sides[1 - at].wires.len() {
                    self.deliver(1 - at, stream, usize::MAX);
                }
            }
            for side in &mut self.sides {
                (0..side.running.len()).for_each(|_| side.answer(40));
                side.held.drain(..).for_each(|key| side.session.cast_done(key));
                side.take_answers();
                side.take_casts();
                for instance in std::mem::take(&mut side.watched) {
                    side.ended.insert(instance);
                    side.session.terminated(instance, Terminated::Stopped);
                }
            }
        }
        if !self.is_cut {
            assert!(self.is_at_rest(), "{:?} {:?}", self.sides[0].session.stats(), self.sides[1].session.stats());
        }
        for side in &mut self.sides {
            side.close();
        }
        self.look_for_lies();
    }

    fn is_at_rest(&self) -> bool {
        self.sides.iter().all(|side| {
            let stats = side.session.stats();
            assert_eq!(stats.anomalies, 0, "{stats:?}");
            side.session.is_idle()
                && side.watching.is_empty()
                && (stats.waiting_bytes, stats.inbound_bytes, stats.answers_bytes) == (0, 0, 0)
                && side.wires.iter().all(BytesMut::is_empty)
        })
    }
}

impl Side {
    fn take_events(&mut self) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Call(key, call) => {
                    let number = self.arrive(&call);
                    self.running.push((number, key));
                }
                Event::Cast(key, call) => {
                    self.arrive(&call);
                    self.held.push(key);
                }
                Event::Cancel(key) => {
                    if let Some(at) = self.running.iter().position(|(_, running)| *running == key) {
                        self.running.swap_remove(at);
                        self.session.reply(key, Reply::System(SystemError::Cancelled));
                    }
                }
                Event::Watch { instance } if self.ended.contains(&instance) => {
                    self.session.terminated(instance, Terminated::NoSuchActor);
                }
                Event::Watch { instance } => assert!(self.watched.insert(instance), "watched twice"),
                Event::Unwatch { instance } => {
                    assert!(self.watched.remove(&instance) || self.ended.contains(&instance), "not watched");
                }
                Event::Terminated { instance, how } => {
                    assert!(matches!(how, Terminated::Stopped | Terminated::NoSuchActor));
                    self.watching.remove(&instance);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn arrive(&mut self, call: &InboundCall) -> u64 {
        let number = number_of(&call.body);
        assert!(self.arrived.insert(number), "message {number} arrived twice");
        let last = self.last.insert(call.instance, number).unwrap_or_default();
        assert!(last < number, "message {number} to one actor came behind {last}");
        assert_eq!(call.chain.len(), usize::from(number.is_multiple_of(5)) * 3);
        number
    }

    fn answer(&mut self, how: u8) {
        let Some((number, key)) = pick(&mut self.running, how) else { return };
        self.session.reply(
            key,
            match how % 5 {
                0 => Reply::System(SystemError::UnknownActor { actor: number.to_string().into() }),
                1 => Reply::Thrown(body(number, how)),
                _ => Reply::Value(body(number, how)),
            },
        );
    }

    fn take_answers(&mut self) {
        for (number, key) in std::mem::take(&mut self.calls) {
            self.take_answer(number, key);
        }
    }

    fn take_answer(&mut self, number: u64, key: CallKey) {
        match self.session.poll_reply(key, Waker::noop()) {
            Poll::Pending => self.calls.push((number, key)),
            Poll::Ready(Ok(ReplyBody::Value(body) | ReplyBody::Thrown(body))) => assert_eq!(number_of(&body), number),
            Poll::Ready(Err(SystemError::UnknownActor { actor })) => assert_eq!(*actor, *number.to_string()),
            Poll::Ready(Err(error)) => self.failed(number, &error),
        }
    }

    fn take_casts(&mut self) {
        for (number, key) in std::mem::take(&mut self.casts) {
            match self.session.poll_cast(key, Waker::noop()) {
                Poll::Pending => self.casts.push((number, key)),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => self.failed(number, &error),
            }
        }
    }

    fn failed(&mut self, number: u64, error: &SystemError) {
        match error {
            SystemError::Deadline { .. } | SystemError::Network(_) | SystemError::Connect { .. } => {}
            // What the other side takes may be less than this one does.
            SystemError::MessageTooLarge { .. } | SystemError::ReplyTooLarge { .. } => {}
            other => panic!("{other:?}"),
        }
        if error.outcome() == Outcome::NotExecuted {
            self.unsent.insert(number);
        }
    }

    /// The connection is gone: everybody hears of it.
    fn close(&mut self) {
        self.session.close(&CloseReason::EndOfStream, NodeId::from_bits(9));
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Cancel(key) => {
                    let at = self.running.iter().position(|(_, running)| *running == key);
                    self.running.swap_remove(at.expect("only what runs is cancelled"));
                }
                Event::Terminated { instance, .. } => assert!(self.watching.remove(&instance)),
                other => panic!("{other:?}"),
            }
        }
        assert!(self.running.is_empty() && self.watching.is_empty());
        self.held.drain(..).for_each(|key| self.session.cast_done(key));
        self.take_answers();
        self.take_casts();
        assert!(self.calls.is_empty() && self.casts.is_empty(), "a caller waits for ever");
        let stats = self.session.stats();
        assert_eq!((stats.callers, stats.calls_out, stats.calls_in, stats.waiting), (0, 0, 0, 0), "{stats:?}");
        assert_eq!((stats.waiting_bytes, stats.inbound_bytes, stats.answers_bytes), (0, 0, 0), "{stats:?}");
    }
}

fn assert_refused(error: &SystemError, side: &mut Side, number: u64) {
    assert!(matches!(error, SystemError::MessageTooLarge { .. } | SystemError::Overloaded { .. }), "{error:?}");
    side.unsent.insert(number);
}

fn pick<T>(from: &mut Vec<T>, which: u8) -> Option<T> {
    (!from.is_empty()).then(|| from.swap_remove(usize::from(which) % from.len()))
}

fn outgoing(now: Instant, timeout: Duration, number: u64, how: u8) -> OutgoingCall<'static> {
    const NAMES: [&str; 4] = ["a", "b", "c", "d"];
    let method = MethodKey { hash: u64::from(how % 4), name: NAMES[usize::from(how % 4)], signature: "()" };
    let trace = number.is_multiple_of(3).then_some([1; 25]);
    let chain: &[u8] = if number.is_multiple_of(5) { &[1, 2, 3] } else { &[] };
    OutgoingCall { instance: u64::from(how / 4 % 4), method, deadline: now + timeout, timeout, trace, chain }
}

/// The number, and behind it so much that it takes from none to six chunks.
fn body(number: u64, how: u8) -> EncodeBuffer {
    let mut body = EncodeBuffer::new();
    body.put_slice(&number.to_le_bytes());
    let length = if how.is_multiple_of(2) { usize::from(how % 32) } else { usize::from(how) * 25 };
    body.put_bytes(Bytes::from(vec![number as u8; length]));
    body
}

fn number_of(body: &[u8]) -> u64 {
    let (number, rest) = body.split_first_chunk::<8>().expect("a message has a number");
    let number = u64::from_le_bytes(*number);
    assert!(rest.iter().all(|byte| *byte == number as u8), "messages were mixed up");
    number
}

fn limits(how: u8) -> Limits {
    let mut limits = Limits::default();
    limits.message_length_max = 6000 + u64::from(how) * 500;
    limits.inbound_bytes_max = 2 * limits.message_length_max + u64::from(how) * 3000;
    limits.chunk_length_max = 1024 + u32::from(how) * 100;
    limits.calls_in_flight_max = 2 + u32::from(how) * 3;
    limits.casts_in_flight_max = 4 - u32::from(how);
    limits.methods_max = 1 + u32::from(how);
    limits.calls_waiting_max = 50;
    // On this wire pings of a minute may be read at once.
    limits.pings_per_second_max = u32::MAX;
    limits
}

fn agree(limits: &[Limits; 2]) -> (Agreed, Agreed) {
    let mut dialer = Handshake::dial(HelloConfig::new(NodeId::from_bits(1), limits[0].clone()));
    let mut acceptor = Handshake::listen(HelloConfig::new(NodeId::from_bits(2), limits[1].clone()));
    let hello = dialer.transmit().unwrap_or_default();
    let Ok(Some(Progress::Offered(_))) = acceptor.receive(&mut BytesMut::from(&hello[..])) else {
        unreachable!("a hello of ours is understood");
    };
    let theirs = acceptor.accept().unwrap_or_else(|error| unreachable!("{error}"));
    let answer = acceptor.transmit().unwrap_or_default();
    let Ok(Some(Progress::Accepted(ours))) = dialer.receive(&mut BytesMut::from(&answer[..])) else {
        unreachable!("an answer of ours is understood");
    };
    (ours, theirs)
}
