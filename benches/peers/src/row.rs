//! The rows of the table, each with its goals.

/// What a contender is made to do, in a process of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// One caller, one call after the other.
    Sequential,
    /// 64 tasks that call the same actor.
    Callers,
    /// One task that sends without waiting for answers.
    Sends,
    /// Actors that are made and ended.
    Lives,
    /// Actors that do nothing.
    Memory,
    /// One call in flight to another process, both on one core.
    One,
    /// So many calls in flight to another process.
    Calls(usize),
    /// 16 calls in flight, with so many bytes there and back.
    Echo(usize),
    /// 64 calls in flight to another process, over the transport of that scheme.
    Over(&'static str),
    /// Small calls, alone and while large ones share the connection.
    Beside,
}

/// What was measured, by the rows' ids.
pub(crate) type Figures = Vec<(&'static str, f64)>;

pub(crate) struct Row {
    /// As `--only` and the child processes name it.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    pub(crate) work: Work,
    pub(crate) goals: &'static [Goal],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Less,
    More,
}

pub(crate) struct Goal {
    pub(crate) bound: Bound,
    pub(crate) against: Against,
}

/// With what ours has to be, by the figure that it is compared with.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// The other's figure by ours, for times.
    Faster(f64),
}

#[derive(Clone, Copy)]
pub(crate) enum Against {
    Contender(&'static str),
    FastestPeer,
    /// Our own figure in another row, which is called so.
    Row(&'static str, &'static str),
    /// The bound is the figure itself.
    Nothing,
}

const fn goal(bound: Bound, against: Against) -> Goal {
    Goal { bound, against }
}

use Against::{Contender, FastestPeer, Nothing};
use Better::{Less, More};
use Bound::{AtLeast, AtMost, Faster};

pub(crate) const LOCAL: &[Row] = &[
    Row {
        id: "local-call",
        title: "call of a short `fn`, one after the other",
        unit: "ns",
        better: Less,
        work: Work::Sequential,
        goals: &[goal(AtMost(1.0), Contender("tokio mutex")), goal(Faster(10.0), FastestPeer)],
    },
    Row {
        id: "local-callers",
        title: "64 tasks that call one actor",
        unit: "M/s",
        better: More,
        work: Work::Callers,
        goals: &[goal(AtLeast(3.0), FastestPeer)],
    },
    Row {
        id: "local-sends",
        title: "one-way sends",
        unit: "M/s",
        better: More,
        work: Work::Sends,
        goals: &[goal(AtLeast(1.0), Contender("tokio mpsc"))],
    },
    Row {
        id: "local-lives",
        title: "spawn and stop",
        unit: "us",
        better: Less,
        work: Work::Lives,
        goals: &[goal(AtMost(0.7), Nothing)],
    },
    Row {
        id: "local-memory",
        title: "memory of an idle actor and its reference",
        unit: "bytes",
        better: Less,
        work: Work::Memory,
        goals: &[goal(AtMost(400.0), Nothing)],
    },
];

pub(crate) const REMOTE: &[Row] = &[
    Row {
        id: "remote-1",
        title: "1 in flight, p50, both processes on one core",
        unit: "us",
        better: Less,
        work: Work::One,
        goals: &[goal(AtMost(1.05), Contender("multiplexer"))],
    },
    Row {
        id: "remote-64",
        title: "64 in flight",
        unit: "k/s",
        better: More,
        work: Work::Calls(64),
        goals: &[goal(AtLeast(2.0), Contender("multiplexer")), goal(AtLeast(6.0), Contender("tarpc"))],
    },
    Row {
        id: "remote-64-cpu",
        title: "64 in flight, processor time of both sides per call",
        unit: "us",
        better: Less,
        work: Work::Calls(64),
        goals: &[goal(AtMost(0.15), Contender("tarpc"))],
    },
    Row {
        id: "remote-1024",
        title: "1,024 in flight",
        unit: "k/s",
        better: More,
        work: Work::Calls(1024),
        goals: &[goal(AtLeast(1.7), Contender("multiplexer")), goal(AtLeast(10.0), Contender("tarpc"))],
    },
    Row {
        id: "remote-1024-cpu",
        title: "1,024 in flight, processor time of both sides per call",
        unit: "us",
        better: Less,
        work: Work::Calls(1024),
        goals: &[],
    },
    Row {
        id: "remote-64k",
        title: "64 KiB there and back, 16 in flight",
        unit: "GB/s",
        better: More,
        work: Work::Echo(64 << 10),
        goals: &[goal(AtLeast(1.0), Contender("multiplexer"))],
    },
    Row {
        id: "remote-1m",
        title: "1 MiB there and back, 16 in flight",
        unit: "GB/s",
        better: More,
        work: Work::Echo(1 << 20),
        goals: &[goal(AtLeast(1.0), Contender("multiplexer"))],
    },
    Row {
        id: "remote-alone",
        title: "small calls alone, p99",
        unit: "us",
        better: Less,
        work: Work::Beside,
        goals: &[],
    },
    Row {
        id: "remote-beside",
        title: "small calls while 1 MiB calls to another actor share the connection, p99",
        unit: "us",
        better: Less,
        work: Work::Beside,
        goals: &[goal(AtMost(3.0), Against::Row("remote-alone", "its figure without them"))],
    },
];

pub(crate) const OVER: &[Row] = &[
    over("over-unix", "64 in flight over Unix sockets", "unix", &[goal(AtLeast(1.0), PLAIN_TCP)]),
    over("over-tls", "64 in flight over TLS", "tls", &[goal(AtLeast(0.8), PLAIN_TCP)]),
    over("over-quic", "64 in flight over QUIC", "quic", &[]),
    over("over-ws", "64 in flight over WebSocket", "ws", &[goal(AtLeast(0.5), PLAIN_TCP)]),
];

const PLAIN_TCP: Against = Against::Row("remote-64", "plain TCP");

const fn over(id: &'static str, title: &'static str, scheme: &'static str, goals: &'static [Goal]) -> Row {
    Row { id, title, unit: "k/s", better: More, work: Work::Over(scheme), goals }
}

pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    LOCAL.iter().chain(REMOTE).chain(OVER)
}
