//! One direction of a connection, on which bytes take their time.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
};

use bytes::Bytes;
use tokio::{sync::mpsc::UnboundedSender, time::Instant};

use super::transport::End;

/// Bytes on their way before a sender has to wait.
const CAPACITY: usize = 1024 * 1024;

/// All cables of a network, by number.
#[derive(Default)]
pub(super) struct Cables {
    cables: BTreeMap<u64, Cable>,
    next: u64,
    listeners: BTreeMap<String, UnboundedSender<Box<End>>>,
    /// Who waits to connect.
    connecting: Vec<Waker>,
}

#[derive(Default)]
pub(super) struct Cable {
    pub(super) from: String,
    pub(super) to: String,
    /// Pieces under way, each with the time of its arrival; none arrives before one that was sent earlier.
    under_way: VecDeque<(Instant, Bytes)>,
    length: usize,
    /// The sender has gone: what is under way still arrives.
    pub(super) ended: bool,
    /// Broken: nothing arrives any more.
    pub(super) broken: bool,
    pub(super) receiver: Option<Waker>,
    pub(super) sender: Option<Waker>,
}

impl Cables {
    /// A new cable, and its number.
    pub(super) fn add(&mut self, from: &str, to: &str) -> u64 {
        self.next += 1;
        self.cables.insert(self.next, Cable { from: from.into(), to: to.into(), ..Cable::default() });
        self.next
    }

    pub(super) fn get(&mut self, number: u64) -> Option<&mut Cable> {
        self.cables.get_mut(&number)
    }

    pub(super) fn take(&mut self, number: u64) -> Option<Cable> {
        self.cables.remove(&number)
    }

    pub(super) fn put(&mut self, number: u64, cable: Cable) {
        self.cables.insert(number, cable);
    }

    pub(super) fn listen(&mut self, name: &str, listener: UnboundedSender<Box<End>>) {
        self.listeners.insert(name.into(), listener);
    }

    pub(super) fn listener(&self, name: &str) -> Option<UnboundedSender<Box<End>>> {
        self.listeners.get(name).cloned()
    }

    pub(super) fn wait_for_heal(&mut self, waker: Waker) {
        self.connecting.push(waker);
    }

    /// Everybody who waits.
    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        let connecting = std::mem::take(&mut self.connecting);
        self.cables.values_mut().flat_map(Cable::take_wakers).chain(connecting).collect()
    }

    /// Breaks the cables between two nodes.
    pub(super) fn reset(&mut self, one: &str, other: &str) -> Vec<Waker> {
        let between =
            |cable: &&mut Cable| (cable.from == one && cable.to == other) || (cable.from == other && cable.to == one);
        self.cables
            .values_mut()
            .filter(between)
            .flat_map(|cable| {
                cable.broken = true;
                cable.take_wakers()
            })
            .collect()
    }
}

impl Cable {
    pub(super) fn has_room(&self) -> bool {
        self.length < CAPACITY
    }

    pub(super) fn send(&mut self, at: Instant, bytes: Bytes) {
        let at = self.under_way.back().map_or(at, |(last, _)| at.max(*last));
        self.length += bytes.len();
        self.under_way.push_back((at, bytes));
    }

    /// When the next piece arrives.
    pub(super) fn next_arrival(&self) -> Option<Instant> {
        self.under_way.front().map(|(at, _)| *at)
    }

    pub(super) fn arrive(&mut self) -> Option<Bytes> {
        let (_, bytes) = self.under_way.pop_front()?;
        self.length -= bytes.len();
        Some(bytes)
    }

    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        [self.receiver.take(), self.sender.take()].into_iter().flatten().collect()
    }
}
