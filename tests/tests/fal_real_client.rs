//! The target `fal` with the platform's real client, which talks to a platform on this machine.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use machinist_core::parameter::{Group, Key, Kind, PARAMETERS, REGIONS};
use machinist_deploy::{Carries, Manifest, Project};
use machinist_tests::apps::parameters;
use machinist_tests::{
    EVERY_KEY, Python, Server, machinist, read, repository, sdk, stderr, stdout, write,
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

fn python() -> Option<&'static Python> {
    static PYTHON: OnceLock<Option<Python>> = OnceLock::new();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    PYTHON.get_or_init(|| Python::with("fal", folder)).as_ref()
}

/// A platform, and a project that is deployed to it.
struct Platform {
    _server: Server,
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
    project: PathBuf,
}

impl Platform {
    /// `None` where the client cannot be had.
    fn start(project: &Path) -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().unwrap();
        let (server, line) = python.serve("fal/fal_platform.py", folder.path());
        let addresses: Value = serde_json::from_str(&line).unwrap();
        let address = |kind: &str| addresses[kind].as_str().unwrap().to_owned();
        let path = python.path().into_string().unwrap();
        let variables = vec![
            ("ISOLATE_TEST_MODE", "1".to_owned()),
            ("FAL_GRPC_HOST", address("grpc")),
            ("FAL_REST_HOST", address("rest")),
            ("FAL_KEY", "id:secret".to_owned()),
            ("PATH", path),
            // The client keeps files at home.
            ("HOME", folder.path().display().to_string()),
            // A narrow terminal must not break what is read.
            ("COLUMNS", "20".to_owned()),
        ];
        Some(Self {
            _server: server,
            folder,
            variables,
            project: project.to_owned(),
        })
    }

    fn run(&self, program: &Path, args: &[&str]) -> Output {
        let home = std::env::var_os("HOME").unwrap_or_default();
        let of_home = |variable: &str, folder: &str| {
            std::env::var_os(variable).unwrap_or_else(|| Path::new(&home).join(folder).into())
        };
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(&self.project)
            .env("CARGO_HOME", of_home("CARGO_HOME", ".cargo"))
            .env("RUSTUP_HOME", of_home("RUSTUP_HOME", ".rustup"))
            .env("CARGO_TARGET_DIR", target())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command.output().unwrap()
    }

    /// `cargo machinist` with this target and a state beside the platform.
    fn machinist(&self, args: &[&str]) -> Output {
        let state = self.folder.path().join("state.json");
        let common = ["--target", "fal", "--state", state.to_str().unwrap()];
        self.run(machinist(), &[args, &common].concat())
    }

    /// The serials of an app's deploys in the state, newest first.
    fn serials(&self, app: &str) -> Vec<u64> {
        let state = read(&self.folder.path().join("state.json"));
        let state: Value = serde_json::from_str(&state).unwrap();
        let history = state["targets"]["fal"]["apps"][app]["history"].as_array();
        let deploys = history
            .unwrap()
            .iter()
            .filter(|change| change["kind"] != "tuning");
        deploys
            .map(|deploy| deploy["serial"].as_u64().unwrap())
            .collect()
    }

    /// Commands are run in an environment of the platform.
    fn in_environment(mut self, name: &str) -> Self {
        self.variables
            .retain(|(variable, _)| *variable != "FAL_ENV");
        self.variables.push(("FAL_ENV", name.to_owned()));
        self
    }

    fn fal(&self, args: &[&str]) -> String {
        let fal = python().unwrap().programs().join("fal");
        stdout(&self.run(&fal, args))
    }

    /// What the client asked of the platform since.
    fn requests(&self, call: &str) -> Vec<Value> {
        let file = self.folder.path().join("requests.jsonl");
        let text = fs::read_to_string(&file).unwrap_or_default();
        write(&file, "");
        let requests = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        requests
            .filter(|request| request["call"] == call)
            .map(|request| request["request"].clone())
            .collect()
    }

    /// What the platform says of an app.
    fn app(&self, name: &str) -> Value {
        let list: Value =
            serde_json::from_str(&self.fal(&["apps", "list", "--output", "json"])).unwrap();
        let apps = list["apps"].as_array().unwrap();
        apps.iter()
            .find(|app| app["alias"] == name)
            .cloned()
            .unwrap_or_default()
    }
}

