//! A month of a team: two environments, three clones, and one state on git. Staging is a Knative
//! cluster with the real `kubectl`, prod is fal with its real client. After each step the platforms
//! have what the plan said.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use machinist_tests::{Python, Server, machinist, read, sdk, stderr, stdout, write};
use serde_json::Value;
use tempfile::TempDir;

/// What a platform has of an app, and what a plan says that it will have.
#[derive(Debug, PartialEq)]
struct App {
    machine_type: String,
    max_concurrency: u64,
}

type Apps = BTreeMap<String, App>;

/// The platforms, the shared repository, and the folder of the clones.
struct Team {
    _servers: [Server; 2],
    folder: TempDir,
    fal: Python,
    knative: Python,
    variables: Vec<(&'static str, String)>,
}

/// A clone of the repository.
struct Clone<'t> {
    team: &'t Team,
    folder: PathBuf,
}

const ENVIRONMENTS: [&str; 2] = ["staging", "prod"];

impl Team {
    /// `None` where a client cannot be had.
    fn start() -> Option<Self> {
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (fal, knative) = (Python::with("fal", tools)?, Python::with("knative", tools)?);
        let folder = tempfile::tempdir().unwrap();
        let (fal_server, line) = fal.serve("fal/fal_platform.py", folder.path());
        let (cluster, _) = knative.serve("knative/cluster.py", folder.path());
        let addresses: Value = serde_json::from_str(&line).unwrap();
        let address = |kind: &str| addresses[kind].as_str().unwrap().to_owned();
        let variables = vec![
            ("ISOLATE_TEST_MODE", "1".to_owned()),
            ("FAL_GRPC_HOST", address("grpc")),
            ("FAL_REST_HOST", address("rest")),
            ("FAL_KEY", "id:secret".into()),
            (
                "KUBECONFIG",
                folder.path().join("kubeconfig").display().to_string(),
            ),
            ("HOME", folder.path().display().to_string()),
        ];
        let team = Self {
            _servers: [fal_server, cluster],
            folder,
            fal,
            knative,
            variables,
        };
        let remote = team.folder.path().join("remote.git");
        team.git(
            team.folder.path(),
            &[
                "init",
                "-q",
                "--bare",
                "-b",
                "main",
                remote.to_str().unwrap(),
            ],
        );
        Some(team)
    }

