//! Calls, as their callers and their actors know of them.

use std::{
    collections::HashMap,
    ops::AddAssign,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use actor_core::{CallError, Outcome, SystemFailure};
use tokio::time::Instant;

use super::Violation;

/// How late a call may end.
const LATE_MAX: Duration = Duration::from_millis(250);

/// Writes down what was called, what was executed, and what callers were told. Clones are the same ledger.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Record>,
    /// The numbers of calls, in the order in which they were executed.
    executed: Vec<u64>,
    /// Each name once.
    pairs: HashMap<Arc<str>, ()>,
}

#[derive(Debug)]
struct Record {
    pair: Arc<str>,
    deadline: Instant,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// The caller did not wait for it: anything may have become of it.
    Dropped,
    Told(Told, Instant),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Acknowledged,
    Failed(Outcome),
}

/// One call, from its beginning until its caller knows its end. Dropping it says that the caller did not wait.
#[derive(Debug)]
pub struct Entry {
    ledger: Ledger,
    call: u64,
}

/// How many of all calls came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tally {
    /// All.
    pub calls: usize,
    /// Those that were executed.
    pub executed: usize,
    /// Those whose caller has their result, or the method's own error.
    pub acknowledged: usize,
    /// Those that failed with [`Outcome::NotExecuted`].
    pub not_executed: usize,
    /// Those that failed with [`Outcome::Unknown`].
    pub unknown: usize,
    /// Those that failed with [`Outcome::Executed`].
    pub failed_after: usize,
    /// Those whose callers did not wait.
    pub dropped: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.calls += more.calls;
        self.executed += more.executed;
        self.acknowledged += more.acknowledged;
        self.not_executed += more.not_executed;
        self.unknown += more.unknown;
        self.failed_after += more.failed_after;
        self.dropped += more.dropped;
    }
}

impl Ledger {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a call and writes down its end. `call` gets the number that the actor is to write down with
    /// [`executed`](Self::executed), and must be polled at once, since calls of one `pair` have to be executed in the
    /// order in which they were begun here.
    ///
    /// # Errors
    /// Those of the call.
    ///
    /// # Cancel safety
    /// A call that is dropped counts as such.
    pub async fn call<T, E, F: SystemFailure>(
        &self,
        pair: &str,
        time: Duration,
        call: impl AsyncFnOnce(u64) -> Result<T, CallError<E, F>>,
    ) -> Result<T, CallError<E, F>> {
        let entry = self.begin(pair, time);
        let result = call(entry.call()).await;
        entry.end(&result);
        result
    }

    /// A call that begins now, and has so much time. `pair` names its caller and its actor.
    #[must_use]
    pub fn begin(&self, pair: &str, time: Duration) -> Entry {
        let mut state = self.lock();
        let pair = match state.pairs.get_key_value(pair) {
            Some((known, ())) => known.clone(),
            None => {
                let pair: Arc<str> = pair.into();
                state.pairs.insert(pair.clone(), ());
                pair
            }
        };
        state.calls.push(Record { pair, deadline: Instant::now() + time, end: End::Open });
        Entry { ledger: self.clone(), call: state.calls.len() as u64 }
    }

    /// For actors: the call of that number is being executed.
    pub fn executed(&self, call: u64) {
        self.lock().executed.push(call);
    }

    /// Holds what was written down against the invariants. For when no call is under way.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check(&self) -> Result<Tally, Vec<Violation>> {
        self.check_with_timers_late_by(Duration::ZERO)
    }

    /// The same in real time on a machine whose timers were late by so much: so may calls be.
    pub(crate) fn check_with_timers_late_by(&self, late: Duration) -> Result<Tally, Vec<Violation>> {
        let state = self.lock();
        let mut violations = Vec::new();
        let mut executed = vec![0_usize; state.calls.len()];
        let mut last_of: HashMap<&str, u64> = HashMap::new();
        for &call in &state.executed {
            let Some(index) = index(call).filter(|index| *index < executed.len()) else {
                violations.push(Violation::Unknown { call });
                continue;
            };
            executed[index] += 1;
            let last = last_of.entry(&state.calls[index].pair).or_default();
            if *last > call && executed[index] == 1 {
                violations.push(Violation::OutOfOrder { call: *last, before: call });
            }
            *last = call.max(*last);
        }
        let mut tally = Tally { calls: state.calls.len(), ..Tally::default() };
        for (record, (&times, call)) in state.calls.iter().zip(executed.iter().zip(1..)) {
            tally.executed += times.min(1);
            if times > 1 {
                violations.push(Violation::ExecutedTwice { call });
            }
            violations.extend(record.violation(call, times > 0, LATE_MAX + late));
            record.end.count(&mut tally);
        }
        if violations.is_empty() { Ok(tally) } else { Err(violations) }
    }

    /// Forgets all, for a look at the heap.
    pub(super) fn clear(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Entry {
    /// Its number, from 1 on.
    #[must_use]
    pub fn call(&self) -> u64 {
        self.call
    }

    /// What the caller was told.
    pub fn end<T, E, F: SystemFailure>(self, result: &Result<T, CallError<E, F>>) {
        let told = match result {
            Ok(_) | Err(CallError::Actor(_)) => Told::Acknowledged,
            Err(CallError::System(error)) => Told::Failed(error.outcome()),
        };
        self.set(End::Told(told, Instant::now()));
    }

    fn set(&self, end: End) {
        let mut state = self.ledger.lock();
        if let Some(record) = index(self.call).and_then(|index| state.calls.get_mut(index))
            && record.end == End::Open
        {
            record.end = end;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.set(End::Dropped);
    }
}

impl Record {
    fn violation(&self, call: u64, executed: bool, late_max: Duration) -> Option<Violation> {
        let End::Told(told, at) = self.end else {
            return (self.end == End::Open).then_some(Violation::Unended { call });
        };
        let by = at.saturating_duration_since(self.deadline);
        match (told, executed) {
            (Told::Acknowledged | Told::Failed(Outcome::Executed), false) => Some(Violation::NotExecuted { call }),
            (Told::Failed(Outcome::NotExecuted), true) => Some(Violation::Executed { call }),
            _ => (by > late_max).then_some(Violation::Late { call, by }),
        }
    }
}

impl End {
    fn count(self, tally: &mut Tally) {
        let of = match self {
            Self::Open => return,
            Self::Dropped => &mut tally.dropped,
            Self::Told(Told::Acknowledged, _) => &mut tally.acknowledged,
            Self::Told(Told::Failed(Outcome::NotExecuted), _) => &mut tally.not_executed,
            Self::Told(Told::Failed(Outcome::Executed), _) => &mut tally.failed_after,
            Self::Told(Told::Failed(Outcome::Unknown), _) => &mut tally.unknown,
        };
        *of += 1;
    }
}

fn index(call: u64) -> Option<usize> {
    usize::try_from(call).ok()?.checked_sub(1)
}
