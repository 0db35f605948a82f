//! Which session's calls come first where a peer has connected again.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use actor_core::NodeId;
use tokio::sync::Notify;

/// A session's place among those with the same peer, of which each begins after the one before it.
///
/// What is left of an old connection may still be worked through when the peer calls over its next one: both have a
/// reader, and the old one's end may not be known yet. So a new session waits once until nothing of an older one is
/// being served, and an older one serves nothing more.
#[derive(Debug)]
pub(super) struct Rank {
    order: Arc<Order>,
    number: u64,
}

/// What the sessions with one peer have in common.
#[derive(Debug, Default)]
struct Order {
    next: AtomicU64,
    /// The last one that has come.
    newest: AtomicU64,
    /// In which some session serves what it has read.
    rounds: AtomicUsize,
    over: Notify,
}

/// In which a session serves what it has read.
pub(super) struct Round<'a> {
    rank: &'a Rank,
    is_last: bool,
}

/// Those of all peers with which there are links.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    orders: HashMap<NodeId, Weak<Order>>,
    /// With so many, those that nobody has any more are looked for.
    tidy_at: usize,
}

impl Ranks {
    /// The place behind all that there were.
    pub(super) fn next(&mut self, peer: NodeId) -> Rank {
        let known = self.orders.get(&peer).and_then(Weak::upgrade);
        let order = known.unwrap_or_else(|| {
            if self.orders.len() >= self.tidy_at {
                self.orders.retain(|_, order| order.strong_count() > 0);
                self.tidy_at = 2 * self.orders.len() + 16;
            }
            let order = Arc::<Order>::default();
            self.orders.insert(peer, Arc::downgrade(&order));
            order
        });
        let number = order.next.fetch_add(1, SeqCst) + 1;
        Rank { order, number }
    }
}

impl Rank {
    /// Waits until nothing of an older session is being served. From then on nothing of them is. Dropped, it has done
    /// the latter.
    pub(super) async fn comes(&self) {
        self.order.newest.fetch_max(self.number, SeqCst);
        loop {
            let mut over = pin!(self.order.over.notified());
            over.as_mut().enable();
            // Who begins a round from now on sees that there is a newer session.
            if self.order.rounds.load(SeqCst) == 0 {
                return;
            }
            over.await;
        }
    }

    pub(super) fn begin(&self) -> Round<'_> {
        self.order.rounds.fetch_add(1, SeqCst);
        Round { rank: self, is_last: self.is_last() }
    }

    fn is_last(&self) -> bool {
        self.order.newest.load(SeqCst) <= self.number
    }
}

impl Round<'_> {
    /// Whether there is no newer session: of an older one no call may begin.
    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        self.rank.order.rounds.fetch_sub(1, SeqCst);
        if !self.rank.is_last() {
            self.rank.order.over.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u128) -> NodeId {
        NodeId::from_bits(number)
    }

    #[tokio::test]
    async fn a_new_session_waits_until_nothing_of_the_old_one_is_served_and_then_nothing_more_is() {
        let mut ranks = Ranks::default();
        let (old, new, other) = (ranks.next(peer(1)), ranks.next(peer(1)), ranks.next(peer(2)));
        old.comes().await;
        let round = old.begin();
        assert!(round.is_last());
        // Other peers are no concern of it.
        other.comes().await;
        let mut coming = Box::pin(new.comes());
        std::future::poll_fn(|cx| {
            assert!(coming.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        let ((), ()) = tokio::join!(coming, async { drop(round) });
        assert!(new.begin().is_last());
        assert!(!old.begin().is_last());
    }

    #[test]
    fn peers_without_links_are_not_remembered() {
        let mut ranks = Ranks::default();
        let kept = ranks.next(peer(1));
        for number in 2..1000 {
            ranks.next(peer(number));
        }
        assert!(ranks.orders.len() < 40, "{}", ranks.orders.len());
        assert_eq!(ranks.next(peer(1)).number, kept.number + 1);
    }

    /// However the two meet: what the new one executes comes behind what the old one does.
    #[test]
    fn of_two_sessions_on_two_threads_the_old_one_is_served_first() {
        for _ in 0..2000 {
            let mut ranks = Ranks::default();
            let (old, new) = (ranks.next(peer(1)), ranks.next(peer(1)));
            let served = std::sync::Mutex::new(Vec::new());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let round = old.begin();
                        if round.is_last() {
                            served.lock().unwrap().push(1);
                        }
                    }
                });
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    runtime.block_on(new.comes());
                    served.lock().unwrap().push(2);
                });
            });
            assert!(served.lock().unwrap().is_sorted(), "{served:?}");
        }
    }
}
