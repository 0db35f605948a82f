//! The attribute `#[distributed_actor]`; re-exported by `distributed-actor`, where it is documented.

/// Placeholder.
#[proc_macro_attribute]
pub fn distributed_actor(_: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    item
}
