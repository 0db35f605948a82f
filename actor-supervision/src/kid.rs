//! One child of a supervisor.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actor_core::{BoxFuture, ExitReason};

use crate::{bell::Cord, child::Spec, managed::Managed, report::ChildState};

/// Counts up, so that who was specified later has a higher one.
pub(crate) type Key = u64;

/// There may be very many of them: what most do not have is behind a pointer.
pub(crate) struct Kid<S> {
    /// None for one that a factory made.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) spec: Arc<Spec>,
    pub(crate) managed: Box<dyn Managed<S>>,
    pub(crate) cord: Arc<Cord>,
    pub(crate) state: ChildState,
    pub(crate) started: Instant,
    /// Made when it ends for the first time.
    pub(crate) past: Option<Box<Past>>,
}

/// What a child has behind it.
#[derive(Default)]
pub(crate) struct Past {
    pub(crate) restarts: u64,
    pub(crate) last_exit: Option<ExitReason>,
    /// Crashes without a longer life in between.
    pub(crate) crashes: u32,
    pub(crate) pause: Duration,
    /// Set while it waits for its turn to be started again.
    pub(crate) retry: Option<BoxFuture<'static, ()>>,
}

impl<S> Kid<S> {
    pub(crate) fn new(
        name: Option<Arc<str>>,
        spec: Arc<Spec>,
        managed: Box<dyn Managed<S>>,
        cord: Arc<Cord>,
        now: Instant,
    ) -> Self {
        Self { name, spec, managed, cord, state: ChildState::Stopped, started: now, past: None }
    }

    pub(crate) fn name(&self, key: Key) -> String {
        self.name.as_deref().map_or_else(|| key.to_string(), str::to_owned)
    }

    /// The name under which its actor is found. Most of those that a factory made are not: that would cost each of them memory.
    pub(crate) fn found_by(&self, key: Key) -> Option<Arc<str>> {
        self.name.clone().or_else(|| self.managed.has_handle().then(|| key.to_string().into()))
    }

    pub(crate) fn past(&mut self) -> &mut Past {
        self.past.get_or_insert_default()
    }

    /// It does not wait any more.
    pub(crate) fn forget_retry(&mut self) {
        if let Some(past) = &mut self.past {
            past.retry = None;
        }
    }
}
