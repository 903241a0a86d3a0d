//! A parser of the part of TOML that `machines.toml` needs: tables, and keys with strings, numbers,
//! `true`, `false` and lists of these.
//!
//! A parser of all TOML would add a third to the time that the macro adds to a program's build.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::{Place, Value};
use crate::problem::{Finding, Problem};
use crate::text::visible;

/// A table: its name and its keys. A [`Place`] is an offset in the text, in bytes.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) name_place: Place,
    pub(crate) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Value,
    pub(crate) value_place: Place,
}

/// Reads all tables.
///
/// # Errors
///
/// The first thing that is not TOML, or not of the part that this parser reads.
pub(crate) fn read(text: &str) -> Result<Vec<Table>, Finding> {
    if let Some(offset) = control_character(text) {
        return error(Place(offset), "unexpected control character", "remove it");
    }
    let mut reader = Reader { text, offset: 0 };
    let mut tables: Vec<Table> = Vec::new();
    let mut names = BTreeSet::new();
    let mut keys = BTreeSet::new();
    loop {
        reader.skip_blanks_and_lines();
        let start = reader.place();
        if reader.peek().is_none() {
            return Ok(tables);
        }
        if reader.takes('[') {
            reader.skip_blanks();
            let name_place = reader.place();
            let name = reader.key()?;
            reader.expects(']')?;
            if !names.insert(name.clone()) {
                return error(
                    name_place,
                    &format!("the table `{}` is defined twice", visible(&name)),
                    "move its keys to the first definition",
                );
            }
            keys.clear();
            tables.push(Table {
                name,
                name_place,
                entries: Vec::new(),
            });
        } else {
            let entry = reader.entry()?;
            let Some(table) = tables.last_mut() else {
                let help = "write the machine type's name above it, for instance `[GPU-A6000]`";
                let key = visible(&entry.key);
                let message = format!("the key `{key}` belongs to no machine type");
                return error(start, &message, help);
            };
            if !keys.insert(entry.key.clone()) {
                let message = format!("`{}` is given twice", visible(&entry.key));
                return error(entry.key_place, &message, "keep one of them");
            }
            table.entries.push(entry);
        }
        reader.ends_line()?;
    }
}

fn error<T>(place: Place, message: &str, help: &str) -> Result<T, Finding> {
    let problem = Problem::new(message).help(help);
    Err(Finding { place, problem })
}

/// The offset of the first control character that is neither a blank nor a line's end: TOML has
/// none.
fn control_character(text: &str) -> Option<usize> {
    text.char_indices().find_map(|(offset, c)| {
        let is_line_end = c == '\r' && text[offset..].starts_with("\r\n");
        let is_blank = matches!(c, '\t' | '\n') || is_line_end;
        (c.is_ascii_control() && !is_blank).then_some(offset)
    })
}

struct Reader<'a> {
    text: &'a str,
    /// How many bytes of the text were read.
    offset: usize,
}

impl Reader<'_> {
    fn place(&self) -> Place {
        Place(self.offset)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.offset..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.offset += c.len_utf8();
        Some(c)
    }

    fn takes(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.offset += wanted.len_utf8();
        }
        is_there
    }

    fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> &str {
        let rest = &self.text[self.offset..];
        let length = rest.find(|c| !is_wanted(c)).unwrap_or(rest.len());
        let taken = &self.text[self.offset..self.offset + length];
        self.offset += length;
        taken
    }

    fn skip_blanks(&mut self) {
        self.take_while(|c| matches!(c, ' ' | '\t'));
    }

    fn skip_comment(&mut self) {
        if self.peek() == Some('#') {
            self.take_while(|c| c != '\n');
        }
    }

    fn skip_blanks_and_lines(&mut self) {
        while let Some(' ' | '\t' | '\n' | '\r' | '#') = self.peek() {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            self.skip_comment();
        }
    }

    fn expects(&mut self, wanted: char) -> Result<(), Finding> {
        self.skip_blanks();
        let place = self.place();
        if self.takes(wanted) {
            return Ok(());
        }
        let problem = Problem::new(format!("expected `{wanted}`"));
        Err(Finding { place, problem })
    }

    fn ends_line(&mut self) -> Result<(), Finding> {
        self.skip_blanks();
        self.skip_comment();
        self.takes('\r');
        if self.peek().is_none() || self.takes('\n') {
            return Ok(());
        }
        error(
            self.place(),
            "unexpected text after a value",
            "write each key on its own line",
        )
    }

    fn entry(&mut self) -> Result<Entry, Finding> {
        let key_place = self.place();
        let key = self.key()?;
        self.expects('=')?;
        self.skip_blanks();
        let value_place = self.place();
        let value = self.value()?;
        Ok(Entry {
            key,
            key_place,
            value,
            value_place,
        })
    }

    fn key(&mut self) -> Result<String, Finding> {
        let place = self.place();
        if let Some('"' | '\'') = self.peek() {
            return self.string();
        }
        let key = self.take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if key.is_empty() {
            return error(
                place,
                "expected a name",
                "a name has letters, digits, `-` and `_`",
            );
        }
        Ok(key.into())
    }

    fn value(&mut self) -> Result<Value, Finding> {
        let place = self.place();
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
                        let help = "write a string in quotes, a number, `true`, `false` or a list \
                                    of these";
                        error(place, "expected a value", help)
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
            self.skip_blanks_and_lines();
            if self.takes(']') {
                return Ok(Value::List(elements));
            }
            let place = self.place();
            if self.peek() == Some('[') {
                // No key takes a list of lists, and deep nesting would overflow the stack.
                return error(
                    place,
                    "unexpected list in a list",
                    "write its elements only",
                );
            }
            elements.push((self.value()?, place));
            self.skip_blanks_and_lines();
            if !self.takes(',') && self.peek() != Some(']') {
                return error(
                    self.place(),
                    "expected `,` or `]`",
                    "separate elements by `,` and close the list with `]`",
                );
            }
        }
    }

    fn string(&mut self) -> Result<String, Finding> {
        let place = self.place();
        let quote = self.next();
        let rest = &self.text[self.offset..];
        if quote.is_some_and(|quote| rest.starts_with([quote; 2])) {
            return error(
                place,
                "multi-line strings are not supported",
                "write the string on one line",
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
        error(
            place,
            "unterminated string",
            "close it with the quote that it begins with",
        )
    }

    fn escape(&mut self) -> Result<char, Finding> {
        let place = Place(self.offset - 1);
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
            .get(self.offset..self.offset + digits)
            .filter(|_| digits > 0);
        let is_hex = |hex: &&str| hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = hex
            .filter(is_hex)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                self.offset += digits;
                Ok(c)
            }
            None => error(place, "unknown escape", "write `\\\\` for a backslash"),
        }
    }
}

/// A whole number or a decimal fraction.
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
