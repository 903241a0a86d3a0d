//! Projects to run the command in, and the output of the command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use machinist_core::custom::CustomMachine;
use machinist_core::{machines_toml, record};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a cargo project.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// A project with these files, each a path and a text.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self::empty();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// One package `p` with one binary `p` that carries the app `a`.
    pub(crate) fn with_one_app() -> Self {
        let main = main_with("a", "p");
        Self::new(&[("Cargo.toml", &package("p", "")), ("src/main.rs", &main)])
    }

    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes the shortest real binary: a wasm module with nothing but these records.
    pub(crate) fn write_binary(&self, path: &str, payloads: &[Value]) {
        let mut section = vec![u8::try_from(record::SECTION.len()).unwrap()];
        section.extend(record::SECTION.bytes());
        for payload in payloads {
            section.extend(record::encode(&payload.to_string()).unwrap());
        }
        let mut module = b"\0asm\x01\0\0\0\0".to_vec();
        let mut size = section.len();
        while size > 0x7f {
            module.push(u8::try_from(size % 0x80).unwrap() | 0x80);
            size /= 0x80;
        }
        module.push(u8::try_from(size).unwrap());
        module.extend(section);
        fs::write(self.path(path), module).unwrap();
    }

    /// Writes the binary `a.wasm` with these apps of the package `p`, each on this many GPUs.
    #[cfg(unix)]
    pub(crate) fn write_services(&self, apps: &[&str], gpus: u32) {
        let code = json!({"machine_type": ["GPU-H100"], "gpus": gpus, "port": 8080});
        let scaling = json!({"max_concurrency": 4});
        let apps = apps.iter().map(|app| payload(app, "p", &code, &scaling));
        self.write_binary("a.wasm", &apps.collect::<Vec<Value>>());
    }

    /// Installs a script as a platform's tool.
    #[cfg(unix)]
    pub(crate) fn with_tool(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;

        let path = format!("bin/{name}");
        self.write(&path, script);
        fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Installs a `sky` that keeps what it was given: the file of each service in `sent`, and its
    /// calls. It fails for the service that the file `fail` names.
    #[cfg(unix)]
    pub(crate) fn with_sky(&self) {
        self.with_tool("sky", SKY);
    }

    /// A package `p` whose binary is given, which is deployed to SkyPilot by the `sky` of
    /// [`with_sky`](Self::with_sky).
    #[cfg(unix)]
    pub(crate) fn for_skypilot() -> Self {
        let project = Self::new(&[
            ("Cargo.toml", &package("p", SKYPILOT)),
            ("src/main.rs", "fn main() {}\n"),
        ]);
        project.with_sky();
        project
    }

    /// The calls of a tool since the last look.
    #[cfg(unix)]
    pub(crate) fn take_calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.path("calls"));
        calls.lines().map(str::to_owned).collect()
    }

    /// The file of each service that `sky` has.
    #[cfg(unix)]
    pub(crate) fn services(&self) -> BTreeMap<String, String> {
        let files = fs::read_dir(self.path("sent")).into_iter().flatten();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names
            .map(|name| {
                let text = self.read(&format!("sent/{name}"));
                (name, text)
            })
            .collect()
    }

    /// Sets the parameters of the app that the binary carries. The app carries what the project's
    /// `machines.toml` says of its machine types too.
    pub(crate) fn set_app(&self, code: &Value, scaling: &Value) {
        let machines = fs::read_to_string(self.path(machines_toml::FILE)).unwrap_or_default();
        let mut machines = machines_toml::read(&machines).unwrap();
        let named = code["machine_type"].as_array().unwrap();
        machines.retain(|machine| named.contains(&Value::from(&*machine.name)));
        let main = record_with(("a", "p"), code, scaling, &machines) + "fn main() {}\n";
        self.write("src/main.rs", &main);
    }

    /// The path of what a deploy rendered, like `fal/a/Dockerfile`: the folder of a target has the
    /// state's digest in its name.
    pub(crate) fn rendered(&self, path: &str) -> String {
        let (target, rest) = path.split_once('/').unwrap();
        let rendered = self.path("target/machinist");
        let mut folders = fs::read_dir(rendered).into_iter().flatten().flatten();
        let folder = folders.find_map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            name.starts_with(&format!("{target}-")).then_some(name)
        });
        let folder = folder.unwrap_or_else(|| format!("nothing was rendered for {target}"));
        format!("target/machinist/{folder}/{rest}")
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Runs `cargo machinist` in the project.
    pub(crate) fn run(&self, args: &[&str]) -> Answer {
        answer(&mut self.command(args))
    }

    /// Runs a command line of `cargo machinist` on a terminal that `script` makes, and types this.
    /// Gives the exit code, and what the terminal showed.
    #[cfg(target_os = "linux")]
    pub(crate) fn on_a_terminal(&self, line: &str, typed: &str) -> (Option<i32>, String) {
        let program = env!("CARGO_BIN_EXE_cargo-machinist");
        let line = format!("{program} machinist {line}");
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script.env("PATH", self.path_with_tools());
        let script = script.current_dir(self.folder.path());
        let script = script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // Where nothing is asked, nobody reads it.
        let _ = stdin.write_all(typed.as_bytes());
        // The terminal stays open until the command is done.
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), shown)
    }

    /// A command that runs `cargo machinist` in the project.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(self.folder.path());
        command.args(args);
        command.env("PATH", self.path_with_tools());
        command
    }

    /// Fake tools in `bin` go before installed ones.
    fn path_with_tools(&self) -> OsString {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.path("bin")).chain(std::env::split_paths(&path));
        std::env::join_paths(folders).unwrap()
    }
}

