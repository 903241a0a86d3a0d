//! Published programs, with a line above their `main` and a dependency, and nothing else changed.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::{env, fs};

use machinist_tests::{Workspace, read, sdk, stdout, write};
use serde_json::{Value, json};

const ATTRIBUTE: &str = r#"#[machinist::app(machine_type = ["GPU-H100", "GPU-H200"], gpus = 2, requires(vram = "150 GB"), scaling(keep_alive = "5m"))]"#;

#[test]
fn ripgrep_carries_its_machine_and_still_searches() {
    let main = "crates/core/main.rs";
    let ripgrep = annotated("ripgrep", "15.2.0", &[(main, "fn main() -> ExitCode {")]);
    let apps = apps(&ripgrep);
    assert_eq!(names(&apps), ["rg"]);
    assert_eq!(
        apps[0]["description"],
        "Then, as it was, then again it will be."
    );
    assert_eq!(
        apps[0]["source"],
        json!({"file": main, "line": 43, "item": "main"})
    );
    let found = ripgrep.run(built(&ripgrep, "rg"), ["--count", "machine_type", main]);
    assert_eq!(stdout(&found), "1\n");
}

#[test]
fn hyperfine_carries_its_machine_and_still_runs() {
    let hyperfine = annotated("hyperfine", "1.20.0", &[("src/main.rs", "fn main() {")]);
    assert_eq!(names(&apps(&hyperfine)), ["hyperfine"]);
    let version = hyperfine.run(built(&hyperfine, "hyperfine"), ["--version"]);
    assert_eq!(stdout(&version), "hyperfine 1.20.0\n");
}

#[test]
fn an_async_server_and_its_client_carry_their_machines_and_still_talk() {
    let redis = annotated(
        "mini-redis",
        "0.4.1",
        &[
            // Above tokio's attribute, and below it.
            ("src/bin/server.rs", "#[tokio::main]"),
            (
                "src/bin/cli.rs",
                "async fn main() -> mini_redis::Result<()> {",
            ),
        ],
    );
    assert_eq!(
        names(&apps(&redis)),
        ["mini-redis-cli", "mini-redis-server"]
    );

    let port = free_port();
    let mut server = Running::start(built(&redis, "mini-redis-server"), &["--port", &port]);
    let cli = built(&redis, "mini-redis-cli");
    let client = |words: &[&str]| redis.run(&cli, [&["--port", &port], words].concat());
    while !client(&["set", "machine", "GPU-H100"]).status.success() {
        assert!(server.is_running(), "the server has ended");
    }
    assert_eq!(stdout(&client(&["get", "machine"])), "\"GPU-H100\"\n");
}

/// The source of a published program with the attribute above these lines.
fn annotated(name: &str, version: &str, mains: &[(&str, &str)]) -> Workspace {
    let folder = format!(concat!(env!("CARGO_TARGET_TMPDIR"), "/{}"), name);
    let program = Workspace::copy(&published(name, version), folder);
    for (file, line) in mains {
        let file = program.root().join(file);
        let source = read(&file);
        let (before, after) = (format!("\n{line}\n"), format!("\n{ATTRIBUTE}\n{line}\n"));
        assert_eq!(source.matches(&before).count(), 1, "{}", file.display());
        write(&file, &source.replace(&before, &after));
    }
    let manifest = program.root().join("Cargo.toml");
    // `[workspace]`: it is no member of the workspace in whose folders it may lie.
    let added = format!(
        "\n[dependencies.machinist]\npath = \"{}\"\n\n[workspace]\n",
        sdk()
    );
    write(&manifest, &(read(&manifest) + &added));
    program
}

/// The folder into which cargo downloads and unpacks a package.
fn published(name: &str, version: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let info = Command::new(cargo)
        .args(["info", "--quiet", "--registry=crates-io"])
        .arg(format!("{name}@{version}"))
        .output();
    stdout(&info.unwrap());
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| env::home_dir().unwrap().join(".cargo"));
    let registries = fs::read_dir(home.join("registry/src")).unwrap();
    registries
        .map(|registry| registry.unwrap().path().join(format!("{name}-{version}")))
        .find(|package| package.join("Cargo.toml").exists())
        .expect("cargo unpacks what it has shown")
}

/// The apps in the manifest of all that a program builds, each with the attribute's parameters.
fn apps(program: &Workspace) -> Vec<Value> {
    let manifest = stdout(&program.machinist(["manifest"]));
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let apps = manifest["apps"].as_array().unwrap();
    for app in apps {
        assert_eq!(app["binaries"], json!([app["name"]]));
        assert_eq!(
            app["code"],
            json!({"machine_type": ["GPU-H100", "GPU-H200"], "gpus": 2})
        );
        assert_eq!(app["scaling"], json!({"keep_alive": 300}));
        assert_eq!(app["requires"], json!({"vram": 150_000}));
    }
    apps.clone()
}

fn names(apps: &[Value]) -> Vec<&str> {
    apps.iter()
        .map(|app| app["name"].as_str().unwrap())
        .collect()
}

fn built(program: &Workspace, binary: &str) -> PathBuf {
    program.target().join("debug").join(binary)
}

fn free_port() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port().to_string()
}

/// A program that ends with the test.
struct Running(Child);

impl Running {
    fn start(program: PathBuf, arguments: &[&str]) -> Self {
        Self(Command::new(program).args(arguments).spawn().unwrap())
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