/// What `plan` says where no command would run.
const UNCHANGED: &str = "fal, environment main: 1 unchanged, from a release build\n";

/// Where this test was built, and with it most of the examples.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// What the client is to send for an app: the names are the platform's, and what the code does not
/// set is not there.
fn expected(app: &machinist_deploy::App) -> Value {
    let mut expected = Map::new();
    let fal = machinist_deploy::target("fal", Project::default()).unwrap();
    for (key, value) in parameters(app) {
        if matches!(fal.carries(Key::find(&key).unwrap()), Carries::Not(_)) {
            continue;
        }
        let name = match &*key {
            "machine_type" => "machine_types",
            "gpus" => "num_gpus",
            "port" => "exposed_port",
            "regions" => "valid_regions",
            "scaling_delay" => "scaling_delay_seconds",
            "health_check" | "termination_grace_period" => continue,
            same => same,
        };
        expected.insert(name.into(), value);
    }
    // Where nothing is set the client itself says ten seconds, as the platform does.
    expected.entry("keep_alive").or_insert(10.into());
    expected.insert(
        "machine_type".into(),
        app.code.machine_types()[0].as_str().into(),
    );
    expected.insert("scheduler_options".into(), json!({}));
    expected.into()
}

fn manifest(package: &str) -> Manifest {
    let output = Command::new(machinist())
        // As a deploy to a platform builds it.
        .args(["manifest", "--release", "-p", package])
        .current_dir(repository())
        .env("CARGO_TARGET_DIR", target())
        .output();
    Manifest::parse(&stdout(&output.unwrap())).unwrap()
}

/// Checks what the client sent for each app of a manifest.
#[track_caller]
fn assert_sent(requests: &[Value], manifest: &Manifest, scale: bool) {
    let sent: BTreeMap<&str, &Value> = requests
        .iter()
        .map(|request| (request["application_name"].as_str().unwrap(), request))
        .collect();
    assert_eq!(sent.len(), manifest.apps.len());
    for app in &manifest.apps {
        let request = sent[&*app.name];
        assert_eq!(
            request["machine_requirements"],
            expected(app),
            "{}",
            app.name
        );
        assert_eq!(request["scale"], scale);
        let ours = Value::from(parameters(app));
        let health = &ours["health_check"]["path"];
        assert_eq!(&request["health_check_config"]["path"], health);
        let grace = &ours["termination_grace_period"];
        assert_eq!(&request["termination_grace_period_seconds"], grace);
        // The binary went with it, and nothing else.
        let files = request["files"].as_array().unwrap();
        let names: Vec<&str> = files
            .iter()
            .map(|file| file["relative_path"].as_str().unwrap())
            .collect();
        assert_eq!(names, app.binaries);
    }
}

#[test]
fn every_example_is_deployed_as_its_code_says() {
    for package in ["quickstart", "llm-server", "media-studio"] {
        let Some(platform) = Platform::start(repository()) else {
            return;
        };
        stdout(&platform.machinist(&["deploy", "--yes", "-p", package]));
        let manifest = manifest(package);
        assert_sent(&platform.requests("RegisterApplication"), &manifest, false);
        let plan = stdout(&platform.machinist(&["plan", "-p", package]));
        assert!(
            plan == format!(
                "fal, environment main: {} unchanged, from a release build\n",
                manifest.apps.len()
            ),
            "{plan}"
        );
    }
}

