//! How a node becomes a member of a cluster, and ceases to be one.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actor_core::{NodeId, SystemError};
use tokio::time::timeout;

use super::{
    builder::{NodeBuilder, transport_of},
    inner::{Inner, Stage},
    own_runtime::OwnRuntime,
};
use crate::{
    Address, IntoAddress, Transport,
    cluster::{Contained, DefaultMembership, Discovery, Host, Labels, Membership},
    protocol::Goodbye,
};

/// Bytes of all labels of a node: they stand in messages that have to be short.
const LABEL_BYTES_MAX: usize = 1024;
/// Addresses to join at.
const CONTACTS_MAX: usize = 1024;
/// The longest that leaving takes.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);

/// What a builder was told of the cluster.
#[derive(Default)]
pub(super) struct Joining {
    contacts: Option<Vec<Result<Address, SystemError>>>,
    labels: Labels,
    discoveries: Vec<Arc<dyn Discovery>>,
    membership: Option<Arc<dyn Membership>>,
    shares_threads: bool,
}

/// The same, found good.
pub(super) struct Joined {
    pub(super) contacts: Vec<Address>,
    pub(super) labels: Labels,
    pub(super) discoveries: Vec<Arc<dyn Discovery>>,
    membership: Arc<dyn Membership>,
    shares_threads: bool,
}

impl NodeBuilder {
    /// Makes the node a member of a cluster: of the one that any of these contacts belongs to, or, as long as none
    /// answers, of a new one, which the others find when they are started with this node's address. They may be
    /// started in any order: each contact is tried until it has answered once. May be called several times; with
    /// nothing, a `None` or an empty list, this is a first node.
    ///
    /// On a runtime with several threads the node then serves its connections on two threads of its own, so that no
    /// code of yours can make it look dead; see [`share_threads`](Self::share_threads).
    ///
    /// A contact that can never answer, because no transport of the node serves its scheme, or because it is `0.0.0.0`, is
    /// refused when the node is started.
    ///
    /// It has to [`listen`](Self::listen) where the others reach it: `0.0.0.0`, which is no such address, is refused.
    ///
    /// Needs the feature `cluster`, or a [`membership`](Self::membership).
    #[must_use]
    pub fn join<C>(mut self, contacts: C) -> Self
    where
        C: IntoIterator,
        C::Item: IntoAddress,
    {
        let contacts = contacts.into_iter().take(CONTACTS_MAX).map(IntoAddress::into_address);
        self.joining.contacts.get_or_insert_default().extend(contacts);
        self
    }

    /// Makes the node a member, as [`join`](Self::join) does, at contacts that are to be found out. May be called several
    /// times.
    #[must_use]
    pub fn discover(mut self, discovery: impl Discovery) -> Self {
        self.joining.contacts.get_or_insert_default();
        self.joining.discoveries.push(Arc::new(Contained(discovery)));
        self
    }

    /// What the node says of itself to the cluster: [`Member::labels`](crate::cluster::Member::labels). At most 1 KiB
    /// together.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.joining.labels.insert(key.into(), value.into());
        self
    }

    /// Has a member of a cluster serve its connections on the threads of your runtime, as other nodes do. A lone call then
    /// takes some microseconds less; and code of yours that keeps all of the threads busy for 5 s makes the node look dead.
    #[must_use]
    pub fn share_threads(mut self, share: bool) -> Self {
        self.joining.shares_threads = share;
        self
    }

    /// Another way to find out who the members are.
    #[must_use]
    pub fn membership(mut self, membership: impl Membership) -> Self {
        self.joining.membership = Some(Arc::new(membership));
        self
    }
}

impl Joining {
    /// None if the node joins nothing.
    pub(super) fn prepare(self, listens: bool) -> Result<Option<Joined>, SystemError> {
        let Some(contacts) = self.contacts else { return Ok(None) };
        let contacts = contacts.into_iter().collect::<Result<Vec<_>, _>>()?;
        // No contact is to blame for these.
        let refused = |why: &str| SystemError::BadAddress { address: "".into(), why: why.into() };
        let default = || inventory::iter::<DefaultMembership>.into_iter().next().map(|default| default.0());
        let membership = self.membership.or_else(default).ok_or_else(|| {
            refused("joining a cluster needs the feature `cluster` of `distributed-actor`, or a membership of your own")
        })?;
        membership.check()?;
        if !listens {
            return Err(refused(
                "a member of a cluster has to listen, since the others connect to it: build the node with `listen`, too",
            ));
        }
        let label_bytes: usize = self.labels.iter().map(|(key, value)| key.len() + value.len()).sum();
        if label_bytes > LABEL_BYTES_MAX {
            let why = format!("the node's labels have {label_bytes} bytes, and may have {LABEL_BYTES_MAX}");
            return Err(SystemError::BadLimits { why: why.into() });
        }
        let (labels, discoveries, shares_threads) = (self.labels, self.discoveries, self.shares_threads);
        Ok(Some(Joined { contacts, labels, discoveries, membership, shares_threads }))
    }
}

