//! What threads share in the mailbox and in the cells of replies: loom's, when their races are explored.

#[cfg(loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};

/// No user code runs under these locks, so a poisoned one is as good as any.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Room for one value, which whoever takes it has alone. A box in it is exchanged by one atomic instruction; each
/// exchange synchronizes with the next one.
pub(crate) struct Slot<T>(Exchange<T>);

#[cfg(not(loom))]
type Exchange<T> = crossbeam_utils::atomic::AtomicCell<Option<T>>;
#[cfg(loom)]
type Exchange<T> = Mutex<Option<T>>;

impl<T> Slot<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Exchange::new(Some(value)))
    }

    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        self.swap(None)
    }

    #[inline]
    pub(crate) fn put(&self, value: T) {
        self.swap(Some(value));
    }

    #[cfg(not(loom))]
    #[inline]
    fn swap(&self, value: Option<T>) -> Option<T> {
        self.0.swap(value)
    }

    #[cfg(loom)]
    fn swap(&self, value: Option<T>) -> Option<T> {
        std::mem::replace(&mut *lock(&self.0), value)
    }
}
