//! What is said of the impls that are wrong; `tests/ui` of the facade shows where it is said.

use super::tokens;
use crate::{attr, diagnostics::Errors, parse};

/// The errors of an impl of this content.
fn errors_of(content: &str) -> Vec<String> {
    errors("", &format!("impl Greeter {{ {content} }}"))
}

fn errors(options: &str, item: &str) -> Vec<String> {
    let mut errors = Errors::default();
    let options = attr::actor_options(tokens(options), &mut errors);
    parse::actor(&mut syn::parse2(tokens(item)).unwrap(), options, &mut errors);
    errors.messages()
}

/// The one error of a method of this signature.
fn error_of(signature: &str) -> String {
    let mut errors = errors_of(&format!("#[distributed] {signature} {{}}"));
    assert_eq!(errors.len(), 1, "{signature}: {errors:?}");
    errors.remove(0)
}

#[test]
fn what_is_borrowed_is_told_the_owned_type() {
    for (borrowed, owned) in [
        ("&str", "`String`"),
        ("&'static str", "`String`"),
        ("&[u8]", "`Vec<u8>`"),
        ("&std::path::Path", "`PathBuf`"),
        ("&OsStr", "`OsString`"),
        ("&CStr", "`CString`"),
        ("&Thing", "`Thing`"),
        ("Option<&str>", "`Option<String>`"),
        ("Vec<(u8, &[&str])>", "`Vec<(u8, Vec<String>)>`"),
        ("&mut Vec<u8>", "`Vec<u8>`, and return what has changed"),
        ("Cow<'_, str>", "a type that owns what it holds"),
    ] {
        let expected = format!("a parameter is sent to the actor, so it cannot be borrowed: write {owned}");
        assert_eq!(error_of(&format!("fn hello(&self, name: {borrowed})")), expected);
        let expected = format!("a result is sent to the caller, so it cannot be borrowed: write {owned}");
        let expected = expected.trim_end_matches(", and return what has changed");
        assert_eq!(error_of(&format!("fn hello(&self) -> {borrowed}")), expected);
    }
}

#[test]
fn what_only_looks_borrowed_is_left_to_rustc() {
    assert!(errors_of("#[distributed] fn a(&self, name: Cow<'static, str>, run: fn(&str) -> &str) {}").is_empty());
    assert!(errors_of("fn undistributed<'a, T>(self, name: &'a T) -> &'a T { name }").is_empty());
}

#[test]
fn types_without_a_name_are_told_apart() {
    let generic = "a distributed method cannot be generic yet: write a type instead of `impl Trait`";
    assert_eq!(error_of("fn hello(&self, name: impl ToString)"), generic);
    let hidden = "the caller has to know the type: write it instead of `impl Trait`";
    assert_eq!(error_of("fn hello(&self) -> impl ToString"), hidden);
    let future = "write `async fn` and `-> Option<u8>`, without the future";
    assert_eq!(error_of("fn hello(&self) -> impl std::future::Future<Output = Option<u8>> + Send"), future);
    let never = "a call waits for an answer, which never comes: leave the result out";
    assert_eq!(error_of("fn hello(&self) -> !"), never);
}

#[test]
fn receivers_are_references_to_the_actor() {
    for (receiver, said) in [
        ("", "a distributed method runs in its actor: add `&mut self` or `&self`"),
        ("self", "the actor stays where it is, it cannot be moved: write `&mut self` or `&self`"),
        ("mut self", "the actor stays where it is, it cannot be moved: write `&mut self` or `&self`"),
        ("self: Box<Self>", "write `&mut self` or `&self`"),
        ("self: &mut Self", "write `&mut self` or `&self`"),
        ("&'static self", "a distributed method borrows its actor for its own time: remove the lifetime"),
    ] {
        assert_eq!(error_of(&format!("fn hello({receiver})")), said);
    }
    assert!(errors_of("#[distributed] fn a(&self) {} #[distributed] async fn b(&mut self) {}").is_empty());
}

