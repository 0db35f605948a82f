//! What a decoder knows beside the bytes: the system that references belong to, and the limits.

use std::{any::Any, cell::RefCell, fmt, sync::Arc};

use super::DecodeLimits;
use crate::ActorSystem;

/// Handed to every [`Codec::decode`](super::Codec::decode): the actor system, for which references are resolved, and
/// the limits that a decoded value must keep.
///
/// serde cannot carry it through a `Deserialize` impl, so serde codecs open a [`scope`](Self::scope): a thread-local
/// that lives for the length of one synchronous decode.
#[derive(Clone)]
pub struct DecodeContext {
    system: Arc<dyn Any + Send + Sync>,
    limits: DecodeLimits,
}

thread_local! {
    static CURRENT: RefCell<Option<DecodeContext>> = const { RefCell::new(None) };
}

impl DecodeContext {
    /// The context of `system`, with the default limits.
    pub fn new<S: ActorSystem>(system: S) -> Self {
        Self { system: Arc::new(system), limits: DecodeLimits::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: DecodeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The limits that a decoded value must keep.
    #[must_use]
    pub fn limits(&self) -> &DecodeLimits {
        &self.limits
    }

    /// Runs `decode`, in which references can be deserialized.
    pub fn scope<R>(&self, decode: impl FnOnce() -> R) -> R {
        /// Puts the outer context back, also when `decode` panics.
        struct Restore(Option<DecodeContext>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.with(|current| *current.borrow_mut() = self.0.take());
            }
        }
        let _restore = Restore(CURRENT.with(|current| current.borrow_mut().replace(self.clone())));
        decode()
    }

    /// The system of the innermost scope.
    pub(crate) fn current_system<S: ActorSystem>() -> Result<S, &'static str> {
        CURRENT.with(|current| match &*current.borrow() {
            None => Err("a reference can only be decoded by an actor system; open a `DecodeContext::scope`"),
            Some(context) => context
                .system
                .downcast_ref::<S>()
                .cloned()
                .ok_or("the reference belongs to another type of actor system"),
        })
    }
}

impl fmt::Debug for DecodeContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeContext").field("limits", &self.limits).finish_non_exhaustive()
    }
}
