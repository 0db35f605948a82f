//! One constructor: its marker, how it is run, where other nodes find it, and the function that makes a value of it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{
    actor::{Common, Names},
    assertions, info, method, reply,
};
use crate::{model::Method, tokens};

pub(crate) fn expand(common: &Common<'_>, constructor: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let Method { visibility, condition, .. } = constructor;
    let Names { marker, info: info_name, is_result } = Names::of(constructor);
    let info = info::expand(common, &quote!(0), constructor);
    let is_result_constant = assertions::expand(common, constructor);
    let types = constructor.parameters().map(|parameter| common.spelled_out(&parameter.ty));
    let result = reply::declared(common, constructor);
    let made = quote!(<#support::As<#result, { #is_result }> as #support::Constructed<#ty>>);
    let construct = construct(common, constructor, &made);
    let registration = registration(common, constructor);
    let value = value(common, constructor);
    quote! {
        #[doc(hidden)]
        #condition
        #visibility enum #marker {}

        #info
        #is_result_constant

        #[automatically_derived]
        #condition
        impl #support::Constructor<#ty> for #marker {
            type Args = #support::Checked<(#(#types,)*), { #is_result }>;
            type Error = #made::Error;
            type Answer = #made::Answer;
            const INFO: &'static #support::MethodInfo = &#info_name;
            #construct
        }

        #registration
        #value
    }
}

fn construct(common: &Common<'_>, constructor: &Method, made: &TokenStream) -> TokenStream {
    let Common { support, ty, .. } = common;
    let user = constructor.ident.span();
    let future = quote_spanned! {constructor.asynchronous.unwrap_or(user)=>
        impl ::core::future::Future<Output = ::core::result::Result<#ty, Self::Error>> + ::core::marker::Send +
    };
    let end = quote_spanned!(user=> '__call);
    let body = method::run(common, constructor, &quote!(#made::split));
    quote! {
        fn construct<'__call>(
            __context: &'__call #support::Context<#ty>,
            __arguments: Self::Args,
        ) -> #future #end {
            #body
        }
    }
}

/// The entry in the process-wide registry.
fn registration(common: &Common<'_>, constructor: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let (condition, name) = (&constructor.condition, constructor.name());
    let Names { marker, .. } = Names::of(constructor);
    let entry = tokens::ident(&format!("__{name}_entry"), constructor.ident.span());
    quote! {
        #condition
        static #entry: #support::ConstructorEntry<<#ty as #support::Callable>::System> =
            #support::ConstructorEntry::of::<#ty, #marker>();

        #condition
        #support::inventory::submit! { #support::RegisteredConstructor(&#entry) }
    }
}

/// `Actor::spawn_name(..)`
fn value(common: &Common<'_>, constructor: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let Method { visibility, attributes, condition, .. } = constructor;
    let Names { marker, .. } = Names::of(constructor);
    let function = tokens::ident(&format!("spawn_{}", constructor.name()), constructor.ident.span());
    let names: Vec<_> = constructor.parameters().map(|parameter| &parameter.name).collect();
    let types = constructor.parameters().map(|parameter| common.spelled_out(&parameter.ty));
    quote! {
        #condition
        impl #ty {
            #(#attributes)*
            #visibility fn #function(
                #(#names: #types),*
            ) -> #support::Spawn<#ty, <#marker as #support::Constructor<#ty>>::Error> {
                #support::Spawn::of::<#marker>((#(#names,)*))
            }
        }
    }
}
