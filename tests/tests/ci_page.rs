//! The workflows of `docs/src/ci.md`: checkers accept them, and all of their scripts run here, with
//! tools that remember what they were given.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use machinist_tests::{Python, has, machinist, read, repository, sdk, stderr, stdout, write};
use serde_json::{Value, json};
use tempfile::TempDir;

const FILES: [&str; 3] = [
    ".github/workflows/machinist.yml",
    ".github/workflows/machinist-drift.yml",
    ".gitlab-ci.yml",
];

/// The blocks of YAML of the page, in their order.
fn blocks() -> Vec<(&'static str, String)> {
    let page = read(&repository().join("docs/src/ci.md"));
    let blocks = page.split("\n```yaml\n").skip(1);
    let blocks: Vec<&str> = blocks
        .map(|rest| rest.split_once("\n```").unwrap().0)
        .collect();
    assert_eq!(blocks.len(), FILES.len());
    for file in FILES {
        assert!(
            page.contains(&format!("`{file}`")),
            "the page names no `{file}`"
        );
    }
    FILES
        .into_iter()
        .zip(blocks)
        .map(|(file, block)| (file, format!("{block}\n")))
        .collect()
}

fn python() -> Option<Python> {
    Python::with("ci", Path::new(env!("CARGO_TARGET_TMPDIR")))
}

#[test]
fn checkers_accept_the_workflows() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in blocks() {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, &text);
    }
    let check = |program: &str, args: &[&str]| {
        let mut command = python.command(program);
        let output = command.args(args).current_dir(folder.path()).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
        (output.status.success(), said)
    };
    let [workflow, drift, gitlab] = FILES;
    let github = ["--builtin-schema", "vendor.github-workflows"];
    let with_limits = [
        "--builtin-schema",
        "custom.github-workflows-require-timeout",
    ];
    for (program, args) in [
        ("actionlint", &[workflow, drift][..]),
        (
            "check-jsonschema",
            &[&github[..], &[workflow, drift]].concat(),
        ),
        (
            "check-jsonschema",
            &[&with_limits[..], &[workflow, drift]].concat(),
        ),
        (
            "check-jsonschema",
            &["--builtin-schema", "vendor.gitlab-ci", gitlab],
        ),
    ] {
        let (is_accepted, said) = check(program, args);
        assert!(is_accepted, "{program} {args:?}: {said}");
    }
    // A checker that accepts everything would be none.
    let text = read(&folder.path().join(workflow)).replace("needs: plan", "needs: plam");
    write(&folder.path().join(workflow), &text);
    assert!(!check("actionlint", &[workflow]).0);
    let text = read(&folder.path().join(gitlab)).replace("needs: [plan]", "needs: 7");
    write(&folder.path().join(gitlab), &text);
    let (is_accepted, _) = check(
        "check-jsonschema",
        &["--builtin-schema", "vendor.gitlab-ci", gitlab],
    );
    assert!(!is_accepted);
}

/// A team's repository, its CI, and a platform.
struct Ci {
    folder: TempDir,
    /// By the name of the file.
    workflows: BTreeMap<&'static str, Value>,
}

