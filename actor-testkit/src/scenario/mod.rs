//! Random scenarios: nodes that call one another over a simulated network on which everything goes wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a scenario that cannot be set up has failed")]

mod caller;
mod clerk;
mod trouble;
mod world;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tokio::{runtime::Builder, time::Instant};

use self::world::World;
use crate::{LogLines, Panics, Tally, network::Random};

/// A run that follows from its seed: some nodes with actors, callers that call, cast, relay, drop and watch, and meanwhile
/// latency, jitter, slow lines, partitions, one-way cuts, resets, connections that break at a byte, nodes that pause, crash
/// and are started again. At the end the network is healed, and the [invariants](crate::Invariants) have to hold.
///
/// ```
/// use actor_testkit::Scenario;
///
/// let report = Scenario::seeded(7).run()?;
/// assert_eq!(Scenario::seeded(7).run()?.trace_hash, report.trace_hash);
/// # Ok::<(), actor_testkit::BrokenScenario>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    seed: u64,
}

/// What came of a scenario in which all invariants held.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScenarioReport {
    /// A hash of all that has arrived, in order and with its times.
    pub trace_hash: u64,
    /// How many pieces have arrived.
    pub deliveries: u64,
    /// Virtual time that it took.
    pub time: Duration,
    /// How often something went wrong.
    pub troubles: usize,
    /// What came of the calls.
    pub calls: Tally,
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenScenario {
    /// The seed, with which the run can be repeated.
    pub seed: u64,
    /// What is wrong.
    pub violations: Vec<String>,
    /// What went wrong on the network, with the times.
    pub troubles: Vec<String>,
}

impl Scenario {
    /// The scenario of that seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed }
    }

    /// Runs it on this thread, in virtual time.
    ///
    /// # Errors
    /// All that is wrong, with the seed.
    ///
    /// # Panics
    /// Within a tokio runtime: each run has its own.
    pub fn run(self) -> Result<ScenarioReport, BrokenScenario> {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (panics, lines) = (Panics::on_this_thread(), LogLines::on_this_thread());
        let world = World::new(self.seed);
        let run = AssertUnwindSafe(|| runtime.block_on(run(world.clone(), Random::new(self.seed))));
        let (report, mut violations) = catch_unwind(run).unwrap_or_else(|_| (None, vec!["it panicked".into()]));
        let panics = Panics::on_this_thread() - panics;
        if panics > 0 {
            violations.push(format!("invariant 6: {panics} panics"));
        }
        let lines = LogLines::on_this_thread() - lines;
        let time = report.as_ref().map_or(Duration::ZERO, |report| report.time);
        if lines as u64 > LINES_PER_SECOND_MAX * (time.as_secs() + 1) {
            violations.push(format!("invariant 6: {lines} log lines in {time:?}"));
        }
        match report {
            Some(report) if violations.is_empty() => Ok(report),
            _ => Err(BrokenScenario { seed: self.seed, violations, troubles: world.troubles() }),
        }
    }
}

/// What a node may write of one peer; there are at least two.
const LINES_PER_SECOND_MAX: u64 = 10;

async fn run(world: World, mut random: Random) -> (Option<ScenarioReport>, Vec<String>) {
    let began = Instant::now();
    world.begin(&mut random).await;
    let callers: Vec<_> = (0..3 + random.below(4))
        .map(|number| tokio::spawn(caller::calls(world.clone(), number, Random::new(random.next()))))
        .collect();
    let troubles = trouble::make(&world, Random::new(random.next())).await;
    let mut violations = Vec::new();
    for caller in callers {
        if caller.await.is_err() {
            violations.push("a caller panicked".into());
        }
    }
    violations.extend(world.rest().await);
    violations.extend(world.recovers().await);
    violations.extend(world.end().await);
    let (trace_hash, deliveries) = world.trace();
    match world.ledger().check() {
        Ok(calls) => {
            (Some(ScenarioReport { trace_hash, deliveries, time: began.elapsed(), troubles, calls }), violations)
        }
        Err(broken) => {
            violations.extend(broken.iter().map(ToString::to_string));
            (None, violations)
        }
    }
}

impl fmt::Display for BrokenScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the scenario of seed {} is broken:", self.seed)?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        writeln!(f, "meanwhile:")?;
        for trouble in &self.troubles {
            writeln!(f, "  {trouble}")?;
        }
        write!(f, "again: cargo run -p actor-testkit --example scenarios -- --from {} --seeds 1", self.seed)
    }
}

impl std::error::Error for BrokenScenario {}
