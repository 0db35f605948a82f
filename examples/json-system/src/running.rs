//! The calls of others that run here.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use distributed_actor::CancelToken;

/// A node that has asked, and its number for the question.
pub(crate) type Asker = (String, u64);

/// What cancels each call that was not answered yet.
#[derive(Default)]
pub(crate) struct Running {
    calls: Mutex<HashMap<Asker, Option<CancelToken>>>,
}

impl Running {
    /// A call is about to begin. It may have been answered, by another thread, before its token is known.
    pub(crate) fn begin(&self, asker: &Asker) {
        self.lock().insert(asker.clone(), None);
    }

    /// It has begun, and this cancels it.
    pub(crate) fn begun(&self, asker: &Asker, token: Option<CancelToken>) {
        if let Some(running) = self.lock().get_mut(asker) {
            *running = token;
        }
    }

    /// Its asker has given up.
    pub(crate) fn cancel(&self, asker: &Asker) {
        let token = self.lock().get(asker).cloned().flatten();
        if let Some(token) = token {
            token.cancel();
        }
    }

    /// It was answered.
    pub(crate) fn end(&self, asker: &Asker) {
        self.lock().remove(asker);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Asker, Option<CancelToken>>> {
        self.calls.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
