//! What the macro knows of an actor once its impl has been read and found in order.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Generics, Ident, LitStr, Path, Type, Visibility};

/// An impl under `#[distributed_actor]`.
pub(crate) struct Actor {
    /// The type of the impl, with its generics.
    pub(crate) ty: Type,
    /// The last segment of its path.
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) options: ActorOptions,
    /// The condition under which the whole impl exists.
    pub(crate) condition: Option<Condition>,
    pub(crate) methods: Vec<Method>,
    /// What is under `#[distributed(spawn)]`.
    pub(crate) constructors: Vec<Method>,
    /// Each at most once.
    pub(crate) hooks: Vec<Hook>,
}

/// What the runtime calls of itself.
pub(crate) struct Hook {
    pub(crate) when: When,
    pub(crate) ident: Ident,
    pub(crate) asynchronous: bool,
    pub(crate) arguments: Vec<HookArgument>,
}

/// When it is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Start,
    Stop,
    Terminated,
}

/// What a hook is called with, in the order of its signature.
pub(crate) enum HookArgument {
    /// A parameter under `#[ctx]`: the type behind its `&`.
    Context(Box<Type>),
    /// What has happened.
    Value,
}

/// The options of `#[distributed_actor(..)]`.
#[derive(Default)]
pub(crate) struct ActorOptions {
    pub(crate) system: Option<Type>,
    pub(crate) krate: Option<Path>,
    pub(crate) name: Option<LitStr>,
    /// Where the user wrote `reentrant`.
    pub(crate) reentrant: Option<Span>,
}

/// A method under `#[distributed]`, or a constructor.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) options: MethodOptions,
    /// `None` for a `fn`, else where the user wrote `async`.
    pub(crate) asynchronous: Option<Span>,
    pub(crate) receiver: Receiver,
    pub(crate) arguments: Vec<Argument>,
    /// `None` where nothing is declared.
    pub(crate) result: Option<Type>,
    /// What goes to the proxy's method: docs and deprecation.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) condition: Option<Condition>,
}

/// The options of `#[distributed(..)]`.
#[derive(Default)]
pub(crate) struct MethodOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) complete: bool,
    pub(crate) urgent: bool,
    pub(crate) result: bool,
    /// It is a constructor.
    pub(crate) spawn: bool,
}

/// How a method takes its actor.
#[derive(Clone, Copy)]
pub(crate) enum Receiver {
    /// `&self`, and where it stands.
    Shared(Span),
    /// `&mut self`
    Exclusive,
    /// A constructor takes none.
    None,
}

/// What a method is called with, in the order of its signature.
pub(crate) enum Argument {
    /// A parameter under `#[ctx]`: the type behind its `&`.
    Context(Type),
    Value(Parameter),
}

/// A parameter that travels with the call.
pub(crate) struct Parameter {
    /// Its name in the proxy; `arg0` and so on where the source has a pattern.
    pub(crate) name: Ident,
    pub(crate) ty: Type,
}

/// The predicate of all `#[cfg(..)]` on an item.
pub(crate) struct Condition(pub(crate) TokenStream);

impl Method {
    /// Its name, without `r#`.
    pub(crate) fn name(&self) -> String {
        crate::tokens::plain_name(&self.ident)
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.arguments.iter().filter_map(|argument| match argument {
            Argument::Value(parameter) => Some(parameter),
            Argument::Context(_) => None,
        })
    }

    pub(crate) fn uses_context(&self) -> bool {
        self.arguments.iter().any(|argument| matches!(argument, Argument::Context(_)))
    }
}
