//! Supervision trees: actors that start others, start them again when they crash, and give up in order when that does
//! not help.
//!
//! It knows no node and no wire: whatever it needs of the world is a method of `actor_core::SpawnSystem`. Users depend on
//! the facade crate, `distributed-actor`, which re-exports all of it under the feature `supervision`.

mod bell;
mod builder;
mod child;
mod cooperation;
mod engine;
mod factory;
mod intensity;
mod kid;
mod local;
mod managed;
mod nested;
mod orders;
mod picture;
mod policy;
mod remote;
mod report;
mod shared;
mod supervisor;
mod tree;

pub use self::{
    builder::{StartError, SupervisorBuilder},
    child::{Child, IntoChild},
    cooperation::{Cooperation, CooperationBuilder, Members, Notice, NoticeKind},
    factory::DynamicBuilder,
    policy::{AutoShutdown, Backoff, Queued, Restart, Shutdown, Strategy},
    report::{ChildCount, ChildInfo, ChildState},
    supervisor::{SupervisionSystem, Supervisor, SupervisorCodec, SupervisorMethods},
    tree::{ChildError, Tree},
};
