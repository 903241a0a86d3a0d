//! Texts with control characters, from binaries, states, settings, manifests and names of files,
//! never reach the terminal as they are.

use machinist_deploy::TARGETS;
use serde_json::{Value, json};

use crate::support::{Answer, Project, package};

/// Escape sequences for titles and colors, a bell, text direction marks, line ends and invisible
/// characters.
const HOSTILE: &str = "a\u{1b}]0;title\u{7}\u{1b}[31m\u{9b}32m\u{202e}b\u{2066}c\u{2028}\u{85}\r\n\t\u{feff}\u{200f}d";

/// The same in the name of a file.
const HOSTILE_FILE_NAME: &str = "x\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\u{2069}\u{2028}\r\t.wasm";

#[track_caller]
fn assert_harmless(answer: &Answer) {
    for stream in [&answer.stdout, &answer.stderr] {
        let is_harmful = |c: char| {
            c.is_control() && c != '\n'
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}'
                    | '\u{200f}' | '\u{feff}')
        };
        let harmful: Vec<char> = stream.chars().filter(|&c| is_harmful(c)).collect();
        assert!(harmful.is_empty(), "{harmful:?} in {stream:?}");
    }
}

/// Runs a command as text, as JSON and with colors, and asserts that no output is harmful. Returns
/// the answer as text.
#[track_caller]
fn assert_harmless_in_all_formats(project: &Project, args: &[&str]) -> Answer {
    let answer = project.run(args);
    assert_harmless(&answer);
    assert_harmless(&project.run(&[args, &["--format=json"]].concat()));
    let mut colored = project.run(&[args, &["--color=always", "--verbose"]].concat());
    for stream in [&mut colored.stdout, &mut colored.stderr] {
        for style in ["0", "1", "31", "32", "33", "36"] {
            *stream = stream.replace(&format!("\u{1b}[{style}m"), "");
        }
    }
    assert_harmless(&colored);
    answer
}

fn payload(name: &str) -> Value {
    json!({
        "name": name, "description": HOSTILE, "package": HOSTILE, "version": HOSTILE,
        "source": {"file": HOSTILE, "line": 1, "item": HOSTILE},
        "code": {"machine_type": ["GPU-H100"], "gpus": 2, "port": 80},
        "scaling": {"keep_alive": 300, "regions": ["us-west"]},
    })
}

/// A package with these settings and no app of its own.
fn project(settings: &str) -> Project {
    Project::new(&[
        ("Cargo.toml", &package("p", settings)),
        ("src/main.rs", "fn main() {}\n"),
    ])
}

/// Plans, deploys in a dry run and renders for every target. The plan exits with the target's code.
#[track_caller]
fn assert_harmless_for_every_target(
    project: &Project,
    binaries: &[&str],
    out: &str,
    plan_code: impl Fn(&str) -> i32,
) {
    for target in TARGETS {
        let code = plan_code(target);
        let target = format!("--target={target}");
        let rest = [&["--no-refresh", &*target], binaries].concat();
        assert_harmless_in_all_formats(project, &[&["plan"], &rest[..]].concat()).exits(code);
        assert_harmless_in_all_formats(project, &[&["deploy", "--dry-run"], &rest[..]].concat());
        assert_harmless_in_all_formats(project, &[&["render", "--out", out], &rest[..]].concat());
    }
}

const SETTINGS_WITH_IMAGE: &str =
    "[workspace]\n[workspace.metadata.machinist]\nimage = \"acme/a:v1\"\n";

#[test]
fn records_do_not_control_the_terminal() {
    let project = project(SETTINGS_WITH_IMAGE);
    project.write_binary("a.wasm", &[payload("app-a")]);
    project.write_binary("b.wasm", &[payload("app-b")]);
    let both = ["--binary", "a.wasm", "b.wasm"];
    let manifest =
        assert_harmless_in_all_formats(&project, &[&["manifest"], &both[..]].concat()).exits(0);
    let manifest: Value = serde_json::from_str(&manifest.stdout).unwrap();
    assert_eq!(manifest["apps"][0]["description"], HOSTILE);
    assert_eq!(manifest["apps"][1]["source"]["file"], HOSTILE);
    assert_harmless_for_every_target(&project, &both, "out", |_| 0);
    assert_harmless_in_all_formats(&project, &[&["deploy", "--yes"], &both[..]].concat()).exits(0);
    assert_harmless_in_all_formats(&project, &["apps"]).exits(0);
    assert_harmless_in_all_formats(&project, &["apps", "app-a"]).exits(0);
}

