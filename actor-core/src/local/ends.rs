//! The ends of actors whose state is work to drop: several to a task.
//!
//! A reference may be dropped anywhere, under a lock of its owner's or deep in a chain of others, and so the state that
//! goes with it is dropped on a task. To start one takes longer than all else of an actor's life; who drops a thousand
//! references starts few.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::contain::contain;

/// Ends that one task sees to: as many small ones as take no longer than a task may run.
const ENDS_MAX: usize = 64;

type End = Box<dyn FnOnce() + Send>;

/// What waits for its task; nothing more is added once that runs.
type Waiting = Mutex<Option<Vec<End>>>;

thread_local! {
    /// The last task that this thread has asked for, and for which system.
    static LAST: RefCell<Option<(usize, Weak<Waiting>)>> = const { RefCell::new(None) };
}

/// Runs the ends when it is dropped: on the task that it was moved to, or wherever that task is given up.
pub(super) struct Ends(Arc<Waiting>);

impl Ends {
    /// Leaves `end` to a task that this thread has asked for in the same system, which the number tells from others while
    /// it lives; without one, to a task of its own. `Some` if there is none: the caller moves it to a new task.
    pub(super) fn leave(system: Option<usize>, end: End) -> Option<Self> {
        let Some(system) = system else { return Some(Self::of(end)) };
        // Where the thread itself ends, each has a task of its own.
        let asked = LAST.try_with(|last| {
            let last = last.borrow();
            let (_, waiting) = last.as_ref().filter(|(of, _)| *of == system)?;
            waiting.upgrade()
        });
        let end = match asked.ok().flatten() {
            Some(waiting) => add(&waiting, end)?,
            None => end,
        };
        let ends = Self::of(end);
        let _ = LAST.try_with(|last| last.replace(Some((system, Arc::downgrade(&ends.0)))));
        Some(ends)
    }

    fn of(end: End) -> Self {
        Self(Arc::new(Mutex::new(Some(vec![end]))))
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        let ends = lock(&self.0).take();
        for end in ends.into_iter().flatten() {
            // What is the user's is contained already; this keeps the others from a fault of ours.
            let _ = contain(end);
        }
    }
}

/// The end comes back if its task runs already, or has enough to do.
fn add(waiting: &Waiting, end: End) -> Option<End> {
    match &mut *lock(waiting) {
        Some(ends) if ends.len() < ENDS_MAX => {
            ends.push(end);
            None
        }
        _ => Some(end),
    }
}

fn lock(waiting: &Waiting) -> MutexGuard<'_, Option<Vec<End>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn leave(system: Option<usize>, ran: &Arc<AtomicUsize>) -> Option<Ends> {
        let ran = ran.clone();
        Ends::leave(system, Box::new(move || _ = ran.fetch_add(1, Ordering::Relaxed)))
    }

    #[test]
    fn a_task_sees_to_all_ends_that_come_before_it_runs_and_belong_to_its_system() {
        let ran = Arc::new(AtomicUsize::new(0));
        let task = leave(Some(1), &ran).unwrap();
        assert!(leave(Some(1), &ran).is_none());
        let other = leave(Some(2), &ran).unwrap();
        let alone = leave(None, &ran).unwrap();
        drop(task);
        assert_eq!(ran.load(Ordering::Relaxed), 2);
        let next = leave(Some(1), &ran).unwrap();
        drop((other, alone, next));
        assert_eq!(ran.load(Ordering::Relaxed), 5);
    }

    #[test]
    fn a_task_gets_no_more_ends_than_it_may_take_time_for() {
        let ran = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<Ends> = (0..2 * ENDS_MAX + 1).filter_map(|_| leave(Some(3), &ran)).collect();
        assert_eq!(tasks.len(), 3);
        drop(tasks);
        assert_eq!(ran.load(Ordering::Relaxed), 2 * ENDS_MAX + 1);
    }

    #[test]
    fn an_end_that_panics_keeps_no_other_from_ending() {
        let ran = Arc::new(AtomicUsize::new(0));
        let task = Ends::leave(Some(4), Box::new(|| panic!("of the test"))).unwrap();
        assert!(leave(Some(4), &ran).is_none());
        drop(task);
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    }
}
