//! How a call's arguments are written, read, and how its result is handed on: one set of traits per system.

use crate::{Codec, SystemError};

/// Records one invocation into a system's own format.
///
/// The calls come in one fixed order: generic substitutions, arguments from left to right, the error type where the
/// method has one, the return type, [`done`](Self::done). A system may encode at once or delay it until `done`.
pub trait InvocationEncoder: Send + 'static {
    /// The serialization requirement that arguments meet.
    type Requirement;
    /// The system's error.
    type Error;

    /// Records the type that stands for a generic parameter of the method. A system may refuse it, and so bans
    /// generic calls.
    ///
    /// # Errors
    /// When the system takes no generic calls.
    fn record_generic_substitution<T: 'static>(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Records the next argument.
    ///
    /// # Errors
    /// When it cannot be encoded.
    fn record_argument<T: 'static>(&mut self, value: &T) -> Result<(), Self::Error>
    where
        Self::Requirement: Codec<T>;

    /// Tells the type of the method's own error.
    ///
    /// # Errors
    /// When the system refuses it.
    fn record_error_type<T: 'static>(&mut self) -> Result<(), Self::Error>
    where
        Self::Requirement: Codec<T>,
    {
        Ok(())
    }

    /// Tells the type of the method's value.
    ///
    /// # Errors
    /// When the system refuses it.
    fn record_return_type<T: 'static>(&mut self) -> Result<(), Self::Error>
    where
        Self::Requirement: Codec<T>,
    {
        Ok(())
    }

    /// All is recorded: the place for a checksum, a signature or a length.
    ///
    /// # Errors
    /// When the invocation as a whole cannot be sent.
    fn done(&mut self) -> Result<(), Self::Error>;
}

/// Reads one invocation, in the order in which it was recorded.
pub trait InvocationDecoder: Send + 'static {
    /// The serialization requirement that arguments meet.
    type Requirement;
    /// The system's error.
    type Error: std::fmt::Display;

    /// The next argument, in its exact type.
    ///
    /// # Errors
    /// When there is none, or not one of this type.
    fn next_argument<T: 'static>(&mut self) -> Result<T, Self::Error>
    where
        Self::Requirement: Codec<T>;

    /// All arguments were taken; what is left over is an error.
    ///
    /// # Errors
    /// When arguments, or bytes, are left.
    fn done(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Where the result of one invocation goes. Exactly one of its methods is called, unless it is dropped with a
/// system that goes down.
pub trait ResultHandler: Send + 'static {
    /// The serialization requirement that results meet.
    type Requirement;

    /// The method returned `value`; `()` where it returns nothing.
    fn on_return<T: 'static>(self, value: &T)
    where
        Self::Requirement: Codec<T>;

    /// The method returned its own error.
    fn on_throw<E: 'static>(self, error: &E)
    where
        Self::Requirement: Codec<E>;

    /// The method could not be run, or not to its end: say so to the caller, as early as possible.
    fn on_failure(self, error: SystemError);
}

/// The arguments of a method, as a tuple.
pub trait Arguments<Q>: Send + Sized + 'static {
    /// Records them from left to right.
    ///
    /// # Errors
    /// When one cannot be encoded.
    fn record<E: InvocationEncoder<Requirement = Q>>(&self, encoder: &mut E) -> Result<(), E::Error>;

    /// Takes them from left to right, and sees that nothing is left.
    ///
    /// # Errors
    /// When one cannot be decoded, or something is left over.
    fn take<D: InvocationDecoder<Requirement = Q>>(decoder: &mut D) -> Result<Self, D::Error>;
}

macro_rules! arguments {
    ($($argument:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<Q, $($argument: Send + 'static),*> Arguments<Q> for ($($argument,)*)
        where
            $(Q: Codec<$argument>),*
        {
            #[allow(non_snake_case, unused_variables)]
            fn record<Encoder: InvocationEncoder<Requirement = Q>>(
                &self,
                encoder: &mut Encoder,
            ) -> Result<(), Encoder::Error> {
                let ($($argument,)*) = self;
                $(encoder.record_argument($argument)?;)*
                Ok(())
            }

            fn take<Decoder: InvocationDecoder<Requirement = Q>>(
                decoder: &mut Decoder,
            ) -> Result<Self, Decoder::Error> {
                let arguments = ($(decoder.next_argument::<$argument>()?,)*);
                decoder.done()?;
                Ok(arguments)
            }
        }
    };
}

arguments!();
arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E F);
arguments!(A B C D E F G);
arguments!(A B C D E F G H);
arguments!(A B C D E F G H I);
arguments!(A B C D E F G H I J);
arguments!(A B C D E F G H I J K);
arguments!(A B C D E F G H I J K L);
