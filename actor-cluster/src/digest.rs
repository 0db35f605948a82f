//! Hashes by which two nodes find out where what they know is different, without telling all of it.

use actor_core::NodeId;

/// Parts that are compared one by one.
pub(crate) const PARTS: usize = 32;

/// One hash for each part.
pub(crate) type Hashes = [u64; PARTS];

/// Of some nodes and what is known of each, in any order.
pub(crate) fn hashes(known: impl Iterator<Item = (NodeId, u64)>) -> Hashes {
    let mut hashes = [0; PARTS];
    for (node, what) in known {
        if let Some(hash) = hashes.get_mut(part(node)) {
            *hash ^= of_node(node, what);
        }
    }
    hashes
}

/// All parts in one.
pub(crate) fn whole(hashes: &Hashes) -> u64 {
    hashes.iter().fold(0, |whole, hash| mix(whole ^ hash))
}

/// Of a node and what is known of it.
pub(crate) fn of_node(node: NodeId, what: u64) -> u64 {
    mix(mix(bits(node)) ^ what)
}

/// Of bytes, the same on all machines.
pub(crate) fn of_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().fold(mix(bytes.len() as u64), |hash, byte| mix(hash ^ u64::from(*byte)))
}

/// The part that a node belongs to.
pub(crate) fn part(node: NodeId) -> usize {
    mix(bits(node)) as usize % PARTS
}

fn bits(node: NodeId) -> u64 {
    let bits = node.to_bits();
    bits as u64 ^ (bits >> 64) as u64
}

fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
