//! Which of many children has something to say, so that not all of them are asked at each wake.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

/// What the children of one supervisor ring.
#[derive(Default)]
pub(crate) struct Bell(Mutex<Rung>);

#[derive(Default)]
struct Rung {
    /// Those that rang, in that order, each once.
    keys: VecDeque<u64>,
    task: Option<Waker>,
}

/// The bell cord of one child.
pub(crate) struct Cord {
    key: u64,
    is_rung: AtomicBool,
    bell: Arc<Bell>,
}

impl Bell {
    /// A cord for the child of that key. It rings once at the beginning, so that the child is asked.
    pub(crate) fn cord(self: &Arc<Self>, key: u64) -> Arc<Cord> {
        let cord = Arc::new(Cord { key, is_rung: AtomicBool::new(false), bell: self.clone() });
        cord.wake_by_ref();
        cord
    }

    /// The next child to be asked; if there is none, `task` is woken when there is.
    pub(crate) fn next(&self, task: &Waker) -> Option<u64> {
        let mut rung = self.lock();
        let key = rung.keys.pop_front();
        if key.is_none() {
            rung.task = Some(task.clone());
        }
        key
    }

    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Cord {
    /// What wakes its child, which is about to be asked.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        self.is_rung.store(false, Ordering::SeqCst);
        Waker::from(self.clone())
    }
}

impl Wake for Cord {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_rung.swap(true, Ordering::SeqCst) {
            return;
        }
        let task = {
            let mut rung = self.bell.lock();
            rung.keys.push_back(self.key);
            rung.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }
}
