//! The state's file under everything that can happen to it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::PathBuf;

use machinist_deploy::{AppState, State, Store, StoreError};
use tempfile::TempDir;

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machinist-state.json");
    (folder, path)
}

fn with_app(state: State, name: &str) -> State {
    let mut deployed = state.deployed_to("file");
    deployed.apps.insert(name.into(), AppState::default());
    state.with("file", deployed)
}

#[test]
fn what_is_saved_is_read_again() {
    let (_folder, path) = file();
    let mut store = Store::open(&path, None).unwrap();
    let state = with_app(store.state(), "llm");
    store.save(&state).unwrap();
    assert_eq!(Store::read(&path).unwrap(), state);
    assert_eq!(store.state(), state);
    drop(store);
    assert_eq!(Store::open(&path, None).unwrap().state(), state);
}

#[test]
fn a_state_that_is_held_names_its_holder() {
    let (_folder, path) = file();
    let held = Store::open(&path, None).unwrap();
    let error = Store::open(&path, None).unwrap_err();
    let expected = format!("is in use by process {} since 2", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");
    drop(held);
    assert!(Store::open(&path, None).is_ok());
}

#[test]
fn a_damaged_state_is_refused_and_stays_as_it_is() {
    let (_folder, path) = file();
    for damaged in [
        "",
        "{\n  \"state_version\": 1,\n  \"serial\": }",
        "[]",
        "\0\0\0\0",
    ] {
        fs::write(&path, damaged).unwrap();
        let error = Store::open(&path, None).unwrap_err().to_string();
        assert!(
            error.contains("machinist-state.json`: this is not a state"),
            "{error}"
        );
        assert!(error.contains("line "), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
}

#[test]
fn what_somebody_else_wrote_in_the_meantime_is_not_overwritten() {
    let (_folder, path) = file();
    let mut store = Store::open(&path, None).unwrap();
    let other = with_app(State::new(), "other");
    fs::write(&path, other.to_json()).unwrap();
    let error = store.save(&with_app(store.state(), "llm")).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    assert_eq!(Store::read(&path).unwrap(), other);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let (_folder, file) = file();
    fs::write(&file, "").unwrap();
    let error = Store::open(file.join("machinist-state.json"), None).unwrap_err();
    assert!(
        error.to_string().contains(&*file.to_string_lossy()),
        "{error}"
    );
}
