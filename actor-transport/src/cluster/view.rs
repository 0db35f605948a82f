//! All members at one time.

use std::{fmt, ops::Deref, sync::Arc};

use actor_core::NodeId;

use super::member::{Member, MemberState};

/// The members of a cluster as one node saw them at one time, itself among them. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterView {
    content: Arc<Content>,
}

#[derive(PartialEq, Eq)]
struct Content {
    own: NodeId,
    /// By id.
    members: Vec<Member>,
    /// The last ones that are members no more, the latest at the end.
    departed: Vec<Member>,
    /// The node has left the cluster: it is alone from now on.
    has_left: bool,
}

impl ClusterView {
    pub(crate) fn new(own: NodeId, mut members: Vec<Member>, departed: Vec<Member>) -> Self {
        members.sort_unstable_by_key(Member::id);
        members.dedup_by_key(|member| member.id());
        Self { content: Arc::new(Content { own, members, departed, has_left: false }) }
    }

    /// The last one that a node has, which is in no cluster any more: of the others it says nothing.
    pub(crate) fn of_leaver(own: Member, departed: Vec<Member>) -> Self {
        Self { content: Arc::new(Content { own: own.id(), members: vec![own], departed, has_left: true }) }
    }

    pub(crate) fn has_left(&self) -> bool {
        self.content.has_left
    }

    /// The node whose view this is.
    #[must_use]
    pub fn own_id(&self) -> NodeId {
        self.content.own
    }

    /// The members, by id.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.content.members
    }

    /// The members but for the node whose view this is, by id.
    pub fn others(&self) -> impl Iterator<Item = &Member> {
        self.members().iter().filter(|member| member.id() != self.own_id())
    }

    /// Those that were members, and are so no more: the last ones, at most 256, the latest at the end.
    #[must_use]
    pub fn departed(&self) -> &[Member] {
        &self.content.departed
    }

    /// The member with that id.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Member> {
        let position = self.members().binary_search_by_key(&id, Member::id).ok()?;
        self.members().get(position)
    }

    /// The member with that name. Of several, which [`Named::is_unique`] tells, one that is alive, and of those the one
    /// with the smallest id.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Named<'_>> {
        let mut all: Vec<_> = self.members().iter().filter(|member| member.name() == name).collect();
        all.sort_by_key(|member| member.state());
        let first = *all.first()?;
        Some(Named { first, all })
    }

    /// The members with that label.
    pub fn labeled<'a>(&'a self, key: &'a str, value: &'a str) -> impl Iterator<Item = &'a Member> {
        self.members().iter().filter(move |member| member.labels().get(key).is_some_and(|of| of == value))
    }

    /// How many members are alive, the node itself included.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.members().iter().filter(|member| member.state() == MemberState::Alive).count()
    }
}

/// A member that was looked for by its name.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    first: &'a Member,
    all: Vec<&'a Member>,
}

impl<'a> Named<'a> {
    /// Whether no other member has the name.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        self.all.len() == 1
    }

    /// All members with the name: those that are alive first, then by id.
    #[must_use]
    pub fn all(&self) -> &[&'a Member] {
        &self.all
    }
}

impl Deref for Named<'_> {
    type Target = Member;

    fn deref(&self) -> &Member {
        self.first
    }
}

impl fmt::Display for ClusterView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, member) in self.members().iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{member}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ClusterView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterView")
            .field("own_id", &self.own_id())
            .field("members", &self.members())
            .field("departed", &self.departed())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Labels;

    fn member(id: u128, name: &str, state: MemberState) -> Member {
        Member::new(NodeId::from_bits(id), name.into(), Vec::new(), Labels::new(), state)
    }

    /// R42
    #[test]
    fn a_name_that_several_members_have_is_said_not_to_be_unique() {
        let members = vec![
            member(3, "b", MemberState::Alive),
            member(1, "a", MemberState::Suspect),
            member(2, "a", MemberState::Alive),
            member(4, "a", MemberState::Alive),
        ];
        let view = ClusterView::new(NodeId::from_bits(3), members, Vec::new());
        assert!(view.named("b").unwrap().is_unique());
        let named = view.named("a").unwrap();
        assert_eq!((named.id(), named.is_unique(), named.all().len()), (NodeId::from_bits(2), false, 3));
        assert!(view.named("c").is_none());
        assert_eq!(view.alive(), 3);
        assert_eq!(view.get(NodeId::from_bits(4)).map(Member::name), Some("a"));
        assert_eq!(view.to_string(), "a (suspect), a (alive), b (alive), a (alive)");
    }
}
