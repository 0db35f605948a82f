//! The nodes that this one has heard of, and the links to them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actor_core::{NodeId, SystemError, later};

use super::{
    inner::{Inner, Stage, now},
    link::{Link, same},
    lock::lock,
    rank::Ranks,
    writer,
};
use crate::{
    Address,
    protocol::{Goodbye, PeerHello, Reject, SessionStats, survives},
};

/// Nodes that are remembered; then those without a link are forgotten.
const PEERS_MAX: usize = 65_536;
/// Of those, nodes of which this one knows from others alone: an introduction, or a connection that they made. Beyond
/// it those without a link are forgotten, and none that this node has been told of, has dialed or has references to.
const HEARSAY_MAX: usize = 8192;
/// The longest pause between attempts to reach a member of the cluster: it is known that it should be there, and calls
/// shall go through soon after a partition has ended.
const MEMBER_PAUSE_MAX: Duration = Duration::from_millis(500);
/// Addresses that are remembered of one node.
const ADDRESSES_MAX: usize = 16;

/// The table of peers.
#[derive(Default)]
pub(crate) struct Peers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    peers: BTreeMap<NodeId, Peer>,
    ranks: Ranks,
    /// How many of them are hearsay.
    hearsay: usize,
    closed: bool,
}

#[derive(Default)]
struct Peer {
    addresses: Vec<Address>,
    link: Option<Arc<Link>>,
    /// This node has a reason of its own to know it.
    is_wanted: bool,
    /// It is a member of the cluster: attempts to reach it do not become as rare as others.
    is_member: bool,
    replaced_by: Option<NodeId>,
    /// Sessions with it that began: tells a dial that crossed ours from one of a peer that has lost its connection.
    sessions: u64,
    failures: u32,
    /// Not to be dialed before.
    retry_at: Option<Instant>,
    dial: Dial,
}

/// What the dial of a link that is not attached is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Dial {
    /// It pauses, or waits for the peer's: whoever comes is welcome.
    #[default]
    Waiting,
    /// A connection is being made: of two that cross, one survives.
    UnderWay,
    /// The peer's connection was accepted: none is to be made.
    Accepted,
}

/// What a node knows of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerInfo {
    /// Its incarnation.
    pub id: NodeId,
    /// Where it can be reached, as far as is known.
    pub addresses: Vec<Address>,
    /// Whether there is a connection.
    pub connected: bool,
    /// What is under way to it and from it, while there is a connection or one is being made: calls, bytes, oddities.
    pub session: Option<SessionStats>,
}

impl Peers {
    /// The link to a node, where the caller begins to dial if there was none.
    pub(crate) fn link(&self, inner: &Arc<Inner>, node: NodeId) -> Result<Arc<Link>, SystemError> {
        let link = {
            let mut state = lock(&self.state);
            if state.closed {
                return Err(SystemError::ShuttingDown);
            }
            let State { peers, ranks, .. } = &mut *state;
            let peer = peers.get_mut(&node).ok_or(SystemError::UnknownNode { node })?;
            if let Some(new) = peer.replaced_by {
                return Err(SystemError::NodeReplaced { old: node, new });
            }
            if let Some(link) = &peer.link {
                return Ok(link.clone());
            }
            if peer.addresses.is_empty() {
                return Err(SystemError::UnknownNode { node });
            }
            let link = Arc::new(Link::new(inner, node, ranks.next(node)));
            peer.link = Some(link.clone());
            peer.dial = Dial::Waiting;
            link
        };
        writer::start(inner, &link);
        super::dial::start(inner, &link);
        Ok(link)
    }

