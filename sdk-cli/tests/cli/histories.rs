//! Random histories: code changes, builds of parts, tunings, rollbacks, changes on the platform,
//! failures and kills. After a deploy the platform has exactly what the plan announced, and nothing
//! else was touched; a plan without changes runs no command; what is tuned changes only when
//! somebody tunes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::platform::{LiveApp, Platform};
use crate::support::{Answer, Project, answer, kills, package, payload};

/// The apps of each binary.
const BINARIES: [(&str, &[&str]); 2] = [("p.wasm", &["one", "two"]), ("q.wasm", &["three"])];

/// What a process of a command has in its environment, so that it is found after a kill.
const MARK: &str = "MACHINIST_HISTORY";

/// Random numbers, the same for the same seed: a failure can be repeated.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// What the code says of an app.
#[derive(Clone, Copy)]
struct Code {
    gpus: u64,
    max_concurrency: u64,
}

struct History {
    target: &'static str,
    project: Project,
    platform: Platform,
    random: Random,
    /// The apps of the code.
    code: BTreeMap<&'static str, Code>,
    /// What is tuned, by app and key.
    tuned: BTreeMap<String, BTreeMap<String, u64>>,
    image: u64,
    killed: u64,
    log: String,
}

impl History {
    fn new(target: &'static str, seed: u64) -> Self {
        let project = Project::new(&[("src/main.rs", "fn main() {}\n")]);
        let platform = Platform::new(project.path("platform"));
        platform.install(&project);
        let code = Code {
            gpus: 1,
            max_concurrency: 5,
        };
        let apps = BINARIES.iter().flat_map(|(_, apps)| apps.iter());
        let history = Self {
            target,
            project,
            platform,
            random: Random(seed),
            code: apps.map(|app| (*app, code)).collect(),
            tuned: BTreeMap::new(),
            image: 1,
            killed: 0,
            log: format!("{target}, seed {seed}\n"),
        };
        history.write();
        history
    }

    /// Writes the settings and the binaries.
    fn write(&self) {
        let settings = format!(
            "[workspace]\n[workspace.metadata.machinist]\ntarget = \"{}\"\nimage = \"acme/a:v{}\"",
            self.target, self.image
        );
        self.project.write("Cargo.toml", &package("p", &settings));
        write_binaries(&self.project, &self.code);
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.project.command(args);
        command.env(MARK, self.project.path(""));
        command
    }

    fn run(&mut self, args: &[&str]) -> Answer {
        writeln!(self.log, "{}", args.join(" ")).unwrap();
        answer(&mut self.command(args))
    }

