//! A full disk and a read-only folder: each is an error, old files stay as they were, no file is
//! half-written, and the next run succeeds.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::process::Command;

use machinist_core::parameter::Key;
use machinist_deploy::{State, Store};
use serde_json::json;

use crate::support::{Answer, Project, answer, package, record_static};

const STATE: &str = "machinist-state.json";
const EFFECTIVE: &str = "machinist-effective.json";
const PROGRAM: &str = "target/debug/p";

/// Commands that write, each with the first file that it cannot write.
const WRITING_COMMANDS: &[(&[&str], &str)] = &[
    (
        &["deploy", "-yq", "--binary", PROGRAM],
        ".machinist-state.json.lock",
    ),
    (
        &["scale", "-q", "a", "keep_alive=1m"],
        ".machinist-state.json.lock",
    ),
    (&["rollback", "-yq", "a"], ".machinist-state.json.lock"),
    (
        &["manifest", "-q", "-o", "manifest.json", "--binary", PROGRAM],
        "manifest.json",
    ),
    (
        &["manifest", "-q", "-o", "new.json", "--binary", PROGRAM],
        "new.json",
    ),
    (
        &["render", "-q", "--out", "out", "--binary", PROGRAM],
        "out/machinist-effective.json",
    ),
];

/// One app `a`, built and deployed with two GPUs, and then built with four.
fn project() -> Project {
    let project = Project::with_one_app();
    project.run(&["deploy", "-yq"]).exits(0);
    project.set_app(
        &json!({"machine_type": ["GPU-H100"], "gpus": 4}),
        &json!({}),
    );
    project.run(&["manifest", "-qo", "manifest.json"]).exits(0);
    project
}

/// A command that runs `program`, which takes the inner command after its own arguments.
fn wrap(program: &str, args: &[&str], inner: &Command) -> Command {
    let mut outer = Command::new(program);
    outer.args(args);
    outer.arg(inner.get_program()).args(inner.get_args());
    let variables = inner.get_envs();
    outer.envs(variables.filter_map(|(key, value)| Some((key, value?))));
    if let Some(folder) = inner.get_current_dir() {
        outer.current_dir(folder);
    }
    outer
}

/// A shell that runs a script and then the command.
fn in_shell(first: &str, then: &Command) -> Command {
    wrap("sh", &["-c", &format!("{first}\nexec \"$@\""), "sh"], then)
}

/// Runs a command that can write no file of more than this many blocks of 512 bytes.
fn with_file_size_limit(project: &Project, blocks: u32, args: &[&str]) -> Answer {
    let limit = format!("ulimit -f {blocks}; trap '' XFSZ");
    answer(&mut in_shell(&limit, &project.command(args)))
}

/// The files in the project's folder, with their contents.
fn project_files(project: &Project) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(project.path("")).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        // The lock file changes: it names the process that held it last.
        .filter(|entry| !entry.file_name().to_string_lossy().ends_with(".lock"))
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_failed_write_names_the_file_and_keeps_the_old_one() {
    let project = project();
    project.write("out/machinist-effective.json", "old");
    let before = project_files(&project);
    for (args, file) in WRITING_COMMANDS {
        let answer = with_file_size_limit(&project, 0, args).exits(1);
        let expected = format!("error: cannot write `{file}`: File too large (os error 27)\n");
        assert!(answer.stderr.starts_with(&expected), "{args:?}: {answer:?}");
        assert_eq!(project_files(&project), before, "{args:?}");
    }
    assert_eq!(project.read("out/machinist-effective.json"), "old");
    // Commands that only read need no room.
    with_file_size_limit(&project, 0, &["plan", "-q", "--binary", PROGRAM]).exits(0);
    with_file_size_limit(&project, 0, &["apps", "-q"]).exits(0);
    project.run(&["deploy", "-yq"]).exits(0);
}

#[test]
fn a_failed_copy_keeps_the_old_file() {
    let project = project();
    project.write("out/a/p", "old");
    let args = [
        "render",
        "-q",
        "--out",
        "out",
        "--no-refresh",
        "--target=fal",
    ];
    // Enough for the other files, which are small.
    let answer = with_file_size_limit(&project, 100, &[&args[..], &["--binary", PROGRAM]].concat());
    answer
        .exits(1)
        .says("error: cannot write `out/a/p`: File too large (os error 27)");
    assert_eq!(project.read("out/a/p"), "old");
    let files = fs::read_dir(project.path("out/a")).unwrap();
    // The `Dockerfile` beside it, and nothing half written.
    assert_eq!(files.count(), 2);
}

