//! Tests that have the process to themselves.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Runtime};

/// Whose turn it is.
static TURN: Mutex<()> = Mutex::new(());

/// Runs a test on a runtime with two workers, after the other tests of this process that are run so and before the next
/// one: what a process has, its heap and its sockets, can only be counted for one at a time.
///
/// ```
/// # use actor_testkit::{Baseline, alone};
/// // in a `#[test]`
/// alone(async {
///     let before = Baseline::take();
///     tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
///     before.regained(4096).await.unwrap();
/// });
/// ```
///
/// # Panics
/// If the test does.
pub fn alone<T>(test: impl Future<Output = T>) -> T {
    run(test, || Builder::new_multi_thread().worker_threads(2).enable_all().build())
}

/// The same on one thread, in virtual time.
///
/// # Panics
/// If the test does.
pub fn alone_in_virtual_time<T>(test: impl Future<Output = T>) -> T {
    run(test, || Builder::new_current_thread().enable_all().start_paused(true).build())
}

/// The runtime is made in this test's turn, and has gone when it ends: it has sockets and a heap of its own.
#[allow(clippy::expect_used, reason = "a test without a runtime has failed")]
fn run<T>(test: impl Future<Output = T>, runtime: impl FnOnce() -> std::io::Result<Runtime>) -> T {
    // A test that has failed says nothing about the next one.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    runtime().expect("a runtime can be made").block_on(test)
}
