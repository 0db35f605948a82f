//! Tests for distributed actors.
//!
//! - Without a socket: a [`Network`] of nodes in one process, in virtual time, repeatable from a seed.
//! - For who writes an actor system: the [`contract`] that every one must keep.
//! - For who writes a transport: the [`conformance!`] suite, which each one has to pass, and [`Faulty`], which breaks the
//!   connections of any transport at any byte.
//! - For who wants to see a program in bad company: a [`RawPeer`] that speaks frames by hand, a
//!   [`TcpProxy`] that cuts, stalls and delays, [`poll_then_drop`] for cancelling a future at each of its steps, a count
//!   of the [`Heap`], and the [`Invariants`] that have to hold after all of this.

pub mod conformance;
pub mod contract;
mod faulty;
mod heap;
mod invariants;
pub mod loopback;
mod network;
mod poll_then_drop;
mod proxy;
mod raw_peer;
mod scenario;

/// What a [`RawPeer`] is made to say: frames, hellos, and the rules that a node keeps.
pub use actor_transport::protocol;

pub use self::{
    conformance::TransportUnderTest,
    contract::SystemUnderTest,
    faulty::{Fault, Faults, Faulty, Way},
    heap::Heap,
    invariants::{
        Baseline, Entry, Invariants, Ledger, LogLines, NotAtRest, Panics, Tally, Violation, alone,
        alone_in_virtual_time,
    },
    loopback::LoopbackSystem,
    network::{Held, Network, Probe, Received},
    poll_then_drop::{at_every_poll, poll_then_drop},
    proxy::{Direction, TcpProxy},
    raw_peer::{RawFrame, RawPeer, RawPeerError},
    scenario::{BrokenScenario, Scenario, ScenarioReport},
};

/// What [`count_heap!`] refers to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::heap::{COUNTING_ALLOCATOR, CountingAllocator};
}
