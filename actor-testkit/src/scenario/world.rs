//! The nodes of a scenario.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use actor_core::{ActorId, ActorRef, Bytes};
use actor_transport::{Limits, Node, NodeBuilder};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

use super::clerk::{Clerk, pair};
use crate::{Ledger, Network, network::Random};

/// Longer than any call, handshake or silence: what is not over by then does not end.
const REST: Duration = Duration::from_secs(60);
/// What a call is given when nothing goes wrong any more.
const TIME: Duration = Duration::from_secs(10);

/// Clones are the same.
#[derive(Clone)]
pub(super) struct World {
    network: Network,
    ledger: Ledger,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// By place; none while it is down.
    nodes: Vec<Option<Node>>,
    /// All that ever were: references to those that have gone are called, too.
    clerks: Vec<ActorId>,
    limits: Limits,
    began: Option<Instant>,
    troubles: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self { network: Network::seeded(seed), ledger: Ledger::new(), state: Arc::default() }
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn trace(&self) -> (u64, u64) {
        (self.network.trace_hash(), self.network.deliveries())
    }

    pub(super) fn troubles(&self) -> Vec<String> {
        self.lock().troubles.clone()
    }

    pub(super) async fn begin(&self, random: &mut Random) {
        let mut limits = Limits::default();
        limits.chunk_length_max = [1024, 4096, 16_384][random.below(3) as usize];
        limits.calls_in_flight_max = [1, 4, 1024][random.below(3) as usize];
        limits.casts_in_flight_max = [1, 4, 1024][random.below(3) as usize];
        limits.mailbox_length_max = [2, 16, 1024][random.below(3) as usize];
        limits.message_length_max = 100_000;
        limits.inbound_bytes_max = [200_000, 1_000_000][random.below(2) as usize];
        self.network.latency(Duration::from_micros(random.below(50_000)));
        self.network.jitter(Duration::from_micros(random.below(20_000)));
        {
            let mut state = self.lock();
            state.limits = limits;
            state.began = Some(Instant::now());
        }
        for _ in 0..2 + random.below(3) {
            let node = self.network.node_with(|builder| self.set_up(builder)).await;
            self.open(&node);
            self.lock().nodes.push(Some(node));
        }
    }

    fn set_up(&self, builder: NodeBuilder) -> NodeBuilder {
        builder.limits(self.lock().limits.clone())
    }

    /// Two clerks on that node, which live as long as it does.
    fn open(&self, node: &Node) {
        for name in ["clerk", "other"] {
            let clerk = node.spawn(Clerk::new(&self.ledger));
            node.register(name, &clerk).unwrap();
            self.lock().clerks.push(*clerk.id());
        }
    }

    /// The node that is there at that place, if one is.
    pub(super) fn node(&self, place: usize) -> Option<Node> {
        let state = self.lock();
        let count = state.nodes.len();
        state.nodes.get(place % count.max(1)).cloned().flatten()
    }

    pub(super) fn two_nodes(&self, random: &mut Random) -> Option<(Node, Node)> {
        let nodes = self.nodes();
        let (one, next) = (random.below(nodes.len() as u64), 1 + random.below((nodes.len() as u64 - 1).max(1)));
        let other = (one + next) % nodes.len() as u64;
        let get = |at: u64| nodes.get(usize::try_from(at).ok()?).cloned();
        get(one).zip(get(other)).filter(|(one, other)| one.id() != other.id())
    }

    pub(super) fn any_clerk(&self, random: &mut Random) -> Option<ActorId> {
        let state = self.lock();
        // Mostly those that came last.
        let (recent, all) = (state.nodes.len() as u64 * 2, state.clerks.len() as u64);
        let back = if random.below(8) == 0 { random.below(all) } else { random.below(recent.min(all)) };
        state.clerks.get(usize::try_from(all - 1 - back).ok()?).copied()
    }

    pub(super) fn address(&self, random: &mut Random) -> String {
        format!("sim://node{}", random.below(self.lock().nodes.len() as u64))
    }

    pub(super) fn crash(&self, node: &Node) {
        for here in &mut self.lock().nodes {
            here.take_if(|here| here.id() == node.id());
        }
        self.network.crash(node);
    }

    pub(super) async fn restart(&self, node: &Node) {
        let node = self.network.restart_with(node, |builder| self.set_up(builder)).await;
        self.open(&node);
        if let Some(free) = self.lock().nodes.iter_mut().find(|place| place.is_none()) {
            *free = Some(node);
        }
    }

    pub(super) fn say(&self, trouble: String) {
        let mut state = self.lock();
        let at = state.began.map_or(Duration::ZERO, |began| began.elapsed());
        state.troubles.push(format!("{:>7} ms  {trouble}", at.as_millis()));
    }

    /// Ends all trouble.
    pub(super) async fn heal(&self) {
        let nodes = self.nodes();
        for node in &nodes {
            self.network.resume(node);
            for other in &nodes {
                self.network.bandwidth(node, other, None);
            }
        }
        self.network.latency(Duration::from_millis(1));
        self.network.jitter(Duration::ZERO);
        self.network.heal();
        self.say("all is well again".into());
    }

    /// Waits until no call is in flight any more.
    pub(super) async fn rest(&self) -> Option<String> {
        let nodes = self.nodes();
        let idle = || nodes.iter().all(crate::invariants::is_idle);
        let end = Instant::now() + REST;
        while !idle() {
            if Instant::now() > end {
                let busy: Vec<_> = nodes.iter().flat_map(Node::peers).filter_map(|peer| peer.session).collect();
                return Some(format!("invariant 4: calls are in flight for ever: {busy:?}"));
            }
            sleep(Duration::from_millis(50)).await;
        }
        None
    }

    /// Every node reaches every other one.
    pub(super) async fn recovers(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let nodes = self.nodes();
        for from in &nodes {
            for to in nodes.iter().filter(|to| to.id() != from.id()) {
                let mut last = String::new();
                // The first call may find out that a connection was lost.
                for _ in 0..3 {
                    match self.reach(from, to).await {
                        Ok(()) => {
                            last.clear();
                            break;
                        }
                        Err(error) => last = error,
                    }
                }
                if !last.is_empty() {
                    violations.push(format!("{} does not reach {}: {last}", from.name(), to.name()));
                }
            }
        }
        violations
    }

    async fn reach(&self, from: &Node, to: &Node) -> Result<(), String> {
        let clerk: ActorRef<Clerk> =
            from.lookup(to.address(), "clerk").await.map_err(|error| format!("lookup: {error}"))?;
        if clerk.id().node() != to.id() {
            return Err(format!("{} answers there", clerk.id().node()));
        }
        let noted = async |call| clerk.note(call, Bytes::new()).timeout(TIME).await;
        let noted = self.ledger.call(&pair(from, clerk.id()), TIME, noted).await;
        noted.map(drop).map_err(|error| format!("call: {error}"))
    }

    /// Shuts all nodes down: nothing may be left.
    pub(super) async fn end(&self) -> Option<String> {
        let nodes: Vec<_> = self.lock().nodes.drain(..).flatten().collect();
        for node in &nodes {
            node.shutdown().await;
        }
        drop(nodes);
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let end = Instant::now() + REST;
        while tasks() > 0 && Instant::now() < end {
            sleep(Duration::from_millis(50)).await;
        }
        (tasks() > 0).then(|| format!("invariant 4: {} tasks are left", tasks()))
    }

    fn nodes(&self) -> Vec<Node> {
        self.lock().nodes.iter().flatten().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
