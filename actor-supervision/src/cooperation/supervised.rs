//! A cooperation as a child of a supervisor: it is started again as a whole.

use std::{
    any::Any,
    sync::Arc,
    task::{Context, Poll},
};

use actor_core::{BoxFuture, Exit, ExitReason, Locality};

use super::{
    builder::CooperationBuilder,
    engine::{self, Above, Start},
    handle::Cooperation,
};
use crate::{
    child::{IntoChild, Made, Maker},
    managed::Managed,
    policy::Shutdown,
    supervisor::SupervisionSystem,
};

struct Supervised<S> {
    builder: CooperationBuilder<S>,
    running: Option<(Cooperation<S>, BoxFuture<'static, ExitReason>)>,
}

impl<S: SupervisionSystem> Managed<S> for Supervised<S> {
    fn start<'a>(&'a mut self, system: &'a S) -> BoxFuture<'a, Result<(), ExitReason>> {
        Box::pin(async move {
            let start = Start { builder: self.builder.clone(), above: Above::Supervisor };
            let cooperation = engine::start(start, system).await.map_err(|error| {
                ExitReason::new(Exit::StartFailed, format_args!("member `{}` could not start", error.child()))
                    .caused_by(error.reason())
            })?;
            let ended = Box::pin(cooperation.ended());
            self.running = Some((cooperation, ended));
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
        if let Some((cooperation, _)) = &self.running {
            cooperation.shared.ask_to_stop(false);
        }
    }

    fn kill(&mut self) {
        if let Some((cooperation, _)) = &self.running {
            cooperation.shared.ask_to_stop(true);
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
        None
    }

    fn actor_id(&self) -> Option<Box<dyn Any + Send>> {
        None
    }

    fn bind(&mut self, locality: &Locality) {
        self.builder.locality.get_or_insert_with(|| locality.clone());
    }

    fn shutdown(&self) -> Shutdown {
        Shutdown::Unlimited
    }
}

impl<S: SupervisionSystem> IntoChild<S> for CooperationBuilder<S> {
    fn into_make(self) -> Maker<S> {
        Maker(Arc::new(move || Box::new(Supervised { builder: self.clone(), running: None })))
    }

    fn into_made(self) -> Made<S> {
        Made(Box::new(Supervised { builder: self, running: None }))
    }
}
