//! The state's file in the hands of several processes. Apart from its other tests, because a
//! process that is being started holds the locks of the one that starts it for a moment.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
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

fn with_app(state: State, name: &str) -> State {
    let mut deployed = state.deployed_to("file");
    deployed.apps.insert(name.into(), AppState::default());
    state.with("file", deployed)
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

/// Opens the state as soon as nobody else holds it.
fn open(path: &Path) -> Store {
    loop {
        match Store::open(path, None) {
            Err(StoreError::Locked { .. }) => std::thread::sleep(Duration::from_millis(1)),
            opened => return opened.unwrap(),
        }
    }
}

/// Not a test: what `child` runs.
#[test]
fn a_process_of_its_own() {
    let (Ok(role), Some(path)) = (std::env::var(ROLE), std::env::var_os(FILE)) else {
        return;
    };
    let path = PathBuf::from(path);
    for i in 0.. {
        let mut store = open(&path);
        let name = format!("{role}-{i}");
        store.save(&with_app(store.state(), &name)).unwrap();
        if role.starts_with("one") {
            return;
        }
    }
}

#[test]
fn deploys_at_once_lose_nothing() {
    let (_folder, path) = file();
    let children: Vec<Child> = (0..20).map(|i| child(&format!("one{i}"), &path)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let state = Store::read(&path).unwrap();
    assert_eq!(
        (state.deployed_to("file").apps.len(), state.serial),
        (20, 20)
    );
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
        assert!(
            state.serial >= serial && state.deployed_to("file").apps.len() as u64 == state.serial
        );
        serial = state.serial;
    }
    assert!(
        serial > 40,
        "the processes were killed before they did anything"
    );
    // The lock went with its holder.
    open(&path);
}
