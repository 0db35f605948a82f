//! The description of a method.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use super::{
    actor::{Common, Names},
    reply::written_result,
};
use crate::{
    attr,
    model::Method,
    tokens::{plain_name, text},
};

/// The method's `MethodInfo`, and its entry in the process-wide registry. No generic parameter occurs in it.
pub(crate) fn expand(common: &Common<'_>, position: &TokenStream, method: &Method) -> TokenStream {
    let Common { support, actor, .. } = common;
    let (condition, Names { info, .. }) = (&method.condition, Names::of(method));
    let (actor_name, method_name) = (plain_name(&actor.ident), method.name());
    let name = match (&method.options.name, &actor.options.name) {
        (Some(whole), _) => quote!(#whole),
        (None, Some(prefix)) => {
            let name = format!("{}::{method_name}", prefix.value());
            quote!(#name)
        }
        (None, None) => {
            let rest = format!("::{actor_name}::{method_name}");
            quote!(::core::concat!(::core::module_path!(), #rest))
        }
    };
    let parameters = method.parameters().map(|parameter| {
        let (name, ty) = (plain_name(&parameter.name), text(&parameter.ty));
        quote!(#support::Parameter { name: #name, ty: #ty })
    });
    let result = method.result.as_ref().map_or_else(|| "()".to_owned(), text);
    let error = match method.result.as_ref().and_then(written_result) {
        Some((_, error)) => {
            let error = text(error);
            quote!(::core::option::Option::Some(#error))
        }
        None => quote!(::core::option::Option::None),
    };
    let types: Vec<_> = method.parameters().map(|parameter| text(&parameter.ty)).collect();
    let signature = format!("({}) -> {result}", types.join(", "));
    let docs = docs(&method.attributes);
    let is_async = method.asynchronous.is_some();
    let (completes, is_urgent) = (method.options.complete, method.options.urgent);
    let uses_context = method.uses_context();
    let constructs = method.options.spawn;
    quote! {
        #condition
        static #info: #support::MethodInfo = #support::MethodInfo::new(#support::MethodParts {
            name: #name,
            module: ::core::module_path!(),
            actor: #actor_name,
            method: #method_name,
            parameters: &[#(#parameters),*],
            result: #result,
            error: #error,
            docs: #docs,
            signature: #signature,
            is_async: #is_async,
            uses_context: #uses_context,
            completes: #completes,
            is_urgent: #is_urgent,
            constructs: #constructs,
            position: #position,
        });

        #condition
        #support::inventory::submit! { #support::Registered(&#info) }
    }
}

/// The number of methods before this one in the table, without those that `#[cfg]` takes out.
pub(crate) fn position(common: &Common<'_>, index: usize) -> TokenStream {
    let before = || common.actor.methods.iter().take(index).map(|method| method.condition.as_ref());
    let always = before().filter(Option::is_none).count();
    let sometimes = before().flatten().map(|condition| {
        let predicate = &condition.0;
        quote!(+ ::core::cfg!(#predicate) as ::core::primitive::usize)
    });
    quote!(#always #(#sometimes)*)
}

/// The doc comment, line by line and without the space that each begins with.
fn docs(attributes: &[Attribute]) -> TokenStream {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attr::is(attribute, "doc")) {
        if let Meta::NameValue(meta) = &attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &meta.value
        {
            lines.extend(line.value().split('\n').map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()));
        }
    }
    let docs = lines.join("\n");
    let docs = docs.trim();
    quote!(#docs)
}
