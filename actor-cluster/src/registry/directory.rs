//! The copies: who has entered what. Each node writes its own entries, in versions that count up, and tells them to
//! all; a copy that has missed some asks for them, of whoever has them, and gets no more at once than it can take in.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use actor_core::{ActorId, NodeId};

use super::{
    copy::{Copy, Index, WINDOW_LENGTH, pieces},
    packet::{Change, Entry, Kind, Packet, Stretch},
};
use crate::digest::{self, Hashes};

/// Entries of one node.
pub(crate) const ENTRIES_MAX: usize = 65_536;
/// Bytes of a name or key.
pub(crate) const NAME_LENGTH_MAX: usize = 255;
/// What was asked for so long ago, and has not come, is asked for again.
const WANT_TIME: Duration = Duration::from_secs(1);
/// Own changes that wait to be sent; of more, the others are told how many there are, and ask.
const UNSENT_MAX: usize = 4096;

/// How much a node has to do, as it has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Load {
    pub(crate) load: u64,
    /// How often it was told.
    pub(crate) times: u64,
}

/// All that one node knows.
pub(crate) struct Directory {
    own: NodeId,
    nodes: BTreeMap<NodeId, Copy>,
    /// By kind and key: the actors, and how often each was entered.
    index: Index,
    /// The numbers of this node's entries, by actor.
    own_numbers: BTreeMap<u64, Vec<u64>>,
    /// Own changes that were not sent: the first ones of those after `sent`.
    unsent: Vec<Change>,
    /// Up to which version the others were told.
    sent: u64,
    /// Own names were lost to the claims of other nodes.
    has_yielded: bool,
}

impl Directory {
    pub(crate) fn new(own: NodeId) -> Self {
        Self {
            own,
            nodes: BTreeMap::from([(own, Copy::default())]),
            index: BTreeMap::new(),
            own_numbers: BTreeMap::new(),
            unsent: Vec::new(),
            sent: 0,
            has_yielded: false,
        }
    }

    /// Adds an entry of this node; its number, or none if there are too many.
    pub(crate) fn add(&mut self, entry: Entry) -> Option<u64> {
        if self.nodes.entry(self.own).or_default().is_full() {
            return None;
        }
        let instance = entry.instance;
        let number = self.change(Change::Add(entry));
        self.own_numbers.entry(instance).or_default().push(number);
        Some(number)
    }

    /// Removes those entries of an actor of this node that `choose` wants removed, at most so many; how many those were.
    pub(crate) fn remove(&mut self, instance: u64, most: usize, choose: impl Fn(&Entry) -> bool) -> usize {
        let Some(numbers) = self.own_numbers.get_mut(&instance) else { return 0 };
        let own = self.nodes.entry(self.own).or_default();
        let mut chosen = Vec::new();
        numbers.retain(|number| {
            let goes = chosen.len() < most && own.entry(*number).is_some_and(&choose);
            if goes {
                chosen.push(*number);
            }
            !goes
        });
        if numbers.is_empty() {
            self.own_numbers.remove(&instance);
        }
        for number in &chosen {
            self.change(Change::Remove(*number));
        }
        chosen.len()
    }

    /// The actors under a key, and how often each was entered.
    pub(crate) fn actors(&self, kind: Kind, key: &str) -> impl Iterator<Item = (ActorId, usize)> {
        let found = self.index.get(&(kind, Arc::from(key)));
        found.into_iter().flatten().map(|(actor, count)| (*actor, *count))
    }

    /// Who has a name: of several claims, that of the node with the smallest id holds.
    pub(crate) fn named(&self, name: &str) -> Option<ActorId> {
        self.actors(Kind::Name, name).next().map(|(actor, _)| actor)
    }

    /// The load of a node, as it was last told.
    pub(crate) fn load(&self, node: NodeId) -> Load {
        self.nodes.get(&node).map_or_else(Load::default, |copy| copy.load)
    }

    /// Whether own names were given up since this was asked.
    pub(crate) fn take_has_yielded(&mut self) -> bool {
        std::mem::take(&mut self.has_yielded)
    }

    /// Own changes, for all members; or, where these are more than they could take in at once, that there are some.
    pub(crate) fn take_changes(&mut self) -> Vec<Packet> {
        let version = self.own_version();
        let (unsent, mut after) = (std::mem::take(&mut self.unsent), std::mem::replace(&mut self.sent, version));
        let is_all = unsent.len() as u64 == version - after;
        if !is_all || unsent.iter().map(Change::length).sum::<usize>() > WINDOW_LENGTH {
            return vec![self.told(self.load(self.own).load)];
        }
        let packets = pieces(unsent, Change::length).into_iter().map(|changes| {
            let count = changes.len() as u64;
            let packet = Packet::Changes { after, changes };
            after += count;
            packet
        });
        packets.collect()
    }

    /// How far this node is, and all that it knows, in short.
    pub(crate) fn summary(&mut self, load: u64) -> Packet {
        self.tell_load(self.own, load);
        self.told(load)
    }