#[test]
fn qualifiers_and_generics_are_refused() {
    for (signature, said) in [
        ("const fn hello(&self)", "a distributed method runs in its actor, never at compile time: remove `const`"),
        (
            "unsafe fn hello(&self)",
            "a caller on another node cannot vouch for anything: a distributed method cannot be `unsafe`",
        ),
        ("extern \"C\" fn hello(&self)", "a distributed method has Rust's own calling convention: remove `extern`"),
        ("fn hello<T>(&self)", "a distributed method cannot be generic yet: write a type in the place of `T`"),
        (
            "fn hello<const N: u8>(&self)",
            "a distributed method cannot be generic yet: write a value in the place of `N`",
        ),
        ("fn hello<'a>(&self)", "a distributed method borrows nothing from its caller: remove the lifetime"),
        ("fn hello(&self) where u8: Copy", "put these bounds on the impl: they have to hold for every call"),
    ] {
        assert_eq!(error_of(signature), said);
    }
}

#[test]
fn constructors_make_their_actor_of_what_can_be_sent() {
    let error_of = |constructor: &str| errors_of(&format!("#[distributed(spawn)] {constructor} {{}}"));
    let receiver = "a constructor makes its actor, so there is none yet: remove this, and return `Self`";
    for signature in ["fn make(&self) -> Self", "fn make(self: Box<Self>, name: String) -> Self"] {
        assert_eq!(error_of(signature), [receiver], "{signature}");
    }
    let result = "a constructor returns its actor: add `-> Self` or `-> Result<Self, E>`";
    assert_eq!(error_of("async fn make(name: String)"), [result]);
    let borrowed = "a parameter is sent to the actor, so it cannot be borrowed: write `String`";
    assert_eq!(error_of("fn make(name: &str) -> Self"), [borrowed]);
    let twice = "two distributed methods are named `make`: rename one of them";
    assert_eq!(error_of("fn make() -> Self {} #[distributed(spawn)] fn make() -> Self"), [twice]);
    for option in ["complete", "urgent", "result"] {
        let said = format!("`{option}` is for methods, and a constructor is none: remove it");
        assert_eq!(errors_of(&format!("#[distributed(spawn, {option})] fn make() -> Self {{}}")), [said]);
    }
    let flag = "`spawn` takes no value: write `spawn` alone";
    assert_eq!(errors_of("#[distributed(spawn = 1)] fn make() -> Self {}"), [flag]);
    // Names of references' methods are no obstacle: a constructor is none.
    assert!(errors_of("#[distributed(spawn)] fn stop(#[ctx] ctx: &Context<Self>, a: u8) -> Made<Self> {}").is_empty());
    let generic = "a constructor is found by its name, which does not say what `T` is: put it into the impl of one type, \
                   without generic parameters";
    let item = "impl<T> Cache<T> { #[distributed(spawn)] fn make() -> Self {} #[distributed] fn get(&self) {} }";
    assert_eq!(errors("", item), [generic]);
}

#[test]
fn hooks_are_called_by_the_runtime_and_look_as_it_calls_them() {
    for (hook, said) in [
        ("#[on_start] fn a(self) {}", "`#[on_start]` is for what the actor does: take `&mut self` or `&self`"),
        ("#[on_start] fn a() {}", "`#[on_start]` is for what the actor does: take `&mut self` or `&self`"),
        ("#[on_start(now)] fn a(&self) {}", "`#[on_start]` takes no options"),
        ("#[on_start] fn a(&self, b: u8) {}", "`#[on_start]` takes no parameters but `#[ctx] ctx: &Context<Self>`"),
        ("#[on_stop] fn a<T>(&self) {}", "nobody says what stands for these: `#[on_stop]` takes no generics"),
        ("#[on_stop] fn a(&self) -> u8 {}", "nobody waits for what `#[on_stop]` returns: leave it out"),
        ("#[on_stop] fn a(&self, b: &B, c: C) {}", "`#[on_stop]` takes `reason: &ExitReason`, and no more"),
        (
            "#[on_terminated] fn a(&self, b: B, c: C, d: D) {}",
            "`#[on_terminated]` takes `how: Terminated`, or `who: ActorId, how: Terminated`",
        ),
        ("#[on_stop] #[on_start] fn a(&self) {}", "a method is called for one reason: put this on one of its own"),
        (
            "#[on_stop] #[distributed] fn a(&self) {}",
            "the runtime calls what is under `#[on_stop]`: keep one of the two",
        ),
        (
            "#[on_stop] fn a(&self) {} #[on_stop] fn b(&self) {}",
            "there is a method under `#[on_stop]` already: keep one",
        ),
        (
            "#[cfg(unix)] #[on_stop] fn a(&self) {}",
            "a method under `#[on_stop]` is there in every build: put `#[cfg]` into it",
        ),
        (
            "#[on_stop] fn a(&self, #[ctx] ctx: Context<Self>) {}",
            "a `#[ctx]` parameter is the actor's own context: write `&Context<Self>`",
        ),
    ] {
        assert_eq!(errors_of(hook), [said], "{hook}");
    }
    let sound = "#[on_start] async fn a(&mut self, #[ctx] ctx: &Context<Self>) -> R {} #[on_stop] fn b(&mut self) {}
                 #[on_terminated] fn c(&mut self, who: ActorId, how: Terminated) {}";
    assert!(errors_of(sound).is_empty());
}