    /// A program in a folder, with the platforms' tools.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let of_home = |variable: &str, folder: &str| {
            let home = std::env::var_os("HOME").unwrap_or_default();
            std::env::var_os(variable).unwrap_or_else(|| Path::new(&home).join(folder).into())
        };
        let mut path = self.slow_tools().into_os_string();
        for tools in [self.fal.programs().into_os_string(), self.knative.path()] {
            path.push(":");
            path.push(tools);
        }
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("CARGO_HOME", of_home("CARGO_HOME", ".cargo"))
            .env("RUSTUP_HOME", of_home("RUSTUP_HOME", ".rustup"))
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .env("PATH", path)
            .env_remove("MACHINIST_ENV")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Where a `fal` that takes its time may lie, before the real one.
    fn slow_tools(&self) -> PathBuf {
        self.folder.path().join("slow")
    }

    fn git(&self, folder: &Path, args: &[&str]) -> String {
        let who = ["-c", "user.name=team", "-c", "user.email=team@example.com"];
        let git = self
            .command(Path::new("git"), folder)
            .args(who)
            .args(args)
            .output();
        stdout(&git.unwrap()).trim().to_owned()
    }

    fn clone(&self, name: &str, options: &[&str]) -> Clone<'_> {
        let folder = self.folder.path().join(name);
        let remote = format!("file://{}", self.folder.path().join("remote.git").display());
        let args = [&["clone", "-q"], options, &[&remote, name]].concat();
        self.git(self.folder.path(), &args);
        Clone { team: self, folder }
    }

    /// What the cluster has in the namespace of staging, with the GPU by the node's label.
    fn staging(&self) -> Apps {
        let kubectl = self.knative.programs().join("kubectl");
        let get = ["--namespace=staging", "get", "ksvc", "-o", "json"];
        let output = self
            .command(&kubectl, self.folder.path())
            .args(get)
            .output();
        let list: Value = serde_json::from_str(&stdout(&output.unwrap())).unwrap();
        let services = list["items"].as_array().unwrap().iter();
        let app = |service: &Value| {
            let template = &service["spec"]["template"];
            let terms = &template["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                ["nodeSelectorTerms"];
            let label = terms[0]["matchExpressions"][0]["values"][0]
                .as_str()
                .unwrap();
            let model = label.split('-').nth(1).unwrap();
            let most = &template["metadata"]["annotations"]["autoscaling.knative.dev/max-scale"];
            let app = App {
                machine_type: format!("GPU-{model}"),
                max_concurrency: most.as_str().unwrap().parse().unwrap(),
            };
            (
                service["metadata"]["name"].as_str().unwrap().to_owned(),
                app,
            )
        };
        services.map(app).collect()
    }

    /// What fal has.
    fn prod(&self) -> Apps {
        let fal = self.fal.programs().join("fal");
        let list = ["apps", "list", "--output", "json"];
        let output = self.command(&fal, self.folder.path()).args(list).output();
        let list: Value = serde_json::from_str(&stdout(&output.unwrap())).unwrap();
        let apps = list["apps"].as_array().unwrap().iter();
        let app = |listed: &Value| {
            let app = App {
                machine_type: listed["machine_types"][0].as_str().unwrap().to_owned(),
                max_concurrency: listed["max_concurrency"].as_u64().unwrap(),
            };
            (listed["alias"].as_str().unwrap().to_owned(), app)
        };
        apps.map(app).collect()
    }

    fn platform(&self, environment: &str) -> Apps {
        match environment {
            "staging" => self.staging(),
            _ => self.prod(),
        }
    }

    /// `fal` says when it begins a deploy, and goes on as long as who called it.
    fn slow_fal_down(&self) {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in deploy*) touch '{begun}'; while kill -0 $PPID; do sleep 0.1; done; exit 1 ;; esac\nexec '{fal}' \"$@\"\n",
            begun = self.folder.path().join("begun").display(),
            fal = self.fal.programs().join("fal").display(),
        );
        fs::create_dir_all(self.slow_tools()).unwrap();
        let file = self.slow_tools().join("fal");
        write(&file, &script);
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

