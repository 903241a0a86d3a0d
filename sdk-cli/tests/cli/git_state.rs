//! The state on a ref of git: real git, against a bare repository.
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Answer, Project, answer, git, package};

pub(crate) const STATE_REF: &str = "refs/machinist/default";
const LOCK_REF: &str = "refs/machinist-lock/default";
const SETTINGS: &str = "[workspace]\n[workspace.metadata.machinist]\ntarget = \"skypilot\"\n\
                        image = \"acme/a:v1\"\nstate = \"git\"";
const DEPLOY: [&str; 4] = ["deploy", "-yq", "--binary", "a.wasm"];
const PLAN: [&str; 4] = ["plan", "-q", "--binary", "a.wasm"];

/// A bare repository with a project in it, its clones, and the platform that they deploy to.
pub(crate) struct Team {
    pub(crate) project: Project,
}

impl Team {
    pub(crate) fn new() -> Self {
        Self::with_apps(&["llm", "router"])
    }

    pub(crate) fn with_apps(apps: &[&str]) -> Self {
        let team = Self {
            project: Project::empty(),
        };
        team.project.with_sky();
        let root = team.project.path("");
        git(&root, &["init", "-q", "--bare", "-b", "main", "remote.git"]);
        git(&root, &["clone", "-q", "remote.git", "first"]);
        team.project
            .write("first/Cargo.toml", &package("p", SETTINGS));
        team.project.write("first/src/main.rs", "fn main() {}\n");
        team.project.write("first/.gitignore", "target\n");
        team.project.write_services(apps, 1);
        fs::rename(root.join("a.wasm"), root.join("first/a.wasm")).unwrap();
        let first = team.first();
        git(&first, &["add", "-A"]);
        git(&first, &["commit", "-qm", "the first code"]);
        git(&first, &["commit", "-qm", "more code", "--allow-empty"]);
        git(&first, &["push", "-q", "origin", "HEAD:main"]);
        git(&first, &["push", "-q", "origin", "HEAD:other"]);
        team
    }

    fn first(&self) -> PathBuf {
        self.project.path("first")
    }

    pub(crate) fn remote(&self) -> PathBuf {
        self.project.path("remote.git")
    }

    /// Clones the repository, with these flags of git.
    pub(crate) fn clone(&self, name: &str, flags: &[&str]) -> PathBuf {
        let remote = format!("file://{}", self.remote().display());
        let args = [&["clone", "-q"], flags, &[&remote, name]].concat();
        git(&self.project.path(""), &args);
        self.project.path(name)
    }

