//! Actors that start together, or not at all, and end together.

mod builder;
mod engine;
mod handle;
mod member;
mod notice;
mod shared;
mod supervised;
mod warden;

pub use self::{
    builder::CooperationBuilder,
    handle::Cooperation,
    member::Members,
    notice::{Notice, NoticeKind},
};