impl Clone<'_> {
    fn run(&self, args: &[&str]) -> Output {
        let output = self
            .team
            .command(machinist(), &self.folder)
            .args(args)
            .output();
        output.unwrap()
    }

    fn succeeds(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command says that is refused.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{args:?}: {}",
            stderr(&output)
        );
        stderr(&output)
    }

    fn git(&self, args: &[&str]) -> String {
        self.team.git(&self.folder, args)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, text);
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let text = read(&self.folder.join(file));
        assert!(text.contains(old), "{file} has no {old}");
        self.write(file, &text.replace(old, new));
    }

    fn push(&self, message: &str) {
        self.git(&["add", "."]);
        self.git(&["commit", "-qm", message]);
        self.git(&["push", "-q", "origin", "HEAD"]);
    }

    /// What a plan says that an environment will have, with what is left alone there.
    fn planned(&self, environment: &str, more: &[&str]) -> Apps {
        let args = ["plan", "--env", environment, "--format", "json", "-q"];
        let plan = self.succeeds(&[&args, more].concat());
        self.apps_of_plan(&serde_json::from_str(&plan).unwrap(), environment)
    }

    fn apps_of_plan(&self, plan: &Value, environment: &str) -> Apps {
        let mut apps = self.team.platform(environment);
        for app in plan["apps"].as_array().unwrap() {
            let name = app["name"].as_str().unwrap().to_owned();
            let effective = &app["effective"];
            if app["action"] == "delete" {
                apps.remove(&name);
                continue;
            }
            let machine_type = effective["code"]["machine_type"][0].as_str().unwrap();
            let app = App {
                machine_type: machine_type.to_owned(),
                max_concurrency: effective["scaling"]["max_concurrency"].as_u64().unwrap(),
            };
            apps.insert(name, app);
        }
        apps
    }

    /// Plans and deploys: the platform has what the plan said, and then nothing is left to do.
    #[track_caller]
    fn deploy(&self, environment: &str, more: &[&str]) {
        let planned = self.planned(environment, more);
        self.succeeds(&[&["deploy", "-yq", "--env", environment], more].concat());
        assert_eq!(self.team.platform(environment), planned);
        self.has_nothing_to_do(environment);
    }

    #[track_caller]
    fn has_nothing_to_do(&self, environment: &str) {
        let args = ["plan", "-q", "--env", environment, "--detailed-exitcode"];
        let output = self.run(&args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    }

    #[track_caller]
    fn has(&self, environment: &str, app: &str, machine_type: &str, max_concurrency: u64) {
        let expected = App {
            machine_type: machine_type.to_owned(),
            max_concurrency,
        };
        assert_eq!(self.team.platform(environment).get(app), Some(&expected));
    }

    /// Begins a deploy, and comes back when the platform's tool runs.
    fn begin_deploy(&self, environment: &str) -> Child {
        let mut deploy = self.team.command(machinist(), &self.folder);
        deploy.args(["deploy", "-yq", "--env", environment]);
        let mut child = deploy
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = self.team.folder.path().join("begun");
        while !begun.exists() {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before its tool ran: {ended:?}");
            thread::sleep(Duration::from_millis(20));
        }
        child
    }
}

const WORKSPACE: &str = r#"[workspace]
members = ["serve", "tools"]
resolver = "3"

[workspace.metadata.machinist]
state = "git"
image = "ghcr.io/acme/serve:v1"
profile = "dev"

[workspace.metadata.machinist.env.staging]
target = "knative"
knative = { namespace = "staging" }

[workspace.metadata.machinist.env.prod]
target = "fal"
fal = { env = "main" }
apps.llm.scaling = { max_concurrency = 5 }
"#;

fn package(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dependencies]\nmachinist.path = \"{}\"\n",
        sdk()
    )
}

/// An app as it is written in code.
fn app(name: &str, machine_type: &str) -> String {
    format!(
        "#[machinist::app(name = \"{name}\", machine_type = \"{machine_type}\", port = 8080, \
         scaling(max_concurrency = 3))]\n"
    )
}

