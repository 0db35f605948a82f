//! Which node an actor is started on.

use std::{
    hash::{BuildHasher, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

use actor_core::NodeId;

use super::member::Member;

/// Chooses the node for an actor that is to be started.
pub trait Placement: Send + Sync {
    /// One of the candidates: the members that are alive, by id, this node among them. None if none will do.
    fn choose(&self, candidates: &[Member]) -> Option<NodeId>;
}

/// That node, if it is alive.
impl Placement for NodeId {
    fn choose(&self, candidates: &[Member]) -> Option<NodeId> {
        candidates.iter().map(Member::id).find(|id| id == self)
    }
}

impl<P: Placement + ?Sized> Placement for &P {
    fn choose(&self, candidates: &[Member]) -> Option<NodeId> {
        (**self).choose(candidates)
    }
}

/// Members with a label, and of these the one that another placement chooses.
#[derive(Debug, Clone)]
pub struct WithLabel<P = RandomMember> {
    key: String,
    value: String,
    then: P,
}

impl WithLabel {
    /// Any member with that label.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), then: RandomMember::default() }
    }
}

impl<P> WithLabel<P> {
    /// The one of them that `then` chooses.
    #[must_use]
    pub fn then<Q: Placement>(self, then: Q) -> WithLabel<Q> {
        WithLabel { key: self.key, value: self.value, then }
    }
}

impl<P: Placement> Placement for WithLabel<P> {
    fn choose(&self, candidates: &[Member]) -> Option<NodeId> {
        let has_label = |member: &&Member| member.labels().get(&self.key) == Some(&self.value);
        self.then.choose(&candidates.iter().filter(has_label).cloned().collect::<Vec<_>>())
    }
}

/// Any member, each as often as the others.
#[derive(Debug)]
pub struct RandomMember(AtomicU64);

impl RandomMember {
    /// The same choices for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Default for RandomMember {
    fn default() -> Self {
        // Keyed at random for each process, and further for each of these.
        Self::seeded(std::collections::hash_map::RandomState::new().hash_one(()))
    }
}

impl Clone for RandomMember {
    fn clone(&self) -> Self {
        Self::seeded(self.0.load(Ordering::Relaxed))
    }
}

impl Placement for RandomMember {
    fn choose(&self, candidates: &[Member]) -> Option<NodeId> {
        let step = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let position = mix(step) % u64::try_from(candidates.len()).ok().filter(|count| *count > 0)?;
        candidates.get(position as usize).map(Member::id)
    }
}

/// The same member for the same key, as long as it is alive: who is started by this under some key is found again by it.
/// When a member comes or goes, only the keys of that one move (rendezvous hashing). Nodes agree as far as they see the
/// same members.
#[derive(Debug, Clone)]
pub struct ByKey(u64);

impl ByKey {
    /// For that key.
    #[must_use]
    pub fn new(key: impl AsRef<[u8]>) -> Self {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        hasher.write(key.as_ref());
        Self(hasher.finish())
    }
}

impl Placement for ByKey {
    fn choose(&self, candidates: &[Member]) -> Option<NodeId> {
        candidates.iter().map(Member::id).max_by_key(|id| {
            let bits = id.to_bits();
            mix(self.0 ^ mix(bits as u64 ^ mix((bits >> 64) as u64)))
        })
    }
}

/// The same on all machines, and in all versions.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        mix(self.0)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    }
}

/// splitmix64.
fn mix(bits: u64) -> u64 {
    let mixed = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cluster::{Labels, MemberState};

    fn members(count: u64) -> Vec<Member> {
        (0..count)
            .map(|number| {
                let labels = Labels::from([("zone".into(), format!("zone{}", number % 2))]);
                let id = NodeId::from_bits(u128::from(mix(number + 1)) << 64 | u128::from(mix(number + 100)));
                Member::new(id, format!("node{number}"), Vec::new(), labels, MemberState::Alive)
            })
            .collect()
    }

    fn counts(choices: impl Iterator<Item = NodeId>) -> BTreeMap<NodeId, usize> {
        choices.fold(BTreeMap::new(), |mut counts, id| {
            *counts.entry(id).or_default() += 1;
            counts
        })
    }

    #[test]
    fn a_random_member_is_each_as_often_as_the_others() {
        let (members, random) = (members(5), RandomMember::seeded(1));
        let counts = counts((0..5000).filter_map(|_| random.choose(&members)));
        assert!(counts.len() == 5 && counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert_eq!(random.choose(&[]), None);
    }

    #[test]
    fn only_the_keys_of_a_member_that_goes_move() {
        let all = members(5);
        let keys: Vec<_> = (0..5000).map(|number| ByKey::new(format!("key{number}"))).collect();
        let before: Vec<_> = keys.iter().filter_map(|key| key.choose(&all)).collect();
        let counts = counts(before.iter().copied());
        assert!(counts.len() == 5 && counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
        let gone = all[2].id();
        let left: Vec<_> = all.into_iter().filter(|member| member.id() != gone).collect();
        for (key, was) in keys.iter().zip(before) {
            assert!(was == gone || key.choose(&left) == Some(was));
        }
    }

    #[test]
    fn a_label_and_an_id_choose_those_that_have_it() {
        let members = members(6);
        for _ in 0..50 {
            let chosen = WithLabel::new("zone", "zone1").choose(&members).unwrap();
            assert_eq!(members.iter().position(|member| member.id() == chosen).unwrap() % 2, 1);
        }
        assert_eq!(WithLabel::new("zone", "zone7").choose(&members), None);
        let id = members[3].id();
        assert_eq!(WithLabel::new("zone", "zone1").then(id).choose(&members), Some(id));
        assert_eq!(WithLabel::new("zone", "zone0").then(id).choose(&members), None);
    }
}
