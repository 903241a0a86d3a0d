//! An app's manifest entry, read by the running program: from the record to the typed app.
//!
//! It reads what [`App::entry`](crate::app::App::entry) writes, of this very version: compact, and
//! with no escape in the texts that are read.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::app::MACHINES;
use crate::catalogue;
use crate::json::parts;
use crate::machine::MachineType;
use crate::own;
use crate::parameter::{CodeParameters, GPUS, MACHINE_TYPE, ScalingParameters};
use crate::problem::{NAME, SCALING};
use crate::spec::Spec;

/// The app of an entry. Its lists live as long as the process: read an entry once.
///
/// `None` where the entry is none.
///
/// ```
/// use machinist_core::entry;
///
/// let spec = entry::read(r#"{"name":"llm","code":{"machine_type":["GPU-H100"],"gpus":2}}"#);
/// assert_eq!(spec.unwrap().vram_mb(), 160_000);
/// ```
pub fn read(entry: &'static str) -> Option<Spec> {
    let code = member(entry, "code")?;
    let own: Vec<MachineType> = member(entry, MACHINES)
        .into_iter()
        .flat_map(parts)
        .map(own::figures)
        .collect::<Option<_>>()?;
    let machine_types: Vec<MachineType> = parts(member(code, MACHINE_TYPE)?)
        .map(|name| {
            let name = text(name)?;
            let own = own.iter().find(|machine| machine.name == name);
            own.or_else(|| catalogue::find(name)).copied()
        })
        .collect::<Option<_>>()?;
    let mut spec = Spec {
        name: text(member(entry, NAME)?)?,
        machine_types: Box::leak(machine_types.into_boxed_slice()),
        gpus: 0,
        code: CodeParameters::NONE,
        scaling: ScalingParameters::NONE,
    };
    for (key, value) in members(code) {
        match key {
            MACHINE_TYPE => {}
            GPUS => spec.gpus = value.parse().ok()?,
            key => spec.code.set(key, value)?,
        }
    }
    for (key, value) in member(entry, SCALING).into_iter().flat_map(members) {
        spec.scaling.set(key, value)?;
    }
    Some(spec)
}

/// The members of an object: keys have no escapes.
pub(crate) fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    parts(object).filter_map(|part| {
        let (key, value) = part.split_once(':')?;
        Some((text(key)?, value))
    })
}

fn member<'a>(object: &'a str, wanted: &str) -> Option<&'a str> {
    members(object).find_map(|(key, value)| (key == wanted).then_some(value))
}

/// What stands between the quotes.
pub(crate) fn text(quoted: &str) -> Option<&str> {
    quoted.strip_prefix('"')?.strip_suffix('"')
}

/// How a parameter's value is read.
pub(crate) trait Read: Sized {
    fn read(value: &'static str) -> Option<Self>;
}

impl Read for u16 {
    fn read(value: &'static str) -> Option<Self> {
        value.parse().ok()
    }
}

impl Read for u32 {
    fn read(value: &'static str) -> Option<Self> {
        value.parse().ok()
    }
}

/// A path, which has more to it on some platforms.
impl Read for &'static str {
    fn read(value: &'static str) -> Option<Self> {
        text(member(value, "path")?)
    }
}

impl Read for &'static [&'static str] {
    fn read(value: &'static str) -> Option<Self> {
        let texts: Vec<&str> = parts(value).map(text).collect::<Option<_>>()?;
        Some(Box::leak(texts.into_boxed_slice()))
    }
}