    /// Runs a command and kills it after some time. Waits for the tools that it leaves behind.
    fn kill(&mut self, args: &[&str]) {
        let delay = Duration::from_micros(self.random.below(120_000));
        writeln!(self.log, "kill after {delay:?}: {}", args.join(" ")).unwrap();
        let mut command = self.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
        self.killed += 1;
        let mark = format!("{MARK}={}", self.project.path("").display());
        while is_running(&mark) {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Something happens.
    fn event(&mut self) {
        let apps = ["one", "two", "three"];
        let app = *self.random.one_of(&apps);
        let gpus = 1 + self.random.below(8);
        let deployed = self.platform.apps().contains_key(app);
        match self.random.below(18) {
            0 | 1 => {
                if let Some(code) = self.code.get_mut(app) {
                    code.gpus = gpus;
                    writeln!(self.log, "code: {app} has {gpus} GPUs").unwrap();
                }
            }
            2 => {
                if let Some(code) = self.code.get_mut(app) {
                    code.max_concurrency = 4 + self.random.below(6);
                    let max = code.max_concurrency;
                    writeln!(self.log, "code: {app} has at most {max}").unwrap();
                }
            }
            3 => {
                self.image += 1;
                writeln!(self.log, "settings: image v{}", self.image).unwrap();
            }
            4 | 5 => self.tune(app, deployed),
            6 => self.reset(app),
            7 => self.deploy(&["--reset-scaling", app], Some(app)),
            8 => self.roll_back(app, deployed),
            9 => {
                // A binary without apps is an error.
                let has_apps = usize::from(self.code.contains_key("three"));
                let binary = self.random.one_of(&BINARIES[..=has_apps]).0;
                self.deploy_of(&[binary], &[], None);
            }
            10 if self.target == "fal" && deployed => {
                let value = 11 + self.random.below(9);
                writeln!(self.log, "platform: {app} has at most {value}").unwrap();
                self.platform.change(app, "max_concurrency", value);
                self.set_tuned(app, "max_concurrency", value);
            }
            11 if self.target == "fal" && deployed => {
                writeln!(self.log, "platform: {app} is gone").unwrap();
                self.platform.lose(app);
                // What was tuned there and never seen is gone with it.
                let known = self.tuned_of(app, &["--no-refresh"]).unwrap_or_default();
                self.tuned.insert(app.into(), known);
            }
            12 => {
                let is_done_first = self.random.below(2) == 0;
                writeln!(self.log, "{app} fails, done first: {is_done_first}").unwrap();
                self.platform.fail_once(app, is_done_first);
                let _ = self.run_deploy(&["p.wasm", "q.wasm"], &[]);
                self.platform.forget_failure();
            }
            13 => {
                self.kill(&deploy_args(&["p.wasm", "q.wasm"], &[]));
            }
            14 => {
                let known = self.tuned.get(app).cloned().unwrap_or_default();
                let value = 11 + self.random.below(9);
                self.kill(&["scale", app, &format!("max_concurrency={value}")]);
                if self.tuned_of(app, &[]).is_some_and(|tuned| tuned != known) {
                    self.set_tuned(app, "max_concurrency", value);
                }
            }
            15 => {
                self.kill(&["rollback", app, "-y"]);
            }
            17 if self.target == "fal" => self.other_clone(app, gpus),
            16 if app != "one" => {
                match self.code.remove(app) {
                    Some(_) => writeln!(self.log, "code: {app} is gone").unwrap(),
                    None => {
                        let code = self.code["one"];
                        self.code.insert(app, code);
                        writeln!(self.log, "code: {app} is back").unwrap();
                    }
                }
                if self.random.below(2) == 0 {
                    self.write();
                    self.deploy(&["--prune"], None);
                }
            }
            _ => {
                let destroyed = self.run(&["destroy", app, "-y"]);
                if destroyed.code == Some(0) {
                    self.tuned.remove(app);
                    assert!(!self.platform.apps().contains_key(app), "{}", self.log);
                }
            }
        }
        self.write();
    }

    /// Another clone, with the state as it is now, deploys other code. This one does not get that
    /// state; a platform that cannot be asked would not tell.
    fn other_clone(&mut self, app: &str, gpus: u64) {
        self.write();
        self.deploy(&[], None);
        let clone = Project::new(&[("src/main.rs", "fn main() {}\n")]);
        self.platform.install(&clone);
        for file in ["Cargo.toml", "machinist-state.json"] {
            clone.write(file, &self.project.read(file));
        }
        let mut code = self.code.clone();
        if let Some(code) = code.get_mut(app) {
            code.gpus = gpus;
        }
        write_binaries(&clone, &code);
        writeln!(self.log, "another clone deploys {app} with {gpus} GPUs").unwrap();
        let deploy = deploy_args(&["p.wasm", "q.wasm"], &[]);
        let answer = clone.run(&deploy);
        assert_eq!(answer.code, Some(0), "{}{answer:#?}", self.log);
        let there = self.platform.apps().get(app).map(|app| app.gpus);
        assert_eq!(
            there,
            code.get(app).map(|code| code.gpus).or(there),
            "{}",
            self.log
        );
    }

    fn set_tuned(&mut self, app: &str, key: &str, value: u64) {
        let tuned = self.tuned.entry(app.into()).or_default();
        tuned.insert(key.into(), value);
    }

    fn tune(&mut self, app: &str, deployed: bool) {
        let (key, value) = match self.random.below(2) {
            0 => ("max_concurrency", 11 + self.random.below(9)),
            _ => ("min_concurrency", 2 + self.random.below(2)),
        };
        let before = self.platform.apps();
        let answer = self.run(&["scale", app, &format!("{key}={value}"), "--format=json"]);
        if !deployed || answer.stderr.contains("the first deploy of `") {
            return;
        }
        assert_eq!(answer.code, Some(0), "{}{answer:#?}", self.log);
        self.set_tuned(app, key, value);
        let mut expected = before;
        let there = expected.get_mut(app).unwrap();
        match key {
            "max_concurrency" => there.max_concurrency = Some(value),
            _ => there.min_concurrency = Some(value),
        }
        let after = self.platform.apps();
        if sends_all_again(&answer.json()["apps"][0]) {
            there.gpus = after[app].gpus;
            there.image.clone_from(&after[app].image);
            there.min_concurrency = after[app].min_concurrency;
            there.max_concurrency = after[app].max_concurrency;
        }
        assert_eq!(after, expected, "{}", self.log);
    }

    fn reset(&mut self, app: &str) {
        let answer = self.run(&["scale", app, "--reset", "max_concurrency"]);
        if answer.code == Some(0) {
            let tuned = self.tuned.get_mut(app).unwrap();
            assert!(tuned.remove("max_concurrency").is_some(), "{}", self.log);
        }
    }

    /// A rollback brings an earlier image and earlier GPUs back, and nothing else.
    fn roll_back(&mut self, app: &str, deployed: bool) {
        let before = self.platform.apps();
        let answer = self.run(&["rollback", app, "-y", "--format=json"]);
        if !deployed || answer.code != Some(0) {
            return;
        }
        let mut expected = before;
        let plan = &answer.json()["apps"][0];
        let there = expected.get_mut(app).unwrap();
        there.gpus = plan["effective"]["code"]["gpus"].as_u64().unwrap();
        let changes = plan["changes"].as_array().into_iter().flatten();
        for change in changes.filter(|change| change["what"] == "image") {
            there.image = change["to"].as_str().unwrap().into();
        }
        let after = self.platform.apps();
        if sends_all_again(plan) {
            // What runs now is not known, so the image that the plan restores is not a change.
            there.image.clone_from(&after[app].image);
        }
        assert_eq!(after, expected, "{}{answer:#?}", self.log);
    }

    fn run_deploy(&mut self, binaries: &[&str], flags: &[&str]) -> Answer {
        let args = deploy_args(binaries, flags);
        self.run(&[&args[..], &["--format=json"]].concat())
    }

    fn deploy(&mut self, flags: &[&str], is_reset: Option<&str>) {
        self.deploy_of(&["p.wasm", "q.wasm"], flags, is_reset);
    }

    /// Plans, deploys, and compares the platform with what was announced.
    fn deploy_of(&mut self, binaries: &[&str], flags: &[&str], is_reset: Option<&str>) {
        let mut args = vec!["plan", "--detailed-exitcode", "--format=json"];
        args.extend(binaries.iter().flat_map(|binary| ["--binary", binary]));
        args.extend(flags);
        let planned = self.run(&args);
        let before = self.platform.apps();
        self.platform.take_calls();
        let deployed = self.run_deploy(binaries, flags);
        let calls = self.platform.take_calls();
        let after = self.platform.apps();
        if planned.code == Some(1) {
            // Only an app that is not in these binaries cannot be reset.
            assert!(
                is_reset.is_some_and(|app| !self.code.contains_key(app)),
                "{}{planned:#?}",
                self.log
            );
            assert_eq!((deployed.code, calls.len()), (Some(1), 0), "{}", self.log);
            return;
        }
        assert_eq!(deployed.code, Some(0), "{}{deployed:#?}", self.log);
        if let Some(app) = is_reset {
            self.tuned.remove(app);
        }
        let plan = planned.json();
        let apps = plan["apps"].as_array().unwrap();
        let mut changed = BTreeSet::new();
        let mut expected = before.clone();
        for app in apps {
            let name = app["name"].as_str().unwrap();
            match app["action"].as_str().unwrap() {
                "create" | "update" | "adopt" => {
                    changed.insert(name);
                    let there = after
                        .get(name)
                        .unwrap_or_else(|| panic!("{}{name}", self.log));
                    expected.insert(name.into(), self.announced(app, there));
                }
                "delete" => {
                    changed.insert(name);
                    expected.remove(name);
                    self.tuned.remove(name);
                }
                _ => {}
            }
        }
        assert_eq!(after, expected, "{}{plan:#}", self.log);
        let called: BTreeSet<&str> = ["one", "two", "three"]
            .into_iter()
            .filter(|app| {
                calls
                    .iter()
                    .any(|call| call.split(' ').any(|word| word == *app))
            })
            .collect();
        assert_eq!(called, changed, "{}{plan:#}", self.log);
        let code = if changed.is_empty() { 0 } else { 2 };
        assert_eq!(planned.code, Some(code), "{}{plan:#}", self.log);
        let tuned = apps.iter().filter(|app| app["effective"].is_object());
        for app in tuned.filter(|app| app["action"] != "orphaned") {
            let name = app["name"].as_str().unwrap();
            let known = self.tuned.get(name).cloned().unwrap_or_default();
            assert_eq!(tuned_in(app), known, "{}{plan:#}", self.log);
        }
    }

    /// What the plan says that an app will be. What is not in it is left to the platform.
    fn announced(&self, app: &Value, there: &LiveApp) -> LiveApp {
        let effective = &app["effective"];
        let scaling = |key: &str| effective["scaling"][key].as_u64();
        LiveApp {
            image: format!("acme/a:v{}", self.image),
            gpus: effective["code"]["gpus"].as_u64().unwrap(),
            min_concurrency: scaling("min_concurrency")
                .or(there.min_concurrency.filter(|min| *min <= 1)),
            max_concurrency: scaling("max_concurrency"),
        }
    }

    /// What is tuned of an app, according to the state and the platform; `None` if it is not
    /// deployed.
    fn tuned_of(&mut self, name: &str, flags: &[&str]) -> Option<BTreeMap<String, u64>> {
        let args = [&["apps", "--format=json"], flags].concat();
        let apps = self.run(&args).exits(0).json();
        let mut apps = apps["apps"].as_array().unwrap().iter();
        let app = apps.find(|app| app["name"] == name && app["is_deployed"] == true)?;
        let tuned = app["overrides"].as_object().into_iter().flatten();
        let tuned = tuned.map(|(key, value)| (key.clone(), value.as_u64().unwrap()));
        Some(tuned.collect())
    }
}

/// Writes the binaries with this code.
fn write_binaries(project: &Project, code: &BTreeMap<&'static str, Code>) {
    for (binary, apps) in BINARIES {
        let apps = apps.iter().filter_map(|app| {
            let code = code.get(app)?;
            let parameters = json!({"machine_type": ["GPU-H100"], "gpus": code.gpus, "port": 8080});
            let scaling = json!({"max_concurrency": code.max_concurrency});
            Some(payload(app, "p", &parameters, &scaling))
        });
        project.write_binary(binary, &apps.collect::<Vec<Value>>());
    }
}

/// Whether a plan says that the platform has something else than the state.
fn sends_all_again(plan: &Value) -> bool {
    let mut changes = plan["changes"].as_array().into_iter().flatten();
    changes.any(|change| change["what"] == "deployment")
}

fn deploy_args<'a>(binaries: &[&'a str], flags: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["deploy", "-y"];
    args.extend(binaries.iter().flat_map(|binary| ["--binary", binary]));
    args.extend(flags);
    args
}

