use std::{future::Future, time::Duration};

use tokio::{runtime::Builder, time::timeout};

use super::SystemUnderTest;

/// In virtual time nobody waits that long for anything that will come.
const HUNG_AFTER_VIRTUAL: Duration = Duration::from_secs(7200);
/// In real time a case takes milliseconds.
const HUNG_AFTER: Duration = Duration::from_secs(60);

/// Runs a case on one thread, where time passes only while everybody waits for it.
pub fn in_virtual_time<T: SystemUnderTest, F: Future<Output = ()>>(case: impl FnOnce(T) -> F) {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async { timeout(HUNG_AFTER_VIRTUAL, case(T::default())).await }).expect("the case hangs");
}

/// Runs a case on a runtime of several threads, where what may race does.
pub fn on_threads<T: SystemUnderTest, F: Future<Output = ()>>(case: impl FnOnce(T) -> F) {
    let runtime = Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
    runtime.block_on(async { timeout(HUNG_AFTER, case(T::default())).await }).expect("the case hangs");
    // A case that has failed leaves calls behind; they are not waited for.
    runtime.shutdown_background();
}
