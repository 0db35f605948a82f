//! A node under attack, and a client of it that calls all the time.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actor_testkit::{Baseline, Heap, Invariants, RawPeer};
use actor_transport::protocol::{CallId, Frame, HelloConfig};
use distributed_actor::{ActorRef, Limits, MethodInfo, Node, NodeId, TcpTransport, distributed_actor};
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};

use crate::support;

/// What a process keeps from the first use of things, in bytes.
const HEAP_SLACK: usize = 512 * 1024;
/// What the nodes that go on may hold more than before, in bytes: a read buffer, a table that has grown.
const RUNNING_SLACK: usize = 512 * 1024;

/// What strangers call.
pub(crate) struct Victim;

#[distributed_actor]
impl Victim {
    #[distributed]
    pub(crate) fn number(&self, number: u32) -> u32 {
        number.wrapping_add(1)
    }

    #[distributed]
    fn text(&self, text: String) -> usize {
        text.len()
    }

    #[distributed]
    fn made(&self, length: usize) -> Vec<u8> {
        vec![7; length]
    }

    #[distributed]
    async fn hang(&mut self) {
        std::future::pending().await
    }

    #[distributed]
    pub(crate) fn block(&self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
}

/// The methods of a victim, by the indices that a raw peer gives them.
const METHODS: [&str; 5] = ["number", "text", "made", "hang", "block"];
pub(crate) const NUMBER: u32 = 0;
pub(crate) const TEXT: u32 = 1;
pub(crate) const MADE: u32 = 2;
pub(crate) const HANG: u32 = 3;
pub(crate) const BLOCK: u32 = 4;

/// What the well-behaved client calls: it counts, so that a call that is lost, doubled or overtaken is noticed.
#[derive(Default)]
struct Counter(u64);

#[distributed_actor]
impl Counter {
    #[distributed]
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

pub(crate) struct Scene {
    pub(crate) invariants: Invariants,
    pub(crate) server: Node,
    pub(crate) victim: ActorRef<Victim>,
    /// Before the attack, with all that goes on during it.
    running: Baseline,
    witness: Arc<Witness>,
    calling: JoinHandle<()>,
}

/// The client that must not notice.
#[derive(Default)]
struct Witness {
    calls: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Scene {
    pub(crate) async fn begin() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let invariants = Invariants::begin();
        let server = Node::builder().listen("tcp://127.0.0.1:0").limits(limits).start().await.unwrap();
        let victim = server.spawn(Victim);
        let counter = server.spawn(Counter::default());
        server.register("counter", &counter).unwrap();
        drop(counter);
        let client = Node::builder().start().await.unwrap();
        let remote: ActorRef<Counter> = client.lookup(server.address(), "counter").await.unwrap();
        let witness = Arc::new(Witness::default());
        let calling = tokio::spawn(bear_witness(client, remote, witness.clone()));
        support::until(|| witness.calls.load(Ordering::SeqCst) > 100).await;
        let running = Baseline::take();
        Self { invariants, server, victim, running, witness, calling }
    }

    /// Somebody connects.
    pub(crate) async fn stranger(&self) -> RawPeer {
        RawPeer::connect(&TcpTransport::new(), self.server.address()).await.unwrap()
    }

    /// Somebody connects from another address of this machine: 127.0.x.y with that number.
    pub(crate) async fn connect_from(&self, number: u16) -> std::io::Result<TcpStream> {
        let [high, low] = number.to_be_bytes();
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, high, low], 0).into())?;
        socket.connect(self.server.address().rest().parse().unwrap()).await
    }

    /// A peer of that number, after the handshake, which has defined the methods of a victim.
    pub(crate) async fn peer(&self, number: u128) -> RawPeer {
        let mut peer = self.stranger().await;
        peer.dial(HelloConfig::new(NodeId::from_bits(number), Limits::default())).await.unwrap();
        for (index, method) in (0..).zip(METHODS) {
            peer.define(index, method_info(method)).await.unwrap();
        }
        peer
    }

    /// A call of the victim.
    pub(crate) fn call<'a>(&self, slot: u16, generation: u16, method: u32, arguments: &'a [u8]) -> Frame<'a> {
        Frame::Call { id: CallId { slot, generation }, request: RawPeer::request(self.victim.id(), method, arguments) }
    }

    /// How many calls the other client has made so far.
    pub(crate) fn witnessed(&self) -> u64 {
        self.witness.calls.load(Ordering::SeqCst)
    }

    /// Bytes on the heap beyond those before the attack.
    pub(crate) fn grown(&self) -> usize {
        Heap::now().bytes.saturating_sub(self.running.heap.unwrap().bytes)
    }

    /// The other client's calls go on.
    pub(crate) async fn goes_on(&self) {
        let before = self.witnessed();
        support::until(|| self.witnessed() > before + 20 || self.calling.is_finished()).await;
        self.assert_unnoticed();
    }

    fn assert_unnoticed(&self) {
        let trouble = self.witness.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
        assert!(trouble.is_none(), "the other client noticed: {trouble:?}");
    }

    /// The attack is over, and its connections are closed: the other client did not notice, and nothing is left of it,
    /// neither on the node that goes on nor after that.
    pub(crate) async fn end(self) {
        self.end_with(RUNNING_SLACK).await;
    }

    /// The same where the node may remember so many bytes of what it was told.
    pub(crate) async fn end_with(self, remembered: usize) {
        self.goes_on().await;
        if let Err(left) = self.running.regained(remembered).await {
            panic!("the attack has left something on a node that goes on: {left}; {:#?}", self.server.peers());
        }
        self.witness.calls.fetch_or(END, Ordering::SeqCst);
        self.calling.await.unwrap();
        self.invariants.at_rest(&[&self.server]).await;
        self.server.shutdown().await;
        drop((self.server, self.victim, self.witness));
        self.invariants.ended(HEAP_SLACK).await;
    }
}

/// Tells the witness to end.
const END: u64 = 1 << 63;

async fn bear_witness(client: Node, remote: ActorRef<Counter>, witness: Arc<Witness>) {
    for number in 1.. {
        let trouble = match remote.next().timeout(Duration::from_secs(3)).await {
            Ok(next) if next == number => None,
            Ok(next) => Some(format!("call {number} was the node's {next}.")),
            Err(error) => Some(format!("call {number}: {error}")),
        };
        if trouble.is_some() {
            *witness.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
            break;
        }
        if witness.calls.fetch_add(1, Ordering::SeqCst) & END != 0 {
            break;
        }
        // Often enough to notice, seldom enough to leave the machine to the attack.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    client.shutdown().await;
}

pub(crate) fn method_info(method: &str) -> &'static MethodInfo {
    MethodInfo::find(&format!("hostile::scene::Victim::{method}")).unwrap()
}

/// Numbers as they are sent.
pub(crate) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
