//! What one node has entered, as far as it is known here.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use actor_core::{ActorId, NodeId};

use super::{
    directory::{ENTRIES_MAX, Load, NAME_LENGTH_MAX},
    packet::{Change, Entry, Kind, Packet, Progress, Stretch},
};

/// Bytes of changes in one packet, which has to fit into a chunk, however short those of its connection are.
const PACKET_LENGTH: usize = 900;
/// Bytes of changes that are told at once: those who hear of them take in some hundred packets of one node. Whoever
/// misses more asks for the rest.
pub(super) const WINDOW_LENGTH: usize = 48 * 1024;
/// Removals that are remembered, for those that have missed them.
const REMOVED_MAX: usize = 1024;

/// By kind and key: the actors, and how often each was entered.
pub(super) type Index = BTreeMap<(Kind, Arc<str>), BTreeMap<ActorId, usize>>;

/// The entries of a node. Each of its changes makes the next version.
#[derive(Default)]
pub(super) struct Copy {
    progress: Progress,
    pub(super) load: Load,
    /// By their numbers, which are the versions that have added them.
    entries: BTreeMap<u64, Entry>,
    /// By version, the entry that it has removed, for all versions after `remembered_since`.
    removed: VecDeque<(u64, u64)>,
    remembered_since: u64,
    /// All entries anew, as far as they have come.
    coming: Option<Box<Copy>>,
    /// When what is missing was asked for.
    pub(super) asked: Option<Instant>,
}

impl Copy {
    /// Which version is known; something less than that which is coming.
    pub(super) fn version(&self) -> u64 {
        self.progress.reached
    }

    /// Makes the next version of one that is complete.
    pub(super) fn apply(&mut self, index: &mut Index, node: NodeId, change: Change) {
        let version = self.progress.as_of + 1;
        self.progress = Progress { reached: version, as_of: version };
        match change {
            Change::Add(entry) => self.add(Some(index), node, version, entry),
            Change::Remove(number) => self.remove(Some(index), node, (version, number)),
        }
        // It has become needless.
        self.coming = None;
        self.asked = None;
    }

    /// Whether the version after that one, or one that follows it, can be made here now.
    pub(super) fn continues(&self, after: u64) -> bool {
        self.progress.is_complete() && after <= self.progress.as_of
    }

    /// Takes a stretch: the names that there are more, or none if it leads from elsewhere.
    pub(super) fn advance(&mut self, index: &mut Index, node: NodeId, stretch: Stretch) -> Option<Vec<String>> {
        let stretch = stretch.in_order()?;
        if stretch.from.reached == 0 && self.progress.reached == 0 {
            // Nothing is right for any version.
            self.begin(stretch.from.as_of);
        }
        if stretch.from == self.progress {
            let added = names(stretch.added.iter().map(|(_, entry)| entry));
            self.take(Some(index), node, stretch);
            self.coming = None;
            return Some(added);
        }
        if stretch.from.reached == 0 {
            self.coming.insert(Box::default()).begin(stretch.from.as_of);
        }
        let mut coming = self.coming.take().filter(|coming| coming.progress == stretch.from)?;
        coming.take(None, node, stretch);
        if !coming.progress.is_complete() {
            self.coming = Some(coming);
            return Some(Vec::new());
        }
        if coming.progress.as_of <= self.progress.as_of {
            return Some(Vec::new());
        }
        for entry in self.entries.values() {
            take(index, node, entry);
        }
        for entry in coming.entries.values() {
            put(index, node, entry);
        }
        *self = Self { load: self.load, asked: self.asked, ..*coming };
        Some(names(self.entries.values()))
    }

    /// Up to where it is known, or will be soon.
    pub(super) fn known(&self) -> Progress {
        self.coming.as_ref().map_or(self.progress, |coming| coming.progress)
    }

    /// Whether there is nothing left of what was begun.
    pub(super) fn is_complete(&self) -> bool {
        self.known().is_complete()
    }

