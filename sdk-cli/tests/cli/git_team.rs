//! Twenty clones deploy and tune at once, and are killed at random: no change is lost, the states are
//! a chain, and the platform's tool never runs twice at once for one app.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::git_state::{STATE_REF, Team};
use crate::histories::{Random, is_running};
use crate::support::git;

const CLONES: usize = 20;
/// How many tunings and kills there are at least.
const ENOUGH: usize = 3;
const APPS: [&str; 4] = ["app-0", "app-1", "app-2", "app-3"];

/// What a process of a clone has in its environment, so that it is found after a kill.
const MARK: &str = "MACHINIST_TEAM_CLONE";

/// Keeps what it was given, and notes if it runs twice at once for one service.
const TOOL: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
if [ "$2" = up ]; then name=$5; else name=$4; fi
mkdir "$root/runs-$name" 2> /dev/null || echo "$name runs twice at once" >> "$root/violations"
sleep 0.05
mkdir -p "$root/sent"
cp service.yaml "$root/sent/$name"
rmdir "$root/runs-$name"
echo "$name" >> "$root/calls"
"#;

/// How long the clones go on; `MACHINIST_TEAM_SECONDS` sets it.
fn time() -> Duration {
    let asked = std::env::var("MACHINIST_TEAM_SECONDS").ok();
    let seconds = asked.and_then(|seconds| seconds.parse().ok()).unwrap_or(20);
    Duration::from_secs(seconds)
}

/// What the clones know of each other.
#[derive(Default)]
struct Known {
    /// Processes that were killed, and whose tools have ended.
    dead: BTreeSet<String>,
    /// What was tuned, as the log of the ref says it.
    tuned: Vec<String>,
    deploys: usize,
    killed: usize,
    unlocked: usize,
}

struct Clone<'t> {
    team: &'t Team,
    folder: PathBuf,
    number: usize,
    random: Random,
    known: &'t Mutex<Known>,
}

impl Clone<'_> {
    /// Whether the time is over, and enough was done on a slow machine too.
    fn is_over(&self, end: Instant) -> bool {
        let now = Instant::now();
        let known = self.known.lock().unwrap();
        let is_enough = known.tuned.len() > ENOUGH && known.killed > ENOUGH;
        now >= end && (is_enough || now >= end + time())
    }

    /// Works until the time is over. Some clones never come back after a kill.
    fn work(mut self, end: Instant) {
        while !self.is_over(end) {
            let app = *self.random.one_of(&APPS);
            // No two tunings have the same value.
            let value = 10 + self.random.below(90_000);
            let scale = format!("max_concurrency={value}");
            let args: Vec<&str> = match self.random.below(10) {
                0 => vec!["deploy", "-yq", "--binary", "a.wasm", "--jobs=3"],
                1 | 2 => vec!["deploy", "-yq", app, "--binary", "a.wasm"],
                _ => vec!["scale", "-q", app, &scale],
            };
            if self.random.below(8) == 0 {
                self.kill(&args);
                if self.number < CLONES / 4 {
                    return;
                }
                continue;
            }
            let answer = self.team.run(&self.folder, &args);
            match answer.code {
                Some(0) if args[0] == "scale" => {
                    let mut known = self.known.lock().unwrap();
                    known.tuned.push(format!("scale {app} {scale}"));
                }
                Some(0) => self.known.lock().unwrap().deploys += 1,
                _ => self.refused(&answer.stderr),
            }
        }
    }

    /// Somebody else is at work, or was faster. The lock of a process that is dead is broken.
    fn refused(&mut self, said: &str) {
        if said.contains("was changed by somebody else in the meantime") {
            return;
        }
        assert!(said.contains(" is in use by "), "{said}");
        let process = said.split(", process ").nth(1);
        let process = process.and_then(|rest| rest.split(',').next());
        let process = process.filter(|process| {
            let known = self.known.lock().unwrap();
            known.dead.contains(*process)
        });
        if let Some(process) = process {
            // Its clone may come back first.
            thread::sleep(Duration::from_millis(self.random.below(300)));
            let args = ["state", "unlock", "-q", "--yes", "--process", process];
            if self.team.run(&self.folder, &args).code == Some(0) {
                self.known.lock().unwrap().unlocked += 1;
            }
        }
        thread::sleep(Duration::from_millis(self.random.below(2_000)));
    }

    fn kill(&mut self, args: &[&str]) {
        let delay = Duration::from_millis(self.random.below(2_500));
        let mark = self.folder.display().to_string();
        let mut command = self.team.command(&self.folder, args);
        command.env(MARK, &mark);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
        let mark = format!("{MARK}={mark}");
        while is_running(&mark) {
            thread::sleep(Duration::from_millis(5));
        }
        let mut known = self.known.lock().unwrap();
        known.dead.insert(child.id().to_string());
        known.killed += 1;
    }
}

/// A commit of the ref.
struct Commit {
    subject: String,
    state: Option<Value>,
}