    /// Takes what another node has sent; what to answer. Nothing is taken of nodes that are no members.
    pub(crate) fn receive(
        &mut self,
        from: NodeId,
        packet: Packet,
        (now, own_load): (Instant, u64),
        is_member: impl Fn(NodeId) -> bool,
    ) -> Vec<Packet> {
        match packet {
            Packet::Changes { after, changes } if is_member(from) => self.receive_changes(now, from, after, changes),
            Packet::Summary { version, load, hash } if is_member(from) => {
                self.tell_load(from, load);
                let mut answers = self.wants(now, from, version);
                let hashes = self.hashes();
                if digest::whole(&hashes) != hash {
                    answers.push(Packet::Compare(Box::new(hashes)));
                }
                answers
            }
            Packet::Compare(hashes) => self.versions(&hashes),
            Packet::Versions(versions) => {
                let own = self.own;
                let versions = versions.into_iter().filter(|(node, _)| *node != own && is_member(*node));
                versions.flat_map(|(node, version)| self.wants(now, node, version)).collect()
            }
            Packet::Want { node, known } => self.nodes.get(&node).map_or(Vec::new(), |copy| copy.since(node, known)),
            Packet::Since(node, stretch) if node != self.own && is_member(node) => {
                self.receive_since(now, node, stretch)
            }
            Packet::AskLoad => vec![Packet::Load(own_load)],
            Packet::Load(load) if is_member(from) => {
                self.tell_load(from, load);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// A node is a member no more: what it had entered is gone.
    pub(crate) fn forget(&mut self, node: NodeId) {
        if node != self.own
            && let Some(mut copy) = self.nodes.remove(&node)
        {
            copy.clear(&mut self.index, node);
        }
    }

    /// The nodes of which there are entries.
    pub(crate) fn nodes(&self) -> BTreeSet<NodeId> {
        self.nodes.keys().copied().collect()
    }

    fn receive_changes(&mut self, now: Instant, from: NodeId, after: u64, changes: Vec<Change>) -> Vec<Packet> {
        let copy = self.nodes.entry(from).or_default();
        if !copy.continues(after) {
            return self.want(now, from);
        }
        let known = copy.version() - after;
        let mut names = Vec::new();
        for change in changes.into_iter().skip(usize::try_from(known).unwrap_or(usize::MAX)) {
            if let Change::Add(Entry { kind: Kind::Name, key, .. }) = &change {
                names.push(key.clone());
            }
            copy.apply(&mut self.index, from, change);
        }
        self.yield_names(names);
        Vec::new()
    }

    fn receive_since(&mut self, now: Instant, node: NodeId, stretch: Stretch) -> Vec<Packet> {
        let (copy, asks) = (self.nodes.entry(node).or_default(), stretch.asks);
        let Some(names) = copy.advance(&mut self.index, node, stretch) else { return Vec::new() };
        // The rest is on its way.
        copy.asked = (!asks && !copy.is_complete()).then_some(now);
        self.yield_names(names);
        if asks { self.want(now, node) } else { Vec::new() }
    }

    /// Asks for what is missing, unless that is on its way.
    fn want(&mut self, now: Instant, node: NodeId) -> Vec<Packet> {
        let copy = self.nodes.entry(node).or_default();
        if copy.asked.is_some_and(|asked| now.saturating_duration_since(asked) < WANT_TIME) {
            return Vec::new();
        }
        copy.asked = Some(now);
        vec![Packet::Want { node, known: copy.known() }]
    }

    /// Makes the next version of this node's entries; its number.
    fn change(&mut self, change: Change) -> u64 {
        if self.unsent.len() < UNSENT_MAX {
            self.unsent.push(change.clone());
        }
        let own = self.nodes.entry(self.own).or_default();
        own.apply(&mut self.index, self.own, change);
        own.version()
    }

    fn own_version(&self) -> u64 {
        self.nodes.get(&self.own).map_or(0, Copy::version)
    }

    fn told(&self, load: u64) -> Packet {
        Packet::Summary { version: self.own_version(), load, hash: digest::whole(&self.hashes()) }
    }

    fn tell_load(&mut self, node: NodeId, load: u64) {
        let known = &mut self.nodes.entry(node).or_default().load;
        *known = Load { load, times: known.times + 1 };
    }

    /// Of those that have entries: whoever is not known to have any is no different from who has none.
    fn hashes(&self) -> Hashes {
        let known = self.nodes.iter().filter(|(_, copy)| copy.version() > 0);
        digest::hashes(known.map(|(node, copy)| (*node, copy.version())))
    }

    /// The versions of those parts where the other one's hashes are different.
    fn versions(&self, hashes: &Hashes) -> Vec<Packet> {
        let own = self.hashes();
        let differs = |node: NodeId| own.get(digest::part(node)) != hashes.get(digest::part(node));
        let known = self.nodes.iter().filter(|(node, copy)| copy.version() > 0 && differs(**node));
        let known = known.map(|(node, copy)| (*node, copy.version())).collect();
        pieces(known, |_| 26).into_iter().map(Packet::Versions).collect()
    }

    /// What to ask for when somebody has that version of the entries of a node.
    fn wants(&mut self, now: Instant, node: NodeId, version: u64) -> Vec<Packet> {
        let known = self.nodes.get(&node).map_or(0, |copy| copy.version());
        if version > known { self.want(now, node) } else { Vec::new() }
    }

    /// Gives up own names, of those that another node claims, where that one's id is smaller.
    fn yield_names(&mut self, claimed: Vec<String>) {
        for name in claimed {
            let claims: Vec<_> = self.actors(Kind::Name, &name).map(|(actor, _)| actor).collect();
            let own = self.own;
            if claims.first().is_none_or(|holder| holder.node() == own) {
                continue;
            }
            for claim in claims.iter().filter(|claim| claim.node() == own) {
                self.remove(claim.instance(), usize::MAX, |entry| entry.kind == Kind::Name && entry.key == name);
                self.has_yielded = true;
            }
        }
    }
}
