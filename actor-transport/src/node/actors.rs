//! The actors of a node, by their instance numbers.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use actor_core::{AnyLocal, WeakAnyLocal};
use tokio::sync::Notify;

use super::{Node, lock::lock};

/// Parts of the table with a lock of their own: enough for the threads that spawn and look up at once.
const SHARDS: usize = 16;

/// Holds every ready actor, weakly.
#[derive(Default)]
pub(super) struct Actors {
    shards: [Mutex<Shard>; SHARDS],
    count: AtomicUsize,
    emptied: Notify,
}

/// Actors by instance number.
pub(super) type Shard = HashMap<u64, WeakAnyLocal<Node>, BuildHasherDefault<InstanceHasher>>;

impl Actors {
    pub(super) fn insert(&self, instance: u64, actor: WeakAnyLocal<Node>) {
        if self.shard(instance).insert(instance, actor).is_none() {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn remove(&self, instance: u64) {
        let removed = self.shard(instance).remove(&instance);
        if removed.is_some() && self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.emptied.notify_waiters();
        }
    }

    pub(super) fn get(&self, instance: u64) -> Option<AnyLocal<Node>> {
        let weak = self.shard(instance).get(&instance).cloned();
        weak?.upgrade()
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(super) fn all(&self) -> Vec<AnyLocal<Node>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            all.extend(shard.values().filter_map(WeakAnyLocal::upgrade));
        }
        all
    }

    pub(super) async fn all_ended(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn shard(&self, instance: u64) -> MutexGuard<'_, Shard> {
        #[allow(clippy::indexing_slicing, reason = "the remainder is below the number of shards")]
        let shard = &self.shards[instance as usize % SHARDS];
        lock(shard)
    }
}

/// Instance numbers count up from one: multiplied by an odd constant they fill a table evenly.
#[derive(Default)]
pub(super) struct InstanceHasher(u64);

impl Hasher for InstanceHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, instance: u64) {
        self.0 = (self.0 ^ instance).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