#[test]
fn after_a_full_disk_the_next_deploy_succeeds() {
    let project = project();
    let before = project.read(STATE);
    let effective_before = project.read(EFFECTIVE);
    let mut failures = Vec::new();
    let args = ["deploy", "-yq", "--binary", PROGRAM];
    for blocks in 0.. {
        let answer = with_file_size_limit(&project, blocks, &args);
        let left_over = project_files(&project)
            .iter()
            .any(|(name, _)| name.ends_with(".tmp"));
        assert!(!left_over, "{blocks}: {answer:?}");
        if answer.code == Some(0) {
            break;
        }
        let failure = answer.exits(1).stderr.lines().next().unwrap().to_owned();
        assert!(
            failure.ends_with("File too large (os error 27)"),
            "{failure}"
        );
        // What could not be recorded is not claimed.
        assert_eq!(project.read(STATE), before);
        assert_eq!(project.read(EFFECTIVE), effective_before);
        failures.push(failure);
    }
    assert!(
        failures
            .iter()
            .any(|failure| failure.contains("`machinist-state.json`")),
        "{failures:?}"
    );
    let state = State::parse(&project.read(STATE)).unwrap();
    assert_eq!(
        (
            state.serial,
            state.deployed_to("file").apps["a"].code.number(Key::Gpus)
        ),
        (2, Some(4))
    );
}

#[test]
fn a_deploy_that_cannot_be_recorded_says_so_and_is_repeated() {
    let main = |app| record_static(app, "p") + "fn main() {}\n";
    let settings = "[package.metadata.machinist]\ntarget = \"fal\"\nimage = \"acme/a:v1\"";
    let project = Project::new(&[
        ("Cargo.toml", &package("p", settings)),
        ("src/bin/one.rs", &main("one")),
        ("src/bin/two.rs", &main("two")),
    ]);
    project.run(&["manifest", "-q"]).exits(0);
    // When the second app is deployed, neither the journal nor the state can grow any more.
    project.with_tool(
        "fal",
        "#!/bin/sh\n[ $2 != two ] || prlimit --fsize=600 --pid $PPID\n",
    );
    let failed = answer(&mut in_shell(
        "trap '' XFSZ",
        &project.command(&["deploy", "-yq", "--no-refresh"]),
    ));
    failed.exits(1).says(
        "error: cannot write `.machinist-state.json.journal`: File too large (os error 27)\n\
         help: fix this and try again: what is on record is kept\n\
         note: fal carried out the change of `two`, but the state does not record it: the \
         next deploy repeats it\n\
         note: this failed too: cannot write `machinist-state.json`: File too large (os error 27)\n\
         note: done and recorded in the state: `one`\n\
         note: not deployed: `two`",
    );
    let state = Store::read(project.path(STATE)).unwrap();
    let state = state.deployed_to("fal");
    assert_eq!(state.names(), ["one"]);
    project.with_tool("fal", "#!/bin/sh\necho $2 >> calls\n");
    project.run(&["deploy", "-yq", "--no-refresh"]).exits(0);
    let calls = project.read(&project.rendered("fal/two/calls"));
    assert_eq!(calls, "two\n");
    assert!(!project.path(&project.rendered("fal/one")).exists());
}