    pub(crate) fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        command.current_dir(folder);
        command
    }

    pub(crate) fn run(&self, folder: &Path, args: &[&str]) -> Answer {
        answer(&mut self.command(folder, args))
    }

    /// The state that the ref has.
    fn state(&self) -> Value {
        let name = format!("{STATE_REF}:machinist-state.json");
        serde_json::from_str(&git(&self.remote(), &["show", &name])).unwrap()
    }

    pub(crate) fn has_lock(&self) -> bool {
        let refs = git(&self.remote(), &["for-each-ref", "refs/machinist-lock"]);
        !refs.is_empty()
    }

    /// Installs a hook in the remote.
    fn hook(&self, name: &str, script: &str) {
        let path = format!("remote.git/hooks/{name}");
        self.project.write(&path, &format!("#!/bin/sh\n{script}\n"));
        let path = self.project.path(&path);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Starts a deploy of a clone that is killed while the platform's tool runs for this app.
    fn kill_in_tool(&self, folder: &Path, app: &str) {
        let wait = format!(
            "#!/bin/sh\nroot=$(dirname \"$(dirname \"$0\")\")\necho \"$*\" >> \"$root/calls\"\n\
             case \"$*\" in *{app}*) touch \"$root/waits\"; exec sleep 2;; esac\n"
        );
        self.project.with_tool("sky", &wait);
        let mut command = self.command(folder, &DEPLOY);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let waits = self.project.path("waits");
        while !waits.exists() {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before its tool ran: {ended:?}");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        fs::remove_file(waits).unwrap();
        self.project.with_sky();
    }
}

#[test]
fn every_clone_has_the_one_state_and_the_ref_is_the_audit() {
    let team = Team::new();
    let first = team.first();
    let said = team
        .run(&first, &["deploy", "-y", "--binary", "a.wasm"])
        .exits(0);
    assert!(
        said.stderr
            .contains(&format!("Deployed to skypilot: `{STATE_REF}` has serial 1")),
        "{said:#?}"
    );
    assert!(!first.join("machinist-state.json").exists());
    // Another clone sees it, tunes, and the first one sees that.
    let second = team.clone("second", &[]);
    team.run(&second, &[&PLAN[..], &["--detailed-exitcode"]].concat())
        .exits(0);
    team.run(&second, &["scale", "-q", "llm", "max_concurrency=9"])
        .exits(0);
    let apps = team.run(&first, &["apps", "--format=json"]).exits(0).json();
    assert_eq!(apps["apps"][0]["overrides"]["max_concurrency"], 9);
    assert_eq!(team.state()["serial"], 2);
    assert!(!team.has_lock());

    let subjects = git(&team.remote(), &["log", "--format=%s", STATE_REF]);
    let expected = "scale llm max_concurrency=9\n\
                    in progress: scale llm max_concurrency=9\n\
                    deploy to skypilot: llm created, router created\n\
                    in progress: deploy to skypilot: llm created, router created\n\
                    in progress: deploy to skypilot: llm created, router created";
    assert_eq!(subjects, expected);
    let message = git(&team.remote(), &["log", "-1", "--format=%B", STATE_REF]);
    let commit = git(&first, &["rev-parse", "HEAD"]);
    assert!(
        message.contains(&format!("\nCommit: {commit}\nSerial: 2")),
        "{message}"
    );
    let log = team
        .run(&first, &["state", "log", "--format=json"])
        .exits(0)
        .json();
    assert_eq!(log[0]["what"], "scale llm max_concurrency=9");
    assert_eq!(
        (&log[0]["serial"], &log[1]["serial"]),
        (&2.into(), &1.into())
    );
    assert_eq!(log.as_array().unwrap().len(), 2);
    // Nothing of the user's is touched.
    for folder in [&first, &second] {
        assert_eq!(git(folder, &["status", "--porcelain"]), "");
        assert!(!folder.join(".git/FETCH_HEAD").exists());
        let refs = git(folder, &["for-each-ref", "--format=%(refname)"]);
        let of_machinist = refs.lines().filter(|name| name.contains("machinist"));
        let of_machinist: Vec<&str> = of_machinist.collect();
        assert_eq!(of_machinist, ["refs/machinist-seen/origin/default"]);
    }
}

#[test]
fn any_checkout_will_do() {
    let team = Team::new();
    let first = team.first();
    team.run(&first, &DEPLOY).exits(0);
    let shallow = team.clone("shallow", &["--depth=1"]);
    let single = team.clone("single", &["--single-branch", "--branch=other"]);
    let partial = team.clone("partial", &["--filter=blob:none"]);
    let detached = team.clone("detached", &[]);
    git(&detached, &["checkout", "-q", "--detach", "HEAD~1"]);
    git(
        &first,
        &["worktree", "add", "-q", "../worktree", "-b", "topic"],
    );
    let worktree = team.project.path("worktree");
    // A bare clone with a worktree beside it, and one whose remote has another name.
    let bare = team.clone("bare.git", &["--bare"]);
    git(&bare, &["worktree", "add", "-q", "../beside", "main"]);
    let beside = team.project.path("beside");
    let renamed = team.clone("renamed", &["--origin=team"]);
    let folders = [
        shallow.clone(),
        single,
        partial,
        detached,
        worktree,
        beside,
        renamed,
    ];
    let config = fs::read_to_string(shallow.join(".git/config")).unwrap();
    let is_shallow = fs::read_to_string(shallow.join(".git/shallow")).unwrap();
    for (i, folder) in folders.iter().enumerate() {
        let value = format!("max_concurrency={}", i + 10);
        team.run(folder, &["scale", "-q", "llm", &value]).exits(0);
        let overrides = &team.state()["targets"]["skypilot"]["apps"]["llm"]["overrides"];
        assert_eq!(overrides["max_concurrency"], i + 10, "{}", folder.display());
        assert_eq!(team.state()["serial"], i + 2);
    }
    team.run(&first, &[&PLAN[..], &["--detailed-exitcode"]].concat())
        .exits(0);
    let now = |file: &str| fs::read_to_string(shallow.join(".git").join(file)).unwrap();
    assert_eq!((now("config"), now("shallow")), (config, is_shallow));
    assert!(!first.join(".git/shallow").exists());
}

#[test]
fn a_deploy_that_was_killed_is_known_to_all_and_its_lock_can_be_broken() {
    let team = Team::new();
    let (first, second) = (team.first(), team.clone("second", &[]));
    team.kill_in_tool(&first, "llm");
    assert!(team.has_lock());
    // Another clone knows that it was begun, who has the lock, and how to break it.
    let shown = team.run(&second, &["state", "show"]).exits(0).json();
    let llm = &shown["targets"]["skypilot"]["apps"]["llm"];
    assert_eq!(llm["is_half_created"], true, "{shown:#}");
    team.project.take_calls();
    let refused = team.run(&second, &DEPLOY).exits(1).stderr;
    assert!(
        refused.starts_with(&format!("error: `{STATE_REF}` of `origin` is in use by ")),
        "{refused}"
    );
    assert!(
        refused.contains("(deploy to skypilot: llm created, router created)")
            && refused.contains("`cargo machinist state unlock`"),
        "{refused}"
    );
    let asked = team.run(&second, &["state", "unlock"]).exits(1).stderr;
    assert!(
        asked.contains("then pass `--yes`\nnote: the lock is held by "),
        "{asked}"
    );
    assert!(team.has_lock() && team.project.take_calls().is_empty());
    let broken = team
        .run(&second, &["state", "unlock", "--yes"])
        .exits(0)
        .stderr;
    assert!(broken.contains("which was in use by "), "{broken}");
    team.run(&second, &DEPLOY).exits(0);
    let calls = team.project.take_calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(!team.has_lock());
    team.run(&second, &[&PLAN[..], &["--detailed-exitcode"]].concat())
        .exits(0);
}

#[test]
fn a_clone_takes_its_own_lock_over_after_a_kill() {
    let team = Team::new();
    let first = team.first();
    team.kill_in_tool(&first, "router");
    team.project.take_calls();
    let said = team.run(&first, &DEPLOY).exits(0).stderr;
    assert!(
        said.contains("warning: took over the lock of a process of this clone that was killed: "),
        "{said}"
    );
    // The first app was done, and on record in the remote.
    let calls = team.project.take_calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].contains("router"), "{calls:?}");
    assert!(!team.has_lock());
}

