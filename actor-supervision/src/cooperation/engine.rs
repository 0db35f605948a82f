//! What a cooperation does: one task, from the making of its members to the end of the last one.

use std::{
    any::Any,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use actor_core::{BoxFuture, Exit, ExitReason, Keeper, SpawnOptions, SpawnSystem, contain, later};
use tokio::sync::oneshot;

use super::{
    builder::CooperationBuilder,
    handle::Cooperation,
    member::{Member, Members},
    notice::{Notice, NoticeKind},
    shared::Shared,
    warden::Warden,
};
use crate::{
    StartError,
    bell::{Bell, Cord},
    engine::{KILL_TIME, either, now},
    managed::told,
    policy::Shutdown,
};

/// What is to be started.
pub(super) struct Start<S> {
    pub(super) builder: CooperationBuilder<S>,
    pub(super) above: Above<S>,
}

/// Who stops it in its turn.
pub(super) enum Above<S> {
    /// Its node, by an actor that stands for it.
    Nobody,
    Supervisor,
    /// Another one, which it ends before.
    Parent(Arc<Shared<S>>),
}

struct Engine<S: SpawnSystem> {
    system: S,
    builder: CooperationBuilder<S>,
    shared: Arc<Shared<S>>,
    /// In the order in which they are made.
    members: Vec<Seated<S>>,
    /// Held until the last member has ended.
    resources: Vec<Resource>,
    bell: Arc<Bell>,
    /// Where nobody else stops it in its turn.
    warden: Option<Keeper<Warden<S>>>,
    _unless: Unless<S>,
}

/// Says that the cooperation has ended, when its task is gone with its runtime.
struct Unless<S>(Arc<Shared<S>>);

impl<S> Drop for Unless<S> {
    fn drop(&mut self) {
        if !self.0.has_ended() {
            self.0.set_members(None);
            self.0.has_stopped();
            self.0.end(ExitReason::new(Exit::Shutdown, "its node has ended"));
        }
    }
}

type Resource = Arc<dyn Any + Send + Sync>;

struct Seated<S> {
    name: Arc<str>,
    member: Box<dyn Member<S>>,
    cord: Arc<Cord>,
    /// Whether it has begun to start, and so has to stop in order.
    has_begun: bool,
}

pub(super) async fn start<S: SpawnSystem>(start: Start<S>, system: &S) -> Result<Cooperation<S>, StartError> {
    let Start { builder, above } = start;
    let system = system.unguarded();
    let shared = Shared::new(builder.name.clone());
    let handle = Cooperation { shared: shared.clone(), system: system.clone() };
    let mut engine = Engine {
        system: system.clone(),
        builder,
        _unless: Unless(shared.clone()),
        warden: match &above {
            Above::Nobody => Some(Keeper::of(&system, Warden::new(shared.clone()), SpawnOptions::new())),
            Above::Supervisor | Above::Parent(_) => None,
        },
        shared,
        members: Vec::new(),
        resources: Vec::new(),
        bell: Arc::default(),
    };
    let (told, started) = oneshot::channel();
    // In a task of its own: if nobody waits any more, it stops what it has started.
    let run = async move {
        let begun = engine.begin_below(above).await;
        if let Err(error) = begun {
            let reason = ExitReason::new(Exit::StartFailed, "it could not start").caused_by(error.reason());
            engine.finish(reason, false).await;
            let _ = told.send(Err(error));
            return;
        }
        let reason = match told.send(Ok(())) {
            Ok(()) => engine.run().await,
            Err(_) => ExitReason::new(Exit::Shutdown, "nobody waits for it any more"),
        };
        engine.finish(reason, true).await;
    };
    drop(system.execute(Box::pin(run)));
    match started.await {
        Ok(started) => started.map(|()| handle),
        Err(_) => Err(failed("", ExitReason::new(Exit::Shutdown, "there is no runtime to run it"))),
    }
}

fn failed(member: &str, reason: ExitReason) -> StartError {
    StartError { child: member.into(), reason }
}

impl<S: SpawnSystem> Engine<S> {
    /// Starts all members, unless it is asked to stop meanwhile, or there is no parent any more.
    async fn begin_below(&mut self, above: Above<S>) -> Result<(), StartError> {
        if matches!(above, Above::Parent(parent) if !parent.adopt(&self.shared)) {
            return Err(failed(&self.builder.name, ExitReason::new(Exit::Shutdown, "its parent ends")));
        }
        let (shared, name) = (self.shared.clone(), self.builder.name.clone());
        // Its warden is there: a node that begins to end from now on finds it, and ends it.
        if self.warden.is_some() && self.system.is_shutting_down() {
            return Err(StartError::shutting_down(&name));
        }
        let stopped = shared.asked_to_stop();
        let begun = either(self.begin(), stopped).await;
        begun.unwrap_or_else(|()| Err(failed(&name, ExitReason::new(Exit::Shutdown, "it was stopped"))))?;
        // The node may have been closed meanwhile, which gives the warden up without a word to it.
        let mut cx = Context::from_waker(Waker::noop());
        if self.warden.as_ref().is_some_and(|warden| warden.poll_vacant(&mut cx).is_ready()) {
            return Err(StartError::shutting_down(&self.builder.name));
        }
        self.tell(NoticeKind::Registered);
        // None of them has taken a call so far.
        self.members.iter_mut().for_each(|seated| seated.member.open());
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), StartError> {
        self.resources = self.make_resources()?;
        let mut members = Members::new(self.resources.clone());
        for (name, make) in self.builder.members.clone() {
            if self.members.iter().any(|seated| seated.name == name) {
                let why = "two members have this name";
                return Err(failed(&name, ExitReason::new(Exit::StartFailed, why)));
            }
            let mut member = make();
            let built = member.build(&self.system, &members, self.builder.locality.as_ref()).await;
            built.map_err(|reason| failed(&name, reason))?;
            if let Some(actor) = member.actor() {
                members.add(&name, actor);
            }
            let cord = self.bell.cord(self.members.len() as u64);
            self.members.push(Seated { name, member, cord, has_begun: false });
        }
        self.shared.set_members(Some(members));
        for seated in &mut self.members {
            seated.has_begun = true;
            seated.member.begin().await.map_err(|reason| failed(&seated.name, reason))?;
        }
        Ok(())
    }

    fn make_resources(&self) -> Result<Vec<Resource>, StartError> {
        let make = || self.builder.resources.iter().map(|make| make()).collect();
        // The panic hook has reported it.
        contain(make).map_err(|_| {
            failed(&self.builder.name, ExitReason::new(Exit::Panicked, "the function that makes a resource panicked"))
        })
    }

    /// Until a member has ended, or it is asked to stop.
    async fn run(&mut self) -> ExitReason {
        let shared = self.shared.clone();
        let stopped = shared.asked_to_stop();
        either(self.member_ended(), stopped)
            .await
            .unwrap_or_else(|()| ExitReason::new(Exit::Shutdown, "it was stopped"))
    }

    async fn member_ended(&mut self) -> ExitReason {
        poll_fn(|cx| {
            if self.warden.as_ref().is_some_and(|warden| warden.poll_vacant(cx).is_ready()) {
                // It was given up: the node ends.
                self.shared.ask_to_stop(true);
                return Poll::Pending;
            }
            while let Some(key) = self.bell.next(cx.waker()) {
                let index = usize::try_from(key).unwrap_or(usize::MAX);
                let Some(Seated { name, member, cord, .. }) = self.members.get_mut(index) else { continue };
                let waker = cord.waker();
                if let Poll::Ready(reason) = member.poll_ended(&mut Context::from_waker(&waker)) {
                    let why = ExitReason::new(reason.exit(), format_args!("member `{name}` has ended"));
                    return Poll::Ready(why.caused_by(&reason));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Ends its child groups, then its members, in reverse order; frees the resources, and tells so.
    async fn finish(mut self, reason: ExitReason, is_registered: bool) {
        let mut children = self.shared.close();
        let mut stopping = Vec::new();
        // All are asked at once: one that hangs does not take the time of the others.
        while let Some(child) = children.pop() {
            child.ask_to_stop(false);
            stopping.push(child);
        }
        for child in stopping {
            if either(child.ended(), self.shared.asked_to_stop_at_once()).await.is_err() {
                child.ask_to_stop(true);
                child.ended().await;
            }
        }
        while let Some(seated) = self.members.pop() {
            self.stop(seated, &reason).await;
        }
        self.shared.set_members(None);
        let resources = std::mem::take(&mut self.resources);
        // One may panic as it is dropped; the panic hook has reported it.
        let _ = contain(|| drop(resources));
        if is_registered {
            self.tell(NoticeKind::Deregistered { reason: reason.clone() });
        }
        self.shared.has_stopped();
        if let Some(warden) = self.warden.take() {
            warden.stop();
            warden.vacant().await;
            warden.end(told(&reason));
        }
        self.shared.end(reason);
    }

    /// Stops a member within its time.
    async fn stop(&mut self, mut seated: Seated<S>, reason: &ExitReason) {
        let member = &mut seated.member;
        let limit = match self.builder.shutdown {
            _ if !seated.has_begun => Some(Duration::ZERO),
            Shutdown::Immediate => Some(Duration::ZERO),
            Shutdown::Within(limit) => Some(limit),
            Shutdown::Unlimited => None,
        };
        let mut has_ended = false;
        if limit != Some(Duration::ZERO) {
            member.stop();
            let late: BoxFuture<'_, ()> = match limit {
                Some(limit) => self.system.sleep_until(later(now(), limit)),
                None => Box::pin(std::future::pending()),
            };
            let given_up = either(late, self.shared.asked_to_stop_at_once());
            has_ended = either(poll_fn(|cx| member.poll_ended(cx)), given_up).await.is_ok();
        }
        if !has_ended {
            member.kill();
            let late = self.system.sleep_until(later(now(), KILL_TIME));
            let _ = either(poll_fn(|cx| member.poll_ended(cx)), late).await;
        }
        member.end(reason);
    }

    fn tell(&self, kind: NoticeKind) {
        for listener in &self.builder.listeners {
            listener.tell(&self.system, Notice { cooperation: self.builder.name.clone(), kind: kind.clone() });
        }
    }
}
