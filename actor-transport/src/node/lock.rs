//! Locks of the node's tables. No user code runs under them, so that one that is poisoned is as good as any.

use std::sync::{Mutex, MutexGuard};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The same for a lock that many tasks take for a moment each: who finds it taken waits up to some microseconds before it
/// sleeps. The other one then has it several times in a row, and what it guards stays in one core's cache.
#[inline]
pub(super) fn lock_in_turn<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(_) => lock_late(mutex),
    }
}

#[cold]
fn lock_late<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let mut pauses = 4;
    while pauses <= 64 {
        (0..pauses).for_each(|_| std::hint::spin_loop());
        if let Ok(guard) = mutex.try_lock() {
            return guard;
        }
        pauses *= 2;
    }
    lock(mutex)
}
