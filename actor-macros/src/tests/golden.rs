//! Whole expansions, in `golden/`. `UPDATE_EXPECT=1 cargo test -p actor-macros` writes them anew.

use expect_test::{ExpectFile, expect_file};

use super::tokens;
use crate::expand::distributed_actor;

fn check(options: &str, item: &str, expected: ExpectFile) {
    let expansion = distributed_actor(tokens(options), tokens(item)).to_string();
    expected.assert_eq(&prettyplease::unparse(&syn::parse_file(&expansion).unwrap()));
}

#[test]
fn greeter() {
    let item = r#"
        impl Greeter {
            /// Runs on whichever node the greeter lives on.
            #[distributed]
            fn hello(&mut self, name: String) -> String {
                format!("{}, {name}!", self.greeting)
            }

            fn reset(&mut self) {
                self.served = 0
            }
        }
    "#;
    check("", item, expect_file!["golden/greeter.rs"]);
}

#[test]
fn options_contexts_patterns_and_conditions() {
    let item = r#"
        #[allow(clippy::unused_async)]
        impl shop::Account {
            #[distributed(name = "account/withdraw", complete)]
            #[cfg(feature = "cash")]
            pub async fn withdraw(&mut self, #[ctx] ctx: &Context<Self>, cents: u64) -> Answer<u64> {
                Ok(cents)
            }

            #[deprecated = "ask for the balance"]
            #[doc = " The account,"]
            #[doc = " as it is."]
            #[distributed]
            #[inline]
            pub(crate) async fn r#move(&self, (a, _): (ActorRef<Self>, u8), mut arg0: u8, _: [u8; Self::N]) {}
        }
    "#;
    check("name = \"shop\", system = MySystem, crate = actors", item, expect_file!["golden/account.rs"]);
}

#[test]
fn an_actor_that_is_reentrant() {
    let item = "
        impl Directory {
            #[distributed]
            async fn resolve(&self, #[ctx] ctx: &Context<Self>, name: String) -> Option<Entry> { None }

            #[distributed]
            fn insert(&mut self, name: String, entry: Entry) {}
        }
    ";
    check("reentrant", item, expect_file!["golden/directory.rs"]);
}

#[test]
fn constructors() {
    let item = "
        impl Worker {
            /// Works under this name.
            #[distributed(spawn)]
            pub fn create(name: String, peers: Vec<ActorRef<Self>>) -> Self { panic!() }

            #[cfg(feature = \"files\")]
            #[distributed(spawn, name = \"worker from a file\")]
            async fn load(#[ctx] ctx: &Context<Self>, file: u64) -> Loaded<Self> { panic!() }

            #[distributed]
            fn work(&self) {}
        }
    ";
    check("", item, expect_file!["golden/worker.rs"]);
}

#[test]
fn hooks() {
    let item = "
        impl<T: Send + 'static> Holder<T> {
            #[on_start]
            async fn warm_up(&mut self, #[ctx] ctx: &Context<Self>) -> Result<(), WarmUpError> { panic!() }

            #[on_stop]
            fn flush(&mut self, reason: &ExitReason) { panic!() }

            #[on_terminated]
            async fn peer_gone(&mut self, who: ActorId, #[ctx] ctx: &Context<Self>, how: Terminated) { panic!() }
        }
    ";
    check("", item, expect_file!["golden/holder.rs"]);
}

#[test]
fn an_actor_that_is_generic() {
    let item = "
        impl<T: Clone + Send + 'static, const N: usize> Cache<T, N> where Self: Sized, T: Serialize {
            #[distributed]
            fn get(&self, key: String) -> Result<T, Missing> { panic!() }

            #[cfg(feature = \"more\")]
            #[distributed(result)]
            fn peers(&self, of: ActorRef<Self>) -> Answer<T> { panic!() }

            #[distributed]
            async fn size(&self) -> usize { panic!() }
        }
    ";
    check("", item, expect_file!["golden/cache.rs"]);
}

#[test]
fn an_actor_that_is_generic_over_its_system() {
    let item = "
        impl<S: ActorSystem> Elector<S> {
            #[distributed]
            async fn elect(&mut self, candidate: u64) -> bool { true }

            #[distributed]
            fn meet(&mut self, peers: Vec<ActorRef<Self>>) -> Result<ActorRef<Elector<S>>, String> { panic!() }
        }
    ";
    check("system = S", item, expect_file!["golden/elector.rs"]);
}

#[test]
fn what_is_sound_is_there_in_spite_of_errors() {
    let item = "
        impl Greeter {
            #[distributed]
            fn borrowed(&self, #[ctx] ctx: &Context<Self>, name: &str) {}

            #[distributed]
            fn sound(&self) {}
        }
    ";
    check("nickname = \"greeter\"", item, expect_file!["golden/errors.rs"]);
}

#[test]
fn what_is_no_impl_stays_what_it_is() {
    let item = "impl Greet for Greeter { #[distributed] fn hello(&self, #[ctx] ctx: &Context<Self>) {} }";
    check("", item, expect_file!["golden/trait_impl.rs"]);
}
