//! The part of TOML that `machines.toml` is written in: tables, and keys with texts, numbers,
//! `true`, `false` and lists of these.
//!
//! A whole parser would cost every program's build a third of what the macro costs it.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::{Place, Value};
use crate::problem::{Finding, Problem};

/// A table: its name and its keys, each with its place in bytes.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) at: Place,
    pub(crate) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: Place,
    pub(crate) value: Value,
    pub(crate) value_at: Place,
}

/// Reads all tables.
///
/// # Errors
///
/// The first thing that is not understood.
pub(crate) fn read(text: &str) -> Result<Vec<Table>, Finding> {
    if let Some(at) = control_character(text) {
        return wrong(Place(at), "a control character stands here", "remove it");
    }
    let mut reader = Reader { text, at: 0 };
    let mut tables: Vec<Table> = Vec::new();
    let mut names = BTreeSet::new();
    let mut keys = BTreeSet::new();
    loop {
        reader.skip(true);
        let at = reader.at;
        if reader.peek().is_none() {
            return Ok(tables);
        }
        if reader.takes('[') {
            reader.skip(false);
            let name_at = Place(reader.at);
            let name = reader.key()?;
            reader.expects(']', "`]`")?;
            if !names.insert(name.clone()) {
                return wrong(
                    name_at,
                    "a table stands twice",
                    "write its keys into the first one",
                );
            }
            keys.clear();
            tables.push(Table {
                name,
                at: name_at,
                entries: Vec::new(),
            });
        } else {
            let entry = reader.entry()?;
            let Some(table) = tables.last_mut() else {
                let help = "write the machine type's name above it: `[GPU-A6000]`";
                return wrong(Place(at), "a key stands before any machine type", help);
            };
            if !keys.insert(entry.key.clone()) {
                return wrong(entry.key_at, "a key stands twice", "leave out one of them");
            }
            table.entries.push(entry);
        }
        reader.ends_line()?;
    }
}

fn wrong<T>(at: Place, message: &str, help: &str) -> Result<T, Finding> {
    let problem = Problem::new(message).help(help);
    Err(Finding { at, problem })
}

