//! Types that get a way of their own where they are a whole argument or result.
//!
//! The types are compared at compile time, so that this costs nothing where it does not apply.

use std::any::{Any, TypeId};

use bytes::{Buf, Bytes};

use super::{deserializer::refusal, reader::Reader, sink};
use crate::codec::{CodecError, EncodeBuffer};

/// A shorter byte string is copied out of its message: a few bytes that are kept for long must not keep alive all that
/// was read with them.
const SLICE_FROM: usize = 2048;

/// Appends `value` as serde would, but at once: [`Bytes`] without a copy, `Vec<u8>` with one; `None` if it is neither.
#[inline]
pub(super) fn encode<T: 'static>(value: &T, out: &mut EncodeBuffer) -> Option<Result<(), CodecError>> {
    let value = value as &dyn Any;
    if let Some(bytes) = value.downcast_ref::<Bytes>() {
        return Some(sink::serialize(&bytes.len(), out).map(|()| out.put_bytes_of(bytes)));
    }
    let bytes = value.downcast_ref::<Vec<u8>>()?;
    Some(sink::serialize(&bytes.len(), out).map(|()| out.put_slice(bytes)))
}

/// Takes a `T` from the front of `input` as serde would, but at once; `None` if it is not [`Bytes`] or `Vec<u8>`.
#[inline]
pub(super) fn decode<T: 'static>(input: &mut Bytes) -> Option<Result<T, CodecError>> {
    let mut value: Option<T> = None;
    let slot = &mut value as &mut dyn Any;
    let taken = if let Some(slot) = slot.downcast_mut::<Option<Bytes>>() {
        take_byte_string(input).map(|bytes| *slot = Some(bytes))
    } else {
        let slot = slot.downcast_mut::<Option<Vec<u8>>>()?;
        take_byte_string(input).map(|bytes| *slot = Some(bytes.into()))
    };
    match taken {
        Ok(()) => value.map(Ok),
        Err(error) => Some(Err(error)),
    }
}

fn take_byte_string(input: &mut Bytes) -> Result<Bytes, CodecError> {
    let mut reader = Reader::new(input);
    let found = reader.byte_string();
    let left = reader.left();
    let end = input.len().saturating_sub(left);
    let bytes = match found {
        Ok(bytes) => bytes,
        Err(fault) => return Err(refusal(&fault, end)),
    };
    if bytes.len() < SLICE_FROM && !(left == 0 && input.is_unique()) {
        let copy = Bytes::copy_from_slice(bytes);
        input.advance(end);
        return Ok(copy);
    }
    // In place, and where it is the last one without a count.
    let start = end.saturating_sub(bytes.len());
    let mut taken = if left == 0 { std::mem::take(input) } else { input.split_to(end) };
    taken.advance(start);
    Ok(taken)
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
