//! What encoders write to.

use std::{cell::RefCell, io};

use bytes::Bytes;

/// Shorter byte strings are copied: chaining one costs a reference count and a system call's vector entry.
const CHAIN_FROM: usize = 2048;
/// Buffers kept per thread for the next call, and the most that a kept one may hold.
const POOLED: usize = 16;
const POOLED_CAPACITY_MAX: usize = 16 * 1024;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A growing message: bytes, and long byte strings that are chained in without a copy.
///
/// Its memory comes from a small pool of its thread and goes back there when it is dropped.
#[derive(Debug)]
pub struct EncodeBuffer {
    bytes: Vec<u8>,
    /// Chained byte strings, each with the offset in `bytes` that it stands before.
    chained: Vec<(usize, Bytes)>,
    chained_length: usize,
}

impl EncodeBuffer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        let bytes = POOL.try_with(|pool| pool.borrow_mut().pop()).ok().flatten().unwrap_or_default();
        Self { bytes, chained: Vec::new(), chained_length: 0 }
    }

    /// Appends a copy of `slice`.
    #[inline]
    pub fn put_slice(&mut self, slice: &[u8]) {
        self.bytes.extend_from_slice(slice);
    }

    /// Appends one byte.
    #[inline]
    pub fn put_u8(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Appends `bytes`, without a copy where they are long.
    pub fn put_bytes(&mut self, bytes: Bytes) {
        if bytes.len() < CHAIN_FROM {
            self.bytes.extend_from_slice(&bytes);
        } else {
            self.chained_length = self.chained_length.saturating_add(bytes.len());
            self.chained.push((self.bytes.len(), bytes));
        }
    }

    /// The same for bytes that stay where they are: they are counted only where they are chained.
    pub(crate) fn put_bytes_of(&mut self, bytes: &Bytes) {
        if bytes.len() < CHAIN_FROM { self.put_slice(bytes) } else { self.put_bytes(bytes.clone()) }
    }

    /// Length of all that was appended, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len().saturating_add(self.chained_length)
    }

    /// Whether nothing was appended yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message, where nothing is chained into it; it can then be copied at once.
    #[must_use]
    pub fn as_slice(&self) -> Option<&[u8]> {
        self.chained.is_empty().then_some(&self.bytes)
    }

    /// The message in one piece. Copies only if something is chained in between other bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        let mut segments = self.into_segments();
        if segments.len() == 1 {
            return segments.pop().unwrap_or_default();
        }
        segments.concat().into()
    }

    /// The message as the pieces it is made of, in order; none is empty.
    #[must_use]
    pub fn into_segments(mut self) -> Segments {
        let chained = std::mem::take(&mut self.chained);
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let mut segments = Vec::with_capacity(chained.len().saturating_mul(2).saturating_add(1));
        let mut start = 0;
        for (before, link) in chained {
            if before > start {
                segments.push(bytes.slice(start..before));
                start = before;
            }
            segments.push(link);
        }
        if bytes.len() > start {
            segments.push(bytes.slice(start..));
        }
        segments
    }
}

/// A message in pieces.
pub type Segments = Vec<Bytes>;

impl Default for EncodeBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for EncodeBuffer {
    fn drop(&mut self) {
        if self.bytes.capacity() == 0 || self.bytes.capacity() > POOLED_CAPACITY_MAX {
            return;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        // While the thread ends its pool may be gone; then the memory is simply freed.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOLED {
                pool.push(bytes);
            }
        });
    }
}

impl io::Write for EncodeBuffer {
    fn write(&mut self, slice: &[u8]) -> io::Result<usize> {
        self.put_slice(slice);
        Ok(slice.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_byte_string_is_chained_without_a_copy() {
        let long = Bytes::from(vec![7; CHAIN_FROM]);
        let mut buffer = EncodeBuffer::new();
        buffer.put_slice(b"ab");
        buffer.put_bytes(long.clone());
        buffer.put_slice(b"c");
        assert_eq!(buffer.len(), CHAIN_FROM + 3);
        let segments = buffer.into_segments();
        assert_eq!(segments.len(), 3);
        assert_eq!(segments[1].as_ptr(), long.as_ptr());
    }

    #[test]
    fn the_pieces_in_order_are_the_message() {
        let mut buffer = EncodeBuffer::new();
        buffer.put_bytes(Bytes::from(vec![1; CHAIN_FROM]));
        buffer.put_u8(2);
        buffer.put_bytes(Bytes::from_static(b"short"));
        let mut expected = vec![1; CHAIN_FROM];
        expected.extend_from_slice(b"\x02short");
        assert_eq!(buffer.into_bytes(), expected);
        assert!(EncodeBuffer::new().into_bytes().is_empty());
    }

    #[test]
    fn a_byte_string_is_chained_from_two_kibibytes_on_and_copied_below() {
        for (length, pieces) in [(CHAIN_FROM - 1, 1), (CHAIN_FROM, 2)] {
            let bytes = Bytes::from(vec![7; length]);
            let (mut given, mut shown) = (EncodeBuffer::new(), EncodeBuffer::new());
            given.put_u8(1);
            shown.put_u8(1);
            shown.put_bytes_of(&bytes);
            given.put_bytes(bytes.clone());
            for buffer in [given, shown] {
                assert_eq!(buffer.as_slice().is_some(), pieces == 1);
                assert_eq!(buffer.into_segments().len(), pieces);
            }
        }
    }

    #[test]
    fn a_buffer_takes_all_that_is_written_to_it() {
        let mut buffer = EncodeBuffer::new();
        io::Write::write_all(&mut buffer, b"abc").unwrap();
        assert_eq!(buffer.into_bytes(), &b"abc"[..]);
    }

    #[test]
    fn no_piece_is_empty() {
        let mut buffer = EncodeBuffer::new();
        for _ in 0..2 {
            buffer.put_bytes(Bytes::from(vec![7; CHAIN_FROM]));
        }
        let lengths: Vec<_> = buffer.into_segments().iter().map(Bytes::len).collect();
        assert_eq!(lengths, [CHAIN_FROM; 2]);
    }

    #[test]
    fn what_was_appended_can_be_looked_at_while_nothing_is_chained() {
        let mut buffer = EncodeBuffer::new();
        assert!(buffer.is_empty());
        assert_eq!(buffer.as_slice(), Some(&[][..]));
        buffer.put_slice(b"abc");
        assert!(!buffer.is_empty());
        assert_eq!(buffer.as_slice(), Some(&b"abc"[..]));
        buffer.put_bytes(Bytes::from(vec![7; CHAIN_FROM]));
        assert_eq!(buffer.as_slice(), None);
        let mut chained = EncodeBuffer::new();
        chained.put_bytes(Bytes::from(vec![7; CHAIN_FROM]));
        assert!(!chained.is_empty());
    }

    #[test]
    fn a_thread_keeps_sixteen_buffers_of_sixteen_kibibytes_and_no_larger_one() {
        let kept = |capacities: Vec<usize>| {
            std::thread::spawn(move || {
                let buffers = capacities.into_iter().map(|capacity| EncodeBuffer {
                    bytes: Vec::with_capacity(capacity),
                    chained: Vec::new(),
                    chained_length: 0,
                });
                drop(buffers.collect::<Vec<_>>());
                POOL.with(|pool| pool.borrow().iter().map(Vec::capacity).collect::<Vec<_>>())
            })
            .join()
            .unwrap()
        };
        assert_eq!(kept(vec![16 * 1024, 16 * 1024 + 1, 0, 8]), [16 * 1024, 8]);
        assert_eq!(kept(vec![8; 20]).len(), 16);
    }
}
