//! An attribute that does nothing, on what any attribute is written with: the least that one
//! costs to build.

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn app(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}
