//! Running cargo: what it builds, and what it knows of the packages.

use std::env;
use std::ffi::OsString;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use cargo_metadata::{
    Artifact, CrateType, Message, Metadata, MetadataCommand, Package, PackageId, Target, TargetKind,
};

use crate::args::globals::{ColorWhen, Globals};
use crate::args::selection::Selection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::paths::relative_to_cwd;

/// What a build made.
pub(crate) struct Build {
    /// Binaries, examples and cdylibs that were asked for.
    pub(crate) images: Vec<Image>,
    /// Every Rust library that was built on the way.
    pub(crate) libraries: Vec<Artifact>,
    /// The packages and how they depend on each other.
    pub(crate) metadata: Metadata,
}

/// A linked file.
pub(crate) struct Image {
    pub(crate) path: PathBuf,
    pub(crate) package: PackageId,
    pub(crate) target: Target,
}

/// Builds what is selected. cargo shows its progress and the compiler's errors on stderr.
pub(crate) fn build(selection: &Selection, globals: &Globals) -> Result<Build, Failure> {
    let mut artifacts = artifacts(selection, globals)?;
    // They come in the order in which they were finished.
    artifacts.sort_by(|a, b| a.filenames.cmp(&b.filenames));
    let metadata = metadata(selection)?;
    let images = artifacts
        .iter()
        .filter_map(|artifact| image(artifact, selection, &metadata))
        .collect();
    let libraries = artifacts
        .into_iter()
        .filter(|artifact| is_library(&artifact.target));
    Ok(Build {
        images,
        libraries: libraries.collect(),
        metadata,
    })
}

fn artifacts(selection: &Selection, globals: &Globals) -> Result<Vec<Artifact>, Failure> {
    let mut child = cargo("build")
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
    succeeded(child.wait().map_err(cannot_run)?, "cargo build")?;
    match unreadable {
        Some(error) => Err(Failure::new(format!(
            "cannot read what cargo says: {error}"
        ))),
        None => Ok(artifacts),
    }
}

fn metadata(selection: &Selection) -> Result<Metadata, Failure> {
    read_metadata(&selection.metadata_flags())
}

/// The packages of a workspace, without what they depend on.
pub(crate) fn packages(manifest_path: Option<&Path>) -> Result<Metadata, Failure> {
    let mut flags: Vec<OsString> = vec!["--no-deps".into()];
    if let Some(path) = manifest_path {
        flags.extend(["--manifest-path".into(), path.into()]);
    }
    read_metadata(&flags)
}

fn read_metadata(flags: &[OsString]) -> Result<Metadata, Failure> {
    let output = cargo("metadata")
        .args(["--format-version=1", "--quiet"])
        .args(flags)
        .stderr(Stdio::inherit())
        .output()
        .map_err(cannot_run)?;
    succeeded(output.status, "cargo metadata")?;
    MetadataCommand::parse(String::from_utf8_lossy(&output.stdout)).map_err(|error| {
        Failure::new(format!(
            "cannot read the output of `cargo metadata`: {error}"
        ))
    })
}

/// The cargo that runs this command, or else the one in the path.
fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(program());
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
    let program = Path::new(&program()).display().to_string();
    Failure::new(format!("cannot run `{program}`: {error}"))
        .help("set `CARGO` to the path of cargo, or add its folder to `PATH`")
}

fn succeeded(status: ExitStatus, command: &str) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Err(Failure::new(format!("`{command}` failed, as shown above"))
        .exit(code.map_or(Exit::Error, Exit::Cargo)))
}

/// The linked file of an artifact, if that is one of those to read.
fn image(artifact: &Artifact, selection: &Selection, metadata: &Metadata) -> Option<Image> {
    let is_example = artifact.target.kind.contains(&TargetKind::Example);
    let is_wanted = is_example
        || selection.selects_libraries() && is_selected(&artifact.package_id, selection, metadata);
    let path = match &artifact.executable {
        Some(executable) => executable,
        None if is_wanted => dynamic_library(artifact)?,
        None => return None,
    };
    Some(Image {
        path: relative_to_cwd(path.as_std_path()),
        package: artifact.package_id.clone(),
        target: artifact.target.clone(),
    })
}

fn dynamic_library(artifact: &Artifact) -> Option<&cargo_metadata::camino::Utf8PathBuf> {
    if !artifact.target.crate_types.contains(&CrateType::CDyLib) {
        return None;
    }
    let is_image = |extension| matches!(extension, "so" | "dylib" | "dll" | "wasm");
    artifact
        .filenames
        .iter()
        .find(|file| file.extension().is_some_and(is_image))
}

/// Whether a package is built for itself: cargo builds the cdylib of a mere dependency too.
fn is_selected(id: &PackageId, selection: &Selection, metadata: &Metadata) -> bool {
    if selection.workspace {
        return metadata.workspace_members.contains(id);
    }
    if selection.package.is_empty() {
        return metadata.workspace_default_members.contains(id);
    }
    metadata.workspace_packages().iter().any(|package| {
        package.id == *id && selection.package.iter().any(|spec| may_mean(spec, package))
    })
}

/// Patterns and URLs are cargo's to understand: they may mean any package.
fn may_mean(spec: &str, package: &Package) -> bool {
    let name = spec.split('@').next().unwrap_or(spec);
    name == package.name || name.contains(['*', '?', '[', '/', '#', ':'])
}

/// Whether this is a Rust library that other crates link.
pub(crate) fn is_library(target: &Target) -> bool {
    target.kind.contains(&TargetKind::Lib) || target.kind.contains(&TargetKind::RLib)
}