/// What is recorded after the platform's tool ran is kept by the clone, and pushed later.
#[test]
fn a_remote_that_fails_after_the_tool_ran_loses_nothing() {
    let team = Team::new();
    let first = team.first();
    team.run(&first, &DEPLOY).exits(0);
    let remote = team.remote();
    let away = team.project.path("away.git");
    // The remote goes away while the tool runs.
    let sky = format!(
        "#!/bin/sh\necho \"$*\" >> {}\nmv {} {}\n",
        team.project.path("calls").display(),
        remote.display(),
        away.display()
    );
    team.project.with_tool("sky", &sky);
    let failed = team
        .run(&first, &["scale", "-q", "llm", "max_concurrency=9"])
        .exits(1)
        .stderr;
    assert!(
        failed.contains("`git push` with `origin` failed: "),
        "{failed}"
    );
    assert!(
        failed
            .contains("skypilot carried out the change of `llm`, but the state does not record it"),
        "{failed}"
    );
    let offline = team.run(&first, &PLAN).exits(1).stderr;
    assert!(
        offline.starts_with("error: `git ls-remote` with `origin` failed: "),
        "{offline}"
    );
    fs::rename(&away, &remote).unwrap();
    team.project.with_sky();
    team.project.take_calls();
    // The next command of the clone has it, and puts it onto the ref.
    let said = team.run(&first, &["scale", "-q", "router", "max_concurrency=7"]);
    said.exits(0);
    let apps = &team.state()["targets"]["skypilot"]["apps"];
    assert_eq!(apps["llm"]["overrides"]["max_concurrency"], 9);
    assert_eq!(apps["router"]["overrides"]["max_concurrency"], 7);
    assert_eq!(team.state()["serial"], 3);
    assert!(!team.has_lock());
}