#[test]
fn a_month_of_a_team() {
    let Some(team) = Team::start() else { return };

    // Ann begins, and both environments get what the code says.
    let ann = team.clone("ann", &[]);
    ann.write("Cargo.toml", WORKSPACE);
    ann.write("serve/Cargo.toml", &package("serve"));
    ann.write("tools/Cargo.toml", &package("tools"));
    let serve =
        app("llm", "GPU-L40") + "fn main() {}\n" + &app("router", "GPU-L40") + "struct Router;\n";
    ann.write(
        "serve/src/main.rs",
        &serve.replace("struct", "#[allow(dead_code)]\nstruct"),
    );
    ann.write("tools/src/main.rs", "fn main() {}\n");
    ann.write(".gitignore", "target\n");
    let mut build = team.command(Path::new("cargo"), &ann.folder);
    stdout(&build.args(["build", "--quiet"]).output().unwrap());
    ann.push("Two apps");
    let first = ann.git(&["rev-parse", "HEAD"]);
    for environment in ENVIRONMENTS {
        ann.deploy(environment, &[]);
    }
    ann.has("staging", "llm", "GPU-L40", 3);
    ann.has("prod", "llm", "GPU-L40", 5);

    // Ben, from a shallow clone, and Cleo tune, each an environment. All see both.
    let ben = team.clone("ben", &["--depth=1"]);
    let cleo = team.clone("cleo", &[]);
    ben.succeeds(&[
        "scale",
        "-q",
        "llm",
        "max_concurrency=6",
        "--env",
        "staging",
    ]);
    cleo.succeeds(&["scale", "-q", "llm", "max_concurrency=8", "--env", "prod"]);
    ann.has("staging", "llm", "GPU-L40", 6);
    ann.has("prod", "llm", "GPU-L40", 8);
    for clone in [&ann, &ben, &cleo] {
        for environment in ENVIRONMENTS {
            clone.has_nothing_to_do(environment);
        }
    }

    // A pull request: the plan is kept and read, and nobody's platform is touched by it.
    ben.git(&["checkout", "-qb", "bigger"]);
    ben.replace(
        "serve/src/main.rs",
        "name = \"llm\", machine_type = \"GPU-L40\"",
        "name = \"llm\", machine_type = \"GPU-H100\"",
    );
    ben.push("A bigger machine");
    let comment = ben.succeeds(&["plan", "-q", "--env", "prod", "--format", "markdown"]);
    assert!(
        comment.contains("GPU-H100") && comment.contains("GPU-L40"),
        "{comment}"
    );
    ben.has("prod", "llm", "GPU-L40", 8);
    cleo.git(&["fetch", "-q", "origin", "bigger"]);
    cleo.git(&["merge", "-q", "FETCH_HEAD"]);
    cleo.git(&["push", "-q", "origin", "main"]);
    cleo.succeeds(&["plan", "-q", "--env", "prod", "-o", "target/plan.json"]);
    // Somebody is faster: the plan is no longer what was read.
    ann.succeeds(&[
        "scale",
        "-q",
        "router",
        "max_concurrency=4",
        "--env",
        "prod",
    ]);
    let refusal = cleo.refused(&["deploy", "-q", "target/plan.json"]);
    assert!(
        refusal.contains("is not what a deploy would do now"),
        "{refusal}"
    );
    cleo.has("prod", "llm", "GPU-L40", 8);
    // Made again, it is carried out from another clone.
    cleo.succeeds(&["plan", "-q", "--env", "prod", "-o", "target/plan.json"]);
    ann.git(&["pull", "-q"]);
    let kept: Value = serde_json::from_str(&read(&cleo.folder.join("target/plan.json"))).unwrap();
    let planned = ann.apps_of_plan(&kept, "prod");
    ann.succeeds(&["deploy", "-q", "../cleo/target/plan.json"]);
    assert_eq!(team.prod(), planned);
    ann.has("prod", "llm", "GPU-H100", 8);
    ann.has("prod", "router", "GPU-L40", 4);

    // An old checkout brings old code to staging, and takes nothing from what was tuned since.
    ann.deploy("staging", &[]);
    ben.git(&["fetch", "-q", "--unshallow"]);
    ben.git(&["checkout", "-q", &first]);
    ben.deploy("staging", &[]);
    ben.has("staging", "llm", "GPU-L40", 6);
    ann.deploy("staging", &[]);
    ann.has("staging", "llm", "GPU-H100", 6);

    // A hotfix goes to prod alone, and is rolled back. What is tuned stays.
    cleo.git(&["checkout", "-qb", "hotfix"]);
    let fix = "profile = \"dev\"\napps.llm.image = \"ghcr.io/acme/serve:v2\"";
    cleo.replace("Cargo.toml", "profile = \"dev\"", fix);
    cleo.replace("serve/src/main.rs", "\"GPU-H100\"", "\"GPU-H200\"");
    cleo.push("A hotfix");
    cleo.deploy("prod", &["llm"]);
    cleo.has("prod", "llm", "GPU-H200", 8);
    ann.succeeds(&["rollback", "-yq", "llm", "--env", "prod"]);
    ann.has("prod", "llm", "GPU-H100", 8);
    ann.has("staging", "llm", "GPU-H100", 6);
    ann.has_nothing_to_do("prod");

    // A rename carries the tuned values over.
    ann.replace("serve/src/main.rs", "name = \"llm\"", "name = \"chat\"");
    ann.replace("Cargo.toml", "apps.llm.", "apps.chat.");
    ann.push("llm is chat");
    for environment in ENVIRONMENTS {
        ann.succeeds(&["mv", "-q", "llm", "chat", "--env", environment]);
        ann.deploy(environment, &["--prune", "--workspace"]);
    }
    ann.has("staging", "chat", "GPU-H100", 6);
    ann.has("prod", "chat", "GPU-H100", 8);
    assert_eq!(team.prod().get("llm"), None);
    assert_eq!(team.staging().get("llm"), None);

    // An app is handed from one package to another, which must be agreed to.
    let router = app("router", "GPU-L40") + "#[allow(dead_code)]\nstruct Router;\n";
    ann.replace("serve/src/main.rs", &router, "");
    ann.write("tools/src/main.rs", &(router + "fn main() {}\n"));
    ann.push("tools has the router");
    let refusal = ann.refused(&["deploy", "-yq", "--env", "prod"]);
    assert!(
        refusal.contains("`router` was deployed from the package `serve`"),
        "{refusal}"
    );
    ann.has("prod", "router", "GPU-L40", 4);
    for environment in ENVIRONMENTS {
        ann.deploy(environment, &["--adopt", "router"]);
    }

    // Another team has an app of the name that ours is about to take.
    let theirs = team.folder.path().join("theirs");
    fs::create_dir_all(theirs.join("src")).unwrap();
    let settings = "[workspace]\n[package.metadata.machinist]\ntarget = \"fal\"\nprofile = \"dev\"\nimage = \"other/embed:v9\"\n";
    write(&theirs.join("Cargo.toml"), &(package("theirs") + settings));
    write(
        &theirs.join("src/main.rs"),
        &(app("embed", "GPU-B200") + "fn main() {}\n"),
    );
    let mut deploy = team.command(machinist(), &theirs);
    stdout(&deploy.args(["deploy", "-yq"]).output().unwrap());
    ann.replace(
        "tools/src/main.rs",
        "fn main",
        &(app("embed", "GPU-L40") + "fn main"),
    );
    let refusal = ann.refused(&["deploy", "-yq", "--env", "prod"]);
    assert!(refusal.contains("`embed` runs on fal already"), "{refusal}");
    ann.has("prod", "embed", "GPU-B200", 3);
    ann.git(&["checkout", "-q", "--", "."]);

    // Cleo's machine is lost in the middle of a deploy. Others see who holds the lock, break it,
    // and deploy what the plan says.
    cleo.git(&["checkout", "-q", "main"]);
    cleo.git(&["pull", "-q"]);
    cleo.replace("serve/src/main.rs", "\"GPU-H100\"", "\"GPU-B200\"");
    team.slow_fal_down();
    let mut lost = cleo.begin_deploy("prod");
    let tune = ["scale", "-q", "chat", "max_concurrency=9", "--env", "prod"];
    let refusal = ann.refused(&tune);
    assert!(
        refusal.contains("cargo machinist state unlock"),
        "{refusal}"
    );
    lost.kill().unwrap();
    lost.wait().unwrap();
    fs::remove_dir_all(&cleo.folder).unwrap();
    fs::remove_dir_all(team.slow_tools()).unwrap();
    ann.refused(&tune);
    ann.succeeds(&["state", "unlock", "--yes", "--env", "prod"]);
    ann.succeeds(&tune);
    ann.deploy("prod", &[]);
    ann.has("prod", "chat", "GPU-H100", 9);

    // All of it is in the log of the state, and the clones have no state of their own.
    let log = ann.succeeds(&["state", "log", "--env", "prod"]);
    for part in [
        "scale llm max_concurrency=8",
        "chat",
        "rolled back",
        "router adopted",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    for environment in ENVIRONMENTS {
        ann.has_nothing_to_do(environment);
    }
    assert_eq!(ann.git(&["status", "--porcelain"]), "");
}
