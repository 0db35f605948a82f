//! The actors of the suite.

use std::{collections::BTreeMap, sync::Arc};

use actor_core::{ActorRef, ActorSystem, Context, distributed_actor};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use super::{DivisionByZero, Fragile, Pack, Surroundings};

/// An actor that the suite calls, watches from within, and holds up.
pub struct Probe<S: ActorSystem> {
    count: u64,
    held: Vec<ActorRef<Probe<S>>>,
    gate: Arc<Gate>,
    /// Dropped with the state.
    _alive: oneshot::Sender<()>,
}

/// The test's side of a probe.
pub struct Control {
    gate: Arc<Gate>,
    alive: oneshot::Receiver<()>,
}

/// Where [`Probe::wait`] waits.
#[derive(Default)]
struct Gate {
    entered: Notify,
    open: Notify,
    given_up: Notify,
}

impl<S: ActorSystem> Probe<S> {
    /// A probe, and what tells about it.
    pub fn new() -> (Self, Control) {
        let (sender, alive) = oneshot::channel();
        let gate = Arc::<Gate>::default();
        (Self { count: 0, held: Vec::new(), gate: gate.clone(), _alive: sender }, Control { gate, alive })
    }

    /// A probe that nobody looks into.
    pub fn plain() -> Self {
        Self::new().0
    }
}

impl Control {
    /// Ends when a call of `wait` has begun.
    pub async fn entered(&self) {
        self.gate.entered.notified().await;
    }

    /// Lets one call of `wait` end.
    pub fn open(&self) {
        self.gate.open.notify_one();
    }

    /// Ends when a call of `wait` was given up before its end.
    pub async fn given_up(&self) {
        self.gate.given_up.notified().await;
    }

    /// Ends when the probe's state has been dropped.
    pub async fn ended(&mut self) {
        assert!((&mut self.alive).await.is_err(), "nothing is ever sent");
    }

    /// Whether the probe's state has been dropped.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.alive.try_recv(), Err(oneshot::error::TryRecvError::Closed))
    }
}

impl Gate {
    async fn pass(&self) {
        /// Tells when the future that waits is dropped.
        struct Waiting<'a>(Option<&'a Gate>);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                if let Some(gate) = self.0 {
                    gate.given_up.notify_one();
                }
            }
        }
        let mut waiting = Waiting(Some(self));
        self.entered.notify_one();
        self.open.notified().await;
        waiting.0 = None;
    }
}

#[distributed_actor(system = S, crate = actor_core)]
impl<S: ActorSystem> Probe<S> {
    #[distributed]
    pub fn add(&mut self, more: u64) -> u64 {
        self.count += more;
        self.count
    }

    #[distributed]
    pub async fn add_later(&mut self, more: u64) -> u64 {
        tokio::task::yield_now().await;
        self.count += more;
        self.count
    }

    #[distributed]
    pub fn nothing(&self) {}

    #[distributed]
    pub fn join(&self, text: String, signed: i64, maybe: Option<char>, map: BTreeMap<u8, Vec<f64>>) -> String {
        format!("{text} {signed} {maybe:?} {map:?}")
    }

    #[distributed]
    pub fn divide(&mut self, dividend: i64, divisor: i64) -> Result<i64, DivisionByZero> {
        self.count += 1;
        if divisor == 0 { Err(DivisionByZero { dividend }) } else { Ok(dividend.wrapping_div(divisor)) }
    }

    #[distributed]
    pub fn panic_now(&mut self) -> u64 {
        panic!("the probe was asked to")
    }

    #[distributed]
    pub async fn panic_later(&mut self) -> u64 {
        tokio::task::yield_now().await;
        panic!("the probe was asked to, and took its time")
    }

    /// Ends when the test opens the gate.
    #[distributed]
    pub async fn wait(&mut self) -> u64 {
        let gate = self.gate.clone();
        gate.pass().await;
        self.count += 1;
        self.count
    }

    #[distributed(complete)]
    pub async fn wait_in_any_case(&mut self) -> u64 {
        self.wait().await
    }

    #[distributed]
    pub fn fragile(&mut self, argument: Fragile, result: u8) -> Fragile {
        self.count += 1;
        let _ = argument;
        Fragile::ALL[usize::from(result)]
    }

    #[distributed]
    pub fn me(&self, #[ctx] ctx: &Context<Self>) -> ActorRef<Probe<S>> {
        ctx.actor_ref()
    }

    #[distributed]
    pub fn child(&self, #[ctx] ctx: &Context<Self>) -> ActorRef<Probe<S>> {
        ctx.spawn(Probe::plain())
    }

    #[distributed]
    pub fn introduce(&mut self, another: ActorRef<Probe<S>>) -> bool {
        let is_local = another.is_local();
        self.held.push(another);
        is_local
    }

    #[distributed]
    pub fn introduce_all(&mut self, some: Vec<ActorRef<Probe<S>>>, one: Option<ActorRef<Probe<S>>>) {
        self.held.extend(some);
        self.held.extend(one);
    }

    #[distributed]
    pub fn held(&self) -> Vec<ActorRef<Probe<S>>> {
        self.held.clone()
    }

    #[distributed]
    pub fn forget(&mut self) {
        self.held.clear();
    }

    #[distributed]
    pub fn repack(&mut self, mut pack: Pack<S>) -> Pack<S> {
        pack.members.entry("held".into()).or_default().append(&mut self.held);
        pack
    }

    #[distributed]
    pub async fn add_to(&mut self, another: ActorRef<Probe<S>>, more: u64) -> Result<u64, String> {
        another.add(more).await.map_err(|error| error.to_string())
    }

    /// Calls the first of `path` with the rest of it; the last one adds.
    #[distributed]
    pub async fn relay(&mut self, path: Vec<ActorRef<Probe<S>>>, more: u64) -> Result<u64, String> {
        let mut rest = path.into_iter();
        match rest.next() {
            Some(next) => next.relay(rest.collect(), more).await.map_err(|error| error.to_string()),
            None => Ok(self.add(more)),
        }
    }

    #[distributed]
    pub async fn surroundings_of(&mut self, another: ActorRef<Probe<S>>) -> Result<Surroundings, String> {
        another.surroundings().await.map_err(|error| error.to_string())
    }

    #[distributed]
    pub fn surroundings(&self, #[ctx] ctx: &Context<Self>) -> Surroundings {
        let left = |deadline: std::time::Instant| deadline.saturating_duration_since(Instant::now().into_std());
        Surroundings {
            remaining_ms: ctx.deadline().map(|deadline| left(deadline).as_millis() as u64),
            trace: ctx.trace_parent().map(|trace| trace.to_string()),
            caller: ctx.caller().map(|caller| caller.actor()),
        }
    }
}

/// An actor of another type, with a method that looks the same.
pub struct Bystander<S: ActorSystem> {
    pub friend: Option<ActorRef<Probe<S>>>,
}

#[distributed_actor(system = S, crate = actor_core)]
impl<S: ActorSystem> Bystander<S> {
    #[distributed]
    pub fn add(&mut self, more: u64) -> u64 {
        let _ = more;
        panic!("nobody calls a bystander")
    }

    #[distributed]
    pub fn friend(&self) -> Option<ActorRef<Probe<S>>> {
        self.friend.clone()
    }
}
