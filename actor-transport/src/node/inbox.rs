//! What a node's membership has not looked at yet.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use actor_core::{NodeId, SystemError};
use bytes::Bytes;
use tokio::sync::Notify;

use super::lock::lock;
use crate::{Limits, cluster::News};

/// Messages of peers and news of connections, for one reader. Nothing is kept of a node without membership.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    arrived: Notify,
    left: Notify,
}

#[derive(Default)]
struct State {
    stage: Stage,
    messages: VecDeque<(NodeId, Bytes)>,
    by_peer: HashMap<NodeId, usize>,
    /// At most one for each peer: the last.
    connections: HashMap<NodeId, Option<SystemError>>,
    /// Those peers, in the order of the first.
    connected: VecDeque<NodeId>,
    wants_to_leave: bool,
    /// Messages for which there was no room.
    dropped: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// Nobody reads.
    #[default]
    Unread,
    Read,
    Left,
    Closed,
}

impl Inbox {
    /// Somebody reads from now on.
    pub(super) fn open(&self) {
        lock(&self.state).stage = Stage::Read;
    }

    /// A message; dropped if there are too many of this peer or at all, as gossip may be.
    pub(super) fn message(&self, from: NodeId, payload: Bytes, limits: &Limits) {
        let mut state = lock(&self.state);
        if state.stage != Stage::Read {
            return;
        }
        let of_peer = state.by_peer.get(&from).copied().unwrap_or(0);
        if of_peer >= limits.system_messages_per_peer_max || state.messages.len() >= limits.system_messages_max {
            state.dropped += 1;
            return;
        }
        state.by_peer.insert(from, of_peer + 1);
        // A few bytes of what was read would keep all of it alive.
        state.messages.push_back((from, Bytes::copy_from_slice(&payload)));
        drop(state);
        self.arrived.notify_one();
    }

    /// There is a connection, or it was lost, or could not be made.
    pub(super) fn connection(&self, node: NodeId, lost: Option<SystemError>) {
        let mut state = lock(&self.state);
        if state.stage == Stage::Read {
            if state.connections.insert(node, lost).is_none() {
                state.connected.push_back(node);
            }
            drop(state);
            self.arrived.notify_one();
        }
    }

    pub(crate) async fn next(&self) -> Option<News> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut state = lock(&self.state);
                if state.stage == Stage::Closed {
                    return None;
                }
                if let Some(news) = state.next() {
                    return Some(news);
                }
            }
            arrived.await;
        }
    }

    /// Asks the membership to leave; ends when it has. The caller bounds the time.
    pub(super) async fn leave(&self) {
        loop {
            let left = self.left.notified();
            {
                let mut state = lock(&self.state);
                if state.stage != Stage::Read {
                    return;
                }
                state.wants_to_leave = true;
            }
            self.arrived.notify_one();
            left.await;
        }
    }

    pub(crate) fn left(&self) {
        self.end(Stage::Left);
    }

    pub(super) fn close(&self) {
        self.end(Stage::Closed);
        self.arrived.notify_one();
    }

    fn end(&self, stage: Stage) {
        let mut state = lock(&self.state);
        if state.stage != Stage::Closed {
            *state = State { stage, ..State::default() };
        }
        drop(state);
        self.left.notify_waiters();
    }
}

impl State {
    /// What concerns connections comes first: a message is of no use where there is none any more.
    fn next(&mut self) -> Option<News> {
        if let Some(node) = self.connected.pop_front()
            && let Some(lost) = self.connections.remove(&node)
        {
            return Some(News::Connection { node, lost });
        }
        if std::mem::take(&mut self.wants_to_leave) {
            return Some(News::Leave);
        }
        let (from, payload) = self.messages.pop_front()?;
        if let Some(left) = self.by_peer.get_mut(&from) {
            *left -= 1;
            if *left == 0 {
                self.by_peer.remove(&from);
            }
        }
        Some(News::Message { from, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_messages_beyond_a_peers_share_are_dropped_and_others_are_not() {
        let limits = Limits { system_messages_per_peer_max: 2, system_messages_max: 3, ..Limits::default() };
        let inbox = Inbox::default();
        let (one, other) = (NodeId::from_bits(1), NodeId::from_bits(2));
        inbox.message(one, Bytes::from_static(b"nobody reads"), &limits);
        inbox.open();
        for _ in 0..3 {
            inbox.message(one, Bytes::from_static(b"one"), &limits);
            inbox.message(other, Bytes::from_static(b"other"), &limits);
        }
        let mut state = lock(&inbox.state);
        assert_eq!((state.messages.len(), state.dropped), (3, 3));
        assert_eq!((state.by_peer.get(&one), state.by_peer.get(&other)), (Some(&2), Some(&1)));
        while state.next().is_some() {}
        assert!(state.by_peer.is_empty());
    }

    #[test]
    fn news_of_a_connection_are_one_for_each_peer_and_the_last() {
        let inbox = Inbox::default();
        inbox.open();
        let node = NodeId::from_bits(1);
        inbox.connection(node, None);
        inbox.connection(node, Some(SystemError::ShuttingDown));
        let mut state = lock(&inbox.state);
        assert!(matches!(state.next(), Some(News::Connection { lost: Some(_), .. })));
        assert!(state.next().is_none());
    }
}