fn tuned_in(app: &Value) -> BTreeMap<String, u64> {
    let tuned = app["tuned"].as_array().into_iter().flatten();
    let tuned = tuned.map(|tuned| {
        let key = tuned["parameter"].as_str().unwrap().to_owned();
        (key, tuned["value"].as_u64().unwrap())
    });
    tuned.collect()
}

/// Whether a process with this in its environment runs.
pub(crate) fn is_running(mark: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut environments =
        processes.filter_map(|process| fs::read(process.path().join("environ")).ok());
    environments.any(|environment| {
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable == mark.as_bytes())
    })
}

/// Histories of this target, until so many commands were killed.
fn check(target: &'static str, kills: u64) {
    let mut killed = 0;
    for seed in 0.. {
        let mut history = History::new(target, seed);
        for _ in 0..30 {
            history.event();
            if history.random.below(3) == 0 {
                history.deploy(&[], None);
            }
        }
        history.deploy(&[], None);
        // Now nothing is left to do.
        history.deploy(&[], None);
        killed += history.killed;
        if killed >= kills {
            break;
        }
    }
}

#[test]
fn on_a_platform_that_is_asked_for_what_it_has() {
    check("fal", kills() / 3);
}

#[test]
fn on_a_platform_that_cannot_be_asked() {
    check("skypilot", kills() / 3);
}
