//! An attribute that does nothing: the least that any attribute costs.

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn app(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}
