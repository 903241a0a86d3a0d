//! A platform that keeps what its tools `fal` and `sky` give it, as the real ones do. The tools are
//! scripts that start the tests' own program again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::support::Project;

const FOLDER: &str = "MACHINIST_PLATFORM_FOLDER";
const CALL: &str = "MACHINIST_PLATFORM_CALL";

/// Starts the test below with the call, and prints what it left as its answer.
const TOOL: &str = r#"#!/bin/sh
answer=@FOLDER@/answer.$$
MACHINIST_PLATFORM_FOLDER=@FOLDER@ MACHINIST_PLATFORM_CALL="$(basename "$0") $*" \
    MACHINIST_PLATFORM_ANSWER=$answer \
    @PROGRAM@ --exact platform::a_call_of_a_tool --nocapture > /dev/null 2>&1
code=$?
cat "$answer" 2> /dev/null
rm -f "$answer"
exit $code
"#;

/// What a platform has of an app.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LiveApp {
    pub(crate) image: String,
    pub(crate) gpus: u64,
    pub(crate) min_concurrency: Option<u64>,
    pub(crate) max_concurrency: Option<u64>,
}

/// The platform of some projects.
pub(crate) struct Platform {
    folder: PathBuf,
}

impl Platform {
    /// A platform in this folder of a project.
    pub(crate) fn new(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// Gives a project the platform's tools.
    pub(crate) fn install(&self, project: &Project) {
        let program = std::env::current_exe().unwrap();
        let script = TOOL.replace("@FOLDER@", self.folder.to_str().unwrap());
        let script = script.replace("@PROGRAM@", program.to_str().unwrap());
        for tool in ["fal", "sky"] {
            project.with_tool(tool, &script);
        }
    }

    /// The next call of an app fails: before it does anything, or after all is done.
    pub(crate) fn fail_once(&self, app: &str, is_done_first: bool) {
        fs::write(self.folder.join("fail"), format!("{app} {is_done_first}")).unwrap();
    }

    /// Forgets a failure that no call ran into.
    pub(crate) fn forget_failure(&self) {
        let _ = fs::remove_file(self.folder.join("fail"));
    }

    /// The calls that change something since the last look.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.folder.join("calls"));
        calls.lines().map(str::to_owned).collect()
    }

    /// The apps that it has.
    pub(crate) fn apps(&self) -> BTreeMap<String, LiveApp> {
        let apps = read(&self.folder)["apps"].as_object().unwrap().clone();
        let number = |value: &Value| value.as_u64();
        let app = |app: &Value| match app["service"].is_object() {
            true => {
                let machine = &app["resources"]["ordered"][0]["accelerators"];
                let replicas = &app["service"]["replica_policy"];
                let image = app["resources"]["image_id"].as_str().unwrap();
                LiveApp {
                    image: image.trim_start_matches("docker:").into(),
                    gpus: machine["H100"].as_u64().unwrap(),
                    min_concurrency: number(&replicas["min_replicas"]),
                    max_concurrency: number(&replicas["max_replicas"]),
                }
            }
            false => LiveApp {
                image: app["code"]["image"]["image"].as_str().unwrap().into(),
                gpus: app["code"]["num_gpus"].as_u64().unwrap(),
                min_concurrency: number(&app["scaling"]["min_concurrency"]),
                max_concurrency: number(&app["scaling"]["max_concurrency"]),
            },
        };
        let apps = apps.iter();
        apps.map(|(name, value)| (name.clone(), app(value)))
            .collect()
    }

    /// Somebody changes an app of fal by hand: its scaling or, with a new revision, its GPUs.
    pub(crate) fn change(&self, app: &str, key: &str, value: u64) {
        let mut all = read(&self.folder);
        let app = &mut all["apps"][app];
        match key {
            "num_gpus" => app["code"][key] = value.into(),
            _ => app["scaling"][key] = value.into(),
        }
        write(&self.folder, &all);
    }

    /// Somebody deletes an app.
    pub(crate) fn lose(&self, app: &str) {
        let mut all = read(&self.folder);
        all["apps"].as_object_mut().unwrap().remove(app);
        write(&self.folder, &all);
    }
}

fn read(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("platform.json"));
    let all = text.map(|text| serde_json::from_str(&text).unwrap());
    all.unwrap_or_else(|_| json!({"apps": {}, "revisions": {}, "last": 0}))
}

fn write(folder: &Path, all: &Value) {
    let beside = folder.join("platform.json.tmp");
    fs::write(&beside, all.to_string()).unwrap();
    fs::rename(beside, folder.join("platform.json")).unwrap();
}

/// Not a test: what the script of a tool runs.
#[test]
fn a_call_of_a_tool() {
    let (Some(folder), Ok(call)) = (std::env::var_os(FOLDER), std::env::var(CALL)) else {
        return;
    };
    let folder = PathBuf::from(folder);
    let lock = folder.join("lock");
    while fs::create_dir(&lock).is_err() {
        thread::sleep(Duration::from_millis(1));
    }
    let words: Vec<&str> = call.split(' ').collect();
    let ended = answer(&folder, &words);
    fs::remove_dir(&lock).unwrap();
    if let Err(code) = ended {
        std::process::exit(code);
    }
}

