//! What visitors take the parts of a value from: fields, elements, entries, variants.

use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::{deserializer::Deserializer, fault::Fault};

/// The fields of a struct or tuple: as many as its type has, one after another.
pub(super) struct Fields<'a, 'de> {
    pub(super) deserializer: &'a mut Deserializer<'de>,
    pub(super) left: usize,
}

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(&mut *self.deserializer).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(self.deserializer.budget.preallocated_max()))
    }
}

/// The elements of a list or the entries of a map, whose number was announced.
pub(super) struct Elements<'a, 'de> {
    deserializer: &'a mut Deserializer<'de>,
    left: usize,
    /// Bytes that each element left is paid for with, of a key and of a value.
    paid: usize,
    value_paid: usize,
    /// Set where more elements are announced than bytes are left, which only elements that take no bytes can keep.
    /// Holds what was announced and what was left.
    beyond: Option<(usize, usize)>,
}

impl<'a, 'de> Elements<'a, 'de> {
    #[inline]
    pub(super) fn new(deserializer: &'a mut Deserializer<'de>) -> Result<Self, Fault> {
        let count = deserializer.reader.count()?;
        let bytes_left = deserializer.reader.left();
        let beyond = (count > bytes_left).then_some((count, bytes_left));
        Ok(Self { deserializer, left: count, paid: 0, value_paid: 0, beyond })
    }

    /// Refuses what a visitor left unread: the bytes after it would be read as something else.
    #[inline]
    pub(super) fn finish(&self) -> Result<(), Fault> {
        if self.left == 0 { Ok(()) } else { Err(Fault::Unread(self.left)) }
    }

    /// Reads one element or key, or one value of a map.
    #[inline]
    fn read<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        self.deserializer.budget.begin_element(size_of::<S::Value>());
        let Some((announced, left)) = self.beyond else {
            return seed.deserialize(&mut *self.deserializer);
        };
        let before = self.deserializer.reader.left();
        let value = seed.deserialize(&mut *self.deserializer)?;
        if self.deserializer.reader.left() == before {
            Ok(value)
        } else {
            Err(Fault::Length { announced: announced as u64, left })
        }
    }

    /// Pays for all elements left when the first one shows how large they are. Each counts as a byte at least, because
    /// 2^64 of them would take time even where they take no memory.
    #[inline]
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        let size = size_of::<S::Value>().max(1);
        if let Some(unpaid @ 1..) = size.checked_sub(self.paid) {
            self.deserializer.budget.charge_elements(self.left, unpaid)?;
            self.paid = size;
        }
        self.left = left;
        self.read(seed).map(Some)
    }

    #[inline]
    fn preallocated(&self) -> usize {
        if self.beyond.is_some() { 0 } else { self.left.min(self.deserializer.budget.preallocated_max()) }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.next(seed)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.preallocated())
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.next(seed)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        // The entry whose value this is has already been taken from `left`.
        if let Some(unpaid @ 1..) = size_of::<S::Value>().checked_sub(self.value_paid) {
            self.deserializer.budget.charge_elements(self.left.saturating_add(1), unpaid)?;
            self.value_paid = size_of::<S::Value>();
        }
        self.read(seed)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.preallocated())
    }
}

/// An enum: the number of its variant, and what that holds.
pub(super) struct Variant<'a, 'de> {
    pub(super) deserializer: &'a mut Deserializer<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Fault;
    type Variant = Self;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let number = self.deserializer.reader.varint_u32()?;
        Ok((seed.deserialize(number.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.deserializer)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Fields { deserializer: self.deserializer, left: length })
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.tuple_variant(fields.len(), visitor)
    }
}