#[test]
fn who_was_faster_in_another_app_does_not_matter_and_in_the_same_one_it_does() {
    let team = Team::new();
    let (first, second) = (team.first(), team.clone("second", &[]));
    team.run(&first, &DEPLOY).exits(0);
    // git of the first clone lets the second one be faster, before the lock is taken.
    let scale_meanwhile = |app: &str, value: &str| {
        let path = std::env::var("PATH").unwrap();
        let script = format!(
            "#!/bin/sh\nPATH='{path}'\ncase \"$*\" in *' push '*)\n\
             if mkdir '{once}' 2> /dev/null; then (cd '{second}' && PATH=\"{bin}:$PATH\" \
             '{machinist}' machinist scale -q {app} {value} 1>&2); fi;; esac\nexec git \"$@\"\n",
            once = team.project.path("once").display(),
            second = second.display(),
            bin = team.project.path("bin").display(),
            machinist = env!("CARGO_BIN_EXE_cargo-machinist"),
        );
        // The other clone uses git itself.
        team.project.write("slow/git", &script);
        let path = team.project.path("slow/git");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        let _ = fs::remove_dir(team.project.path("once"));
    };
    let scale = |value: &str| {
        let mut command = team.command(&first, &["scale", "-q", "llm", value]);
        let path = format!(
            "{}:{}:{}",
            team.project.path("slow").display(),
            team.project.path("bin").display(),
            std::env::var("PATH").unwrap()
        );
        answer(command.env("PATH", path))
    };
    scale_meanwhile("router", "max_concurrency=7");
    scale("max_concurrency=9").exits(0);
    let apps = &team.state()["targets"]["skypilot"]["apps"];
    assert_eq!(apps["llm"]["overrides"]["max_concurrency"], 9);
    assert_eq!(apps["router"]["overrides"]["max_concurrency"], 7);
    assert_eq!(team.state()["serial"], 3);

    team.project.take_calls();
    scale_meanwhile("llm", "min_concurrency=2");
    scale("max_concurrency=5").exits(1).says(
        "error: `llm` was changed by somebody else in the meantime\n\
         help: plan again: nothing was done",
    );
    assert_eq!(team.project.take_calls().len(), 1);
    let llm = &team.state()["targets"]["skypilot"]["apps"]["llm"]["overrides"];
    assert_eq!(
        (&llm["max_concurrency"], &llm["min_concurrency"]),
        (&9.into(), &2.into())
    );
    assert!(!team.has_lock());
}

#[test]
fn a_deploy_whose_lock_is_broken_begins_no_other_app() {
    let team = Team::new();
    let (first, second) = (team.first(), team.clone("second", &[]));
    let sky = format!(
        "#!/bin/sh\necho \"$*\" >> '{calls}'\ncd '{second}' && \
         '{machinist}' machinist state unlock --yes 1>&2\n",
        calls = team.project.path("calls").display(),
        second = second.display(),
        machinist = env!("CARGO_BIN_EXE_cargo-machinist"),
    );
    team.project.with_tool("sky", &sky);
    let said = team.run(&first, &DEPLOY).exits(1).stderr;
    assert!(
        said.contains(&format!(
            "the lock of `{STATE_REF}` of `origin` was broken by somebody else"
        )),
        "{said}"
    );
    let calls = team.project.take_calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    // The other clone knows that the first app was begun.
    team.project.with_sky();
    team.run(&second, &DEPLOY).exits(0);
    assert_eq!(
        team.state()["targets"]["skypilot"]["apps"]["router"]["history"][0]["serial"],
        2
    );
}

