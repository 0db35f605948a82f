//! A network of nodes in one process.

mod cable;
mod random;
mod transport;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use actor_core::{ActorSystem, NodeId};
use actor_transport::{Address, Node, NodeBuilder};

use self::{
    cable::{Cable, Cables},
    random::Random,
    transport::SimulatedTransport,
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
}

struct State {
    seed: u64,
    random: Random,
    /// The nodes so far; these handles do not keep them running.
    nodes: Vec<Node>,
    named: usize,
    cables: Cables,
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
            nodes: Vec::new(),
            named: 0,
            cables: Cables::default(),
            cut: Vec::new(),
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            trace: Trace { began: None, deliveries: 0, hash: 0xcbf2_9ce4_8422_2325 },
        };
        Self { state: Arc::new(Mutex::new(state)) }
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
        let (id, name) = {
            let mut state = self.lock();
            let id = NodeId::from_bits(u128::from(state.random.next()) << 64 | u128::from(state.random.next()));
            let name = format!("node{}", state.named);
            state.named += 1;
            (id, name)
        };
        let builder = Node::builder()
            .id(id)
            .name(name.clone())
            .transport(SimulatedTransport::new(self.clone(), name.clone()))
            .listen(format!("sim://{name}"));
        #[allow(clippy::panic, reason = "a test that cannot set its nodes up has failed")]
        let node = build(builder).start().await.unwrap_or_else(|error| panic!("a node could not start: {error}"));
        let mut state = self.lock();
        for other in &state.nodes {
            node.introduce(other.id(), other.addresses());
            other.introduce(id, node.addresses());
        }
        state.nodes.push(node.unguarded());
        drop(state);
        node
    }

    /// From now on nothing arrives between the two, in either direction. What is on its way is held back, as TCP would
    /// send it again, until [`heal`](Self::heal); new connections wait.
    pub fn partition(&self, one: &Node, other: &Node) {
        self.cut(one, other);
        self.cut(other, one);
    }

    /// From now on nothing that `from` sends arrives at `to`.
    pub fn cut(&self, from: &Node, to: &Node) {
        let mut state = self.lock();
        let cut = (place(from), place(to));
        if !state.cut.contains(&cut) {
            state.cut.push(cut);
        }
    }

    /// Ends all partitions. What was held back arrives.
    pub fn heal(&self) {
        let wakers = {
            let mut state = self.lock();
            state.cut.clear();
            state.cables.take_wakers()
        };
        for waker in wakers {
            waker.wake();
        }
    }

    /// What is sent from now on takes this long to arrive. Zero at first.
    pub fn latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// What is sent from now on takes up to this much longer, as the seed says. Order is kept.
    pub fn jitter(&self, jitter: Duration) {
        self.lock().jitter = jitter;
    }

    /// Breaks all connections between the two, as a reset would.
    pub fn reset(&self, one: &Node, other: &Node) {
        let wakers = self.lock().cables.reset(&place(one), &place(other));
        for waker in wakers {
            waker.wake();
        }
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
        self.cut.iter().any(|(cut_from, cut_to)| cut_from == from && cut_to == to)
    }

    /// How long the next piece takes.
    fn delay(&mut self) -> Duration {
        let jitter = u64::try_from(self.jitter.as_nanos()).unwrap_or(u64::MAX);
        let extra = if jitter == 0 { 0 } else { self.random.next() % jitter };
        self.latency + Duration::from_nanos(extra)
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
            .field("nodes", &state.nodes.len())
            .field("trace", &state.trace)
            .finish_non_exhaustive()
    }
}
