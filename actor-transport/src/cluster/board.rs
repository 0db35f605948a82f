//! Where a membership posts its view, and everybody else reads it.

use std::{
    any::Any,
    sync::{Arc, Mutex, OnceLock},
};

use actor_core::NodeId;
use tokio::sync::watch;

use super::{
    member::{Labels, Member, MemberState},
    view::ClusterView,
};
use crate::{Address, node::lock};

/// Departed members that a view remembers.
const DEPARTED_MAX: usize = 256;

pub(crate) struct Board {
    own: Member,
    /// What the membership lets users have beside the view.
    pub(super) lent: OnceLock<Arc<dyn Any + Send + Sync>>,
    /// None when the node has ended.
    sender: Mutex<Option<watch::Sender<ClusterView>>>,
    views: watch::Receiver<ClusterView>,
}

impl Board {
    pub(crate) fn new(own: NodeId, name: String, addresses: Vec<Address>, labels: Labels) -> Self {
        let own = Member::new(own, name, addresses, labels, MemberState::Alive);
        let (sender, views) = watch::channel(ClusterView::new(own.id(), vec![own.clone()], Vec::new()));
        Self { own, lent: OnceLock::new(), sender: Mutex::new(Some(sender)), views }
    }

    pub(crate) fn own(&self) -> &Member {
        &self.own
    }

    pub(crate) fn view(&self) -> ClusterView {
        self.views.borrow().clone()
    }

    pub(crate) fn views(&self) -> watch::Receiver<ClusterView> {
        self.views.clone()
    }

    /// Posts all other members there are; the own one is added.
    pub(crate) fn post(&self, mut members: Vec<Member>, mut departed: Vec<Member>) {
        let sender = lock(&self.sender);
        let Some(sender) = &*sender else { return };
        // What is posted late: the membership ends when it has told the others.
        if sender.borrow().has_left() {
            return;
        }
        members.retain(|member| member.id() != self.own.id());
        members.push(self.own.clone());
        let excess = departed.len().saturating_sub(DEPARTED_MAX);
        departed.drain(..excess);
        let view = ClusterView::new(self.own.id(), members, departed);
        sender.send_if_modified(|posted| {
            let is_new = *posted != view;
            if is_new {
                *posted = view;
            }
            is_new
        });
    }

    /// The node is no member any more.
    pub(crate) fn leave(&self) {
        if let Some(sender) = &*lock(&self.sender) {
            sender.send_modify(|view| *view = ClusterView::of_leaver(self.own.clone(), view.departed().to_vec()));
        }
    }

    /// The node has ended: whoever waits is told.
    pub(crate) fn close(&self) {
        *lock(&self.sender) = None;
    }
}
