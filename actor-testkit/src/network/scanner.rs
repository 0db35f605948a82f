//! What goes over a cable, as far as tests look at it: which calls, and where replies begin.

use std::collections::BTreeMap;

use actor_transport::protocol::Frame;

/// How a greeting begins (`docs/protocol.md`, section 3).
const MAGIC: &[u8] = b"\xDACT1";
/// Magic, length and checksum of a greeting, in bytes.
const GREETING_HEADER: usize = 10;
/// Length and checksum of a frame, in bytes: simulated connections do not protect their bytes.
const FRAME_HEADER: usize = 8;

/// Follows the bytes of one direction, in whatever pieces they come.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// What is there of the unit that is looked at, from its first byte on.
    unit: Vec<u8>,
    /// Bytes of it that nobody looks at.
    skip: u64,
    /// Bytes so far.
    position: u64,
    /// Names of methods, by the indices that the sender has given them.
    methods: BTreeMap<u32, String>,
}

/// What a test may want to know of. Places are counted in bytes from the beginning of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A call or a cast; of a large one its beginning.
    Call {
        begin: u64,
        end: u64,
        instance: u64,
        method: String,
        is_cast: bool,
        /// Of its arguments, in bytes.
        length: u64,
    },
    /// An answer: a result, an error, or the beginning of a large one.
    Answer { begin: u64 },
}

impl Scanner {
    pub(super) fn feed(&mut self, mut bytes: &[u8], seen: &mut Vec<Seen>) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = bytes.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
                self.skip -= skipped as u64;
                self.position += skipped as u64;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let needed = self.needed().saturating_sub(self.unit.len()).min(bytes.len());
            let (next, rest) = bytes.split_at(needed);
            self.unit.extend_from_slice(next);
            self.position += needed as u64;
            bytes = rest;
            if self.unit.len() >= self.needed() {
                self.look(seen);
            }
        }
    }

    /// Bytes of the unit that it takes to go on.
    fn needed(&self) -> usize {
        if self.unit.len() < MAGIC.len() {
            MAGIC.len()
        } else if self.unit.starts_with(MAGIC) {
            GREETING_HEADER
        } else if self.unit.len() <= FRAME_HEADER || !self.is_read_whole() {
            FRAME_HEADER + 1
        } else {
            self.frame_length()
        }
    }

    fn frame_length(&self) -> usize {
        let length = self.unit.get(..4).and_then(|length| length.try_into().ok()).map_or(0, u32::from_le_bytes);
        FRAME_HEADER + length.max(1) as usize
    }

    /// Calls, casts and definitions of methods.
    fn is_read_whole(&self) -> bool {
        matches!(self.unit.get(FRAME_HEADER), Some(1 | 2 | 13))
    }

    fn look(&mut self, seen: &mut Vec<Seen>) {
        let begin = self.position - self.unit.len() as u64;
        if self.unit.starts_with(MAGIC) {
            let length = self.unit.get(4..6).and_then(|length| length.try_into().ok()).map_or(0, u16::from_le_bytes);
            self.skip = length.into();
        } else {
            self.skip = (self.frame_length() - self.unit.len()) as u64;
            match Frame::parse(self.unit.get(FRAME_HEADER..).unwrap_or_default()) {
                _ if matches!(self.unit.get(FRAME_HEADER), Some(3..=5)) => seen.push(Seen::Answer { begin }),
                Ok(Frame::DefineMethod { index, name, .. }) => {
                    self.methods.insert(index, name.to_owned());
                }
                Ok(Frame::Call { request, .. }) => seen.push(self.call(begin, &request, false)),
                Ok(Frame::Cast { request, .. }) => seen.push(self.call(begin, &request, true)),
                _ => {}
            }
        }
        self.unit.clear();
    }

    fn call(&self, begin: u64, request: &actor_transport::protocol::Request<'_>, is_cast: bool) -> Seen {
        Seen::Call {
            begin,
            end: self.position,
            instance: request.instance,
            method: self.methods.get(&request.method).cloned().unwrap_or_default(),
            is_cast,
            length: request.total.unwrap_or(request.payload.len() as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use actor_transport::protocol::{CallId, Request};

    use super::*;

    #[test]
    fn calls_and_answers_are_seen_in_whatever_pieces_they_come() {
        let mut bytes = b"\xDACT1\x05\x00\0\0\0\0hello".to_vec();
        let request =
            Request { instance: 7, method: 3, remaining_ms: 1, trace: None, chain: &[], total: None, payload: b"args" };
        let id = CallId { slot: 0, generation: 0 };
        let mut begins = Vec::new();
        for frame in [
            Frame::DefineMethod { index: 3, hash: 1, name: "a::B::c", signature: "" },
            Frame::Ping,
            Frame::Call { id, request },
            Frame::Reply { id, thrown: false, total: None, payload: &[9; 300] },
            Frame::Pong,
        ] {
            begins.push(bytes.len() as u64);
            frame.enclose(true, &mut bytes);
        }
        let call = Seen::Call {
            begin: begins[2],
            end: begins[3],
            instance: 7,
            method: "a::B::c".into(),
            is_cast: false,
            length: 4,
        };
        for length in [1, 2, 3, 7, 50, bytes.len()] {
            let (mut scanner, mut seen) = (Scanner::default(), Vec::new());
            for piece in bytes.chunks(length) {
                scanner.feed(piece, &mut seen);
            }
            assert_eq!(seen, [call.clone(), Seen::Answer { begin: begins[3] }], "pieces of {length}");
        }
    }
}
