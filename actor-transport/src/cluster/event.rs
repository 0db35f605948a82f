//! What changes in a cluster.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use tokio::sync::watch;

use super::{
    member::{Member, MemberState},
    view::ClusterView,
    watched::Watched,
};

/// One change of a cluster, as a node sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterEvent {
    /// All there was when the events began: the first one.
    Snapshot(ClusterView),
    /// There is one more member.
    Joined(Member),
    /// It is otherwise with a member than it was.
    Changed {
        /// The member as it is now.
        member: Member,
        /// The state that it was in.
        was: MemberState,
    },
    /// It is a member no more; its state says why.
    Departed(Member),
}

/// The changes of a cluster, one after the other, beginning with all there is: a [`Stream`], which ends when the node
/// leaves the cluster, or ends. Of those it leaves behind it tells nothing more: they go on.
///
/// Whoever is slow misses states in between, and never the last one: what there is to tell is the difference between
/// what was told and what is, so that nothing piles up.
#[derive(Debug)]
pub struct ClusterEvents {
    views: Watched<ClusterView>,
    told: ClusterView,
    events: VecDeque<ClusterEvent>,
}

impl ClusterEvents {
    pub(super) fn new(views: watch::Receiver<ClusterView>) -> Self {
        let mut views = Watched::new(views);
        let told = views.latest();
        Self { events: VecDeque::from([ClusterEvent::Snapshot(told.clone())]), views, told }
    }

    /// The next event, without a trait in scope. None when the node has left the cluster, or has ended.
    ///
    /// # Cancel safety
    /// Dropped half-way, it has taken nothing.
    pub async fn next(&mut self) -> Option<ClusterEvent> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<ClusterEvent>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(Some(event));
            }
            let view = self.views.latest();
            // That the others stand in it no more is no news of them.
            if view.has_left() {
                return Poll::Ready(None);
            }
            self.events = difference(&self.told, &view);
            self.told = view;
            if self.events.is_empty() && !ready!(self.views.poll_changed(cx)) {
                return Poll::Ready(None);
            }
        }
    }
}

impl Stream for ClusterEvents {
    type Item = ClusterEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ClusterEvent>> {
        self.get_mut().poll_event(cx)
    }
}

/// What has to be told to who knows `old`: departures first, so that a successor comes after whom it replaces.
fn difference(old: &ClusterView, new: &ClusterView) -> VecDeque<ClusterEvent> {
    let mut events = VecDeque::new();
    for gone in old.members().iter().filter(|member| new.get(member.id()).is_none()) {
        let departed = new.departed().iter().rfind(|departed| departed.id() == gone.id());
        let departed = departed.cloned().unwrap_or_else(|| gone.with_state(MemberState::Dead));
        events.push_back(ClusterEvent::Departed(departed));
    }
    for member in new.members() {
        match old.get(member.id()) {
            None => events.push_back(ClusterEvent::Joined(member.clone())),
            Some(known) if known.state() != member.state() => {
                events.push_back(ClusterEvent::Changed { member: member.clone(), was: known.state() });
            }
            Some(_) => {}
        }
    }
    events
}
