//! Errors are collected, and reported all at once.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors of one expansion.
#[derive(Default)]
pub(crate) struct Errors {
    collected: Vec<syn::Error>,
}

impl Errors {
    /// Underlines `tokens`, which are the user's own.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.collected.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        self.collected.push(error);
    }

    pub(crate) fn count(&self) -> usize {
        self.collected.len()
    }

    /// One `compile_error!` each.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.collected.iter().map(syn::Error::to_compile_error).collect()
    }

    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.collected.iter().map(ToString::to_string).collect()
    }
}
