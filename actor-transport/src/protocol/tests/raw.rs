//! A session, and a peer that speaks frames by hand.

use std::{collections::VecDeque, time::Instant};

use bytes::BytesMut;

use super::pair::{METHOD, agree};
use crate::{
    Limits,
    protocol::{CallId, CloseReason, Event, Frame, Request, Session},
};

pub(super) struct Raw {
    pub(super) now: Instant,
    pub(super) session: Session,
    pub(super) checksum: bool,
}

impl Raw {
    pub(super) fn new() -> Self {
        Self::with(Limits::default(), true)
    }

    pub(super) fn with(limits: Limits, checksum: bool) -> Self {
        let now = Instant::now();
        let mut session = Session::new(limits.clone());
        session.attach(now, agree(&limits, &limits).1, checksum);
        Self { now, session, checksum }
    }

    /// With the method defined at index 0.
    pub(super) fn defined() -> Self {
        let mut raw = Self::new();
        raw.send(&define(0)).unwrap();
        raw
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
}

pub(super) fn enclose(frame: &Frame<'_>, checksum: bool) -> Vec<u8> {
    let mut body = Vec::new();
    frame.encode(&mut body);
    let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
    if checksum {
        bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    }
    bytes.extend_from_slice(&body);
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
