//! Hooks, as items of the impl of `DistributedActor`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::actor::Common;
use crate::{
    model::{Hook, HookArgument, When},
    tokens,
};

/// The items of all hooks.
pub(crate) fn items(common: &Common<'_>) -> TokenStream {
    common.actor.hooks.iter().map(|hook| item(common, hook)).collect()
}

/// What stands beside the impl.
pub(crate) fn marks(common: &Common<'_>) -> TokenStream {
    let Common { support, ty, bounded, actor, .. } = common;
    if actor.hooks.iter().all(|hook| hook.when != When::Terminated) {
        return TokenStream::new();
    }
    let (declared, _, bounds) = bounded.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #declared #support::HearsOfEnds for #ty #bounds {}
    }
}

fn item(common: &Common<'_>, hook: &Hook) -> TokenStream {
    let Common { support, .. } = common;
    let user = hook.ident.span();
    let call = call(common, hook);
    let call = if hook.asynchronous { quote!(#call.await) } else { call };
    let context = quote!(__context: &'__call #support::Context<Self>);
    let future = |output| {
        quote_spanned! {user=>
            impl ::core::future::Future<Output = #output> + ::core::marker::Send + '__call
        }
    };
    match hook.when {
        When::Start => {
            let future = future(quote!(::core::result::Result<(), #support::ExitReason>));
            let outcome = tokens::located(quote!(#support::StartOutcome::outcome), user);
            quote! {
                const HAS_ON_START: ::core::primitive::bool = true;
                fn __on_start<'__call>(&'__call mut self, #context) -> #future {
                    async move { #outcome(#call) }
                }
            }
        }
        When::Stop => {
            let future = future(quote!(()));
            quote! {
                const HAS_ON_STOP: ::core::primitive::bool = true;
                fn __on_stop<'__call>(
                    &'__call mut self,
                    #context,
                    __reason: &'__call #support::ExitReason,
                ) -> #future {
                    async move { #call }
                }
            }
        }
        When::Terminated => {
            let future = future(quote!(()));
            quote! {
                fn __on_terminated<'__call>(
                    &'__call mut self,
                    #context,
                    __who: #support::IdOf<Self>,
                    __how: #support::Terminated,
                ) -> #future {
                    async move { #call }
                }
            }
        }
    }
}

fn call(common: &Common<'_>, hook: &Hook) -> TokenStream {
    let Common { support, ty, .. } = common;
    let ident = &hook.ident;
    let values = hook.arguments.iter().filter(|argument| matches!(argument, HookArgument::Value)).count();
    let mut names = match (hook.when, values) {
        (When::Terminated, 2) => vec![quote!(__who), quote!(__how)],
        (When::Terminated, _) => vec![quote!(__how)],
        _ => vec![quote!(__reason)],
    }
    .into_iter();
    let arguments = hook.arguments.iter().map(|argument| match argument {
        HookArgument::Context(context) => {
            let at = context.span();
            let (context, support) = (common.spelled_out(context), tokens::located(support.clone(), at));
            quote_spanned!(at=> <#context as #support::ContextParameter<#ty>>::of(__context))
        }
        HookArgument::Value => names.next().unwrap_or_default(),
    });
    quote!(<#ty>::#ident(self #(, #arguments)*))
}
