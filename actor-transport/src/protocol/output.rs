//! Frames on their way out.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{frame::Frame, wire::Head};

/// First allocation for an attached session; what the transport gave back is used again.
const CAPACITY: usize = 16 * 1024;

/// Small frames are copied one behind the other into one buffer, which leaves in one piece.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: BytesMut,
    checksum: bool,
    /// The last frame is written; what comes later is dropped.
    sealed: bool,
    /// Counts how often the buffer was handed to the transport, which tells whether a frame has left.
    epoch: u64,
    /// Bytes in the buffer that no credit and no slot bounds.
    unbounded: usize,
    /// All bytes that were handed to the transport.
    handed: u64,
    /// Whole calls, casts and answers in the buffer.
    messages: usize,
}

impl Output {
    pub(crate) fn attach(&mut self, checksum: bool) {
        self.checksum = checksum;
        // Epoch 0 is before everything.
        self.epoch = 1;
        self.bytes.reserve(CAPACITY);
    }

    /// Writes a whole frame.
    #[inline]
    pub(crate) fn frame(&mut self, frame: &Frame<'_>) {
        self.frame_of_pieces(frame, &[]);
    }

    /// Writes a whole frame, of which `pieces` are the end.
    #[inline]
    pub(crate) fn frame_of_pieces(&mut self, frame: &Frame<'_>, pieces: &[Bytes]) {
        let is_message =
            matches!(frame, Frame::Call { .. } | Frame::Cast { .. } | Frame::Reply { .. } | Frame::Error { .. });
        self.messages = self.messages.saturating_add(usize::from(is_message));
        self.open(frame, pieces);
        if !self.sealed {
            for piece in pieces {
                self.bytes.extend_from_slice(piece);
            }
        }
    }

    /// Writes a frame but for its end, `pieces`, which the caller sends uncopied behind it.
    #[inline]
    pub(crate) fn open(&mut self, frame: &Frame<'_>, pieces: &[Bytes]) {
        let (chain, payload) = frame.tail();
        if frame.fits_head() {
            let mut head = Head::new();
            frame.put_fields(&mut head);
            self.write(head.as_slice(), chain, payload, pieces);
        } else {
            let mut fields = Vec::new();
            frame.put_fields(&mut fields);
            self.write(&fields, chain, payload, pieces);
        }
    }

    /// Writes the last frame.
    pub(crate) fn seal(&mut self, frame: &Frame<'_>) {
        self.frame(frame);
        self.sealed = true;
    }

    /// Writes a frame whose number only the peer bounds.
    pub(crate) fn unbounded_frame(&mut self, frame: &Frame<'_>) {
        let before = self.bytes.len();
        self.frame(frame);
        self.unbounded = self.unbounded.saturating_add(self.bytes.len().saturating_sub(before));
    }

    /// Moves all into `out`; returns how many bytes.
    pub(crate) fn take(&mut self, out: &mut VecDeque<Bytes>) -> usize {
        let length = self.bytes.len();
        self.messages = 0;
        if length > 0 {
            out.push_back(self.bytes.split().freeze());
            self.handed = self.handed.saturating_add(length as u64);
        }
        length
    }

    /// The transport has taken everything: what was written until now has left.
    pub(crate) fn next_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.unbounded = 0;
    }

    /// The same without having been asked: another output has handed over, and all count alike.
    pub(crate) fn keep_pace(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    #[inline]
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn handed(&self) -> u64 {
        self.handed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whole calls, casts and answers that wait for [`take`](Self::take).
    #[inline]
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    pub(crate) fn unbounded_len(&self) -> usize {
        self.unbounded
    }

    #[inline]
    fn write(&mut self, fields: &[u8], chain: &[u8], payload: &[u8], pieces: &[Bytes]) {
        if self.sealed {
            return;
        }
        let here = fields.len().saturating_add(chain.len()).saturating_add(payload.len());
        let length = pieces.iter().fold(here, |length, piece| length.saturating_add(piece.len()));
        self.bytes.reserve(here.saturating_add(8));
        // All parts are bounded far below 4 GiB. The checksum is filled in below.
        let prefix = u64::from(u32::try_from(length).unwrap_or(u32::MAX)).to_le_bytes();
        self.bytes.extend_from_slice(if self.checksum { &prefix } else { prefix.split_at(4).0 });
        let start = self.bytes.len();
        self.bytes.extend_from_slice(fields);
        if !chain.is_empty() {
            self.bytes.extend_from_slice(chain);
        }
        self.bytes.extend_from_slice(payload);
        if self.checksum {
            self.write_checksum(start, pieces);
        }
    }

    /// One pass over all that was copied costs less than one for each part.
    #[inline]
    fn write_checksum(&mut self, start: usize, pieces: &[Bytes]) {
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(self.bytes.get(start..).unwrap_or_default());
        pieces.iter().for_each(|piece| checksum.update(piece));
        let checksum = checksum.finalize();
        let field = start.checked_sub(4).and_then(|field| self.bytes.get_mut(field..start));
        if let Some(field) = field {
            field.copy_from_slice(&checksum.to_le_bytes());
        }
    }
}