#[test]
fn the_code_wins_and_what_was_tuned_stays_until_it_is_reset() {
    let Some(platform) = Platform::start(repository()) else {
        return;
    };
    let app = "storyteller";
    let deploy = ["deploy", "--yes", "-p", "media-studio"];
    stdout(&platform.machinist(&deploy));
    let scaling = |app: &Value| (app["keep_alive"].clone(), app["max_concurrency"].clone());

    // Somebody in the dashboard, and somebody with our command.
    platform.fal(&[
        "apps",
        "scale",
        app,
        "--machine-types",
        "GPU-A100",
        "--keep-alive",
        "600",
    ]);
    stdout(&platform.machinist(&["scale", app, "max_concurrency=12"]));
    let plan = stdout(&platform.machinist(&["plan", "-p", "media-studio"]));
    for line in [
        "machine_type     GPU-A100 -> GPU-H100, GPU-H200  (drift: changed outside the code)",
        "keep_alive       stays 10m  (tuned; the code says 5m)",
        "max_concurrency  stays 12  (tuned; the code says 10)",
        "fal, environment main: 1 to update, 3 unchanged",
    ] {
        assert!(plan.contains(line), "{plan}");
    }

    platform.requests("");
    stdout(&platform.machinist(&deploy));
    let sent = platform.requests("RegisterApplication");
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (&sent[0]["application_name"], &sent[0]["scale"]),
        (&json!(app), &json!(false))
    );
    let live = platform.app(app);
    assert_eq!(live["machine_types"], json!(["GPU-H100", "GPU-H200"]));
    assert_eq!(scaling(&live), (600.into(), 12.into()));

    stdout(&platform.machinist(&[&deploy[..], &["--reset-scaling", app]].concat()));
    let sent = platform.requests("RegisterApplication");
    assert_eq!((sent.len(), &sent[0]["scale"]), (1, &json!(true)));
    assert_eq!(scaling(&platform.app(app)), (300.into(), 10.into()));

    // The revision before the reset has the same code; its scaling, which had been tuned, comes
    // back only if that is asked for.
    let serial = platform.serials(app)[1];
    stdout(&platform.machinist(&["rollback", app, "--yes"]));
    assert!(platform.requests("SetAlias").is_empty());
    assert_eq!(scaling(&platform.app(app)), (300.into(), 10.into()));
    let with_scaling = ["rollback", app, "--yes", "--with-scaling", "--to"];
    stdout(&platform.machinist(&[&with_scaling[..], &[&serial.to_string()]].concat()));
    assert_eq!(platform.requests("SetAlias").len(), 1);
    assert_eq!(scaling(&platform.app(app)), (600.into(), 12.into()));
}

/// A package of its own whose one app sets every parameter.
fn full_width(root: &Path) -> PathBuf {
    let main = full_app("\"us-west\", \"eu-north\"", 300);
    let settings = "secrets = [\"HF_TOKEN\"]\napps.full.env.MODEL = \"small\"";
    small_package(root, "full", settings, &[("src/main.rs", &main)])
}

fn full_app(regions: &str, keep_alive: u32) -> String {
    let app = read(&repository().join(EVERY_KEY))
        .replace("\"every-key\"", "\"full\"")
        .replace(
            "regions = [\"us-west\", \"eu-north\"]",
            &format!("regions = [{regions}]"),
        )
        .replace("keep_alive = \"5m\"", &format!("keep_alive = {keep_alive}"));
    app + "fn main() {}\n"
}

#[test]
fn every_parameter_arrives_and_what_the_code_changes_arrives_too() {
    let folder = tempfile::tempdir().unwrap();
    let project = full_width(folder.path());
    let Some(platform) = Platform::start(&project) else {
        return;
    };
    stdout(&platform.machinist(&["deploy", "--yes"]));
    let said = stdout(&platform.run(machinist(), &["manifest"]));
    let said = Manifest::parse(&said).unwrap();
    let set = parameters(&said.apps[0]).len();
    assert_eq!(set, PARAMETERS.len());
    assert_sent(&platform.requests("RegisterApplication"), &said, false);
    let plan = stdout(&platform.machinist(&["plan"]));
    assert_eq!(plan, UNCHANGED);

    // The platform keeps the scaling of a running app: what the code changes is set after it.
    write(&project.join("src/main.rs"), &full_app("\"us-east\"", 60));
    stdout(&platform.machinist(&["deploy", "--yes"]));
    let live = platform.app("full");
    assert_eq!(
        (&live["keep_alive"], &live["valid_regions"]),
        (&json!(60), &json!(["us-east"]))
    );
    assert_eq!(live["request_start_timeout"], 30);

    // And what the code takes away is gone.
    let less = full_app("", 60)
        .replace("regions = [],", "")
        .replace("request_start_timeout = \"30s\",", "");
    write(&project.join("src/main.rs"), &less);
    stdout(&platform.machinist(&["deploy", "--yes"]));
    let live = platform.app("full");
    assert_eq!(
        (&live["request_start_timeout"], &live["valid_regions"]),
        (&Value::Null, &json!([]))
    );
    let plan = stdout(&platform.machinist(&["plan"]));
    assert_eq!(plan, UNCHANGED);
}

