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
    /// Small calls over the transport of that scheme, alone and while eight transfers of 16 MiB share the connection.
    BesideOver(&'static str),
    /// Small calls beside large ones, over the transport of that scheme, where packets are lost.
    Lossy(&'static str),
    /// Connections over TLS, as many as the other side can take.
    Handshakes,
    /// Connections over TLS one after the other, alone and while a thousand slow ones are being made.
    Slow,
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
    /// The figure of a contender in another row.
    Cell(&'static str, &'static str),
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
    over(
        "over-quic",
        "64 in flight over QUIC",
        "quic",
        &[
            goal(AtLeast(3.5), Contender("quinn, a stream for each call")),
            goal(AtLeast(3.0), Against::Cell("remote-64", "tarpc")),
        ],
    ),
    over("over-ws", "64 in flight over WebSocket", "ws", &[goal(AtLeast(0.5), PLAIN_TCP)]),
    alone("alone-tcp", "small calls over TCP, p99", "tcp"),
    beside("beside-tcp", "the same beside 8 transfers of 16 MiB on the connection", "tcp", &[beside_goal("alone-tcp")]),
    alone("alone-unix", "small calls over Unix sockets, p99", "unix"),
    beside("beside-unix", "the same beside 8 transfers of 16 MiB", "unix", &[beside_goal("alone-unix")]),
    alone("alone-tls", "small calls over TLS, p99", "tls"),
    beside("beside-tls", "the same beside 8 transfers of 16 MiB", "tls", &[beside_goal("alone-tls")]),
    alone("alone-quic", "small calls over QUIC, p99", "quic"),
    beside("beside-quic", "the same beside 8 transfers of 16 MiB", "quic", &[beside_goal("alone-quic")]),
    alone("alone-ws", "small calls over WebSocket, p99", "ws"),
    beside("beside-ws", "the same beside 8 transfers of 16 MiB", "ws", &[beside_goal("alone-ws")]),
    lossy("loss-tcp", "small calls beside 1 MiB calls over TCP, 2 % of packets lost, p99", "tcp", &[]),
    lossy(
        "loss-quic",
        "small calls beside 1 MiB calls over QUIC, 2 % of packets lost, p99",
        "quic",
        &[goal(AtMost(1.0), Against::Row("loss-tcp", "TCP"))],
    ),
    Row {
        id: "handshakes",
        title: "connections over mutual TLS that an acceptor takes, for each second of its processor time",
        unit: "1/s",
        better: More,
        work: Work::Handshakes,
        goals: &[goal(AtLeast(500.0), Nothing)],
    },
    Row { id: "connect", title: "to connect over TLS, p50", unit: "us", better: Less, work: Work::Slow, goals: &[] },
    Row {
        id: "connect-slow",
        title: "to connect over TLS while 1,000 slow handshakes from 20 addresses are under way, p50",
        unit: "us",
        better: Less,
        work: Work::Slow,
        goals: &[goal(AtMost(1.5), Against::Row("connect", "its figure without them"))],
    },
];

/// Over one of our transports, with these goals.
const fn latency(id: &'static str, title: &'static str, work: Work, goals: &'static [Goal]) -> Row {
    Row { id, title, unit: "us", better: Less, work, goals }
}

const fn alone(id: &'static str, title: &'static str, scheme: &'static str) -> Row {
    beside(id, title, scheme, &[])
}

const fn beside(id: &'static str, title: &'static str, scheme: &'static str, goals: &'static [Goal]) -> Row {
    latency(id, title, Work::BesideOver(scheme), goals)
}

const fn beside_goal(alone: &'static str) -> Goal {
    goal(AtMost(3.0), Against::Row(alone, "its figure without them"))
}

const fn lossy(id: &'static str, title: &'static str, scheme: &'static str, goals: &'static [Goal]) -> Row {
    latency(id, title, Work::Lossy(scheme), goals)
}

const PLAIN_TCP: Against = Against::Row("remote-64", "plain TCP");

const fn over(id: &'static str, title: &'static str, scheme: &'static str, goals: &'static [Goal]) -> Row {
    Row { id, title, unit: "k/s", better: More, work: Work::Over(scheme), goals }
}

/// The rows of that work, in order.
pub(crate) fn of(work: Work) -> impl Iterator<Item = &'static Row> {
    all().filter(move |row| row.work == work)
}

pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    LOCAL.iter().chain(REMOTE).chain(OVER)
}
