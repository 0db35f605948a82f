//! The count of the heap, in a process of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use actor_testkit::{Baseline, Heap};

actor_testkit::count_heap!();

/// One test: they would count one another's.
#[tokio::test(start_paused = true)]
async fn what_is_allocated_is_counted_and_what_is_left_is_found() {
    let (before, baseline) = (Heap::now(), Baseline::take());
    let mut kept = vec![7_u8; 100_000];
    let now = Heap::now();
    assert!((100_000..110_000).contains(&(now.bytes - before.bytes)), "{before:?} {now:?}");
    assert!(now.pieces > before.pieces && now.allocations > before.allocations);
    kept.reserve_exact(300_000);
    assert!(Heap::now().bytes - before.bytes >= 400_000, "growing is counted");
    let left = baseline.check(100_000).unwrap_err();
    assert!(left.to_string().contains("bytes of heap"), "{left}");
    drop(kept);
    baseline.regained(10_000).await.unwrap();
    let elsewhere = std::thread::spawn(|| vec![1_u8; 50_000]).join().unwrap();
    assert!(Heap::now().bytes - before.bytes >= 50_000, "so are other threads");
    drop(elsewhere);
    baseline.regained(10_000).await.unwrap();
}
