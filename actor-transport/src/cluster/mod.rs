//! The cluster as a node sees it. Who its members are, a [`Membership`] finds out; this is what it tells, and what the
//! node lends it.

mod board;
mod discovery;
mod event;
mod handle;
mod member;
mod membership;
mod placement;
mod view;
mod watched;

pub(crate) use self::{board::Board, discovery::Contained};
pub use self::{
    discovery::Discovery,
    event::{ClusterEvent, ClusterEvents},
    handle::{Cluster, WaitError},
    member::{Labels, Member, MemberState},
    membership::{DefaultMembership, Host, Membership, News},
    placement::{ByKey, Placement, RandomMember, WithLabel},
    view::{ClusterView, Named},
    watched::Watched,
};
