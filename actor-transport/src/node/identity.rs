//! Who a peer is, as far as that is proved, and what it may do.

use actor_core::{MethodInfo, NodeId, SystemError};

use crate::{
    Proof,
    protocol::{Agreed, PeerHello, Reject},
};

/// A peer, as the hook of [`NodeBuilder::authorize`](crate::NodeBuilder::authorize) sees it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PeerIdentity {
    node: NodeId,
    name: String,
    remote: String,
    proof: Proof,
    shares_secret: bool,
}

impl PeerIdentity {
    pub(super) fn new(agreed: &Agreed, proof: Proof, remote: String) -> Self {
        let peer = agreed.peer();
        Self { node: peer.node, name: peer.name.clone(), remote, proof, shares_secret: agreed.shares_secret() }
    }

    /// The incarnation. Proved if [`proven_name`](Self::proven_name) is: no certificate of another name could have this
    /// id.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The name that the peer gives itself, proved or not. Empty if it gives none.
    #[must_use]
    pub fn claimed_name(&self) -> &str {
        &self.name
    }

    /// The peer's name, if its certificate says so.
    #[must_use]
    pub fn proven_name(&self) -> Option<&str> {
        match self.proof {
            #[cfg(feature = "proofs")]
            Proof::Certificate(_) => Some(&self.name),
            _ => None,
        }
    }

    /// What the transport has proved.
    #[must_use]
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// Whether the peer has proved that it knows the secret that this node was given.
    #[must_use]
    pub fn shares_secret(&self) -> bool {
        self.shares_secret
    }

    /// Where it has connected from, in the transport's words.
    #[must_use]
    pub fn remote(&self) -> &str {
        &self.remote
    }
}

/// The hook that decides who may call what.
pub(super) type Authorize = Box<dyn Fn(&PeerIdentity, &MethodInfo) -> bool + Send + Sync>;

/// Whether a hello says what the connection has proved: a peer with a certificate is called by a name in it, and its id
/// was made for that name; one without a certificate has no id of one that has one.
pub(super) fn check(proof: &Proof, hello: &PeerHello) -> Result<(), Reject> {
    // Without certificates nothing that it says can be checked.
    let _ = hello;
    let holds = match proof {
        Proof::None => true,
        #[cfg(feature = "proofs")]
        Proof::Anonymous => is_id_for(hello.node, ""),
        #[cfg(feature = "proofs")]
        Proof::Certificate(certificate) => {
            certificate.names().contains(&hello.name) && is_id_for(hello.node, &hello.name)
        }
    };
    if holds { Ok(()) } else { Err(Reject::NotItsName) }
}

/// An id for this incarnation of a node. `proven` is its name if it has certificates that say so, otherwise empty. 64 of
/// its bits are random; the others are made from them and the name, so that whoever has a certificate of another name,
/// or none, cannot show it for his own.
pub(super) fn mint_id(proven: &str) -> Result<NodeId, SystemError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| SystemError::BadLimits { why: format!("no random bits for the node's id: {error}").into() })?;
    Ok(commit(bits, proven))
}

#[cfg(feature = "proofs")]
fn commit(bits: [u8; 16], name: &str) -> NodeId {
    use sha2::{Digest, Sha256};

    let [a, b, c, d, e, f, g, h, ..] = bits;
    let random = [a, b, c, d, e, f, g, h];
    let mut hash = Sha256::new();
    hash.update(b"distributed-actor, node id");
    hash.update(random);
    hash.update(name.as_bytes());
    let hash: [u8; 32] = hash.finalize().into();
    let [i, j, k, l, m, n, o, p, ..] = hash;
    NodeId::from_bits(u128::from_be_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]))
}

#[cfg(feature = "proofs")]
fn is_id_for(node: NodeId, name: &str) -> bool {
    commit(node.to_bits().to_be_bytes(), name) == node
}

/// Nothing could be proved, so all bits are random.
#[cfg(not(feature = "proofs"))]
fn commit(bits: [u8; 16], _: &str) -> NodeId {
    NodeId::from_bits(u128::from_be_bytes(bits))
}

#[cfg(all(test, feature = "proofs"))]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_good_for_the_name_that_it_was_made_for() {
        let (one, other) = (mint_id("node0").unwrap(), mint_id("node0").unwrap());
        assert_ne!(one, other);
        assert!(is_id_for(one, "node0") && is_id_for(other, "node0"));
        assert!(!is_id_for(one, "node1") && !is_id_for(one, ""));
        assert!(is_id_for(mint_id("").unwrap(), ""));
    }
}
