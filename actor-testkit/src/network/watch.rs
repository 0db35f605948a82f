//! Who looks at what goes over the cables: holds and probes.

use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    task::{Poll, Waker},
};

use tokio::time::Instant;

use super::Network;

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Call,
    Answer,
}

/// Something that is to be held, or is.
struct Hold {
    number: u64,
    from: String,
    to: String,
    what: What,
    is_held: bool,
    waker: Option<Waker>,
}

#[derive(Default)]
pub(super) struct Watchers {
    holds: Vec<Hold>,
    next: u64,
    probes: BTreeMap<(String, u64), Recording>,
}

#[derive(Default)]
struct Recording {
    probes: usize,
    calls: Vec<Received>,
    wakers: Vec<Waker>,
}

impl Watchers {
    fn hold(&mut self, from: String, to: String, what: What) -> u64 {
        self.next += 1;
        self.holds.push(Hold { number: self.next, from, to, what, is_held: false, waker: None });
        self.next
    }

    /// Whether that is what somebody wants to be held; the number of who does.
    pub(super) fn seize(&mut self, from: &str, to: &str, what: What) -> Option<(u64, Option<Waker>)> {
        let wanted = |hold: &&mut Hold| !hold.is_held && hold.what == what && hold.from == from && hold.to == to;
        let hold = self.holds.iter_mut().find(wanted)?;
        hold.is_held = true;
        Some((hold.number, hold.waker.take()))
    }

    pub(super) fn is_holding(&self, number: u64) -> bool {
        self.holds.iter().any(|hold| hold.number == number)
    }

    /// A call has arrived at its node.
    pub(super) fn received(&mut self, to: &str, instance: u64, call: Received) -> Vec<Waker> {
        if self.probes.is_empty() {
            return Vec::new();
        }
        let Some(recording) = self.probes.get_mut(&(to.to_owned(), instance)) else { return Vec::new() };
        recording.calls.push(call);
        std::mem::take(&mut recording.wakers)
    }
}

/// A message that is held on its way, or the wait for one: see [`Network::hold_next_reply`]. Dropping it lets it go on.
#[must_use = "what is dropped is not held"]
pub struct Held {
    network: Network,
    number: u64,
}

impl Held {
    pub(super) fn new(network: &Network, from: String, to: String, what: What) -> Self {
        let number = network.lock().watchers.hold(from, to, what);
        Self { network: network.clone(), number }
    }

    /// Ends when the message was sent, and is held.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn is_there(&self) {
        poll_fn(|cx| {
            let mut state = self.network.lock();
            match state.watchers.holds.iter_mut().find(|hold| hold.number == self.number) {
                Some(hold) if !hold.is_held => {
                    hold.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }
        })
        .await;
    }

    /// Lets it go on, and all that was sent behind it.
    pub fn release(self) {}
}

impl Drop for Held {
    fn drop(&mut self) {
        let wakers = {
            let mut state = self.network.lock();
            state.watchers.holds.retain(|hold| hold.number != self.number);
            state.cables.take_wakers()
        };
        for waker in wakers {
            waker.wake();
        }
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("number", &self.number).finish_non_exhaustive()
    }
}

/// A call or a cast that an actor has received from another node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The name of the node that has called, in the network: `node0` is the first one.
    pub from: String,
    /// The method's mangled name: `crate::module::Actor::method`.
    pub method: String,
    /// Whether nobody waits for an answer.
    pub is_cast: bool,
    /// Length of the encoded arguments, in bytes.
    pub length: u64,
    /// When the call, or the beginning of a large one, arrived at the node.
    pub at: Instant,
}

/// Records the calls that an actor receives from other nodes: see [`Network::probe`].
pub struct Probe {
    network: Network,
    place: String,
    instance: u64,
    /// Of those that have been taken.
    taken: usize,
}

impl Probe {
    pub(super) fn new(network: &Network, place: String, instance: u64) -> Self {
        network.lock().watchers.probes.entry((place.clone(), instance)).or_default().probes += 1;
        Self { network: network.clone(), place, instance, taken: 0 }
    }

    /// All that the actor has received since it was probed.
    #[must_use]
    pub fn calls(&self) -> Vec<Received> {
        let state = self.network.lock();
        let recording = state.watchers.probes.get(&(self.place.clone(), self.instance));
        recording.map_or_else(Vec::new, |recording| recording.calls.clone())
    }

    /// The next call that this probe has not returned yet.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn next(&mut self) -> Received {
        let call = poll_fn(|cx| {
            let mut state = self.network.lock();
            let Some(recording) = state.watchers.probes.get_mut(&(self.place.clone(), self.instance)) else {
                return Poll::Pending;
            };
            match recording.calls.get(self.taken) {
                Some(call) => Poll::Ready(call.clone()),
                None => {
                    if !recording.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                        recording.wakers.push(cx.waker().clone());
                    }
                    Poll::Pending
                }
            }
        })
        .await;
        self.taken += 1;
        call
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let mut state = self.network.lock();
        let key = (self.place.clone(), self.instance);
        if let Some(recording) = state.watchers.probes.get_mut(&key) {
            recording.probes -= 1;
            if recording.probes == 0 {
                state.watchers.probes.remove(&key);
            }
        }
    }
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probe").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

/// What was seen of a cable, and has not arrived as a whole.
pub(super) type Notes = VecDeque<(u64, u64, Received)>;
