//! Actors with generic parameters: the bounds of all their methods as one trait, `<Actor>Codec`.
//!
//! A supertrait may be used wherever the trait is a bound, so this one bound stands for all of them: on the user's own
//! impl, on the impls that go with it, and on functions that call the actor.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics, Ident, parse_quote};

use super::{
    actor::{Common, allow},
    method::{Shape, is_result_probe},
};
use crate::model::{Condition, Method};

/// Nothing for an actor that is not generic.
pub(crate) fn codec_trait(common: &Common<'_>) -> TokenStream {
    let Some(codec) = &common.codec else { return TokenStream::new() };
    let mut bounds = Bounds::default();
    let mut parts = TokenStream::new();
    for method in &common.actor.methods {
        match &method.condition {
            None => bounds.of(common, method),
            Some(condition) => {
                let part = crate::tokens::ident(&format!("__{codec}_{}", method.name()), method.ident.span());
                let (_, arguments, _) = common.generics.split_for_impl();
                bounds.add(quote!(#part #arguments));
                parts.extend(conditional(common, &part, method, condition));
            }
        }
    }
    let doc = format!(
        " What the serialization requirement of a system must meet so that `{}` can be called through it.",
        common.actor.ident
    );
    let own = declaration(common, codec, &bounds, &quote!(#[doc = #doc]));
    quote!(#own #parts)
}

/// The bounds of a method under `#[cfg]`; without it, none.
fn conditional(common: &Common<'_>, part: &Ident, method: &Method, condition: &Condition) -> TokenStream {
    let mut bounds = Bounds::default();
    bounds.of(common, method);
    let hidden = quote!(#[doc(hidden)]);
    let predicate = &condition.0;
    let not = Condition(quote!(not(#predicate)));
    let with = declaration(common, part, &bounds, &quote!(#hidden #condition));
    let without = declaration(common, part, &Bounds::default(), &quote!(#hidden #not));
    quote!(#with #without)
}

fn declaration(common: &Common<'_>, name: &Ident, bounds: &Bounds, attributes: &TokenStream) -> TokenStream {
    let (allow, condition, bounds) = (allow(), common.actor.condition.as_ref(), &bounds.list);
    let (declared, arguments, clause) = common.generics.split_for_impl();
    let mut generics = common.generics.clone();
    generics.params.push(parse_quote!(__Requirement));
    generics.make_where_clause().predicates.push(parse_quote!(__Requirement: #(#bounds)+*));
    let (blanket, _, blanket_clause) = generics.split_for_impl();
    let attributes_of_impl: TokenStream = cfg_only(attributes);
    quote! {
        #attributes
        #condition
        #allow
        pub trait #name #declared: #(#bounds)+* #clause {}

        #attributes_of_impl
        #condition
        #allow
        impl #blanket #name #arguments for __Requirement #blanket_clause {}
    }
}

/// The parameters without `Self` in their bounds.
pub(crate) fn without_self(generics: &Generics, ty: &TokenStream) -> Generics {
    let parse = || -> syn::Result<Generics> {
        let clause = generics.where_clause.to_token_stream();
        let mut replaced: Generics = syn::parse2(crate::tokens::without_self(generics, ty))?;
        replaced.where_clause = syn::parse2(crate::tokens::without_self(clause, ty))?;
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
