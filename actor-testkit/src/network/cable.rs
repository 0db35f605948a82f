//! One direction of a connection, on which bytes take their time.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
};

use bytes::Bytes;
use tokio::{sync::mpsc::UnboundedSender, time::Instant};

use super::{scanner::Scanner, transport::End, watch::Notes};

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
    /// Bytes that have arrived.
    arrived: u64,
    /// When so many bytes have arrived the connection breaks.
    pub(super) break_at: Option<u64>,
    /// From this byte on all is held, by the hold of that number.
    pub(super) hold_at: Option<(u64, u64)>,
    pub(super) scanner: Scanner,
    /// Calls that were sent, with the places of their first and last bytes.
    pub(super) notes: Notes,
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

    pub(super) fn stop_listening(&mut self, name: &str) {
        self.listeners.remove(name);
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
        self.break_where(|cable| (cable.from == one && cable.to == other) || (cable.from == other && cable.to == one))
    }

    /// Breaks all cables of a node.
    pub(super) fn isolate(&mut self, name: &str) -> Vec<Waker> {
        self.break_where(|cable| cable.from == name || cable.to == name)
    }

    /// Each cable from one node to another one breaks after so many more bytes.
    pub(super) fn break_after(&mut self, from: &str, to: &str, bytes: u64) {
        for cable in self.cables.values_mut().filter(|cable| cable.from == from && cable.to == to) {
            cable.break_at = Some(cable.arrived + bytes);
        }
    }

    fn break_where(&mut self, is_meant: impl Fn(&Cable) -> bool) -> Vec<Waker> {
        self.cables
            .values_mut()
            .filter(|cable| is_meant(cable))
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

    /// The next piece, or so much of it.
    pub(super) fn arrive(&mut self, room: u64) -> Option<Bytes> {
        let (_, piece) = self.under_way.front_mut()?;
        let bytes = piece.split_to(piece.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
        if piece.is_empty() {
            self.under_way.pop_front();
        }
        self.length -= bytes.len();
        self.arrived += bytes.len() as u64;
        Some(bytes)
    }

    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// How many more bytes may arrive before something happens.
    pub(super) fn room(&self) -> u64 {
        let end = self.break_at.into_iter().chain(self.hold_at.map(|(at, _)| at)).min();
        end.map_or(u64::MAX, |end| end.saturating_sub(self.arrived))
    }

    pub(super) fn breaks_now(&self) -> bool {
        self.break_at.is_some_and(|at| at <= self.arrived)
    }

    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        [self.receiver.take(), self.sender.take()].into_iter().flatten().collect()
    }
}
