//! What `#[distributed_actor]` makes of an impl, seen from the outside.

#![allow(missing_docs, unreachable_pub, reason = "visibilities are part of what is tested")]
#![allow(clippy::unwrap_used, clippy::non_minimal_cfg, clippy::wrong_self_convention, clippy::new_ret_no_self)]

use std::{collections::HashMap, fmt::Debug};

use distributed_actor::{
    ActorRef, ActorSystem, CallError, Callable, Context, DistributedActor, MethodInfo, Node, RequirementOf,
    distributed_actor,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

async fn node() -> Node {
    Node::builder().start().await.unwrap()
}

fn info(name: &str) -> &'static MethodInfo {
    MethodInfo::find(&format!("{}::{name}", module_path!())).unwrap()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    missing: u64,
}

type Answer<T, E = Refused> = Result<T, E>;
type Fixed = Answer<Vec<u8>>;

/// Every way to write a method.
pub struct Account {
    balance: u64,
    not_sync: std::cell::Cell<u32>,
}

#[distributed_actor]
impl Account {
    /// Takes some out.
    ///
    /// Not more than there is.
    #[distributed]
    pub async fn withdraw(&mut self, cents: u64) -> Result<u64, Refused> {
        tokio::task::yield_now().await;
        match self.balance.checked_sub(cents) {
            Some(balance) => self.balance = balance,
            None => return Err(Refused { missing: cents - self.balance }),
        }
        Ok(self.balance)
    }

    #[distributed]
    fn by_alias(&self) -> Answer<u64> {
        Ok(self.balance)
    }

    #[distributed]
    fn by_alias_of_an_alias(&self) -> Fixed {
        Err(Refused { missing: 1 })
    }

    #[distributed]
    fn not_a_result(&self) -> Option<Answer<u64>> {
        Some(Ok(1))
    }

    #[distributed]
    fn unit(&mut self) {
        self.not_sync.set(1);
    }

    #[distributed(complete)]
    pub(crate) fn patterns(&mut self, mut total: u64, _: String, (left, right): (u64, u64), arg1: u8) -> u64 {
        total += left + right + u64::from(arg1);
        total
    }

    #[distributed]
    fn context_in_the_middle(&mut self, first: u64, #[ctx] context: &Context<Self>, second: u64) -> ActorRef<Self> {
        self.balance = first + second;
        context.actor_ref()
    }

    #[distributed]
    async fn context_of_an_async_fn(&mut self, #[ctx] context: &Context<Account>) -> bool {
        let before = context.actor_ref();
        tokio::task::yield_now().await;
        before == context.actor_ref()
    }

    #[distributed]
    fn r#type(&self, r#move: u8) -> u8 {
        r#move
    }

    /// Names that the generated code could stumble over.
    #[distributed]
    #[allow(clippy::too_many_arguments)]
    fn new(
        &self,
        target: u8,
        args: u8,
        actor: u8,
        context: u8,
        balance: u8,
        hello: u8,
        __argument0: u8,
        call: u8,
    ) -> u8 {
        target + args + actor + context + balance + hello + __argument0 + call
    }

    #[distributed]
    fn target(&self) -> u8 {
        1
    }

    #[distributed]
    fn u8(&self, unit: u8, balance: u8) -> u8 {
        unit + balance
    }

    fn local(&self) -> u64 {
        self.balance
    }
}

/// R4
#[tokio::test]
async fn marked_methods_are_called_through_a_reference_and_others_are_not() {
    let node = node().await;
    let account = node.spawn(Account { balance: 10, not_sync: 0.into() });
    assert_eq!(account.withdraw(4).await, Ok(6));
    assert_eq!(account.when_local(|account| account.local()).await, Some(6));
    account.unit().await.unwrap();
    assert_eq!(Account::METHODS.len(), 12);
}

/// R1
#[tokio::test]
async fn a_result_is_one_through_any_alias() {
    let node = node().await;
    let account = node.spawn(Account { balance: 10, not_sync: 0.into() });
    let written: Result<u64, CallError<Refused>> = account.withdraw(11).await;
    assert_eq!(written, Err(CallError::Actor(Refused { missing: 1 })));
    let alias: Result<u64, CallError<Refused>> = account.by_alias().await;
    assert_eq!(alias, Ok(10));
    let twice: Result<Vec<u8>, CallError<Refused>> = account.by_alias_of_an_alias().await;
    assert_eq!(twice, Err(CallError::Actor(Refused { missing: 1 })));
    let within: Result<Option<Answer<u64>>, CallError> = account.not_a_result().await;
    assert_eq!(within, Ok(Some(Ok(1))));
}