/// Carries a call out, or gives the exit code of its failure.
fn answer(folder: &Path, words: &[&str]) -> Result<(), i32> {
    let mut all = read(folder);
    if let ["fal", "apps", "list", ..] = words {
        let apps = all["apps"].as_object().unwrap().iter();
        let listed: Vec<Value> = apps.map(|(name, app)| listed(name, app)).collect();
        let file = std::env::var_os("MACHINIST_PLATFORM_ANSWER").unwrap();
        fs::write(file, json!({"apps": listed}).to_string()).unwrap();
        return Ok(());
    }
    let mut calls = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    calls += &(words.join(" ") + "\n");
    fs::write(folder.join("calls"), calls).unwrap();
    let fail = fs::read_to_string(folder.join("fail")).unwrap_or_default();
    let failing = fail.split_once(' ').filter(|(app, _)| words.contains(app));
    if failing.is_some() {
        fs::remove_file(folder.join("fail")).unwrap();
    }
    if let Some((_, "false")) = failing {
        return Err(3);
    }
    match words[0] {
        "fal" => fal(&mut all, words)?,
        _ => sky(&mut all, words)?,
    }
    write(folder, &all);
    failing.map_or(Ok(()), |_| Err(5))
}

fn listed(name: &str, app: &Value) -> Value {
    let mut listed = json!({
        "alias": name, "revision": app["revision"], "auth_mode": app["auth"],
        "machine_types": app["code"]["machine_type"],
        "min_concurrency": 0, "max_concurrency": 10,
    });
    let scaling = app["scaling"].as_object().unwrap().clone();
    listed.as_object_mut().unwrap().extend(scaling);
    listed
}

/// `fal` keeps the scaling of an app that it has, unless the switch is on.
fn fal(all: &mut Value, words: &[&str]) -> Result<(), i32> {
    match words {
        ["fal", "deploy", name, ..] => {
            let text = fs::read_to_string("pyproject.toml").unwrap();
            let file: toml::Table = text.parse().unwrap();
            let sent = serde_json::to_value(&file["tool"]["fal"]["apps"][*name]).unwrap();
            let is_scaling = |key: &str| key.ends_with("_concurrency");
            let (mut code, mut scaling) = (Map::new(), Map::new());
            for (key, value) in sent.as_object().unwrap() {
                match is_scaling(key) {
                    true => scaling.insert(key.clone(), value.clone()),
                    false => code.insert(key.clone(), value.clone()),
                };
            }
            let is_reset = code.remove("app_scale_settings").is_some();
            let known = &all["apps"][*name]["scaling"];
            if let (Some(known), false) = (known.as_object(), is_reset) {
                scaling = known.clone();
            }
            let revision = next_revision(all);
            let auth = code["auth"].clone();
            all["revisions"][*name][&revision] = Value::Object(code.clone());
            all["apps"][*name] =
                json!({"code": code, "scaling": scaling, "revision": revision, "auth": auth});
        }
        ["fal", "apps", "scale", name, flags @ ..] => {
            for flag in flags.chunks(2) {
                let key = flag[0].trim_start_matches("--").replace('-', "_");
                let value: u64 = flag[1].parse().unwrap();
                all["apps"][*name]["scaling"][key] = value.into();
            }
        }
        ["fal", "apps", "delete", name] => {
            all["apps"]
                .as_object_mut()
                .unwrap()
                .remove(*name)
                .ok_or(1)?;
        }
        ["fal", "apps", "set-rev", name, revision, ..] => {
            let code = all["revisions"][*name][*revision].clone();
            assert!(code.is_object(), "no revision {revision} of {name}");
            all["apps"][*name]["code"] = code;
            all["apps"][*name]["revision"] = (*revision).into();
        }
        _ => panic!("{words:?}"),
    }
    Ok(())
}

fn next_revision(all: &mut Value) -> String {
    let last = all["last"].as_u64().unwrap() + 1;
    all["last"] = last.into();
    format!("r{last}")
}

/// `sky serve` has one command for a new service, and another for a known one.
fn sky(all: &mut Value, words: &[&str]) -> Result<(), i32> {
    let apps = all["apps"].as_object_mut().unwrap();
    let (name, must_be_known) = match words {
        ["sky", "serve", "up", "--yes", "--service-name", name, _] => (*name, false),
        ["sky", "serve", "update", "--yes", name, _] => (*name, true),
        ["sky", "serve", "down", "--yes", name] => {
            return apps.remove(*name).map(drop).ok_or(1);
        }
        _ => panic!("{words:?}"),
    };
    if apps.contains_key(name) != must_be_known {
        return Err(1);
    }
    let text = fs::read_to_string("service.yaml").unwrap();
    apps.insert(name.into(), serde_json::from_str(&text).unwrap());
    Ok(())
}