    /// Whether a connection that the node `hello.node` has dialed becomes the link to it. One of two crossing dials
    /// survives, and both sides come to the same verdict (`docs/protocol.md`, section 3).
    pub(super) fn decide(&self, inner: &Arc<Inner>, hello: &PeerHello) -> Result<Arc<Link>, Reject> {
        if inner.stage() != Stage::Running {
            return Err(Reject::ShuttingDown);
        }
        let (link, superseded, fresh) = {
            let mut state = lock(&self.state);
            if state.closed {
                return Err(Reject::ShuttingDown);
            }
            state.heard_of(hello.node);
            let State { peers, ranks, .. } = &mut *state;
            let peer = peers.entry(hello.node).or_default();
            let mut superseded = None;
            let known = match peer.link.take() {
                Some(link) if link.is_attached() => {
                    // A dialer that knows of this session has lost it; any other crossed it on the way.
                    if hello.expected.is_none() || hello.sessions < peer.sessions {
                        peer.link = Some(link);
                        return Err(Reject::Duplicate);
                    }
                    superseded = Some(link);
                    None
                }
                Some(link) if link.is_closed() => None,
                Some(link) if peer.dial != Dial::UnderWay || survives(hello.node, inner.id) => Some(link),
                Some(link) => {
                    peer.link = Some(link);
                    return Err(Reject::Duplicate);
                }
                None => None,
            };
            let fresh = known.is_none();
            let link = known.unwrap_or_else(|| Arc::new(Link::new(inner, hello.node, ranks.next(hello.node))));
            peer.link = Some(link.clone());
            peer.dial = Dial::Accepted;
            peer.began(hello);
            (link, superseded, fresh)
        };
        if fresh {
            writer::start(inner, &link);
        }
        if let Some(superseded) = superseded {
            superseded.say_goodbye(Goodbye::Duplicate);
        }
        Ok(link)
    }

    /// A dialed connection is up.
    pub(super) fn connected(&self, hello: &PeerHello) {
        lock(&self.state).wanted(hello.node).began(hello);
    }

    /// A connection is about to be made for this link: how many sessions there were. None if there is no need, because
    /// the peer's was accepted.
    pub(super) fn begin_dial(&self, link: &Arc<Link>) -> Option<u64> {
        self.set_dial(link, Dial::UnderWay)
    }

    /// No connection is being made for this link at the moment.
    pub(super) fn pause_dial(&self, link: &Arc<Link>) {
        self.set_dial(link, Dial::Waiting);
    }

    /// No connection could be made for this link: the next call begins anew. False if the peer's was accepted meanwhile.
    pub(super) fn give_up(&self, link: &Arc<Link>) -> bool {
        let gives_up = self.set_dial(link, Dial::Waiting).is_some();
        if gives_up {
            self.lost(link);
        }
        gives_up
    }

    fn set_dial(&self, link: &Arc<Link>, dial: Dial) -> Option<u64> {
        match lock(&self.state).peers.get_mut(&link.peer()) {
            Some(peer) if peer.dial != Dial::Accepted && peer.link.as_ref().is_some_and(|known| same(known, link)) => {
                peer.dial = dial;
                Some(peer.sessions)
            }
            _ => None,
        }
    }

    /// The node has just said at this address that it is there: the next attempt begins there, and at once.
    pub(super) fn answered(&self, node: NodeId, address: &Address) {
        let mut state = lock(&self.state);
        let peer = state.wanted(node);
        peer.failures = 0;
        peer.retry_at = None;
        peer.replaced_by = None;
        peer.addresses.retain(|known| known != address);
        peer.addresses.insert(0, address.clone());
        peer.addresses.truncate(ADDRESSES_MAX);
    }

    /// The node has been started anew.
    pub(super) fn replaced(&self, old: NodeId, new: NodeId) {
        if let Some(peer) = lock(&self.state).peers.get_mut(&old) {
            peer.replaced_by = Some(new);
        }
    }

    /// The link has failed or was lost.
    pub(super) fn lost(&self, link: &Arc<Link>) {
        let mut state = lock(&self.state);
        let Some(peer) = state.peers.get_mut(&link.peer()) else { return };
        if !peer.link.as_ref().is_some_and(|known| same(known, link)) {
            return;
        }
        peer.link = None;
        // A client that came and went: it cannot be dialed, and nobody here refers to it.
        if !peer.is_wanted && peer.addresses.is_empty() && peer.replaced_by.is_none() {
            state.peers.remove(&link.peer());
            state.hearsay -= 1;
        }
    }

    /// An attempt to dial has failed: the next one has to wait until then.
    pub(super) fn failed(&self, node: NodeId, pause: impl FnOnce(u32) -> std::time::Duration) {
        if let Some(peer) = lock(&self.state).peers.get_mut(&node) {
            let pause = pause(peer.failures);
            let pause = if peer.is_member { pause.min(MEMBER_PAUSE_MAX) } else { pause };
            peer.retry_at = Some(later(now(), pause));
            peer.failures = peer.failures.saturating_add(1);
        }
    }

