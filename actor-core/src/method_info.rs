//! The description of a distributed method, found by name and listed for tools.

use crate::hash::hash_name;

/// What is known of a distributed method at run time.
#[derive(Debug, PartialEq, Eq)]
pub struct MethodInfo {
    parts: MethodParts,
    hash: u64,
}

/// One parameter of a distributed method, as written in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: &'static str,
}

/// What the macro knows of a method.
#[doc(hidden)]
#[derive(Debug, PartialEq, Eq)]
pub struct MethodParts {
    pub name: &'static str,
    pub module: &'static str,
    pub actor: &'static str,
    pub method: &'static str,
    pub parameters: &'static [Parameter],
    pub result: &'static str,
    pub error: Option<&'static str>,
    pub docs: &'static str,
    pub signature: &'static str,
    pub is_async: bool,
    pub uses_context: bool,
    pub completes: bool,
    pub is_urgent: bool,
    pub constructs: bool,
    pub position: usize,
}

impl MethodInfo {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(parts: MethodParts) -> Self {
        let hash = hash_name(parts.name);
        Self { parts, hash }
    }

    /// The method with this mangled name, in any actor of this binary.
    ///
    /// Where two actors share a name (two modules of one path, or items inside functions), the first found.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|info| info.name() == name)
    }

    /// All distributed methods of this binary, in no particular order.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Registered>.into_iter().map(|registered| registered.0)
    }

    /// The hash that a method of this name has. For systems that have methods of their own.
    #[must_use]
    pub const fn hash_of(name: &str) -> u64 {
        hash_name(name)
    }

    /// The identity of the method: `crate::module::Actor::method`, or what `#[distributed(name = "..")]` says.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.parts.name
    }

    /// The 64-bit hash of [`name`](Self::name), by which calls are dispatched.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The path of the module that the actor's impl stands in.
    #[must_use]
    pub const fn module(&self) -> &'static str {
        self.parts.module
    }

    /// The actor's type, without its generics.
    #[must_use]
    pub const fn actor(&self) -> &'static str {
        self.parts.actor
    }

    /// The method's name in the source.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        self.parts.method
    }

    /// The parameters, without the receiver and `#[ctx]` ones.
    #[must_use]
    pub const fn parameters(&self) -> &'static [Parameter] {
        self.parts.parameters
    }

    /// The declared result, as written; `()` if none is.
    #[must_use]
    pub const fn result(&self) -> &'static str {
        self.parts.result
    }

    /// The declared error, where the result is written as `Result<_, E>`.
    #[must_use]
    pub const fn error(&self) -> Option<&'static str> {
        self.parts.error
    }

    /// The method's doc comment.
    #[must_use]
    pub const fn docs(&self) -> &'static str {
        self.parts.docs
    }

    /// Argument and result types as written in the source: what two binaries compare before anything is decoded.
    #[must_use]
    pub const fn signature(&self) -> &'static str {
        self.parts.signature
    }

    /// Whether it is an `async fn`. Callers and the wire see no difference.
    #[must_use]
    pub const fn is_async(&self) -> bool {
        self.parts.is_async
    }

    /// Whether it takes a `#[ctx]` parameter.
    #[must_use]
    pub const fn uses_context(&self) -> bool {
        self.parts.uses_context
    }

    /// Whether its calls go ahead of all others that wait for the actor: `#[distributed(urgent)]`.
    #[must_use]
    pub const fn is_urgent(&self) -> bool {
        self.parts.is_urgent
    }

    /// Whether it runs to its end even if its caller gives up: `#[distributed(complete)]`.
    #[must_use]
    pub const fn completes(&self) -> bool {
        self.parts.completes
    }

    /// Whether it is a constructor, by which other nodes start an actor: `#[distributed(spawn)]`.
    #[must_use]
    pub const fn constructs(&self) -> bool {
        self.parts.constructs
    }

    /// Its place in the actor's dispatch table; of no meaning for a constructor.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.parts.position
    }
}

/// A method in the process-wide registry.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registered(pub &'static MethodInfo);

inventory::collect!(Registered);
