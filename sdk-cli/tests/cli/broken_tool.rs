//! A platform's tool is missing, hangs, is killed or prints nonsense: each is an error, the state
//! stays right, and the next deploy continues.
#![cfg(unix)]

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use machinist_deploy::Store;
use serde_json::json;

use crate::support::{Project, answer, kills, package, record_static};

const STATE: &str = "machinist-state.json";
const SETTINGS: &str = "target = \"fal\"\nimage = \"acme/a:v1\"";

/// Records its calls. When it deploys an app, it runs the script in the file `does`.
const TOOL: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
if [ "$1 $2" = "apps list" ]; then
    cat "$root/live.json"
    exit
fi
echo "$*" >> "$root/calls"
. "$root/does"
"#;

/// How long a hanging tool would hang: much longer than a test may take.
const TEST_LIMIT: Duration = Duration::from_secs(60);

/// Programs `one`, `two` and `three` with an app each, for fal.
fn project() -> Project {
    let main = |app| record_static(app, "p") + "fn main() {}\n";
    let project = Project::new(&[
        ("src/bin/one.rs", &main("one")),
        ("src/bin/two.rs", &main("two")),
        ("src/bin/three.rs", &main("three")),
        ("live.json", "{\"apps\": []}"),
        ("does", ""),
    ]);
    write_settings(&project, "");
    project.with_tool("fal", TOOL);
    project
}

fn write_settings(project: &Project, settings: &str) {
    let settings = format!("[package.metadata.machinist]\n{SETTINGS}\n{settings}\n");
    project.write("Cargo.toml", &package("p", &settings));
}

/// Makes the platform list these apps, as they were deployed.
fn write_live_apps(project: &Project, apps: &[&str]) {
    let live_app = |app: &&str| json!({"alias": app, "machine_types": ["GPU-H100"]});
    let apps: Vec<_> = apps.iter().map(live_app).collect();
    project.write("live.json", &json!({"apps": apps}).to_string());
}

/// The apps on record: in the state, and in the journal that a killed deploy left beside it.
fn deployed_apps(project: &Project) -> Vec<String> {
    let state = Store::read(project.path(STATE)).unwrap();
    let deployed = state.deployed_to("fal");
    deployed.names().into_iter().map(str::to_owned).collect()
}

/// Asserts what holds after the second of three apps failed: the state has the first, and the next
/// deploy does the other two.
fn assert_next_deploy_continues(project: &Project) {
    assert_eq!(deployed_apps(project), ["one"]);
    project.take_calls();
    project.write("does", "");
    write_live_apps(project, &["one"]);
    project.run(&["deploy", "-yq"]).exits(0);
    assert_eq!(
        project.take_calls(),
        ["deploy three --yes", "deploy two --yes"]
    );
    assert_eq!(deployed_apps(project), ["one", "three", "two"]);
}

#[test]
fn a_missing_tool_is_an_error_that_says_how_to_install_it() {
    let project = project();
    fs::remove_file(project.path("bin/fal")).unwrap();
    let mut missing = project.command(&["plan", "-q"]);
    let path = std::env::var_os("PATH").unwrap();
    let without: Vec<_> = std::env::split_paths(&path)
        .filter(|folder| !folder.join("fal").exists())
        .collect();
    missing.env("PATH", std::env::join_paths(without).unwrap());
    answer(&mut missing).exits(1).says(
        "error: cannot run `fal`: No such file or directory (os error 2)\n\
         help: install it with `pip install fal` and `fal auth login`, or add its folder to `PATH`\n\
         help: with `--no-refresh` the platform is not asked, and the state is trusted",
    );
}

#[test]
fn a_query_that_takes_too_long_is_killed() {
    let project = project();
    write_settings(&project, "answer_timeout = \"1s\"");
    project.run(&["manifest", "-q"]).exits(0);
    // `sleep` is a child of the script, and keeps the output open when the script is killed.
    project.with_tool("fal", "#!/bin/sh\necho 'signing in' >&2\nsleep 60\n");
    let started = Instant::now();
    project.run(&["plan", "-q"]).exits(1).says(
        "error: `fal apps list --output json` did not finish within 1s and was killed; \
         processes that it started may still run\n\
         help: run it by itself to see why; if it needs more time, write `answer_timeout = \"2s\"` \
         in `[workspace.metadata.machinist]`\n\
         help: with `--no-refresh` the platform is not asked, and the state is trusted\n\
         note: its output: signing in",
    );
    assert!(started.elapsed() < TEST_LIMIT / 2);
    project.run(&["plan", "-q", "--no-refresh"]).exits(0);
    assert!(!project.path(STATE).exists());
}