/// A package with one small app, these settings and these files.
fn small_package(root: &Path, name: &str, settings: &str, files: &[(&str, &str)]) -> PathBuf {
    let package = root.join(name);
    fs::create_dir_all(package.join("src")).unwrap();
    let cargo = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nmachinist.path = \"{}\"\n[package.metadata.machinist]\n{settings}\n",
        sdk()
    );
    let app = format!(
        "#[machinist::app(name = \"{name}\", machine_type = \"GPU-L40\", scaling(keep_alive = 60))]\n\
         fn main() {{}}\n"
    );
    let own = [("Cargo.toml", &*cargo), ("src/main.rs", &*app)];
    for (path, text) in own.iter().chain(files) {
        let path = package.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, text);
    }
    package
}

/// The files that arrived with the one deploy since, with their digests.
#[track_caller]
fn arrived(platform: &Platform) -> BTreeMap<String, String> {
    let sent = platform.requests("RegisterApplication");
    assert_eq!(sent.len(), 1);
    let files = sent[0]["files"].as_array().cloned().unwrap_or_default();
    let text = |file: &Value, key: &str| file[key].as_str().unwrap().to_owned();
    let files = files
        .iter()
        .map(|file| (text(file, "relative_path"), text(file, "hash")));
    files.collect()
}

#[test]
fn what_arrives_of_a_whole_project_is_what_docker_would_take() {
    let folder = tempfile::tempdir().unwrap();
    let package = small_package(
        folder.path(),
        "whole",
        "",
        &[
            (
                "Dockerfile",
                "FROM debian:stable-slim\nCOPY . /srv\nENTRYPOINT [\"/srv/whole\"]\n",
            ),
            // The client has no exceptions, and takes a name for one of every folder.
            (
                ".dockerignore",
                "# comment\n*.lock\nmodels/*\n!models/small\n/notes.md\nDockerfile\n",
            ),
            (".env", "KEY=1"),
            ("README.md", "text"),
            ("notes.md", "private"),
            ("docs/notes.md", "text"),
            ("docs/Dockerfile", "FROM other"),
            ("docs/pyproject.toml", "[project]"),
            ("models/small/weights", "1"),
            ("models/large/weights", "2"),
            ("run.sh", "true"),
            (".git/HEAD", "ref"),
            ("target/CACHEDIR.TAG", ""),
        ],
    );
    std::os::unix::fs::symlink("models/small/weights", package.join("latest")).unwrap();
    let Some(platform) = Platform::start(&package) else {
        return;
    };
    // The state is in the project.
    let run = |args: &[&str]| platform.run(machinist(), &[args, &["--target", "fal"]].concat());
    let plan = || run(&["plan", "--detailed-exitcode"]);
    stdout(&run(&["deploy", "--yes"]));
    let sent = arrived(&platform);
    let paths: Vec<&str> = sent.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            ".env",
            "Cargo.toml",
            "README.md",
            "docs/Dockerfile",
            "docs/notes.md",
            "docs/pyproject.toml",
            "latest",
            "models/small/weights",
            "run.sh",
            "src/main.rs",
            "whole",
        ]
    );
    assert_eq!(sent["latest"], sent["models/small/weights"]);

    // What a deploy writes into the project is no change.
    for file in ["machinist-state.json", ".machinist-state.json.lock"] {
        assert!(package.join(file).is_file(), "{file}");
    }
    assert_eq!(stdout(&plan()), UNCHANGED);
    stdout(&run(&["deploy", "--yes"]));
    assert!(platform.requests("RegisterApplication").is_empty());

    // Nor is another time, another build folder, or what is left out.
    write(&package.join("models/large/weights"), "3");
    write(&package.join("run.sh"), "true");
    assert_eq!(stdout(&plan()), UNCHANGED);

    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(package.join("run.sh"), executable).unwrap();
    let changed = plan();
    assert_eq!(changed.status.code(), Some(2));
    let text = String::from_utf8_lossy(&changed.stdout).into_owned();
    assert!(text.contains("context  changed\n"), "{text}");
    stdout(&run(&["deploy", "--yes"]));
    let sent_then = arrived(&platform);
    let changed: Vec<&str> = sent.keys().map(String::as_str).collect();
    let changed = changed
        .into_iter()
        .filter(|path| sent[*path] != sent_then[*path]);
    assert_eq!(changed.collect::<Vec<_>>(), ["run.sh"]);
    assert_eq!(stdout(&plan()), UNCHANGED);
}

