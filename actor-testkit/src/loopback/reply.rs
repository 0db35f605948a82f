//! Where the result of a call goes.

use actor_core::{Codec, EncodeBuffer, Outcome, Postcard, ResultHandler, SystemError};
use bytes::Bytes;
use tokio::sync::oneshot;

/// What a call has come to, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The method's value.
    Value(Bytes),
    /// The method's own error.
    Thrown(Bytes),
    /// Why it was not run, or not to its end.
    Failed(SystemError),
}

/// Takes the result of one call, encodes it, and hands it to whoever waits. Dropped without one, it says so.
#[derive(Debug)]
pub struct LoopbackReply {
    method: Box<str>,
    /// Whether a panic's text may be told.
    with_panic_text: bool,
    waiting: Option<oneshot::Sender<Answer>>,
}

impl LoopbackReply {
    pub(super) fn new(method: &str, with_panic_text: bool) -> (Self, oneshot::Receiver<Answer>) {
        let (waiting, answer) = oneshot::channel();
        (Self { method: method.into(), with_panic_text, waiting: Some(waiting) }, answer)
    }

    fn encoded<T>(&mut self, value: &T, make: impl FnOnce(Bytes) -> Answer)
    where
        Postcard: Codec<T>,
    {
        let mut buffer = EncodeBuffer::new();
        let answer = match Postcard::encode(value, &mut buffer) {
            Ok(()) => make(buffer.into_bytes()),
            Err(error) => {
                let why = format!("it could not be encoded: {error}").into();
                Answer::Failed(SystemError::BadReply { method: self.method.clone(), why })
            }
        };
        self.answer(answer);
    }

    fn answer(&mut self, answer: Answer) {
        if let Some(waiting) = self.waiting.take() {
            // Nobody may wait any more: then nobody misses it.
            let _ = waiting.send(answer);
        }
    }
}

impl ResultHandler for LoopbackReply {
    type Requirement = Postcard;

    fn on_return<T: 'static>(mut self, value: &T)
    where
        Postcard: Codec<T>,
    {
        self.encoded(value, Answer::Value);
    }

    fn on_throw<E: 'static>(mut self, error: &E)
    where
        Postcard: Codec<E>,
    {
        self.encoded(error, Answer::Thrown);
    }

    fn on_failure(mut self, error: SystemError) {
        let error = match error {
            SystemError::Panicked { method, .. } if !self.with_panic_text => {
                SystemError::Panicked { method, message: None }
            }
            error => error,
        };
        self.answer(Answer::Failed(error));
    }
}

impl Drop for LoopbackReply {
    fn drop(&mut self) {
        let error = if std::thread::panicking() {
            SystemError::Panicked { method: self.method.clone(), message: None }
        } else {
            SystemError::ActorStopped { outcome: Outcome::Unknown }
        };
        self.answer(Answer::Failed(error));
    }
}
