//! What has to hold after every fault, whatever else has failed.

mod alone;
mod baseline;
mod ledger;
mod log_lines;
mod panics;
mod violation;

use std::time::Duration;

use actor_transport::Node;

pub use self::{
    alone::{alone, alone_in_virtual_time},
    baseline::{Baseline, NotAtRest},
    ledger::{Entry, Ledger, Tally},
    log_lines::LogLines,
    panics::Panics,
    violation::Violation,
};

/// Lines that one peer may have written in a second.
const LINES_PER_SECOND_MAX: usize = 10;
/// How long the checks wait for what is about to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The six invariants, for any test that breaks things.
///
/// 1. Every call ends no later than 250 ms after its deadline.
/// 2. What was acknowledged was executed; no call was executed twice.
/// 3. What was reported as not executed was not executed.
/// 4. At rest nothing is left: no call in flight, and tasks, sockets and heap at their baseline.
/// 5. Order held for each pair of caller and actor.
/// 6. No panic outside a handler, and at most 10 log lines per second and peer.
///
/// Begin before the nodes are started; make calls through the [`ledger`](Self::ledger), and let the actor write down in
/// it what it executes; then [`at_rest`](Self::at_rest) while the nodes run, and [`ended`](Self::ended) when they are
/// gone. The heap is looked at where [`count_heap!`](crate::count_heap) is used. Tasks are those of the runtime, and all
/// else of the process: tests that run beside this one would be counted, so run it [`alone`](crate::alone).
///
/// ```
/// use actor_core::{ActorRef, distributed_actor};
/// use actor_testkit::{Invariants, Ledger, Network};
/// use actor_transport::Node;
/// use std::time::Duration;
///
/// struct Counter { ledger: Ledger }
///
/// #[distributed_actor(crate = actor_core, system = Node)]
/// impl Counter {
///     #[distributed]
///     fn add(&mut self, id: u64) {
///         self.ledger.executed(id);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let invariants = Invariants::begin();
/// let network = Network::seeded(7);
/// let [a, b] = network.nodes().await;
/// let counter = a.spawn(Counter { ledger: invariants.ledger().clone() });
/// let remote: ActorRef<Counter> = b.resolve(counter.id())?;
/// for _ in 0..3 {
///     let time = Duration::from_secs(1);
///     // It may fail: what it says of itself has to be true.
///     let _ = invariants.ledger().call("b to counter", time, async |id| remote.add(id).timeout(time).await).await;
///     network.reset(&a, &b);
/// }
/// let tally = invariants.at_rest(&[&a, &b]).await;
/// assert!(tally.calls == 3 && tally.executed >= tally.acknowledged);
/// drop((a, b, counter, remote, network));
/// invariants.ended(64 * 1024).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Invariants {
    ledger: Ledger,
    baseline: Baseline,
    panics: Panics,
    log: LogLines,
    panics_in_handlers: usize,
    peers: usize,
}

impl Invariants {
    /// Looks at what there is before the test. The first of a process takes its panic hook and its log.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn begin() -> Self {
        let (panics, log) = (Panics::watch(), LogLines::watch());
        Self { ledger: Ledger::new(), baseline: Baseline::take(), panics, log, panics_in_handlers: 0, peers: 1 }
    }

    /// What calls are made with, and what actors write down in.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// So many more panics are meant, in handlers.
    pub fn expect_panics(&mut self, panics: usize) {
        self.panics_in_handlers += panics;
    }

    /// So many peers may each write [10 lines per second](Self#). One, unless it is said.
    pub fn expect_peers(&mut self, peers: usize) {
        self.peers = peers;
    }

    /// Checks what can be checked while the nodes run: waits until no call is in flight on any of them, then looks at
    /// the ledger, at panics and at the log.
    ///
    /// # Panics
    /// If an invariant is broken.
    #[allow(clippy::panic, reason = "a broken invariant fails the test")]
    pub async fn at_rest(&self, nodes: &[&Node]) -> Tally {
        if !settled(|| nodes.iter().all(|node| is_idle(node))).await {
            panic!("invariant 4: calls are in flight for ever: {:#?}", nodes.iter().map(|node| node.peers()));
        }
        let panics = self.panics.so_far();
        assert!(
            panics == self.panics_in_handlers,
            "invariant 6: {panics} panics, and {} were to be expected",
            self.panics_in_handlers
        );
        let lines = self.log.busiest_second();
        assert!(lines <= LINES_PER_SECOND_MAX * self.peers, "invariant 6: {lines} log lines within a second");
        self.ledger.check().unwrap_or_else(|violations| panic!("{violations:#?}"))
    }

    /// Checks that nothing is left, when all nodes of the test are gone: the heap may have grown by so many bytes, for
    /// what the process keeps from its first use on. The ledger is empty from then on.
    ///
    /// # Panics
    /// If something is left.
    #[allow(clippy::panic, reason = "a broken invariant fails the test")]
    pub async fn ended(&self, heap_growth_max: usize) {
        self.ledger.clear();
        if let Err(left) = self.baseline.regained(heap_growth_max).await {
            panic!("invariant 4: {left}");
        }
    }
}

/// Whether no call is in flight, in either direction, and no message is held.
pub(crate) fn is_idle(node: &Node) -> bool {
    node.peers().iter().filter_map(|peer| peer.session).all(|session| {
        session.calls_in == 0
            && session.calls_out == 0
            && session.callers == 0
            && session.waiting == 0
            && session.inbound_bytes == 0
            && session.answers_bytes == 0
    })
}

/// Lets other tasks run until `done`; false if it does not come to pass.
async fn settled(mut done: impl FnMut() -> bool) -> bool {
    // Real time is for real sockets; where time is virtual it passes meanwhile.
    let (end, mut naps) = (std::time::Instant::now() + PATIENCE, 0);
    while !done() {
        if std::time::Instant::now() > end || naps > 100_000 {
            return false;
        }
        naps += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    true
}

#[cfg(test)]
mod tests;
