//! Names of machine types: which one is similar to another spelling.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::machine::{MachineKind, MachineType};
use crate::suggest;

/// The one of `names` that is similar to `given`: the same but for case, `_` instead of `-`, a
/// missing `GPU-`, a maker's name before it or a memory size after it; or else the nearest
/// spelling.
pub(crate) fn similar(
    given: &str,
    names: impl Iterator<Item = &'static str> + Clone,
) -> Option<&'static str> {
    let wanted = normalized(given);
    names
        .clone()
        .find(|name| normalized(name) == wanted)
        .or_else(|| {
            let nearest = suggest::nearest(&wanted, names.clone().map(without_prefix))?;
            names.clone().find(|name| without_prefix(name) == nearest)
        })
}

/// A sentence with the names of all machine types of one kind.
pub(crate) fn listed<'a>(
    machines: impl Iterator<Item = &'a MachineType>,
    kind: MachineKind,
) -> String {
    let names: Vec<&str> = machines.map(|machine| machine.name).collect();
    format!("{} types are {}", kind.as_str(), names.join(", "))
}

/// The memory size in GB at the end of a name such as `A100-80GB`.
pub(crate) fn memory_gb(name: &str) -> Option<u32> {
    let word = name.rsplit(SEPARATORS).next()?.to_ascii_uppercase();
    word.strip_suffix("GB")
        .or_else(|| word.strip_suffix('G'))?
        .parse()
        .ok()
}

const SEPARATORS: [char; 4] = ['-', '_', ' ', ':'];

/// The name without the prefix of GPU types.
fn without_prefix(name: &'static str) -> &'static str {
    name.strip_prefix("GPU-").unwrap_or(name)
}

/// The name in capitals, without separators, a maker's name and a memory size.
fn normalized(given: &str) -> String {
    let mut words: Vec<String> = given
        .split(SEPARATORS)
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    if words.len() > 1 && words.last().is_some_and(|word| memory_gb(word).is_some()) {
        words.pop();
    }
    let is_prefix = |word: &String| matches!(&**word, "GPU" | "NVIDIA" | "GEFORCE" | "TESLA");
    if words.iter().any(|word| !is_prefix(word)) {
        words.retain(|word| !is_prefix(word));
    }
    let name = words.concat();
    match name.strip_prefix("GPU") {
        Some(rest) if !rest.is_empty() => rest.into(),
        _ => name,
    }
}
