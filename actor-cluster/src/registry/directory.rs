//! The copies: who has entered what. Each node writes its own entries, in versions that count up, and tells them to
//! all; a copy that has missed a version asks for all entries of that node, of whoever has them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use actor_core::{ActorId, NodeId};
use serde::{Deserialize, Serialize};

/// Entries of one node.
pub(crate) const ENTRIES_MAX: usize = 65_536;
/// Bytes of a name or key.
pub(crate) const NAME_LENGTH_MAX: usize = 255;
/// Other nodes of which a summary tells.
const SUMMARY_LENGTH: usize = 64;

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Kind {
    Group,
    Name,
}

/// One entry: an actor of the node that has written it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) key: String,
    /// The actor's number on that node.
    pub(crate) instance: u64,
}

/// What makes the next version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// Its number is that of the version.
    Add(Entry),
    Remove(u64),
}

/// How far a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) version: u64,
    /// Counts up with each summary of its own: of two reports of its load the later one holds.
    pub(crate) beat: u64,
    /// Actors on it.
    pub(crate) load: u64,
}

/// What nodes send to one another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Packet {
    /// The sender's own changes, from this version on.
    Changes { after: u64, changes: Vec<Change> },
    /// How far the sender is, and others as far as it knows.
    Summary(Vec<(NodeId, State)>),
    /// The receiver is to tell all entries of that node.
    Want(NodeId),
    /// A part of them.
    All { node: NodeId, version: u64, part: u32, parts: u32, entries: Vec<(u64, Entry)> },
}

/// All that one node knows.
pub(crate) struct Directory {
    own: NodeId,
    nodes: BTreeMap<NodeId, Copy>,
    /// By kind and key: the actors, and how often each was entered.
    index: BTreeMap<(Kind, Arc<str>), BTreeMap<ActorId, usize>>,
    /// Own changes that were not sent.
    unsent: Vec<Change>,
    /// Which nodes the last summary told of.
    told: NodeId,
    /// Own names were lost to the claims of other nodes.
    has_yielded: bool,
}

#[derive(Default)]
struct Copy {
    state: State,
    entries: BTreeMap<u64, Entry>,
    /// All entries of a later version, as far as they have come.
    coming: Option<Coming>,
}

struct Coming {
    version: u64,
    next_part: u32,
    entries: BTreeMap<u64, Entry>,
}

impl Directory {
    pub(crate) fn new(own: NodeId) -> Self {
        Self {
            own,
            nodes: BTreeMap::from([(own, Copy::default())]),
            index: BTreeMap::new(),
            unsent: Vec::new(),
            told: own,
            has_yielded: false,
        }
    }

    /// Adds an entry of this node; its number, or none if there are too many.
    pub(crate) fn add(&mut self, entry: Entry) -> Option<u64> {
        let own = self.nodes.entry(self.own).or_default();
        if own.entries.len() >= ENTRIES_MAX {
            return None;
        }
        let change = Change::Add(entry);
        apply(&mut self.index, self.own, own, &change);
        let number = own.state.version;
        self.unsent.push(change);
        Some(number)
    }