#[test]
fn a_deploy_that_takes_too_long_is_killed_and_the_next_one_continues() {
    let project = project();
    write_settings(&project, "run_timeout = \"1s\"");
    project.write(
        "does",
        "[ $2 != three ] || { echo building; exec sleep 60; }",
    );
    let started = Instant::now();
    let hung = project.run(&["deploy", "-yq"]).exits(1);
    assert!(started.elapsed() < TEST_LIMIT / 2);
    assert!(
        hung.stderr.ends_with(&format!(
            "building\n\
             error: `fal deploy three --yes` did not finish within 1s and was killed; \
             processes that it started may still run\n\
             help: see its output above; if it needs more time, write `run_timeout = \"2s\"` \
             in `[workspace.metadata.machinist]`, and try again: what was done is kept\n\
             note: its files are in `{}`\n\
             note: done and recorded in the state: `one`\n\
             note: not deployed: `three`, `two`\n",
            project.rendered("fal/three")
        )),
        "{hung:?}"
    );
    assert_next_deploy_continues(&project);
}

#[test]
fn a_killed_tool_is_an_error_with_its_signal_and_the_next_deploy_continues() {
    for (signal, name) in [
        ("KILL", "signal: 9 (SIGKILL)"),
        ("TERM", "signal: 15 (SIGTERM)"),
    ] {
        let project = project();
        project.write("does", &format!("[ $2 != three ] || kill -{signal} $$"));
        let killed = project.run(&["deploy", "-yq"]).exits(1);
        let expected = format!("error: `fal deploy three --yes` failed ({name})\n");
        assert!(killed.stderr.contains(&expected), "{killed:?}");
        assert_next_deploy_continues(&project);
    }
}

#[test]
fn a_deploy_killed_while_its_tool_runs_is_continued() {
    let project = project();
    project.write("does", "[ $2 != three ] || kill -KILL $PPID");
    let killed = project.run(&["deploy", "-yq"]);
    assert_eq!(killed.code, None, "{killed:?}");
    assert_next_deploy_continues(&project);
}

#[test]
fn a_deploy_killed_at_any_moment_is_continued() {
    let project = project();
    project.run(&["manifest", "-q"]).exits(0);
    let binaries = ["target/debug/one", "target/debug/three", "target/debug/two"];
    let deploy = || {
        let mut deploy = project.command(&["deploy", "-yq", "--no-refresh", "--binary"]);
        deploy.args(binaries).stdout(Stdio::null());
        deploy
    };
    let started = Instant::now();
    answer(&mut deploy()).exits(0);
    let whole = started.elapsed();
    let mut on_record = [0; 4];
    for round in 0..kills() / 2 {
        for file in [STATE, &format!(".{STATE}.journal")] {
            let _ = fs::remove_file(project.path(file));
        }
        let mut child = deploy().stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(whole * u32::try_from(round * 7919 % 160).unwrap() / 100);
        child.kill().unwrap();
        child.wait().unwrap();
        let done = deployed_apps(&project);
        assert_eq!(done, ["one", "three", "two"][..done.len()]);
        on_record[done.len()] += 1;
        let called = project.take_calls();
        answer(&mut deploy()).exits(0);
        let again = project.take_calls();
        for app in ["one", "three", "two"] {
            let call = format!("deploy {app} --yes");
            let is_done = done.iter().any(|done| done == app);
            assert!(!is_done || called.contains(&call), "{app}: {called:?}");
            assert!(
                is_done != again.contains(&call),
                "{app}: {done:?}, {again:?}"
            );
        }
        assert_eq!(deployed_apps(&project), ["one", "three", "two"]);
    }
    eprintln!("killed with so many apps on record, from none to all: {on_record:?}");
}

#[test]
fn a_deploy_killed_while_it_reads_back_is_recorded() {
    let project = project();
    let list = "if [ -f \"$root/calls\" ]; then kill -KILL $PPID; fi\n    cat";
    project.with_tool("fal", &TOOL.replacen("cat", list, 1));
    let killed = project.run(&["deploy", "-yq"]);
    assert_eq!(killed.code, None, "{killed:?}");
    assert_eq!(deployed_apps(&project), ["one", "three", "two"]);
}

