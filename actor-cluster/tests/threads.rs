//! Threads of a member's own, in a process where nothing else comes and goes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use distributed_actor::Node;

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Also of a node whose last handle is dropped by a task of its own threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_threads_of_a_member_go_with_it() {
    let before = threads();
    for round in 0..3 {
        let first = Node::builder().listen("tcp://127.0.0.1:0").join(None::<&str>).start().await.unwrap();
        let second = Node::builder().listen("tcp://127.0.0.1:0").join([first.address()]).start().await.unwrap();
        let sharing = Node::builder().share_threads(true).listen("tcp://127.0.0.1:0").join([first.address()]);
        let sharing = sharing.start().await.unwrap();
        for node in [&first, &second, &sharing] {
            node.cluster().wait_until(|view| view.alive() == 3, Duration::from_secs(10)).await.unwrap();
        }
        assert!(threads() >= before + 4, "{} threads, {before} before", threads());
        if round > 0 {
            second.shutdown().await;
        }
        drop((first, second, sharing));
    }
    let started = Instant::now();
    while threads() > before {
        assert!(started.elapsed() < Duration::from_secs(10), "{} threads, {before} before", threads());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
