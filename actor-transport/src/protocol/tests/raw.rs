//! A session, and a peer that speaks frames by hand.

use std::{
    collections::VecDeque,
    task::{Poll, Waker},
    time::Instant,
};

use bytes::BytesMut;

use super::pair::{METHOD, agree, body, node, outgoing};
use crate::{
    Limits,
    protocol::{CallId, CallKey, CloseReason, Event, Frame, Goodbye, Reply, Request, Session, SessionStats},
};

pub(super) struct Raw {
    pub(super) now: Instant,
    pub(super) session: Session,
    pub(super) checksum: bool,
    /// Calls of the session that were neither taken nor cancelled.
    calls: Vec<CallKey>,
}

impl Raw {
    pub(super) fn new() -> Self {
        Self::with(Limits::default(), true)
    }

    pub(super) fn with(limits: Limits, checksum: bool) -> Self {
        let now = Instant::now();
        let mut session = Session::new(limits.clone());
        session.attach(now, agree(&limits, &limits).1, checksum);
        Self { now, session, checksum, calls: Vec::new() }
    }

    /// With the method defined at index 0.
    pub(super) fn defined() -> Self {
        let mut raw = Self::new();
        raw.send(&define(0)).unwrap();
        raw
    }

    /// A session that has made five calls, so that answers make sense to it.
    pub(super) fn with_calls(checksum: bool) -> Self {
        let mut raw = Self::with(Limits::default(), checksum);
        for _ in 0..5 {
            raw.call(1);
        }
        raw.sent();
        raw
    }

    /// A call of the session, which it begins with a message of this length.
    pub(super) fn call(&mut self, length: usize) -> CallKey {
        let key = self.session.call(self.now, &outgoing(self.now, 1), body(length)).unwrap();
        self.calls.push(key);
        key
    }

    pub(super) fn send(&mut self, frame: &Frame<'_>) -> Result<(), CloseReason> {
        self.send_bytes(&enclose(frame, self.checksum))
    }

    pub(super) fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), CloseReason> {
        self.session.receive(self.now, &mut BytesMut::from(bytes))
    }

    pub(super) fn event(&mut self) -> Option<Event> {
        self.session.poll_event()
    }

    /// The bodies of the frames that the session sends.
    pub(super) fn sent(&mut self) -> Vec<Vec<u8>> {
        let mut out = VecDeque::new();
        while self.session.transmit(self.now, usize::MAX, &mut out) {}
        let bytes: Vec<u8> = out.into_iter().flatten().collect();
        let mut rest = &bytes[..];
        let mut frames = Vec::new();
        let prefix = if self.checksum { 8 } else { 4 };
        while !rest.is_empty() {
            let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
            frames.push(rest[prefix..prefix + length].to_vec());
            rest = &rest[prefix + length..];
        }
        frames
    }

    /// Whatever came before, the session has kept its limits, and after its end nothing is left in it. `result` is what
    /// the last bytes of the peer led to: if they broke the protocol, the last word says how.
    pub(super) fn end(mut self, result: Result<(), CloseReason>) {
        let limits = *self.session.agreed();
        let stats = self.session.stats();
        assert!(stats.calls_in <= limits.calls_in_flight_max as usize, "{stats:?}");
        assert!(stats.inbound_bytes <= limits.inbound_bytes_max, "{stats:?}");
        assert!(stats.anomalies <= 101, "{stats:?}");
        let frames = self.sent();
        if let Err(reason) = &result {
            let last = frames.last().map(|body| Frame::parse(body).unwrap());
            let Goodbye::Protocol(text) = reason.goodbye() else { panic!("{reason:?} is no fault of the peer") };
            assert_eq!(last, Some(Frame::Goodbye { code: 4, text: &text }));
        }
        self.session.close(&result.err().unwrap_or(CloseReason::EndOfStream), node(1));
        while let Some(event) = self.event() {
            match event {
                Event::Cancel(key) => self.session.reply(key, Reply::Value(body(1))),
                Event::Terminated { .. } => {}
                other => panic!("{other:?} after the end"),
            }
        }
        for key in std::mem::take(&mut self.calls) {
            assert!(matches!(self.session.poll_reply(key, Waker::noop()), Poll::Ready(_)));
        }
        assert!(self.sent().is_empty(), "it says something after its end");
        assert_eq!(self.session.stats(), SessionStats { anomalies: stats.anomalies, ..SessionStats::default() });
        assert_eq!((self.session.next_timeout(), self.session.answers_not_taken()), (None, 0));
    }
}

pub(super) fn enclose(frame: &Frame<'_>, checksum: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.enclose(checksum, &mut bytes);
    bytes
}

pub(super) fn define(index: u32) -> Frame<'static> {
    Frame::DefineMethod { index, hash: METHOD.hash, name: METHOD.name, signature: METHOD.signature }
}

pub(super) fn id(slot: u16, generation: u16) -> CallId {
    CallId { slot, generation }
}

pub(super) fn request(payload: &[u8]) -> Request<'_> {
    Request { instance: 7, method: 0, remaining_ms: 1000, trace: None, chain: &[], total: None, payload }
}
