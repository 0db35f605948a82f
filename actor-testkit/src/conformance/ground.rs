//! Where a test of the suite runs, and what it has to leave.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use actor_core::{ActorRef, BoxFuture, Terminated};
use actor_transport::{Address, Limits, Node, NodeBuilder, Transport};
use tokio::{
    runtime::{Builder, Handle},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{TransportUnderTest, Worker};
use crate::{Faults, Faulty, Ledger};

/// A test takes milliseconds; one that takes this long hangs.
const HUNG_AFTER: Duration = Duration::from_secs(60);
/// How long what is left behind may take to end: a transport may have to see its last bytes delivered.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a test tries again to listen where somebody has listened a moment ago.
const FREE_AFTER: Duration = Duration::from_secs(10);

/// Nodes over the transport under test, each behind a [`Faulty`] one, by which a test can break its connections.
pub struct Ground {
    subject: Box<dyn TransportUnderTest>,
    faults: Mutex<Vec<Faults>>,
    ledger: Ledger,
}

/// A node that is not started yet.
pub(super) struct Plan<'a> {
    ground: &'a Ground,
    name: &'a str,
    address: Option<Address>,
    limits: Limits,
}

impl Ground {
    /// The transport of a node of that name, by itself.
    pub(super) fn transport(&self, node: &str) -> Arc<dyn Transport> {
        self.subject.transport(node)
    }

    pub(super) fn address(&self, node: &str) -> Address {
        self.subject.address(node).parse().unwrap()
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A node that listens, with the limits that every node has.
    pub(super) async fn node(&self, name: &str) -> Node {
        self.plan(name).start().await.0
    }

    /// Two of them.
    pub(super) async fn pair(&self) -> (Node, Node) {
        (self.node("server").await, self.node("client").await)
    }

    pub(super) fn plan<'a>(&'a self, name: &'a str) -> Plan<'a> {
        Plan { ground: self, name, address: None, limits: Limits::default() }
    }

    /// A worker on `server`, and the client's reference to it.
    pub(super) fn worker(&self, server: &Node, client: &Node) -> (ActorRef<Worker>, ActorRef<Worker>) {
        place(server, client, Worker::new(&self.ledger))
    }

    /// Connections that some node holds.
    fn open(&self) -> usize {
        self.faults.lock().unwrap().iter().map(Faults::open).sum()
    }
}

impl Plan<'_> {
    /// Where somebody has listened before.
    pub(super) fn at(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    pub(super) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Gives up on peers soon, for tests in which they do not answer.
    pub(super) fn impatient(self) -> Self {
        self.limits(|limits| {
            limits.handshake_time_max = Duration::from_secs(1);
            limits.dial_time_max = Duration::from_secs(1);
            limits.backoff_min = Duration::from_millis(5);
            limits.backoff_max = Duration::from_millis(20);
            limits.ping_interval = Duration::from_millis(100);
            limits.silence_max = Duration::from_millis(600);
            limits.write_stall_max = Duration::from_millis(600);
            limits.drain_time_max = Duration::from_millis(500);
        })
    }

    /// The node, and what breaks its connections.
    pub(super) async fn start(self) -> (Node, Faults) {
        self.start_with(|builder| builder).await
    }

    pub(super) async fn start_with(self, build: impl Fn(NodeBuilder) -> NodeBuilder) -> (Node, Faults) {
        let (again, address) = match self.address {
            Some(address) => (true, address),
            None => (false, self.ground.address(self.name)),
        };
        let began = Instant::now();
        loop {
            let faulty = Faulty::over(self.ground.transport(self.name));
            let faults = faulty.faults();
            let builder = Node::builder().name(self.name).limits(self.limits.clone());
            match build(builder.transport(faulty).listen(&address)).start().await {
                Ok(node) => {
                    self.ground.faults.lock().unwrap().push(faults.clone());
                    return (node, faults);
                }
                // It may take a moment until an address is free again.
                Err(_) if again && began.elapsed() < FREE_AFTER => sleep(Duration::from_millis(10)).await,
                Err(error) => panic!("a node cannot listen at {address}: {error}"),
            }
        }
    }
}

/// A worker on `server`, and the client's reference to it.
pub(super) fn place(server: &Node, client: &Node, worker: Worker) -> (ActorRef<Worker>, ActorRef<Worker>) {
    let local = server.spawn(worker);
    client.introduce(server.id(), server.addresses());
    let remote = client.resolve(local.id()).unwrap();
    (local, remote)
}

/// A watch that has begun: whatever is called from now on comes behind it.
pub(super) async fn watch(remote: &ActorRef<Worker>) -> BoxFuture<'static, Terminated> {
    let remote = remote.clone();
    let mut watching: BoxFuture<'static, _> = Box::pin(async move { remote.terminated().await });
    assert_eq!(crate::poll_then_drop(1, &mut watching).await, None, "it has ended already");
    watching
}

/// Waits until `done`.
pub(super) async fn until(mut done: impl FnMut() -> bool) {
    let waited = timeout(PATIENCE, async {
        while !done() {
            sleep(Duration::from_millis(1)).await;
        }
    });
    assert!(waited.await.is_ok(), "it did not come to pass");
}

/// How many sessions a node has.
pub(super) fn sessions(node: &Node) -> usize {
    node.peers().iter().filter(|peer| peer.connected).count()
}

/// How late timers are at the worst: on a busy machine all that waits for one is.
async fn watch_timers(late: Arc<Mutex<Duration>>) {
    loop {
        let due = Instant::now() + Duration::from_millis(5);
        sleep_until(due).await;
        let by = due.elapsed();
        let mut late = late.lock().unwrap();
        *late = by.max(*late);
    }
}

/// Runs a test on a runtime of its own. Afterwards no connection and no task may be left, and what was told to callers
/// has to be true.
pub fn run(subject: impl TransportUnderTest, test: impl AsyncFnOnce(&Ground)) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let ground = Ground { subject: Box::new(subject), faults: Mutex::default(), ledger: Ledger::new() };
        let late = Arc::new(Mutex::new(Duration::ZERO));
        // Twice: a test may be held up by what it does itself, and its calls by what others do.
        let watching = tokio::spawn(watch_timers(late.clone()));
        {
            let (mut test, mut here) = (pin!(timeout(HUNG_AFTER, test(&ground))), pin!(watch_timers(late.clone())));
            let tested = poll_fn(|cx| {
                let polled = test.as_mut().poll(cx);
                let _ = here.as_mut().poll(cx);
                polled
            });
            assert!(tested.await.is_ok(), "the test hangs");
        }
        watching.abort();
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let at_rest = timeout(PATIENCE, async {
            while ground.open() > 0 || tasks() > 0 {
                sleep(Duration::from_millis(1)).await;
            }
        });
        assert!(at_rest.await.is_ok(), "{} connections and {} tasks are left", ground.open(), tasks());
        let late = *late.lock().unwrap();
        if let Err(violations) = ground.ledger.check_with_timers_late_by(late) {
            panic!("{violations:#?}");
        }
    });
    // A test that has failed leaves nodes behind; they are not waited for.
    runtime.shutdown_background();
}
