//! What goes wrong on a network.

use std::{task::Waker, time::Duration};

use actor_transport::{Node, NodeBuilder};

use super::{Network, State, place};

impl Network {
    /// From now on nothing arrives between the two, in either direction. What is on its way is held back, as TCP would
    /// send it again, until [`heal`](Self::heal); new connections wait.
    pub fn partition(&self, one: &Node, other: &Node) {
        self.cut(one, other);
        self.cut(other, one);
    }

    /// From now on nothing that `from` sends arrives at `to`.
    pub fn cut(&self, from: &Node, to: &Node) {
        let mut state = self.lock();
        let cut = (place(from), place(to));
        if !state.cut.contains(&cut) {
            state.cut.push(cut);
        }
    }

    /// Ends all partitions. What was held back arrives.
    pub fn heal(&self) {
        self.change(|state| {
            state.cut.clear();
            state.cables.take_wakers()
        });
    }

    /// What is sent from now on takes this long to arrive. Zero at first.
    pub fn latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// The same for what one node sends to another one.
    pub fn latency_between(&self, from: &Node, to: &Node, latency: Duration) {
        self.lock().lines.entry(&place(from), &place(to)).latency = Some(latency);
    }

    /// What is sent from now on takes up to this much longer, as the seed says. Order is kept.
    pub fn jitter(&self, jitter: Duration) {
        self.lock().jitter = jitter;
    }

    /// From now on at most so many bytes go from one node to another in a second; none: as many as there are.
    pub fn bandwidth(&self, from: &Node, to: &Node, bytes_per_second: Option<u64>) {
        self.lock().lines.entry(&place(from), &place(to)).bytes_per_second = bytes_per_second;
    }

    /// Breaks all connections between the two, as a reset would.
    pub fn reset(&self, one: &Node, other: &Node) {
        self.change(|state| state.cables.reset(&place(one), &place(other)));
    }

    /// Breaks each connection that there is between the two when so many more bytes have gone over it in that direction,
    /// to the byte.
    pub fn break_after(&self, from: &Node, to: &Node, bytes: u64) {
        self.change(|state| {
            state.cables.break_after(&place(from), &place(to), bytes);
            state.cables.take_wakers()
        });
    }

    /// The node does not move: nothing arrives at it, and nothing of it anywhere, until it is
    /// [resumed](Self::resume). Peers see what they see of a process that is stopped; its own timers run on, which only it
    /// could notice.
    pub fn pause(&self, node: &Node) {
        self.lock().paused.insert(place(node));
    }

    /// Ends a pause.
    pub fn resume(&self, node: &Node) {
        self.change(|state| {
            state.paused.remove(&place(node));
            state.cables.take_wakers()
        });
    }

    /// Ends a node without a word, as a process that is killed: its connections break, its actors end, and nothing of it
    /// goes out any more. Where it was nobody listens, until it is [restarted](Self::restart).
    pub fn crash(&self, node: &Node) {
        let place = place(node);
        self.started_nodes().retain(|other| other.id() != node.id());
        self.change(|state| {
            // What it still has of the network is that of another time.
            *state.started.entry(place.clone()).or_default() += 1;
            state.paused.remove(&place);
            state.cables.stop_listening(&place);
            state.cables.isolate(&place)
        });
        node.close();
    }

    /// Starts a new node where another one was that has crashed or shut down: of the same name, at the same address, with
    /// another id.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn restart(&self, node: &Node) -> Node {
        self.restart_with(node, |builder| builder).await
    }

    /// The same, set up further by `build`.
    ///
    /// # Panics
    /// Outside a tokio runtime, or when `build` sets up something that cannot start.
    pub async fn restart_with(&self, node: &Node, build: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Node {
        self.started_nodes().retain(|other| other.id() != node.id());
        self.start(place(node), build).await
    }

    fn change(&self, change: impl FnOnce(&mut State) -> Vec<Waker>) {
        let wakers = change(&mut self.lock());
        for waker in wakers {
            waker.wake();
        }
    }
}