#[test]
fn names_of_the_reference_are_taken() {
    for name in
        ["id", "system", "is_local", "when_local", "downgrade", "stop", "terminated", "clone", "eq", "hash", "fmt"]
    {
        assert_eq!(
            error_of(&format!("fn {name}(&self)")),
            format!(
                "`{name}` is a method of every `ActorRef`, which hides this one from its callers: rename it \
                 (`#[distributed(name = \"..\")]` can keep the name on the wire)"
            )
        );
    }
    assert!(errors_of("#[distributed] fn as_ref(&self) {} fn id(&self) {}").is_empty());
}

#[test]
fn contexts_are_marked_references() {
    let write = "a `#[ctx]` parameter is the actor's own context: write `&Context<Self>`";
    assert_eq!(error_of("fn hello(&self, #[ctx] ctx: Context<Self>)"), write);
    assert_eq!(error_of("fn hello(&self, #[ctx] ctx: &mut Context<Self>)"), write);
    let twice = "one `#[ctx]` is enough: remove this parameter";
    assert_eq!(error_of("fn hello(&self, #[ctx] a: &Context<Self>, #[ctx] b: &Context<Self>)"), twice);
    let mark = "the context is no part of the call: mark the parameter, `#[ctx] ctx: &Context<Self>`";
    assert_eq!(error_of("fn hello(&self, ctx: &Context<Self>)"), mark);
    let receiver = "`self` is the actor: put `#[ctx]` on a parameter of type `&Context<Self>`";
    assert_eq!(error_of("fn hello(#[ctx] &self)"), receiver);
    let undistributed = "`#[ctx]` is for methods under `#[distributed]`: pass the context as an argument here";
    assert_eq!(errors_of("fn hello(&self, #[ctx] ctx: &Context<Self>) {}"), [undistributed]);
}

#[test]
fn parameters_are_at_most_twelve_and_the_same_in_every_build() {
    let list = |count| (0..count).map(|n| format!(", a{n}: u8")).collect::<String>();
    let many = "a distributed method takes at most 12 parameters: put some of them into a struct";
    assert_eq!(error_of(&format!("fn hello(&self {})", list(13))), many);
    assert_eq!(error_of(&format!("fn hello(&self {})", list(20))), many);
    assert!(errors_of(&format!("#[distributed] fn a(&self, #[ctx] c: &Context<Self> {}) {{}}", list(12))).is_empty());
    let conditional = "a call has the same parameters in every build: put `#[cfg]` on two methods instead";
    assert_eq!(error_of("fn hello(&self, #[cfg(unix)] name: String)"), conditional);
}

#[test]
fn names_are_given_once() {
    let twice = "two distributed methods are named `a`: rename one of them";
    assert_eq!(errors_of("#[distributed] fn a(&self) {} #[distributed] fn a(&self) {}"), [twice]);
    assert_eq!(errors_of("#[distributed] fn a(&self) {} #[cfg(unix)] #[distributed] fn a(&self) {}"), [twice]);
    let either = "#[cfg(unix)] #[distributed] fn a(&self) {} #[cfg(windows)] #[distributed] fn a(&self) {}";
    assert!(errors_of(either).is_empty());
    let pinned = "#[distributed(name = \"x\")] fn a(&self) {} #[distributed(name = \"x\")] fn b(&self) {}";
    assert_eq!(errors_of(pinned), ["`a` has this name already: give this method another"]);
}