#[test]
fn a_dockerfile_in_a_folder_is_built_in_the_context_of_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let package = small_package(
        folder.path(),
        "elsewhere",
        "dockerfile = \"docker/my gpu.Dockerfile\"",
        &[
            (
                "docker/my gpu.Dockerfile",
                "FROM debian\nCOPY elsewhere /\n",
            ),
            ("Dockerfile", "FROM other\n"),
        ],
    );
    let Some(platform) = Platform::start(&package) else {
        return;
    };
    let plan = platform.machinist(&["plan"]);
    let said = stderr(&plan);
    for line in [
        "warning: the context of `docker/my gpu.Dockerfile` is its folder, `docker`\n",
        "help: write `context = \"FOLDER\"` beside `dockerfile`",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let cargo = read(&package.join("Cargo.toml"));
    write(
        &package.join("Cargo.toml"),
        &format!("{cargo}context = \".\"\n"),
    );
    write(
        &package.join("docker/my gpu.Dockerfile"),
        "FROM debian:stable-slim\nCOPY . /\n",
    );
    write(
        &package.join("docker/my gpu.Dockerfile.dockerignore"),
        "docker\nsrc\nCargo.*\n",
    );
    let deploy = platform.machinist(&["deploy", "--yes"]);
    assert!(!stderr(&deploy).contains("warning"), "{}", stderr(&deploy));
    let sent = platform.requests("BuildEnvironment");
    assert!(
        sent[0].to_string().contains("FROM debian:stable-slim"),
        "{}",
        sent[0]
    );
    stdout(&deploy);
    stdout(&platform.machinist(&["deploy", "--yes", "--force"]));
    let paths: Vec<String> = arrived(&platform).into_keys().collect();
    assert_eq!(paths, ["Dockerfile", "elsewhere"]);
}

#[test]
fn who_may_call_an_app_is_sent_compared_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let package = small_package(folder.path(), "guarded", "", &[]);
    let Some(platform) = Platform::start(&package) else {
        return;
    };
    let auth = || platform.app("guarded")["auth_mode"].clone();
    let plan_says = |line: &str| {
        let output = platform.machinist(&["plan", "--detailed-exitcode"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.code() == Some(2) && said.contains(line),
            "{output:?}"
        );
    };
    let deploy = || stdout(&platform.machinist(&["deploy", "--yes"]));
    deploy();
    let sent = platform.requests("RegisterApplication");
    assert_eq!(sent[0]["auth_mode"], "PRIVATE");

    // Somebody opens it to everybody, and the settings do not.
    let revision = platform.app("guarded")["revision"]
        .as_str()
        .unwrap()
        .to_owned();
    platform.fal(&["apps", "set-rev", "guarded", &revision, "--auth", "public"]);
    assert_eq!(auth(), "public");
    plan_says("auth  public -> private  (drift: changed outside the code)");
    deploy();
    assert_eq!(auth(), "private");
    assert_eq!(stdout(&platform.machinist(&["plan"])), UNCHANGED);

    let cargo = read(&package.join("Cargo.toml"));
    write(
        &package.join("Cargo.toml"),
        &format!("{cargo}auth = \"public\"\n"),
    );
    plan_says("auth  private -> public");
    deploy();
    assert_eq!(auth(), "public");
    assert_eq!(stdout(&platform.machinist(&["plan"])), UNCHANGED);

    // A revision does not bring it back by itself.
    platform.requests("");
    stdout(&platform.machinist(&["rollback", "guarded", "--yes"]));
    assert_eq!(platform.requests("SetAlias")[0]["auth_mode"], "PRIVATE");
    assert_eq!(auth(), "private");
}

