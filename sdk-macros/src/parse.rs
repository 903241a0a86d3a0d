//! Parses the arguments of `#[app(...)]`, and remembers the span of each key and value.
//!
//! After a problem the parser goes on with the next argument, so that all problems are reported at
//! once.

use std::iter::Peekable;

use machinist_core::attribute::{Arg, ArgValue, Place, Value};
use machinist_core::keys::is_group;
use machinist_core::problem::{Finding, Problem};
use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Span, TokenStream, TokenTree};

/// The spans of the first and the last token of a piece of code.
pub(crate) type Range = (Span, Span);

/// The arguments, and the spans of their places.
pub(crate) struct Arguments {
    pub(crate) args: Vec<Arg>,
    /// Whether some argument could not be read.
    pub(crate) unreadable: bool,
    /// `crate = ...`: where the `machinist` crate is.
    pub(crate) krate: Option<TokenStream>,
    pub(crate) places: Places,
    pub(crate) errors: Vec<Finding>,
}

/// Spans by place: a [`Place`] is an index into this list.
pub(crate) struct Places(Vec<Range>);

impl Places {
    pub(crate) fn add(&mut self, range: Range) -> Place {
        self.0.push(range);
        Place(self.0.len() - 1)
    }

    pub(crate) fn range(&self, place: Place) -> Range {
        // Every place was made by `add`; for any other the span of the attribute is used.
        self.0
            .get(place.0)
            .or(self.0.first())
            .copied()
            .unwrap_or_else(|| range_of(Span::call_site()))
    }
}

/// The place of the whole attribute.
pub(crate) const ATTRIBUTE: Place = Place(0);

/// Parses the arguments of an attribute, which has the span `attribute`.
pub(crate) fn arguments(tokens: TokenStream, attribute: Span) -> Arguments {
    let mut arguments = Arguments {
        args: Vec::new(),
        unreadable: false,
        krate: None,
        places: Places(vec![range_of(attribute)]),
        errors: Vec::new(),
    };
    arguments.args = arguments.args_of_level(tokens, true);
    arguments
}

type Tokens = Peekable<proc_macro2::token_stream::IntoIter>;

impl Arguments {
    fn error(&mut self, range: Range, problem: Problem) {
        let place = self.places.add(range);
        self.errors.push(Finding { place, problem });
    }

    /// Parses the arguments of the attribute, where `is_top`, or of a group in it.
    fn args_of_level(&mut self, tokens: TokenStream, is_top: bool) -> Vec<Arg> {
        let mut args = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(key) if is_top && key == "crate" => {
                    self.krate(&key, &mut tokens);
                }
                TokenTree::Ident(key) => args.push(self.arg(&key, &mut tokens)),
                TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                    args.extend(self.args_of_level(group.stream(), is_top));
                }
                comma if is_punct(&comma, ',') => {
                    self.stray_comma(&comma);
                    continue;
                }
                other => {
                    self.unreadable = true;
                    self.expected_key(&other);
                    skip_to_comma(&mut tokens);
                }
            }
            self.comma(&mut tokens);
        }
        args
    }

    /// Skips the comma after an argument or an element, and reports it if it is missing.
    fn comma(&mut self, tokens: &mut Tokens) {
        match tokens.peek() {
            None => {}
            Some(token) if is_punct(token, ',') => {
                tokens.next();
            }
            Some(token) => {
                let message = format!("expected `,` before `{}`", excerpt(&token.to_string()));
                let span = token.span();
                self.error(
                    range_of(span),
                    Problem::new(message).help("arguments are separated by `,`"),
                );
            }
        }
    }

    fn stray_comma(&mut self, comma: &TokenTree) {
        let problem = Problem::new("unexpected `,`").help("remove it");
        self.error(range_of(comma.span()), problem);
    }

    fn expected_key(&mut self, token: &TokenTree) {
        let text = excerpt(&token.to_string());
        let problem = Problem::new(format!("expected a key, not `{text}`"));
        let help = match token {
            TokenTree::Literal(_) if text.starts_with('"') => {
                format!("write `machine_type = {text}`")
            }
            _ => "arguments are written `key = value`".into(),
        };
        self.error(range_of(token.span()), problem.help(help));
    }

    fn arg(&mut self, key: &Ident, tokens: &mut Tokens) -> Arg {
        let key_place = self.places.add(range_of(key.span()));
        let value = self.arg_value(key, tokens);
        Arg {
            key: key.to_string(),
            key_place,
            value,
        }
    }

    fn arg_value(&mut self, key: &Ident, tokens: &mut Tokens) -> ArgValue {
        match tokens.peek() {
            None => ArgValue::Missing,
            Some(token) if is_punct(token, ',') => ArgValue::Missing,
            Some(token) if is_punct(token, '=') => {
                tokens.next();
                self.value(key, value_tokens(tokens))
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                let stream = group.stream();
                tokens.next();
                // The contents of other keys are skipped: `gpus(2)` is one mistake, not two.
                ArgValue::Group(if is_group(&key.to_string()) {
                    self.args_of_level(stream, false)
                } else {
                    Vec::new()
                })
            }
            Some(other) => {
                let (span, text) = (other.span(), excerpt(&other.to_string()));
                let problem = Problem::new(format!("expected `=` after `{key}`, not `{text}`"));
                let rest = skip_to_comma(tokens);
                let value = rest.into_iter().skip_while(|token| is_punct(token, ':'));
                let value = excerpt(&value.collect::<TokenStream>().to_string());
                self.error(
                    range_of(span),
                    problem.help(format!("write `{key} = {value}`")),
                );
                ArgValue::Reported
            }
        }
    }

    fn value(&mut self, key: &Ident, tokens: Vec<TokenTree>) -> ArgValue {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return ArgValue::Missing;
        };
        if let [TokenTree::Group(group)] = &*tokens {
            if matches!(group.delimiter(), Delimiter::Parenthesis | Delimiter::Brace)
                && is_group(&key.to_string())
            {
                let problem = Problem::new(format!("`{key}` is a group of keys"))
                    .help(format!("write `{key}(...)`, without the `=`"));
                self.error(range_of(key.span()), problem);
                return ArgValue::Group(self.args_of_level(group.stream(), false));
            }
        }
        let place = self.places.add((first.span(), last.span()));
        ArgValue::Value(self.read(tokens), place)
    }

    fn read(&mut self, tokens: Vec<TokenTree>) -> Value {
        match &*tokens {
            [TokenTree::Literal(literal)] => read_literal(literal, ""),
            [TokenTree::Punct(minus), TokenTree::Literal(literal)] if minus.as_char() == '-' => {
                read_literal(literal, "-")
            }
            [TokenTree::Ident(word)] if word == "true" || word == "false" => {
                Value::Bool(word == "true")
            }
            [TokenTree::Group(group)] if group.delimiter() == Delimiter::Bracket => {
                Value::List(self.elements(group))
            }
            // `$literal` and `$expr` of a `macro_rules!` come as an invisible group.
            [TokenTree::Group(group)] if group.delimiter() == Delimiter::None => {
                self.read(group.stream().into_iter().collect())
            }
            _ => Value::Other(excerpt(
                &tokens.into_iter().collect::<TokenStream>().to_string(),
            )),
        }
    }

    fn elements(&mut self, list: &Group) -> Vec<(Value, Place)> {
        let mut elements = Vec::new();
        let mut tokens = list.stream().into_iter().peekable();
        while tokens.peek().is_some() {
            let element = value_tokens(&mut tokens);
            let (Some(first), Some(last)) = (element.first(), element.last()) else {
                // There are no tokens before a comma.
                if let Some(comma) = tokens.next() {
                    self.stray_comma(&comma);
                }
                continue;
            };
            let place = self.places.add((first.span(), last.span()));
            elements.push((self.read(element), place));
            self.comma(&mut tokens);
        }
        elements
    }

    fn krate(&mut self, key: &Ident, tokens: &mut Tokens) {
        let is_path = |token: &TokenTree| match token {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(punct) => matches!(punct.as_char(), ':' | '$'),
            _ => false,
        };
        let rest = skip_to_comma(tokens);
        let problem = match &*rest {
            [equals, path @ ..]
                if is_punct(equals, '=') && !path.is_empty() && path.iter().all(is_path) =>
            {
                if self.krate.is_none() {
                    self.krate = Some(path.iter().cloned().collect());
                    return;
                }
                Problem::new("`crate` is given twice").help("keep one of them")
            }
            [_, TokenTree::Literal(path)] => {
                let path = path.to_string();
                let path = path.trim_matches('"');
                Problem::new("`crate` takes a path, not a string")
                    .help(format!("write `crate = {path}`"))
            }
            _ => Problem::new("`crate` takes the path of the `machinist` crate")
                .help("write for instance `crate = my_framework::machinist`"),
        };
        self.error(range_of(key.span()), problem);
    }
}