impl Joined {
    /// Where a member may listen: others connect to it there.
    pub(super) fn check_listen(address: &Address) -> Result<(), SystemError> {
        refuse_unspecified(
            address,
            "a member of a cluster tells the others where it listens, and nobody can connect to that; listen at an address \
             of this machine that the others reach",
        )
    }

    /// Whether somebody may be at the contacts, now or later. What a discovery finds is not for this node alone, and is
    /// tried as it is.
    pub(super) fn check_contacts(&self, transports: &HashMap<String, Arc<dyn Transport>>) -> Result<(), SystemError> {
        for contact in &self.contacts {
            transport_of(contact, transports)?;
            refuse_unspecified(
                contact,
                "no member of a cluster can be reached by that; name the address at which one of them listens",
            )?;
        }
        Ok(())
    }

    pub(super) fn own_runtime(&self) -> Option<OwnRuntime> {
        if self.shares_threads { None } else { OwnRuntime::start() }
    }

    pub(super) fn start(self, inner: &Arc<Inner>) {
        inner.inbox.open();
        inner.serve(self.membership.run(Host::new(inner.clone())));
    }
}

/// Refuses what stands for all addresses of a machine, and is none of them.
fn refuse_unspecified(address: &Address, why: &str) -> Result<(), SystemError> {
    if address.is_unspecified() {
        return Err(SystemError::BadAddress { address: address.to_string().into(), why: why.into() });
    }
    Ok(())
}

impl Inner {
    pub(crate) async fn leave_cluster(&self) {
        if self.stage() == Stage::Closed {
            return;
        }
        let _ = timeout(LEAVE_TIME_MAX, self.inbox.leave()).await;
        self.inbox.left();
        self.board.leave();
    }

    pub(crate) fn actor_count(&self) -> usize {
        self.actors.len()
    }

    /// Ends the connection to a node that the others take for dead.
    pub(crate) fn disconnect_dead(&self, node: NodeId) {
        if let Some(link) = self.peers.attached(node) {
            self.peers.lost(&link);
            link.say_goodbye(Goodbye::DeclaredDead);
        }
    }
}

#[cfg(test)]
mod tests {
    use actor_core::{BoxFuture, SystemError};

    use crate::{
        Node,
        cluster::{Host, Membership},
    };

    struct Idle;

    impl Membership for Idle {
        fn run(&self, _: Host) -> BoxFuture<'static, ()> {
            Box::pin(async {})
        }
    }

    /// Of the facade's features only `cluster` brings a membership, and this crate is built without it.
    #[tokio::test]
    async fn to_join_without_a_membership_is_an_error_that_names_the_feature() {
        let error = Node::builder().join(["tcp://127.0.0.1:1"]).start().await.unwrap_err();
        assert!(matches!(&error, SystemError::BadAddress { .. }) && error.to_string().contains("`cluster`"), "{error}");
        assert!(!error.to_string().contains("address"), "the contact is as it should be: {error}");
    }

    #[tokio::test]
    async fn to_join_without_listening_or_nowhere_or_with_long_labels_is_an_error() {
        let none: Option<&str> = None;
        let error = Node::builder().membership(Idle).join(none).start().await.unwrap_err();
        assert!(matches!(error, SystemError::BadAddress { .. }), "{error:?}");
        assert!(error.to_string().starts_with("a member of a cluster has to listen"), "{error}");
        for nowhere in ["tcp://0.0.0.0:5301", "tcp://[::]:0", "ws://0.0.0.0:80/actors"] {
            let error = super::Joined::check_listen(&nowhere.parse().unwrap()).unwrap_err();
            assert!(matches!(&error, SystemError::BadAddress { .. }) && error.to_string().contains("0"), "{error}");
        }
        for somewhere in ["tcp://10.0.0.1:5301", "tcp://[::1]:0", "unix:///run/node", "mem://0.0.0.0x", "tcp://host:1"]
        {
            super::Joined::check_listen(&somewhere.parse().unwrap()).unwrap();
        }
        let builder = Node::builder().membership(Idle).join(none).label("long", "l".repeat(2000));
        let error = super::Joining::prepare(builder.joining, true).map(drop).unwrap_err();
        assert!(matches!(error, SystemError::BadLimits { .. }), "{error}");
    }
}