#[test]
fn options_are_known_given_once_and_of_their_kind() {
    let known = "`#[distributed_actor]` takes `system = Type`, `name = \"..\"`, `reentrant` and `crate = path`";
    let item = "impl Greeter {}";
    for (options, said) in [
        ("retain", format!("unknown option `retain`: {known}")),
        ("sytem = Node<A, B>, name = \"a\"", format!("unknown option `sytem`: {known}")),
        ("system", "`system` takes a type: `system = MySystem`".into()),
        ("crate = 1", "`crate` takes a path: `crate = ::distributed_actor`".into()),
        ("name = hello", "`name` takes a string: `name = \"..\"`".into()),
        ("name = \"\"", "a name cannot be empty".into()),
        ("reentrant = true", "`reentrant` takes no value: write `reentrant` alone".into()),
        ("system = A, system = B", "`system` is given twice: keep one".into()),
        ("crate = actor_core", "`actor_core` has no actor system of its own: add `system = MySystem`".into()),
        ("crate = ::actor_core", "`actor_core` has no actor system of its own: add `system = MySystem`".into()),
    ] {
        assert_eq!(errors(options, item), [said], "{options}");
    }
    for options in
        ["", "crate = actor_core, system = Mine<A, B>,", "crate = crate::reexported", "crate = ::my::actor_core"]
    {
        assert!(errors(options, item).is_empty(), "{options}");
    }
    let known = "`#[distributed]` takes `name = \"..\"`, `complete`, `urgent`, `result` and `spawn`";
    for (options, said) in [
        ("(started)", format!("unknown option `started`: {known}")),
        ("(complete, complete)", "`complete` is given twice: keep one".into()),
        ("(result = true)", "`result` takes no value: write `result` alone".into()),
        ("(complete result)", "expected a comma between two options".into()),
        (" = \"a\"", "write `#[distributed]`, or `#[distributed(name = \"..\")]`".into()),
    ] {
        assert_eq!(errors_of(&format!("#[distributed{options}] fn a(&self) {{}}")), [said], "{options}");
    }
    assert!(errors_of("#[distributed()] fn a(&self) {} #[distributed(complete, result,)] fn b(&self) {}").is_empty());
    let twice = "`#[distributed]` is given twice: put all options into one";
    assert_eq!(errors_of("#[distributed] #[distributed(complete)] fn a(&self) {}"), [twice]);
}

#[test]
fn a_reentrant_actor_has_methods_that_interleave() {
    let none = "only methods with `&self` interleave, and this actor has none: let one take `&self`, or remove \
                `reentrant`";
    for methods in ["", "fn a(&self) {}", "#[distributed] async fn a(&mut self) {}"] {
        assert_eq!(errors("reentrant", &format!("impl Greeter {{ {methods} }}")), [none], "{methods}");
    }
    for method in ["fn a(&self) {}", "async fn a(&self) {}"] {
        assert!(errors("reentrant", &format!("impl Greeter {{ #[distributed] {method} }}")).is_empty());
    }
    // What is wrong with the one that it has is said, and nothing else.
    assert_eq!(errors("reentrant", "impl Greeter { #[distributed] fn a(&self, name: &str) {} }").len(), 1);
}

#[test]
fn actors_own_their_state() {
    let own = "an actor lives as long as it is needed, so it cannot borrow: let it own its state";
    assert_eq!(errors("", "impl<'a> Greeter<'a> {}"), [own]);
    let fixed = "an actor lives as long as it is needed, so it cannot borrow: write `'static`";
    assert_eq!(errors("", "impl Greeter<'_> {}"), [fixed]);
    assert!(errors("", "impl Greeter<'static> {}").is_empty());
    assert_eq!(errors("", "impl (A, B) {}"), ["an actor is a struct or an enum: write `impl Name { .. }`"]);
    assert_eq!(errors("", "unsafe impl Greeter {}"), ["nothing here is unsafe: remove the keyword"]);
}

#[test]
fn only_methods_are_distributed() {
    let methods = "`#[distributed]` is for methods: put it on an `fn` or `async fn` of this impl";
    assert_eq!(errors_of("#[distributed] const N: u8 = 1;"), [methods]);
}

#[test]
fn all_errors_are_found_at_once() {
    let errors =
        errors_of("#[distributed(fast)] unsafe fn id<T>(self, a: &str, #[ctx] c: u8) -> impl Copy {} fn b() {}");
    assert_eq!(errors.len(), 8);
}