impl Ci {
    /// `None` where a tool is missing.
    fn new() -> Option<Self> {
        let python = python()?;
        if !has("jq", &["--version"]) || !has("git", &["--version"]) {
            return None;
        }
        let parse = |text: &str| -> Value {
            let mut parser = python
                .command("python")
                .arg(repository().join("tests/ci/workflows.py"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = parser.stdin.take().unwrap();
            stdin.write_all(text.as_bytes()).unwrap();
            drop(stdin);
            serde_json::from_str(&stdout(&parser.wait_with_output().unwrap())).unwrap()
        };
        let ci = Self {
            folder: tempfile::tempdir().unwrap(),
            workflows: blocks()
                .into_iter()
                .map(|(file, text)| (file, parse(&text)))
                .collect(),
        };
        fs::create_dir(ci.path("records")).unwrap();
        let deployed = json!({"apps": [{
            "alias": "llm-server--prod", "revision": "r1", "auth_mode": "private",
            "machine_types": ["GPU-H100"], "min_concurrency": 0,
        }]});
        ci.record("deployed.json", &deployed.to_string());
        ci.record("fal.json", "{\"apps\": []}");
        ci.record("comments.json", r#"[{"id": 1, "body": "Nice!"}]"#);
        ci.commit_the_project();
        Some(ci)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn record(&self, file: &str, text: &str) {
        write(&self.path("records").join(file), text);
    }

    fn recorded(&self, file: &str) -> String {
        fs::read_to_string(self.path("records").join(file)).unwrap_or_default()
    }

    fn comments(&self) -> Vec<Value> {
        serde_json::from_str(&self.recorded("comments.json")).unwrap()
    }

    fn git(&self, folder: &str, args: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@a"]);
        stdout(
            &git.args(args)
                .current_dir(self.path(folder))
                .output()
                .unwrap(),
        )
    }

    fn commit_the_project(&self) {
        self.git("", &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        self.clone_into("laptop");
        let laptop = self.path("laptop");
        let cargo = format!(
            "[package]\nname = \"llm-server\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [workspace]\n[dependencies]\nmachinist.path = \"{}\"\n\
             [package.metadata.machinist]\ntarget = \"fal\"\n\
             [package.metadata.machinist.env.prod]\n",
            sdk()
        );
        write(&laptop.join("Cargo.toml"), &cargo);
        fs::create_dir(laptop.join("src")).unwrap();
        let main = "#[machinist::app(name = \"llm-server\", machine_type = \"GPU-H100\")]\n\
                    fn main() {}\n";
        write(&laptop.join("src/main.rs"), main);
        fs::copy(repository().join("Cargo.lock"), laptop.join("Cargo.lock")).unwrap();
        let mut cargo = self.command("cargo", "laptop");
        stdout(
            &cargo
                .args(["metadata", "--format-version=1"])
                .output()
                .unwrap(),
        );
        write(&laptop.join(".gitignore"), "target\n");
        self.git("laptop", &["add", "-A"]);
        self.git("laptop", &["commit", "-qm", "first"]);
        self.git("laptop", &["push", "-q", "origin", "HEAD:main"]);
    }

    /// A clone of the newest `main`.
    fn clone_into(&self, folder: &str) {
        let _ = fs::remove_dir_all(self.path(folder));
        self.git("", &["clone", "-q", "origin.git", folder]);
    }

    /// A program in a folder, with the tools of CI. Of what is set here it gets only what it needs.
    fn command(&self, program: &str, folder: &str) -> Command {
        let tools = repository().join("tests/ci/tools").canonicalize().unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let folders = std::iter::once(tools.clone()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).unwrap();
        let program = match tools.join(program) {
            tool if tool.exists() => tool,
            _ => program.into(),
        };
        let kept: Vec<(&str, OsString)> = ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"]
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)))
            .collect();
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(kept)
            .env("PATH", path)
            .env("RECORDS", self.path("records"))
            .env("MACHINIST", machinist())
            .env(
                "REAL_CARGO",
                std::env::var_os("CARGO").unwrap_or("cargo".into()),
            )
            .stdin(Stdio::null())
            .current_dir(self.path(folder));
        command
    }

    /// Runs a script as a runner does.
    fn script(&self, folder: &str, script: &str, env: &BTreeMap<String, String>) -> Output {
        let mut bash = self.command("bash", folder);
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        bash.envs(env).output().unwrap()
    }

    /// Where the build of all clones is.
    fn share_target(&self, folder: &str) {
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ci-target");
        fs::create_dir_all(&shared).unwrap();
        std::os::unix::fs::symlink(shared, self.path(folder).join("target")).unwrap();
    }

    /// Copies what an artifact keeps of files: what is in them.
    fn hand_over(&self, paths: &[&str], from: &str, to: &str) {
        for path in paths {
            let (from, to) = (self.path(from).join(path), self.path(to).join(path));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, &to).unwrap();
            fs::set_permissions(to, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }

    /// Runs a job of GitHub in a folder. Fails with the step that fails, after those that run then.
    fn github(&self, file: &str, job: &str, event: &str, folder: &str) -> Result<(), String> {
        let workflow = &self.workflows[file];
        let job = &workflow["jobs"][job];
        assert!(runs(&job["if"], event, false), "the job does not run");
        let mut env = variables(&workflow["env"]);
        let summary = self.path("records/summary.md").display().to_string();
        env.extend([
            ("GITHUB_STEP_SUMMARY".to_owned(), summary),
            ("GITHUB_REPOSITORY".to_owned(), "acme/llm".to_owned()),
        ]);
        self.clone_into(folder);
        let mut failure = None;
        for step in job["steps"].as_array().unwrap() {
            if !runs(&step["if"], event, failure.is_some()) {
                continue;
            }
            if let Some(action) = step["uses"].as_str() {
                let (action, _) = action.split_once('@').unwrap();
                let paths = step["with"]["path"].as_str().unwrap_or_default();
                let paths: Vec<&str> = paths.lines().collect();
                match action {
                    "actions/checkout" => {
                        if job["needs"].is_null() {
                            self.share_target(folder);
                        }
                    }
                    "actions/upload-artifact" => self.hand_over(&paths, folder, "artifact"),
                    "actions/download-artifact" => {
                        let all = ["target/plan.json", "target/release/llm-server"];
                        self.hand_over(&all, "artifact", folder);
                    }
                    other => panic!("{other}"),
                }
                continue;
            }
            let mut env = env.clone();
            env.extend(variables(&step["env"]));
            let output = self.script(folder, step["run"].as_str().unwrap(), &env);
            if !output.status.success() && failure.is_none() {
                failure = Some(format!("{}: {}", step["name"], stderr(&output)));
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Runs a job of GitLab in a folder.
    fn gitlab(&self, job: &str, source: &str, folder: &str) -> Result<(), String> {
        let all = &self.workflows[".gitlab-ci.yml"];
        let job = &all[job];
        let mut env = variables(&all["variables"]);
        for (name, value) in [
            ("CI_PIPELINE_SOURCE", source),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_SERVER_HOST", "gitlab.test"),
            ("CI_PROJECT_PATH", "acme/llm"),
            ("CI_API_V4_URL", "https://gitlab.test/api/v4"),
            ("CI_PROJECT_ID", "7"),
            ("GITLAB_TOKEN", "secret-of-gitlab"),
            ("FAL_KEY", "secret-of-fal"),
        ] {
            env.insert(name.into(), value.into());
        }
        if source == "merge_request_event" {
            env.insert("CI_MERGE_REQUEST_IID".into(), "3".into());
        }
        // git is told to push into the folder that stands for the server.
        let url = "https://machinist:secret-of-gitlab@gitlab.test/acme/llm.git";
        let origin = self.path("origin.git").display().to_string();
        for (name, value) in [
            ("GIT_CONFIG_COUNT", "1".to_owned()),
            ("GIT_CONFIG_KEY_0", format!("url.{origin}.insteadOf")),
            ("GIT_CONFIG_VALUE_0", url.to_owned()),
        ] {
            env.insert(name.into(), value);
        }
        let lines = |list: &Value| {
            let lines = list.as_array().into_iter().flatten();
            let lines: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
            lines.join("\n")
        };
        let before = &all[job["extends"].as_str().unwrap()]["before_script"];
        let script = format!("{}\n{}", lines(before), lines(&job["script"]));
        let output = self.script(folder, &script, &env);
        stdout(&self.script(folder, &lines(&job["after_script"]), &env));
        match output.status.code() {
            Some(0) => Ok(()),
            code => Err(format!("{code:?}: {}", stderr(&output))),
        }
    }
}

/// The variables of a part of a workflow, with the values that expressions have in this test.
fn variables(env: &Value) -> BTreeMap<String, String> {
    let value = |text: &str| match text {
        "${{ secrets.FAL_KEY }}" => "secret-of-fal".to_owned(),
        "${{ github.token }}" => "secret-of-github".to_owned(),
        "${{ github.event.pull_request.number }}" => "3".to_owned(),
        other if !other.contains("${{") => other.to_owned(),
        other => panic!("{other}"),
    };
    let env = env.as_object().into_iter().flatten();
    env.map(|(name, text)| (name.clone(), value(text.as_str().unwrap())))
        .collect()
}

/// Whether a job or a step with this condition runs.
fn runs(condition: &Value, event: &str, has_failed: bool) -> bool {
    match condition.as_str() {
        None => !has_failed,
        Some("${{ !cancelled() }}") => true,
        Some("${{ !cancelled() && github.event_name == 'pull_request' }}") => {
            event == "pull_request"
        }
        Some("github.event_name == 'push'") => event == "push" && !has_failed,
        Some(
            "github.event_name == 'push' || github.event.pull_request.head.repo.full_name == \
             github.repository",
        ) => !has_failed,
        Some(other) => panic!("{other}"),
    }
}

/// The command lines of `cargo machinist` in the workflows.
fn command_lines() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, block) in blocks() {
        for line in block.lines().filter(|line| !line.contains("cargo install")) {
            let Some((_, rest)) = line.split_once("cargo machinist ") else {
                continue;
            };
            let command = rest.split(['>', '|', '&']).next().unwrap();
            found.insert(format!("machinist {}", command.trim()));
        }
    }
    found
}

#[test]
fn the_workflows_plan_deploy_and_find_drift() {
    let Some(ci) = Ci::new() else { return };
    let [workflow, drift, _] = FILES;

    // A pull request gets one comment, which the next plan replaces.
    for _ in 0..2 {
        ci.github(workflow, "plan", "pull_request", "runner-1")
            .unwrap();
    }
    let comments = ci.comments();
    assert_eq!(comments.len(), 2, "{comments:#?}");
    assert_eq!(comments[0]["body"], "Nice!");
    let plan = comments[1]["body"].as_str().unwrap();
    assert!(plan.starts_with("<!-- machinist-plan: fal"), "{plan}");
    assert!(plan.contains("**1 to create**"), "{plan}");
    assert_eq!(ci.recorded("fal"), "");

    // On main another runner carries out exactly the plan that was kept, and pushes the state.
    ci.github(workflow, "plan", "push", "runner-1").unwrap();
    ci.github(workflow, "deploy", "push", "runner-2").unwrap();
    assert_eq!(ci.recorded("fal").lines().count(), 1);
    let state = "main:machinist-state.prod.json";
    let state_of = |ci: &Ci| -> Value {
        serde_json::from_str(&ci.git("origin.git", &["show", state])).unwrap()
    };
    let serial = state_of(&ci)["serial"].clone();
    // What was deployed is a commit: nothing of CI lies beside the code.
    assert!(!state_of(&ci).to_string().contains("-dirty"));
    assert_eq!(
        state_of(&ci)["targets"]["fal"]["apps"]
            .as_object()
            .unwrap()
            .len(),
        1
    );
    // A second time it is refused, and nothing is pushed.
    let head = ci.git("origin.git", &["rev-parse", "main"]);
    let refused = ci
        .github(workflow, "deploy", "push", "runner-2")
        .unwrap_err();
    assert!(
        refused.contains("note: the state had serial 0"),
        "{refused}"
    );
    assert_eq!(ci.git("origin.git", &["rev-parse", "main"]), head);

    // At night nothing has drifted, until somebody changes something.
    let quiet = ci.github(drift, "drift", "schedule", "runner-3");
    assert_eq!(quiet, Ok(()), "{}", ci.recorded("summary.md"));
    ci.clone_into("gitlab-3");
    ci.gitlab("drift", "schedule", "gitlab-3").unwrap();
    let changed = ci.recorded("fal.json").replace("GPU-H100", "GPU-A100");
    ci.record("fal.json", &changed);
    ci.record("summary.md", "");
    ci.github(drift, "drift", "schedule", "runner-3")
        .unwrap_err();
    let summary = ci.recorded("summary.md");
    assert!(summary.contains("GPU-H100 | GPU-A100"), "{summary}");
    let failed = ci.gitlab("drift", "schedule", "gitlab-3").unwrap_err();
    assert!(failed.starts_with("Some(2)"), "{failed}");

    // GitLab: the merge request's note, then the deploy, which repairs the drift.
    ci.record("comments.json", r#"[{"id": 1, "body": "Nice!"}]"#);
    for _ in 0..2 {
        ci.clone_into("gitlab-1");
        ci.share_target("gitlab-1");
        ci.gitlab("plan", "merge_request_event", "gitlab-1")
            .unwrap();
    }
    let notes = ci.comments();
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(notes[1]["body"].as_str().unwrap().contains("GPU-A100"));
    ci.clone_into("gitlab-1");
    ci.share_target("gitlab-1");
    ci.gitlab("plan", "push", "gitlab-1").unwrap();
    ci.clone_into("gitlab-2");
    let artifacts = ci.workflows[".gitlab-ci.yml"]["plan"]["artifacts"]["paths"].clone();
    let artifacts: Vec<&str> = artifacts
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap())
        .collect();
    ci.hand_over(&artifacts, "gitlab-1", "gitlab-2");
    ci.gitlab("deploy", "push", "gitlab-2").unwrap();
    assert_eq!(ci.recorded("fal").lines().count(), 2);
    assert!(state_of(&ci)["serial"].as_u64() > serial.as_u64());

    // Every command line of the page ran.
    let ran: BTreeSet<String> = ci
        .recorded("machinist")
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(command_lines(), ran);
    // No secret is in what was written.
    let state = ci.git("origin.git", &["show", state]);
    let plan = read(&ci.path("artifact/target/plan.json"));
    for text in [
        state,
        plan,
        ci.recorded("comments.json"),
        ci.recorded("summary.md"),
    ] {
        assert!(!text.contains("secret-of"), "{text}");
    }
}
