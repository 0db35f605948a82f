//! Panics of the process.

use std::{
    cell::Cell,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Counts the panics of all threads, those that were caught included.
///
/// One whose text ends in `on purpose` is not printed: printing it could take 40 MiB for a backtrace, which stay.
///
/// ```
/// let panics = actor_testkit::Panics::watch();
/// let _ = std::panic::catch_unwind(|| panic!("on purpose"));
/// assert_eq!(panics.so_far(), 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Panics {
    before: usize,
}

/// The panic hook belongs to the process, and so does its count.
static PANICS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static PANICS_HERE: Cell<usize> = const { Cell::new(0) };
}

impl Panics {
    /// Counts from now on. The first one of a process puts its hook before the one that is there.
    #[must_use]
    pub fn watch() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                PANICS.fetch_add(1, Ordering::SeqCst);
                PANICS_HERE.set(PANICS_HERE.get() + 1);
                let payload = info.payload();
                let text = payload.downcast_ref::<&str>().copied();
                let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
                if !text.is_some_and(|text| text.ends_with("on purpose")) {
                    before(info);
                }
            }));
        });
        Self { before: PANICS.load(Ordering::SeqCst) }
    }

    /// How many there were on this thread, since the first watch of the process.
    #[must_use]
    pub fn on_this_thread() -> usize {
        let _ = Self::watch();
        PANICS_HERE.get()
    }

    /// How many there were since then.
    #[must_use]
    pub fn so_far(&self) -> usize {
        PANICS.load(Ordering::SeqCst).saturating_sub(self.before)
    }
}
