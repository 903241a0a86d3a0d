//! The state's file under everything that can happen to it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use machinist_deploy::{AppState, State, Store, StoreError};
use tempfile::TempDir;

/// What the test's own program does when it is started again with this variable: it adds apps to
/// the state until it is killed, or one app and ends.
const ROLE: &str = "MACHINIST_STORE_TEST_ROLE";
const FILE: &str = "MACHINIST_STORE_TEST_FILE";

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machinist-state.json");
    (folder, path)
}

fn with_app(mut state: State, name: &str) -> State {
    state.apps.insert(name.into(), AppState::default());
    state.serial += 1;
    state
}

fn child(role: &str, path: &PathBuf) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_of_its_own", "--nocapture"])
        .env(ROLE, role)
        .env(FILE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Not a test: what `child` runs.
#[test]
fn a_process_of_its_own() {
    let (Ok(role), Some(path)) = (std::env::var(ROLE), std::env::var_os(FILE)) else {
        return;
    };
    let path = PathBuf::from(path);
    for i in 0.. {
        let mut store = loop {
            match Store::open(&path) {
                Ok(store) => break store,
                Err(StoreError::Locked { .. }) => std::thread::sleep(Duration::from_millis(1)),
                Err(other) => panic!("{other}"),
            }
        };
        let name = format!("{role}-{i}");
        store.save(&with_app(store.state(), &name)).unwrap();
        if role.starts_with("one") {
            return;
        }
    }
}

#[test]
fn what_is_saved_is_read_again() {
    let (_folder, path) = file();
    let mut store = Store::open(&path).unwrap();
    let state = with_app(store.state(), "llm");
    store.save(&state).unwrap();
    assert_eq!(Store::read(&path).unwrap(), state);
    assert_eq!(store.state(), state);
    drop(store);
    assert_eq!(Store::open(&path).unwrap().state(), state);
}

#[test]
fn a_state_that_is_held_names_its_holder() {
    let (_folder, path) = file();
    let held = Store::open(&path).unwrap();
    let error = Store::open(&path).unwrap_err();
    let expected = format!("is in use by process {} since 2", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");
    drop(held);
    assert!(Store::open(&path).is_ok());
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
        let error = Store::open(&path).unwrap_err().to_string();
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
    let mut store = Store::open(&path).unwrap();
    let other = with_app(State::new(), "other");
    fs::write(&path, other.to_json()).unwrap();
    let error = store.save(&with_app(store.state(), "llm")).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    assert_eq!(Store::read(&path).unwrap(), other);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let path = PathBuf::from("no/such/folder/machinist-state.json");
    let error = Store::open(&path).unwrap_err().to_string();
    assert!(error.contains("cannot write `no/such/folder/"), "{error}");
}

#[test]
fn deploys_at_once_lose_nothing() {
    let (_folder, path) = file();
    let children: Vec<Child> = (0..20).map(|i| child(&format!("one{i}"), &path)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let state = Store::read(&path).unwrap();
    assert_eq!((state.apps.len(), state.serial), (20, 20));
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_state_or_the_new_one() {
    let (_folder, path) = file();
    let mut serial = 0;
    for round in 0..40u64 {
        let mut child = child(&format!("many{round}"), &path);
        // From its first write on, at different moments of the next ones.
        while Store::read(&path).unwrap().serial == serial {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(round * 773 % 9_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let state = Store::read(&path).unwrap();
        assert!(state.serial >= serial && state.apps.len() as u64 == state.serial);
        serial = state.serial;
    }
    assert!(
        serial > 40,
        "the processes were killed before they did anything"
    );
    // The lock went with its holder.
    Store::open(&path).unwrap();
}
