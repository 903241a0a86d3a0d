//! Files of other states of a project, which are told by what is in them: a state may have any name.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// What every version of a state has.
#[derive(Deserialize)]
struct State {
    #[serde(rename = "state_version")]
    _version: u32,
    #[serde(rename = "lineage")]
    _lineage: String,
}

/// What an effective manifest has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EffectiveManifest {
    #[serde(rename = "effective_version")]
    _version: u32,
    #[serde(rename = "apps")]
    _apps: Vec<IgnoredAny>,
}

/// What a line of a journal has.
#[derive(Deserialize)]
struct JournalLine {
    #[serde(rename = "lineage")]
    _lineage: String,
    #[serde(rename = "serial")]
    _serial: u64,
    #[serde(rename = "target")]
    _target: String,
    #[serde(rename = "app")]
    _app: String,
}

/// Whether a file is a state, its effective manifest, or a file that machinist keeps beside a state.
pub(super) fn is_of_a_state(folder: &Path, name: &str) -> bool {
    let file = folder.join(name);
    is_state(&file)
        || has::<EffectiveManifest>(&file, "effective_version")
        || state_of_hidden(name).is_some_and(|state| {
            let journal = folder.join(format!(".{state}.journal"));
            is_state(&folder.join(state)) || is_journal(&journal)
        })
}

fn is_state(file: &Path) -> bool {
    has::<State>(file, "state_version")
}

/// The state that a lock, a journal or a left over file of this name belongs to.
fn state_of_hidden(name: &str) -> Option<&str> {
    let name = name.strip_prefix('.')?;
    let beside = name
        .strip_suffix(".lock")
        .or_else(|| name.strip_suffix(".journal"));
    let left_over = || {
        let (name, process) = name.strip_suffix(".tmp")?.rsplit_once('.')?;
        process.parse::<u32>().is_ok().then_some(name)
    };
    beside.or_else(left_over)
}

/// Whether a file is an object that begins with this key and has these members. Only the beginning
/// of other files is read.
fn has<T: DeserializeOwned>(file: &Path, first_key: &str) -> bool {
    let begins_with_key = || {
        let beginning = beginning(file)?;
        // Editors on Windows may add a byte order mark.
        let text = beginning.strip_prefix('\u{feff}').unwrap_or(&beginning);
        let inside = text.trim_start().strip_prefix('{')?;
        inside
            .trim_start()
            .strip_prefix('"')?
            .strip_prefix(first_key)
            .map(|rest| rest.starts_with('"'))
    };
    let is_object = || {
        let text = fs::read_to_string(file).unwrap_or_default();
        serde_json::from_str::<T>(text.strip_prefix('\u{feff}').unwrap_or(&text)).is_ok()
    };
    begins_with_key() == Some(true) && is_object()
}

fn is_journal(file: &Path) -> bool {
    // A kill may have cut the first line.
    beginning(file).is_some_and(|text| text.starts_with("{\"lineage\":"))
        && fs::read_to_string(file).is_ok_and(|text| {
            let mut lines = text
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            lines.all(|line| serde_json::from_str::<JournalLine>(line).is_ok())
        })
}

/// The first bytes of a file.
fn beginning(file: &Path) -> Option<String> {
    // To open a pipe would wait for its writer.
    if !fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(file)
        .ok()?
        .take(64)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