#[test]
fn a_remote_that_was_rewritten_is_refused_and_can_be_restored() {
    let team = Team::new();
    let (first, second) = (team.first(), team.clone("second", &[]));
    team.run(&first, &DEPLOY).exits(0);
    let old = git(&team.remote(), &["rev-parse", STATE_REF]);
    team.run(&first, &["scale", "-q", "llm", "max_concurrency=9"])
        .exits(0);
    let remote = team.remote();
    for rewrite in [
        &["update-ref", "-d", STATE_REF][..],
        &["update-ref", STATE_REF, &old],
    ] {
        git(&remote, rewrite);
        for args in [
            &DEPLOY[..],
            &PLAN,
            &["apps"],
            &["scale", "llm", "max_concurrency=5"],
        ] {
            let said = team.run(&first, args).exits(1).stderr;
            assert!(
                said.contains("it does not contain the state that this clone has seen (serial 2, ")
                    && said.contains("restore it with `cargo machinist state push`"),
                "{args:?}: {said}"
            );
        }
        team.run(&first, &["state", "push", "-q"]).exits(0);
        assert_eq!(team.state()["serial"], 2);
        team.run(&first, &PLAN).exits(0);
        // A clone that has never seen the lost one takes what there is now.
        let apps = team
            .run(&second, &["apps", "--format=json"])
            .exits(0)
            .json();
        assert_eq!(apps["apps"][0]["overrides"]["max_concurrency"], 9);
    }
    let log = team.run(&first, &["state", "log"]).exits(0).stdout;
    assert!(log.contains("scale llm max_concurrency=9"), "{log}");
    let nothing = team.run(&first, &["state", "push", "-q"]).exits(1).stderr;
    assert!(
        nothing.contains("has all that this clone has seen"),
        "{nothing}"
    );
}

#[test]
fn what_was_seen_is_not_replaced_by_an_older_file_where_the_ref_is_gone() {
    let team = Team::new();
    let first = team.first();
    team.run(&first, &DEPLOY).exits(0);
    team.run(&first, &["state", "pull", "-q", "old.json"])
        .exits(0);
    team.run(&first, &["scale", "-q", "llm", "max_concurrency=9"])
        .exits(0);
    git(&team.remote(), &["update-ref", "-d", STATE_REF]);
    let push = |file: &str| {
        let said = team.run(&first, &["state", "push", "-q", file]);
        said.exits(1).stderr
    };
    let refused = push("old.json");
    assert!(
        refused.contains("this clone has seen the serial 2, and this state has 1")
            && refused.contains("`git update-ref -d refs/machinist-seen/origin/default`"),
        "{refused}"
    );
    let mut other: Value =
        serde_json::from_str(&fs::read_to_string(first.join("old.json")).unwrap()).unwrap();
    other["lineage"] = "0123456789abcdef".into();
    other["serial"] = 7.into();
    fs::write(first.join("other.json"), other.to_string()).unwrap();
    let refused = push("other.json");
    assert!(
        refused.contains("had the state of another project"),
        "{refused}"
    );
    assert!(!team.has_lock());
    team.run(&first, &["state", "push", "-q"]).exits(0);
    assert_eq!(team.state()["serial"], 2);
}

#[test]
fn the_log_says_what_was_not_done() {
    let team = Team::new();
    let first = team.first();
    team.project.write("fail", "router\n");
    team.run(&first, &DEPLOY).exits(1);
    let log = team.run(&first, &["state", "log", "--format=json"]);
    assert_eq!(
        log.exits(0).json()[0]["what"],
        "deploy to skypilot: llm created, router created; not done: router"
    );
}

#[test]
fn a_state_that_was_not_pushed_is_said_beside_the_failure_of_the_tool() {
    let team = Team::new();
    let first = team.first();
    let tool = "#!/bin/sh\ncase \"$*\" in *router*)\n\
                root=$(dirname \"$(dirname \"$0\")\")\n\
                if [ -e \"$root/remote.git\" ]; then mv \"$root/remote.git\" \"$root/away.git\"; fi\n\
                exit 3;; esac\n";
    team.project.with_tool("sky", tool);
    let said = team.run(&first, &DEPLOY).exits(1).stderr;
    assert!(
        said.contains("router service.yaml` failed (exit status: 3)")
            && said.contains("note: this failed too: `git push` with `origin` failed: "),
        "{said}"
    );
}