/// The commits of the ref, the oldest first.
fn history(remote: &Path) -> Vec<Commit> {
    let list = git(
        remote,
        &["log", "--reverse", "--format=%H %P|%s", STATE_REF],
    );
    let mut parent = String::new();
    let commits = list.lines().map(|line| {
        let (hashes, subject) = line.split_once('|').unwrap();
        let (commit, of) = hashes.split_once(' ').unwrap();
        assert_eq!(of, parent, "the history is no chain");
        parent = commit.into();
        let files = git(remote, &["ls-tree", "--name-only", commit]);
        let has_state = files.lines().any(|file| file == "machinist-state.json");
        let name = format!("{commit}:machinist-state.json");
        Commit {
            subject: subject.into(),
            state: has_state.then(|| serde_json::from_str(&git(remote, &["show", &name])).unwrap()),
        }
    });
    commits.collect()
}

/// The tuned values of each app.
fn overrides(state: &Value) -> BTreeMap<&str, &Value> {
    let apps = state["targets"]["skypilot"]["apps"].as_object().unwrap();
    let apps = apps.iter();
    apps.map(|(name, app)| (&**name, &app["overrides"]))
        .collect()
}

#[test]
fn twenty_clones_at_once_lose_nothing() {
    let team = Team::with_apps(&APPS);
    team.project.with_tool("sky", TOOL);
    let folders: Vec<PathBuf> = (0..CLONES)
        .map(|i| team.clone(&format!("clone-{i}"), &[]))
        .collect();
    let deploy = ["deploy", "-yq", "--binary", "a.wasm"];
    team.run(&folders[0], &deploy).exits(0);
    let known = Mutex::new(Known::default());
    let end = Instant::now() + time();
    thread::scope(|scope| {
        for (number, folder) in folders.iter().enumerate() {
            // The clones have different code.
            let gpus = u32::try_from(number % 3).unwrap() + 1;
            let binary = format!("clone-{number}.wasm");
            team.project.write_services(&APPS, gpus);
            fs::rename(team.project.path("a.wasm"), team.project.path(&binary)).unwrap();
            fs::rename(team.project.path(&binary), folder.join("a.wasm")).unwrap();
            let clone = Clone {
                team: &team,
                folder: folder.clone(),
                number,
                random: Random(number as u64),
                known: &known,
            };
            scope.spawn(move || clone.work(end));
        }
    });
    let known = known.into_inner().unwrap();
    let last = folders.last().unwrap();
    if team.has_lock() {
        team.run(last, &["state", "unlock", "-q", "--yes"]).exits(0);
    }
    team.run(last, &deploy).exits(0);
    team.run(
        last,
        &[&["plan", "--detailed-exitcode"], &deploy[2..]].concat(),
    )
    .exits(0);

    let violations = fs::read_to_string(team.project.path("violations")).unwrap_or_default();
    assert_eq!(violations, "");
    let history = history(&team.remote());
    eprintln!(
        "{} tunings, {} deploys, {} kills, {} locks broken, {} commits",
        known.tuned.len(),
        known.deploys,
        known.killed,
        known.unlocked,
        history.len()
    );
    assert!(known.killed > ENOUGH && known.tuned.len() > ENOUGH);
    for tuned in &known.tuned {
        let mut commits = history.iter();
        assert!(
            commits.any(|commit| commit.subject == *tuned),
            "{tuned} is lost"
        );
    }
    let states = history.iter();
    let states = states.filter_map(|commit| Some((&commit.subject, commit.state.as_ref()?)));
    let states: Vec<(&String, &Value)> = states.collect();
    for pair in states.windows(2) {
        let ((_, before), (subject, after)) = (pair[0], pair[1]);
        assert_eq!(before["lineage"], after["lineage"]);
        let (from, to) = (
            before["serial"].as_u64().unwrap(),
            after["serial"].as_u64().unwrap(),
        );
        assert!(to == from || to == from + 1, "{subject}: {from}, then {to}");
        assert!(to == from + 1 || before == after, "{subject}: {from} twice");
        // A change of one app takes back no tuning of another, and a deploy none at all.
        let (before, after) = (overrides(before), overrides(after));
        let changed: Vec<&&str> = after
            .keys()
            .filter(|app| before[*app] != after[*app])
            .collect();
        match subject.strip_prefix("scale ") {
            Some(scaled) => {
                let app = scaled.split(' ').next().unwrap();
                assert_eq!(changed, [&app], "{subject}");
            }
            None if subject.starts_with("deploy ") => assert!(changed.is_empty(), "{subject}"),
            None => assert!(changed.len() <= 1, "{subject}: {changed:?}"),
        }
    }
    // The platform has what the state says.
    let (_, state) = states.last().unwrap();
    for (app, tuned) in overrides(state) {
        let sent = team.project.read(&format!("sent/{app}"));
        let sent: Value = serde_json::from_str(&sent).unwrap();
        let replicas = &sent["service"]["replica_policy"]["max_replicas"];
        let expected = match &tuned["max_concurrency"] {
            Value::Null => &Value::from(4),
            tuned => tuned,
        };
        assert_eq!(replicas, expected, "{app}");
    }
}