#[test]
fn an_app_that_this_state_never_deployed_is_not_taken_over_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let package = small_package(folder.path(), "wanted", "", &[]);
    let Some(platform) = Platform::start(&package) else {
        return;
    };
    // Another team has an app of this name. The platform does not say whose it is.
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    let pyproject = "[tool.fal.apps.wanted]\nmachine_type = \"GPU-H100\"\nauth = \"public\"\n\
                     keep_alive = 5\n[tool.fal.apps.wanted.image]\nimage = \"acme/theirs:v1\"\n";
    write(&theirs.join("pyproject.toml"), pyproject);
    let fal = python().unwrap().programs().join("fal");
    let mut deploy = Command::new(fal);
    deploy
        .args(["deploy", "wanted", "--yes"])
        .current_dir(&theirs);
    deploy.envs(platform.variables.iter().map(|(name, value)| (name, value)));
    stdout(&deploy.output().unwrap());
    let before = platform.app("wanted");
    platform.requests("");

    for args in [
        &["plan"][..],
        &["deploy", "--yes"],
        &["deploy", "--yes", "--force"],
    ] {
        let refused = platform.machinist(args);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = stderr(&refused);
        for line in [
            "error: `wanted` runs on fal already, and was never deployed from this state\n",
            "to take it over, add `--adopt wanted`",
        ] {
            assert!(said.contains(line), "{said}");
        }
    }
    assert!(read(&platform.folder.path().join("requests.jsonl")).is_empty());
    assert_eq!(platform.app("wanted"), before);

    let adopt = ["--adopt", "wanted"];
    let plan = stdout(&platform.machinist(&[&["plan"], &adopt[..]].concat()));
    for line in [
        "machine_type  GPU-H100 -> GPU-L40",
        "auth          public -> private",
        "keep_alive    stays 5s  (tuned; the code says 1m)",
        "fal, environment main: 1 to adopt",
    ] {
        assert!(plan.contains(line), "{plan}");
    }
    stdout(&platform.machinist(&[&["deploy", "--yes"], &adopt[..]].concat()));
    let live = platform.app("wanted");
    assert_eq!(
        (
            &live["machine_types"],
            &live["auth_mode"],
            &live["keep_alive"]
        ),
        (&json!(["GPU-L40"]), &json!("private"), &json!(5))
    );
    assert_eq!(stdout(&platform.machinist(&["plan"])), UNCHANGED);
}

