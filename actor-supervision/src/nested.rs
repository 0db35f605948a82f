//! A child that is a supervisor itself.

use std::{
    any::Any,
    sync::Arc,
    task::{Context, Poll},
};

use actor_core::{BoxFuture, Exit, ExitReason, Locality};

use crate::{
    builder::{SupervisorBuilder, what},
    managed::Managed,
    policy::Shutdown,
    shared::Shared,
    supervisor::SupervisionSystem,
    tree::Tree,
};

pub(crate) struct Nested<S: SupervisionSystem> {
    builder: SupervisorBuilder<S>,
    running: Option<(Tree<S>, BoxFuture<'static, ExitReason>)>,
}

impl<S: SupervisionSystem> Nested<S> {
    pub(crate) fn new(builder: SupervisorBuilder<S>) -> Self {
        Self { builder: SupervisorBuilder { is_below: true, ..builder }, running: None }
    }
}

impl<S: SupervisionSystem> Managed<S> for Nested<S> {
    fn start<'a>(&'a mut self, system: &'a S) -> BoxFuture<'a, Result<(), ExitReason>> {
        Box::pin(async move {
            let tree = self.builder.clone().start(system).await;
            let tree = tree.map_err(|error| {
                ExitReason::new(Exit::StartFailed, format_args!("{} could not start", what(error.child())))
                    .caused_by(error.reason())
            })?;
            let ended = Box::pin(tree.ended());
            self.running = Some((tree, ended));
            Ok(())
        })
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<ExitReason> {
        match &mut self.running {
            Some((_, ended)) => ended.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }

    fn stop(&mut self) {
        if let Some((tree, _)) = &self.running {
            tree.ask_to_stop(false);
        }
    }

    fn kill(&mut self) {
        if let Some((tree, _)) = &self.running {
            tree.ask_to_stop(true);
        }
    }

    fn end(&mut self, _: &ExitReason) {
        self.kill();
        self.running = None;
    }

    fn actor(&self) -> Option<Box<dyn Any + Send + Sync>> {
        Some(Box::new(self.running.as_ref()?.0.clone()))
    }

    fn has_handle(&self) -> bool {
        true
    }

    fn id(&self) -> Option<String> {
        Some(self.running.as_ref()?.0.actor().id().to_string())
    }

    fn bind(&mut self, locality: &Locality) {
        self.builder.locality.get_or_insert_with(|| locality.clone());
    }

    fn actor_id(&self) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(self.running.as_ref()?.0.actor().id().clone()))
    }

    fn shutdown(&self) -> Shutdown {
        Shutdown::Unlimited
    }

    fn below(&self) -> Option<Arc<Shared<S>>> {
        Some(self.running.as_ref()?.0.shared.clone())
    }
}
