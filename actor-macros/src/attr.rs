//! The attributes and their options.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, Ident, LitStr, Meta, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::{
    diagnostics::Errors,
    model::{ActorOptions, Condition, MethodOptions},
};

pub(crate) const DISTRIBUTED_ACTOR: &str = "distributed_actor";
pub(crate) const DISTRIBUTED: &str = "distributed";
pub(crate) const CTX: &str = "ctx";
pub(crate) const ON_START: &str = "on_start";
pub(crate) const ON_STOP: &str = "on_stop";
pub(crate) const ON_TERMINATED: &str = "on_terminated";

const CRATE: &str = "crate";
const SYSTEM: &str = "system";
const NAME: &str = "name";
const COMPLETE: &str = "complete";
const RESULT: &str = "result";
const REENTRANT: &str = "reentrant";
const SPAWN: &str = "spawn";
const URGENT: &str = "urgent";

/// The options of `#[distributed_actor(..)]`.
pub(crate) fn actor_options(tokens: TokenStream, errors: &mut Errors) -> ActorOptions {
    let mut options = ActorOptions::default();
    read(tokens, errors, |option, input, errors| {
        if option == SYSTEM {
            once(&mut options.system, option, value(option, "a type: `system = MySystem`", input)?, errors);
        } else if option == CRATE {
            let path = value_with(option, "a path: `crate = ::distributed_actor`", input, Path::parse_mod_style)?;
            once(&mut options.krate, option, path, errors);
        } else if option == NAME {
            once(&mut options.name, option, name(option, input)?, errors);
        } else if option == REENTRANT {
            flag(option, input)?;
            once(&mut options.reentrant, option, option.span(), errors);
        } else {
            let known = "`system = Type`, `name = \"..\"`, `reentrant` and `crate = path`";
            return Err(unknown(option, DISTRIBUTED_ACTOR, known));
        }
        Ok(())
    });
    options
}

/// The options of `#[distributed]` or `#[distributed(..)]`.
pub(crate) fn method_options(attribute: &Attribute, errors: &mut Errors) -> MethodOptions {
    let mut options = MethodOptions::default();
    let (mut complete, mut result, mut spawn, mut urgent) = (None, None, None, None);
    let tokens = match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(_) => {
            errors.at(attribute, "write `#[distributed]`, or `#[distributed(name = \"..\")]`");
            TokenStream::new()
        }
    };
    read(tokens, errors, |option, input, errors| {
        if option == NAME {
            once(&mut options.name, option, name(option, input)?, errors);
        } else if option == COMPLETE {
            flag(option, input)?;
            once(&mut complete, option, option.clone(), errors);
        } else if option == URGENT {
            flag(option, input)?;
            once(&mut urgent, option, option.clone(), errors);
        } else if option == RESULT {
            flag(option, input)?;
            once(&mut result, option, option.clone(), errors);
        } else if option == SPAWN {
            // Whatever else is wrong with it, it is no method.
            once(&mut spawn, option, (), errors);
            flag(option, input)?;
        } else {
            return Err(unknown(option, DISTRIBUTED, "`name = \"..\"`, `complete`, `urgent`, `result` and `spawn`"));
        }
        Ok(())
    });
    if spawn.is_some() {
        for option in [&complete, &urgent, &result].into_iter().flatten() {
            errors.at(option, format!("`{option}` is for methods, and a constructor is none: remove it"));
        }
    }
    MethodOptions {
        complete: complete.is_some(),
        urgent: urgent.is_some(),
        result: result.is_some(),
        spawn: spawn.is_some(),
        ..options
    }
}

/// Whether it is the attribute of that name, by whatever path.
pub(crate) fn is(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
}

/// Takes the attributes of that name away.
pub(crate) fn take(attributes: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    attributes.extract_if(.., |attribute| is(attribute, name)).collect()
}