    /// What leads on from there, or as much of it as may be told at once.
    pub(super) fn since(&self, node: NodeId, known: Progress) -> Vec<Packet> {
        let now = self.progress;
        if !now.is_complete() || known.as_of > now.as_of || known.reached > now.reached {
            return Vec::new();
        }
        // Who has missed removals that are forgotten begins anew.
        let is_remembered = known.as_of >= self.remembered_since;
        let mut at = if is_remembered { known } else { Progress { reached: 0, as_of: now.as_of } };
        let removed = self.removed.iter().filter(|(version, _)| *version > at.as_of).copied().collect();
        let mut entries = self.entries.range(at.reached.saturating_add(1)..).peekable();
        let (mut added, mut length) = (Vec::new(), 0);
        while length < WINDOW_LENGTH
            && let Some((number, entry)) = entries.next()
        {
            length += entry.length();
            added.push((*number, entry.clone()));
        }
        let mut stretches = Vec::new();
        for removed in pieces(removed, |_| 20) {
            let reached = removed.last().map_or(at.as_of, |(version, _)| *version);
            let to = Progress { as_of: reached, ..at };
            stretches.push(Stretch { from: at, to, asks: false, removed, added: Vec::new() });
            at = to;
        }
        for added in pieces(added, |(_, entry)| entry.length()) {
            let reached = added.last().map_or(at.reached, |(number, _)| *number);
            let to = Progress { reached, as_of: now.as_of };
            stretches.push(Stretch { from: at, to, asks: false, removed: Vec::new(), added });
            at = to;
        }
        if stretches.is_empty() {
            stretches.push(Stretch { from: at, to: now, asks: false, removed: Vec::new(), added: Vec::new() });
        }
        if let Some(last) = stretches.last_mut() {
            last.asks = entries.peek().is_some();
            last.to.as_of = now.as_of;
            last.to.reached = if last.asks { last.to.reached } else { now.reached };
        }
        stretches.into_iter().map(|stretch| Packet::Since(node, stretch)).collect()
    }

    /// Takes all entries out of the index.
    pub(super) fn clear(&mut self, index: &mut Index, node: NodeId) {
        for entry in std::mem::take(&mut self.entries).into_values() {
            take(index, node, &entry);
        }
    }

    pub(super) fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.get(&number)
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES_MAX
    }

    /// Is empty, as of some version.
    fn begin(&mut self, as_of: u64) {
        self.progress = Progress { reached: 0, as_of };
        self.removed.clear();
        self.remembered_since = as_of;
    }

    fn take(&mut self, mut index: Option<&mut Index>, node: NodeId, stretch: Stretch) {
        for removed in stretch.removed {
            self.remove(index.as_deref_mut(), node, removed);
        }
        for (number, entry) in stretch.added {
            self.add(index.as_deref_mut(), node, number, entry);
        }
        self.progress = stretch.to;
    }

    /// Nothing is taken beyond the limits, whatever a node sends.
    fn add(&mut self, index: Option<&mut Index>, node: NodeId, number: u64, entry: Entry) {
        if self.is_full() || entry.key.len() > NAME_LENGTH_MAX {
            return;
        }
        if let Some(index) = index {
            put(index, node, &entry);
        }
        self.entries.insert(number, entry);
    }

    fn remove(&mut self, index: Option<&mut Index>, node: NodeId, (version, number): (u64, u64)) {
        if let (Some(entry), Some(index)) = (self.entries.remove(&number), index) {
            take(index, node, &entry);
        }
        self.removed.push_back((version, number));
        if self.removed.len() > REMOVED_MAX
            && let Some((version, _)) = self.removed.pop_front()
        {
            self.remembered_since = version;
        }
    }
}

fn names<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<String> {
    entries.filter(|entry| entry.kind == Kind::Name).map(|entry| entry.key.clone()).collect()
}

fn put(index: &mut Index, node: NodeId, entry: &Entry) {
    let actors = index.entry((entry.kind, Arc::from(entry.key.as_str()))).or_default();
    *actors.entry(ActorId::new(node, entry.instance)).or_default() += 1;
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

/// Cuts a list into pieces that fit into a packet each.
pub(super) fn pieces<T>(list: Vec<T>, length_of: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut pieces = Vec::new();
    let (mut piece, mut length) = (Vec::new(), 0);
    for item in list {
        let more = length_of(&item);
        if length + more > PACKET_LENGTH && !piece.is_empty() {
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
