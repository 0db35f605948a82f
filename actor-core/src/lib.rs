//! The model of `distributed-actor`: what an actor, a reference, a call and an actor system are, and how actors
//! run in one process.
//!
//! This crate knows no socket, no wire and no cluster. Users depend on the facade crate, `distributed-actor`,
//! which re-exports all of it; who writes an actor system of their own needs nothing else either.

mod assertions;
mod call;
mod cast;
mod codec;
mod constructor;
mod context;
mod dead_letter;
mod error;
mod exit;
mod group;
mod hash;
mod hooks;
mod identity;
mod invocation;
mod link;
mod local;
mod method;
mod method_info;
mod reference;
mod reply;
mod scope;
mod settings;
mod start;
mod system;
mod target;
mod terminated;
mod trace;

pub use actor_macros::{distributed, distributed_actor};
/// The byte string of [`Codec`], which is sent without a copy.
pub use bytes::Bytes;

#[allow(deprecated)]
pub use self::error::ConnectionLost;
pub use self::{
    call::{Call, CallFuture},
    cast::Cast,
    codec::{Codec, CodecError, DecodeContext, DecodeLimits, EncodeBuffer, Postcard, Segments},
    constructor::{Constructed, Constructor, ConstructorEntry},
    context::{Caller, Context},
    dead_letter::DeadLetter,
    error::{CallError, NetworkError, Never, Outcome, SystemError, SystemFailure},
    exit::{Cause, Exit, ExitReason},
    group::{Group, broadcast},
    hooks::{HearsOfEnds, Monitor},
    identity::{ActorId, NodeId, ParseIdError},
    invocation::{Arguments, InvocationDecoder, InvocationEncoder, ResultHandler},
    link::LinkSignal,
    local::{
        AnyLocal, CancelToken, Decide, IncomingCall, Keeper, Local, Locality, Overflow, Pace, SpawnOptions, Timer,
        WeakAnyLocal, WeakLocal, contain, execute_distributed_target, later, spawn, spawn_with, try_spawn_with,
    },
    method::{
        CallResult, Callable, DecoderOf, DistributedActor, Entry, FailureOf, HandlerOf, IdOf, Method, Proxy,
        RequirementOf, Returned, ThrownOf, ValueOf,
    },
    method_info::{MethodInfo, Parameter},
    reference::{ActorRef, Termination, WeakRef},
    reply::{As, NotResult, Probe, Reply},
    scope::{CallScope, ChainLink},
    settings::Settings,
    start::{Orphan, Spawn, SpawnSystem, Started},
    system::{ActorSystem, BoxFuture, Identity, RemoteCall},
    target::Target,
    terminated::Terminated,
    trace::{ParseTraceParentError, TraceParent},
};

/// What the code that `#[distributed_actor]` emits refers to. Not for use by hand.
#[doc(hidden)]
pub mod __macro {
    pub use inventory;

    pub use crate::{
        ActorRef, As, Call, Callable, Codec, Constructed, Constructor, ConstructorEntry, Context, DistributedActor,
        Entry, ExitReason, IdOf, Method, MethodInfo, NotResult, Parameter, Probe, Proxy, Reply, RequirementOf,
        Returned, Spawn, Target, Terminated,
        assertions::{
            Carried, Check, Checked, CodecOf, ContextParameter, ReentrantState, RequirementIn, SharedState,
            assert_new_name,
        },
        constructor::RegisteredConstructor,
        hooks::{HearsOfEnds, StartOutcome},
        local::{SharedWork, lend},
        method::SharedMethod,
        method_info::{MethodParts, Registered},
    };
}
