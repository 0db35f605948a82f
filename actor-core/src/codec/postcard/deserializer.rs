//! Reads serde types from the postcard wire format, within limits.

use bytes::{Buf, Bytes};
use serde::de::{self, DeserializeOwned, Visitor};

use super::{
    DecodeLimits,
    access::{Elements, Fields, Variant},
    budget::Budget,
    fault::Fault,
    reader::Reader,
};
use crate::codec::CodecError;

/// Takes one value from the front of `input`, which is left as it was if that fails.
#[inline]
pub(super) fn deserialize<T: DeserializeOwned>(input: &mut Bytes, limits: &DecodeLimits) -> Result<T, CodecError> {
    let mut deserializer =
        Deserializer { reader: Reader::new(input), budget: Budget::new(limits, input.len(), size_of::<T>()) };
    let value = T::deserialize(&mut deserializer);
    let consumed = input.len().saturating_sub(deserializer.reader.left());
    match value {
        Ok(value) => {
            input.advance(consumed);
            Ok(value)
        }
        Err(fault) => Err(refusal(&fault, consumed)),
    }
}

/// The error for a fault that was noticed before the byte at `offset`.
#[cold]
pub(super) fn refusal(fault: &Fault, offset: usize) -> CodecError {
    CodecError::new(format_args!("at byte {offset}: {fault}"))
}

/// Reads one value. Each level of nesting passes through [`Self::nested`], so that recursion is bounded.
pub(super) struct Deserializer<'de> {
    pub(super) reader: Reader<'de>,
    pub(super) budget: Budget,
}

impl<'de> Deserializer<'de> {
    /// Reads a value that is built of others with `visit`.
    #[inline]
    fn nested<T>(&mut self, visit: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let outer = self.budget.enter(size_of::<T>())?;
        let value = visit(self)?;
        self.budget.leave(outer);
        Ok(value)
    }

    #[inline]
    fn string(&mut self) -> Result<&'de str, Fault> {
        let string = self.reader.string()?;
        self.budget.charge(string.len())?;
        Ok(string)
    }

    #[inline]
    fn byte_string(&mut self) -> Result<&'de [u8], Fault> {
        let bytes = self.reader.byte_string()?;
        self.budget.charge(bytes.len())?;
        Ok(bytes)
    }
}

/// Unsigned integers are varints.
macro_rules! unsigned {
    ($deserialize:ident, $visit:ident, $varint:ident) => {
        #[inline]
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.reader.$varint()?)
        }
    };
}

/// Signed integers are varints in zigzag order: 0, -1, 1, -2, ...
macro_rules! signed {
    ($deserialize:ident, $visit:ident, $varint:ident) => {
        #[inline]
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let zigzag = self.reader.$varint()?;
            visitor.$visit((zigzag >> 1).cast_signed() ^ (zigzag & 1).cast_signed().wrapping_neg())
        }
    };
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = Fault;

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    unsigned!(deserialize_u8, visit_u8, byte);
    unsigned!(deserialize_u16, visit_u16, varint_u16);
    unsigned!(deserialize_u32, visit_u32, varint_u32);
    unsigned!(deserialize_u64, visit_u64, varint_u64);
    unsigned!(deserialize_u128, visit_u128, varint_u128);
    signed!(deserialize_i16, visit_i16, varint_u16);
    signed!(deserialize_i32, visit_i32, varint_u32);
    signed!(deserialize_i64, visit_i64, varint_u64);
    signed!(deserialize_i128, visit_i128, varint_u128);

    #[inline]
    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i8(self.reader.byte()?.cast_signed())
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(self.reader.flag(Fault::Bool)?)
    }

    #[inline]
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f32(f32::from_le_bytes(self.reader.array()?))
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f64(f64::from_le_bytes(self.reader.array()?))
    }

    #[inline]
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_char(self.reader.character()?)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.string()?)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.string()?)
    }

    #[inline]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_bytes(self.byte_string()?)
    }

    #[inline]
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_bytes(self.byte_string()?)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.nested(|inside| match inside.reader.flag(Fault::Option)? {
            true => visitor.visit_some(inside),
            false => visitor.visit_none(),
        })
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.nested(|inside| visitor.visit_newtype_struct(inside))
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.nested(|inside| {
            let mut elements = Elements::new(inside)?;
            let value = visitor.visit_seq(&mut elements)?;
            elements.finish()?;
            Ok(value)
        })
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.nested(|inside| {
            let mut entries = Elements::new(inside)?;
            let value = visitor.visit_map(&mut entries)?;
            entries.finish()?;
            Ok(value)
        })
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.nested(|inside| visitor.visit_seq(Fields { deserializer: inside, left: length }))
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(length, visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.nested(|inside| visitor.visit_enum(Variant { deserializer: inside }))
    }

    /// Variants are read by [`Variant`], and fields have no names; anything else that asks for one cannot be served.
    #[cold]
    fn deserialize_identifier<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Fault> {
        Err(Fault::NotSelfDescribing)
    }

    #[cold]
    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Fault> {
        Err(Fault::NotSelfDescribing)
    }

    #[cold]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Fault> {
        Err(Fault::NotSelfDescribing)
    }
}
