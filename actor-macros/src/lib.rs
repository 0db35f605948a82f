//! The attribute `#[distributed_actor]`; re-exported by `distributed-actor`, where it is documented.
//!
//! What it emits is generic code's hook into `actor-core`: for each distributed method one marker type, one method of
//! the actor's proxy and one entry in its dispatch table. `tests/golden.rs` shows whole expansions.

mod attr;
mod check;
mod diagnostics;
mod expand;
mod hook;
mod model;
mod parse;
#[cfg(test)]
mod tests;
mod tokens;

use proc_macro::TokenStream;

/// Makes the methods of an `impl` that are marked `#[distributed]` callable through an `ActorRef`, from any node.
///
/// Options: `system = Type` (the actor system; the default is the facade's `Node`), `name = ".."` (takes the place of
/// `module::Actor` in the methods' names), `reentrant` (see below), `crate = path` (where the facade crate is found).
///
/// On a method: `#[distributed]`, with `name = ".."` (the whole name on the wire), `complete` (it runs to its end even
/// if its caller gives up), `urgent` (its calls go ahead of all others that wait for the actor) and `result` (what it returns is a `Result`, under a name of its own that mentions a generic
/// parameter of the impl). `#[ctx] ctx: &Context<Self>` is the actor's own context, and no part of the signature.
///
/// `#[distributed(spawn)]` marks a constructor: a function without `self`, `async` or not, that returns `Self` or
/// `Result<Self, E>`. Of `fn create(..)` the macro makes `Actor::spawn_create(..)`, a `Spawn` by which any node can be
/// asked to start the actor. Not in impls with generic parameters: a constructor is found by its name.
///
/// A method under `#[on_start]` runs before all others, and may fail; one under `#[on_stop]` runs when the actor stops in
/// order, and sees the reason; one under `#[on_terminated]` is told of the ends of actors that `ctx.monitor(..)` names:
///
/// ```ignore
/// #[on_start]
/// async fn warm_up(&mut self, #[ctx] ctx: &Context<Self>) -> Result<(), WarmUpError> { .. }
/// #[on_stop]
/// async fn flush(&mut self, reason: &ExitReason) { .. }
/// #[on_terminated]
/// fn peer_gone(&mut self, who: ActorId, how: Terminated) { .. }
/// ```
///
/// Each may take `#[ctx] ctx: &Context<Self>`, and be async or not. Start and stop have 10 s each. After a panic, and
/// where the actor is given up without waiting, `#[on_stop]` does not run.
///
#[doc = include_str!("reentrant.md")]
#[proc_macro_attribute]
pub fn distributed_actor(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::distributed_actor(options.into(), item.into()).into()
}

/// Marks a method of an `impl` under `#[distributed_actor]`, which takes it away; anywhere else it is an error.
#[proc_macro_attribute]
pub fn distributed(_options: TokenStream, item: TokenStream) -> TokenStream {
    expand::misplaced(item.into()).into()
}
