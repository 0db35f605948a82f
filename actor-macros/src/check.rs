//! What can be seen to be wrong in the source, each with what to write instead.

use proc_macro2::Ident;
use syn::{
    Attribute, FnArg, GenericArgument, GenericParam, Generics, ImplItemFn, ItemImpl, PathArguments, ReceiverKind,
    ReturnType, Safety, Signature, Type, TypeGroup, TypeParen, TypePath,
};

use crate::{
    attr,
    diagnostics::Errors,
    model::{ActorOptions, Method, Receiver},
    tokens::plain_name,
};

mod types;

/// The longest tuple that `actor_core::Arguments` is implemented for.
const PARAMETERS_MAX: usize = 12;

/// The methods of `ActorRef`, and of the traits that it implements and that are in scope everywhere or named in its
/// documentation. A call `reference.name(..)` finds them before the proxy's.
const RESERVED: &[&str] = &[
    "id",
    "system",
    "is_local",
    "when_local",
    "downgrade",
    "stop",
    "terminated",
    // Clone, PartialEq, PartialOrd, Ord, Hash, Debug and Display, Serialize, Deref
    "clone",
    "clone_from",
    "eq",
    "ne",
    "partial_cmp",
    "lt",
    "le",
    "gt",
    "ge",
    "cmp",
    "max",
    "min",
    "clamp",
    "hash",
    "fmt",
    "serialize",
    "deref",
    // implemented for every type: ToString, ToOwned, Into, TryInto
    "to_string",
    "to_owned",
    "clone_into",
    "into",
    "try_into",
];

/// The header of the impl: the name of its actor, unless it has none.
pub(crate) fn header(item: &ItemImpl, errors: &mut Errors) -> Option<Ident> {
    let before = errors.count();
    if let Some(keyword) = item.unsafety {
        errors.at(keyword, "nothing here is unsafe: remove the keyword");
    }
    for parameter in item.generics.lifetimes() {
        errors.at(parameter, "an actor lives as long as it is needed, so it cannot borrow: let it own its state");
    }
    let mut ty = &*item.self_ty;
    while let Type::Group(TypeGroup { elem, .. }) | Type::Paren(TypeParen { elem, .. }) = ty {
        ty = elem;
    }
    let Type::Path(TypePath { qself: None, path, .. }) = ty else {
        errors.at(ty, "an actor is a struct or an enum: write `impl Name { .. }`");
        return None;
    };
    let segment = path.segments.last()?;
    if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
        for argument in &arguments.args {
            if let GenericArgument::Lifetime(lifetime) = argument
                && lifetime.ident != "static"
                && item.generics.lifetimes().all(|declared| declared.lifetime != *lifetime)
            {
                errors.at(lifetime, "an actor lives as long as it is needed, so it cannot borrow: write `'static`");
            }
        }
    }
    (errors.count() == before).then(|| segment.ident.clone())
}

/// There is no default system in `actor_core`. `None` if so there is no system at all.
pub(crate) fn system(options: &ActorOptions, errors: &mut Errors) -> Option<()> {
    if let (Some(path), None) = (&options.krate, &options.system)
        && path.segments.len() == 1
        && path.segments.last().is_some_and(|segment| segment.ident == "actor_core")
    {
        errors.at(path, "`actor_core` has no actor system of its own: add `system = MySystem`");
        return None;
    }
    Some(())
}

/// That an actor which shall be reentrant has methods that can interleave.
pub(crate) fn reentrant(options: &ActorOptions, methods: &[Method], errors: &mut Errors) {
    if let Some(option) = options.reentrant
        && !methods.iter().any(|method| matches!(method.receiver, Receiver::Shared(_)))
    {
        let message = "only methods with `&self` interleave, and this actor has none: let one take `&self`, or remove \
                       `reentrant`";
        errors.add(syn::Error::new(option, message));
    }
}

/// Names that are given twice. Of two methods that share one the first is kept, unless `#[cfg]` may choose between them.
pub(crate) fn names(methods: &mut Vec<Method>, errors: &mut Errors) {
    let mut kept: Vec<Method> = Vec::new();
    for mut method in methods.drain(..) {
        let conditional = method.condition.is_some();
        let mut others = kept.iter().filter(|other| !conditional || other.condition.is_none());
        if let Some(other) = others.clone().find(|other| pinned(other).is_some() && pinned(other) == pinned(&method)) {
            let message = format!("`{}` has this name already: give this method another", other.name());
            errors.at(&method.options.name, message);
            method.options.name = None;
        }
        if others.any(|other| other.name() == method.name()) {
            let message = format!("two distributed methods are named `{}`: rename one of them", method.name());
            errors.at(&method.ident, message);
        } else {
            kept.push(method);
        }
    }
    *methods = kept;
}

fn pinned(method: &Method) -> Option<String> {
    method.options.name.as_ref().map(syn::LitStr::value)
}

/// One method, whose own attributes have been taken away; `contexts` are those of its inputs.
pub(crate) fn method(function: &ImplItemFn, contexts: &[Option<Attribute>], errors: &mut Errors) {
    let signature = &function.sig;
    qualifiers(signature, errors);
    name(signature, errors);
    generics(signature, errors);
    receiver(signature, errors);
    inputs(signature, contexts, errors);
    if let ReturnType::Type(_, ty) = &signature.output {
        types::result(ty, errors);
    }
}