/// The first character that no TOML has: neither printable nor a blank nor a line's end.
fn control_character(text: &str) -> Option<usize> {
    text.char_indices().find_map(|(at, c)| {
        let is_line_end = c == '\r' && text[at..].starts_with("\r\n");
        let is_blank = matches!(c, '\t' | '\n') || is_line_end;
        (c.is_ascii_control() && !is_blank).then_some(at)
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn takes(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> &str {
        let rest = &self.text[self.at..];
        let length = rest.find(|c| !is_wanted(c)).unwrap_or(rest.len());
        let taken = &self.text[self.at..self.at + length];
        self.at += length;
        taken
    }

    /// Passes over blanks, and over comments and line ends too where these may stand.
    fn skip(&mut self, lines: bool) {
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t'));
            match self.peek() {
                Some('#') if lines => {
                    self.take_while(|c| c != '\n');
                }
                Some('\n' | '\r') if lines => {
                    self.next();
                }
                _ => return,
            }
        }
    }

    fn expects(&mut self, wanted: char, name: &str) -> Result<(), Finding> {
        self.skip(false);
        let at = Place(self.at);
        if self.takes(wanted) {
            return Ok(());
        }
        let problem = Problem::new(format!("here {name} is missing"));
        Err(Finding { at, problem })
    }

    fn ends_line(&mut self) -> Result<(), Finding> {
        self.skip(false);
        if self.peek() == Some('#') {
            self.take_while(|c| c != '\n');
        }
        self.takes('\r');
        if self.peek().is_none() || self.takes('\n') {
            return Ok(());
        }
        wrong(
            Place(self.at),
            "a line goes on after its value",
            "write what follows into its own line",
        )
    }

    fn entry(&mut self) -> Result<Entry, Finding> {
        let key_at = Place(self.at);
        let key = self.key()?;
        self.expects('=', "`=`")?;
        self.skip(false);
        let value_at = Place(self.at);
        let value = self.value()?;
        Ok(Entry {
            key,
            key_at,
            value,
            value_at,
        })
    }

    fn key(&mut self) -> Result<String, Finding> {
        let at = Place(self.at);
        if let Some('"' | '\'') = self.peek() {
            return self.string();
        }
        let key = self.take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if key.is_empty() {
            return wrong(
                at,
                "here a name is missing",
                "names have letters, digits, `-` and `_`",
            );
        }
        Ok(key.into())
    }

    fn value(&mut self) -> Result<Value, Finding> {
        let at = Place(self.at);
        match self.peek() {
            Some('"' | '\'') => self.string().map(Value::Text),
            Some('[') => self.list(),
            _ => {
                let word = self.take_while(|c| c.is_ascii_alphanumeric() || "+-_.".contains(c));
                let value = match word {
                    "true" => Some(Value::Bool(true)),
                    "false" => Some(Value::Bool(false)),
                    word => number(word),
                };
                value.map_or_else(
                    || {
                        let help =
                            "write a text in quotes, a number, `true`, `false` or a list of these";
                        wrong(at, "here a value is missing or not understood", help)
                    },
                    Ok,
                )
            }
        }
    }

    fn list(&mut self) -> Result<Value, Finding> {
        self.next();
        let mut elements = Vec::new();
        loop {
            self.skip(true);
            if self.takes(']') {
                return Ok(Value::List(elements));
            }
            let at = Place(self.at);
            if self.peek() == Some('[') {
                // No key takes one, and a long row of them would be a deep stack.
                return wrong(at, "a list stands in a list", "write its elements only");
            }
            elements.push((self.value()?, at));
            self.skip(true);
            if !self.takes(',') && self.peek() != Some(']') {
                return wrong(
                    Place(self.at),
                    "here `,` or `]` is missing",
                    "write one of them",
                );
            }
        }
    }

    fn string(&mut self) -> Result<String, Finding> {
        let at = Place(self.at);
        let quote = self.next();
        let rest = &self.text[self.at..];
        if quote.is_some_and(|quote| rest.starts_with([quote; 2])) {
            return wrong(
                at,
                "texts of several lines are not understood here",
                "write it in one line",
            );
        }
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                c if Some(c) == quote => return Ok(text),
                '\\' if quote == Some('"') => text.push(self.escape()?),
                '\n' | '\r' => break,
                c => text.push(c),
            }
        }
        wrong(
            at,
            "a text does not end in its line",
            "close it with the quote it begins with",
        )
    }

    fn escape(&mut self) -> Result<char, Finding> {
        let at = Place(self.at - 1);
        let digits = match self.next() {
            Some('"') => return Ok('"'),
            Some('\\') => return Ok('\\'),
            Some('n') => return Ok('\n'),
            Some('t') => return Ok('\t'),
            Some('r') => return Ok('\r'),
            Some('u') => 4,
            Some('U') => 8,
            _ => 0,
        };
        let hex = self
            .text
            .get(self.at..self.at + digits)
            .filter(|_| digits > 0);
        let is_hex = |hex: &&str| hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = hex
            .filter(is_hex)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                self.at += digits;
                Ok(c)
            }
            None => wrong(
                at,
                "this escape is not understood",
                "write `\\\\` for a backslash",
            ),
        }
    }
}

/// A whole number, or one with a point.
fn number(word: &str) -> Option<Value> {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let (whole, rest) = match digits.split_once('.') {
        Some((whole, rest)) => (whole, Some(rest)),
        None => (digits, None),
    };
    let has_zeros = whole.len() > 1 && whole.starts_with('0');
    if has_zeros || !is_digits(whole) || !rest.is_none_or(is_digits) {
        return None;
    }
    let plain = word.replace('_', "");
    match rest {
        Some(_) => Some(Value::Number(plain)),
        None => plain
            .parse::<i64>()
            .ok()
            .map(|integer| Value::Integer(integer.into())),
    }
}

/// Digits, with single `_` between them.
fn is_digits(text: &str) -> bool {
    text.split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()))
}
