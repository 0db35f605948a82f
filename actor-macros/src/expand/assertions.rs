//! Questions to rustc about one method, put so that its answer is at the user's own token and names the method.
//!
//! They are asked in the body of a constant that the method's types depend on. If one fails the constant has no value,
//! rustc takes those types for errors that it has reported already, and stays silent about all that follows from it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

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
    let travel = travel(common, method);
    let state = if common.codec.is_none() { shared_state(common, method) } else { TokenStream::new() };
    let body = if travel.is_empty() && state.is_empty() {
        answer
    } else {
        quote!({
            const IS_RESULT: ::core::primitive::bool = #answer;
            #travel
            #state
            IS_RESULT
        })
    };
    quote!(#condition const #is_result: ::core::primitive::bool = #body;)
}

/// That parameters, result and error meet the serialization requirement.
fn travel(common: &Common<'_>, method: &Method) -> TokenStream {
    let Common { support, system, .. } = common;
    let mut questions = Vec::new();
    let name = tokens::borrowed(&method.ident);
    for parameter in method.parameters() {
        let ty = common.spelled_out(&parameter.ty);
        if common.is_concrete(&ty) {
            let (first, _) = ends(&ty, method);
            questions.push(quote_spanned!(first=> let _ = #name::<#ty>;));
        }
    }
    let declared = reply::declared(common, method);
    if common.is_concrete(&declared) {
        let (first, last) = method.result.as_ref().map_or_else(|| ends(&method.ident, method), |ty| ends(ty, method));
        let reply = quote_spanned!(first=> <#support::As<#declared, IS_RESULT> as #support::Carried>);
        for part in ["Value", "Error"] {
            let part = tokens::ident(part, last);
            questions.push(quote_spanned!(first=> let _ = #name::<#reply::#part>;));
        }
    }
    if questions.is_empty() {
        return TokenStream::new();
    }
    let question = quote_spanned! {method.ident.span()=>
        fn #name<__T: ::core::marker::Send + 'static>()
        where
            #support::RequirementIn<#system>: #support::Codec<__T>
        {}
    };
    quote!(#question #(#questions)*)
}

/// That an `async fn` which takes `&self` has a state that threads may share.
pub(crate) fn shared_state(common: &Common<'_>, method: &Method) -> TokenStream {
    let (Receiver::Shared(receiver), Some(_)) = (method.receiver, method.asynchronous) else {
        return TokenStream::new();
    };
    let Common { support, ty, .. } = common;
    let name = tokens::borrowed(&method.ident);
    let actor = tokens::located(ty.clone(), receiver);
    let question = quote_spanned!(method.ident.span()=> fn #name<__State: #support::SharedState>() {});
    let asked = quote_spanned!(receiver=> let _ = #name::<#actor>;);
    quote!({ #question #asked })
}

/// The spans that a type begins and ends with.
fn ends(tokens: impl ToTokens, method: &Method) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|tree| tree.span());
    let first = spans.next().unwrap_or_else(|| method.ident.span());
    (first, spans.last().unwrap_or(first))
}
