//! Where the result of a peer's call goes.

use std::{any::TypeId, collections::HashSet, sync::Arc};

use actor_core::{
    ActorId, Codec, DeadLetter, EncodeBuffer, Outcome, Postcard, ResultHandler, SystemError,
};

use super::{inner::Inner, invocation::take_references, link::Link};
use crate::protocol::{InboundCastKey, InboundKey, RemoteMethod, Reply};

/// Which errors of methods are sent in their types. The others arrive at the caller as
/// [`SystemError::Opaque`], with their text if they are texts.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ErrorPolicy {
    /// All of them.
    #[default]
    All,
    /// None.
    None,
    /// Those of these types: see [`only`](Self::only).
    Only(HashSet<TypeId>),
}

impl ErrorPolicy {
    /// No type yet; add some with [`and`](Self::and).
    #[must_use]
    pub fn only<E: 'static>() -> Self {
        Self::Only(HashSet::from([TypeId::of::<E>()]))
    }

    /// One more type.
    #[must_use]
    pub fn and<E: 'static>(mut self) -> Self {
        if let Self::Only(types) = &mut self {
            types.insert(TypeId::of::<E>());
        }
        self
    }

    fn allows<E: 'static>(&self) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Only(types) => types.contains(&TypeId::of::<E>()),
        }
    }
}

/// What a peer has sent: a call that waits for an answer, or a cast that takes room.
pub(super) enum Origin {
    Call(InboundKey),
    Cast(Option<InboundCastKey>),
}

/// Answers one call of a peer, exactly once: at the latest when it is dropped.
pub struct NodeReply {
    inner: Arc<Inner>,
    link: Arc<Link>,
    origin: Origin,
    instance: u64,
    method: Arc<RemoteMethod>,
    answered: bool,
}

impl NodeReply {
    pub(super) fn new(
        inner: Arc<Inner>,
        link: Arc<Link>,
        origin: Origin,
        instance: u64,
        method: Arc<RemoteMethod>,
    ) -> Self {
        Self { inner, link, origin, instance, method, answered: false }
    }

    /// The call's key, if it is one that can be cancelled.
    pub(super) fn key(&self) -> Option<InboundKey> {
        match self.origin {
            Origin::Call(key) => Some(key),
            Origin::Cast(_) => None,
        }
    }

    pub(super) fn fail(mut self, error: SystemError) {
        self.failed(error);
    }

    /// Answers with a value.
    pub(super) fn encoded<T>(mut self, value: &T)
    where
        Postcard: Codec<T>,
    {
        self.answer(value, Reply::Value);
    }

    fn answer<T>(&mut self, value: &T, make: impl FnOnce(EncodeBuffer) -> Reply)
    where
        Postcard: Codec<T>,
    {
        if matches!(self.origin, Origin::Cast(_)) {
            return self.done();
        }
        let mut buffer = EncodeBuffer::new();
        drop(take_references());
        let encoded = Postcard::encode(value, &mut buffer);
        let references = take_references();
        if let Err(error) = encoded {
            let why = format!("it could not be encoded there: {error}").into();
            return self.failed(SystemError::BadReply { method: self.method.name.clone(), why });
        }
        let length = buffer.len() as u64;
        let limit = self.link.peek(|session| session.agreed().message_length_max);
        if length > limit {
            return self.failed(SystemError::ReplyTooLarge { length, limit });
        }
        self.inner.introduce(&self.link, &references);
        self.finish(make(buffer));
    }

    fn failed(&mut self, error: SystemError) {
        let error = match error {
            SystemError::Panicked { method, .. } if !self.inner.settings.send_panic_text => {
                SystemError::Panicked { method, message: None }
            }
            error => error,
        };
        if matches!(self.origin, Origin::Cast(_)) {
            let actor = ActorId::new(self.inner.id, self.instance).to_string();
            self.inner.dead_letter(&DeadLetter::new(actor, &*self.method.name, error));
            return self.done();
        }
        self.finish(Reply::System(error));
    }

    fn finish(&mut self, reply: Reply) {
        self.answered = true;
        if let Origin::Call(key) = self.origin {
            self.link.no_longer_running(key);
            self.link.with(|session| session.reply(key, reply));
        }
    }

    /// A cast has been dealt with: its room is given back.
    fn done(&mut self) {
        self.answered = true;
        if let Origin::Cast(key) = &mut self.origin
            && let Some(key) = key.take()
        {
            self.link.with(|session| session.cast_done(key));
        }
    }
}

impl ResultHandler for NodeReply {
    type Requirement = Postcard;

    fn on_return<T: 'static>(mut self, value: &T)
    where
        Postcard: Codec<T>,
    {
        self.answer(value, Reply::Value);
    }

    fn on_throw<E: 'static>(mut self, error: &E)
    where
        Postcard: Codec<E>,
    {
        if self.inner.errors.allows::<E>() {
            self.answer(error, Reply::Thrown);
        } else {
            let text = opaque_text(error);
            self.failed(SystemError::Opaque { text });
        }
    }

    fn on_failure(mut self, error: SystemError) {
        self.failed(error);
    }
}

impl Drop for NodeReply {
    /// A call that nobody answered: its actor went down with it.
    fn drop(&mut self) {
        if !self.answered {
            let error = if std::thread::panicking() {
                SystemError::Panicked { method: self.method.name.clone(), message: None }
            } else {
                SystemError::ActorStopped { outcome: Outcome::Unknown }
            };
            self.failed(error);
        }
    }
}

/// What may be said of an error whose type is not sent: the text of one that is a text, else its type's name.
fn opaque_text<E: 'static>(error: &E) -> Box<str> {
    match (error as &dyn std::any::Any).downcast_ref::<String>() {
        Some(text) => text.as_str().into(),
        None => format!("an error of type {}", std::any::type_name::<E>()).into(),
    }
}
