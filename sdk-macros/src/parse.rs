//! The arguments of `#[app(...)]`: from tokens to what was written, with a span for each piece.
//!
//! Every problem is noted and reading goes on behind it, so that all are reported at once.

use std::iter::Peekable;

use machinist_core::attribute::{Arg, ArgValue, Place, Value};
use machinist_core::keys::is_group;
use machinist_core::problem::Problem;
use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Span, TokenStream, TokenTree};

/// The first and the last token of something written.
pub(crate) type Range = (Span, Span);

/// What was written, and the spans that its places count.
pub(crate) struct Arguments {
    pub(crate) args: Vec<Arg>,
    /// Whether something in them could not be read.
    pub(crate) unreadable: bool,
    /// `crate = ...`: where the `machinist` crate is.
    pub(crate) krate: Option<TokenStream>,
    pub(crate) places: Places,
    pub(crate) errors: Vec<(Place, Problem)>,
}

/// Spans by place, in the order they were met.
pub(crate) struct Places(Vec<Range>);

impl Places {
    pub(crate) fn add(&mut self, range: Range) -> Place {
        self.0.push(range);
        Place(self.0.len() - 1)
    }

    pub(crate) fn range(&self, place: Place) -> Range {
        // Every place was made by `add`; the attribute itself, place 0, stands for any other.
        self.0
            .get(place.0)
            .or(self.0.first())
            .copied()
            .unwrap_or_else(|| one(Span::call_site()))
    }
}

/// The place of the attribute itself.
pub(crate) const ATTRIBUTE: Place = Place(0);

/// Reads the arguments of an attribute at `attribute`.
pub(crate) fn arguments(tokens: TokenStream, attribute: Span) -> Arguments {
    let mut arguments = Arguments {
        args: Vec::new(),
        unreadable: false,
        krate: None,
        places: Places(vec![one(attribute)]),
        errors: Vec::new(),
    };
    arguments.args = arguments.level(tokens, true);
    arguments
}

type Tokens = Peekable<proc_macro2::token_stream::IntoIter>;

impl Arguments {
    fn error(&mut self, range: Range, problem: Problem) {
        let place = self.places.add(range);
        self.errors.push((place, problem));
    }

    /// The arguments between a pair of parentheses.
    fn level(&mut self, tokens: TokenStream, top: bool) -> Vec<Arg> {
        let mut args = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(key) if top && key == "crate" => self.krate(&key, &mut tokens),
                TokenTree::Ident(key) => args.push(self.arg(&key, &mut tokens)),
                TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                    args.extend(self.level(group.stream(), top));
                }
                comma if is_punct(&comma, ',') => {
                    self.stray_comma(&comma);
                    continue;
                }
                other => {
                    self.unreadable = true;
                    self.no_key(&other);
                    skip_to_comma(&mut tokens);
                }
            }
            self.comma(&mut tokens);
        }
        args
    }

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
                    one(span),
                    Problem::new(message).help("arguments are separated by `,`"),
                );
            }
        }
    }

    fn stray_comma(&mut self, comma: &TokenTree) {
        let problem = Problem::new("nothing stands before this `,`").help("remove it");
        self.error(one(comma.span()), problem);
    }

    fn no_key(&mut self, token: &TokenTree) {
        let text = excerpt(&token.to_string());
        let problem = Problem::new(format!("expected a key, not `{text}`"));
        let help = match token {
            TokenTree::Literal(_) if text.starts_with('"') => {
                format!("write `machine_type = {text}`")
            }
            _ => "arguments are written `key = value`".into(),
        };
        self.error(one(token.span()), problem.help(help));
    }

    fn arg(&mut self, key: &Ident, tokens: &mut Tokens) -> Arg {
        let key_at = self.places.add(one(key.span()));
        let value = self.arg_value(key, tokens);
        Arg {
            key: key.to_string(),
            key_at,
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
                // Only what can be a group is looked into: else one mistake becomes two.
                ArgValue::Group(if is_group(&key.to_string()) {
                    self.level(stream, false)
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
                self.error(one(span), problem.help(format!("write `{key} = {value}`")));
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
                self.error(one(key.span()), problem);
                return ArgValue::Group(self.level(group.stream(), false));
            }
        }
        let at = self.places.add((first.span(), last.span()));
        ArgValue::Value(self.read(tokens), at)
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
            // What a `macro_rules!` hands on as `$literal` or `$expr`.
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
                // `value_tokens` stops only at a comma, or before a key that follows a value.
                if let Some(comma) = tokens.next() {
                    self.stray_comma(&comma);
                }
                continue;
            };
            let at = self.places.add((first.span(), last.span()));
            elements.push((self.read(element), at));
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
        self.error(one(key.span()), problem);
    }
}

/// A span as a range of its own.
pub(crate) fn one(span: Span) -> Range {
    (span, span)
}

/// The tokens of a value: up to a comma, or to where one is missing.
fn value_tokens(tokens: &mut Tokens) -> Vec<TokenTree> {
    let mut value: Vec<TokenTree> = Vec::new();
    while let Some(token) = tokens.peek() {
        let complete = matches!(&*value, [.., TokenTree::Literal(_)])
            || matches!(&*value, [TokenTree::Group(_) | TokenTree::Ident(_)]);
        let next_key = complete && matches!(token, TokenTree::Ident(word) if word != "as");
        if is_punct(token, ',') || next_key {
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
    let written = || format!("{sign}{text}");
    // Most are plain, and the macro runs unoptimised.
    if let Some(value) = plain(&text).filter(|_| sign.is_empty()) {
        return value;
    }
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) if sign.is_empty() => Value::Text(text.value()),
        syn::Lit::Int(number) if number.suffix().is_empty() => {
            match format!("{sign}{}", number.base10_digits()).parse() {
                Ok(number) => Value::Integer(number),
                Err(_) => Value::Number(written()),
            }
        }
        syn::Lit::Int(_) | syn::Lit::Float(_) => Value::Number(written()),
        _ => Value::Other(written()),
    }
}

/// A string without escapes, or a number of decimal digits.
fn plain(literal: &str) -> Option<Value> {
    if let Some(text) = literal.strip_prefix('"') {
        let text = text.strip_suffix('"')?;
        let bytes = text.as_bytes();
        let escaped = bytes.contains(&b'\\') || bytes.contains(&b'\r');
        return (!escaped).then(|| Value::Text(text.into()));
    }
    literal.parse().ok().map(Value::Integer)
}

pub(crate) fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if Punct::as_char(punct) == c)
}

/// A piece of source short enough for a message.
fn excerpt(source: &str) -> String {
    const LONGEST: usize = 60;
    if source.chars().count() <= LONGEST {
        return source.into();
    }
    source.chars().take(LONGEST).chain(['…']).collect()
}