#[test]
fn errors_of_records_do_not_control_the_terminal() {
    let project = project("");
    let changed = |pointer: &str, value: Value| {
        let mut payload = payload("a");
        *payload.pointer_mut(pointer).unwrap() = value;
        payload
    };
    let same_name = changed("/source/item", "Other".into());
    project.write_binary("same.wasm", &[payload("a"), same_name]);
    project.write_binary("name.wasm", &[payload(HOSTILE)]);
    for (file, pointer, value) in [
        ("machine.wasm", "/code/machine_type", json!([HOSTILE])),
        ("number.wasm", "/code/gpus", json!(HOSTILE)),
        ("member.wasm", "/code", json!({HOSTILE: HOSTILE})),
        ("type.wasm", "/source", json!(HOSTILE)),
        ("region.wasm", "/scaling/regions", json!([HOSTILE])),
        ("duration.wasm", "/scaling/keep_alive", json!(HOSTILE)),
    ] {
        project.write_binary(file, &[changed(pointer, value)]);
    }
    for file in [
        "same", "name", "machine", "number", "member", "type", "region", "duration",
    ] {
        let file = format!("{file}.wasm");
        assert_harmless_in_all_formats(&project, &["manifest", "--binary", &file]);
        assert_harmless_in_all_formats(&project, &["plan", "--binary", &file]);
    }
}

#[test]
#[cfg(unix)]
fn the_name_of_a_binary_does_not_control_the_terminal() {
    let project = project(SETTINGS_WITH_IMAGE);
    project.write_binary(HOSTILE_FILE_NAME, &[payload("a")]);
    project.write_binary("none\u{1b}[31m", &[]);
    assert_harmless_in_all_formats(&project, &["manifest", "--binary", HOSTILE_FILE_NAME]).exits(0);
    assert_harmless_in_all_formats(&project, &["manifest", "--binary", "none\u{1b}[31m"]).exits(1);
    assert_harmless_in_all_formats(
        &project,
        &["manifest", "--binary", "gone\u{1b}[31m\u{202e}"],
    )
    .exits(1);
    // As if a shell expanded `*`.
    assert_harmless_in_all_formats(&project, &["manifest", HOSTILE_FILE_NAME]).exits(1);
    for (flag, file, code) in [
        ("-o", "to\u{1b}\u{202e}", 0),
        ("--check", "to\u{1b}\u{202e}", 0),
        ("--check", "gone\u{9b}\u{202e}", 1),
    ] {
        let args = ["manifest", "--binary", HOSTILE_FILE_NAME, flag, file];
        assert_harmless_in_all_formats(&project, &args).exits(code);
    }
    // Platforms that run the binary by its name refuse it.
    let plan_code = |target: &str| i32::from(!matches!(target, "file" | "fal"));
    let binary = ["--binary", HOSTILE_FILE_NAME];
    assert_harmless_for_every_target(&project, &binary, "out\u{1b}[31m", plan_code);
    assert_harmless_in_all_formats(
        &project,
        &[
            "deploy",
            "--yes",
            "--binary",
            HOSTILE_FILE_NAME,
            "--state",
            "s\u{1b}\u{202e}",
        ],
    )
    .exits(0);
    assert_harmless_in_all_formats(&project, &["apps", "--state", "s\u{1b}\u{202e}"]).exits(0);
}

fn state(name: &str) -> Value {
    // A key of a later version may be anything.
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 2, HOSTILE: HOSTILE});
    let scaling = json!({"keep_alive": 60, HOSTILE: HOSTILE});
    let change = json!({"parameter": HOSTILE, "from": HOSTILE, "to": [HOSTILE], "why": "code"});
    json!({
        "state_version": 2, "lineage": HOSTILE, "serial": 1,
        "targets": {"file": {"apps": {name: {
            "package": HOSTILE, "binaries": [HOSTILE], "artifact": HOSTILE, "code": code,
            "scaling": scaling, "overrides": scaling, "drift": code,
            "history": [{
                "serial": 1, "time": HOSTILE, "commit": HOSTILE, "revision": HOSTILE,
                "by": HOSTILE, "artifact": {"image": HOSTILE}, "changes": [change], "code": code,
            }],
        }}}},
    })
}

#[test]
fn a_state_does_not_control_the_terminal() {
    let project = project("");
    project.write_binary("a.wasm", &[payload("a")]);
    let keep = |state: &Value| project.write("machinist-state.json", &state.to_string());
    for name in ["a", "gone", HOSTILE] {
        keep(&state(name));
        // A name that is none is an error; the rest is read and shown.
        let code = i32::from(name == HOSTILE);
        assert_harmless_in_all_formats(&project, &["apps"]).exits(code);
        assert_harmless_in_all_formats(&project, &["apps", name]).exits(code);
        assert_harmless_in_all_formats(&project, &["plan", "--binary", "a.wasm"]);
        assert_harmless_in_all_formats(
            &project,
            &["deploy", "--dry-run", "--prune", "--binary", "a.wasm"],
        );
        assert_harmless_in_all_formats(&project, &["rollback", "--dry-run", name]);
        assert_harmless_in_all_formats(&project, &["scale", "--dry-run", name, "keep_alive=1m"]);
        assert_harmless_in_all_formats(
            &project,
            &["scale", "--dry-run", name, &format!("{HOSTILE}={HOSTILE}")],
        );
    }
    let mut mistyped = state("a");
    mistyped["targets"]["file"]["apps"]["a"]["code"]["gpus"] = HOSTILE.into();
    let mut misnamed = state("a");
    misnamed["targets"]["file"]["apps"]["a"]["code"]["machine_type"] = json!([HOSTILE]);
    for wrong in [
        mistyped,
        misnamed,
        json!({"state_version": 2, HOSTILE: 1}),
        json!({"state_version": 2, "lineage": "l", "serial": HOSTILE}),
        json!({"state_version": 2, "lineage": "l", "serial": 1, "targets": {HOSTILE: {"apps": {}}}}),
    ] {
        keep(&wrong);
        assert_harmless_in_all_formats(&project, &["apps"]);
        assert_harmless_in_all_formats(&project, &["plan", "--binary", "a.wasm"]);
    }
}