#[test]
fn the_repository_is_the_projects_in_a_hook_of_another_one_too() {
    let team = Team::new();
    let first = team.first();
    let other = team.project.path("other");
    git(&team.project.path(""), &["init", "-q", "other"]);
    let mut deploy = team.command(&first, &DEPLOY);
    deploy.env("GIT_DIR", other.join(".git"));
    deploy.env("GIT_WORK_TREE", &other);
    deploy.env("GIT_INDEX_FILE", other.join(".git/index"));
    answer(&mut deploy).exits(0);
    let log = team.run(&first, &["state", "log", "--format=json"]);
    let head = git(&first, &["rev-parse", "HEAD"]);
    assert_eq!(log.exits(0).json()[0]["commit"], head);
}

#[test]
fn settings_for_pushes_of_code_are_not_about_the_state() {
    let team = Team::new();
    let first = team.first();
    for (key, value) in [
        ("push.pushOption", "ci.skip"),
        ("log.showSignature", "true"),
        ("i18n.logOutputEncoding", "UTF-16"),
        ("i18n.commitEncoding", "ISO-8859-1"),
    ] {
        git(&first, &["config", key, value]);
    }
    let mut deploy = team.command(&first, &DEPLOY);
    deploy.env("GITHUB_ACTOR", "J\u{fc}rgen");
    answer(&mut deploy).exits(0);
    let log = team.run(&first, &["state", "log", "--format=json"]);
    let log = log.exits(0).json();
    assert_eq!(
        (&log[0]["by"], &log[0]["serial"]),
        (&"J\u{fc}rgen".into(), &1.into())
    );
    git(&first, &["config", "protocol.allow", "never"]);
    let said = team.run(&first, &PLAN).exits(1).stderr;
    assert!(
        said.contains("transport 'file' not allowed\nhelp: git's settings `protocol.*`"),
        "{said}"
    );
}