#[test]
fn an_environment_has_an_app_of_its_own_and_the_other_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let package = small_package(folder.path(), "twice", "", &[]);
    let Some(platform) = Platform::start(&package) else {
        return;
    };
    stdout(&platform.machinist(&["deploy", "--yes"]));
    let main = platform.app("twice");
    platform.requests("");

    // Another state, as another place needs.
    let staging = platform.in_environment("staging");
    let state = staging.folder.path().join("staging.json");
    let common = ["--target", "fal", "--state", state.to_str().unwrap()];
    let run = |args: &[&str]| stdout(&staging.run(machinist(), &[args, &common].concat()));
    let plan = run(&["plan"]);
    assert!(plan.starts_with("+ twice  create\n"), "{plan}");
    run(&["deploy", "--yes"]);
    assert_eq!(run(&["plan"]), UNCHANGED.replace("main", "staging"));
    run(&["scale", "twice", "keep_alive=10m"]);
    let names = |call: &str, key: &str| -> Vec<Value> {
        let requests = staging.requests(call).into_iter();
        requests.map(|request| request[key].clone()).collect()
    };
    assert_eq!(
        names("UpdateApplication", "application_name"),
        ["twice--staging"]
    );
    assert_eq!(staging.app("twice--staging")["keep_alive"], 600);
    assert_eq!(staging.app("twice"), main);

    let refusal = |environment: &str, known: &str| {
        format!(
            "error: the state describes fal at `environment {known}`, and this is \
             `environment {environment}`\n"
        )
    };
    let elsewhere = stderr(&staging.machinist(&["plan"]));
    assert!(
        elsewhere.contains(&refusal("staging", "main")),
        "{elsewhere}"
    );
    let main = staging.in_environment("main");
    assert_eq!(stdout(&main.machinist(&["plan"])), UNCHANGED);
    for args in [
        &["plan"][..],
        &["plan", "--no-refresh"],
        &["deploy", "--yes"],
        &["scale", "twice", "keep_alive=5m"],
        &["destroy", "twice", "--yes"],
        &["rollback", "twice", "--yes"],
    ] {
        let refused = main.run(machinist(), &[args, &common].concat());
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = stderr(&refused);
        assert!(said.contains(&refusal("main", "staging")), "{said}");
    }
    let staging = main.in_environment("staging");
    let run = |args: &[&str]| stdout(&staging.run(machinist(), &[args, &common].concat()));
    run(&["destroy", "twice", "--yes"]);
    assert_eq!(staging.app("twice--staging"), Value::Null);
    assert_eq!(staging.app("twice")["alias"], "twice");
}

