//! Reading and writing the fields of frames (`docs/protocol.md`, section 2).

/// Bytes that are not what the protocol says stands here; names the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Takes fields from the front of a slice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(Malformed(field))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Malformed> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed(field))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, Malformed> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, Malformed> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// A number of up to 64 bits in LEB128, in its shortest form.
    #[inline]
    pub(crate) fn varint(&mut self, field: &'static str) -> Result<u64, Malformed> {
        let (&first, rest) = self.0.split_first().ok_or(Malformed(field))?;
        if first < 0x80 {
            self.0 = rest;
            return Ok(first.into());
        }
        self.varint_long(field)
    }

    fn varint_long(&mut self, field: &'static str) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64_u32).step_by(7) {
            let byte = self.u8(field)?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte holds the 64th bit and nothing else.
            if shift == 63 && bits > 1 {
                return Err(Malformed(field));
            }
            value |= bits << shift;
            if byte < 0x80 {
                return if byte == 0 { Err(Malformed(field)) } else { Ok(value) };
            }
        }
        Err(Malformed(field))
    }

    pub(crate) fn varint_u32(&mut self, field: &'static str) -> Result<u32, Malformed> {
        u32::try_from(self.varint(field)?).map_err(|_| Malformed(field))
    }

    pub(crate) fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], Malformed> {
        let (first, rest) = self.0.split_at_checked(length).ok_or(Malformed(field))?;
        self.0 = rest;
        Ok(first)
    }

    /// A byte string with its length before it, of at most `length_max` bytes.
    pub(crate) fn bytes(&mut self, length_max: usize, field: &'static str) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.varint(field)?).map_err(|_| Malformed(field))?;
        if length > length_max {
            return Err(Malformed(field));
        }
        self.take(length, field)
    }

    /// A text with its length before it, of at most `length_max` bytes.
    pub(crate) fn text(&mut self, length_max: usize, field: &'static str) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes(length_max, field)?).map_err(|_| Malformed(field))
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed("end of frame")) }
    }
}

/// Where fields are written to.
pub(crate) trait Put {
    fn put(&mut self, bytes: &[u8]);

    fn put_u8(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    /// A number in LEB128.
    #[inline]
    fn put_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            // Truncation takes the low seven bits, which is what is meant.
            self.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.put_u8(value as u8);
    }

    /// A byte string with its length before it.
    fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_varint(bytes.len() as u64);
        self.put(bytes);
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// The longest header without its variable parts: kind, id, flags, five varints and a trace context take 82 bytes.
const HEAD_LENGTH: usize = 96;

/// The fields of fixed length at the front of a frame, written on the stack: growing a shared buffer field by field
/// costs several times as much.
#[derive(Debug)]
pub(crate) struct Head {
    bytes: [u8; HEAD_LENGTH],
    length: usize,
}

impl Head {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { bytes: [0; HEAD_LENGTH], length: 0 }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Put for Head {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.length.saturating_add(bytes.len());
        let room = self.bytes.get_mut(self.length..end);
        debug_assert!(room.is_some(), "a header outgrew its buffer");
        if let Some(room) = room {
            room.copy_from_slice(bytes);
            self.length = end;
        }
    }

    #[inline]
    fn put_u8(&mut self, byte: u8) {
        if let Some(room) = self.bytes.get_mut(self.length) {
            *room = byte;
            self.length = self.length.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            bytes.put_varint(value);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint("number"), Ok(value));
            assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn a_number_beyond_64_bits_or_longer_than_needed_is_refused() {
        for bytes in [
            &[0xff; 10][..],
            &[0xff; 11],
            &[0x80],
            &[0x80, 0x00],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ] {
            assert_eq!(Reader::new(bytes).varint("number"), Err(Malformed("number")), "{bytes:?}");
        }
    }

    #[test]
    fn a_text_is_not_longer_than_its_limit_nor_than_its_frame() {
        let mut bytes = Vec::new();
        bytes.put_bytes(b"four");
        assert_eq!(Reader::new(&bytes).text(4, "text"), Ok("four"));
        assert_eq!(Reader::new(&bytes).text(3, "text"), Err(Malformed("text")));
        assert_eq!(Reader::new(&bytes[..4]).text(4, "text"), Err(Malformed("text")));
        assert_eq!(Reader::new(&[1, 0xff]).text(4, "text"), Err(Malformed("text")));
    }
}
