//! A plan that is kept, reviewed and carried out: on another machine too, and only as long as it is
//! what a deploy would do.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::platform::Platform;
use crate::support::{Answer, Project, answer, command, git, package, record_of};

/// Apps `one` and `two` of a binary that is sent to fal, in a git repository.
struct Team {
    project: Project,
    platform: Platform,
}

impl Team {
    fn new() -> Self {
        let settings = "[workspace]\n[workspace.metadata.machinist]\ntarget = \"fal\"\n";
        let project = Project::new(&[
            ("Cargo.toml", &package("p", settings)),
            ("src/main.rs", "fn main() {}\n"),
            (".gitignore", "target\nbin\nplatform\n*.bin\n"),
        ]);
        let platform = Platform::new(project.path("platform"));
        platform.install(&project);
        let team = Self { project, platform };
        team.write_binary(2);
        git(&team.project.path(""), &["init", "-q"]);
        git(&team.project.path(""), &["add", "-A"]);
        git(&team.project.path(""), &["commit", "-qm", "first"]);
        team
    }

    /// Compiles a program of the machines that fal has.
    fn write_binary(&self, gpus: u32) {
        let app = |name: &str| {
            let code = json!({"machine_type": ["GPU-H100"], "gpus": gpus});
            record_of(name, "p", &code, &json!({"max_concurrency": 4}))
        };
        let program = app("one") + &app("two") + "fn main() {}\n";
        self.project.write("target/p.rs", &program);
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition=2024", "-o", "p.bin", "target/p.rs"]);
        let compiled = rustc.current_dir(self.project.path("")).output().unwrap();
        assert!(compiled.status.success(), "{compiled:?}");
    }

    fn run(&self, args: &[&str]) -> Answer {
        self.project.run(&[args, &["--binary", "p.bin"]].concat())
    }

    fn keep(&self) -> Value {
        self.run(&["plan", "-q", "-o", "plan.json"]).exits(0);
        serde_json::from_str(&self.project.read("plan.json")).unwrap()
    }

    fn deploy(&self) -> Answer {
        self.run(&["deploy", "plan.json"])
    }
}

/// The lines of stderr that say what differs.
fn notes(answer: &Answer) -> Vec<&str> {
    let lines = answer.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("note: "))
        .collect()
}

