//! The relation between a serialization requirement and the types that meet it.

mod buffer;
mod context;
mod postcard;

use std::fmt::Display;

use bytes::Bytes;

pub use self::{
    buffer::{EncodeBuffer, Segments},
    context::DecodeContext,
    postcard::{DecodeLimits, Postcard},
};

/// `Q: Codec<T>` says that a `T` meets the serialization requirement `Q`, and how it is written and read.
///
/// A requirement is an uninhabited type such as [`Postcard`]. Because this is a relation between two types, an
/// actor can be generic over its requirement, and a parameter that does not meet it is a compile error.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be a parameter, result or error of a distributed method",
    label = "does not meet the serialization requirement `{Self}`",
    note = "for `Postcard`: derive `serde::Serialize` and `serde::Deserialize` on `{T}`, or on what it holds"
)]
pub trait Codec<T> {
    /// Appends `value` to `out`.
    ///
    /// # Errors
    /// When the value cannot be written in this encoding. What was appended until then is discarded by the caller.
    fn encode(value: &T, out: &mut EncodeBuffer) -> Result<(), CodecError>;

    /// Takes one value from the front of `input`.
    ///
    /// # Errors
    /// When `input` does not hold a value of this type, or holds one beyond the limits of `context`.
    fn decode(input: &mut Bytes, context: &DecodeContext) -> Result<T, CodecError>;
}

/// Why a value could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct CodecError {
    why: Box<str>,
}

impl CodecError {
    /// The error that `why` describes.
    pub fn new(why: impl Display) -> Self {
        Self { why: why.to_string().into() }
    }
}
