//! Reads values of a Cargo.toml, with the place of each error.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::file::cannot_read;
use machinist_core::attribute::{Place, Value};
use machinist_core::machines_toml::FileError;
use machinist_core::parameter::MAX_SECONDS;
use machinist_core::problem::{self, Problem};
use machinist_core::setting::read_duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place.
pub(crate) type Item<'t> = Spanned<DeValue<'t>>;

/// A file with its text.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    file: PathBuf,
    text: String,
}

impl Reader {
    /// Reads a file.
    pub(crate) fn open(file: &Path) -> Result<Self, Problem> {
        let text = fs::read_to_string(file).map_err(|error| cannot_read(file, &error))?;
        Ok(Self {
            file: file.to_owned(),
            text,
        })
    }

    /// The table at these keys; `None` if there is none.
    pub(crate) fn document(&self, keys: &[&str]) -> Result<Option<DeTable<'_>>, Problem> {
        let document =
            DeTable::parse(&self.text).map_err(|error| cannot_read(&self.file, &error))?;
        let mut table = document.get_ref();
        for &key in keys {
            let Some(value) = table.get(key) else {
                return Ok(None);
            };
            table = value.get_ref().as_table().ok_or_else(|| {
                let problem = Problem::new(format!("`{key}` takes a table"));
                let table = keys.join(".");
                self.at(
                    value,
                    problem.help(format!("write `[{table}]`, and the settings below it")),
                )
            })?;
        }
        Ok(Some(table.clone()))
    }

    /// A text that is not empty.
    pub(crate) fn text<'v>(&self, key: &str, value: &'v Item<'_>) -> Result<&'v str, Problem> {
        match value.get_ref().as_str() {
            Some("") => Err(self.at(value, Problem::new(format!("`{key}` is empty")))),
            Some(text) => Ok(text),
            None => {
                let problem = Problem::new(format!("`{key}` takes a text"));
                Err(self.at(value, problem.help(format!("write `{key} = \"...\"`"))))
            }
        }
    }

    /// A text, which may be empty.
    pub(crate) fn text_or_empty<'v>(
        &self,
        key: &str,
        value: &'v Item<'_>,
    ) -> Result<&'v str, Problem> {
        value.get_ref().as_str().ok_or_else(|| {
            let problem = Problem::new(format!("`{key}` takes a text"));
            let written = match value.get_ref() {
                DeValue::Array(_) | DeValue::Table(_) => "...",
                _ => &self.text[value.span()],
            };
            self.at(
                value,
                problem.help(format!("write `{key} = \"{written}\"`")),
            )
        })
    }

    /// A path, from the file's folder.
    pub(crate) fn path(&self, key: &str, value: &Item<'_>) -> Result<PathBuf, Problem> {
        Ok(self.file.with_file_name("").join(self.text(key, value)?))
    }

    /// A duration, by the rules of the attribute.
    pub(crate) fn duration(&self, key: &str, value: &Item<'_>) -> Result<Duration, Problem> {
        let seconds = read_duration(key, &self.written(value), (1, MAX_SECONDS));
        let seconds = seconds.map_err(|problem| self.at(value, problem))?;
        Ok(Duration::from_secs(seconds.into()))
    }

    /// A list.
    pub(crate) fn list<'v, 't>(
        &self,
        key: &str,
        value: &'v Item<'t>,
    ) -> Result<&'v [Item<'t>], Problem> {
        let list = value.get_ref().as_array().map(|list| &**list);
        list.ok_or_else(|| self.at(value, Problem::new(format!("`{key}` takes a list"))))
    }

    /// A text, or a list of them.
    pub(crate) fn texts(&self, key: &str, value: &Item<'_>) -> Result<Vec<String>, Problem> {
        if value.get_ref().as_str().is_some() {
            return Ok(vec![self.text(key, value)?.into()]);
        }
        let texts = self.list(key, value)?.iter();
        texts
            .map(|text| self.text(key, text).map(str::to_owned))
            .collect()
    }

    /// A table.
    pub(crate) fn table<'v, 't>(
        &self,
        key: &str,
        value: &'v Item<'t>,
    ) -> Result<&'v DeTable<'t>, Problem> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.at(value, Problem::new(format!("`{key}` takes a table"))))
    }

    /// A table of texts.
    pub(crate) fn texts_by_key(
        &self,
        key: &str,
        value: &Item<'_>,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let mut texts = BTreeMap::new();
        for (name, value) in self.table(key, value)? {
            let text = self.text(name.get_ref(), value)?;
            texts.insert(name.get_ref().to_string(), text.into());
        }
        Ok(texts)
    }

    /// A key that is not one of these.
    pub(crate) fn unknown_key<K: AsRef<str>>(&self, key: &Spanned<K>, keys: &[&str]) -> Problem {
        let problem = problem::unknown("key", key.get_ref().as_ref(), keys);
        self.at_key(key, problem)
    }

    /// A problem with the place of a key in front.
    pub(crate) fn at_key<K>(&self, key: &Spanned<K>, problem: Problem) -> Problem {
        self.located(key.span().start, problem)
    }

    /// A problem with the place of a value in front.
    pub(crate) fn at(&self, value: &Item<'_>, problem: Problem) -> Problem {
        self.located(value.span().start, problem)
    }

    /// A value as the attribute would have it.
    pub(crate) fn written(&self, value: &Item<'_>) -> Value {
        let source = &self.text[value.span()];
        match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(is_true) => Value::Bool(*is_true),
            DeValue::Array(list) => {
                let elements = list.iter().map(|value| (self.written(value), Place(0)));
                Value::List(elements.collect())
            }
            _ => match source.parse() {
                Ok(number) => Value::Integer(number),
                Err(_) => Value::Number(source.into()),
            },
        }
    }

    /// Where a value is: file, line and column.
    pub(crate) fn place_of(&self, value: &Item<'_>) -> String {
        let nothing = Problem::new(String::new());
        let FileError { line, column, .. } = FileError::at(&self.text, value.span().start, nothing);
        format!("{}:{line}:{column}", self.file.display())
    }

    fn located(&self, at: usize, problem: Problem) -> Problem {
        FileError::at(&self.text, at, problem).located(&self.file.display().to_string())
    }
}
