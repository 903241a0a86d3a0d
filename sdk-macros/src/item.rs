//! The item under `#[app]`: its name, its documentation and, for a type, its generics. Bodies are
//! not parsed.

use machinist_core::problem::Problem;
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use crate::parse::{Range, is_punct, range_of};

/// The parts of an item that the expansion needs.
pub(crate) struct Item {
    pub(crate) name: Ident,
    /// The first paragraph of the documentation, on one line.
    pub(crate) description: String,
    /// The lint attributes for generated code: `#[allow(...)]`, `#[deny(...)]` and the like.
    pub(crate) lints: TokenStream,
    /// `None` for a function.
    pub(crate) generics: Option<Generics>,
}

/// The generics of a type, as an `impl` for it needs them.
#[derive(Default)]
pub(crate) struct Generics {
    /// `'a, T: Bound, const N: usize`.
    pub(crate) params: TokenStream,
    /// `'a, T, N`.
    pub(crate) args: TokenStream,
    /// `where ...` or nothing.
    pub(crate) bounds: TokenStream,
}

/// Parses an item.
///
/// # Errors
///
/// If the item cannot be an app.
pub(crate) fn parse(item: TokenStream) -> Result<Item, (Range, Problem)> {
    let mut all = Vec::new();
    flatten(item, &mut all);
    let (attributes, rest) = attributes(&all);
    let mut read = Attributes::default();
    for attribute in attributes {
        read.read(attribute)?;
    }
    let rest = after_qualifiers(rest);
    let (keyword, name, signature) = match rest {
        [
            TokenTree::Ident(keyword),
            TokenTree::Ident(name),
            signature @ ..,
        ] if keyword == "fn" || keyword == "struct" || keyword == "enum" => {
            (keyword, name, signature)
        }
        _ => return Err(not_an_app(rest)),
    };
    let generics = if keyword == "fn" {
        check_fn(name, signature)?;
        None
    } else {
        Some(type_generics(signature))
    };
    Ok(Item {
        name: name.clone(),
        description: read.description.join(" "),
        lints: read.lints,
        generics,
    })
}

/// Opens the invisible groups that `macro_rules!` puts around `$item` and `$vis`.
fn flatten(tokens: TokenStream, out: &mut Vec<TokenTree>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                flatten(group.stream(), out);
            }
            token => out.push(token),
        }
    }
}

/// The contents of the attributes before an item, and the tokens after them.
fn attributes(mut tokens: &[TokenTree]) -> (Vec<Vec<TokenTree>>, &[TokenTree]) {
    let mut attributes = Vec::new();
    while let [hash, TokenTree::Group(group), rest @ ..] = tokens {
        if !is_punct(hash, '#') || group.delimiter() != Delimiter::Bracket {
            break;
        }
        attributes.push(group.stream().into_iter().collect());
        tokens = rest;
    }
    (attributes, tokens)
}

/// What the attributes of an item say.
#[derive(Default)]
struct Attributes {
    /// The lines of the first paragraph of the documentation.
    description: Vec<String>,
    /// Whether the first paragraph has ended.
    is_paragraph_over: bool,
    lints: TokenStream,
}

