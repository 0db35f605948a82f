//! A network of nodes in one process.

mod cable;
mod faults;
mod line;
mod random;
mod scanner;
mod transport;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    task::Waker,
    time::Duration,
};

use actor_core::{ActorRef, ActorSystem, Callable, NodeId};
use actor_transport::{Address, Node, NodeBuilder};

pub(crate) use self::random::Random;
pub use self::watch::{Held, Probe, Received};
use self::{
    cable::{Cable, Cables},
    line::Lines,
    scanner::Seen,
    transport::SimulatedTransport,
    watch::{Watchers, What},
};

/// Nodes that talk over simulated cables: the whole path of a call runs, only the socket is missing.
///
/// Under `#[tokio::test(start_paused = true)]` time is virtual, and the same seed gives the same run, for actors that use
/// no threads and no sockets of their own: [`trace_hash`](Self::trace_hash) shows it.
///
/// ```
/// # use actor_testkit::Network;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let network = Network::seeded(7);
/// let [a, b] = network.nodes().await;
/// network.partition(&a, &b);
/// network.heal();
/// # }
/// ```
#[derive(Clone)]
pub struct Network {
    state: Arc<Mutex<State>>,
    /// The nodes so far; these handles do not keep them running.
    nodes: Arc<Mutex<Vec<Node>>>,
}

struct State {
    seed: u64,
    random: Random,
    named: usize,
    cables: Cables,
    lines: Lines,
    /// How often a node was started at each place.
    started: BTreeMap<String, u64>,
    /// Places of nodes that do not move.
    paused: BTreeSet<String>,
    watchers: Watchers,
    /// Directions, from and to, in which nothing arrives.
    cut: Vec<(String, String)>,
    latency: Duration,
    jitter: Duration,
    trace: Trace,
}

/// What has arrived so far: how much of it, and a hash of all of it in order, with its times.
#[derive(Debug, Clone, Copy)]
struct Trace {
    began: Option<tokio::time::Instant>,
    deliveries: u64,
    hash: u64,
}

impl Network {
    /// A network whose ids and delays follow from `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let state = State {
            seed,
            random: Random::new(seed),
            named: 0,
            cables: Cables::default(),
            lines: Lines::default(),
            started: BTreeMap::new(),
            paused: BTreeSet::new(),
            watchers: Watchers::default(),
            cut: Vec::new(),
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            trace: Trace { began: None, deliveries: 0, hash: 0xcbf2_9ce4_8422_2325 },
        };
        Self { state: Arc::new(Mutex::new(state)), nodes: Arc::default() }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.lock().seed
    }

    /// `N` nodes that know one another.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn nodes<const N: usize>(&self) -> [Node; N] {
        let mut nodes = Vec::with_capacity(N);
        for _ in 0..N {
            nodes.push(self.node().await);
        }
        #[allow(clippy::unreachable, reason = "N nodes were made")]
        nodes.try_into().unwrap_or_else(|_| unreachable!("{N} nodes were made"))
    }

    /// One more node, which knows those before it, and they it.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn node(&self) -> Node {
        self.node_with(|builder| builder).await
    }

    /// The same, set up further by `build`: with other limits, say.
    ///
    /// # Panics
    /// Outside a tokio runtime, or when `build` sets up something that cannot start.
    pub async fn node_with(&self, build: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Node {
        let name = {
            let mut state = self.lock();
            state.named += 1;
            format!("node{}", state.named - 1)
        };
        self.start(name, build).await
    }

    /// Starts a node at that place.
    async fn start(&self, name: String, build: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Node {
        let (id, started) = {
            let mut state = self.lock();
            let id = NodeId::from_bits(u128::from(state.random.next()) << 64 | u128::from(state.random.next()));
            let started = state.started.entry(name.clone()).or_default();
            *started += 1;
            (id, *started)
        };
        let builder = Node::builder()
            .id(id)
            .name(name.clone())
            .transport(SimulatedTransport::new(self.without_nodes(), name.clone(), started))
            .listen(format!("sim://{name}"));
        #[allow(clippy::panic, reason = "a test that cannot set its nodes up has failed")]
        let node = build(builder).start().await.unwrap_or_else(|error| panic!("a node could not start: {error}"));
        let mut nodes = self.started_nodes();
        for other in &*nodes {
            node.introduce(other.id(), other.addresses());
            other.introduce(id, node.addresses());
        }
        nodes.push(node.unguarded());
        drop(nodes);
        node
    }

    /// Holds the next answer to a call that is sent from one node to another, and all behind it, until the returned
    /// [`Held`] is released or dropped.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{ActorRef, CallError, Outcome, distributed_actor};
    /// # use actor_testkit::Network;
    /// # use actor_transport::Node;
    /// # struct Counter(u64);
    /// # #[distributed_actor(crate = actor_core, system = Node)]
    /// # impl Counter {
    /// #     #[distributed]
    /// #     fn add(&mut self, n: u64) -> u64 { self.0 += n; self.0 }
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let network = Network::seeded(7);
    /// let [server, client] = network.nodes().await;
    /// let counter = server.spawn(Counter(0));
    /// let remote: ActorRef<Counter> = client.resolve(counter.id())?;
    /// let held = network.hold_next_reply(&server, &client);
    /// let error = remote.add(1).timeout(Duration::from_secs(1)).await.unwrap_err();
    /// // It has run, but nobody could know.
    /// assert!(matches!(error, CallError::System(error) if error.outcome() == Outcome::Unknown));
    /// held.release();
    /// assert_eq!(remote.add(1).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn hold_next_reply(&self, from: &Node, to: &Node) -> Held {
        Held::new(self, place(from), place(to), What::Answer)
    }

    /// The same for the next call or cast.
    pub fn hold_next_call(&self, from: &Node, to: &Node) -> Held {
        Held::new(self, place(from), place(to), What::Call)
    }

    /// Records the calls that an actor of this network receives from other nodes, from now on. Calls from its own node
    /// do not go over the network.
    ///
    /// # Panics
    /// If the actor's node is none of this network's.
    pub fn probe<A: Callable<System = Node> + ?Sized>(&self, actor: &ActorRef<A>) -> Probe {
        let place = self.started_nodes().iter().find(|node| node.id() == actor.id().node()).map(place);
        #[allow(clippy::expect_used, reason = "a test that watches nothing has failed")]
        let place = place.expect("the actor lives on a node of this network");
        Probe::new(self, place, actor.id().instance())
    }

    /// A hash of all that has arrived so far, in order and with its times: equal for two runs that were the same.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.lock().trace.hash
    }

    /// How many pieces have arrived so far.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.lock().trace.deliveries
    }

    /// The same cables, for the nodes' own transports: a node that held itself would never be let go.
    fn without_nodes(&self) -> Self {
        Self { state: self.state.clone(), nodes: Arc::default() }
    }

    fn started_nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        self.nodes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Where a node is: its name in its address, whatever name its builder was given.
