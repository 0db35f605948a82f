//! Where the result of a peer's call goes.

use std::{any::TypeId, collections::HashSet, sync::Arc};

use actor_core::{ActorId, Codec, DeadLetter, EncodeBuffer, Outcome, Postcard, ResultHandler, SystemError};

use super::{invocation::take_references, link::Link};
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
    link: Arc<Link>,
    origin: Origin,
    instance: u64,
    method: Arc<RemoteMethod>,
    answered: bool,
}

impl NodeReply {
    pub(super) fn new(link: Arc<Link>, origin: Origin, instance: u64, method: Arc<RemoteMethod>) -> Self {
        if matches!(origin, Origin::Cast(_)) {
            link.cast_begun();
        }
        Self { link, origin, instance, method, answered: false }
    }

    /// The call's key, if it is one that can be cancelled.
    pub(super) fn key(&self) -> Option<InboundKey> {
        match self.origin {
            Origin::Call(key) => Some(key),
            Origin::Cast(_) => None,
        }
    }

    /// The method, as the peer names it.
    pub(super) fn method(&self) -> &Arc<RemoteMethod> {
        &self.method
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
        let encoded = Postcard::encode(value, &mut buffer);
        let references = take_references();
        if let Err(error) = encoded {
            let why = format!("it could not be encoded there: {error}").into();
            return self.failed(SystemError::BadReply { method: self.method.name.clone(), why });
        }
        if !references.is_empty() {
            self.link.inner.introduce(&self.link, &references);
        }
        self.finish(make(buffer));
    }

    fn failed(&mut self, error: SystemError) {
        // First: what unwinds from here must not find it unanswered when it is dropped.
        self.answered = true;
        let error = match error {
            SystemError::Panicked { method, .. } if !self.link.inner.settings.send_panic_text => {
                SystemError::Panicked { method, message: None }
            }
            error => error,
        };
        if matches!(self.origin, Origin::Cast(_)) {
            let actor = ActorId::new(self.link.inner.id, self.instance).to_string();
            self.link.inner.dead_letter(&DeadLetter::new(actor, &*self.method.name, error));
            return self.done();
        }
        self.finish(Reply::System(error));
    }

    fn finish(&mut self, reply: Reply) {
        self.answered = true;
        if let Origin::Call(key) = self.origin {
            self.link.no_longer_running(key);
            self.link.exchange(|session| {
                let limit = session.agreed().message_length_max;
                session.reply(key, within(limit, reply));
            });
        }
    }

    /// A cast has been dealt with: its room is given back.
    fn done(&mut self) {
        self.answered = true;
        if let Origin::Cast(key) = &mut self.origin
            && let Some(key) = key.take()
        {
            self.link.cast_ended();
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
        if self.link.inner.errors.allows::<E>() {
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

/// The reply, unless it is longer than a message may be.
fn within(limit: u64, reply: Reply) -> Reply {
    match &reply {
        Reply::Value(body) | Reply::Thrown(body) if body.len() as u64 > limit => {
            Reply::System(SystemError::ReplyTooLarge { length: body.len() as u64, limit })
        }
        _ => reply,
    }
}

/// What may be said of an error whose type is not sent: the text of one that is a text, else its type's name.
fn opaque_text<E: 'static>(error: &E) -> Box<str> {
    match (error as &dyn std::any::Any).downcast_ref::<String>() {
        Some(text) => text.as_str().into(),
        None => format!("an error of type {}", std::any::type_name::<E>()).into(),
    }
}
