//! One file for each contender. How each one is set up is said in `docs/benchmarks.md`.

mod channel;
mod distributed_actor;
#[cfg(feature = "peers")]
mod kameo;
mod multiplexer;
mod mutex;
#[cfg(feature = "transports")]
mod over;
#[cfg(feature = "transports")]
mod quinn;
#[cfg(feature = "peers")]
mod ractor;
#[cfg(feature = "peers")]
mod ractor_cluster;
mod raw;
#[cfg(feature = "peers")]
mod tarpc;
#[cfg(feature = "peers")]
pub(crate) mod tonic;
#[cfg(feature = "peers")]
mod xtra;

use crate::contender::{Contender, Kind};

/// All of them, in the order of the table's columns.
pub(crate) fn all() -> Vec<Contender> {
    let ours = Contender::new(Kind::Ours, "distributed-actor")
        .actor::<distributed_actor::Near>()
        .remote::<distributed_actor::Far>();
    #[cfg(feature = "transports")]
    let ours = ours.over::<over::Over>();
    #[cfg_attr(not(any(feature = "peers", feature = "transports")), expect(unused_mut))]
    let mut all = vec![
        ours,
        Contender::new(Kind::Floor, "tokio mutex").service::<mutex::Mutex>(),
        Contender::new(Kind::Floor, "tokio mpsc").actor::<channel::Channel>(),
        Contender::new(Kind::Floor, "raw TCP").remote::<raw::Raw>().in_flight_max(1),
        Contender::new(Kind::Floor, "multiplexer").remote::<multiplexer::Multiplexer>(),
    ];
    #[cfg(feature = "transports")]
    all.extend([
        Contender::new(Kind::Floor, "quinn, a stream for each call").over_alone::<quinn::Streams>("quic"),
        Contender::new(Kind::Floor, "quinn, multiplexer").over_alone::<quinn::Multiplexer>("quic"),
    ]);
    #[cfg(feature = "peers")]
    all.extend([
        Contender::new(Kind::Peer, "xtra").actor::<xtra::Near>(),
        Contender::new(Kind::Peer, "ractor").actor::<ractor::Near>(),
        Contender::new(Kind::Peer, "tarpc").remote::<tarpc::Far>(),
        Contender::new(Kind::Peer, "tonic").remote::<tonic::Far>(),
        Contender::new(Kind::Peer, "ractor_cluster").remote::<ractor_cluster::Far>(),
        Contender::new(Kind::Peer, "kameo")
            .actor::<kameo::Near>()
            .remote::<kameo::Far>()
            .in_flight_max(kameo::IN_FLIGHT_MAX),
    ]);
    all
}