#[test]
fn a_kept_plan_is_valid_by_its_schema_and_says_what_it_was_made_from() {
    let team = Team::new();
    let kept = team.keep();
    let schema = jsonschema::draft202012::new(&machinist_deploy::kept_plan_schema()).unwrap();
    let errors: Vec<String> = schema.iter_errors(&kept).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(kept["state"], json!({"serial": 0}));
    assert_eq!(
        kept["destination"],
        json!({"target": "fal", "place": "environment main"})
    );
    let digest = kept["artifacts"]["one"]["binary_digest"].as_str().unwrap();
    assert!(digest.starts_with("sha256:"), "{digest}");
    // It is the plan that is printed.
    let printed = team
        .run(&["plan", "-q", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(kept["apps"], printed["apps"]);
    // Every other document is none.
    assert!(!schema.is_valid(&printed));
    let printed = team.project.run(&["schema", "kept-plan"]).exits(0).json();
    assert_eq!(printed, machinist_deploy::kept_plan_schema());
    // The same again is the same file: no time and no path is in it.
    let first = team.project.read("plan.json");
    team.keep();
    assert_eq!(team.project.read("plan.json"), first);
}

#[test]
fn a_kept_plan_is_carried_out_without_a_question_and_only_once() {
    let team = Team::new();
    team.keep();
    let shown = team.run(&["deploy", "plan.json", "--dry-run"]).exits(0);
    assert!(shown.stdout.contains("would run"), "{shown:#?}");
    assert_eq!(team.platform.take_calls(), Vec::<String>::new());
    let deployed = team.deploy().exits(0);
    assert!(
        deployed
            .stdout
            .contains("fal, environment main: 2 to create")
    );
    assert_eq!(team.platform.take_calls().len(), 2);
    // The plan lies in the repository, and does not make the code differ from the commit.
    let state = team.project.read("machinist-state.json");
    let commit = git(&team.project.path(""), &["rev-parse", "HEAD"]);
    assert!(
        state.contains(&commit) && !state.contains("-dirty"),
        "{state}"
    );
    // It was made from another state.
    let again = team.deploy().exits(1);
    let notes = notes(&again);
    assert_eq!(
        notes[0], "the state had serial 0, and has serial 1",
        "{again:#?}"
    );
    assert!(notes.contains(&"`one`: it was to be created, and is unchanged"));
    assert_eq!(team.platform.take_calls(), Vec::<String>::new());
    // A plan that changes nothing is carried out too.
    team.keep();
    let unchanged = team.deploy().exits(0);
    assert!(unchanged.stderr.contains("Unchanged"), "{unchanged:#?}");
}

#[test]
fn every_change_since_then_is_refused_by_its_name() {
    let team = Team::new();
    team.run(&["deploy", "-yq"]).exits(0);
    team.write_binary(4);
    type Change = fn(&Team);
    let changes: [(Change, &str); 5] = [
        (
            |team| team.write_binary(8),
            "`one`: `gpus`: 2 -> 4 was planned, and now 2 -> 8",
        ),
        (
            |team| team.platform.change("one", "max_concurrency", 9),
            "`one`: `max_concurrency`: the tuned value was none, and is 9 (the code says 4)",
        ),
        (
            |team| team.platform.lose("two"),
            "`two`: it was to be updated, and is to be created",
        ),
        (
            |team| {
                let scale = ["scale", "-q", "one", "max_concurrency=7"];
                team.project.run(&scale).exits(0);
            },
            "the state had serial",
        ),
        (
            |team| {
                let (state, text) = ("machinist-state.json", "\"lineage\": \"");
                let other = team.project.read(state).replace(text, "\"lineage\": \"0");
                fs::remove_dir_all(team.project.path(".git/machinist")).unwrap();
                team.project.write(state, &other);
            },
            "the state is another one, of the same serial",
        ),
    ];
    for (change, expected) in changes {
        team.keep();
        change(&team);
        let calls_of_change = team.platform.take_calls();
        let refused = team.deploy().exits(1);
        assert!(
            refused.stderr.contains(
                "error: `plan.json` is not what a deploy would do now: nothing was done\n\
                 help: make the plan again with `cargo machinist plan -o plan.json`"
            ),
            "{refused:#?}"
        );
        assert!(
            notes(&refused)
                .iter()
                .any(|note| note.starts_with(expected)),
            "{expected}: {refused:#?}"
        );
        assert_eq!(team.platform.take_calls(), Vec::<String>::new());
        let json = team
            .run(&["deploy", "plan.json", "--format", "json"])
            .exits(1);
        let notes = json.json()["refusal"]["note"].to_string();
        assert!(notes.contains(expected), "{notes} {calls_of_change:?}");
    }
    // A place is refused by the state, too.
    team.keep();
    let mut other = team
        .project
        .command(&["deploy", "plan.json", "--binary", "p.bin"]);
    answer(other.env("FAL_ENV", "dev")).exits(1);
}

#[test]
fn another_binary_of_the_same_code_is_another_plan() {
    let team = Team::new();
    team.keep();
    let mut bytes = fs::read(team.project.path("p.bin")).unwrap();
    bytes.extend(b"behind the end");
    fs::write(team.project.path("p.bin"), bytes).unwrap();
    let refused = team.deploy().exits(1);
    let notes = notes(&refused);
    assert!(
        notes[0].starts_with("`one`: the binary was `sha256:"),
        "{notes:?}"
    );
    assert_eq!(notes.len(), 2, "{notes:?}");
}

#[test]
fn the_options_of_the_plan_are_those_of_the_deploy_and_others_are_refused() {
    let team = Team::new();
    team.run(&["deploy", "-yq"]).exits(0);
    let scale = ["scale", "-q", "one", "max_concurrency=7"];
    team.project.run(&scale).exits(0);
    team.platform.take_calls();
    let plan = [
        "plan",
        "-q",
        "one",
        "--reset-scaling",
        "one",
        "--strict",
        "-o",
        "plan.json",
    ];
    team.run(&plan).exits(0);
    for (given, fact) in [
        (&["two"][..], "it is about `one`"),
        (&["--prune"], "it was made without this"),
        (&["--force"], "it was made without this"),
        (&["--adopt", "one"], "it was made without this"),
        (&["--reset-scaling", "two"], "it was made without this"),
        (&["--target", "knative"], "it was made for fal"),
        (&["other.json"], ""),
    ] {
        let refused = team
            .run(&[&["deploy", "plan.json"], given].concat())
            .exits(1);
        assert!(refused.stderr.contains(fact), "{given:?}: {refused:#?}");
        assert_eq!(team.platform.take_calls().len(), 0, "{given:?}");
        let is_contradiction = refused.stderr.contains("contradicts the plan `plan.json`");
        assert_eq!(is_contradiction, !fact.is_empty(), "{refused:#?}");
    }
    let mut in_prod = team.project.command(&["deploy", "plan.json"]);
    let refused = answer(in_prod.env("MACHINIST_ENV", "prod")).exits(1);
    assert!(
        refused
            .stderr
            .contains("`MACHINIST_ENV=prod` contradicts the plan `plan.json`"),
        "{refused:#?}"
    );
    // What is given again is no contradiction.
    let same = [
        "deploy",
        "plan.json",
        "one",
        "--reset-scaling=one",
        "--strict",
        "--target=fal",
    ];
    let deployed = team.run(&same).exits(0);
    assert!(
        deployed.stdout.contains("7 -> 4  (reset: it was tuned)"),
        "{deployed:#?}"
    );
    assert!(!deployed.stdout.contains("two"), "{deployed:#?}");
}

#[test]
fn what_is_no_kept_plan_is_refused_before_anything_is_read() {
    let team = Team::new();
    team.keep();
    let whole = team.project.read("plan.json");
    fs::create_dir(team.project.path("folder.json")).unwrap();
    let newer = whole.replace("\"kept_plan_version\": 1", "\"kept_plan_version\": 2");
    let target = whole.replace("\"target\": \"fal\"", "\"target\": \"--config\"");
    for (text, expected) in [
        (Some(""), "the file is empty"),
        (
            Some(&whole[..whole.len() / 2]),
            "the plan is cut off at line ",
        ),
        (
            Some("{\"apps\": []}"),
            "this is not a kept plan: it has no `kept_plan_version`",
        ),
        (Some("one\n"), "this is not a kept plan: expected value"),
        (
            Some(&newer),
            "the plan has version 2, and the newest known here is 1\n\
             help: upgrade this command with `cargo install cargo-machinist`",
        ),
        (Some(&target), "it is for an unknown target `--config`"),
        (None, "No such file"),
    ] {
        match text {
            Some(text) => team.project.write("bad.json", text),
            None => fs::remove_file(team.project.path("bad.json")).unwrap(),
        }
        // The binary is not there, and that is not said first.
        let args = ["deploy", "bad.json", "--binary", "missing.bin"];
        let refused = team.project.run(&args).exits(1);
        let expected = format!("error: cannot read `bad.json`: {expected}");
        assert!(refused.stderr.starts_with(&expected), "{refused:#?}");
    }
    let refused = team.run(&["deploy", "folder.json"]).exits(1);
    assert!(
        refused
            .stderr
            .contains("cannot read `folder.json`: Is a directory")
    );
    // A name that `deploy` would take for an app is none for a file.
    let refused = team.run(&["plan", "-o", "plan"]).exits(1);
    assert!(
        refused
            .stderr
            .contains("help: give the file an extension: `-o plan.json`")
    );
    assert!(!team.project.path("plan").exists());
    team.run(&["plan", "-o", "./plan"]).exits(0);
    team.run(&["plan", "-o", "./plan"]).exits(0);
    team.run(&["deploy", "./plan"]).exits(0);
    // What is no plan is not written over.
    for file in ["Cargo.toml", "machinist-state.json", "p.bin"] {
        let before = fs::read(team.project.path(file)).unwrap();
        team.run(&["plan", "-q", "-o", file]).exits(1).says(&format!(
            "error: `{file}` exists, and is no plan\nhelp: give the plan another name, or remove \
             the file\nnote: nothing was written"
        ));
        assert_eq!(fs::read(team.project.path(file)).unwrap(), before);
    }
}

#[test]
fn a_refused_plan_is_kept_and_refused_again() {
    let team = Team::new();
    team.run(&["deploy", "-yq"]).exits(0);
    team.project.write("machinist-state.json", "");
    fs::remove_file(team.project.path("machinist-state.json")).unwrap();
    fs::remove_dir_all(team.project.path(".git/machinist")).unwrap();
    let adopt = "`one` runs on fal already";
    let kept = team.run(&["plan", "-o", "plan.json"]).exits(1);
    assert!(kept.stderr.contains(adopt), "{kept:#?}");
    let refused = team.deploy().exits(1);
    assert!(refused.stderr.contains(adopt), "{refused:#?}");
    // With consent it is another plan.
    team.run(&["plan", "-q", "--adopt", "-o", "plan.json"])
        .exits(0);
    team.deploy().exits(0);
}

/// A clone elsewhere, with the state, the binary and the plan as CI hands them over.
fn clone_of(team: &Team, folder: &Path) {
    let from = team.project.path("");
    git(
        folder.parent().unwrap(),
        &[
            "clone",
            "-q",
            from.to_str().unwrap(),
            folder.to_str().unwrap(),
        ],
    );
    for file in ["plan.json", "p.bin", "machinist-state.json"] {
        let to = folder.join("handed/over").join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(team.project.path(file), to).unwrap();
    }
    fs::rename(
        folder.join("handed/over/machinist-state.json"),
        folder.join("machinist-state.json"),
    )
    .unwrap();
}

fn in_clone(team: &Team, folder: &Path, args: &[&str]) -> Command {
    let mut command = command(folder);
    let path = std::env::var("PATH").unwrap();
    let tools = team.project.path("bin");
    command.env("PATH", format!("{}:{path}", tools.display()));
    command.args(args);
    command
}

#[test]
fn a_plan_of_one_clone_is_deployed_in_another() {
    let team = Team::new();
    team.run(&["deploy", "-yq"]).exits(0);
    team.write_binary(4);
    let dockerfile = "FROM debian:stable\nCOPY assets /assets\nCOPY p.bin /usr/local/bin/p\n";
    team.project.write("Dockerfile", dockerfile);
    team.project.write("assets/voice.txt", "la la\n");
    git(&team.project.path(""), &["add", "Dockerfile", "assets"]);
    git(&team.project.path(""), &["commit", "-qm", "second"]);
    team.keep();
    team.platform.take_calls();
    let elsewhere = tempfile::tempdir().unwrap();
    let clone = elsewhere.path().join("a/deeper/checkout");
    fs::create_dir_all(clone.parent().unwrap()).unwrap();
    clone_of(&team, &clone);
    let deploy = [
        "deploy",
        "handed/over/plan.json",
        "--binary",
        "handed/over/p.bin",
    ];
    answer(&mut in_clone(&team, &clone, &deploy)).exits(0);
    assert_eq!(team.platform.take_calls().len(), 2);
    // One file of the build that differs is another plan.
    let other = elsewhere.path().join("other");
    clone_of(&team, &other);
    fs::write(other.join("assets/voice.txt"), "la la la\n").unwrap();
    let refused = answer(&mut in_clone(&team, &other, &deploy)).exits(1);
    assert!(
        notes(&refused)
            .iter()
            .any(|note| note.starts_with("`one`: the context was `sha256:")),
        "{refused:#?}"
    );
}
