//! The actor that stands for a cooperation with its node, so that a shutdown ends it in order.

use std::sync::Arc;

use actor_core::{SpawnSystem, distributed_actor};

use super::shared::Shared;

pub(super) struct Warden<S> {
    shared: Arc<Shared<S>>,
}

impl<S> Warden<S> {
    pub(super) fn new(shared: Arc<Shared<S>>) -> Self {
        Self { shared }
    }
}

#[distributed_actor(system = S, crate = actor_core, name = "actor_supervision::Cooperation")]
impl<S: SpawnSystem> Warden<S> {
    #[on_stop]
    async fn end(&mut self) {
        self.shared.ask_to_stop(false);
        self.shared.stopped().await;
    }
}
