//! Who finds out who the members are.

use std::{any::Any, fmt, sync::Arc};

use actor_core::{BoxFuture, NodeId, SystemError};
use bytes::Bytes;

use super::{discovery::Discovery, member::Member};
use crate::{Address, Limits, node::Inner};

/// Finds out who belongs to a cluster, and tells its node. The feature `cluster` of `distributed-actor` has one, which
/// every node uses that [joins](crate::NodeBuilder::join) a cluster, unless its builder is given another one.
pub trait Membership: Send + Sync + 'static {
    /// Whether it can run as it was set up. Asked when a node is built.
    ///
    /// # Errors
    /// [`SystemError::BadLimits`] with the reason; the node is not built.
    fn check(&self) -> Result<(), SystemError> {
        Ok(())
    }

    /// Runs until [`Host::next`] gives None. Called once, before the node is given to its user; what it returns runs on
    /// threads that no user's code can keep waiting.
    fn run(&self, host: Host) -> BoxFuture<'static, ()>;
}

/// The membership that nodes use if they are given none. A crate submits its own where the facade links it.
pub struct DefaultMembership(pub fn() -> Arc<dyn Membership>);

inventory::collect!(DefaultMembership);

impl fmt::Debug for DefaultMembership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultMembership")
    }
}

/// What a node lends its membership: connections, news of them, and a place for the view. It does not keep the node
/// running.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

/// What a membership is told.
#[derive(Debug)]
#[non_exhaustive]
pub enum News {
    /// What the membership of another node has [sent](Host::send).
    Message {
        /// Who.
        from: NodeId,
        /// What.
        payload: Bytes,
    },
    /// There is a connection to that node, or there is none any more, or none could be made. Several such news of a
    /// node become one, the last.
    Connection {
        /// The node.
        node: NodeId,
        /// Why there is none, as calls to the node have been told. None if there is one.
        lost: Option<SystemError>,
    },
    /// The user wants to leave the cluster. When the others have been told, say [`Host::left`].
    Leave,
}

impl Host {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// This node, as it presents itself.
    #[must_use]
    pub fn own(&self) -> &Member {
        self.inner.board.own()
    }

    /// The addresses that the user has named to join at.
    #[must_use]
    pub fn contacts(&self) -> &[Address] {
        &self.inner.contacts
    }

    /// What else knows of addresses to join at.
    #[must_use]
    pub fn discoveries(&self) -> &[Arc<dyn Discovery>] {
        &self.inner.discoveries
    }

    /// The node's limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Sends a message to the membership of another node, ahead of calls and replies, and connects first where there is
    /// no connection. Never waits. What is sent last before a connection is lost does not arrive.
    ///
    /// # Errors
    /// [`SystemError::UnknownNode`] without an address of the node, `MessageTooLarge` above the length of a chunk,
    /// `Overloaded` if 1 MiB waits for the connection, and why there is none.
    pub fn send(&self, node: NodeId, payload: Bytes) -> Result<(), SystemError> {
        let link = self.inner.peers.link(&self.inner, node)?;
        link.with(|session| session.system(payload))
    }

    /// Tells the node where a member can be reached. Attempts to connect to it become no rarer than every 500 ms.
    pub fn introduce(&self, node: NodeId, addresses: &[Address]) {
        if node != self.inner.id {
            self.inner.peers.learn(node, addresses.iter().cloned());
            self.inner.peers.set_member(node, true);
        }
    }

    /// The node is not a member any more: attempts to connect to it become rare, as those to any node.
    pub fn forget(&self, node: NodeId) {
        self.inner.peers.set_member(node, false);
    }

    /// Connects to whoever is at that address.
    ///
    /// # Errors
    /// As [`Node::connect`](crate::Node::connect).
    pub async fn connect(&self, address: &Address) -> Result<NodeId, SystemError> {
        let link = self.inner.link_at(address).await?;
        link.failure().map_or(Ok(link.peer()), Err)
    }

    /// Whether there is a connection to that node.
    #[must_use]
    pub fn is_connected(&self, node: NodeId) -> bool {
        self.inner.peers.attached(node).is_some()
    }

    /// Ends the connection to a node that is dead: calls to it fail at once.
    pub fn disconnect(&self, node: NodeId) {
        self.inner.disconnect_dead(node);
    }

    /// The next news. None when the node has ended.
    ///
    /// # Cancel safety
    /// Dropped half-way, it has taken nothing.
    pub async fn next(&self) -> Option<News> {
        self.inner.inbox.next().await
    }

    /// Posts the members, and those that were so until lately, the latest at the end. The node itself is added.
    pub fn post(&self, members: Vec<Member>, departed: Vec<Member>) {
        self.inner.board.post(members, departed);
    }

    /// Lets users have something beside the view: [`Cluster::lent`](super::Cluster::lent). The first one stays.
    pub fn lend(&self, thing: Arc<dyn Any + Send + Sync>) {
        let _ = self.inner.board.lent.set(thing);
    }

    /// How much the node has to do: the actors that live on it, and the calls of other nodes that wait or run there.
    #[must_use]
    pub fn load(&self) -> u64 {
        (self.inner.actor_count() + self.inner.peers.calls_in()) as u64
    }

    /// The others have been told that the node leaves.
    pub fn left(&self) {
        self.inner.inbox.left();
    }

    /// Runs something beside, on tasks that no user's code can keep waiting.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.serve(Box::pin(task));
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Host").field(self.own()).finish()
    }
}
