//! Hooks: what an actor does at its start, at its end, and when one that it watches has ended.

use syn::{Attribute, FnArg, ImplItemFn, ReceiverKind, ReturnType, Type};

use crate::{
    attr,
    diagnostics::Errors,
    model::{Hook, HookArgument, When},
    parse,
};

impl When {
    const ALL: [Self; 3] = [Self::Start, Self::Stop, Self::Terminated];

    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Start => attr::ON_START,
            Self::Stop => attr::ON_STOP,
            Self::Terminated => attr::ON_TERMINATED,
        }
    }

    /// How its parameters may look, and how many there are at most beside the context.
    fn parameters(self) -> (&'static str, usize) {
        match self {
            Self::Start => ("no parameters but `#[ctx] ctx: &Context<Self>`", 0),
            Self::Stop => ("`reason: &ExitReason`, and no more", 1),
            Self::Terminated => ("`how: Terminated`, or `who: ActorId, how: Terminated`", 2),
        }
    }
}

/// Takes the attributes of hooks away; with the hook, if it is one and sound.
pub(crate) fn take(function: &mut ImplItemFn, errors: &mut Errors) -> Taken {
    let found: Vec<_> = When::ALL
        .into_iter()
        .filter_map(|when| Some((when, attr::take(&mut function.attrs, when.attribute()).pop()?)))
        .collect();
    let Some((when, attribute)) = found.first() else { return Taken::None };
    let before = errors.count();
    for (_, other) in found.iter().skip(1) {
        errors.at(other, "a method is called for one reason: put this on one of its own");
    }
    if let Some(distributed) = attr::take(&mut function.attrs, attr::DISTRIBUTED).first() {
        let name = when.attribute();
        errors.at(distributed, format!("the runtime calls what is under `#[{name}]`: keep one of the two"));
    }
    let contexts = parse::take_contexts(function.sig.inputs.iter_mut());
    let hook = read(function, *when, &contexts, attribute, errors);
    if errors.count() > before { Taken::Wrong } else { hook.map_or(Taken::Wrong, Taken::Hook) }
}

/// What a function of the impl is.
pub(crate) enum Taken {
    /// No hook.
    None,
    /// One that has been reported.
    Wrong,
    Hook(Hook),
}

fn read(
    function: &ImplItemFn,
    when: When,
    contexts: &[Option<Attribute>],
    attribute: &Attribute,
    errors: &mut Errors,
) -> Option<Hook> {
    let signature = &function.sig;
    let name = when.attribute();
    if !matches!(attribute.meta, syn::Meta::Path(_)) {
        errors.at(attribute, format!("`#[{name}]` takes no options"));
    }
    if attr::condition(&function.attrs).is_some() {
        errors
            .at(&signature.ident, format!("a method under `#[{name}]` is there in every build: put `#[cfg]` into it"));
    }
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics, format!("nobody says what stands for these: `#[{name}]` takes no generics"));
    }
    match signature.receiver().map(|receiver| &receiver.kind) {
        Some(ReceiverKind::Reference(_, None, _)) => {}
        _ => {
            errors.at(&signature.ident, format!("`#[{name}]` is for what the actor does: take `&mut self` or `&self`"))
        }
    }
    if let (When::Stop | When::Terminated, ReturnType::Type(_, ty)) = (when, &signature.output) {
        errors.at(ty, format!("nobody waits for what `#[{name}]` returns: leave it out"));
    }
    let mut arguments = Vec::new();
    for (input, context) in signature.inputs.iter().zip(contexts) {
        let FnArg::Typed(input) = input else { continue };
        match (context, &*input.ty) {
            (Some(_), Type::Reference(reference)) if reference.mutability.is_none() => {
                arguments.push(HookArgument::Context(reference.elem.clone()));
            }
            (Some(_), ty) => {
                errors.at(ty, "a `#[ctx]` parameter is the actor's own context: write `&Context<Self>`");
            }
            (None, _) => arguments.push(HookArgument::Value),
        }
    }
    let (expected, most) = when.parameters();
    if arguments.iter().filter(|argument| matches!(argument, HookArgument::Value)).count() > most {
        errors.at(&signature.inputs, format!("`#[{name}]` takes {expected}"));
    }
    Some(Hook { when, ident: signature.ident.clone(), asynchronous: signature.asyncness.is_some(), arguments })
}
