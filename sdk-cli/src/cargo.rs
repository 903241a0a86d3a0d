//! Runs cargo: `cargo build` for the binaries, `cargo metadata` for the packages.

use std::env;
use std::ffi::OsString;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use cargo_metadata::{
    Artifact, CrateType, Message, Metadata, MetadataCommand, PackageId, Target, TargetKind,
};

use crate::args::globals::{ColorWhen, Globals};
use crate::args::selection::Selection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paths::relative_to_cwd;

/// What a build made of the selected packages.
pub(crate) struct Build {
    /// The selected binaries, examples and cdylibs.
    pub(crate) binaries: Vec<BuiltBinary>,
    /// Every Rust library that was built for them.
    pub(crate) libraries: Vec<Artifact>,
    /// The packages and how they depend on each other.
    pub(crate) metadata: Metadata,
}

/// A binary, an example or a cdylib that was built.
pub(crate) struct BuiltBinary {
    pub(crate) path: PathBuf,
    /// The package that it belongs to.
    pub(crate) package: PackageId,
    /// What `Cargo.toml` says of it: name, kind and source file.
    pub(crate) target: Target,
}

/// Builds what is selected. cargo shows its progress and the compiler's errors on stderr.
pub(crate) fn build(selection: &Selection, globals: &Globals) -> Result<Build, Failure> {
    let mut artifacts = build_artifacts(selection, globals)?;
    // cargo reports them in the order in which they were finished.
    artifacts.sort_by(|a, b| (&a.filenames, &a.package_id).cmp(&(&b.filenames, &b.package_id)));
    let metadata = read_metadata(&selection.metadata_flags())?;
    let binaries = artifacts
        .iter()
        .filter_map(|artifact| binary_to_read(artifact, selection, &metadata))
        .collect();
    let libraries = artifacts
        .into_iter()
        .filter(|artifact| is_library(&artifact.target));
    Ok(Build {
        binaries,
        libraries: libraries.collect(),
        metadata,
    })
}

fn build_artifacts(selection: &Selection, globals: &Globals) -> Result<Vec<Artifact>, Failure> {
    let mut child = cargo_command("build")
        .arg("--message-format=json-render-diagnostics")
        .args(terminal_flags(globals))
        .args(selection.build_flags())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(cannot_run)?;
    let mut artifacts = Vec::new();
    let mut unreadable = None;
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            match message {
                Ok(Message::CompilerArtifact(artifact)) => artifacts.push(artifact),
                Ok(_) => {}
                Err(error) => unreadable = Some(error),
            }
        }
    }
    check_success(child.wait().map_err(cannot_run)?, "cargo build")?;
    match unreadable {
        Some(error) => Err(Failure::new(format!(
            "cannot read cargo's messages: {error}"
        ))),
        None => Ok(artifacts),
    }
}

/// The packages of a workspace, without their dependencies.
pub(crate) fn workspace_metadata(manifest_path: Option<&Path>) -> Result<Metadata, Failure> {
    let mut flags: Vec<OsString> = vec!["--no-deps".into()];
    if let Some(path) = manifest_path {
        flags.extend(["--manifest-path".into(), path.into()]);
    }
    read_metadata(&flags)
}

fn read_metadata(flags: &[OsString]) -> Result<Metadata, Failure> {
    let output = cargo_command("metadata")
        .args(["--format-version=1", "--quiet"])
        .args(flags)
        .stderr(Stdio::inherit())
        .output()
        .map_err(cannot_run)?;
    check_success(output.status, "cargo metadata")?;
    MetadataCommand::parse(String::from_utf8_lossy(&output.stdout)).map_err(|error| {
        Failure::new(format!(
            "cannot read the output of `cargo metadata`: {error}"
        ))
    })
}

/// The cargo that runs this command, or else the one in `PATH`.
fn cargo_program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn cargo_command(subcommand: &str) -> Command {
    let mut command = Command::new(cargo_program());
    command.arg(subcommand);
    command
}

fn terminal_flags(globals: &Globals) -> Vec<OsString> {
    let mut flags = Vec::new();
    if globals.quiet {
        flags.push("--quiet".into());
    }
    flags.extend((0..globals.verbose).map(|_| "--verbose".into()));
    let color = globals.color.map(|when| match when {
        ColorWhen::Auto => "--color=auto",
        ColorWhen::Always => "--color=always",
        ColorWhen::Never => "--color=never",
    });
    flags.extend(color.map(OsString::from));
    flags
}

fn cannot_run(error: std::io::Error) -> Failure {
    let program = Path::new(&cargo_program()).display().to_string();
    Failure::new(format!("cannot run `{program}`: {error}"))
        .help("set `CARGO` to the path of cargo, or add its folder to `PATH`")
}

fn check_success(status: ExitStatus, command: &str) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Err(Failure::new(format!("`{command}` failed, as shown above"))
        .exit(code.map_or(Exit::Error, Exit::Cargo)))
}

/// The binary that an artifact is, if it is selected.
fn binary_to_read(
    artifact: &Artifact,
    selection: &Selection,
    metadata: &Metadata,
) -> Option<BuiltBinary> {
    let is_example = artifact.target.kind.contains(&TargetKind::Example);
    let cdylib_is_selected = is_example
        || selection.selects_libraries() && is_selected(&artifact.package_id, selection, metadata);
    let path = match &artifact.executable {
        Some(executable) => executable,
        None if cdylib_is_selected => dynamic_library(artifact)?,
        None => return None,
    };
    Some(BuiltBinary {
        path: relative_to_cwd(path.as_std_path()),
        package: artifact.package_id.clone(),
        target: artifact.target.clone(),
    })
}

fn dynamic_library(artifact: &Artifact) -> Option<&cargo_metadata::camino::Utf8PathBuf> {
    if !artifact.target.crate_types.contains(&CrateType::CDyLib) {
        return None;
    }
    let is_dynamic_library = |extension| matches!(extension, "so" | "dylib" | "dll" | "wasm");
    artifact
        .filenames
        .iter()
        .find(|file| file.extension().is_some_and(is_dynamic_library))
}

/// Whether a package is selected. cargo also builds the cdylibs of packages that are only
/// dependencies.
fn is_selected(id: &PackageId, selection: &Selection, metadata: &Metadata) -> bool {
    if selection.workspace {
        return metadata.workspace_members.contains(id);
    }
    if selection.package.is_empty() {
        return metadata.workspace_default_members.contains(id);
    }
    let mut packages = metadata.workspace_packages().into_iter();
    packages.any(|package| package.id == *id && selection.may_select(&package.name))
}

/// Whether other Rust crates can link this target.
pub(crate) fn is_library(target: &Target) -> bool {
    [TargetKind::Lib, TargetKind::RLib, TargetKind::DyLib]
        .iter()
        .any(|kind| target.kind.contains(kind))
}
