//! Methods by index, so that their names travel once.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

/// A method as a caller names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodKey<'a> {
    /// The hash of `name`. A session takes two methods with one hash for the same.
    pub hash: u64,
    /// The mangled name, of at most 1 KiB.
    pub name: &'a str,
    /// The shape, of at most 4 KiB.
    pub signature: &'a str,
}

/// A method as a peer named it.
///
/// It is kept as long as its index is in use, so that an owner may compare pointers to know it again. Nothing of it is
/// verified: whoever finds a method by `hash` compares `name` before anything is decided by it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteMethod {
    /// The hash of the name, as the peer computed it.
    pub hash: u64,
    /// The mangled name.
    pub name: Box<str>,
    /// The shape.
    pub signature: Box<str>,
}

impl RemoteMethod {
    pub(crate) fn new(key: MethodKey<'_>) -> Arc<Self> {
        Arc::new(Self { hash: key.hash, name: key.name.into(), signature: key.signature.into() })
    }

    pub(crate) fn key(&self) -> MethodKey<'_> {
        MethodKey { hash: self.hash, name: &self.name, signature: &self.signature }
    }
}

/// The sender's table. When it is full, indices are defined anew in turn.
#[derive(Debug, Default)]
pub(crate) struct MethodsOut {
    indices: HashMap<u64, u32, BuildHasherDefault<AlreadyHashed>>,
    hashes: Vec<u64>,
    capacity: usize,
    next: usize,
}

/// Where a method stands in the sender's table.
pub(crate) enum Index {
    Defined(u32),
    /// The receiver has to be told first.
    New(u32),
}

impl MethodsOut {
    pub(crate) fn new(capacity: u32) -> Self {
        Self { capacity: capacity as usize, ..Self::default() }
    }

    #[inline]
    pub(crate) fn index(&mut self, hash: u64) -> Index {
        match self.indices.get(&hash) {
            Some(index) => Index::Defined(*index),
            None => Index::New(self.define(hash)),
        }
    }

    fn define(&mut self, hash: u64) -> u32 {
        // As long as the table is not full this is its end.
        let position = self.next;
        match self.hashes.get_mut(position) {
            Some(old) => {
                self.indices.remove(old);
                *old = hash;
            }
            None => self.hashes.push(hash),
        }
        self.next = position.saturating_add(1);
        if self.next >= self.capacity {
            self.next = 0;
        }
        let index = u32::try_from(position).unwrap_or(u32::MAX);
        self.indices.insert(hash, index);
        index
    }
}

/// The receiver's table, not larger than was announced.
#[derive(Debug, Default)]
pub(crate) struct MethodsIn {
    methods: Vec<Option<Arc<RemoteMethod>>>,
    capacity: u32,
}

impl MethodsIn {
    pub(crate) fn new(capacity: u32) -> Self {
        Self { methods: Vec::new(), capacity }
    }

    /// False if the index is beyond the table.
    pub(crate) fn define(&mut self, index: u32, key: MethodKey<'_>) -> bool {
        if index >= self.capacity {
            return false;
        }
        let position = index as usize;
        if position >= self.methods.len() {
            self.methods.resize(position.saturating_add(1), None);
        }
        if let Some(method) = self.methods.get_mut(position) {
            *method = Some(RemoteMethod::new(key));
        }
        true
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&Arc<RemoteMethod>> {
        self.methods.get(index as usize)?.as_ref()
    }
}

/// For keys that are hashes of this program's own names: hashing them again would be in vain.
#[derive(Debug, Default)]
pub(crate) struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        debug_assert!(false, "only numbers are hashed here");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn a_hash_is_its_own() {
        for hash in [0_u64, 1, 7, u64::MAX] {
            assert_eq!(BuildHasherDefault::<AlreadyHashed>::default().hash_one(hash), hash);
        }
    }
}
