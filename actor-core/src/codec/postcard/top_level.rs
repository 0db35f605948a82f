//! Types that get a way of their own where they are a whole argument or result.
//!
//! The types are compared at compile time, so that this costs nothing where it does not apply.

use std::any::{Any, TypeId};

use bytes::{Buf, Bytes};

use super::{deserializer::refusal, reader::Reader, sink};
use crate::codec::{CodecError, EncodeBuffer};

/// Appends `value` as serde would, but without a copy; `None` if it is not [`Bytes`].
#[inline]
pub(super) fn encode<T: 'static>(value: &T, out: &mut EncodeBuffer) -> Option<Result<(), CodecError>> {
    let bytes = (value as &dyn Any).downcast_ref::<Bytes>()?;
    let length = sink::serialize(&bytes.len(), out);
    if length.is_ok() {
        out.put_bytes(bytes.clone());
    }
    Some(length)
}

/// Takes a `T` from the front of `input` as serde would, but without a copy; `None` if it is not [`Bytes`].
#[inline]
pub(super) fn decode<T: 'static>(input: &mut Bytes) -> Option<Result<T, CodecError>> {
    let mut value: Option<T> = None;
    let slot = (&mut value as &mut dyn Any).downcast_mut::<Option<Bytes>>()?;
    match take_byte_string(input) {
        Ok(bytes) => *slot = Some(bytes),
        Err(error) => return Some(Err(error)),
    }
    value.map(Ok)
}

fn take_byte_string(input: &mut Bytes) -> Result<Bytes, CodecError> {
    let mut reader = Reader::new(input);
    match reader.byte_string() {
        Ok(bytes) => {
            let bytes = input.slice_ref(bytes);
            let left = reader.left();
            input.advance(input.len().saturating_sub(left));
            Ok(bytes)
        }
        Err(fault) => {
            let offset = input.len().saturating_sub(reader.left());
            Err(refusal(&fault, offset))
        }
    }
}

/// Whether a `T` surely holds no reference, so that no actor system is needed to decode it. Covers the common small
/// arguments, for which opening a scope would cost more than reading them.
#[inline]
pub(super) fn is_plain<T: 'static>() -> bool {
    macro_rules! is_one_of {
        ($($plain:ty),*) => { $(TypeId::of::<T>() == TypeId::of::<$plain>())||* };
    }
    is_one_of![
        (),
        bool,
        char,
        u8,
        u16,
        u32,
        u64,
        u128,
        usize,
        i8,
        i16,
        i32,
        i64,
        i128,
        isize,
        f32,
        f64,
        String,
        Vec<u8>,
        Vec<String>,
        Option<u64>,
        Option<String>
    ]
}