#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let project = project();
    let before = project_files(&project);
    for args in [
        &["manifest", "-q", "--binary", PROGRAM][..],
        &["manifest", "-q", "--check", STATE, "--binary", PROGRAM],
        &["plan", "-q", "--binary", PROGRAM],
        &["plan", "-q", "--format=json", "--binary", PROGRAM],
        // Fails before it deploys, because it prints the plan first.
        &["deploy", "-yq", "--binary", PROGRAM],
        &["scale", "-q", "a", "keep_alive=1m"],
        &["apps"],
        &["apps", "a"],
        &["machines"],
        &["machines", "GPU-H100"],
        &["schema"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
        &["help", "deploy"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = project.command(args).stdout(full).output().unwrap();
        assert_eq!(
            (
                output.status.code(),
                &*String::from_utf8_lossy(&output.stderr)
            ),
            (
                Some(1),
                "error: cannot write to stdout: No space left on device (os error 28)\n"
            ),
            "{args:?}"
        );
    }
    assert_eq!(project_files(&project), before);
}

#[test]
fn a_path_through_a_file_is_an_error_that_names_it() {
    let project = project();
    for (args, expected) in [
        (
            &["manifest", "-qo", "Cargo.toml/m.json", "--binary", PROGRAM][..],
            "cannot write `Cargo.toml/m.json`: Not a directory (os error 20)",
        ),
        (
            &["manifest", "-qo", "src", "--binary", PROGRAM],
            "cannot write `src`: Is a directory (os error 21)",
        ),
        (
            &["render", "-q", "--out", "Cargo.toml", "--binary", PROGRAM],
            "cannot write `Cargo.toml/machinist-effective.json`: File exists (os error 17)",
        ),
        (
            &[
                "deploy",
                "-yq",
                "--state",
                "Cargo.toml/s.json",
                "--binary",
                PROGRAM,
            ],
            "cannot read `Cargo.toml/s.json`: Not a directory (os error 20)",
        ),
        (
            &["apps", "--state", "Cargo.toml/s.json"],
            "cannot read `Cargo.toml/s.json`: Not a directory (os error 20)",
        ),
    ] {
        let said = project.run(args).exits(1).stderr;
        assert!(
            said.starts_with(&format!("error: {expected}\n")),
            "{args:?}: {said}"
        );
    }
}

/// Runs a command in its own mount namespace, after the shell commands `mounts`. Returns `None` if
/// the system allows no mounts, which in CI is a failure.
fn run_with_mounts(project: &Project, mounts: &str, args: &[&str]) -> Option<Answer> {
    let run = |script: &str| {
        let flags = ["--user", "--map-root-user", "--mount", "--"];
        wrap("unshare", &flags, &in_shell(script, &project.command(args)))
    };
    let can_mount = run("mount -t tmpfs tmpfs .; exit").output();
    if !can_mount.is_ok_and(|output| output.status.success()) {
        let missing = "nothing can be mounted here";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        eprintln!("skipped: {missing}");
        return None;
    }
    Some(answer(&mut run(mounts)))
}

#[test]
fn reading_commands_work_in_a_read_only_folder() {
    let project = project();
    let before = project_files(&project);
    let read_only = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\"";
    for args in [
        &["plan", "-q", "--binary", PROGRAM][..],
        &["apps", "-q"],
        &["apps", "a"],
        &["manifest", "-q", "--binary", PROGRAM],
        &[
            "manifest",
            "-q",
            "--check",
            "manifest.json",
            "--binary",
            PROGRAM,
        ],
        &["machines"],
        &["deploy", "-q", "--dry-run", "--binary", PROGRAM],
        &["scale", "-q", "--dry-run", "a", "keep_alive=1m"],
    ] {
        let Some(answer) = run_with_mounts(&project, read_only, args) else {
            return;
        };
        answer.exits(0);
    }
    for (args, file) in WRITING_COMMANDS {
        let answer = run_with_mounts(&project, read_only, args).unwrap().exits(1);
        let expected =
            format!("error: cannot write `{file}`: Read-only file system (os error 30)\n");
        assert!(answer.stderr.starts_with(&expected), "{args:?}: {answer:?}");
    }
    assert_eq!(project_files(&project), before);
}

#[test]
fn a_full_disk_keeps_the_old_files_whole() {
    let project = project();
    fs::create_dir(project.path("small")).unwrap();
    // The state is on its own disk, which has this many KiB free.
    for free in [0, 4, 8, 12, 16] {
        let mounts = format!(
            "mount -t tmpfs -o size=64k tmpfs small
             cp {STATE} {EFFECTIVE} small
             touch small/.{STATE}.lock
             head -c 1M /dev/zero > small/filler 2> /dev/null
             truncate -s -{free}K small/filler
             \"$@\"
             code=$?
             rm -rf after small/filler
             cp -a small after
             exit $code"
        );
        let state = format!("small/{STATE}");
        let args = ["deploy", "-yq", "--state", &state, "--binary", PROGRAM];
        let Some(answer) = run_with_mounts(&project, &mounts, &args) else {
            return;
        };
        let read = |file: &str| project.read(&format!("after/{file}"));
        let serial = State::parse(&read(STATE)).unwrap().serial;
        let is_done = answer.code == Some(0);
        assert_eq!(serial, if is_done { 2 } else { 1 }, "{free}: {answer:?}");
        serde_json::from_str::<serde_json::Value>(&read(EFFECTIVE)).unwrap();
        assert_eq!(
            fs::read_dir(project.path("after")).unwrap().count(),
            3,
            "{free}: {answer:?}"
        );
        if !is_done {
            let said = answer.exits(1).stderr;
            let is_clear = said.starts_with("error: cannot write `small/")
                && said.contains("`: No space left on device (os error 28)\n");
            assert!(is_clear, "{free}: {said}");
        }
        assert!(free != 0 || !is_done, "there was room");
        assert!(free != 16 || is_done, "there was none");
    }
}
