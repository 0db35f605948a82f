//! The dispatch table.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{
    actor::{Common, Names},
    hooks,
};
use crate::tokens;

pub(crate) fn expand(common: &Common<'_>) -> TokenStream {
    let Common { support, ty, bounded, actor, .. } = common;
    let (declared, _, bounds) = bounded.split_for_impl();
    let entries = actor.methods.iter().map(|method| {
        let (condition, Names { marker, .. }) = (&method.condition, Names::of(method));
        quote!(#condition #support::Entry::of::<#marker>())
    });
    let names = names_are_new(common);
    let (hooks, marks) = (hooks::items(common), hooks::marks(common));
    quote! {
        #[automatically_derived]
        impl #declared #support::DistributedActor for #ty #bounds {
            const METHODS: &'static [#support::Entry<Self>] = &[#(#entries),*];
            #hooks
        }
        #marks
        #names
    }
}

/// One assertion for each method but the first, so that the error is at the method whose name is not new.
fn names_are_new(common: &Common<'_>) -> TokenStream {
    let Common { support, actor, .. } = common;
    if actor.methods.len() < 2 {
        return TokenStream::new();
    }
    let hashes = actor.methods.iter().map(|method| {
        let (condition, Names { info, .. }) = (&method.condition, Names::of(method));
        quote!(#condition #info.hash())
    });
    let assertions = actor.methods.iter().skip(1).map(|method| {
        let (condition, Names { mut info, .. }) = (&method.condition, Names::of(method));
        let user = method.options.name.as_ref().map_or_else(|| method.ident.span(), syn::LitStr::span);
        info.set_span(user);
        let support = tokens::located(support.clone(), user);
        let assertion = quote_spanned!(user=> #support::assert_new_name(__hashes, #info.position()));
        quote!(#condition const _: () = #assertion;)
    });
    quote! {
        const __hashes: &[::core::primitive::u64] = &[#(#hashes),*];
        #(#assertions)*
    }
}