/// The same for a constructor.
pub(crate) fn constructor(function: &ImplItemFn, contexts: &[Option<Attribute>], errors: &mut Errors) {
    let signature = &function.sig;
    qualifiers(signature, errors);
    generics(signature, errors);
    if let Some(receiver) = signature.receiver() {
        errors.at(receiver, "a constructor makes its actor, so there is none yet: remove this, and return `Self`");
    }
    inputs(signature, contexts, errors);
    match &signature.output {
        ReturnType::Default => {
            errors.at(&signature.ident, "a constructor returns its actor: add `-> Self` or `-> Result<Self, E>`");
        }
        ReturnType::Type(_, ty) => types::result(ty, errors),
    }
}

/// Constructors are found by name, which does not say what stands for a generic parameter: such are left out.
pub(crate) fn constructors_of(generics: &Generics, constructors: &mut Vec<Method>, errors: &mut Errors) {
    let parameter = generics.params.iter().find_map(|parameter| match parameter {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
    });
    if let Some(parameter) = parameter {
        for constructor in constructors.drain(..) {
            let message = format!(
                "a constructor is found by its name, which does not say what `{parameter}` is: put it into the impl of \
                 one type, without generic parameters"
            );
            errors.at(&constructor.ident, message);
        }
    }
}

fn qualifiers(signature: &Signature, errors: &mut Errors) {
    if let Some(keyword) = &signature.constness {
        errors.at(keyword, "a distributed method runs in its actor, never at compile time: remove `const`");
    }
    if let Safety::Unsafe(keyword) = &signature.safety {
        errors
            .at(keyword, "a caller on another node cannot vouch for anything: a distributed method cannot be `unsafe`");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "a distributed method has Rust's own calling convention: remove `extern`");
    }
}

fn name(signature: &Signature, errors: &mut Errors) {
    let name = plain_name(&signature.ident);
    if RESERVED.contains(&name.as_str()) {
        errors.at(
            &signature.ident,
            format!(
                "`{name}` is a method of every `ActorRef`, which hides this one from its callers: rename it \
                 (`#[distributed(name = \"..\")]` can keep the name on the wire)"
            ),
        );
    }
}

fn generics(signature: &Signature, errors: &mut Errors) {
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => {
                errors.at(lifetime, "a distributed method borrows nothing from its caller: remove the lifetime");
            }
            GenericParam::Type(parameter) => errors.at(
                &parameter.ident,
                format!(
                    "a distributed method cannot be generic yet: write a type in the place of `{}`",
                    parameter.ident
                ),
            ),
            GenericParam::Const(parameter) => errors.at(
                &parameter.ident,
                format!(
                    "a distributed method cannot be generic yet: write a value in the place of `{}`",
                    parameter.ident
                ),
            ),
        }
    }
    if let Some(clause) = &signature.generics.where_clause
        && signature.generics.params.is_empty()
    {
        errors.at(clause, "put these bounds on the impl: they have to hold for every call");
    }
}

fn receiver(signature: &Signature, errors: &mut Errors) {
    let Some(receiver) = signature.receiver() else {
        errors.at(&signature.ident, "a distributed method runs in its actor: add `&mut self` or `&self`");
        return;
    };
    match &receiver.kind {
        ReceiverKind::Reference(_, None, _) => {}
        ReceiverKind::Reference(_, Some(lifetime), _) => {
            errors.at(lifetime, "a distributed method borrows its actor for its own time: remove the lifetime");
        }
        ReceiverKind::Value => {
            errors.at(receiver, "the actor stays where it is, it cannot be moved: write `&mut self` or `&self`");
        }
        _ => errors.at(receiver, "write `&mut self` or `&self`"),
    }
}

fn inputs(signature: &Signature, contexts: &[Option<Attribute>], errors: &mut Errors) {
    let (mut parameters, mut seen_context) = (0, false);
    for (input, context) in signature.inputs.iter().zip(contexts) {
        let FnArg::Typed(input) = input else {
            if let Some(attribute) = context {
                errors.at(attribute, "`self` is the actor: put `#[ctx]` on a parameter of type `&Context<Self>`");
            }
            continue;
        };
        if let Some(attribute) = input.attrs.iter().find(|attribute| attr::is(attribute, "cfg")) {
            errors.at(attribute, "a call has the same parameters in every build: put `#[cfg]` on two methods instead");
        }
        match context {
            Some(attribute) if seen_context => errors.at(attribute, "one `#[ctx]` is enough: remove this parameter"),
            Some(_) => {
                seen_context = true;
                if !matches!(&*input.ty, Type::Reference(reference) if reference.mutability.is_none()) {
                    errors.at(&input.ty, "a `#[ctx]` parameter is the actor's own context: write `&Context<Self>`");
                }
            }
            None => {
                parameters += 1;
                if parameters == PARAMETERS_MAX + 1 {
                    let message = "a distributed method takes at most 12 parameters: put some of them into a struct";
                    errors.at(&input.pat, message);
                }
                types::parameter(&input.ty, errors);
            }
        }
    }
}
