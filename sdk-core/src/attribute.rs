//! The arguments of `#[app]`, or of a command, before they are checked.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Where something was written, as a number that only the caller understands: each finding comes
/// back with the place that the caller gave. To the macro it is the index of a span, to a command
/// the index of an argument, and to the reader of `machines.toml` an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub usize);

/// An attribute and the item that it is on.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Where the attribute is.
    pub place: Place,
    /// The arguments in order.
    pub args: Vec<Arg>,
    /// Whether some argument could not be read and was reported: then no missing key is reported.
    pub unreadable: bool,
    /// The item's or the binary's name, in any case style: the app's name is made from it if no
    /// argument gives one.
    pub item_name: String,
    /// Where the item's name is.
    pub item_name_place: Place,
}

/// One argument.
///
/// ```
/// use machinist_core::attribute::{Arg, ArgValue, Place, Value};
///
/// // `gpus = 2`, where the caller counts the key as its place 1 and the value as 2.
/// let gpus = Arg {
///     key: "gpus".into(),
///     key_place: Place(1),
///     value: ArgValue::Value(Value::Integer(2), Place(2)),
/// };
/// assert_ne!(gpus.key_place, Place(2));
/// ```
#[derive(Clone, Debug)]
pub struct Arg {
    /// The word before the `=` or the parenthesis.
    pub key: String,
    /// Where the key is.
    pub key_place: Place,
    /// What follows the key.
    pub value: ArgValue,
}

/// What follows a key.
#[derive(Clone, Debug)]
pub enum ArgValue {
    /// `= value`.
    Value(Value, Place),
    /// `(key = value, ...)`.
    Group(Vec<Arg>),
    /// Nothing.
    Missing,
    /// Something that could not be read and was reported.
    Reported,
}

/// A value, as it was written.
///
/// ```
/// use machinist_core::attribute::{Place, Value};
///
/// let list = Value::List(vec![(Value::Text("us-west".into()), Place(1))]);
/// assert_eq!(list.to_string(), r#"["us-west"]"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `"text"`.
    Text(String),
    /// `-3`.
    Integer(i128),
    /// `true`.
    Bool(bool),
    /// `["a", "b"]`.
    List(Vec<(Value, Place)>),
    /// Anything else that begins like a number, such as `0.5`, `15m` or `2u32`.
    Number(String),
    /// Anything else, such as `GPUS` or `1 + 1`.
    Other(String),
}

impl Value {
    /// The list of texts that somebody wrote without quotes, as in an argument of a shell:
    /// `us-west,eu-north`.
    ///
    /// ```
    /// use machinist_core::attribute::Value;
    ///
    /// let regions = Value::list_without_quotes("us-west, eu-north");
    /// assert_eq!(regions.to_string(), r#"["us-west", "eu-north"]"#);
    /// ```
    pub fn list_without_quotes(text: &str) -> Self {
        let texts = text.split(',').map(|text| Self::Text(text.trim().into()));
        Self::List(texts.map(|text| (text, Place(0))).collect())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::List(elements) => {
                f.write_str("[")?;
                for (i, (element, _)) in elements.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}{element}")?;
                }
                f.write_str("]")
            }
            Self::Number(text) | Self::Other(text) => f.write_str(text),
        }
    }
}