#[test]
fn a_killed_query_is_an_error_with_its_signal() {
    let project = project();
    project.with_tool("fal", "#!/bin/sh\necho half\nkill -9 $$");
    let killed = project.run(&["plan", "-q"]).exits(1);
    killed.says(
        "error: `fal apps list --output json` failed (signal: 9 (SIGKILL))\n\
         help: with `--no-refresh` the platform is not asked, and the state is trusted\n\
         note: its output: half",
    );
}

#[test]
fn an_invalid_answer_is_an_error_and_the_state_stays() {
    let project = project();
    project.run(&["deploy", "-yq"]).exits(0);
    let before = project.read(STATE);
    project.take_calls();
    let too_much = "error: `fal apps list --output json` wrote more than 64 MiB and was killed\n";
    for (tool, expected) in [
        (
            "printf '{\"apps\": [{\"alias\": \"one'",
            "EOF while parsing a string at line 1 column 24\n",
        ),
        (
            "printf '\\377\\376\\000\\033[31m'",
            "expected value at line 1 column 1\n",
        ),
        (
            "echo '<html>no</html>'",
            "note: its output: <html>no</html>\n",
        ),
        (
            "printf '\\033]0;title\\007\\033[2J'",
            "note: its output: \\u{1b}]0;title\\u{7}\\u{1b}[2J\n",
        ),
        ("head -c 9000000 /dev/zero | tr '\\0' x", "x…\n"),
        ("echo null", "invalid type: null"),
        (
            "echo '{\"apps\": [{\"alias\": 1}]}'",
            "invalid type: integer `1`, expected a string",
        ),
        (
            "echo '{\"apps\": [{\"alias\": \"one\", \"keep_alive\": \"lots\"}]}'",
            "invalid `keep_alive` of `one`\n",
        ),
        (
            "echo '{\"apps\": [{\"alias\": \"one\", \"machine_types\": [{}]}]}'",
            "invalid `machine_types` of `one`\n",
        ),
        (
            "true",
            "error: `fal apps list --output json` succeeded without output\n",
        ),
        ("printf ' \\n\\n'", "succeeded without output\n"),
        ("cat /dev/zero", too_much),
        ("yes >&2", too_much),
        (
            "printf 'not \\033[31mlogged in\\n' >&2; exit 1",
            "note: its output: not \\u{1b}[31mlogged in\n",
        ),
    ] {
        project.with_tool(
            "fal",
            &format!("#!/bin/sh\n[ $1 = apps ] || exit 9\n{tool}\n"),
        );
        for args in [&["apps", "-q"][..], &["deploy", "-yq"]] {
            let answer = project.run(args).exits(1);
            let said = &answer.stderr;
            assert!(
                said.contains("`fal apps list --output json`"),
                "{tool}: {said}"
            );
            assert!(said.contains(expected), "{tool}: {said}");
            assert!(
                said.starts_with("error: ") && said.len() < 8_000,
                "{tool}: {said}"
            );
            assert!(!said.contains(['\u{1b}', '\u{7}', '\0']), "{tool}: {said}");
        }
    }
    assert_eq!(project.read(STATE), before);
    project.with_tool("fal", TOOL);
    write_live_apps(&project, &["one", "two", "three"]);
    let next = project.run(&["deploy"]).exits(0);
    assert!(next.stderr.contains("Unchanged"), "{next:?}");
}

#[test]
fn an_invalid_answer_after_a_deploy_does_not_undo_it() {
    let project = project();
    project.write("does", "echo nonsense > \"$root/live.json\"");
    project.run(&["deploy", "-yq"]).exits(0);
    assert_eq!(deployed_apps(&project), ["one", "three", "two"]);
}

#[test]
fn an_invalid_answer_of_kubectl_is_an_error() {
    let project = project();
    let settings = "[package.metadata.machinist]\nimage = \"acme/a:v1\"";
    project.write("Cargo.toml", &package("p", settings));
    for (said, expected) in [
        ("{\"items\": [", "EOF while parsing"),
        ("[]", "a service without a name"),
        ("{\"kind\": \"Status\"}", "a service without a name"),
        ("", "succeeded without output"),
        ("Unable to connect", "note: its output: Unable to connect\n"),
    ] {
        project.with_tool("kubectl", &format!("#!/bin/sh\nprintf '{said}'\n"));
        let answer = project.run(&["plan", "-q", "--target=knative"]).exits(1);
        let said = &answer.stderr;
        assert!(
            said.contains("`kubectl get ksvc --output=json --show-managed-fields`"),
            "{said}"
        );
        assert!(said.contains(expected), "{said}");
    }
    assert!(!project.path(STATE).exists());
}
