//! What a test has found, and has to leave.

use std::fmt;

use tokio::runtime::Handle;

use super::settled;
use crate::Heap;

/// Tasks of the runtime, sockets and heap of the process, at one time.
///
/// ```
/// # use actor_testkit::Baseline;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let before = Baseline::take();
/// let task = tokio::spawn(async { tokio::task::yield_now().await });
/// task.await.unwrap();
/// before.regained(4096).await.unwrap();
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Baseline {
    /// Tasks of the runtime that have not ended.
    pub tasks: usize,
    /// Open sockets; 0 where the system has no `/proc`.
    pub sockets: usize,
    /// The heap, where it is [counted](crate::count_heap).
    pub heap: Option<Heap>,
}

/// Something was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAtRest {
    /// Before.
    pub before: Baseline,
    /// Now.
    pub now: Baseline,
}

impl Baseline {
    /// What there is now.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn take() -> Self {
        Self { tasks: Handle::current().metrics().num_alive_tasks(), sockets: sockets(), heap: Heap::counted() }
    }

    /// Waits until there is no more than there was: no task, no socket, and at most so many bytes on the heap.
    ///
    /// # Errors
    /// If that does not come to pass within 20 s.
    pub async fn regained(&self, heap_growth_max: usize) -> Result<(), NotAtRest> {
        let mut checked = Ok(());
        // One look counts: where something goes on, the next one may find more again.
        settled(|| {
            checked = self.check(heap_growth_max);
            checked.is_ok()
        })
        .await;
        checked
    }

    /// The same, as it is now.
    ///
    /// # Errors
    /// If there is more than there was.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn check(&self, heap_growth_max: usize) -> Result<(), NotAtRest> {
        let now = Self::take();
        let is_back =
            now.tasks <= self.tasks && now.sockets <= self.sockets && self.heap_growth(&now) <= heap_growth_max;
        if is_back { Ok(()) } else { Err(NotAtRest { before: *self, now }) }
    }

    fn heap_growth(&self, now: &Self) -> usize {
        match (self.heap, now.heap) {
            (Some(before), Some(now)) => now.bytes.saturating_sub(before.bytes),
            _ => 0,
        }
    }
}

impl fmt::Display for NotAtRest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, now) = (&self.before, &self.now);
        write!(
            f,
            "{} tasks where there were {}, {} sockets where there were {}",
            now.tasks, before.tasks, now.sockets, before.sockets
        )?;
        match (before.heap, now.heap) {
            (Some(before), Some(now)) => {
                write!(f, ", {} bytes of heap where there were {}", now.bytes, before.bytes)
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for NotAtRest {}

fn sockets() -> usize {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return 0 };
    entries
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}
