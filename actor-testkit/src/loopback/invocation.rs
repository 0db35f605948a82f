//! How arguments are written and read.

use std::{any::type_name, fmt};

use actor_core::{
    Codec, CodecError, DecodeContext, EncodeBuffer, InvocationDecoder, InvocationEncoder, Postcard, SystemError,
};
use bytes::Bytes;

use super::observed::{Observed, Observer, Recorded};

/// Writes the arguments of one call, and tells the observer.
pub struct LoopbackEncoder {
    pub(super) body: EncodeBuffer,
    /// Why an argument could not be encoded. The system tells, who knows the method.
    pub(super) failed: Option<CodecError>,
    observer: Option<Observer>,
}

impl LoopbackEncoder {
    pub(super) fn new(observer: Option<Observer>) -> Self {
        Self { body: EncodeBuffer::new(), failed: None, observer }
    }

    fn tell(&self, recorded: Recorded) {
        if let Some(observer) = &self.observer {
            observer(Observed::Recorded(recorded));
        }
    }
}

impl InvocationEncoder for LoopbackEncoder {
    type Requirement = Postcard;
    type Error = SystemError;

    fn record_generic_substitution<T: 'static>(&mut self) -> Result<(), SystemError> {
        self.tell(Recorded::GenericSubstitution(type_name::<T>()));
        Ok(())
    }

    fn record_argument<T: 'static>(&mut self, value: &T) -> Result<(), SystemError>
    where
        Postcard: Codec<T>,
    {
        self.tell(Recorded::Argument(type_name::<T>()));
        if let Err(error) = Postcard::encode(value, &mut self.body) {
            self.failed.get_or_insert(error);
        }
        Ok(())
    }

    fn record_error_type<T: 'static>(&mut self) -> Result<(), SystemError>
    where
        Postcard: Codec<T>,
    {
        self.tell(Recorded::ErrorType(type_name::<T>()));
        Ok(())
    }

    fn record_return_type<T: 'static>(&mut self) -> Result<(), SystemError>
    where
        Postcard: Codec<T>,
    {
        self.tell(Recorded::ReturnType(type_name::<T>()));
        Ok(())
    }

    fn done(&mut self) -> Result<(), SystemError> {
        self.tell(Recorded::Done);
        Ok(())
    }
}

impl fmt::Debug for LoopbackEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopbackEncoder").field("body", &self.body).finish_non_exhaustive()
    }
}

/// Reads the arguments of one call.
#[derive(Debug)]
pub struct LoopbackDecoder {
    body: Bytes,
    context: DecodeContext,
}

impl LoopbackDecoder {
    /// Reads `body`, and resolves references with the system of `context`.
    #[must_use]
    pub fn new(body: Bytes, context: DecodeContext) -> Self {
        Self { body, context }
    }
}

impl InvocationDecoder for LoopbackDecoder {
    type Requirement = Postcard;
    type Error = CodecError;

    fn next_argument<T: 'static>(&mut self) -> Result<T, CodecError>
    where
        Postcard: Codec<T>,
    {
        Postcard::decode(&mut self.body, &self.context)
    }

    fn done(&mut self) -> Result<(), CodecError> {
        all_read(&self.body)
    }
}

/// Nothing may be left behind the last value.
pub(super) fn all_read(body: &Bytes) -> Result<(), CodecError> {
    match body.len() {
        0 => Ok(()),
        left => Err(CodecError::new(format_args!("{left} bytes are left behind the last value"))),
    }
}
