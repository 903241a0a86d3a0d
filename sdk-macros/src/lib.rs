//! The attribute `#[app]`, which is documented where users see it: on its re-export
//! `machinist::app`.
//!
//! An expansion has three steps: `parse` and `item` read the tokens, `machinist-core` checks the
//! app, and `expand` writes the code.

mod call_site;
mod expand;
mod ide_spans;
mod item;
mod machines_file;
mod parse;

use proc_macro2::{Span, TokenStream};

#[expect(
    missing_docs,
    reason = "documented on the re-export in machinist, where users see it"
)]
#[proc_macro_attribute]
pub fn app(
    args: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let call = call_site::CallSite::here(Span::call_site());
    expand::app(args.into(), TokenStream::from(item), &call).into()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test runs where it is told to")]
mod tests;
