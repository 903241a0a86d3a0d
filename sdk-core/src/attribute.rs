//! What was written, before it is checked: the arguments of `#[app]`, or of a command.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Where something was written. A number that the caller hands in and gets back with each
/// finding: the macro counts spans with it, a command its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub usize);

/// The attribute as written.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The attribute itself.
    pub at: Place,
    /// Its arguments in order.
    pub args: Vec<Arg>,
    /// Whether something in it could not be read, and was reported: then nothing is missing.
    pub unreadable: bool,
    /// What the app is called where the arguments do not say: the item's or the binary's name,
    /// in any case style.
    pub item_name: String,
    /// Where the item's name stands.
    pub item_name_at: Place,
}

/// One argument.
///
/// ```
/// use machinist_core::attribute::{Arg, ArgValue, Place, Value};
///
/// // `gpus = 2`, where the caller counts the key as its place 1 and the value as 2.
/// let gpus = Arg {
///     key: "gpus".into(),
///     key_at: Place(1),
///     value: ArgValue::Value(Value::Integer(2), Place(2)),
/// };
/// assert_ne!(gpus.key_at, Place(2));
/// ```
#[derive(Clone, Debug)]
pub struct Arg {
    /// What stands before the `=` or the parenthesis.
    pub key: String,
    /// Where the key stands.
    pub key_at: Place,
    /// What stands behind it.
    pub value: ArgValue,
}

/// What stands behind a key.
#[derive(Clone, Debug)]
pub enum ArgValue {
    /// `= value`.
    Value(Value, Place),
    /// `(key = value, ...)`.
    Group(Vec<Arg>),
    /// Nothing.
    Missing,
    /// Something that was reported already.
    Reported,
}

/// A value as written.
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
