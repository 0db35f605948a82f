//! What a method returns, split into its value and its own error.

use std::marker::PhantomData;

use bytes::Bytes;

use crate::{Codec, CodecError, DecodeContext, InvocationEncoder, Never, ResultHandler};

/// Tells `Result` from other types through any alias: `<Probe<T>>::IS_RESULT`, with [`NotResult`] in scope.
///
/// The inherent constant exists for `Result` alone and goes before the trait's.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T, E> Probe<Result<T, E>> {
    /// It is a `Result`.
    pub const IS_RESULT: bool = true;
}

/// See [`Probe`].
pub trait NotResult {
    /// It is not a `Result`.
    const IS_RESULT: bool = false;
}

impl<T> NotResult for Probe<T> {}

/// The declared result `R` of a method, and whether it is a `Result`.
#[derive(Debug)]
pub struct As<R, const IS_RESULT: bool>(PhantomData<fn() -> R>);

/// What a method returns under the serialization requirement `Q`.
pub trait Reply<Q>: 'static {
    /// As written in the method's signature.
    type Declared;
    /// What a call gives.
    type Value: Send + 'static;
    /// The method's own error; [`Never`] for a method that returns no `Result`.
    type Error: Send + 'static;

    /// The declared result as value or error.
    fn split(declared: Self::Declared) -> Result<Self::Value, Self::Error>;

    /// Hands the result to `handler` in its exact type.
    fn answer<H: ResultHandler<Requirement = Q>>(result: Result<Self::Value, Self::Error>, handler: H);

    /// Tells `encoder` the error type, where there is one, and the type of the value.
    ///
    /// # Errors
    /// When the encoder refuses one of them.
    fn record_types<E: InvocationEncoder<Requirement = Q>>(encoder: &mut E) -> Result<(), E::Error>;

    /// Decodes a value.
    ///
    /// # Errors
    /// When `input` does not hold one.
    fn decode_value(input: &mut Bytes, context: &DecodeContext) -> Result<Self::Value, CodecError>;

    /// Decodes the method's own error.
    ///
    /// # Errors
    /// When `input` does not hold one.
    fn decode_error(input: &mut Bytes, context: &DecodeContext) -> Result<Self::Error, CodecError>;
}

impl<Q: Codec<T>, T: Send + 'static> Reply<Q> for As<T, false> {
    type Declared = T;
    type Value = T;
    type Error = Never;

    fn split(declared: T) -> Result<T, Never> {
        Ok(declared)
    }

    fn answer<H: ResultHandler<Requirement = Q>>(result: Result<T, Never>, handler: H) {
        match result {
            Ok(value) => handler.on_return(&value),
            Err(never) => match never {},
        }
    }

    fn record_types<E: InvocationEncoder<Requirement = Q>>(encoder: &mut E) -> Result<(), E::Error> {
        encoder.record_return_type::<T>()
    }

    fn decode_value(input: &mut Bytes, context: &DecodeContext) -> Result<T, CodecError> {
        Q::decode(input, context)
    }

    fn decode_error(_: &mut Bytes, _: &DecodeContext) -> Result<Never, CodecError> {
        Err(CodecError::new("the method has no error of its own, yet one was sent"))
    }
}

impl<Q: Codec<T> + Codec<E>, T: Send + 'static, E: Send + 'static> Reply<Q> for As<Result<T, E>, true> {
    type Declared = Result<T, E>;
    type Value = T;
    type Error = E;

    fn split(declared: Result<T, E>) -> Result<T, E> {
        declared
    }

    fn answer<H: ResultHandler<Requirement = Q>>(result: Result<T, E>, handler: H) {
        match result {
            Ok(value) => handler.on_return(&value),
            Err(error) => handler.on_throw(&error),
        }
    }

    fn record_types<N: InvocationEncoder<Requirement = Q>>(encoder: &mut N) -> Result<(), N::Error> {
        encoder.record_error_type::<E>()?;
        encoder.record_return_type::<T>()
    }

    fn decode_value(input: &mut Bytes, context: &DecodeContext) -> Result<T, CodecError> {
        <Q as Codec<T>>::decode(input, context)
    }

    fn decode_error(input: &mut Bytes, context: &DecodeContext) -> Result<E, CodecError> {
        <Q as Codec<E>>::decode(input, context)
    }
}
