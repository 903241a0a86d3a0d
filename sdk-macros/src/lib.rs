//! `#[app]`: parse, check, expand. The rules stand in `machinist-core`; the documentation of the
//! attribute is on its re-export, `machinist::app`.

mod expand;
mod item;
mod machines_file;
mod parse;

use proc_macro2::{Span, TokenStream};

#[expect(
    missing_docs,
    reason = "documented where users see it: on the re-export in machinist"
)]
#[proc_macro_attribute]
pub fn app(
    args: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let place = expand::CallSite::here(Span::call_site());
    expand::app(args.into(), TokenStream::from(item), &place).into()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test runs where it is told to")]
mod tests;