    pub(super) fn retry_at(&self, node: NodeId) -> Option<Instant> {
        lock(&self.state).peers.get(&node)?.retry_at
    }

    pub(super) fn addresses(&self, node: NodeId) -> Vec<Address> {
        lock(&self.state).peers.get(&node).map(|peer| peer.addresses.clone()).unwrap_or_default()
    }

    /// Whether anything is known of a node. There is a reference to it now, so that it is not forgotten.
    pub(super) fn knows(&self, node: NodeId) -> bool {
        let mut state = lock(&self.state);
        let is_known = state.peers.contains_key(&node);
        if is_known {
            state.wanted(node);
        }
        is_known
    }

    /// Where a node can be reached, as the user says. What is known already stays.
    pub(crate) fn learn(&self, node: NodeId, addresses: impl IntoIterator<Item = Address>) {
        lock(&self.state).wanted(node).learn(addresses);
    }

    /// The node is a member of the cluster, or is so no more.
    pub(crate) fn set_member(&self, node: NodeId, is_member: bool) {
        let mut state = lock(&self.state);
        if is_member {
            state.wanted(node).is_member = true;
        } else if let Some(peer) = state.peers.get_mut(&node) {
            peer.is_member = false;
        }
    }

    /// The same, as a peer says.
    pub(super) fn hear(&self, node: NodeId, addresses: impl IntoIterator<Item = Address>) {
        lock(&self.state).heard_of(node).learn(addresses);
    }

    pub(super) fn list(&self) -> Vec<PeerInfo> {
        lock(&self.state)
            .peers
            .iter()
            .map(|(id, peer)| PeerInfo {
                id: *id,
                addresses: peer.addresses.clone(),
                connected: peer.link.as_ref().is_some_and(|link| link.is_attached()),
                session: peer.link.as_ref().map(|link| link.peek(|session| session.stats())),
            })
            .collect()
    }

    /// Calls of all peers that wait or run here.
    pub(crate) fn calls_in(&self) -> usize {
        self.links().iter().map(|link| link.peek(|session| session.stats().calls_in)).sum()
    }

    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        lock(&self.state).peers.values().filter_map(|peer| peer.link.clone()).collect()
    }

    pub(crate) fn attached(&self, node: NodeId) -> Option<Arc<Link>> {
        lock(&self.state).peers.get(&node)?.link.clone().filter(|link| link.is_attached())
    }

    /// No link is made any more; returns those there are.
    pub(super) fn close(&self) -> Vec<Arc<Link>> {
        let mut state = lock(&self.state);
        state.closed = true;
        state.peers.values_mut().filter_map(|peer| peer.link.take()).collect()
    }
}

impl State {
    /// A node that others speak of.
    fn heard_of(&mut self, node: NodeId) -> &mut Peer {
        if !self.peers.contains_key(&node) {
            self.make_room();
            if self.hearsay >= HEARSAY_MAX {
                self.peers.retain(|_, peer| peer.is_wanted || peer.link.is_some());
                self.hearsay = self.peers.values().filter(|peer| !peer.is_wanted).count();
            }
            self.hearsay += 1;
        }
        self.peers.entry(node).or_default()
    }

    /// A node that this one has a reason to know.
    fn wanted(&mut self, node: NodeId) -> &mut Peer {
        if !self.peers.contains_key(&node) {
            self.make_room();
            self.hearsay += 1;
        }
        let peer = self.peers.entry(node).or_default();
        if !std::mem::replace(&mut peer.is_wanted, true) {
            self.hearsay -= 1;
        }
        peer
    }

    fn make_room(&mut self) {
        if self.peers.len() >= PEERS_MAX {
            self.peers.retain(|_, peer| peer.link.is_some());
            self.hearsay = self.peers.values().filter(|peer| !peer.is_wanted).count();
        }
    }
}

impl Peer {
    fn began(&mut self, hello: &PeerHello) {
        self.sessions = self.sessions.max(hello.sessions).saturating_add(1);
        self.failures = 0;
        self.retry_at = None;
        self.replaced_by = None;
        self.learn(hello.addresses.iter().filter_map(|address| address.parse().ok()));
    }

    fn learn(&mut self, addresses: impl IntoIterator<Item = Address>) {
        for address in addresses {
            if self.addresses.len() < ADDRESSES_MAX && !self.addresses.contains(&address) {
                self.addresses.push(address);
            }
        }
    }
}
