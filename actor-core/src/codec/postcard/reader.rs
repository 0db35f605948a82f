//! The words of the wire format: bytes, varints, strings.

use super::fault::Fault;

/// Reads from the front of a byte slice. What is refused is not consumed.
pub(super) struct Reader<'de> {
    rest: &'de [u8],
}

/// A varint: seven bits per byte, the lowest first; the top bit says that another byte follows.
macro_rules! varint {
    ($short:ident, $long:ident, $integer:ident) => {
        #[inline]
        pub(super) fn $short(&mut self) -> Result<$integer, Fault> {
            match self.rest {
                [byte @ ..0x80, rest @ ..] => {
                    self.rest = rest;
                    Ok($integer::from(*byte))
                }
                _ => self.$long(),
            }
        }

        fn $long(&mut self) -> Result<$integer, Fault> {
            let mut bytes = self.rest.iter();
            let mut value: $integer = 0;
            let mut shift = 0;
            while shift < $integer::BITS {
                let Some(byte) = bytes.next() else {
                    return Err(Fault::CutOff);
                };
                let group = $integer::from(byte & 0x7f);
                let shifted = group.wrapping_shl(shift);
                if shifted.wrapping_shr(shift) != group {
                    break;
                }
                value |= shifted;
                if *byte < 0x80 {
                    self.rest = bytes.as_slice();
                    return Ok(value);
                }
                shift = shift.saturating_add(7);
            }
            Err(Fault::Varint($integer::BITS))
        }
    };
}

impl<'de> Reader<'de> {
    #[inline]
    pub(super) fn new(rest: &'de [u8]) -> Self {
        Self { rest }
    }

    varint!(varint_u16, varint_u16_long, u16);
    varint!(varint_u32, varint_u32_long, u32);
    varint!(varint_u64, varint_u64_long, u64);
    varint!(varint_u128, varint_u128_long, u128);

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        let (byte, rest) = self.rest.split_first().ok_or(Fault::CutOff)?;
        self.rest = rest;
        Ok(*byte)
    }

    /// A byte that is 0 or 1; `fault` says what another one means.
    #[inline]
    pub(super) fn flag(&mut self, fault: fn(u8) -> Fault) -> Result<bool, Fault> {
        let (flag, rest) = match self.rest {
            [0, rest @ ..] => (false, rest),
            [1, rest @ ..] => (true, rest),
            [other, ..] => return Err(fault(*other)),
            [] => return Err(Fault::CutOff),
        };
        self.rest = rest;
        Ok(flag)
    }

    #[inline]
    pub(super) fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Fault> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Fault::CutOff)?;
        self.rest = rest;
        Ok(*array)
    }

    /// The number of elements that follow, which may take no bytes at all: it is not bounded by the bytes left.
    #[inline]
    pub(super) fn count(&mut self) -> Result<usize, Fault> {
        let announced = self.varint_u64()?;
        usize::try_from(announced).map_err(|_| Fault::Length { announced, left: self.left() })
    }

    /// A length, and as many bytes.
    #[inline]
    pub(super) fn byte_string(&mut self) -> Result<&'de [u8], Fault> {
        let announced = self.varint_u64()?;
        let split = usize::try_from(announced).ok().and_then(|length| self.rest.split_at_checked(length));
        let Some((bytes, rest)) = split else {
            return Err(Fault::Length { announced, left: self.left() });
        };
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    pub(super) fn string(&mut self) -> Result<&'de str, Fault> {
        std::str::from_utf8(self.byte_string()?).map_err(|_| Fault::Utf8)
    }

    /// A character is written as a string of one.
    #[inline]
    pub(super) fn character(&mut self) -> Result<char, Fault> {
        let mut characters = std::str::from_utf8(self.byte_string()?).map_err(|_| Fault::Char)?.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(character),
            _ => Err(Fault::Char),
        }
    }

    /// How many bytes are left.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }
}
