//! The serialization requirement that the project ships: serde types in the postcard wire format.
//!
//! Values are written by the `postcard` crate, straight into the message. They are read by a deserializer of our own,
//! because the crate's has no limits: bytes from a peer could nest until the stack overflows, announce 2^64 elements
//! that take no bytes, or ask for hundreds of times their own length of memory.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod access;
mod budget;
mod deserializer;
mod fault;
mod limits;
mod reader;
mod sink;
#[cfg(test)]
mod tests;
mod top_level;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

pub use self::limits::DecodeLimits;
use super::{Codec, CodecError, DecodeContext, EncodeBuffer};

/// The requirement that a type derives [`serde::Serialize`] and [`serde::Deserialize`] and owns what it holds.
///
/// Values are written in the [postcard wire format](https://postcard.jamesmunns.com/wire-format): varints, zigzag for
/// signed integers, a length before lists, maps and strings, fields without names. It does not describe itself, so
/// `#[serde(untagged)]`, `#[serde(flatten)]`, internally tagged enums and `skip_serializing_if` cannot be read back.
///
/// [`DecodeLimits`] bound what bytes can make a decoder do. A [`Bytes`] that is itself an argument or a result is
/// neither copied when it is written (from 2 KiB on) nor when it is read; it then keeps its whole message in memory.
pub enum Postcard {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + 'static> Codec<T> for Postcard {
    #[inline]
    fn encode(value: &T, out: &mut EncodeBuffer) -> Result<(), CodecError> {
        if let Some(encoded) = top_level::encode(value, out) {
            return encoded;
        }
        sink::serialize(value, out)
    }

    /// Takes one value from the front of `input`, which is left as it was if that fails. What follows the value stays
    /// in `input`: whoever takes the last one must check that nothing is left.
    #[inline]
    fn decode(input: &mut Bytes, context: &DecodeContext) -> Result<T, CodecError> {
        if let Some(decoded) = top_level::decode(input) {
            return decoded;
        }
        if top_level::is_plain::<T>() {
            return deserializer::deserialize(input, context.limits());
        }
        context.scope(|| deserializer::deserialize(input, context.limits()))
    }
}
