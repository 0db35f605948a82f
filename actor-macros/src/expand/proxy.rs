//! The proxy: what an `ActorRef` derefs to.

use proc_macro2::TokenStream;
use quote::quote;

use super::actor::{Common, Names};
use crate::{model::Method, tokens};

pub(crate) fn declaration(common: &Common<'_>) -> TokenStream {
    let Common { support, ty, proxy, generics, actor, .. } = common;
    let (declared, _, bounds) = generics.split_for_impl();
    let doc = format!(" The distributed methods of `{}`, as its references offer them.", actor.ident);
    quote! {
        #[doc = #doc]
        pub struct #proxy #declared (#support::Target<#ty>) #bounds;
    }
}

pub(crate) fn implementation(common: &Common<'_>) -> TokenStream {
    let Common { support, ty, system, proxy, generics, bounded, actor, .. } = common;
    let (declared, arguments, bounds) = generics.split_for_impl();
    let (_, _, codec_bounds) = bounded.split_for_impl();
    let methods = actor.methods.iter().map(|method| self::method(common, method));
    quote! {
        #[automatically_derived]
        impl #declared #support::Callable for #ty #bounds {
            type System = #system;
            type Methods = #proxy #arguments;
        }

        #[automatically_derived]
        impl #declared #support::Proxy<#ty> for #proxy #arguments #bounds {
            fn new(target: #support::Target<#ty>) -> Self {
                Self(target)
            }
            fn target(&self) -> &#support::Target<#ty> {
                &self.0
            }
        }

        impl #declared #proxy #arguments #codec_bounds {
            #(#methods)*
        }
    }
}

fn method(common: &Common<'_>, method: &Method) -> TokenStream {
    let Common { support, ty, .. } = common;
    let Method { visibility, attributes, condition, .. } = method;
    let Names { marker, .. } = Names::of(method);
    let ident = tokens::borrowed(&method.ident);
    let names: Vec<_> = method.parameters().map(|parameter| &parameter.name).collect();
    let types = method.parameters().map(|parameter| common.spelled_out(&parameter.ty));
    quote! {
        #(#attributes)*
        #condition
        #visibility fn #ident(&self #(, #names: #types)*) -> #support::Call<'_, #marker, #ty> {
            self.0.call::<#marker>((#(#names,)*))
        }
    }
}
