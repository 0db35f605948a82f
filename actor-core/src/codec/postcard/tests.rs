//! What the codec promises: the wire format of postcard, and limits that no bytes get around.

mod bytes;
mod garbage;
mod limits;
mod wire;
mod zoo;

use ::bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{DecodeLimits, Postcard, deserializer, top_level};
use crate::codec::{Codec, CodecError, EncodeBuffer};

fn encode<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Bytes {
    let mut out = EncodeBuffer::new();
    Postcard::encode(value, &mut out).unwrap();
    out.into_bytes()
}

/// As [`Codec::decode`] does it, but without an actor system, which none of the types here needs.
fn decode_front<T: DeserializeOwned + 'static>(input: &mut Bytes, limits: &DecodeLimits) -> Result<T, CodecError> {
    top_level::decode(input).unwrap_or_else(|| deserializer::deserialize(input, limits))
}

fn decode<T: DeserializeOwned + 'static>(input: impl Into<Bytes>) -> Result<T, CodecError> {
    decode_front(&mut input.into(), &DecodeLimits::default())
}

/// What is said when `input` is refused.
fn refusal<T: DeserializeOwned + 'static>(input: impl Into<Bytes>) -> String {
    match decode::<T>(input) {
        Ok(_) => panic!("should be refused"),
        Err(error) => error.to_string(),
    }
}

fn varint(value: u64) -> Vec<u8> {
    ::postcard::to_allocvec(&value).unwrap()
}