/// The predicate of all `#[cfg(..)]`, also of those within `#[cfg_attr(..)]`.
pub(crate) fn condition(attributes: &[Attribute]) -> Option<Condition> {
    let mut predicates = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("cfg")
            && let Meta::List(list) = &attribute.meta
        {
            predicates.push(list.tokens.clone());
        }
        for (when, inner) in conditional(attribute) {
            if inner.path().is_ident("cfg")
                && let Meta::List(list) = &inner
            {
                let then = &list.tokens;
                predicates.push(quote!(any(not(#when), #then)));
            }
        }
    }
    match predicates.as_slice() {
        [] => None,
        [one] => Some(Condition(one.clone())),
        several => Some(Condition(quote!(all(#(#several),*)))),
    }
}

/// What a proxy's method takes over: `doc` and `deprecated`, also within `#[cfg_attr(..)]`.
pub(crate) fn carried(attributes: &[Attribute]) -> Vec<Attribute> {
    let wanted = |path: &Path| path.is_ident("doc") || path.is_ident("deprecated");
    let mut carried = Vec::new();
    for attribute in attributes {
        if wanted(attribute.path()) {
            carried.push(attribute.clone());
        }
        for (when, inner) in conditional(attribute) {
            if wanted(inner.path()) {
                carried.push(syn::parse_quote!(#[cfg_attr(#when, #inner)]));
            }
        }
    }
    carried
}

/// The attributes within a `#[cfg_attr(predicate, ..)]`, each with the predicate.
fn conditional(attribute: &Attribute) -> Vec<(Meta, Meta)> {
    if !attribute.path().is_ident("cfg_attr") {
        return Vec::new();
    }
    let Ok(parts) = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else {
        return Vec::new();
    };
    let mut parts = parts.into_iter();
    let Some(when) = parts.next() else { return Vec::new() };
    parts.map(|inner| (when.clone(), inner)).collect()
}

/// Reads `option, option = value, ..`; after an error it goes on behind the next comma.
fn read(
    tokens: TokenStream,
    errors: &mut Errors,
    mut each: impl FnMut(&Ident, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let read = Ident::parse_any(input).and_then(|option| each(&option, input, errors));
            match read {
                Ok(()) if input.is_empty() || input.peek(Token![,]) => {}
                Ok(()) => errors.add(input.error("expected a comma between two options")),
                Err(error) => errors.add(error),
            }
            to_the_next(input)?;
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        errors.add(error);
    }
}

/// Goes behind the next comma that is not between angle brackets.
fn to_the_next(input: ParseStream<'_>) -> syn::Result<()> {
    let mut depth = 0_usize;
    while !input.is_empty() {
        if depth == 0 && input.parse::<Option<Token![,]>>()?.is_some() {
            break;
        }
        match input.parse()? {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth = depth.saturating_add(1),
            TokenTree::Punct(punct) if punct.as_char() == '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn value<T: syn::parse::Parse>(option: &Ident, expected: &str, input: ParseStream<'_>) -> syn::Result<T> {
    value_with(option, expected, input, T::parse)
}

fn value_with<T>(
    option: &Ident,
    expected: &str,
    input: ParseStream<'_>,
    parse: fn(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let expected = |at| syn::Error::new(at, format!("`{option}` takes {expected}"));
    input.parse::<Token![=]>().map_err(|_| expected(option.span()))?;
    parse(input).map_err(|error| expected(error.span()))
}

fn name(option: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let name: LitStr = value(option, "a string: `name = \"..\"`", input)?;
    if name.value().is_empty() {
        return Err(syn::Error::new(name.span(), "a name cannot be empty"));
    }
    Ok(name)
}

fn flag(option: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) || input.peek(syn::token::Paren) {
        return Err(syn::Error::new(option.span(), format!("`{option}` takes no value: write `{option}` alone")));
    }
    Ok(())
}

fn once<T>(slot: &mut Option<T>, option: &Ident, value: T, errors: &mut Errors) {
    if slot.replace(value).is_some() {
        errors.at(option, format!("`{option}` is given twice: keep one"));
    }
}

fn unknown(option: &Ident, attribute: &str, known: &str) -> syn::Error {
    syn::Error::new(option.span(), format!("unknown option `{option}`: `#[{attribute}]` takes {known}"))
}
