//! One method: its marker, and how it is run.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::{
    actor::{Common, Names},
    assertions, info, reply,
};
use crate::{
    model::{Argument, Method},
    tokens,
};

pub(crate) fn expand(common: &Common<'_>, index: usize, method: &Method) -> TokenStream {
    let Common { support, ty, bounded, .. } = common;
    let Method { visibility, condition, .. } = method;
    let Names { marker, info: info_name, is_result } = Names::of(method);
    let (declared, _, bounds) = bounded.split_for_impl();
    let info = info::expand(common, index, method);
    let is_result_constant = assertions::expand(common, method);
    let types = method.parameters().map(|parameter| common.spelled_out(&parameter.ty));
    let result = reply::declared(common, method);
    let invoke = invoke(common, method);
    quote! {
        // no unit struct: its name would be a pattern that matches it
        #[doc(hidden)]
        #condition
        #visibility enum #marker {}

        #info
        #is_result_constant

        #[automatically_derived]
        #condition
        impl #declared #support::Method<#ty> for #marker #bounds {
            type Args = #support::Checked<(#(#types,)*), { #is_result }>;
            type Reply = #support::As<#result, { #is_result }>;
            const INFO: &'static #support::MethodInfo = &#info_name;
            #invoke
        }
    }
}

fn invoke(common: &Common<'_>, method: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let user = method.ident.span();
    // where the future is not `Send`, rustc points at this type: from the user's `async` to the method's name
    let future = quote_spanned! {method.asynchronous.unwrap_or(user)=>
        impl ::core::future::Future<Output = #support::Returned<Self, #ty>> + ::core::marker::Send +
    };
    let end = quote_spanned!(user=> '__call);
    let call = call(common, method);
    let split = quote!(<Self::Reply as #support::Reply<#support::RequirementOf<#ty>>>::split);
    let shared_state =
        if common.codec.is_some() { assertions::shared_state(common, method) } else { TokenStream::new() };
    let names = method.parameters().enumerate().map(|(index, _)| argument(index));
    let run = match method.asynchronous {
        Some(_) => quote!(async move { #split(#call.await) }),
        None => quote!(::core::future::ready(#split(#call))),
    };
    quote! {
        fn invoke<'__call>(
            __actor: &'__call mut #ty,
            __context: &'__call #support::Context<#ty>,
            __arguments: Self::Args,
        ) -> #future #end {
            #shared_state
            let (#(#names,)*) = __arguments;
            #run
        }
    }
}

/// The call of the user's method, which no name of the user's can get in the way of.
fn call(common: &Common<'_>, method: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let ident = &method.ident;
    let mut index = 0;
    let arguments = method.arguments.iter().map(|each| match each {
        Argument::Context(context) => {
            let at = context.span();
            let (context, support) = (common.spelled_out(context), tokens::located(support.clone(), at));
            quote_spanned!(at=> <#context as #support::ContextParameter<#ty>>::of(__context))
        }
        Argument::Value(_) => {
            let name = argument(index);
            index += 1;
            name.into_token_stream()
        }
    });
    quote!(<#ty>::#ident(__actor #(, #arguments)*))
}

fn argument(index: usize) -> proc_macro2::Ident {
    quote::format_ident!("__argument{index}")
}
