//! The child of these tests, and what it writes down.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use actor_testkit::{Network, Panics};
use distributed_actor::{
    ActorRef, Context, ExitReason, Node, Spawn, distributed_actor,
    supervision::{Child, Supervisor, SupervisorBuilder, Tree},
};
use tokio::time::sleep;

/// What is known of one test: arguments of constructors travel, so that a worker finds it by its name.
#[derive(Default)]
pub(crate) struct Stage {
    /// What happened, in order.
    log: Vec<String>,
    /// Workers that cannot start.
    lame: BTreeSet<String>,
    /// Workers that do not stop of themselves.
    stubborn: BTreeSet<String>,
    /// How long workers take to start.
    slow: BTreeMap<String, Duration>,
    /// How long workers take to stop.
    slow_end: BTreeMap<String, Duration>,
}

type Stages = BTreeMap<String, Arc<Mutex<Stage>>>;

fn stage(test: &str) -> Arc<Mutex<Stage>> {
    static STAGES: Mutex<Stages> = Mutex::new(BTreeMap::new());
    STAGES.lock().unwrap().entry(test.into()).or_default().clone()
}

/// One test.
pub(crate) struct Test {
    name: &'static str,
    stage: Arc<Mutex<Stage>>,
    pub(crate) network: Network,
    pub(crate) node: Node,
}

impl Test {
    pub(crate) async fn new(name: &'static str) -> Self {
        // Many crash, on purpose: to print each with its backtrace takes most of the time.
        let _ = Panics::watch();
        let network = Network::seeded(name.len() as u64);
        let [node] = network.nodes().await;
        Self { name, stage: stage(name), network, node }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap()
    }

    pub(crate) fn worker(&self, name: &str) -> Spawn<Worker, String> {
        Worker::spawn_create(self.name.into(), name.into())
    }

    pub(crate) fn child(&self, name: &str) -> Child<Node> {
        Child::new(name, self.worker(name))
    }

    pub(crate) fn lame(&self, name: &str, is_lame: bool) {
        let mut stage = self.stage();
        if is_lame {
            stage.lame.insert(name.into());
        } else {
            stage.lame.remove(name);
        }
    }

    pub(crate) fn slow(&self, name: &str, time: Duration) {
        self.stage().slow.insert(name.into(), time);
    }

    pub(crate) fn slow_end(&self, name: &str, time: Duration) {
        self.stage().slow_end.insert(name.into(), time);
    }

    pub(crate) fn stubborn(&self, name: &str) {
        self.stage().stubborn.insert(name.into());
    }

    /// What has happened since the last time.
    pub(crate) async fn log(&self) -> Vec<String> {
        sleep(Duration::from_millis(10)).await;
        std::mem::take(&mut self.stage().log)
    }

    pub(crate) async fn start(&self, builder: SupervisorBuilder<Node>) -> Tree<Node> {
        builder.start(&self.node).await.unwrap()
    }
}

/// The reference of a worker.
pub(crate) fn worker(tree: &Tree<Node>, name: &str) -> ActorRef<Worker> {
    tree.child(name).unwrap()
}

pub(crate) struct Worker {
    stage: Arc<Mutex<Stage>>,
    name: String,
    calls: u64,
}

impl Worker {
    fn note(&self, what: &str) {
        self.stage.lock().unwrap().log.push(format!("{what} {}", self.name));
    }
}

#[distributed_actor]
impl Worker {
    #[distributed(spawn)]
    pub(crate) fn create(test: String, name: String) -> Result<Self, String> {
        let stage = stage(&test);
        if stage.lock().unwrap().lame.contains(&name) {
            return Err(format!("{name} is lame"));
        }
        Ok(Self { stage, name, calls: 0 })
    }

    #[on_start]
    async fn begin(&mut self) {
        let slow = self.stage.lock().unwrap().slow.get(&self.name).copied();
        if let Some(time) = slow {
            sleep(time).await;
        }
        self.note("start");
    }

    #[on_stop]
    async fn end(&mut self, _: &ExitReason) {
        let is_stubborn = self.stage.lock().unwrap().stubborn.contains(&self.name);
        if is_stubborn {
            std::future::pending::<()>().await;
        }
        let slow = self.stage.lock().unwrap().slow_end.get(&self.name).copied();
        if let Some(time) = slow {
            sleep(time).await;
        }
        self.note("stop");
    }

    /// How many calls this life has seen.
    #[distributed]
    pub(crate) fn call(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    #[distributed]
    pub(crate) fn crash(&mut self) {
        self.note("crash");
        panic!("on purpose");
    }

    #[distributed]
    pub(crate) fn fail(&mut self, #[ctx] ctx: &Context<Self>, why: String) {
        ctx.fail(why);
    }

    #[distributed]
    pub(crate) fn leave(&mut self, #[ctx] ctx: &Context<Self>) {
        ctx.stop();
    }

    #[distributed]
    pub(crate) fn want(&mut self, #[ctx] ctx: &Context<Self>, wants: bool) {
        ctx.want_restart(wants);
    }

    #[distributed]
    pub(crate) fn link(&mut self, #[ctx] ctx: &Context<Self>, other: ActorRef<Worker>) {
        ctx.link(&other);
    }

    #[distributed]
    pub(crate) fn link_to_tree(&mut self, #[ctx] ctx: &Context<Self>, other: ActorRef<Supervisor<Node>>) {
        ctx.link(&other);
    }

    #[distributed]
    pub(crate) fn depend_on(&mut self, #[ctx] ctx: &Context<Self>, other: ActorRef<Worker>) {
        ctx.depend_on(&other);
    }

    #[distributed]
    pub(crate) async fn work_for(&mut self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
    }

    #[distributed]
    pub(crate) async fn hang(&mut self) {
        std::future::pending().await
    }
}

/// Has a worker crash.
pub(crate) async fn crash(tree: &Tree<Node>, name: &str) {
    assert!(worker(tree, name).crash().await.is_err());
}