/// The range of one token.
pub(crate) fn range_of(span: Span) -> Range {
    (span, span)
}

/// The tokens of a value: up to the next comma, or to the next key if the comma is missing.
fn value_tokens(tokens: &mut Tokens) -> Vec<TokenTree> {
    let mut value: Vec<TokenTree> = Vec::new();
    while let Some(token) = tokens.peek() {
        let is_complete = matches!(&*value, [.., TokenTree::Literal(_)])
            || matches!(&*value, [TokenTree::Group(_) | TokenTree::Ident(_)]);
        let is_next_key = is_complete && matches!(token, TokenTree::Ident(word) if word != "as");
        if is_punct(token, ',') || is_next_key {
            break;
        }
        value.extend(tokens.next());
    }
    value
}

fn skip_to_comma(tokens: &mut Tokens) -> Vec<TokenTree> {
    let mut skipped = Vec::new();
    while let Some(token) = tokens.next_if(|token| !is_punct(token, ',')) {
        skipped.push(token);
    }
    skipped
}

fn read_literal(literal: &Literal, sign: &str) -> Value {
    let text = literal.to_string();
    let source = || format!("{sign}{text}");
    // A fast path: most literals are plain, and the macro runs unoptimised.
    if let Some(value) = read_plain_literal(&text).filter(|_| sign.is_empty()) {
        return value;
    }
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) if sign.is_empty() => Value::Text(text.value()),
        syn::Lit::Int(number) if number.suffix().is_empty() => {
            match format!("{sign}{}", number.base10_digits()).parse() {
                Ok(number) => Value::Integer(number),
                Err(_) => Value::Number(source()),
            }
        }
        syn::Lit::Int(_) | syn::Lit::Float(_) => Value::Number(source()),
        _ => Value::Other(source()),
    }
}

/// A string without escapes, or a number of decimal digits.
fn read_plain_literal(literal: &str) -> Option<Value> {
    if let Some(text) = literal.strip_prefix('"') {
        let text = text.strip_suffix('"')?;
        let bytes = text.as_bytes();
        let has_escapes = bytes.contains(&b'\\') || bytes.contains(&b'\r');
        return (!has_escapes).then(|| Value::Text(text.into()));
    }
    literal.parse().ok().map(Value::Integer)
}

pub(crate) fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if Punct::as_char(punct) == c)
}

/// A piece of source code, shortened for a message.
fn excerpt(source: &str) -> String {
    const MAX_LENGTH: usize = 60;
    if source.chars().count() <= MAX_LENGTH {
        return source.into();
    }
    source.chars().take(MAX_LENGTH).chain(['…']).collect()
}
