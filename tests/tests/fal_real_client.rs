//! The target `fal` with the platform's real client, which talks to a platform on this machine.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use machinist_core::parameter::{Group, Kind, PARAMETERS, REGIONS};
use machinist_deploy::Manifest;
use machinist_tests::apps::parameters;
use machinist_tests::{
    Python, Server, Workspace, machinist, read, repository, sdk, stderr, stdout, write,
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

/// Where this test was built, and with it most of the examples.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// What the client is to send for an app: the names are the platform's, and what the code does not
/// set is not there.
fn expected(app: &machinist_deploy::App) -> Value {
    let mut expected = Map::new();
    for (key, value) in parameters(app) {
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
        .args(["manifest", "-p", package])
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
            plan.ends_with(&format!("\nfal: {} unchanged\n", manifest.apps.len())),
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
        "fal: 1 to update, 3 unchanged",
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

    // The revision before the reset, whose scaling had been tuned.
    stdout(&platform.machinist(&["rollback", app, "--yes"]));
    assert_eq!(platform.requests("SetAlias").len(), 1);
    assert_eq!(scaling(&platform.app(app)), (600.into(), 12.into()));
}

/// A package of its own whose one app sets every parameter.
fn full_width(root: &Path) -> Workspace {
    let source = root.join("full-width");
    fs::create_dir_all(source.join("src")).unwrap();
    let cargo = format!(
        "[package]\nname = \"full\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nmachinist.path = \"{}\"\n",
        sdk()
    );
    write(&source.join("Cargo.toml"), &cargo);
    write(
        &source.join("src/main.rs"),
        &full_app("\"us-west\", \"eu-north\"", 300),
    );
    Workspace::copy(&source, root)
}

fn full_app(regions: &str, keep_alive: u32) -> String {
    format!(
        r#"#[machinist::app(
            name = "full", machine_type = ["GPU-B200", "GPU-H200", "GPU-H100"], gpus = 4,
            max_multiplexing = 7, startup_timeout = "11m", port = 9_000, health_check = "/ok?a=b",
            termination_grace_period = "21s",
            scaling(
                keep_alive = {keep_alive}, min_concurrency = 1, max_concurrency = 13,
                concurrency_buffer = 2, concurrency_buffer_perc = 30, scaling_delay = "4s",
                request_timeout = "2m", request_start_timeout = "9s", regions = [{regions}],
            ),
        )]
        fn main() {{}}
        "#
    )
}

#[test]
fn every_parameter_arrives_and_what_the_code_changes_arrives_too() {
    let folder = tempfile::tempdir().unwrap();
    let project = full_width(folder.path());
    let Some(platform) = Platform::start(project.root()) else {
        return;
    };
    stdout(&platform.machinist(&["deploy", "--yes"]));
    let manifest = |_: &Path| {
        let output = platform.run(machinist(), &["manifest"]);
        Manifest::parse(&stdout(&output)).unwrap()
    };
    let said = manifest(project.root());
    let set = parameters(&said.apps[0]).len();
    assert_eq!(set, PARAMETERS.len());
    assert_sent(&platform.requests("RegisterApplication"), &said, false);
    let plan = stdout(&platform.machinist(&["plan"]));
    assert_eq!(plan, "  full  unchanged\n\nfal: 1 unchanged\n");

    // The platform keeps the scaling of a running app: what the code changes is set after it.
    write(
        &project.root().join("src/main.rs"),
        &full_app("\"us-east\"", 60),
    );
    stdout(&platform.machinist(&["deploy", "--yes"]));
    let live = platform.app("full");
    assert_eq!(
        (&live["keep_alive"], &live["valid_regions"]),
        (&json!(60), &json!(["us-east"]))
    );
    assert_eq!(live["request_start_timeout"], 9);

    // And what the code takes away is gone.
    let less = full_app("", 60)
        .replace(", regions = []", "")
        .replace("request_start_timeout = \"9s\"", "");
    write(
        &project.root().join("src/main.rs"),
        &less.replace(", ,", ","),
    );
    stdout(&platform.machinist(&["deploy", "--yes"]));
    let live = platform.app("full");
    assert_eq!(
        (&live["request_start_timeout"], &live["valid_regions"]),
        (&Value::Null, &json!([]))
    );
    let plan = stdout(&platform.machinist(&["plan"]));
    assert_eq!(plan, "  full  unchanged\n\nfal: 1 unchanged\n");
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
        "error: `fal deploy storyteller --yes` failed",
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