#[test]
fn when_the_platform_fails_the_next_deploy_goes_on() {
    let Some(platform) = Platform::start(repository()) else {
        return;
    };
    let fail = platform.folder.path().join("fail");
    write(&fail, "storyteller");
    let deploy = ["deploy", "--yes", "-p", "media-studio"];
    let failed = platform.machinist(&deploy);
    assert_eq!(failed.status.code(), Some(1));
    let said = stderr(&failed);
    for line in [
        "the platform is out of order",
        "error: `fal deploy storyteller --yes --message ",
        "note: done and recorded in the state: `imagegen`, `router`\n",
        "note: not deployed: `storyteller`, `transcoder`\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    fs::remove_file(fail).unwrap();
    platform.requests("");
    stdout(&platform.machinist(&deploy));
    let sent = platform.requests("RegisterApplication");
    let names: Vec<&str> = sent
        .iter()
        .map(|app| app["application_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["storyteller", "transcoder"]);
}

/// What our tables say is what the client has.
#[test]
fn the_clients_own_tables_are_ours() {
    let Some(python) = python() else { return };
    let script = "import json; from fal.cli.deploy_check import *; from fal.cli._utils import *; \
                  print(json.dumps([INHERITED_SCALE_FIELDS, SERVER_DEFAULT_SCALE_VALUES, \
                  sorted(VALID_REGIONS)]))";
    let output = python
        .command("python")
        .args(["-c", script])
        .output()
        .unwrap();
    let tables: Value = serde_json::from_str(&stdout(&output)).unwrap();

    let theirs = |key| {
        if key == "regions" {
            "valid_regions"
        } else {
            key
        }
    };
    let scaling = PARAMETERS
        .iter()
        .filter(|parameter| parameter.group == Group::Scaling);
    let ours: BTreeSet<&str> = scaling
        .map(|parameter| theirs(parameter.key.as_str()))
        .collect();
    let inherited = tables[0].as_array().unwrap().iter();
    assert_eq!(
        inherited
            .map(|key| key.as_str().unwrap())
            .collect::<BTreeSet<_>>(),
        ours
    );

    let is_number = |kind| matches!(kind, Kind::Number(..) | Kind::Seconds(..));
    for parameter in PARAMETERS
        .iter()
        .filter(|parameter| is_number(parameter.kind))
    {
        let default = parameter.platform_default.map_or(Value::Null, Value::from);
        assert_eq!(
            tables[1]
                .get(parameter.key.as_str())
                .unwrap_or(&Value::Null),
            &default,
            "{}",
            parameter.key.as_str()
        );
    }
    let mut regions = REGIONS.to_vec();
    regions.sort_unstable();
    assert_eq!(tables[2], json!(regions));
}

/// Why the target checks what it sends: the client deploys without what is missing.
#[test]
fn the_client_passes_over_what_is_missing_and_knows_no_machine_type() {
    let folder = tempfile::tempdir().unwrap();
    let Some(platform) = Platform::start(folder.path()) else {
        return;
    };
    write(
        &folder.path().join("Dockerfile"),
        "FROM debian\nCOPY missing /\n  COPY indented /\n",
    );
    write(&folder.path().join("indented"), "");
    let pyproject = "[tool.fal.apps.a]\nmachine_type = \"GPU-H1000\"\nrequest_timeout = -1\n\
                     exposed_port = 80\n[tool.fal.apps.a.image]\ndockerfile = \"Dockerfile\"\n";
    write(&folder.path().join("pyproject.toml"), pyproject);
    platform.fal(&["deploy", "a", "--yes", "--reset-scale"]);
    let sent = &platform.requests("RegisterApplication")[0];
    assert_eq!(
        sent["machine_requirements"]["machine_types"],
        json!(["GPU-H1000"])
    );
    assert_eq!(sent["machine_requirements"]["request_timeout"], -1);
    // Neither a missing file nor an instruction that does not begin its line is sent.
    assert_eq!(sent.get("files"), None);
    // The flag is ignored.
    assert_eq!(sent["scale"], false);
    assert!(read(&folder.path().join("Dockerfile")).contains("indented"));
}

#[test]
fn variables_are_in_the_image_and_names_of_secrets_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let dockerfile = "FROM debian\nCOPY vars /usr/local/bin/\nCMD [\"vars\"]";
    let files = [("Dockerfile", dockerfile)];
    let settings = |rest: &str| {
        format!(
            "secrets = [\"HF_TOKEN\"]\nvolumes = {{ \"/data/models\" = \"data\" }}\n\
             [package.metadata.machinist.apps.vars]\nenv = {{ MODE = \"it's $X\" }}\n{rest}"
        )
    };
    let project = small_package(folder.path(), "vars", &settings(""), &files);
    let Some(platform) = Platform::start(&project) else {
        return;
    };
    let sent = || {
        let mut requests = platform.requests("RegisterApplication");
        assert_eq!(requests.len(), 1);
        requests.remove(0)
    };
    let image = |request: &Value| {
        request["environments"][0]["configuration"]["image"]["dockerfile_str"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let variable = "ENV MODE='it'\"'\"'s $X'\n";
    stdout(&platform.machinist(&["deploy", "--yes"]));
    let request = sent();
    assert_eq!(
        request["secrets"],
        json!({"names": ["HF_TOKEN"]}),
        "{request}"
    );
    assert_eq!(request["data_mounts"], json!(["/data/models"]), "{request}");
    assert_eq!(
        image(&request),
        format!("{dockerfile}\n{variable}"),
        "{request}"
    );
    assert_eq!(stdout(&platform.machinist(&["plan"])), UNCHANGED);

    // An image that is built elsewhere gets the variables too.
    let cargo = read(&project.join("Cargo.toml"));
    write(
        &project.join("Cargo.toml"),
        &format!("{cargo}image = \"acme/vars:v1\"\n"),
    );
    stdout(&platform.machinist(&["deploy", "--yes"]));
    assert_eq!(image(&sent()), format!("FROM acme/vars:v1\n{variable}"));
    assert_eq!(stdout(&platform.machinist(&["plan"])), UNCHANGED);
    write(&project.join("Cargo.toml"), &cargo.replace("it's $X", "b"));
    let plan = stdout(&platform.machinist(&["plan"]));
    assert!(
        plan.contains("    env      MODE=it's $X -> MODE=b\n"),
        "{plan}"
    );
}