#[test]
fn a_state_moves_from_a_file_to_git_and_back() {
    let team = Team::new();
    let first = team.first();
    let in_file = ["--state", "machinist-state.json"];
    team.run(&first, &[&DEPLOY[..], &in_file].concat()).exits(0);
    // A new ref does not begin without it.
    let refused = team.run(&first, &PLAN).exits(1).stderr;
    assert!(
        refused.contains("move it with `cargo machinist state push machinist-state.json`"),
        "{refused}"
    );
    team.run(&first, &["state", "push", "-q", "machinist-state.json"])
        .exits(0);
    fs::remove_file(first.join("machinist-state.json")).unwrap();
    team.run(&first, &[&PLAN[..], &["--detailed-exitcode"]].concat())
        .exits(0);
    team.run(&first, &["scale", "-q", "llm", "max_concurrency=9"])
        .exits(0);
    let shown = team.run(&first, &["state", "show"]).exits(0).json();
    assert_eq!(shown, team.state());
    team.run(&first, &["state", "pull", "-q"]).exits(0);
    let pulled = fs::read_to_string(first.join("machinist-state.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&pulled).unwrap(), shown);
    // An older one does not replace a newer one, on either side.
    team.run(&first, &["scale", "-q", "llm", "max_concurrency=8"])
        .exits(0);
    let refused = team
        .run(&first, &["state", "push", "-q", "machinist-state.json"])
        .exits(1);
    assert!(
        refused
            .stderr
            .contains("is newer: it has the serial 3, and this state 2"),
        "{refused:?}"
    );
    for value in ["max_concurrency=5", "max_concurrency=6"] {
        let args = ["scale", "-q", "llm", value];
        team.run(&first, &[&args[..], &in_file].concat()).exits(0);
    }
    let refused = team.run(&first, &["state", "pull", "-q"]).exits(1);
    assert!(
        refused.stderr.contains("is newer: it has the serial 4"),
        "{refused:?}"
    );
    // And none another project's.
    let other = Team::new();
    other
        .run(&other.first(), &[&DEPLOY[..], &in_file].concat())
        .exits(0);
    let file = other.first().join("machinist-state.json");
    let refused = team.run(&first, &["state", "push", "-q", file.to_str().unwrap()]);
    assert!(
        refused
            .exits(1)
            .stderr
            .contains("has the state of another project")
    );
    fs::copy(file, first.join("other.json")).unwrap();
    let refused = team.run(&first, &["state", "pull", "-q", "other.json"]);
    assert!(
        refused
            .exits(1)
            .stderr
            .contains("is the state of another project")
    );
    assert!(!team.has_lock());
}

#[test]
fn a_remote_that_refuses_is_a_clear_error() {
    let team = Team::new();
    let first = team.first();
    team.run(&first, &DEPLOY).exits(0);
    team.project.take_calls();
    // A protected ref.
    let script = "case $1 in refs/machinist*) echo 'only admins may do this'; exit 1;; esac";
    team.hook("update", script);
    let scale = ["scale", "-q", "llm", "max_concurrency=9"];
    let said = team.run(&first, &scale).exits(1).stderr;
    assert!(
        said.contains(
            "`git push` with `origin` failed: [remote rejected] (hook declined): only admins"
        ) && said.contains("allow this user to push to `refs/machinist/*`"),
        "{said}"
    );
    assert!(team.project.take_calls().is_empty() && !team.has_lock());
    // Only the lock's ref may not be deleted: it is released in another way.
    team.hook("update", "exit 0");
    git(&team.remote(), &["config", "receive.denyDeletes", "true"]);
    team.run(&first, &scale).exits(0);
    let second = team.clone("second", &[]);
    team.run(&second, &["scale", "-q", "llm", "max_concurrency=8"])
        .exits(0);
    assert_eq!(team.state()["serial"], 3);
    let unlocked = team
        .run(&first, &["state", "unlock", "--yes"])
        .exits(0)
        .stderr;
    assert!(unlocked.contains("nobody holds the lock"), "{unlocked}");
    // What cannot move several refs at once moves one after the other.
    git(
        &team.remote(),
        &["config", "receive.advertiseAtomic", "false"],
    );
    team.run(&second, &["scale", "-q", "llm", "max_concurrency=7"])
        .exits(0);
    assert_eq!(team.state()["serial"], 4);
}

#[test]
fn without_a_repository_or_a_remote_it_says_what_to_do() {
    let team = Team::new();
    let first = team.first();
    git(&first, &["remote", "remove", "origin"]);
    let said = team.run(&first, &PLAN).exits(1).stderr;
    assert!(
        said.contains(
            "error: the repository has no remote to keep the state in\n\
                       help: add one with `git remote add origin URL`"
        ),
        "{said}"
    );
    let url = "https://user:s3cret@127.0.0.1:1/p.git";
    git(&first, &["remote", "add", "one", url]);
    let said = team.run(&first, &DEPLOY).exits(1).stderr;
    assert!(
        said.contains("`git ls-remote` with `one` failed: ") && !said.contains("s3cret"),
        "{said}"
    );
    assert!(said.contains("help: check the network"), "{said}");
    git(&first, &["remote", "add", "two", url]);
    let said = team.run(&first, &PLAN).exits(1).stderr;
    assert!(
        said.contains("for instance `state = \"git:one\"`"),
        "{said}"
    );
    let said = team.run(&first, &[&PLAN[..], &["--state=git:tow"]].concat());
    assert!(
        said.exits(1)
            .stderr
            .contains("a remote with a similar name exists: `two`")
    );
    let said = team.run(&first, &[&PLAN[..], &["--state=git:"]].concat());
    let said = said.exits(1).stderr;
    assert!(said.contains("the repository has no remote ``"), "{said}");
    // A repository of another user, as in a container.
    let mut plan = team.command(&first, &PLAN);
    plan.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    let said = answer(&mut plan).exits(1).stderr;
    assert!(
        said.contains("git cannot use the repository around") && said.contains("dubious ownership"),
        "{said}"
    );
    fs::remove_dir_all(first.join(".git")).unwrap();
    let said = team.run(&first, &PLAN).exits(1).stderr;
    assert!(said.contains("no git repository is around"), "{said}");
    // A file of that name is written with its folder.
    team.run(&first, &[&DEPLOY[..], &["--state=./git"]].concat())
        .exits(0);
    assert!(first.join("git").is_file());
}

#[test]
fn a_remote_that_wants_a_password_is_an_error_where_nobody_can_be_asked() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/p.git", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in server.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let answer = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n\
                           Content-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = connection.write_all(answer);
        }
    });
    let team = Team::new();
    let first = team.first();
    git(&first, &["remote", "set-url", "origin", &url]);
    let mut plan = team.command(&first, &PLAN);
    for variable in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        plan.env_remove(variable);
    }
    let said = answer(&mut plan).exits(1).stderr;
    assert!(
        said.contains("terminal prompts disabled")
            && said
                .contains("help: sign git in: `git ls-remote origin` must work without a question"),
        "{said}"
    );
}

