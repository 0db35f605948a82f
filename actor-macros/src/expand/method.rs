//! One method: its marker, and how it is run.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::{
    actor::{Common, Names},
    assertions, info, reply,
};
use crate::{
    model::{Argument, Method, Receiver},
    tokens,
};

pub(crate) fn expand(common: &Common<'_>, index: usize, method: &Method) -> TokenStream {
    let Common { support, ty, bounded, .. } = common;
    let Method { visibility, condition, .. } = method;
    let Names { marker, info: info_name, is_result } = Names::of(method);
    let (declared, _, bounds) = bounded.split_for_impl();
    let info = info::expand(common, &info::position(common, index), method);
    let is_result_constant = assertions::expand(common, method);
    let types = method.parameters().map(|parameter| common.spelled_out(&parameter.ty));
    let result = reply::declared(common, method);
    let shared = shared(common, method);
    let (invoke, share) = match shared {
        Some(_) => (delegate(common, method), share(common)),
        None => (invoke(common, method), TokenStream::new()),
    };
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
            #share
        }

        #shared
    }
}

/// How a method of a reentrant actor runs beside others, if it may.
fn shared(common: &Common<'_>, method: &Method) -> Option<TokenStream> {
    let (Some(_), Receiver::Shared(_)) = (common.actor.options.reentrant, method.receiver) else { return None };
    let Common { support, ty, bounded, .. } = common;
    let (condition, Names { marker, .. }) = (&method.condition, Names::of(method));
    let (declared, _, bounds) = bounded.split_for_impl();
    let (header, body) = (header(common, method, &quote!(invoke_shared), &quote!(&'__call #ty)), body(common, method));
    Some(quote! {
        #[automatically_derived]
        #condition
        impl #declared #support::SharedMethod<#ty> for #marker #bounds {
            #header { #body }
        }
    })
}

/// The same for one that has the actor for itself.
fn delegate(common: &Common<'_>, method: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let header = header(common, method, &quote!(invoke), &quote!(&'__call mut #ty));
    quote! {
        #header {
            <Self as #support::SharedMethod<#ty>>::invoke_shared(__actor, __context, __arguments)
        }
    }
}

fn share(common: &Common<'_>) -> TokenStream {
    let Common { support, ty, .. } = common;
    let lend = assertions::reentrant_state(common);
    quote! {
        fn share<__Done>(
            __arguments: Self::Args,
            __done: __Done,
        ) -> ::core::result::Result<#support::SharedWork<#ty>, (Self::Args, __Done)>
        where
            __Done: ::core::ops::FnOnce(#support::Returned<Self, #ty>) + ::core::marker::Send + 'static,
        {
            let __lend = #lend;
            ::core::result::Result::Ok(#support::SharedWork::new::<Self>(__lend(), __arguments, __done))
        }
    }
}

fn invoke(common: &Common<'_>, method: &Method) -> TokenStream {
    let ty = &common.ty;
    let (header, body) = (header(common, method, &quote!(invoke), &quote!(&'__call mut #ty)), body(common, method));
    quote!(#header { #body })
}

fn header(common: &Common<'_>, method: &Method, name: &TokenStream, actor: &TokenStream) -> TokenStream {
    let Common { support, ty, .. } = common;
    let user = method.ident.span();
    // where the future is not `Send`, rustc points at this type: from the user's `async` to the method's name
    let future = quote_spanned! {method.asynchronous.unwrap_or(user)=>
        impl ::core::future::Future<Output = #support::Returned<Self, #ty>> + ::core::marker::Send +
    };
    let end = quote_spanned!(user=> '__call);
    quote! {
        fn #name<'__call>(
            __actor: #actor,
            __context: &'__call #support::Context<#ty>,
            __arguments: Self::Args,
        ) -> #future #end
    }
}

fn body(common: &Common<'_>, method: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let split = quote!(<Self::Reply as #support::Reply<#support::RequirementOf<#ty>>>::split);
    run(common, method, &split)
}

/// Takes the arguments apart, calls the user's function, and hands what it returns to `split`.
pub(crate) fn run(common: &Common<'_>, method: &Method, split: &TokenStream) -> TokenStream {
    let call = call(common, method);
    let shared_state =
        if common.codec.is_some() { assertions::shared_state(common, method) } else { TokenStream::new() };
    let names = method.parameters().enumerate().map(|(index, _)| argument(index));
    let run = match method.asynchronous {
        Some(_) => quote!(async move { #split(#call.await) }),
        None => quote!(::core::future::ready(#split(#call))),
    };
    quote! {
        #shared_state
        let (#(#names,)*) = __arguments;
        #run
    }
}

/// The call of the user's method, which no name of the user's can get in the way of.
fn call(common: &Common<'_>, method: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let ident = &method.ident;
    let mut index = 0;
    let actor = match method.receiver {
        Receiver::None => None,
        Receiver::Shared(_) | Receiver::Exclusive => Some(quote!(__actor)),
    };
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
    let arguments = actor.into_iter().chain(arguments);
    quote!(<#ty>::#ident(#(#arguments),*))
}

fn argument(index: usize) -> proc_macro2::Ident {
    quote::format_ident!("__argument{index}")
}