impl Attributes {
    fn read(&mut self, attribute: Vec<TokenTree>) -> Result<(), (Range, Problem)> {
        match &*attribute {
            [TokenTree::Ident(doc), _, TokenTree::Literal(text)] if doc == "doc" => {
                if let syn::Lit::Str(text) = syn::Lit::new(text.clone()) {
                    self.add_documentation(&text.value());
                }
            }
            // `#[expect]` stays on the item. Generated code gets `#[allow]`, since the expectation
            // may be fulfilled only on the item.
            [TokenTree::Ident(level), TokenTree::Group(lints)] if level == "expect" => {
                self.lints.extend(quote!(#[allow #lints]));
            }
            [TokenTree::Ident(level), TokenTree::Group(_)]
                if matches!(&*level.to_string(), "allow" | "warn" | "deny" | "forbid") =>
            {
                let attribute: TokenStream = attribute.into_iter().collect();
                self.lints.extend(quote!(#[#attribute]));
            }
            [TokenTree::Ident(app), ..] if app == "app" => {
                return Err(duplicate_attribute(app.span()));
            }
            [TokenTree::Ident(sdk), _, _, TokenTree::Ident(app), ..]
                if sdk == "machinist" && app == "app" =>
            {
                return Err(duplicate_attribute(app.span()));
            }
            _ => {}
        }
        Ok(())
    }

    fn add_documentation(&mut self, text: &str) {
        // Not `lines`: an empty comment has one empty line, which ends a paragraph.
        for line in text.split('\n').map(str::trim) {
            self.is_paragraph_over |= line.is_empty() && !self.description.is_empty();
            if !self.is_paragraph_over && !line.is_empty() {
                self.description.push(line.into());
            }
        }
    }
}

/// A second `#[app]` on an item.
fn duplicate_attribute(span: Span) -> (Range, Problem) {
    let problem = Problem::new("this item has two `#[app]`").help(
        "an item is one app: keep one of them, or give each a `cfg_attr` that excludes the other",
    );
    (range_of(span), problem)
}

/// The tokens after the visibility and the qualifiers of an item.
fn after_qualifiers(mut tokens: &[TokenTree]) -> &[TokenTree] {
    loop {
        tokens = match tokens {
            [TokenTree::Ident(word), TokenTree::Group(group), rest @ ..]
                if word == "pub" && group.delimiter() == Delimiter::Parenthesis =>
            {
                rest
            }
            [TokenTree::Ident(word), TokenTree::Literal(_), rest @ ..] if word == "extern" => rest,
            [TokenTree::Ident(word), rest @ ..] if is_qualifier(word, rest) => rest,
            _ => return tokens,
        };
    }
}

fn is_qualifier(word: &Ident, rest: &[TokenTree]) -> bool {
    match &*word.to_string() {
        "pub" => true,
        "async" | "unsafe" | "safe" | "extern" | "default" | "const" | "gen" => matches!(
            rest,
            [TokenTree::Ident(next), ..]
                if matches!(&*next.to_string(), "fn" | "async" | "unsafe" | "extern" | "gen")
        ),
        _ => false,
    }
}

fn not_an_app(item: &[TokenTree]) -> (Range, Problem) {
    let span = item.first().map_or_else(Span::call_site, TokenTree::span);
    let keyword = match item.first() {
        Some(TokenTree::Ident(word)) => match &*word.to_string() {
            word @ ("impl" | "trait" | "mod" | "union" | "type" | "static" | "const" | "use"
            | "macro_rules" | "let") => format!(", not on `{word}`"),
            _ => String::new(),
        },
        _ => String::new(),
    };
    let problem = Problem::new(format!(
        "`#[app]` goes on a `fn`, a `struct` or an `enum`{keyword}"
    ))
    .help("annotate the function that serves the app, or a type that represents it");
    (range_of(span), problem)
}

fn check_fn(name: &Ident, signature: &[TokenTree]) -> Result<(), (Range, Problem)> {
    let (_, rest) = generic_params(signature);
    let (has_body, head) = match rest.split_last() {
        Some((TokenTree::Group(body), head)) if body.delimiter() == Delimiter::Brace => {
            (true, head)
        }
        _ => (false, rest),
    };
    if let Some(span) = self_span(head) {
        let problem = Problem::new(format!("the method `{name}` cannot be an app"))
            .help("annotate the type, or a function outside of `impl` and `trait`");
        return Err((range_of(span), problem));
    }
    if !has_body {
        let problem = Problem::new(format!(
            "the function `{name}` has no body and cannot be an app"
        ))
        .help("annotate the function that serves the app, or a type that represents it");
        return Err((range_of(name.span()), problem));
    }
    Ok(())
}

/// The span of the first `self` or `Self` in a signature, which only a method has.
fn self_span(signature: &[TokenTree]) -> Option<Span> {
    signature.iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "self" || word == "Self" => Some(word.span()),
        TokenTree::Group(group) => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            self_span(&inner)
        }
        _ => None,
    })
}

/// The generics of a `struct` or `enum`, where `tokens` are all tokens after its name.
fn type_generics(tokens: &[TokenTree]) -> Generics {
    let (list, rest) = generic_params(tokens);
    let mut generics = Generics::default();
    for param in split_at_commas(list) {
        let (_, declared) = attributes(param);
        let without_default = match find_outside_brackets(declared, '=') {
            Some(i) => &declared[..i],
            None => declared,
        };
        extend(&mut generics.params, without_default);
        match without_default {
            [TokenTree::Ident(word), TokenTree::Ident(name), ..] if word == "const" => {
                extend(&mut generics.args, &[TokenTree::Ident(name.clone())]);
            }
            [quote, TokenTree::Ident(name), ..] if is_punct(quote, '\'') => {
                extend(
                    &mut generics.args,
                    &[quote.clone(), TokenTree::Ident(name.clone())],
                );
            }
            [name, ..] => extend(&mut generics.args, std::slice::from_ref(name)),
            [] => {}
        }
    }
    let where_clause = rest
        .iter()
        .position(|token| matches!(token, TokenTree::Ident(word) if word == "where"));
    if let (Some(start), Some((_, before_body))) = (where_clause, rest.split_last()) {
        generics.bounds = before_body[start..].iter().cloned().collect();
    }
    generics
}

fn extend(list: &mut TokenStream, element: &[TokenTree]) {
    list.extend(element.iter().cloned());
    quote!(,).to_tokens(list);
}

/// The tokens between the angle brackets that `tokens` begin with, and the tokens after them.
fn generic_params(tokens: &[TokenTree]) -> (&[TokenTree], &[TokenTree]) {
    match tokens {
        [open, rest @ ..] if is_punct(open, '<') => match find_outside_brackets(rest, '>') {
            Some(close) => (&rest[..close], &rest[close + 1..]),
            None => (rest, &[]),
        },
        _ => (&[], tokens),
    }
}

/// The index of the first `wanted` that is not inside angle brackets.
fn find_outside_brackets(tokens: &[TokenTree], wanted: char) -> Option<usize> {
    let mut depth = 0usize;
    let mut before = ' ';
    for (i, token) in tokens.iter().enumerate() {
        let c = match token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        // The `>` of `->` closes no bracket.
        let is_arrow = c == '>' && before == '-';
        if depth == 0 && c == wanted && !is_arrow {
            return Some(i);
        }
        match c {
            '<' => depth += 1,
            '>' if !is_arrow => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = c;
    }
    None
}

fn split_at_commas(mut tokens: &[TokenTree]) -> Vec<&[TokenTree]> {
    let mut parts = Vec::new();
    while let Some(comma) = find_outside_brackets(tokens, ',') {
        parts.push(&tokens[..comma]);
        tokens = &tokens[comma + 1..];
    }
    parts.push(tokens);
    parts.retain(|part| !part.is_empty());
    parts
}