#[test]
fn files_of_the_project_do_not_control_the_terminal() {
    // Escaped, because TOML allows no control characters.
    let text = "\\u001b[31m\\u009b32m\\u202e\\u2066\\u2028\\r\\n\\tx";
    for settings in [
        format!("target = \"{text}\""),
        format!("image = \"{text}\""),
        format!("auth = \"{text}\""),
        format!("\"{text}\" = 1"),
        format!("apps.\"{text}\".image = \"a\""),
        format!("state = \"{text}\""),
        format!("image = \"a\"\nbin = \"{text}\""),
        format!(
            "image = \"a\"\n[package.metadata.machinist.knative]\ncontext = \"{text}\"\nnamespace = \"{text}\""
        ),
    ] {
        let project = project(&format!("[package.metadata.machinist]\n{settings}\n"));
        project.write_binary("a.wasm", &[payload("a")]);
        let binary = ["--binary", "a.wasm"];
        assert_harmless_in_all_formats(&project, &[&["plan"], &binary[..]].concat());
        for target in ["--target=knative", "--target=skypilot"] {
            let args = ["render", "--no-refresh", "--out", "out", target];
            assert_harmless_in_all_formats(&project, &[&args[..], &binary].concat());
        }
    }
    for machines in [
        format!("[A]\nram = \"1 GB\"\ncpus = 1\nsuits = \"{text}\"\n"),
        format!("[\"{text}\"]\nram = \"1 GB\"\ncpus = 1\n"),
        format!("[A]\nram = \"{text}\"\n"),
        format!("[A]\n\"{text}\" = 1\n"),
        "[A]\nram = \u{202e}\u{9b}\n".into(),
        "[A]\nram = \u{1b}\n".into(),
    ] {
        let project = project("");
        project.write("machines.toml", &machines);
        assert_harmless_in_all_formats(&project, &["machines"]);
        assert_harmless_in_all_formats(&project, &["machines", "A"]);
    }
    let project = project("");
    project.write_binary("a.wasm", &[payload("a")]);
    for manifest in [HOSTILE.to_owned(), json!({HOSTILE: HOSTILE}).to_string()] {
        project.write("machinist.json", &manifest);
        assert_harmless_in_all_formats(
            &project,
            &[
                "manifest",
                "--binary",
                "a.wasm",
                "--check",
                "machinist.json",
            ],
        )
        .exits(3);
    }
}

#[test]
fn answers_of_a_platform_do_not_control_the_terminal() {
    let project =
        project("[package.metadata.machinist]\ntarget = \"fal\"\nimage = \"acme/a:v1\"\n");
    project.write_binary("a.wasm", &[payload("a")]);
    let parameters = json!({"machine_type": ["GPU-H100"], "gpus": 2});
    let state = json!({
        "state_version": 2, "lineage": "l", "serial": 1,
        "targets": {"fal": {"apps": {"a": {"code": parameters}}}},
    });
    project.write("machinist-state.json", &state.to_string());
    for answer in [
        json!(HOSTILE),
        json!({"apps": HOSTILE}),
        json!({"apps": [{"alias": HOSTILE}]}),
        json!({"apps": [{
            "alias": "a", "revision": HOSTILE, "machine_types": [HOSTILE],
            "valid_regions": [HOSTILE], "keep_alive": HOSTILE,
        }]}),
    ] {
        project.write("live.json", &answer.to_string());
        assert_harmless_in_all_formats(
            &project,
            &["plan", "--binary", "a.wasm", "--live", "live.json"],
        );
    }
}

#[test]
fn a_long_text_is_shown_whole_and_does_not_widen_the_table() {
    let project = project("");
    let long = "x".repeat(1 << 20);
    let mut state = state("a");
    let apps = &mut state["targets"]["file"]["apps"];
    apps["a"]["overrides"] = json!({"region_of_later": long});
    apps["a"]["drift"] = json!({});
    apps["b"] = apps["a"].clone();
    apps["b"]["overrides"] = json!({});
    apps["b"]["code"] = json!({"machine_type": ["S"], long.clone(): 1});
    project.write("machinist-state.json", &state.to_string());
    let table = assert_harmless_in_all_formats(&project, &["apps"])
        .exits(0)
        .stdout;
    assert!(
        table.contains(&long) && table.len() < long.len() * 2,
        "{}",
        table.len()
    );
    assert_harmless_in_all_formats(&project, &["apps", "b"]).exits(0);
    project.write_binary("b.wasm", &[payload("b")]);
    let plan = assert_harmless_in_all_formats(&project, &["plan", "--binary", "b.wasm"])
        .exits(0)
        .stdout;
    assert!(plan.len() < long.len() * 2, "{}", plan.len());
}
