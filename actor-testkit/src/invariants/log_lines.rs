//! How much is logged.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, Once},
    time::Instant,
};

use tracing::{Event, Level, Metadata, Subscriber, span};

/// Counts the lines of the log, at the level of information and above.
///
/// It is the process's subscriber then; where the test has set one, nothing is counted.
///
/// ```
/// let log = actor_testkit::LogLines::watch();
/// tracing::warn!("a line");
/// tracing::debug!("none that is shown by default");
/// assert_eq!(log.busiest_second(), 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LogLines {
    since: Instant,
}

/// Lines in each second since the first watch. A process has one log.
static LINES: Mutex<Option<Lines>> = Mutex::new(None);

thread_local! {
    static LINES_HERE: Cell<usize> = const { Cell::new(0) };
}

#[derive(Debug)]
struct Lines {
    began: Instant,
    by_second: BTreeMap<u64, usize>,
}

impl LogLines {
    /// Counts from now on.
    #[must_use]
    pub fn watch() -> Self {
        static SUBSCRIBER: Once = Once::new();
        let since = Instant::now();
        SUBSCRIBER.call_once(|| {
            *lock() = Some(Lines { began: since, by_second: BTreeMap::new() });
            // Another one stays; then there is nothing to count.
            let _ = tracing::subscriber::set_global_default(Counting);
        });
        Self { since }
    }

    /// How many lines this thread has written, since the first watch of the process.
    #[must_use]
    pub fn on_this_thread() -> usize {
        let _ = Self::watch();
        LINES_HERE.get()
    }

    /// The most lines within one second since then.
    #[must_use]
    pub fn busiest_second(&self) -> usize {
        let lines = lock();
        let Some(lines) = &*lines else { return 0 };
        let from = self.since.saturating_duration_since(lines.began).as_secs();
        lines.by_second.range(from..).map(|(_, lines)| *lines).max().unwrap_or(0)
    }
}

struct Counting;

impl Subscriber for Counting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        LINES_HERE.set(LINES_HERE.get() + 1);
        if let Some(lines) = &mut *lock() {
            let second = lines.began.elapsed().as_secs();
            *lines.by_second.entry(second).or_default() += 1;
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn lock() -> MutexGuard<'static, Option<Lines>> {
    LINES.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
