//! What is to happen, and to which connections.

use std::{
    collections::BTreeMap,
    task::{Context, Waker},
};

use super::{Fault, Faults, Way};

#[derive(Default)]
pub(super) struct State {
    out: Course,
    back: Course,
    pub(super) connecting_stalls: bool,
    pub(super) connecting_fails: bool,
    pub(super) connecting: Vec<Waker>,
    connections: BTreeMap<u64, Open>,
    made: u64,
}

/// One way, of all connections.
#[derive(Default)]
pub(super) struct Course {
    pub(super) fault: Option<(u64, Fault)>,
    pub(super) fragment: Option<usize>,
    pub(super) passed: u64,
}

/// A connection that somebody holds.
#[derive(Default)]
struct Open {
    handles: usize,
    out: Passed,
    back: Passed,
    is_broken: bool,
}

#[derive(Default)]
struct Passed {
    bytes: u64,
    waker: Option<Waker>,
}

/// What one half of a connection may do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// All may pass.
    Pass,
    /// So many bytes may.
    PassSome(usize),
    /// It has come to the byte at which this happens.
    Do(Fault),
}

impl State {
    pub(super) fn way(&mut self, way: Way) -> &mut Course {
        match way {
            Way::Out => &mut self.out,
            Way::In => &mut self.back,
        }
    }

    pub(super) fn open(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn made(&self) -> u64 {
        self.made
    }

    pub(super) fn reset(&mut self) {
        for connection in self.connections.values_mut() {
            connection.is_broken = true;
        }
    }

    pub(super) fn heal(&mut self) {
        for way in [Way::Out, Way::In] {
            let course = self.way(way);
            (course.fault, course.fragment) = (None, None);
        }
        (self.connecting_stalls, self.connecting_fails) = (false, false);
    }

    /// Everybody who waits.
    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        let connecting = std::mem::take(&mut self.connecting);
        let halves = self.connections.values_mut().flat_map(|connection| [&mut connection.out, &mut connection.back]);
        halves.filter_map(|half| half.waker.take()).chain(connecting).collect()
    }
}

impl Open {
    fn way(&mut self, way: Way) -> &mut Passed {
        match way {
            Way::Out => &mut self.out,
            Way::In => &mut self.back,
        }
    }
}

/// Holds one connection.
pub(super) struct Handle {
    faults: Faults,
    number: u64,
}

impl Handle {
    pub(super) fn new(faults: &Faults) -> Self {
        let number = {
            let mut state = faults.lock();
            state.made += 1;
            let number = state.made;
            state.connections.insert(number, Open { handles: 1, ..Open::default() });
            number
        };
        Self { faults: faults.clone(), number }
    }

    /// What that half may do next. `cx` is woken when this changes.
    pub(super) fn step(&self, way: Way, cx: &mut Context<'_>) -> Step {
        let mut state = self.faults.lock();
        let (fault, fragment) = (state.way(way).fault, state.way(way).fragment);
        let Some(open) = state.connections.get_mut(&self.number) else { return Step::Do(Fault::Reset) };
        if open.is_broken {
            return Step::Do(Fault::Reset);
        }
        let half = open.way(way);
        half.waker = Some(cx.waker().clone());
        let room = match fault {
            Some((after, fault)) if half.bytes >= after => return Step::Do(fault),
            Some((after, _)) => usize::try_from(after - half.bytes).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        match room.min(fragment.unwrap_or(usize::MAX)) {
            usize::MAX => Step::Pass,
            some => Step::PassSome(some),
        }
    }

    pub(super) fn passed(&self, way: Way, bytes: usize) {
        let mut state = self.faults.lock();
        state.way(way).passed += bytes as u64;
        if let Some(open) = state.connections.get_mut(&self.number) {
            open.way(way).bytes += bytes as u64;
        }
    }

    /// The connection is broken, for both halves.
    pub(super) fn broken(&self) {
        let wakers = {
            let mut state = self.faults.lock();
            let Some(open) = state.connections.get_mut(&self.number) else { return };
            open.is_broken = true;
            [open.out.waker.take(), open.back.waker.take()]
        };
        for waker in wakers.into_iter().flatten() {
            waker.wake();
        }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        if let Some(open) = self.faults.lock().connections.get_mut(&self.number) {
            open.handles += 1;
        }
        Self { faults: self.faults.clone(), number: self.number }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.faults.lock();
        if let Some(open) = state.connections.get_mut(&self.number) {
            open.handles -= 1;
            if open.handles == 0 {
                state.connections.remove(&self.number);
            }
        }
    }
}
