//! How arguments are written and read, and where results go.

use distributed_actor::{
    ActorSystem, Codec, CodecError, DeadLetter, DecodeContext, InvocationDecoder, InvocationEncoder, Outcome,
    ResultHandler, SystemError,
};
use serde_json::value::RawValue;

use crate::{
    Json, JsonSystem, SampleError, SampleId,
    codec::{to_bytes, to_json},
    running::Asker,
    wire::Answer,
};

/// Writes each argument as a JSON value of its own.
#[derive(Default)]
pub struct JsonEncoder {
    pub(crate) arguments: Vec<Box<RawValue>>,
    /// Why an argument could not be written. The system tells, who knows the method.
    pub(crate) failed: Option<CodecError>,
}

impl InvocationEncoder for JsonEncoder {
    type Requirement = Json;
    type Error = SampleError;

    fn record_argument<T: 'static>(&mut self, value: &T) -> Result<(), SampleError>
    where
        Json: Codec<T>,
    {
        match to_json(value) {
            Ok(json) => self.arguments.push(json),
            Err(error) => self.failed = Some(error),
        }
        Ok(())
    }

    fn done(&mut self) -> Result<(), SampleError> {
        Ok(())
    }
}

/// Reads one argument after the other, each in its exact type.
pub struct JsonDecoder {
    pub(crate) arguments: std::vec::IntoIter<Box<RawValue>>,
    pub(crate) context: DecodeContext,
}

impl InvocationDecoder for JsonDecoder {
    type Requirement = Json;
    type Error = CodecError;

    fn next_argument<T: 'static>(&mut self) -> Result<T, CodecError>
    where
        Json: Codec<T>,
    {
        let argument = self.arguments.next().ok_or_else(|| CodecError::new("there are too few arguments"))?;
        Json::decode(&mut to_bytes(argument), &self.context)
    }

    fn done(&mut self) -> Result<(), CodecError> {
        match self.arguments.len() {
            0 => Ok(()),
            left => Err(CodecError::new(format_args!("there are {left} arguments too many"))),
        }
    }
}

/// Answers one call, also when it is dropped: a caller is never left waiting.
pub struct JsonReply {
    system: JsonSystem,
    actor: SampleId,
    method: String,
    /// None for a one-way call.
    asker: Option<Asker>,
    answered: bool,
}

impl JsonReply {
    pub(crate) fn new(system: JsonSystem, actor: SampleId, method: String, asker: Option<Asker>) -> Self {
        Self { system, actor, method, asker, answered: false }
    }

    fn encoded<T>(&mut self, value: &T, answer: fn(Box<RawValue>) -> Answer)
    where
        Json: Codec<T>,
    {
        match to_json(value) {
            Ok(json) => self.answer(answer(json)),
            Err(error) => {
                let why = format!("it could not be encoded there: {error}").into();
                self.failed(SystemError::BadReply { method: self.method.clone().into(), why });
            }
        }
    }

    fn failed(&mut self, error: SystemError) {
        if self.asker.is_some() {
            self.answer(Answer::Failed(error.into()));
        } else {
            self.answered = true;
            self.system.dead_letter(DeadLetter::new(self.actor.to_string(), &self.method, error));
        }
    }

    fn answer(&mut self, answer: Answer) {
        self.answered = true;
        self.system.answer(self.asker.take(), answer);
    }
}

impl ResultHandler for JsonReply {
    type Requirement = Json;

    fn on_return<T: 'static>(mut self, value: &T)
    where
        Json: Codec<T>,
    {
        self.encoded(value, Answer::Value);
    }

    fn on_throw<E: 'static>(mut self, error: &E)
    where
        Json: Codec<E>,
    {
        self.encoded(error, Answer::Thrown);
    }

    fn on_failure(mut self, error: SystemError) {
        self.failed(error);
    }
}

impl Drop for JsonReply {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        self.failed(if std::thread::panicking() {
            // The result's own `Serialize` did.
            SystemError::Panicked { method: self.method.clone().into(), message: None }
        } else {
            SystemError::ActorStopped { outcome: Outcome::Unknown }
        });
    }
}
