//! What the end-to-end tests share: workspaces of their own, and the commands they run there.

pub mod apps;
pub mod imports;
#[cfg(doctest)]
mod pages;
mod python;
pub mod texts;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::{env, fs};

pub use python::{Python, Server};

/// This repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The file of the app with every key of the attribute, in this repository.
pub const EVERY_KEY: &str = "sdk/tests/every_key/mod.rs";

/// A folder with a cargo workspace in it, apart from this repository's.
#[derive(Clone)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    variables: Vec<(String, String)>,
}

impl Workspace {
    /// Copies `tests/fixtures/NAME` to `root`, with `machinist` from this repository. What was
    /// built there before stays in `target`.
    pub fn fixture(name: &str, root: impl Into<PathBuf>) -> Self {
        let fixture = repository().join("tests/fixtures").join(name);
        let workspace = Self::copy(&fixture, root);
        let manifest = workspace.root.join("Cargo.toml");
        let text = read(&manifest).replace("../../../sdk", &sdk());
        write(&manifest, &text);
        // The versions that this repository is tested with.
        copy_file(
            &repository().join("Cargo.lock"),
            &workspace.root.join("Cargo.lock"),
        );
        workspace
    }

    /// Copies any workspace.
    pub fn copy(from: &Path, root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let source = root.join("source");
        if source.exists() {
            fs::remove_dir_all(&source).unwrap();
        }
        copy_folder(from, &source);
        Self {
            root: source,
            target: root.join("target"),
            variables: Vec::new(),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The same workspace, where commands have these environment variables too.
    #[must_use]
    pub fn with(&self, variables: &[(&str, &str)]) -> Self {
        let mut workspace = self.clone();
        let variables = variables
            .iter()
            .map(|&(name, value)| (name.into(), value.into()));
        workspace.variables.extend(variables);
        workspace
    }

    /// `cargo`, as if typed in the workspace.
    pub fn cargo<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.run(cargo, args)
    }

    /// `cargo machinist`, as if typed in the workspace. A manifest that it prints is of the schema.
    pub fn machinist<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        let output = self.run(machinist(), args);
        if output.status.success() && output.stdout.starts_with(b"{") {
            assert_is_of_the_schema(&stdout(&output));
        }
        output
    }

    /// Any program.
    pub fn run<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Output {
        let program = program.as_ref();
        Command::new(program)
            .args(args)
            .current_dir(&self.root)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("CARGO_TARGET_DIR", &self.target)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("cannot run {program:?}: {error}"))
    }
}

/// Asks a validator that knows nothing of machinist.
#[track_caller]
pub fn assert_is_of_the_schema(manifest: &str) {
    let schema = jsonschema::draft202012::new(&machinist_deploy::manifest_schema()).unwrap();
    let manifest = serde_json::from_str(manifest).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(&manifest)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// The standard output of a command that succeeded.
#[track_caller]
pub fn stdout(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}\n{}",
        output.status,
        stderr(output)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The standard error of a command, failed or not.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a tool is there. In CI a missing tool is a failure; elsewhere the test says on stderr
/// that it does not run.
pub fn has(tool: &str, arguments: &[&str]) -> bool {
    let found = Command::new(tool)
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(found || env::var_os("CI").is_none(), "CI has no `{tool}`");
    if !found {
        eprintln!("SKIPPED: this machine has no `{tool}`");
    }
    found
}

/// The path of the `machinist` crate, as a TOML string has it.
pub fn sdk() -> String {
    let sdk = repository().join("sdk").canonicalize().unwrap();
    sdk.to_str().unwrap().replace('\\', "/")
}

pub fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

pub fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// The `cargo-machinist` of this repository.
pub fn machinist() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // Beside this test's own build, where most of it is built already.
        let target = env::current_exe().unwrap();
        let target = target.ancestors().nth(3).unwrap();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--package=cargo-machinist",
                "--target-dir",
            ])
            .arg(target)
            .current_dir(repository())
            .status();
        assert!(status.unwrap().success(), "cargo-machinist does not build");
        target
            .join("debug")
            .join("cargo-machinist")
            .with_extension(env::consts::EXE_EXTENSION)
    })
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            copy_file(&entry.path(), &to);
        }
    }
}

/// With its time of change, by which cargo sees whether to build anew.
fn copy_file(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    let changed = fs::metadata(from).unwrap().modified().unwrap();
    fs::File::options()
        .append(true)
        .open(to)
        .unwrap()
        .set_modified(changed)
        .unwrap();
}
