//! From the impl to the model. What is found wrong is left out of it, and reported.

use proc_macro2::Span;
use syn::{
    Attribute, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Pat, ReceiverKind, ReturnType, Type, spanned::Spanned,
};

use crate::{
    attr, check,
    diagnostics::Errors,
    hook::{self, Taken},
    model::{Actor, ActorOptions, Argument, Hook, Method, Parameter, Receiver},
    tokens,
};

/// Reads the impl, and takes this macro's own attributes out of it. `None` if it is not the impl of an actor.
pub(crate) fn actor(item: &mut ItemImpl, options: ActorOptions, errors: &mut Errors) -> Option<Actor> {
    for second in attr::take(&mut item.attrs, attr::DISTRIBUTED_ACTOR) {
        errors.at(second, "`#[distributed_actor]` is given twice: keep one");
    }
    let before = errors.count();
    let (mut methods, mut constructors, mut hooks) = (Vec::new(), Vec::new(), Vec::<Hook>::new());
    for item in &mut item.items {
        match item {
            ImplItem::Fn(function) => match hook::take(function, errors) {
                Taken::Hook(hook) if hooks.iter().any(|known| known.when == hook.when) => {
                    let name = hook.when.attribute();
                    errors.at(&hook.ident, format!("there is a method under `#[{name}]` already: keep one"));
                }
                Taken::Hook(hook) => hooks.push(hook),
                Taken::Wrong => {}
                Taken::None => match method(function, errors) {
                    Some(constructor) if constructor.options.spawn => constructors.push(constructor),
                    method => methods.extend(method),
                },
            },
            ImplItem::Const(item) => not_a_method(&mut item.attrs, errors),
            ImplItem::Type(item) => not_a_method(&mut item.attrs, errors),
            ImplItem::Macro(item) => not_a_method(&mut item.attrs, errors),
            _ => {}
        }
    }
    if errors.count() == before {
        check::reentrant(&options, &methods, errors);
    }
    check::names(&mut methods, errors);
    check::names(&mut constructors, errors);
    check::constructors_of(&item.generics, &mut constructors, errors);
    let ident = check::header(item, errors);
    check::system(&options, errors)?;
    Some(Actor {
        ty: (*item.self_ty).clone(),
        ident: ident?,
        generics: item.generics.clone(),
        options,
        condition: attr::condition(&item.attrs),
        methods,
        constructors,
        hooks,
    })
}

/// Reads one method. `None` if it is not distributed, or cannot be.
fn method(function: &mut ImplItemFn, errors: &mut Errors) -> Option<Method> {
    let marks = attr::take(&mut function.attrs, attr::DISTRIBUTED);
    let contexts = take_contexts(function.sig.inputs.iter_mut());
    let Some((mark, others)) = marks.split_first() else {
        for attribute in contexts.iter().flatten() {
            errors
                .at(attribute, "`#[ctx]` is for methods under `#[distributed]`: pass the context as an argument here");
        }
        return None;
    };
    let before = errors.count();
    for second in others {
        errors.at(second, "`#[distributed]` is given twice: put all options into one");
    }
    let options = attr::method_options(mark, errors);
    if options.spawn {
        check::constructor(function, &contexts, errors);
    } else {
        check::method(function, &contexts, errors);
    }
    if errors.count() > before {
        return None;
    }
    let signature = &function.sig;
    Some(Method {
        ident: signature.ident.clone(),
        visibility: function.vis.clone(),
        options,
        asynchronous: signature.asyncness.map(|keyword| keyword.span),
        receiver: signature.receiver().map_or(Receiver::None, receiver),
        arguments: arguments(function, &contexts),
        result: match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some((**ty).clone()),
        },
        attributes: attr::carried(&function.attrs),
        condition: attr::condition(&function.attrs),
    })
}

/// For each input of a method its `#[ctx]`, which is taken away.
pub(crate) fn take_contexts<'a>(inputs: impl Iterator<Item = &'a mut FnArg>) -> Vec<Option<Attribute>> {
    let take = |input: &mut FnArg| match input {
        FnArg::Typed(input) => attr::take(&mut input.attrs, attr::CTX).pop(),
        FnArg::Receiver(input) => attr::take(&mut input.attrs, attr::CTX).pop(),
    };
    inputs.map(take).collect()
}

fn receiver(receiver: &syn::Receiver) -> Receiver {
    match receiver.kind {
        ReceiverKind::Reference(_, _, Some(_)) => Receiver::Exclusive,
        _ => Receiver::Shared(receiver.self_token.span),
    }
}

fn arguments(function: &ImplItemFn, contexts: &[Option<Attribute>]) -> Vec<Argument> {
    let typed: Vec<_> = function.sig.inputs.iter().zip(contexts).filter_map(typed).collect();
    let taken: Vec<_> = typed.iter().filter_map(|(pattern, ..)| written_name(pattern)).cloned().collect();
    let argument = |(index, (pattern, ty, is_context)): (usize, &(&Pat, &Type, bool))| match ty {
        Type::Reference(reference) if *is_context => Argument::Context((*reference.elem).clone()),
        _ => {
            let name = written_name(pattern).cloned().unwrap_or_else(|| free_name(index, pattern.span(), &taken));
            Argument::Value(Parameter { name, ty: (*ty).clone() })
        }
    };
    typed.iter().enumerate().map(argument).collect()
}

fn typed<'a>((input, context): (&'a FnArg, &Option<Attribute>)) -> Option<(&'a Pat, &'a Type, bool)> {
    match input {
        FnArg::Typed(input) => Some((&input.pat, &input.ty, context.is_some())),
        FnArg::Receiver(_) => None,
    }
}

/// The name that a pattern binds as a whole.
fn written_name(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(pattern) => Some(&pattern.ident),
        _ => None,
    }
}

fn free_name(index: usize, at: Span, taken: &[Ident]) -> Ident {
    let mut text = format!("arg{index}");
    while taken.iter().any(|name| name == &text) {
        text.push('_');
    }
    tokens::ident(&text, at)
}

fn not_a_method(attributes: &mut Vec<Attribute>, errors: &mut Errors) {
    for attribute in attr::take(attributes, attr::DISTRIBUTED) {
        errors.at(attribute, "`#[distributed]` is for methods: put it on an `fn` or `async fn` of this impl");
    }
}