/// Settings of a package that is deployed to SkyServe.
#[cfg(unix)]
pub(crate) const SKYPILOT: &str = "[workspace]\n[workspace.metadata.machinist]\n\
                                   target = \"skypilot\"\nimage = \"acme/a:v1\"";

#[cfg(unix)]
const SKY: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
echo "$*" >> "$root/calls"
mkdir -p "$root/sent"
if [ "$2" = up ]; then name=$5; else name=$4; fi
if grep -qsw -- "$name" "$root/fail"; then
    echo "the cloud has no machine"
    exit 3
fi
case "$2" in
up | update) cp service.yaml "$root/sent/$name" ;;
down) rm "$root/sent/$name" ;;
esac
"#;

/// A program with this app of this package.
pub(crate) fn main_with(app: &str, package: &str) -> String {
    record_static(app, package) + "fn main() {}\n"
}

/// What git prints, run in this folder.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@a"]);
    let output = git.args(args).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A command that runs `cargo machinist` in this folder, as cargo starts it.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-machinist"));
    command
        .arg("machinist")
        .current_dir(folder)
        .stdin(Stdio::null());
    for variable in [
        "MACHINIST_ENV",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_TERM_COLOR",
        "NO_COLOR",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Runs `cargo machinist` in no project of its own.
pub(crate) fn run(args: &[&str]) -> Answer {
    answer(command(Path::new(".")).args(args))
}

/// The exit code and the output of the command.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn answer(command: &mut Command) -> Answer {
    let output = command.output().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Asserts what stderr says, without cargo's progress.
    #[track_caller]
    pub(crate) fn says(self, expected: &str) -> Self {
        let is_progress = |line: &&str| !line.starts_with("   ");
        let said: Vec<&str> = self.stderr.lines().filter(is_progress).collect();
        assert_eq!(said.join("\n"), expected, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The apps of the printed manifest, each with the binaries that carry it.
    #[track_caller]
    pub(crate) fn apps(&self) -> Vec<(String, Vec<String>)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let manifest = self.json();
        let schema = jsonschema::draft202012::new(&machinist_deploy::manifest_schema()).unwrap();
        assert!(schema.is_valid(&manifest), "{manifest}");
        let apps = manifest["apps"].as_array().unwrap().iter();
        apps.map(|app| {
            let binaries = app["binaries"].as_array().unwrap().iter();
            (text(&app["name"]), binaries.map(text).collect())
        })
        .collect()
    }
}

/// How many deploys the tests kill; `MACHINIST_KILLS` sets it.
pub(crate) fn kills() -> u64 {
    let asked = std::env::var("MACHINIST_KILLS").ok();
    asked.and_then(|kills| kills.parse().ok()).unwrap_or(60)
}

/// The text of a Cargo.toml with one package.
pub(crate) fn package(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}\n")
}

/// The payload of an app's record.
pub(crate) fn payload(app: &str, package: &str, code: &Value, scaling: &Value) -> Value {
    json!({
        "name": app,
        "package": package,
        "version": "0.1.0",
        "source": {"file": "src/main.rs", "line": 1, "item": "A"},
        "code": code,
        "scaling": scaling,
    })
}

/// The source of the static that `#[machinist::app]` puts into a binary.
pub(crate) fn record_static(app: &str, package: &str) -> String {
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 2});
    record_of(app, package, &code, &json!({}))
}

/// The same for an app with these parameters.
pub(crate) fn record_of(app: &str, package: &str, code: &Value, scaling: &Value) -> String {
    record_with((app, package), code, scaling, &[])
}

fn record_with(
    (app, package): (&str, &str),
    code: &Value,
    scaling: &Value,
    machines: &[CustomMachine],
) -> String {
    let machine = |machine: &CustomMachine| serde_json::from_str(&machine.json()).unwrap();
    let machines: Vec<Value> = machines.iter().map(machine).collect();
    let mut payload = payload(app, package, code, scaling);
    payload["machines"] = machines.into();
    let frame = record::encode(&payload.to_string()).unwrap();
    let section = if cfg!(target_vendor = "apple") {
        format!("{},{}", record::MACHO_SECTION.0, record::MACHO_SECTION.1)
    } else {
        record::SECTION.to_owned()
    };
    let name = app.replace('-', "_").to_uppercase();
    format!(
        "#[used]\n#[unsafe(link_section = \"{section}\")]\n\
         static {name}: [u8; {}] = {frame:?};\n",
        frame.len()
    )
}
