//! The floor of a local call: a lock around a struct.

use std::sync::Arc;

use crate::{contender::Service, local::Counter};

#[derive(Clone)]
pub(crate) struct Mutex(Arc<tokio::sync::Mutex<Counter>>);

impl Service for Mutex {
    type Host = ();

    async fn host() {}

    async fn spawn((): &()) -> Self {
        Self(Arc::new(tokio::sync::Mutex::new(Counter::new())))
    }

    async fn call(&self, n: u64) -> u64 {
        self.0.lock().await.add(n)
    }
}