/// R1
#[tokio::test]
async fn patterns_contexts_and_odd_names_are_parameters_like_others() {
    let node = node().await;
    let account = node.spawn(Account { balance: 10, not_sync: 0.into() });
    assert_eq!(account.patterns(1, String::new(), (2, 3), 4).await, Ok(10));
    assert_eq!(account.context_in_the_middle(1, 2).await, Ok(account.clone()));
    assert_eq!(account.context_of_an_async_fn().await, Ok(true));
    assert_eq!(account.r#type(3).await, Ok(3));
    assert_eq!(account.new(1, 1, 1, 1, 1, 1, 1, 1).await, Ok(8));
    assert_eq!(account.target().await, Ok(1));
    assert_eq!(account.u8(1, 2).await, Ok(3));
}

/// R105
#[test]
fn methods_are_described_at_run_time() {
    let withdraw = info("Account::withdraw");
    assert_eq!(withdraw.module(), module_path!());
    assert_eq!((withdraw.actor(), withdraw.method()), ("Account", "withdraw"));
    assert_eq!(withdraw.parameters().len(), 1);
    assert_eq!((withdraw.parameters()[0].name, withdraw.parameters()[0].ty), ("cents", "u64"));
    assert_eq!((withdraw.result(), withdraw.error()), ("Result<u64, Refused>", Some("Refused")));
    assert_eq!(withdraw.signature(), "(u64) -> Result<u64, Refused>");
    assert_eq!(withdraw.docs(), "Takes some out.\n\nNot more than there is.");
    assert!(withdraw.is_async() && !withdraw.uses_context() && !withdraw.completes());

    let patterns = info("Account::patterns");
    let names: Vec<_> = patterns.parameters().iter().map(|parameter| parameter.name).collect();
    assert_eq!(names, ["total", "arg1_", "arg2", "arg1"]);
    assert_eq!(patterns.signature(), "(u64, String, (u64, u64), u8) -> u64");
    assert!(patterns.completes() && !patterns.is_async());

    let context = info("Account::context_in_the_middle");
    assert_eq!(context.signature(), "(u64, u64) -> ActorRef<Self>");
    assert!(context.uses_context());

    assert_eq!(info("Account::type").parameters()[0].name, "move");
    assert_eq!(info("Account::unit").result(), "()");
    assert!(MethodInfo::all().any(|info| std::ptr::eq(info, withdraw)));
    assert!(MethodInfo::find("no::such::method").is_none());
}

/// R10
#[test]
fn each_method_knows_its_place_in_the_table() {
    for (place, entry) in Account::METHODS.iter().enumerate() {
        assert_eq!(entry.info().position(), place);
        assert!(std::ptr::eq(entry.info(), info(&format!("Account::{}", entry.info().method()))));
    }
}

struct Pinned;

#[distributed_actor(name = "shop/v1")]
impl Pinned {
    #[distributed]
    fn first(&self) -> u8 {
        1
    }

    #[distributed(name = "somewhere::Else::second", complete)]
    fn renamed_since(&self) -> u8 {
        2
    }
}

/// R10
#[tokio::test]
async fn a_name_can_be_pinned() {
    assert_eq!(Pinned::METHODS[0].info().name(), "shop/v1::first");
    assert_eq!(Pinned::METHODS[1].info().name(), "somewhere::Else::second");
    assert_eq!(MethodInfo::find("somewhere::Else::second").unwrap().method(), "renamed_since");
    let node = node().await;
    let pinned = node.spawn(Pinned);
    assert_eq!((pinned.first().await, pinned.renamed_since().await), (Ok(1), Ok(2)));
}

mod plain {
    pub struct Twin;
    #[super::distributed_actor(name = "twin")]
    impl Twin {
        #[distributed]
        fn run(&mut self, name: String) -> u8 {
            u8::from(name.is_empty())
        }
    }
}

mod asynchronous {
    pub struct Twin;
    #[super::distributed_actor(name = "twin")]
    impl Twin {
        #[distributed]
        async fn run(&mut self, other_name: String) -> u8 {
            u8::from(other_name.is_empty())
        }
    }
}

/// R10
#[test]
fn a_method_that_becomes_async_stays_the_same_on_the_wire() {
    let (plain, asynchronous) = (plain::Twin::METHODS[0].info(), asynchronous::Twin::METHODS[0].info());
    assert_eq!(plain.name(), asynchronous.name());
    assert_eq!(plain.hash(), asynchronous.hash());
    assert_eq!(plain.signature(), asynchronous.signature());
}

struct Conditional;

#[distributed_actor]
impl Conditional {
    #[distributed]
    #[cfg(any())]
    fn absent(&self, no_such_type: NoSuchType) {}

    #[distributed]
    #[cfg(all())]
    fn present(&self) -> u8 {
        1
    }

    #[cfg_attr(all(), cfg(any()))]
    #[distributed]
    fn absent_too(&self) -> NoSuchType {}

    #[distributed]
    #[cfg(any())]
    fn either(&self, _text: String) -> u8 {
        2
    }

    #[distributed]
    #[cfg(not(any()))]
    fn either(&self) -> u8 {
        3
    }
}

#[distributed_actor]
#[cfg(any())]
impl NoSuchActor {
    #[distributed]
    fn absent(&self) {}
}

/// R3
#[tokio::test]
async fn a_method_that_cfg_takes_out_leaves_no_trace() {
    assert_eq!(Conditional::METHODS.len(), 2);
    assert_eq!(Conditional::METHODS[1].info().position(), 1);
    assert_eq!(Conditional::METHODS[1].info().method(), "either");
    let node = node().await;
    let conditional = node.spawn(Conditional);
    assert_eq!((conditional.present().await, conditional.either().await), (Ok(1), Ok(3)));
}

/// A generic actor over one system.
pub struct Cache<K, V, const N: usize> {
    entries: HashMap<K, V>,
}

#[distributed_actor]
impl<K, V, const N: usize> Cache<K, V, N>
where
    K: Eq + std::hash::Hash + Clone + Debug + Send + Serialize + DeserializeOwned + 'static,
    V: Clone + Send + Serialize + DeserializeOwned + 'static,
    Self: Sized,
{
    #[distributed]
    fn put(&mut self, key: K, value: V) -> Result<Option<V>, String> {
        if self.entries.len() >= N { Err(format!("no room for {key:?}")) } else { Ok(self.entries.insert(key, value)) }
    }

    #[distributed]
    async fn get(&mut self, key: K) -> Option<V> {
        self.entries.get(&key).cloned()
    }

    #[distributed]
    fn room(&self) -> usize {
        N
    }

    #[distributed(result)]
    fn only(&self, peers: Vec<ActorRef<Self>>) -> Answer<V> {
        self.entries.values().next().cloned().ok_or(Refused { missing: peers.len() as u64 })
    }

    #[distributed]
    fn concrete_alias(&self) -> Answer<u8> {
        Ok(1)
    }

    #[distributed]
    #[cfg(any())]
    fn absent(&self) -> NoSuchType {}

    #[distributed]
    #[cfg(all())]
    async fn ask(&mut self, peer: ActorRef<Cache<K, V, N>>, key: K) -> Option<V> {
        peer.get(key).await.ok().flatten()
    }
}

async fn through_the_bound<V>(cache: &ActorRef<Cache<String, V, 1>>, value: V) -> Option<V>
where
    V: Clone + Send + Serialize + DeserializeOwned + 'static,
{
    cache.put("key".into(), value).await.ok()?;
    cache.get("key".into()).await.ok()?
}

/// R29
#[tokio::test]
async fn an_actor_may_be_generic() {
    let node = node().await;
    let cache: ActorRef<Cache<String, u8, 1>> = node.spawn(Cache { entries: HashMap::new() });
    let full: Result<u8, CallError<Refused>> = cache.only(vec![cache.clone()]).await;
    assert_eq!(full, Err(CallError::Actor(Refused { missing: 1 })));
    assert_eq!(through_the_bound(&cache, 7).await, Some(7));
    let full: Result<Option<u8>, CallError<String>> = cache.put("other".into(), 8).await;
    assert_eq!(full, Err(CallError::Actor("no room for \"other\"".into())));
    assert_eq!(cache.room().await, Ok(1));
    assert_eq!(cache.concrete_alias().await, Ok(1));
    let other: ActorRef<Cache<String, u8, 1>> = node.spawn(Cache { entries: HashMap::new() });
    assert_eq!(other.ask(cache, "key".into()).await, Ok(Some(7)));
    assert_eq!(Cache::<u8, u8, 3>::METHODS.len(), 6);
    assert_eq!(info("Cache::get").signature(), "(K) -> Option<V>");
    assert_eq!(info("Cache::ask").position(), 5);
}

/// An actor that is generic over its system.
pub struct Elector<S: ActorSystem> {
    peers: Vec<ActorRef<Elector<S>>>,
    best: u64,
}

#[distributed_actor(system = S)]
impl<S: ActorSystem> Elector<S> {
    #[distributed]
    async fn elect(&mut self, candidate: u64) -> bool {
        for peer in &self.peers {
            if peer.elect(candidate).await.unwrap_or(false) {
                self.best = self.best.max(candidate);
            }
        }
        true
    }

    #[distributed]
    fn meet(&mut self, peers: Vec<ActorRef<Self>>) -> Result<ActorRef<Elector<S>>, String> {
        self.peers = peers;
        self.peers.first().cloned().ok_or_else(|| "nobody".into())
    }

    #[distributed]
    fn best(&self) -> Answer<u64> {
        Ok(self.best)
    }

    #[distributed]
    async fn me(&mut self, #[ctx] context: &Context<Self>) -> ActorRef<Elector<S>> {
        context.actor_ref()
    }
}

async fn election<S>(system: &S) -> (u64, bool)
where
    S: ActorSystem,
    S::Requirement: ElectorCodec<S>,
{
    let [a, b] = [(); 2].map(|()| distributed_actor::spawn(system, Elector { peers: Vec::new(), best: 0 }));
    let met: Result<ActorRef<Elector<S>>, CallError<String, S::Error>> = a.meet(vec![b.clone()]).await;
    assert!(met.is_ok_and(|met| met == b));
    assert!(a.elect(3).await.is_ok_and(|elected| elected));
    let best: Result<u64, CallError<Refused, S::Error>> = a.best().await;
    (best.unwrap_or_default(), a.me().await.is_ok_and(|me| me == a))
}

/// R29
#[tokio::test]
async fn an_actor_may_be_generic_over_its_system() {
    let node = node().await;
    assert_eq!(election(&node).await, (3, true));
    fn one_requirement<S: ActorSystem>(elector: &Elector<S>) -> usize
    where
        RequirementOf<Elector<S>>: ElectorCodec<S>,
    {
        elector.peers.len() + Elector::<S>::METHODS.len()
    }
    assert_eq!(one_requirement::<Node>(&Elector { peers: Vec::new(), best: 0 }), 4);
}

#[tokio::test]
async fn an_actor_may_be_declared_in_a_function() {
    struct Inner(u8);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Private(u8);

    #[distributed_actor]
    impl Inner {
        #[distributed]
        fn get(&self, more: Private) -> Private {
            Private(self.0 + more.0)
        }
    }

    let node = node().await;
    let inner = node.spawn(Inner(1));
    assert_eq!(inner.get(Private(2)).await, Ok(Private(3)));
}

mod visibility {
    pub mod inner {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Private;

        pub struct Door;

        #[crate::distributed_actor]
        impl Door {
            #[distributed]
            pub fn open(&self) -> u8 {
                1
            }
            #[distributed]
            pub(in crate::visibility) fn ajar(&self) -> u8 {
                2
            }
            #[distributed]
            fn closed(&self, _key: Private) -> u8 {
                3
            }
        }

        pub async fn inside(door: &crate::ActorRef<Door>) -> u8 {
            door.closed(Private).await.unwrap()
        }
    }

    pub async fn near(door: &crate::ActorRef<inner::Door>) -> u8 {
        door.ajar().await.unwrap()
    }
}

#[tokio::test]
async fn a_proxy_has_the_visibility_of_its_method() {
    let node = node().await;
    let door = node.spawn(visibility::inner::Door);
    assert_eq!(door.open().await, Ok(1));
    assert_eq!(visibility::near(&door).await, 2);
    assert_eq!(visibility::inner::inside(&door).await, 3);
}

mod elsewhere {
    pub struct Distant(pub u8);
}

#[distributed_actor]
impl elsewhere::Distant {
    #[distributed]
    fn get(&self) -> u8 {
        self.0
    }
}

#[tokio::test]
async fn an_actor_may_be_named_by_a_path() {
    let node = node().await;
    assert_eq!(node.spawn(elsewhere::Distant(1)).get().await, Ok(1));
    assert_eq!(info("Distant::get").actor(), "Distant");
}

/// Everything that the prelude has, under another meaning.
#[allow(dead_code, nonstandard_style)]
mod shadows {
    pub mod std {}
    pub mod core {}
    pub struct Option;
    pub struct Result;
    pub struct Some;
    pub struct Vec;
    pub struct Box;
    pub struct bool;
    pub struct usize;
    pub trait Send {}
    pub trait Future {}
    pub trait Default {}
    pub fn drop() {}
    pub const name: u64 = 1;
    pub struct hello;

    pub struct Shadowed;

    #[::distributed_actor::distributed_actor]
    impl Shadowed {
        #[distributed]
        pub async fn hello(&mut self, text: ::std::string::String) -> ::std::string::String {
            text
        }
        #[distributed]
        fn text(&mut self, #[ctx] _context: &::distributed_actor::Context<Self>) {}
    }
}

#[tokio::test]
async fn names_of_the_prelude_may_be_taken() {
    let node = node().await;
    let shadowed = node.spawn(shadows::Shadowed);
    assert_eq!(shadowed.hello("text".into()).await, Ok("text".into()));
}

/// Code that may not even warn.
#[deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unused_qualifications,
    single_use_lifetimes,
    unnameable_types,
    let_underscore_drop,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic,
    clippy::missing_docs_in_private_items
)]
#[forbid(unsafe_code)]
mod strict {
    use serde::{Serialize, de::DeserializeOwned};

