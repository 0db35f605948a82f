//! The copies: who has entered what. Each node writes its own entries, in versions that count up, and tells them to
//! all; a copy that has missed a version asks for all entries of that node, of whoever has them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use actor_core::{ActorId, NodeId};
use serde::{Deserialize, Serialize};

use crate::digest::{self, Hashes};

/// Entries of one node.
pub(crate) const ENTRIES_MAX: usize = 65_536;
/// Bytes of a name or key.
pub(crate) const NAME_LENGTH_MAX: usize = 255;

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

/// How much a node has to do, as it has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Load {
    pub(crate) load: u64,
    /// How often it was told.
    pub(crate) times: u64,
}

/// What nodes send to one another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Packet {
    /// The sender's own changes, from this version on.
    Changes { after: u64, changes: Vec<Change> },
    /// How far the sender is, how much it has to do, and a hash of the versions of all nodes that it knows.
    Summary { version: u64, load: u64, hash: u64 },
    /// The receiver is to tell all entries of that node.
    Want(NodeId),
    /// A part of them.
    All { node: NodeId, version: u64, part: u32, parts: u32, entries: Vec<(u64, Entry)> },
    /// The receiver is to tell the versions that it knows, of those parts of the nodes where its hashes are others.
    Compare(Box<Hashes>),
    /// Some of them.
    Versions(Vec<(NodeId, u64)>),
    /// The receiver is to tell how much it has to do.
    AskLoad,
    /// The sender has so much to do.
    Load(u64),
}

/// All that one node knows.
pub(crate) struct Directory {
    own: NodeId,
    nodes: BTreeMap<NodeId, Copy>,
    /// By kind and key: the actors, and how often each was entered.
    index: BTreeMap<(Kind, Arc<str>), BTreeMap<ActorId, usize>>,
    /// Own changes that were not sent.
    unsent: Vec<Change>,
    /// Own names were lost to the claims of other nodes.
    has_yielded: bool,
}

#[derive(Default)]
struct Copy {
    version: u64,
    load: Load,
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
        let number = own.version;
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
    pub(crate) fn load(&self, node: NodeId) -> Load {
        self.nodes.get(&node).map_or_else(Load::default, |copy| copy.load)
    }

    /// Whether own names were given up since this was asked.
    pub(crate) fn take_has_yielded(&mut self) -> bool {
        std::mem::take(&mut self.has_yielded)
    }

    /// Own changes, for all members; cut so that each packet is short.
    pub(crate) fn take_changes(&mut self) -> Vec<Packet> {
        let version = self.nodes.get(&self.own).map_or(0, |own| own.version);
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

    /// How far this node is, and all that it knows, in short.
    pub(crate) fn summary(&mut self, load: u64) -> Packet {
        self.tell_load(self.own, load);
        let version = self.nodes.get(&self.own).map_or(0, |own| own.version);
        Packet::Summary { version, load, hash: digest::whole(&self.hashes()) }
    }

    /// Takes what another node has sent; what to answer. Nothing is taken of nodes that are no members.
    pub(crate) fn receive(
        &mut self,
        from: NodeId,
        packet: Packet,
        own_load: u64,
        is_member: impl Fn(NodeId) -> bool,
    ) -> Vec<Packet> {
        match packet {
            Packet::Changes { after, changes } if is_member(from) => self.receive_changes(from, after, changes),
            Packet::Summary { version, load, hash } if is_member(from) => {
                self.tell_load(from, load);
                let mut answers = self.wants(from, version);
                let hashes = self.hashes();
                if digest::whole(&hashes) != hash {
                    answers.push(Packet::Compare(Box::new(hashes)));
                }
                answers
            }
            Packet::Compare(hashes) => self.versions(&hashes),
            Packet::Versions(versions) => {
                let versions = versions.into_iter().filter(|(node, _)| *node != self.own && is_member(*node));
                versions.flat_map(|(node, version)| self.wants(node, version)).collect()
            }
            Packet::Want(node) => self.all(node),
            Packet::All { node, version, part, parts, entries } if node != self.own && is_member(node) => {
                self.receive_all(node, version, part, parts, entries);
                Vec::new()
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
            replace(&mut self.index, node, &mut copy, BTreeMap::new());
        }
    }

    /// The nodes of which there are entries.
    pub(crate) fn nodes(&self) -> BTreeSet<NodeId> {
        self.nodes.keys().copied().collect()
    }

    fn receive_changes(&mut self, from: NodeId, after: u64, changes: Vec<Change>) -> Vec<Packet> {
        let copy = self.nodes.entry(from).or_default();
        let Some(known) = copy.version.checked_sub(after) else { return vec![Packet::Want(from)] };
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

    fn tell_load(&mut self, node: NodeId, load: u64) {
        let known = &mut self.nodes.entry(node).or_default().load;
        *known = Load { load, times: known.times + 1 };
    }

    /// Of those that have entries: whoever is not known to have any is no different from who has none.
    fn hashes(&self) -> Hashes {
        let known = self.nodes.iter().filter(|(_, copy)| copy.version > 0);
        digest::hashes(known.map(|(node, copy)| (*node, copy.version)))
    }

    /// The versions of those parts where the other one's hashes are different.
    fn versions(&self, hashes: &Hashes) -> Vec<Packet> {
        let own = self.hashes();
        let differs = |node: NodeId| own.get(digest::part(node)) != hashes.get(digest::part(node));
        let known = self.nodes.iter().filter(|(node, copy)| copy.version > 0 && differs(**node));
        let known = known.map(|(node, copy)| (*node, copy.version)).collect();
        pieces(known, |_| 26).into_iter().map(Packet::Versions).collect()
    }

    /// What to ask for when somebody has that version of the entries of a node.
    fn wants(&self, node: NodeId, version: u64) -> Vec<Packet> {
        let known = self.nodes.get(&node).map_or(0, |copy| copy.version);
        if version > known { vec![Packet::Want(node)] } else { Vec::new() }
    }

    fn all(&self, node: NodeId) -> Vec<Packet> {
        let Some(copy) = self.nodes.get(&node) else { return Vec::new() };
        let entries: Vec<_> = copy.entries.iter().map(|(number, entry)| (*number, entry.clone())).collect();
        let mut parts = pieces(entries, |(_, entry)| entry.key.len() + 34);
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        let (version, count) = (copy.version, u32::try_from(parts.len()).unwrap_or(u32::MAX));
        let packet = |(part, entries)| Packet::All { node, version, part, parts: count, entries };
        (0..).zip(parts).map(packet).collect()
    }

    fn receive_all(&mut self, node: NodeId, version: u64, part: u32, parts: u32, entries: Vec<(u64, Entry)>) {
        let copy = self.nodes.entry(node).or_default();
        if version <= copy.version && copy.version > 0 {
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
            copy.version = version;
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
    copy.version += 1;
    match change {
        Change::Add(entry) if entry.key.len() <= NAME_LENGTH_MAX => {
            *index
                .entry((entry.kind, Arc::from(entry.key.as_str())))
                .or_default()
                .entry(ActorId::new(node, entry.instance))
                .or_default() += 1;
            copy.entries.insert(copy.version, entry.clone());
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
