//! An actor as a whole: its proxy's type, and a nameless block with everything else.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Generics, Ident, WherePredicate};

use super::{constructor, generic, method, proxy, table};
use crate::{
    model::{Actor, Condition, Method},
    tokens,
};

/// What the expansions of one actor have in common.
pub(crate) struct Common<'a> {
    pub(crate) actor: &'a Actor,
    /// The path of `__macro`.
    pub(crate) support: TokenStream,
    /// The actor's type.
    pub(crate) ty: TokenStream,
    pub(crate) system: TokenStream,
    /// The proxy's name, and the codec trait's where the actor is generic.
    pub(crate) proxy: Ident,
    pub(crate) codec: Option<Ident>,
    /// Those of the impl, without `Self`.
    pub(crate) generics: Generics,
    /// The same with the codec trait as a bound.
    pub(crate) bounded: Generics,
    /// The names of the generic parameters.
    pub(crate) parameters: Vec<Ident>,
}

/// The bound that the user's own impl needs, if any, and the code.
pub(crate) fn expand(actor: &Actor) -> (Option<WherePredicate>, TokenStream) {
    let common = Common::new(actor);
    let allow = allow();
    let condition = actor.condition.as_ref();
    let proxy_type = proxy::declaration(&common);
    let codec = generic::codec_trait(&common);
    let proxy = proxy::implementation(&common);
    let methods = actor.methods.iter().enumerate().map(|(index, method)| method::expand(&common, index, method));
    let table = table::expand(&common);
    let constructors = actor.constructors.iter().map(|each| constructor::expand(&common, each));
    let code = quote! {
        #condition
        #allow
        #proxy_type

        #codec

        #condition
        #allow
        const _: () = {
            #proxy
            #(#methods)*
            #table
            #(#constructors)*
        };
    };
    (common.bound(&quote!(Self)), code)
}

/// The lints that are none of the user's business here.
pub(crate) fn allow() -> TokenStream {
    quote! {
        #[allow(
            deprecated, missing_docs, missing_debug_implementations, nonstandard_style, unreachable_pub, unused,
            unused_qualifications, private_bounds, private_interfaces, unnameable_types, single_use_lifetimes,
            clippy::all, clippy::pedantic, clippy::nursery
        )]
    }
}

impl<'a> Common<'a> {
    fn new(actor: &'a Actor) -> Self {
        let options = &actor.options;
        let krate = options.krate.as_ref().map_or_else(|| quote!(::distributed_actor), ToTokens::to_token_stream);
        let support = quote!(#krate::__macro);
        let ty = actor.ty.to_token_stream();
        let system = options.system.as_ref().map_or_else(
            || quote!(#support::DefaultSystem),
            |ty| tokens::without_self(ty, &actor.ty.to_token_stream()),
        );
        let name = tokens::plain_name(&actor.ident);
        let generics = generic::without_self(&actor.generics, &ty);
        let mut common = Self {
            actor,
            system,
            proxy: tokens::ident(&format!("{name}Methods"), actor.ident.span()),
            codec: (!generics.params.is_empty()).then(|| tokens::ident(&format!("{name}Codec"), actor.ident.span())),
            bounded: generics.clone(),
            parameters: generic::names(&generics),
            generics,
            support,
            ty,
        };
        if let Some(bound) = common.bound(&common.ty) {
            common.bounded.make_where_clause().predicates.push(bound);
        }
        common
    }

    /// Whether the types of this method are known without the impl's generics, so that rustc can be asked about them.
    pub(crate) fn is_concrete(&self, tokens: impl ToTokens) -> bool {
        !tokens::mentions(tokens, &self.parameters) && !tokens::mentions(&self.system, &self.parameters)
    }

    /// Tokens of the user's, with the actor's type in the place of `Self`.
    pub(crate) fn spelled_out(&self, tokens: impl ToTokens) -> TokenStream {
        tokens::without_self(tokens, &self.ty)
    }

    fn bound(&self, actor: &TokenStream) -> Option<WherePredicate> {
        let (support, codec) = (&self.support, self.codec.as_ref()?);
        let (_, arguments, _) = self.generics.split_for_impl();
        Some(syn::parse_quote!(#support::RequirementOf<#actor>: #codec #arguments))
    }
}

/// The names that the code of one method goes by.
pub(crate) struct Names {
    pub(crate) marker: Ident,
    pub(crate) info: Ident,
    pub(crate) is_result: Ident,
}

impl Names {
    pub(crate) fn of(method: &Method) -> Self {
        let (name, span) = (method.name(), method.ident.span());
        Self {
            marker: tokens::ident(&format!("__{name}"), span),
            info: tokens::ident(&format!("__{name}_info"), span),
            is_result: tokens::ident(&format!("__{name}_is_result"), span),
        }
    }
}

impl ToTokens for Condition {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let predicate = &self.0;
        quote!(#[cfg(#predicate)]).to_tokens(tokens);
    }
}