    /// An actor.
    #[derive(Debug)]
    pub struct Strict {
        /// Something to add to.
        pub base: u8,
    }

    #[crate::distributed_actor]
    impl Strict {
        /// An old one.
        #[deprecated = "ask the new one"]
        #[distributed]
        #[allow(clippy::missing_const_for_fn)]
        pub fn old(&self, more: u8) -> u8 {
            self.base.saturating_add(more)
        }

        /// One that is never called.
        #[distributed]
        async fn never_called(&mut self, #[ctx] context: &crate::Context<Self>) -> bool {
            self.base = 0;
            tokio::task::yield_now().await;
            context.actor_ref().is_local()
        }
    }

    /// A generic actor.
    #[derive(Debug)]
    pub struct Generic<T> {
        /// What it holds.
        pub held: T,
    }

    #[crate::distributed_actor]
    impl<T: Clone + Send + Serialize + DeserializeOwned + 'static> Generic<T> {
        /// What it holds.
        #[distributed]
        pub fn held(&self) -> T {
            self.held.clone()
        }

        /// Holds another.
        #[distributed]
        async fn swap(&mut self, held: T) -> Result<T, String> {
            tokio::task::yield_now().await;
            Ok(std::mem::replace(&mut self.held, held))
        }
    }
}

#[tokio::test]
async fn strict_lints_accept_the_expansion() {
    let node = node().await;
    #[allow(deprecated)]
    let old = node.spawn(strict::Strict { base: 1 }).old(1).await;
    assert_eq!(old, Ok(2));
    assert_eq!(node.spawn(strict::Generic { held: 2 }).held().await, Ok(2));
}

struct Silent;

#[distributed_actor]
impl Silent {}

/// R3
#[tokio::test]
async fn an_actor_may_have_no_methods() {
    let node = node().await;
    let silent: ActorRef<Silent> = node.spawn(Silent);
    assert!(silent.is_local());
    assert!(Silent::METHODS.is_empty());
    fn is_callable<A: Callable>() {}
    is_callable::<Silent>();
}

macro_rules! counter {
    ($name:ident, $method:ident, $ty:ty) => {
        struct $name($ty);
        #[distributed_actor]
        impl $name {
            #[distributed]
            fn $method(&mut self, by: $ty) -> $ty {
                self.0 += by;
                self.0
            }
        }
    };
}

counter!(Counter, add, u64);

#[tokio::test]
async fn an_actor_may_come_from_a_macro() {
    let node = node().await;
    assert_eq!(node.spawn(Counter(1)).add(2).await, Ok(3));
}
