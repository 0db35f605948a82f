//! Whose turn it is to shake hands: a limited number of connections at a time, and a fair share for each address.

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

use super::lock::lock;

/// Handshakes under way, and connections that wait for theirs, by remote address.
///
/// While all turns are taken, somebody from an address that has fewer of them than another one takes the oldest of that
/// one: whoever is slow, from however many connections, holds up those who come from where it does, and nobody else.
pub(super) struct Turns {
    at_once_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    having: usize,
    waiting: usize,
    addresses: HashMap<String, Visitors>,
}

/// Those of one address, each the longest first.
#[derive(Default)]
struct Visitors {
    having: VecDeque<(u64, watch::Sender<Stage>)>,
    waiting: VecDeque<(u64, watch::Sender<Stage>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Waits,
    Has,
    Lost,
}

/// One connection's turn, which ends when this is dropped.
pub(super) struct Turn {
    turns: Arc<Turns>,
    remote: String,
    number: u64,
    stage: watch::Receiver<Stage>,
}

impl Turns {
    pub(super) fn new(at_once_max: usize) -> Arc<Self> {
        Arc::new(Self { at_once_max, state: Mutex::default() })
    }

    /// Queues a connection from there.
    pub(super) fn queue(self: &Arc<Self>, remote: &str) -> Turn {
        let mut state = lock(&self.state);
        let number = state.next;
        state.next += 1;
        let (sender, stage) = watch::channel(Stage::Waits);
        let visitors = state.addresses.entry(remote.to_owned()).or_default();
        visitors.waiting.push_back((number, sender));
        let here = visitors.having.len();
        state.waiting += 1;
        if state.having < self.at_once_max || state.take_from_who_has_more_than(here + 1) {
            state.give(remote);
        }
        Turn { turns: self.clone(), remote: remote.to_owned(), number, stage }
    }
}

impl State {
    /// Ends the oldest turn of the address that has most of them, if it has more than that.
    fn take_from_who_has_more_than(&mut self, turns: usize) -> bool {
        // Of two with as many, the one that has had them longer: which one must not depend on a table's order.
        let having = self.addresses.values_mut().filter(|visitors| visitors.having.len() > turns);
        let most = having.max_by_key(|visitors| {
            (visitors.having.len(), visitors.having.front().map(|(number, _)| Reverse(*number)))
        });
        let Some((_, stage)) = most.and_then(|visitors| visitors.having.pop_front()) else { return false };
        stage.send_replace(Stage::Lost);
        self.having -= 1;
        true
    }

    /// To who has waited longest there.
    fn give(&mut self, remote: &str) {
        let Some(visitors) = self.addresses.get_mut(remote) else { return };
        let Some((number, stage)) = visitors.waiting.pop_front() else { return };
        stage.send_replace(Stage::Has);
        visitors.having.push_back((number, stage));
        self.waiting -= 1;
        self.having += 1;
    }

    /// To an address that has the fewest.
    fn give_to_somebody(&mut self) {
        if self.waiting == 0 {
            return;
        }
        let waiting = self.addresses.iter().filter_map(|(remote, visitors)| {
            let (number, _) = visitors.waiting.front()?;
            Some(((visitors.having.len(), *number), remote))
        });
        if let Some((_, remote)) = waiting.min() {
            let remote = remote.clone();
            self.give(&remote);
        }
    }
}

impl Turn {
    /// Waits until it has come. May be dropped and called again.
    pub(super) async fn comes(&mut self) {
        // The sender is kept until this is dropped, or says that the turn is lost.
        let _ = self.stage.wait_for(|stage| *stage != Stage::Waits).await;
    }

    /// Waits until somebody else has taken it. May be dropped and called again.
    pub(super) async fn is_lost(&mut self) {
        let _ = self.stage.wait_for(|stage| *stage == Stage::Lost).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut guard = lock(&self.turns.state);
        let state = &mut *guard;
        let Some(visitors) = state.addresses.get_mut(&self.remote) else { return };
        let (having, waiting) = (visitors.having.len(), visitors.waiting.len());
        visitors.having.retain(|(number, _)| *number != self.number);
        visitors.waiting.retain(|(number, _)| *number != self.number);
        let had = having > visitors.having.len();
        state.having -= usize::from(had);
        state.waiting -= waiting - visitors.waiting.len();
        if visitors.having.is_empty() && visitors.waiting.is_empty() {
            state.addresses.remove(&self.remote);
        }
        if had {
            state.give_to_somebody();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(turn: &Turn) -> Stage {
        *turn.stage.borrow()
    }

    #[test]
    fn turns_are_limited_and_go_on_in_order() {
        let turns = Turns::new(2);
        let [first, second, third, fourth] = [(); 4].map(|()| turns.queue("a"));
        assert_eq!([&first, &second, &third, &fourth].map(stage), [Stage::Has, Stage::Has, Stage::Waits, Stage::Waits]);
        drop(second);
        assert_eq!([&third, &fourth].map(stage), [Stage::Has, Stage::Waits]);
        drop(fourth);
        drop((first, third));
        let state = lock(&turns.state);
        assert_eq!((state.addresses.len(), state.having, state.waiting), (0, 0, 0));
    }

    #[test]
    fn who_has_many_turns_loses_the_oldest_to_who_has_fewer() {
        let turns = Turns::new(3);
        let many = [(); 5].map(|()| turns.queue("many"));
        let one = turns.queue("one");
        assert_eq!(stage(&one), Stage::Has);
        let stages = [Stage::Lost, Stage::Has, Stage::Has, Stage::Waits, Stage::Waits];
        assert_eq!(many.each_ref().map(stage), stages);
        // Two and one: another one would have as many as it takes from.
        let second = turns.queue("one");
        assert_eq!(stage(&second), Stage::Waits);
        let other = turns.queue("other");
        assert_eq!(stage(&other), Stage::Has);
        assert_eq!(stage(&many[1]), Stage::Lost);
        // Who has lost its turn gives none back.
        let [lost, _, third, ..] = many;
        drop(lost);
        assert_eq!((stage(&second), lock(&turns.state).having), (Stage::Waits, 3));
        drop(third);
        assert_eq!(lock(&turns.state).having, 3);
    }

    #[test]
    fn a_turn_that_ends_goes_to_the_address_that_has_the_fewest() {
        let turns = Turns::new(2);
        let (a, b) = (turns.queue("a"), turns.queue("b"));
        let (more_of_a, c) = (turns.queue("a"), turns.queue("c"));
        assert_eq!([&more_of_a, &c].map(stage), [Stage::Waits, Stage::Waits]);
        drop(b);
        assert_eq!([&more_of_a, &c].map(stage), [Stage::Waits, Stage::Has]);
        drop((a, c));
        assert_eq!(stage(&more_of_a), Stage::Has);
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_its_turn_and_of_its_loss() {
        let turns = Turns::new(1);
        let first = turns.queue("a");
        let mut second = turns.queue("a");
        let waiting = async {
            second.comes().await;
            second
        };
        let (mut second, ()) = tokio::join!(waiting, async { drop(first) });
        assert_eq!(stage(&second), Stage::Has);
        // One alone is never taken away; of two, one is.
        let other = turns.queue("b");
        assert_eq!(stage(&other), Stage::Waits);
        let wide = Turns::new(2);
        let [mut old, _new] = [(); 2].map(|()| wide.queue("a"));
        let _other = wide.queue("b");
        old.is_lost().await;
        second.comes().await;
    }
}
