//! Writes serde types in the postcard wire format.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

use crate::codec::{CodecError, EncodeBuffer};

/// Appends `value` to `out`.
#[inline]
pub(super) fn serialize<T: Serialize>(value: &T, out: &mut EncodeBuffer) -> Result<(), CodecError> {
    postcard::serialize_with_flavor(value, Sink(out)).map_err(refusal)
}

#[cold]
fn refusal(error: postcard::Error) -> CodecError {
    match error {
        postcard::Error::SerdeSerCustom => CodecError::new("the value's `Serialize` refused to write it"),
        postcard::Error::SerializeSeqLengthUnknown => {
            CodecError::new("the value has a list, map or flattened struct whose length is not known beforehand")
        }
        other => CodecError::new(other),
    }
}

/// Where the postcard crate puts bytes: our buffer, without a vector in between.
struct Sink<'a>(&'a mut EncodeBuffer);

impl Flavor for Sink<'_> {
    type Output = ();

    #[inline]
    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.put_slice(data);
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.put_u8(data);
        Ok(())
    }

    #[inline]
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
