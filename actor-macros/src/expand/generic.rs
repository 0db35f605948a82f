//! Actors with generic parameters: the bounds of all their methods as one trait, `<Actor>Codec`.
//!
//! A supertrait may be used wherever the trait is a bound, so this one bound stands for all of them: on the user's own
//! impl, on the impls that go with it, and on functions that call the actor.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericParam, Generics, Ident, Type, parse_quote};

use super::{
    actor::{Common, allow},
    reply::{self, Kind},
};
use crate::{
    model::{Condition, Method},
    tokens,
};

/// Nothing for an actor that is not generic.
pub(crate) fn codec_trait(common: &Common<'_>) -> TokenStream {
    let Some(codec) = &common.codec else { return TokenStream::new() };
    let whole = common.actor.condition.as_ref();
    let (mut bounds, mut parts) = (Vec::new(), Vec::new());
    for method in &common.actor.methods {
        match &method.condition {
            None => add(&mut bounds, of_method(common, method)),
            Some(condition) => {
                let part = tokens::ident(&format!("__{codec}_{}", method.name()), method.ident.span());
                let (_, arguments, _) = common.generics.split_for_impl();
                add(&mut bounds, vec![quote!(#part #arguments)]);
                parts.push(conditional(common, &part, method, condition));
            }
        }
    }
    let doc = format!(
        " What the serialization requirement of a system has to meet for `{}` to run on it.",
        common.actor.ident
    );
    let own = declaration(common, codec, &bounds, &quote!(#whole));
    quote!(#[doc = #doc] #own #(#parts)*)
}

/// The bounds of a method under `#[cfg]`, and without it none.
fn conditional(common: &Common<'_>, part: &Ident, method: &Method, Condition(predicate): &Condition) -> TokenStream {
    let whole = common.actor.condition.as_ref();
    let with = declaration(common, part, &of_method(common, method), &quote!(#whole #[cfg(#predicate)]));
    let without = declaration(common, part, &[], &quote!(#whole #[cfg(not(#predicate))]));
    quote!(#[doc(hidden)] #with #[doc(hidden)] #without)
}

/// The trait, and its impl for every requirement that meets `bounds`.
fn declaration(common: &Common<'_>, name: &Ident, bounds: &[TokenStream], condition: &TokenStream) -> TokenStream {
    let allow = allow();
    let (declared, arguments, clause) = common.generics.split_for_impl();
    let mut generics = common.generics.clone();
    generics.params.push(parse_quote!(__Requirement));
    if !bounds.is_empty() {
        generics.make_where_clause().predicates.push(parse_quote!(__Requirement: #(#bounds)+*));
    }
    let (blanket, _, blanket_clause) = generics.split_for_impl();
    quote! {
        #condition
        #allow
        pub trait #name #declared: #(#bounds)+* #clause {}

        #condition
        #allow
        #[automatically_derived]
        impl #blanket #name #arguments for __Requirement #blanket_clause {}
    }
}

/// What is left to be bound: types that rustc knows without the impl's generics are checked where they stand.
fn of_method(common: &Common<'_>, method: &Method) -> Vec<TokenStream> {
    let mut bounds = Vec::new();
    for parameter in method.parameters() {
        if !common.is_concrete(common.spelled_out(&parameter.ty)) {
            add(&mut bounds, vec![codec_of(common, &parameter.ty)]);
        }
    }
    let result = reply::declared(common, method);
    if !common.is_concrete(&result) {
        let of_reply = match (reply::kind(common, method), &method.result) {
            (Kind::Value, Some(value)) => vec![codec_of(common, value)],
            (Kind::Result(Some((value, error))), _) => vec![codec_of(common, value), codec_of(common, error)],
            (Kind::Result(None), _) => vec![codec_of_reply(common, method, &result, &quote!(true))],
            (Kind::Probed | Kind::Value, _) => {
                let probe = reply::probe(common, &result);
                vec![codec_of_reply(common, method, &result, &probe)]
            }
        };
        add(&mut bounds, of_reply);
    }
    bounds
}

/// Stands where the user wrote the type, so that rustc can show where the bound comes from.
fn codec_of(common: &Common<'_>, ty: &Type) -> TokenStream {
    let ty = common.spelled_out(ty);
    let (first, last) = tokens::ends(&ty);
    let support = tokens::located(common.support.clone(), first);
    let (open, close) = (quote_spanned!(first=> #support::Codec<), quote_spanned!(last=> >));
    quote!(#open #ty #close)
}

fn codec_of_reply(common: &Common<'_>, method: &Method, result: &TokenStream, is_result: &TokenStream) -> TokenStream {
    let (first, last) = method.result.as_ref().map_or_else(|| tokens::ends(&method.ident), tokens::ends);
    let support = tokens::located(common.support.clone(), first);
    let (open, close) = (quote_spanned!(first=> #support::CodecOf<#support::As<), quote_spanned!(last=> >>));
    quote!(#open #result, #is_result #close)
}

fn add(bounds: &mut Vec<TokenStream>, more: Vec<TokenStream>) {
    for bound in more {
        if bounds.iter().all(|known| known.to_string() != bound.to_string()) {
            bounds.push(bound);
        }
    }
}

/// The parameters without `Self` in their bounds.
pub(crate) fn without_self(generics: &Generics, ty: &TokenStream) -> Generics {
    let parse = || -> syn::Result<Generics> {
        let clause = generics.where_clause.to_token_stream();
        let mut replaced: Generics = syn::parse2(tokens::without_self(generics, ty))?;
        replaced.where_clause = syn::parse2(tokens::without_self(clause, ty))?;
        Ok(replaced)
    };
    parse().unwrap_or_else(|_| generics.clone())
}

/// The names of the type and const parameters.
pub(crate) fn names(generics: &Generics) -> Vec<Ident> {
    let name = |parameter: &GenericParam| match parameter {
        GenericParam::Type(parameter) => Some(parameter.ident.clone()),
        GenericParam::Const(parameter) => Some(parameter.ident.clone()),
        GenericParam::Lifetime(_) => None,
    };
    generics.params.iter().filter_map(name).collect()
}
