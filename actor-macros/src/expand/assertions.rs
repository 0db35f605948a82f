//! Questions to rustc about one method, put so that its answer is at the user's own token and names the method.
//!
//! They are asked in the body of a constant that the method's types depend on. If one fails the constant has no value,
//! rustc takes those types for errors that it has reported already, and stays silent about all that follows from it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{
    actor::{Common, Names},
    reply::{self, Kind},
};
use crate::{
    model::{Method, Receiver},
    tokens,
};

/// The constant: whether the method returns a `Result`.
pub(crate) fn expand(common: &Common<'_>, method: &Method) -> TokenStream {
    let (condition, Names { is_result, .. }) = (&method.condition, Names::of(method));
    let declared = reply::declared(common, method);
    let answer = match reply::kind(common, method) {
        Kind::Probed => reply::probe(common, &declared),
        Kind::Value => quote!(false),
        Kind::Result(_) => quote!(true),
    };
    let parts =
        if method.options.spawn { parts_of_constructor(common, method) } else { parts_of_method(common, method) };
    let travel = travel(common, method, parts);
    let state = if common.codec.is_none() { shared_state(common, method) } else { TokenStream::new() };
    let body = if travel.is_empty() && state.is_empty() {
        answer
    } else {
        quote!({
            const __IS_RESULT: ::core::primitive::bool = #answer;
            #travel
            #state
            __IS_RESULT
        })
    };
    quote!(#condition const #is_result: ::core::primitive::bool = #body;)
}

/// That parameters, result and error meet the serialization requirement.
fn travel(common: &Common<'_>, method: &Method, parts: Vec<TokenStream>) -> TokenStream {
    let mut questions = Vec::new();
    let name = &method.ident;
    for parameter in method.parameters() {
        let ty = common.spelled_out(&parameter.ty);
        if common.is_concrete(&ty) {
            let (first, _) = tokens::ends(&ty);
            questions.push(quote_spanned!(first=> let _ = #name::<#ty>;));
        }
    }
    let (first, _) = result_ends(method);
    questions.extend(parts.into_iter().map(|part| quote_spanned!(first=> let _ = #name::<#part>;)));
    if questions.is_empty() {
        return TokenStream::new();
    }
    let (user, system) = (method.ident.span(), &common.system);
    let support = tokens::located(common.support.clone(), user);
    let question = quote_spanned! {user=>
        fn #name<__T: ::core::marker::Send + 'static>()
        where
            #support::RequirementIn<#system>: #support::Codec<__T>
        {}
    };
    quote!(#question #(#questions)*)
}

/// What a method's result carries.
fn parts_of_method(common: &Common<'_>, method: &Method) -> Vec<TokenStream> {
    let declared = reply::declared(common, method);
    if !common.is_concrete(&declared) {
        return Vec::new();
    }
    let (first, last) = result_ends(method);
    let support = tokens::located(common.support.clone(), first);
    let reply = quote_spanned!(first=> <#support::As<#declared, __IS_RESULT> as #support::Carried>);
    let part = |part| {
        let part = Ident::new(part, last);
        quote_spanned!(first=> #reply::#part)
    };
    vec![part("Value"), part("Error")]
}

/// What a constructor sends: the id of its actor, or its error. No constructor is generic.
fn parts_of_constructor(common: &Common<'_>, constructor: &Method) -> Vec<TokenStream> {
    let (declared, ty) = (reply::declared(common, constructor), &common.ty);
    let (first, last) = result_ends(constructor);
    let support = tokens::located(common.support.clone(), first);
    let sent = Ident::new("Sent", last);
    vec![quote_spanned!(first=> <#support::As<#declared, __IS_RESULT> as #support::Constructed<#ty>>::#sent)]
}

fn result_ends(method: &Method) -> (Span, Span) {
    method.result.as_ref().map_or_else(|| tokens::ends(&method.ident), tokens::ends)
}

/// That a method which shares the state has one that threads may share.
pub(crate) fn shared_state(common: &Common<'_>, method: &Method) -> TokenStream {
    let Receiver::Shared(receiver) = method.receiver else { return TokenStream::new() };
    if common.actor.options.reentrant.is_some() {
        let lend = reentrant_state(common);
        return quote!(let _ = #lend;);
    }
    if method.asynchronous.is_none() {
        return TokenStream::new();
    }
    let (name, user) = (&method.ident, method.ident.span());
    let support = tokens::located(common.support.clone(), user);
    let actor = tokens::located(common.ty.clone(), receiver);
    let question = quote_spanned!(user=> fn #name<__State: #support::SharedState>() {});
    let asked = quote_spanned!(receiver=> let _ = #name::<#actor>;);
    quote!({ #question #asked })
}

/// The function that lends the state of a reentrant actor. Wherever it is named it is the same question, put in the
/// same place, so that rustc gives its answer once.
pub(crate) fn reentrant_state(common: &Common<'_>) -> TokenStream {
    let at = common.actor.options.reentrant.unwrap_or_else(Span::call_site);
    let support = tokens::located(common.support.clone(), at);
    let actor = tokens::located(common.ty.clone(), at);
    quote_spanned!(at=> #support::lend::<#actor>)
}
