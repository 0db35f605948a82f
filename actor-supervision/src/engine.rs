//! What a supervisor does: one task, which handles one thing after the other.

use std::{
    collections::{BTreeMap, HashMap},
    future::poll_fn,
    ops::Bound,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use actor_core::{BoxFuture, Exit, ExitReason, Keeper, Locality, SpawnOptions, later};
use tokio::sync::{mpsc, oneshot};

use crate::{
    bell::Bell,
    builder::{StartError, SupervisorBuilder},
    child::{Child, Spec},
    factory::Factory,
    intensity::Intensity,
    kid::{Key, Kid},
    managed::{Managed, told},
    policy::{AutoShutdown, Queued, Restart, Strategy},
    report::ChildState,
    shared::{Command, Shared},
    supervisor::{SupervisionSystem, Supervisor},
    tree::{ChildError, Tree},
};

/// What has been given up ends at its next await; one that blocks its thread is left behind after this time.
pub(crate) const KILL_TIME: Duration = Duration::from_secs(1);

pub(crate) struct Engine<S: SupervisionSystem> {
    pub(crate) system: S,
    strategy: Strategy,
    auto_shutdown: AutoShutdown,
    pub(crate) locality: Option<Locality>,
    intensity: Intensity,
    /// In the order in which they are started.
    pub(crate) kids: BTreeMap<Key, Kid<S>>,
    by_name: HashMap<Arc<str>, Key>,
    /// What makes the children of a dynamic supervisor, who have no names.
    pub(crate) factory: Option<Factory<S>>,
    next_key: Key,
    bell: Arc<Bell>,
    pub(crate) shared: Arc<Shared<S>>,
    commands: mpsc::Receiver<Command<S>>,
    keeper: Keeper<Supervisor<S>>,
    _unless: Unless<S>,
}

/// Says that the supervisor has ended, when its task is gone with its runtime.
struct Unless<S>(Arc<Shared<S>>);

impl<S> Drop for Unless<S> {
    fn drop(&mut self) {
        self.0.is_gone();
    }
}

enum Event<S> {
    Command(Command<S>),
    Ended(Key, ExitReason),
    Retry(Key),
}

impl<S: SupervisionSystem> Engine<S> {
    pub(crate) async fn start(builder: SupervisorBuilder<S>, system: &S) -> Result<Tree<S>, StartError> {
        let (shared, commands) = Shared::new();
        let shared = Arc::new(shared);
        let system = system.unguarded();
        let options = SpawnOptions::new();
        let options = if builder.is_below { options.stopped_in_turn() } else { options };
        let keeper = Keeper::of(&system, Supervisor::new(shared.clone()), options);
        let tree = Tree { shared: shared.clone(), actor: keeper.actor_ref() };
        let mut engine = Self {
            system: system.clone(),
            strategy: builder.strategy,
            auto_shutdown: builder.auto_shutdown,
            locality: builder.locality,
            intensity: Intensity::new(builder.restarts_max, builder.within),
            kids: BTreeMap::new(),
            by_name: HashMap::new(),
            factory: builder.factory,
            next_key: 0,
            bell: Arc::default(),
            _unless: Unless(shared.clone()),
            shared,
            commands,
            keeper,
        };
        let (told, started) = oneshot::channel();
        // In a task of its own: if nobody waits any more, it stops what it has started.
        let run = async move {
            let begun = engine.begin(builder.children, builder.is_below).await;
            let is_sound = begun.is_ok();
            if told.send(begun).is_err() || !is_sound {
                return engine.finish(ExitReason::new(Exit::StartFailed, "it could not start")).await;
            }
            let reason = engine.run().await;
            engine.finish(reason).await;
        };
        drop(system.execute(Box::pin(run)));
        match started.await {
            Ok(Ok(())) => Ok(tree),
            Ok(Err(error)) => {
                tree.ended().await;
                Err(error)
            }
            Err(_) => Err(StartError {
                child: String::new(),
                reason: ExitReason::new(Exit::Shutdown, "there is no runtime to run it"),
            }),
        }
    }

    async fn begin(&mut self, children: Vec<Child<S>>, is_below: bool) -> Result<(), StartError> {
        // Its actor is there: a node that begins to end from now on finds it, and ends it. Below another one that one ends it.
        if !is_below && self.system.is_shutting_down() {
            return Err(StartError::shutting_down(""));
        }
        for child in children {
            let name = child.name.clone();
            if self.shared.asked_to_stop().is_some() {
                return Err(StartError { child: name, reason: ExitReason::new(Exit::Shutdown, "it was stopped") });
            }
            let key = self.insert(child).map_err(|_| StartError {
                child: name.clone(),
                reason: ExitReason::new(Exit::StartFailed, "two children have this name"),
            })?;
            self.start_kid(key).await.map_err(|reason| StartError { child: name, reason })?;
        }
        // The node may have been closed meanwhile, which gives its actor up without a word to it.
        if self.keeper.poll_vacant(&mut Context::from_waker(Waker::noop())).is_ready() {
            return Err(StartError::shutting_down(""));
        }
        Ok(())
    }

    /// Until it is asked to end, or has to.
    async fn run(&mut self) -> ExitReason {
        loop {
            if self.shared.asked_to_stop().is_some() {
                return ExitReason::new(Exit::Shutdown, "it was stopped");
            }
            let ends = match self.next().await {
                Event::Command(command) => {
                    self.obey(command).await;
                    None
                }
                Event::Ended(key, reason) => self.ended(key, reason),
                Event::Retry(key) => self.restart(key).await,
            };
            if let Some(reason) = ends {
                return reason;
            }
        }
    }

    /// Stops all children in reverse order, and then itself.
    async fn finish(mut self, reason: ExitReason) {
        // Whoever asks for something from now on is answered at once. Its own actor ends last, and would wait for that.
        self.commands.close();
        while self.commands.recv().await.is_some() {}
        if self.factory.is_some() {
            self.stop_together().await;
        }
        while let Some(key) = self.kids.last_key_value().map(|(key, _)| *key) {
            self.stop_kid(key).await;
            self.remove(key, &ExitReason::new(Exit::Shutdown, "its supervisor has ended"));
        }
        self.shared.has_stopped();
        if reason.is_normal() {
            self.keeper.stop();
        } else {
            self.keeper.stop_because(reason.clone());
        }
        self.keeper.vacant().await;
        self.keeper.end(told(&reason));
        self.shared.has_ended(reason);
    }

    async fn next(&mut self) -> Event<S> {
        poll_fn(|cx| {
            if self.keeper.poll_vacant(cx).is_ready() {
                // Its actor was given up: the node ends.
                self.shared.ask_to_stop(true);
                return Poll::Ready(Event::Command(Command::End));
            }
            // Ends first: whoever asks is told what is.
            while let Some(key) = self.bell.next(cx.waker()) {
                if let Some(event) = self.ask(key) {
                    return Poll::Ready(event);
                }
            }
            match self.commands.poll_recv(cx) {
                Poll::Ready(Some(command)) => Poll::Ready(Event::Command(command)),
                // Who holds the other end holds it as long as the supervisor runs.
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// What a child that has rung has to say.
    fn ask(&mut self, key: Key) -> Option<Event<S>> {
        let kid = self.kids.get_mut(&key)?;
        let waker = kid.cord.waker();
        let cx = &mut Context::from_waker(&waker);
        match (kid.state, kid.past.as_mut().and_then(|past| past.retry.as_mut())) {
            (ChildState::Running, _) => match kid.managed.poll_ended(cx) {
                Poll::Ready(reason) => Some(Event::Ended(key, reason)),
                Poll::Pending => None,
            },
            (ChildState::Waiting, Some(retry)) => retry.as_mut().poll(cx).is_ready().then_some(Event::Retry(key)),
            _ => None,
        }
    }

    /// A child has ended of itself. Some if the supervisor ends with it.
    fn ended(&mut self, key: Key, reason: ExitReason) -> Option<ExitReason> {
        let kid = self.kids.get_mut(&key)?;
        kid.past().last_exit = Some(reason.clone());
        let comes_back = match kid.spec.restart {
            Restart::Permanent => true,
            Restart::Transient => !reason.is_normal(),
            Restart::Ask => kid.managed.wants_restart().unwrap_or(!reason.is_normal()),
            Restart::Temporary => false,
        };
        if comes_back {
            return self.crashed(key, &reason);
        }
        let (name, is_significant) = (kid.name(key), kid.spec.is_significant);
        kid.state = ChildState::Stopped;
        kid.managed.end(&reason);
        self.shared.actors().remove(&*name);
        if kid.spec.restart == Restart::Temporary {
            self.remove(key, &reason);
        }
        let ends = is_significant
            && match self.auto_shutdown {
                AutoShutdown::Never => false,
                AutoShutdown::AnySignificant => true,
                AutoShutdown::AllSignificant => {
                    !self.kids.values().any(|kid| kid.spec.is_significant && kid.state != ChildState::Stopped)
                }
            };
        ends.then(|| ExitReason::new(Exit::Shutdown, format_args!("its significant child `{name}` has ended")))
    }

    /// A child has to be started again. Some if that has been so too often.
    fn crashed(&mut self, key: Key, reason: &ExitReason) -> Option<ExitReason> {
        let now = now();
        let allows = self.intensity.allows(now);
        let random = self.random();
        let words = self.intensity.in_words();
        self.wait(key, ChildState::Waiting);
        let kid = self.kids.get_mut(&key)?;
        if !allows {
            return Some(ExitReason::new(Exit::Escalated, words).caused_by(&of_child(&kid.name(key), reason)));
        }
        let (started, backoff) = (kid.started, kid.spec.backoff);
        let past = kid.past();
        if now.saturating_duration_since(started) > past.pause {
            past.crashes = 0;
        }
        past.crashes = past.crashes.saturating_add(1);
        past.pause = backoff.pause(past.crashes, random);
        past.retry = Some(if past.pause.is_zero() {
            Box::pin(std::future::ready(()))
        } else {
            self.system.sleep_until(later(now, past.pause))
        });
        std::task::Wake::wake_by_ref(&kid.cord);
        None
    }

    /// Starts a child again that waits, and with it whom the strategy says. Some if the supervisor ends.
    async fn restart(&mut self, key: Key) -> Option<ExitReason> {
        self.kids.get_mut(&key)?.past().retry = None;
        let behind = (Bound::Excluded(key), Bound::Unbounded);
        let siblings: Vec<_> = match self.strategy {
            Strategy::OneForOne => Vec::new(),
            Strategy::OneForAll => self.kids.keys().copied().filter(|other| *other != key).collect(),
            Strategy::RestForOne => self.kids.range(behind).map(|(other, _)| *other).collect(),
        };
        for sibling in siblings.iter().rev() {
            self.stop_sibling(*sibling).await;
        }
        let mut all = siblings;
        all.push(key);
        all.sort_unstable();
        for key in all {
            let Some(kid) = self.kids.get_mut(&key).filter(|kid| kid.state != ChildState::Running) else { continue };
            if self.shared.asked_to_stop().is_some() {
                return None;
            }
            kid.past().retry = None;
            kid.past().restarts += 1;
            if let Err(reason) = self.start_kid(key).await {
                if let Some(kid) = self.kids.get_mut(&key) {
                    kid.past().last_exit = Some(reason.clone());
                }
                return self.crashed(key, &reason);
            }
        }
        None
    }

    /// Has a child wait for its next state.
    pub(crate) fn wait(&mut self, key: Key, state: ChildState) {
        let Some(kid) = self.kids.get_mut(&key) else { return };
        kid.state = state;
        kid.forget_retry();
        if kid.spec.queued == Queued::Refused {
            kid.managed.refuse_calls();
        }
    }

    /// Stops a child whose sibling is started again; a temporary one is forgotten.
    async fn stop_sibling(&mut self, key: Key) {
        self.stop_kid(key).await;
        let Some(kid) = self.kids.get_mut(&key) else { return };
        if kid.spec.restart == Restart::Temporary {
            self.remove(key, &ExitReason::new(Exit::Shutdown, "its siblings are started again"));
        } else {
            self.wait(key, ChildState::Waiting);
        }
    }

    pub(crate) async fn start_kid(&mut self, key: Key) -> Result<(), ExitReason> {
        let Some(kid) = self.kids.get_mut(&key) else { return Ok(()) };
        let stopped = self.shared.asked_to_stop_at_once();
        let started = either(kid.managed.start(&self.system), stopped).await;
        started.unwrap_or_else(|()| Err(ExitReason::new(Exit::Killed, "its supervisor was given up")))?;
        kid.state = ChildState::Running;
        kid.forget_retry();
        kid.started = now();
        if let Some(name) = kid.found_by(key)
            && let Some(actor) = kid.managed.actor()
        {
            self.shared.actors().insert(name, actor);
        }
        std::task::Wake::wake_by_ref(&kid.cord);
        Ok(())
    }

    /// Stops a child that runs, within its time.
    pub(crate) async fn stop_kid(&mut self, key: Key) {
        let Some(kid) = self.kids.get_mut(&key).filter(|kid| kid.state == ChildState::Running) else { return };
        let shutdown = kid.spec.shutdown.unwrap_or_else(|| kid.managed.shutdown());
        let limit = shutdown.limit();
        let at_once = self.shared.asked_to_stop() == Some(true) || limit == Some(Duration::ZERO);
        let mut ended = false;
        if !at_once {
            kid.managed.stop();
            let deadline: BoxFuture<'_, ()> = match limit {
                Some(limit) => self.system.sleep_until(later(now(), limit)),
                None => Box::pin(std::future::pending()),
            };
            let given_up = either(deadline, self.shared.asked_to_stop_at_once());
            let stopped = poll_fn(|cx| kid.managed.poll_ended(cx));
            ended = either(stopped, given_up).await.is_ok();
        }
        if !ended {
            kid.managed.kill();
            let late = self.system.sleep_until(later(now(), KILL_TIME));
            let _ = either(poll_fn(|cx| kid.managed.poll_ended(cx)), late).await;
            kid.past().last_exit = Some(ExitReason::new(Exit::Killed, "it did not stop in time"));
        }
        kid.state = ChildState::Stopped;
    }

    /// Stops the children of a dynamic supervisor, who have no order, all of them within the time of one.
    async fn stop_together(&mut self) {
        let Some(factory) = &self.factory else { return };
        let Some(first) = self.kids.values().next() else { return };
        let limit = factory.spec.shutdown.unwrap_or_else(|| first.managed.shutdown()).limit();
        if limit != Some(Duration::ZERO) && self.shared.asked_to_stop() != Some(true) {
            self.running().for_each(|kid| kid.managed.stop());
            let deadline: BoxFuture<'_, ()> = match limit {
                Some(limit) => self.system.sleep_until(later(now(), limit)),
                None => Box::pin(std::future::pending()),
            };
            let shared = self.shared.clone();
            let all = async {
                for kid in self.running() {
                    poll_fn(|cx| kid.managed.poll_ended(cx)).await;
                    kid.state = ChildState::Stopped;
                }
            };
            let _ = either(all, either(deadline, shared.asked_to_stop_at_once())).await;
        }
        self.running().for_each(|kid| kid.managed.kill());
        let late = self.system.sleep_until(later(now(), KILL_TIME));
        let all = async {
            for kid in self.running() {
                poll_fn(|cx| kid.managed.poll_ended(cx)).await;
                kid.state = ChildState::Stopped;
            }
        };
        let _ = either(all, late).await;
        self.running().for_each(|kid| kid.state = ChildState::Stopped);
    }

    fn running(&mut self) -> impl Iterator<Item = &mut Kid<S>> {
        self.kids.values_mut().filter(|kid| kid.state == ChildState::Running)
    }

    pub(crate) fn insert(&mut self, child: Child<S>) -> Result<Key, ChildError> {
        let Child { name, spec, locality, make } = child;
        if self.by_name.contains_key(&*name) {
            return Err(ChildError::NameTaken { name });
        }
        let name: Arc<str> = name.into();
        let mut managed = make();
        if let Some(locality) = locality.below(self.locality.as_ref()) {
            managed.bind(locality);
        }
        let key = self.enter(Some(name.clone()), Arc::new(spec), managed);
        self.by_name.insert(name, key);
        Ok(key)
    }

    pub(crate) fn enter(&mut self, name: Option<Arc<str>>, spec: Arc<Spec>, managed: Box<dyn Managed<S>>) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        self.kids.insert(key, Kid::new(name, spec, managed, self.bell.cord(key), now()));
        key
    }

    pub(crate) fn named(&self, name: &str) -> Result<Key, ChildError> {
        let unnamed = || {
            let key = name.parse().ok().filter(|_| self.factory.is_some())?;
            self.kids.get(&key).filter(|kid| kid.name.is_none()).map(|_| key)
        };
        self.by_name.get(name).copied().or_else(unnamed).ok_or_else(|| ChildError::Unknown { name: name.into() })
    }

    /// Forgets a child.
    pub(crate) fn remove(&mut self, key: Key, reason: &ExitReason) {
        let Some(mut kid) = self.kids.remove(&key) else { return };
        kid.managed.end(reason);
        if let Some(name) = kid.found_by(key) {
            self.by_name.remove(&name);
            self.shared.actors().remove(&name);
        }
    }

    /// From 0 to 1; what a simulated run can repeat.
    fn random(&self) -> f64 {
        let mixed = self.system.mint_call_id().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Why a child has ended, with its name before. The root stays as it was said; what lies between takes no more room in the
/// chain for it.
fn of_child(name: &str, reason: &ExitReason) -> ExitReason {
    if reason.causes().is_empty() {
        return ExitReason::new(reason.exit(), format_args!("child `{name}`")).caused_by(reason);
    }
    let link = ExitReason::new(reason.exit(), format_args!("child `{name}`: {}", reason.why()));
    reason.causes().iter().fold(link, |chain, cause| chain.caused_by(&ExitReason::new(cause.exit(), cause.why())))
}

/// The time, virtual in a paused tokio runtime.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// What `first` comes to, unless `second` ends before.
pub(crate) async fn either<T, U>(first: impl Future<Output = T>, second: impl Future<Output = U>) -> Result<T, U> {
    let (mut first, mut second) = (std::pin::pin!(first), std::pin::pin!(second));
    poll_fn(|cx| {
        if let Poll::Ready(output) = first.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        second.as_mut().poll(cx).map(Err)
    })
    .await
}