    /// Removes the entries of this node that `choose` wants removed, at most so many; how many those were.
    pub(crate) fn remove(&mut self, most: usize, choose: impl Fn(&Entry) -> bool) -> usize {
        let own = self.nodes.entry(self.own).or_default();
        let chosen = own.entries.iter().filter(|(_, entry)| choose(entry)).map(|(number, _)| *number);
        let chosen: Vec<_> = chosen.take(most).collect();
        for number in &chosen {
            let change = Change::Remove(*number);
            apply(&mut self.index, self.own, own, &change);
            self.unsent.push(change);
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
    pub(crate) fn state(&self, node: NodeId) -> State {
        self.nodes.get(&node).map_or_else(State::default, |copy| copy.state)
    }

    /// Whether own names were given up since this was asked.
    pub(crate) fn take_has_yielded(&mut self) -> bool {
        std::mem::take(&mut self.has_yielded)
    }

    /// Own changes, for all members; cut so that each packet is short.
    pub(crate) fn take_changes(&mut self) -> Vec<Packet> {
        let version = self.state(self.own).version;
        let mut after = version - self.unsent.len() as u64;
        let mut packets = Vec::new();
        for changes in pieces(std::mem::take(&mut self.unsent), |change| match change {
            Change::Add(entry) => entry.key.len() + 24,
            Change::Remove(_) => 11,
        }) {
            let count = changes.len() as u64;
            packets.push(Packet::Changes { after, changes });
            after += count;
        }
        packets
    }

    /// How far this node is, and some others in turn.
    pub(crate) fn summary(&mut self, load: u64) -> Packet {
        let own = self.nodes.entry(self.own).or_default();
        own.state.beat += 1;
        own.state.load = load;
        let mut summary = vec![(self.own, own.state)];
        let after = (std::ops::Bound::Excluded(self.told), std::ops::Bound::Unbounded);
        let turn = self.nodes.range(after).chain(&self.nodes).filter(|(node, _)| **node != self.own);
        summary.extend(turn.take(SUMMARY_LENGTH.min(self.nodes.len() - 1)).map(|(node, copy)| (*node, copy.state)));
        self.told = summary.last().map_or(self.own, |(node, _)| *node);
        Packet::Summary(summary)
    }

    /// Takes what another node has sent; what to answer. Nothing is taken of nodes that are no members.
    pub(crate) fn receive(&mut self, from: NodeId, packet: Packet, is_member: impl Fn(NodeId) -> bool) -> Vec<Packet> {
        match packet {
            Packet::Changes { after, changes } if is_member(from) => self.receive_changes(from, after, changes),
            Packet::Summary(summary) => self.receive_summary(summary, is_member),
            Packet::Want(node) => self.all(node),
            Packet::All { node, version, part, parts, entries } if node != self.own && is_member(node) => {
                self.receive_all(node, version, part, parts, entries);
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
            replace(&mut self.index, node, &mut copy, BTreeMap::new());
        }
    }

    /// The nodes of which there are entries.
    pub(crate) fn nodes(&self) -> BTreeSet<NodeId> {
        self.nodes.keys().copied().collect()
    }

    fn receive_changes(&mut self, from: NodeId, after: u64, changes: Vec<Change>) -> Vec<Packet> {
        let copy = self.nodes.entry(from).or_default();
        let Some(known) = copy.state.version.checked_sub(after) else { return vec![Packet::Want(from)] };
        let mut names = Vec::new();
        for change in changes.into_iter().skip(usize::try_from(known).unwrap_or(usize::MAX)) {
            if copy.entries.len() >= ENTRIES_MAX {
                break;
            }
            apply(&mut self.index, from, copy, &change);
            if let Change::Add(Entry { kind: Kind::Name, key, .. }) = change {
                names.push(key);
            }
        }
        self.yield_names(names);
        Vec::new()
    }

    fn receive_summary(&mut self, summary: Vec<(NodeId, State)>, is_member: impl Fn(NodeId) -> bool) -> Vec<Packet> {
        let mut wants = Vec::new();
        for (node, state) in summary.into_iter().take(SUMMARY_LENGTH + 1) {
            if node == self.own || !is_member(node) {
                continue;
            }
            let copy = self.nodes.entry(node).or_default();
            if state.beat > copy.state.beat {
                (copy.state.beat, copy.state.load) = (state.beat, state.load);
            }
            if state.version > copy.state.version {
                wants.push(Packet::Want(node));
            }
        }
        wants
    }

    fn all(&self, node: NodeId) -> Vec<Packet> {
        let Some(copy) = self.nodes.get(&node) else { return Vec::new() };
        let entries: Vec<_> = copy.entries.iter().map(|(number, entry)| (*number, entry.clone())).collect();
        let mut parts = pieces(entries, |(_, entry)| entry.key.len() + 34);
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        let (version, count) = (copy.state.version, u32::try_from(parts.len()).unwrap_or(u32::MAX));
        let packet = |(part, entries)| Packet::All { node, version, part, parts: count, entries };
        (0..).zip(parts).map(packet).collect()
    }

    fn receive_all(&mut self, node: NodeId, version: u64, part: u32, parts: u32, entries: Vec<(u64, Entry)>) {
        let copy = self.nodes.entry(node).or_default();
        if version <= copy.state.version && copy.state.version > 0 {
            return;
        }
        if part == 0 {
            copy.coming = Some(Coming { version, next_part: 0, entries: BTreeMap::new() });
        }
        let Some(coming) = &mut copy.coming else { return };
        if coming.version != version || coming.next_part != part || coming.entries.len() + entries.len() > ENTRIES_MAX {
            copy.coming = None;
            return;
        }
        coming.next_part += 1;
        coming.entries.extend(entries.into_iter().filter(|(_, entry)| entry.key.len() <= NAME_LENGTH_MAX));
        if coming.next_part == parts {
            let entries = std::mem::take(&mut coming.entries);
            copy.coming = None;
            copy.state.version = version;
            let names = entries.values().filter(|entry| entry.kind == Kind::Name);
            let names: Vec<_> = names.map(|entry| entry.key.clone()).collect();
            replace(&mut self.index, node, copy, entries);
            self.yield_names(names);
        }
    }

    /// Gives up own names, of those that another node claims, where that one's id is smaller.
    fn yield_names(&mut self, claimed: Vec<String>) {
        for name in claimed {
            let claims: Vec<_> = self.actors(Kind::Name, &name).map(|(actor, _)| actor.node()).collect();
            if claims.contains(&self.own) && claims.first().is_some_and(|holder| *holder != self.own) {
                self.remove(usize::MAX, |entry| entry.kind == Kind::Name && entry.key == name);
                self.has_yielded = true;
            }
        }
    }
}

type Index = BTreeMap<(Kind, Arc<str>), BTreeMap<ActorId, usize>>;

/// Makes the next version.
fn apply(index: &mut Index, node: NodeId, copy: &mut Copy, change: &Change) {
    copy.state.version += 1;
    match change {
        Change::Add(entry) if entry.key.len() <= NAME_LENGTH_MAX => {
            *index
                .entry((entry.kind, Arc::from(entry.key.as_str())))
                .or_default()
                .entry(ActorId::new(node, entry.instance))
                .or_default() += 1;
            copy.entries.insert(copy.state.version, entry.clone());
        }
        Change::Add(_) => {}
        Change::Remove(number) => {
            if let Some(entry) = copy.entries.remove(number) {
                take(index, node, &entry);
            }
        }
    }
}

fn replace(index: &mut Index, node: NodeId, copy: &mut Copy, entries: BTreeMap<u64, Entry>) {
    for entry in std::mem::take(&mut copy.entries).into_values() {
        take(index, node, &entry);
    }
    for entry in entries.values() {
        let actors = index.entry((entry.kind, Arc::from(entry.key.as_str()))).or_default();
        *actors.entry(ActorId::new(node, entry.instance)).or_default() += 1;
    }
    copy.entries = entries;
}

fn take(index: &mut Index, node: NodeId, entry: &Entry) {
    let (key, actor) = ((entry.kind, Arc::from(entry.key.as_str())), ActorId::new(node, entry.instance));
    let Some(actors) = index.get_mut(&key) else { return };
    if let Some(count) = actors.get_mut(&actor) {
        *count -= 1;
        if *count == 0 {
            actors.remove(&actor);
        }
    }
    if actors.is_empty() {
        index.remove(&key);
    }
}

/// Cuts a list into pieces that fit into a packet each, however short the chunks of its connection.
fn pieces<T>(list: Vec<T>, length_of: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    const LENGTH: usize = 900;
    let mut pieces = Vec::new();
    let (mut piece, mut length) = (Vec::new(), 0);
    for item in list {
        let more = length_of(&item);
        if length + more > LENGTH && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
            length = 0;
        }
        length += more;
        piece.push(item);
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}
