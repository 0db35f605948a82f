//! From the model to code.

mod actor;
mod assertions;
mod constructor;
mod generic;
mod hooks;
mod info;
mod method;
mod proxy;
mod reply;
mod table;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Ident, ImplItemFn, Item, ItemImpl, TraitItemFn, visit_mut::VisitMut};

use crate::{attr, diagnostics::Errors, model::ActorOptions, parse, tokens};

/// `#[distributed_actor(options)] item`
pub(crate) fn distributed_actor(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = attr::actor_options(options, &mut errors);
    let expansion = match syn::parse2(item.clone()) {
        Ok(Item::Impl(item)) if item.trait_.is_none() => inherent(item, options, &mut errors),
        Ok(mut other) => {
            not_an_actor(&other, &mut errors);
            Strip.visit_item_mut(&mut other);
            other.into_token_stream()
        }
        Err(error) => {
            errors.add(error);
            item
        }
    };
    let errors = errors.into_tokens();
    quote!(#expansion #errors)
}

/// `#[distributed]`, where no `#[distributed_actor]` has taken it away.
pub(crate) fn misplaced(item: TokenStream) -> TokenStream {
    let message = "`#[distributed]` is for the methods of an `impl` under `#[distributed_actor]`";
    let error = syn::Error::new(Span::call_site(), message).to_compile_error();
    let item = match syn::parse2::<ImplItemFn>(item.clone()) {
        Ok(mut function) => {
            Strip.visit_impl_item_fn_mut(&mut function);
            function.into_token_stream()
        }
        Err(_) => item,
    };
    quote!(#error #item)
}

/// The user's impl, and what goes with it. What is wrong is left out, so that it is not reported a second time.
fn inherent(mut item: ItemImpl, options: ActorOptions, errors: &mut Errors) -> TokenStream {
    let Some(actor) = parse::actor(&mut item, options, errors) else { return item.into_token_stream() };
    let (bound, expansion) = actor::expand(&actor);
    if let Some(bound) = bound {
        item.generics.make_where_clause().predicates.push(bound);
    }
    quote!(#item #expansion)
}

fn not_an_actor(item: &Item, errors: &mut Errors) {
    let on_the_type = |errors: &mut Errors, name: &Ident| {
        errors.at(name, format!("put `#[distributed_actor]` on `impl {name} {{ .. }}`, not on the type"));
    };
    match item {
        Item::Struct(item) => on_the_type(errors, &item.ident),
        Item::Enum(item) => on_the_type(errors, &item.ident),
        Item::Union(item) => on_the_type(errors, &item.ident),
        Item::Impl(ItemImpl { trait_: Some((path, _)), self_ty, .. }) => {
            let actor = tokens::text(self_ty);
            errors.at(path, format!("put `#[distributed_actor]` on the actor's own `impl {actor} {{ .. }}`"));
        }
        Item::Trait(item) => errors.at(
            &item.ident,
            "a trait cannot be called through a reference: put `#[distributed_actor]` on the `impl` of an actor",
        ),
        _ => errors.add(syn::Error::new(Span::call_site(), "put `#[distributed_actor]` on the `impl` of an actor")),
    }
}

/// Takes this macro's attributes out of methods, so that nobody complains that they do not exist.
struct Strip;

impl Strip {
    fn method(attributes: &mut Vec<Attribute>, signature: &mut syn::Signature) {
        for name in [attr::DISTRIBUTED, attr::ON_START, attr::ON_STOP, attr::ON_TERMINATED] {
            attr::take(attributes, name);
        }
        parse::take_contexts(signature.inputs.iter_mut());
    }
}

impl VisitMut for Strip {
    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        Self::method(&mut function.attrs, &mut function.sig);
    }

    fn visit_trait_item_fn_mut(&mut self, function: &mut TraitItemFn) {
        Self::method(&mut function.attrs, &mut function.sig);
    }
}
