//! What a supervisor is asked for while it runs.

use std::sync::Arc;

use actor_core::{Exit, ExitReason};

use crate::{
    child::Child,
    engine::Engine,
    factory::{Arguments, NewChild, not_started},
    kid::{Key, Kid},
    policy::Restart,
    report::{ChildCount, ChildInfo, ChildState},
    shared::{Command, Shared},
    supervisor::SupervisionSystem,
    tree::ChildError,
};

impl<S: SupervisionSystem> Engine<S> {
    pub(crate) async fn obey(&mut self, command: Command<S>) {
        match command {
            Command::End => {}
            Command::List(to) => drop(to.send(self.list())),
            Command::Count(to) => drop(to.send(self.count())),
            Command::StartNew(arguments, to) => drop(to.send(self.start_all(arguments).await)),
            Command::Add(child, to) => drop(to.send(self.add(child).await)),
            Command::Start(name, to) => drop(to.send(self.start_named(&name).await)),
            Command::Stop(name, to) => drop(to.send(self.stop_named(&name).await)),
            Command::Restart(name, to) => {
                let stopped = self.stop_for_restart(&name).await;
                let restarted = match stopped {
                    Ok(()) => self.start_named(&name).await,
                    Err(error) => Err(error),
                };
                let _ = to.send(restarted);
            }
            Command::Remove(name, to) => drop(to.send(self.remove_named(&name))),
        }
    }

    async fn start_all(&mut self, arguments: Vec<Arguments>) -> Vec<Result<NewChild, ChildError>> {
        let mut started = Vec::with_capacity(arguments.len());
        for arguments in arguments {
            started.push(self.start_new(arguments).await);
        }
        started
    }

    async fn start_new(&mut self, arguments: Arguments) -> Result<NewChild, ChildError> {
        let factory = self.factory.as_ref().ok_or(ChildError::NoFactory)?;
        if self.shared.asked_to_stop().is_some() {
            return Err(ChildError::Ended);
        }
        if self.kids.len() >= factory.children_max {
            return Err(ChildError::TooMany { limit: factory.children_max as u64 });
        }
        let spec = factory.spec.clone();
        let mut managed = factory.make(&self.system, arguments)?;
        if let Some(locality) = &self.locality {
            managed.bind(locality);
        }
        let key = self.enter(None, spec, managed);
        if let Err(reason) = self.start_kid(key).await {
            self.remove(key, &reason);
            return Err(not_started(&key.to_string(), reason));
        }
        let name = key.to_string();
        match self.kids.get(&key) {
            Some(kid) => NewChild::of(name, &*kid.managed),
            None => Err(ChildError::Unknown { name }),
        }
    }

    async fn add(&mut self, child: Child<S>) -> Result<(), ChildError> {
        let name = child.name.clone();
        let key = self.insert(child)?;
        match self.start_kid(key).await {
            Ok(()) => Ok(()),
            Err(reason) => {
                self.remove(key, &reason);
                Err(not_started(&name, reason))
            }
        }
    }

    async fn start_named(&mut self, name: &str) -> Result<(), ChildError> {
        let key = self.named(name)?;
        if self.kids.get(&key).is_some_and(|kid| kid.state != ChildState::Stopped) {
            return Err(ChildError::Runs { name: name.into() });
        }
        self.start_kid(key).await.map_err(|reason| {
            // Nobody tries it again: what had waited for it since an order to restart it must not wait for ever.
            if let Some(kid) = self.kids.get_mut(&key) {
                kid.managed.end(&reason);
                self.shared.actors().remove(&*kid.name(key));
            }
            not_started(name, reason)
        })
    }

    async fn stop_named(&mut self, name: &str) -> Result<(), ChildError> {
        let key = self.named(name)?;
        self.stop_kid(key).await;
        let reason = ExitReason::new(Exit::Shutdown, "its supervisor has stopped it");
        if self.kids.get(&key).is_some_and(|kid| kid.spec.restart == Restart::Temporary) {
            self.remove(key, &reason);
        } else if let Some(kid) = self.kids.get_mut(&key) {
            kid.state = ChildState::Stopped;
            kid.forget_retry();
            kid.managed.end(&reason);
            self.shared.actors().remove(&*kid.name(key));
        }
        Ok(())
    }

    /// Its references and its mailbox stay.
    async fn stop_for_restart(&mut self, name: &str) -> Result<(), ChildError> {
        let key = self.named(name)?;
        self.stop_kid(key).await;
        self.wait(key, ChildState::Stopped);
        Ok(())
    }

    fn remove_named(&mut self, name: &str) -> Result<(), ChildError> {
        let key = self.named(name)?;
        if self.kids.get(&key).is_some_and(|kid| kid.state != ChildState::Stopped) {
            return Err(ChildError::Runs { name: name.into() });
        }
        self.remove(key, &ExitReason::new(Exit::Shutdown, "it was removed"));
        Ok(())
    }

    fn list(&self) -> Vec<(ChildInfo, Option<Arc<Shared<S>>>)> {
        let info = |(key, kid): (&Key, &Kid<S>)| {
            let past = kid.past.as_deref();
            let below = kid.managed.below();
            let info = ChildInfo {
                name: kid.name(*key),
                actor: kid.managed.id(),
                is_supervisor: below.is_some(),
                state: kid.state,
                restarts: past.map_or(0, |past| past.restarts),
                last_exit: past.and_then(|past| past.last_exit.clone()),
                children: Vec::new(),
            };
            (info, below)
        };
        self.kids.iter().map(info).collect()
    }

    fn count(&self) -> ChildCount {
        let of = |is: &dyn Fn(&Kid<S>) -> bool| self.kids.values().filter(|kid| is(kid)).count() as u64;
        ChildCount {
            specified: of(&|_| true),
            running: of(&|kid| kid.state == ChildState::Running),
            supervisors: of(&|kid| kid.managed.below().is_some()),
        }
    }
}