fn place(node: &Node) -> String {
    let simulated = node.addresses().iter().find(|address| address.scheme() == "sim");
    simulated.map_or(node.name(), Address::rest).to_owned()
}

impl State {
    fn is_cut(&self, from: &str, to: &str) -> bool {
        let is_paused = |place: &str| !self.paused.is_empty() && self.paused.contains(place);
        is_paused(from) || is_paused(to) || self.cut.iter().any(|(cut_from, cut_to)| cut_from == from && cut_to == to)
    }

    /// Whether the node that was started there as the so-many-th is still the one that there is.
    fn is_current(&self, place: &str, started: u64) -> bool {
        self.started.get(place) == Some(&started)
    }

    /// How long the next piece takes.
    fn delay(&mut self, from: &str, to: &str) -> Duration {
        let jitter = u64::try_from(self.jitter.as_nanos()).unwrap_or(u64::MAX);
        let extra = if jitter == 0 { 0 } else { self.random.next() % jitter };
        let latency = self.lines.get(from, to).and_then(|line| line.latency).unwrap_or(self.latency);
        latency + Duration::from_nanos(extra)
    }

    /// Looks at what is being sent, for those who want to hold or record it.
    fn look(&mut self, cable: &mut Cable, bytes: &[u8], now: tokio::time::Instant) -> Option<Waker> {
        let mut seen = Vec::new();
        cable.scanner.feed(bytes, &mut seen);
        let mut woken = None;
        for seen in seen {
            let (what, begin) = match &seen {
                Seen::Call { begin, .. } => (What::Call, *begin),
                Seen::Answer { begin } => (What::Answer, *begin),
            };
            if cable.hold_at.is_none()
                && let Some((hold, waker)) = self.watchers.seize(&cable.from, &cable.to, what)
            {
                cable.hold_at = Some((begin, hold));
                woken = waker;
            }
            if let Seen::Call { end, instance, method, is_cast, length, .. } = seen {
                let call = Received { from: cable.from.clone(), method, is_cast, length, at: now };
                cable.notes.push_back((end, instance, call));
            }
        }
        woken
    }

    /// Tells the probes of calls that have arrived.
    fn note(&mut self, cable: &mut Cable, now: tokio::time::Instant) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while cable.notes.front().is_some_and(|(end, ..)| *end <= cable.arrived())
            && let Some((_, instance, mut call)) = cable.notes.pop_front()
        {
            call.at = now;
            wakers.extend(self.watchers.received(&cable.to, instance, call));
        }
        wakers
    }

    fn delivered(&mut self, cable: &Cable, bytes: &[u8]) {
        let now = tokio::time::Instant::now();
        let began = *self.trace.began.get_or_insert(now);
        let at = u64::try_from(now.duration_since(began).as_nanos()).unwrap_or(u64::MAX);
        self.trace.deliveries += 1;
        let head = cable.from.bytes().chain(cable.to.bytes()).chain(at.to_le_bytes());
        self.trace.hash = head
            .chain(bytes.iter().copied())
            .fold(self.trace.hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.lock();
        f.debug_struct("Network")
            .field("seed", &state.seed)
            .field("nodes", &state.named)
            .field("trace", &state.trace)
            .finish_non_exhaustive()
    }
}
