//! Many members, without nodes and connections: the protocol alone, with a network and a clock that follow from a seed.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    time::{Duration, Instant},
};

use actor_core::NodeId;
use actor_transport::cluster::MemberState;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use super::{PACKET_LENGTH, Swim};
use crate::{
    identity::{About, Identity},
    times::Times,
    wire::Message,
};

/// A bandwidth of its own for each message kind is of no interest here: bytes are counted as packets have them.
pub(super) struct Simulation {
    pub(super) now: Instant,
    began: Instant,
    random: SmallRng,
    members: BTreeMap<usize, Simulated>,
    started: usize,
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    /// What is due at an entry of the queue.
    due: BTreeMap<u64, Due>,
    entries: u64,
    /// The share of messages that is lost.
    pub(super) loss: f64,
    /// Directions in which nothing arrives.
    pub(super) cut: BTreeSet<(usize, usize)>,
    pub(super) bytes: u64,
    pub(super) messages: u64,
    pub(super) longest: usize,
    /// Who was declared dead by whom while alive.
    pub(super) false_deaths: Vec<(usize, usize)>,
}

struct Simulated {
    swim: Swim,
    /// Does nothing until then.
    frozen_until: Instant,
    wakes_at: Option<Instant>,
    departed: usize,
}

enum Due {
    Arrival { from: usize, to: usize, message: Message },
    Wake(usize),
}

impl Simulation {
    pub(super) fn new(seed: u64) -> Self {
        let now = Instant::now();
        Self {
            now,
            began: now,
            random: SmallRng::seed_from_u64(seed),
            members: BTreeMap::new(),
            started: 0,
            queue: BinaryHeap::new(),
            due: BTreeMap::new(),
            entries: 0,
            loss: 0.0,
            cut: BTreeSet::new(),
            bytes: 0,
            messages: 0,
            longest: 0,
            false_deaths: Vec::new(),
        }
    }

    /// Starts one that joins at `contact`.
    pub(super) fn start(&mut self, contact: Option<usize>) -> usize {
        let number = self.started;
        self.started += 1;
        let about = About {
            name: format!("member{number}"),
            addresses: vec![format!("tcp://10.0.{}.{}:7000", number / 250, number % 250)],
            labels: vec![("zone".into(), format!("zone{}", number % 3))],
        };
        let own = Identity { node: id(number), life: 0, about: about.into() };
        let mut swim = Swim::new(own, Times::default(), PACKET_LENGTH, self.now);
        if let Some(contact) = contact {
            swim.announce(self.now, id(contact));
        }
        self.members.insert(number, Simulated { swim, frozen_until: self.now, wakes_at: None, departed: 0 });
        self.serve(number);
        number
    }

    pub(super) fn kill(&mut self, number: usize) {
        self.members.remove(&number);
    }

    /// Takes nothing in, and does nothing, for that long.
    pub(super) fn freeze(&mut self, number: usize, time: Duration) {
        if let Some(member) = self.members.get_mut(&number) {
            member.frozen_until = self.now + time;
        }
    }

    pub(super) fn numbers(&self) -> Vec<usize> {
        self.members.keys().copied().collect()
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now - self.began
    }

    pub(super) fn swim(&self, number: usize) -> &Swim {
        &self.members[&number].swim
    }

    /// Whether that member sees exactly those that are there.
    pub(super) fn sees_all(&self, number: usize) -> bool {
        let swim = self.swim(number);
        swim.size() + 1 == self.members.len()
            && swim.members(self.now).all(|(identity, _)| self.members.contains_key(&number_of(identity.node)))
    }

    pub(super) fn all_see_all(&self) -> bool {
        self.members.keys().all(|number| self.sees_all(*number))
    }

    /// Whether all see that member as one that is suspected.
    pub(super) fn is_shown_suspect(&self, by: usize, of: usize) -> bool {
        self.swim(by).members(self.now).any(|(identity, is_suspect)| identity.node == id(of) && is_suspect)
    }

    /// Runs until `condition` holds, which is looked at every 50 ms; how long that took, if it did within `time`.
    pub(super) fn run_until(&mut self, time: Duration, mut condition: impl FnMut(&Self) -> bool) -> Option<Duration> {
        let started = self.now;
        while self.now - started < time {
            if condition(self) {
                return Some(self.now - started);
            }
            self.run(Duration::from_millis(50));
        }
        condition(self).then(|| self.now - started)
    }

    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(Reverse((at, entry))) = self.queue.peek().copied()
            && at <= end
        {
            self.queue.pop();
            self.now = at;
            match self.due.remove(&entry) {
                Some(Due::Arrival { from, to, message }) => self.arrive(from, to, message),
                Some(Due::Wake(number)) => self.wake(number),
                None => {}
            }
        }
        self.now = end;
    }

    fn arrive(&mut self, from: usize, to: usize, message: Message) {
        let Some(member) = self.members.get_mut(&to) else { return };
        if member.frozen_until > self.now {
            // It waits in a socket's buffer.
            let at = member.frozen_until;
            return self.enter(at, Due::Arrival { from, to, message });
        }
        member.swim.receive(self.now, id(from), message);
        self.serve(to);
    }

    fn wake(&mut self, number: usize) {
        let Some(member) = self.members.get_mut(&number) else { return };
        member.wakes_at = None;
        if member.frozen_until > self.now {
            let at = member.frozen_until;
            member.wakes_at = Some(at);
            return self.enter(at, Due::Wake(number));
        }
        member.swim.tick(self.now);
        self.serve(number);
    }

    fn serve(&mut self, number: usize) {
        let Some(member) = self.members.get_mut(&number) else { return };
        let mut sends = Vec::new();
        while let Some(send) = member.swim.poll_send() {
            sends.push(send);
        }
        let departed: Vec<_> = member.swim.departed().skip(member.departed).cloned().collect();
        member.departed += departed.len();
        let wakes_at = member.swim.next_timeout();
        let wakes_at = wakes_at.filter(|at| member.wakes_at.is_none_or(|known| *at < known));
        if let Some(at) = wakes_at {
            member.wakes_at = Some(at);
            self.enter(at, Due::Wake(number));
        }
        for (identity, why) in departed {
            let gone = self.members.keys().find(|other| id(**other) == identity.node);
            if let (Some(gone), MemberState::Dead) = (gone, why) {
                self.false_deaths.push((*gone, number));
            }
        }
        for (to, message) in sends {
            let length = message.encode().len();
            self.bytes += length as u64;
            self.messages += 1;
            self.longest = self.longest.max(length);
            let to = number_of(to.node);
            if self.cut.contains(&(number, to)) || (self.loss > 0.0 && self.random.random_bool(self.loss)) {
                continue;
            }
            let at = self.now + Duration::from_micros(self.random.random_range(200..2000));
            self.enter(at, Due::Arrival { from: number, to, message });
        }
    }

    fn enter(&mut self, at: Instant, due: Due) {
        self.entries += 1;
        self.due.insert(self.entries, due);
        self.queue.push(Reverse((at, self.entries)));
    }
}

pub(super) fn id(number: usize) -> NodeId {
    // Spread, so that the order by id is not that of the start.
    let spread = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    NodeId::from_bits(u128::from(spread) << 64 | number as u128)
}

fn number_of(id: NodeId) -> usize {
    id.to_bits() as u64 as usize
}
