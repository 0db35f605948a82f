//! Futures that one task polls, each when it was woken.
//!
//! What `FuturesUnordered` is, in the little that is needed here and without unsafe code: the crate that has it would
//! bring four more into every user's build.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use super::sync::{Mutex, lock};

/// Members, and which of them were woken.
pub(crate) struct Futures<T> {
    places: Vec<Place<T>>,
    /// The places without a member.
    free: Vec<usize>,
    bell: Arc<Bell>,
}

struct Place<T> {
    member: Option<T>,
    handle: Arc<Handle>,
}

/// What wakes the member at one place, and for a while perhaps the next one there: a member may be polled without need.
struct Handle {
    place: usize,
    /// Whether it is in the list of the woken.
    is_woken: AtomicBool,
    bell: Arc<Bell>,
}

/// What all members share.
struct Bell(Mutex<Rung>);

#[derive(Default)]
struct Rung {
    /// The places that were woken, in that order, each once.
    woken: VecDeque<usize>,
    /// Woken when a member is; taken then, since one wake is enough.
    task: Option<Waker>,
}

impl<T> Futures<T> {
    pub(crate) fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new(), bell: Arc::new(Bell(Mutex::new(Rung::default()))) }
    }

    /// How many members there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// From now on `waker` is woken when a member is; returns how many were woken already.
    pub(crate) fn listen(&self, waker: &Waker) -> usize {
        // Dropped after the lock.
        let _replaced;
        let mut rung = lock(&self.bell.0);
        if !rung.task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            _replaced = rung.task.replace(waker.clone());
        }
        rung.woken.len()
    }

    /// A place for a member to come, and what wakes it there.
    pub(crate) fn reserve(&mut self) -> (Reserved, Waker) {
        let place = self.free.pop().unwrap_or_else(|| {
            let handle = Handle { place: self.places.len(), is_woken: AtomicBool::new(false), bell: self.bell.clone() };
            self.places.push(Place { member: None, handle: Arc::new(handle) });
            self.places.len() - 1
        });
        (Reserved(place), Waker::from(self.places[place].handle.clone()))
    }

    /// Puts a member in the place that was reserved for it, or leaves that to others.
    pub(crate) fn settle(&mut self, Reserved(place): Reserved, member: Option<T>) {
        match member {
            Some(member) => self.places[place].member = Some(member),
            None => self.free.push(place),
        }
    }

    /// The next member that was woken. It leaves, until it is given back.
    pub(crate) fn next_woken(&mut self) -> Option<(T, Reserved, Waker)> {
        loop {
            let place = lock(&self.bell.0).woken.pop_front()?;
            let Some(Place { member, handle }) = self.places.get_mut(place) else { continue };
            // Before it is polled: what wakes it from then on counts.
            handle.is_woken.store(false, Ordering::SeqCst);
            if let Some(member) = member.take() {
                return Some((member, Reserved(place), Waker::from(handle.clone())));
            }
        }
    }
}

/// The place of a member that is being polled.
pub(crate) struct Reserved(usize);

impl Wake for Handle {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_woken.swap(true, Ordering::SeqCst) {
            return;
        }
        let task = {
            let mut rung = lock(&self.bell.0);
            rung.woken.push_back(self.place);
            rung.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_polled_once_for_many_wakes_and_in_the_order_of_the_first() {
        let mut futures = Futures::new();
        let mut wakers = Vec::new();
        for member in ["a", "b", "c"] {
            let (place, waker) = futures.reserve();
            futures.settle(place, Some(member));
            wakers.push(waker);
        }
        for woken in [2, 0, 2, 2] {
            wakers[woken].wake_by_ref();
        }
        assert_eq!(futures.listen(Waker::noop()), 2);
        assert_eq!(futures.next_woken().unwrap().0, "c");
        let (member, place, _) = futures.next_woken().unwrap();
        assert_eq!(member, "a");
        assert!(futures.next_woken().is_none());
        // What wakes it while it is polled counts.
        wakers[0].wake_by_ref();
        futures.settle(place, Some(member));
        assert_eq!(futures.next_woken().unwrap().0, "a");
    }

    #[test]
    fn a_place_is_used_again_and_a_late_wake_does_no_harm() {
        let mut futures = Futures::new();
        let (place, late) = futures.reserve();
        futures.settle(place, Some(1));
        late.wake_by_ref();
        let (_, place, _) = futures.next_woken().unwrap();
        futures.settle(place, None);
        assert_eq!(futures.len(), 0);
        late.wake_by_ref();
        assert!(futures.next_woken().is_none());
        let (place, _) = futures.reserve();
        futures.settle(place, Some(2));
        assert_eq!((futures.len(), futures.places.len()), (1, 1));
        late.wake();
        assert_eq!(futures.next_woken().unwrap().0, 2);
    }
}
