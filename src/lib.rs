//! Distributed actors: annotate an impl, and call it from any process.
//!
//! ```
//! use distributed_actor::{distributed_actor, ActorRef, Node};
//!
//! struct Greeter {
//!     greeting: String,
//! }
//!
//! #[distributed_actor]
//! impl Greeter {
//!     /// Runs on whichever node the greeter lives on.
//!     #[distributed]
//!     fn hello(&mut self, name: String) -> String {
//!         format!("{}, {name}!", self.greeting)
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Node::builder().listen("tcp://127.0.0.1:0").start().await?;
//! let greeter = server.spawn(Greeter { greeting: "Hello".into() });
//! server.register("greeter", &greeter)?;
//!
//! let client = Node::builder().start().await?;
//! let greeter: ActorRef<Greeter> = client.lookup(server.address(), "greeter").await?;
//! assert_eq!(greeter.hello("world".into()).await?, "Hello, world!");
//! # Ok(())
//! # }
//! ```

#[allow(deprecated)]
pub use actor_core::ConnectionLost;
pub use actor_core::{
    ActorId, ActorRef, ActorSystem, AnyLocal, Arguments, As, BoxFuture, Bytes, Call, CallError, CallFuture, CallResult,
    CallScope, Callable, Caller, CancelToken, Cast, Cause, ChainLink, Codec, CodecError, Constructed, Constructor,
    ConstructorEntry, Context, DeadLetter, Decide, DecodeContext, DecodeLimits, DecoderOf, DistributedActor,
    EncodeBuffer, Entry, Exit, ExitReason, FailureOf, Group, HandlerOf, HearsOfEnds, IdOf, Identity, IncomingCall,
    InvocationDecoder, InvocationEncoder, Keeper, LinkSignal, Local, Locality, Method, MethodInfo, Monitor,
    NetworkError, Never, NodeId, NotResult, Orphan, Outcome, Overflow, Pace, Parameter, ParseIdError,
    ParseTraceParentError, Postcard, Probe, Proxy, RemoteCall, Reply, RequirementOf, ResultHandler, Returned, Segments,
    Settings, Spawn, SpawnOptions, SpawnSystem, Started, SystemError, SystemFailure, Target, Terminated, Termination,
    ThrownOf, Timer, TraceParent, ValueOf, WeakAnyLocal, WeakLocal, WeakRef, broadcast, distributed, distributed_actor,
    execute_distributed_target, spawn, spawn_with, try_spawn_with,
};
pub use actor_transport::{
    Address, Cluster, Connection, ErrorPolicy, IntoAddress, Limits, LimitsError, Listener, Node, NodeBuilder,
    PeerIdentity, PeerInfo, Proof, Receiver, Refusal, RefusedConnection, RefusedReason, Sender, Transport,
    TransportError, stream_connection,
};
/// Supervision trees: actors that start others, and start them again when they crash.
#[cfg(feature = "supervision")]
pub mod supervision {
    pub use actor_supervision::{
        AutoShutdown, Backoff, Child, ChildCount, ChildError, ChildInfo, ChildState, Cooperation, CooperationBuilder,
        DynamicBuilder, IntoChild, Members, Notice, NoticeKind, Queued, Restart, Shutdown, StartError, Strategy,
        SupervisionSystem, Supervisor, SupervisorBuilder, SupervisorCodec, SupervisorMethods, Tree,
    };
}

/// The cluster that a node belongs to: what [`Node::cluster`] gives, and what it takes to find members in another way.
pub mod cluster {
    #[cfg(feature = "cluster")]
    pub use actor_cluster::{Claim, DnsName, Gossip, Key, LeastLoaded, Listing, Registry, Router, Singleton, Times};
    pub use actor_transport::cluster::{
        ByKey, Cluster, ClusterEvent, ClusterEvents, ClusterView, Discovery, Host, Labels, Member, MemberState,
        Membership, Named, News, Placement, RandomMember, WaitError, WithLabel,
    };
}

#[cfg(feature = "memory")]
pub use transport_memory::MemoryTransport;
#[cfg(feature = "quic")]
pub use transport_quic::QuicTransport;
#[cfg(feature = "tcp")]
pub use transport_tcp::TcpTransport;
#[cfg(feature = "tls")]
pub use transport_tls::TlsTransport;
#[cfg(all(feature = "unix", unix))]
pub use transport_unix::UnixTransport;
#[cfg(feature = "websocket")]
pub use transport_websocket::WebSocketTransport;

/// Certificates, for the transports `tls`, `wss` and `quic`.
#[cfg(any(feature = "tls", feature = "quic", feature = "development-ca"))]
pub mod security {
    pub use transport_security::{CertificateError, Identity, PeerCertificate, Tls, Trust};
    #[cfg(feature = "development-ca")]
    pub use transport_security::{DevelopmentCa, IssuedCertificate};
}

#[cfg(feature = "signal")]
pub mod signal;

/// What the code that `#[distributed_actor]` emits refers to. Not for use by hand.
#[doc(hidden)]
pub mod __macro {
    pub use actor_core::__macro::*;
    pub use actor_transport::Node as DefaultSystem;
}

#[cfg(feature = "memory")]
actor_transport::__private::inventory::submit! {
    actor_transport::DefaultTransport(|| std::sync::Arc::new(MemoryTransport::shared()))
}

#[cfg(feature = "tcp")]
actor_transport::__private::inventory::submit! {
    actor_transport::DefaultTransport(|| std::sync::Arc::new(TcpTransport::new()))
}

#[cfg(all(feature = "unix", unix))]
actor_transport::__private::inventory::submit! {
    actor_transport::DefaultTransport(|| std::sync::Arc::new(UnixTransport::new()))
}

#[cfg(feature = "websocket")]
actor_transport::__private::inventory::submit! {
    actor_transport::DefaultTransport(|| std::sync::Arc::new(WebSocketTransport::new()))
}

#[cfg(feature = "cluster")]
actor_transport::__private::inventory::submit! {
    actor_transport::cluster::DefaultMembership(|| std::sync::Arc::new(cluster::Gossip::new()))
}

/// The README's program is compiled and run with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// So are the programs of the guide to testing.
#[cfg(doctest)]
#[doc = include_str!("../docs/testing.md")]
struct Testing;

/// So is the example of the macro's, which cannot depend on this crate.
#[cfg(doctest)]
#[doc = include_str!("../actor-macros/src/reentrant.md")]
struct Reentrant;

/// And those of `Group` and `Locality`.
#[cfg(doctest)]
#[doc = include_str!("../actor-core/src/group.md")]
#[doc = include_str!("../actor-core/src/local/locality.md")]
struct Examples;
