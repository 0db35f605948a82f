//! The serialization requirement.

use bytes::Bytes;
use distributed_actor::{Codec, CodecError, DecodeContext, EncodeBuffer};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// The requirement that a type can be written to JSON and read back.
pub enum Json {}

impl<T: Serialize + DeserializeOwned> Codec<T> for Json {
    fn encode(value: &T, out: &mut EncodeBuffer) -> Result<(), CodecError> {
        serde_json::to_writer(out, value).map_err(CodecError::new)
    }

    fn decode(input: &mut Bytes, context: &DecodeContext) -> Result<T, CodecError> {
        // References among the value are resolved by the system that the context knows.
        context.scope(|| serde_json::from_slice(&std::mem::take(input))).map_err(CodecError::new)
    }
}

/// A value as JSON that can stand in an envelope.
pub(crate) fn to_json<T>(value: &T) -> Result<Box<RawValue>, CodecError>
where
    Json: Codec<T>,
{
    let mut buffer = EncodeBuffer::new();
    Json::encode(value, &mut buffer)?;
    let text = String::from_utf8(buffer.into_bytes().into()).map_err(CodecError::new)?;
    RawValue::from_string(text).map_err(CodecError::new)
}

/// What a [`Codec`] reads.
pub(crate) fn to_bytes(json: Box<RawValue>) -> Bytes {
    Box::<str>::from(json).into_string().into()
}
