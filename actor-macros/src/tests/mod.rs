//! The macro as a plain function.

mod golden;
mod messages;
mod texts;

use proc_macro2::TokenStream;

fn tokens(source: &str) -> TokenStream {
    source.parse().unwrap()
}