#[test]
fn a_remote_that_hangs_is_given_up() {
    let team = Team::new();
    let first = team.first();
    let settings = SETTINGS.replace("state =", "answer_timeout = \"1s\"\nstate =");
    team.project
        .write("first/Cargo.toml", &package("p", &settings));
    git(
        &first,
        &["remote", "set-url", "origin", "ssh://host.test/p.git"],
    );
    let mut command = team.command(&first, &PLAN);
    let said = answer(command.env("GIT_SSH_COMMAND", "sleep 20 #"))
        .exits(1)
        .stderr;
    assert!(
        said.contains("`git ls-remote` with `origin` did not finish within 1s and was killed"),
        "{said}"
    );
}

#[test]
fn pushes_that_go_to_another_repository_are_refused() {
    let team = Team::new();
    let first = team.first();
    git(
        &team.project.path(""),
        &["init", "-q", "--bare", "fork.git"],
    );
    let fork = team.project.path("fork.git");
    let url = fork.to_str().unwrap();
    git(&first, &["remote", "set-url", "--push", "origin", url]);
    for args in [&DEPLOY[..], &["state", "push", "-q", "state.json"]] {
        fs::write(
            first.join("state.json"),
            r#"{"state_version": 3, "lineage": "0123456789abcdef", "serial": 1, "targets": {}}"#,
        )
        .unwrap();
        let said = team.run(&first, args).exits(1).stderr;
        assert!(
            said.contains("`origin` does not have the lock that was pushed to it"),
            "{said}"
        );
    }
    assert_eq!(git(&fork, &["for-each-ref"]), "");
    assert!(team.project.take_calls().is_empty());
}

#[test]
fn what_ssh_says_is_said() {
    let team = Team::new();
    let first = team.first();
    git(
        &first,
        &["remote", "set-url", "origin", "ssh://git@host.test/p.git"],
    );
    team.project.with_tool(
        "ssh",
        "#!/bin/sh\necho 'ERROR: Repository not found.' >&2\nexit 1\n",
    );
    let mut plan = team.command(&first, &PLAN);
    plan.env("GIT_SSH_COMMAND", team.project.path("bin/ssh"));
    let said = answer(&mut plan).exits(1).stderr;
    assert!(
        said.starts_with(
            "error: `git ls-remote` with `origin` failed: ERROR: Repository not found.\nhelp: "
        ),
        "{said}"
    );
    // Its own error goes before that.
    team.project.with_tool(
        "ssh",
        "#!/bin/sh\necho 'fatal: detected dubious ownership' >&2\n\
         echo 'git config --global' >&2\nexit 1\n",
    );
    let said = answer(&mut plan).exits(1).stderr;
    assert!(
        said.contains("failed: detected dubious ownership\n"),
        "{said}"
    );
}

#[test]
fn the_lock_is_not_an_environments_ref() {
    assert!(!LOCK_REF.starts_with("refs/machinist/"));
    let team = Team::new();
    let first = team.first();
    // The commits of CI have a name too, though git has none.
    let mut deploy = team.command(&first, &DEPLOY);
    deploy
        .env("HOME", team.project.path("nobody"))
        .env("GITHUB_ACTOR", "alice");
    deploy.env("GIT_CONFIG_NOSYSTEM", "1");
    answer(&mut deploy).exits(0);
    let author = git(
        &team.remote(),
        &["log", "-1", "--format=%an, %B", STATE_REF],
    );
    assert!(
        author.starts_with("alice, deploy to skypilot: ") && author.contains("\nBy: alice\n"),
        "{author}"
    );
}
