//! What the process has on its heap.

use stats_alloc::INSTRUMENTED_SYSTEM;

/// Counts the heap of the process that it is used in: at the top of a test file, once for each process.
///
/// ```
/// use actor_testkit::Heap;
///
/// actor_testkit::count_heap!();
///
/// let before = Heap::now();
/// let kept = vec![0_u8; 4096];
/// assert!(Heap::now().bytes >= before.bytes + 4096);
/// drop(kept);
/// ```
#[macro_export]
macro_rules! count_heap {
    () => {
        #[global_allocator]
        static COUNTED_HEAP: $crate::__private::CountingAllocator = $crate::__private::COUNTING_ALLOCATOR;
    };
}

/// The allocator that [`count_heap!`](crate::count_heap) puts in place.
pub type CountingAllocator = &'static stats_alloc::StatsAlloc<std::alloc::System>;

/// Its only instance.
pub const COUNTING_ALLOCATOR: CountingAllocator = &INSTRUMENTED_SYSTEM;

/// A look at the heap, of all threads together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Heap {
    /// Bytes that are allocated.
    pub bytes: usize,
    /// Pieces that are allocated.
    pub pieces: usize,
    /// Allocations since the process began, growing an allocation included.
    pub allocations: usize,
}

impl Heap {
    /// The heap as it is now.
    ///
    /// # Panics
    /// Where [`count_heap!`](crate::count_heap) is not used: an assertion about its figures could not fail.
    #[must_use]
    pub fn now() -> Self {
        #[allow(clippy::expect_used, reason = "a test that measures nothing has failed")]
        Self::counted().expect("`actor_testkit::count_heap!()` belongs at the top of this test file")
    }

    /// The same; none where the heap is not counted.
    #[must_use]
    pub fn counted() -> Option<Self> {
        let stats = INSTRUMENTED_SYSTEM.stats();
        // Freed on another thread between two of the loads: a figure may be off by what is under way.
        (stats.allocations > 0).then(|| Self {
            bytes: stats.bytes_allocated.saturating_sub(stats.bytes_deallocated),
            pieces: stats.allocations.saturating_sub(stats.deallocations),
            allocations: stats.allocations + stats.reallocations,
        })
    }
}
