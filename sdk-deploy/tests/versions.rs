//! What every version of machinist wrote is read for ever.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use machinist_deploy::{Binary, Manifest, State};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/versions")
}

/// The versions that left an object behind.
fn versions() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| name.strip_suffix(".o").map(str::to_owned))
        .collect()
}

#[test]
fn objects_of_every_version_give_the_manifest_that_they_gave_then() {
    for version in versions() {
        let path = folder().join(format!("{version}.o"));
        let name = format!("{version}.o");
        let manifest = Manifest::read(&[Binary { name, path }]).unwrap();
        let then = fs::read_to_string(folder().join(format!("{version}.json"))).unwrap();
        assert_eq!(manifest.to_json(), then, "{version}");
    }
}

/// The state was made with that version's library: deploys, tuning, drift, a rollback and a reset.
#[test]
fn a_state_of_the_first_release_is_kept_as_it_is() {
    let then = fs::read_to_string(folder().join("0.1.0.state.json")).unwrap();
    assert!(then.contains("\"put_back\"") && then.contains("\"startup_timeout\": null"));
    let state = State::parse(&then).unwrap();
    // Drift and what changes have other names since.
    let now = then
        .replace("\"state_version\": 2", "\"state_version\": 3")
        .replace("\"put_back\"", "\"drift\"")
        .replace("\"parameter\":", "\"what\":");
    assert_eq!(state.to_json(), now);
}

#[test]
fn this_version_has_left_its_object() {
    let this = env!("CARGO_PKG_VERSION").to_owned();
    assert!(versions().contains(&this), "see {}", folder().display());
}
