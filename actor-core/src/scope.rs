//! What surrounds a running method: the calls it descends from, its deadline, its trace.
//!
//! It is ambient while the method is polled, so that the calls the method makes inherit it; a task of its own
//! (`tokio::spawn`) leaves it.

use std::{
    cell::{Cell, RefCell},
    fmt,
    hash::{BuildHasher, RandomState},
    mem,
    sync::Arc,
    time::Instant,
};

use serde::{Deserialize, Serialize};

use crate::{NodeId, TraceParent};

thread_local! {
    static CURRENT: RefCell<Option<CallScope>> = const { RefCell::new(None) };
}

/// A call that is being run, and through its parents the chain of calls that led to it.
#[derive(Clone)]
pub struct CallScope(Arc<Inner>);

struct Inner {
    call: u64,
    actor: ActorName,
    method: MethodName,
    deadline: Option<Instant>,
    trace: Option<TraceParent>,
    /// The node that calls made by this one come from, if not this node.
    origin: Option<NodeId>,
    parent: Option<CallScope>,
    depth: u32,
}

/// Something that can be printed when a chain has to be shown: printing every id of every call would cost more than
/// the call.
pub(crate) trait Named: Send + Sync {
    fn name(&self) -> String;
}

enum ActorName {
    Here(Arc<dyn Named>),
    Elsewhere(Box<str>),
}

enum MethodName {
    Here(&'static str),
    Elsewhere(Box<str>),
}

/// One call of a chain, in the form in which it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChainLink {
    /// The call's number, which no other call has.
    pub call: u64,
    /// The actor's id, as printed.
    pub actor: String,
    /// The method's mangled name.
    pub method: String,
}

impl CallScope {
    /// The scope that this thread runs in: that of the method being polled.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.with(|current| current.borrow().clone())
    }

    pub(crate) fn enter_method(
        call: u64,
        actor: Arc<dyn Named>,
        method: &'static str,
        deadline: Option<Instant>,
        trace: Option<TraceParent>,
        parent: Option<Self>,
    ) -> Self {
        let depth = parent.as_ref().map_or(0, |parent| parent.0.depth) + 1;
        Self(Arc::new(Inner {
            call,
            actor: ActorName::Here(actor),
            method: MethodName::Here(method),
            deadline,
            trace,
            // Calls made from here come from here, wherever the chain began.
            origin: None,
            parent,
            depth,
        }))
    }

    /// The chain that came with a call from another node, root first; none if it is empty.
    #[must_use]
    pub fn from_links(links: Vec<ChainLink>, origin: Option<NodeId>) -> Option<Self> {
        links.into_iter().fold(None, |parent, link| {
            let depth = parent.as_ref().map_or(0, |parent: &Self| parent.0.depth) + 1;
            Some(Self(Arc::new(Inner {
                call: link.call,
                actor: ActorName::Elsewhere(link.actor.into()),
                method: MethodName::Elsewhere(link.method.into()),
                deadline: None,
                trace: None,
                origin,
                parent,
                depth,
            })))
        })
    }

    /// The chain in the form in which it travels, root first.
    #[must_use]
    pub fn to_links(&self) -> Vec<ChainLink> {
        let mut links: Vec<_> = self
            .chain()
            .map(|scope| ChainLink { call: scope.0.call, actor: scope.actor(), method: scope.method().into() })
            .collect();
        links.reverse();
        links
    }

    /// The call's number, which no other call has.
    #[must_use]
    pub fn call(&self) -> u64 {
        self.0.call
    }

    /// When the call's time is over.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// The trace context of the call.
    #[must_use]
    pub fn trace(&self) -> Option<TraceParent> {
        self.0.trace
    }

    /// How many calls are nested in one another, this one included.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.0.depth
    }

    pub(crate) fn parent(&self) -> Option<&Self> {
        self.0.parent.as_ref()
    }

    /// The node that calls made by this one come from, if not this node.
    pub(crate) fn origin(&self) -> Option<NodeId> {
        self.0.origin
    }

    pub(crate) fn actor(&self) -> String {
        match &self.0.actor {
            ActorName::Here(actor) => actor.name(),
            ActorName::Elsewhere(actor) => actor.to_string(),
        }
    }

    pub(crate) fn method(&self) -> &str {
        match &self.0.method {
            MethodName::Here(method) => method,
            MethodName::Elsewhere(method) => method,
        }
    }

    /// Whether this call is one of those, or descends from one.
    pub(crate) fn descends_from(&self, those: impl Fn(u64) -> bool) -> bool {
        self.chain().any(|scope| those(scope.0.call))
    }

    /// The calls in words, root first.
    pub(crate) fn describe(&self) -> Vec<String> {
        self.to_links().into_iter().map(|link| format!("{} of {}", link.method, link.actor)).collect()
    }

    /// This call, its parent, and so on.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.0.parent.as_ref())
    }
}

/// A long chain must not be dropped by recursion: its length is a peer's choice until the limit is checked.
impl Drop for Inner {
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(scope) = next {
            next = Arc::into_inner(scope.0).and_then(|mut inner| inner.parent.take());
        }
    }
}

impl fmt::Debug for CallScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallScope").field("chain", &self.describe()).field("deadline", &self.0.deadline).finish()
    }
}

/// Runs `run` with `scope` as the ambient one. The scope is moved there and back, so that no count is touched.
pub(crate) fn within<R>(scope: &mut Option<CallScope>, run: impl FnOnce() -> R) -> R {
    struct Swap<'a>(&'a mut Option<CallScope>);
    impl Swap<'_> {
        fn swap(&mut self) {
            CURRENT.with(|current| mem::swap(&mut *current.borrow_mut(), self.0));
        }
    }
    impl Drop for Swap<'_> {
        fn drop(&mut self) {
            self.swap();
        }
    }
    let mut swap = Swap(scope);
    swap.swap();
    run()
}

/// A number that no other call has, but for a chance of 2^-64 a pair: a sequence of its own for each thread.
pub(crate) fn random_call_id() -> u64 {
    thread_local! {
        static NEXT: Cell<u64> = Cell::new(RandomState::new().hash_one(0_u64));
    }
    NEXT.with(|next| {
        let seed = next.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        next.set(seed);
        // splitmix64: consecutive numbers of one thread share no pattern with another's.
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_survives_its_way_over_the_wire() {
        let links: Vec<_> =
            (1..=3).map(|call| ChainLink { call, actor: format!("a{call}"), method: format!("m{call}") }).collect();
        let scope = CallScope::from_links(links.clone(), None).unwrap();
        assert_eq!(scope.to_links(), links);
        assert_eq!(scope.depth(), 3);
        assert!(scope.descends_from(|call| call == 1) && !scope.descends_from(|call| call == 4));
    }

    #[test]
    fn a_very_long_chain_is_dropped_without_recursion() {
        let links = (0..200_000).map(|call| ChainLink { call, actor: String::new(), method: String::new() }).collect();
        drop(CallScope::from_links(links, None));
    }

    #[test]
    fn the_outer_scope_is_back_after_a_panic() {
        let mut inner = CallScope::from_links(vec![ChainLink { call: 1, actor: "a".into(), method: "m".into() }], None);
        let result =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| within(&mut inner, || panic!("expected"))));
        assert!(result.is_err());
        assert!(CallScope::current().is_none());
        assert!(inner.is_some());
    }
}
