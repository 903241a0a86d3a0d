//! cargo's own flags.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

/// cargo's own flags: what to build and how.
#[derive(Debug, Args)]
#[group(multiple = true)]
pub(crate) struct Selection {
    /// Build this package
    #[arg(short, long, value_name = "SPEC", help_heading = PACKAGES)]
    pub(crate) package: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long, alias = "all", help_heading = PACKAGES)]
    pub(crate) workspace: bool,
    /// All packages of the workspace but this
    #[arg(long, value_name = "SPEC", requires = "workspace", help_heading = PACKAGES)]
    pub(crate) exclude: Vec<String>,

    /// Build the library, where it is a cdylib
    #[arg(long, help_heading = TARGETS)]
    pub(crate) lib: bool,
    /// Build this binary
    #[arg(long, value_name = "NAME", help_heading = TARGETS)]
    pub(crate) bin: Vec<String>,
    /// Build all binaries
    #[arg(long, help_heading = TARGETS)]
    pub(crate) bins: bool,
    /// Build this example
    #[arg(long, value_name = "NAME", help_heading = TARGETS)]
    pub(crate) example: Vec<String>,
    /// Build all examples
    #[arg(long, help_heading = TARGETS)]
    pub(crate) examples: bool,

    /// Build with optimizations
    #[arg(short, long, help_heading = COMPILATION)]
    release: bool,
    /// Build with this profile
    #[arg(long, value_name = "PROFILE", help_heading = COMPILATION)]
    profile: Option<String>,
    /// Activate these features, separated by commas or spaces
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = COMPILATION)]
    features: Vec<String>,
    /// Activate all features
    #[arg(long, help_heading = COMPILATION)]
    all_features: bool,
    /// Leave out the default feature
    #[arg(long, help_heading = COMPILATION)]
    no_default_features: bool,
    /// Build for this target triple; or deploy there, where it names a target like `fal`
    #[arg(long, value_name = "TARGET", help_heading = COMPILATION)]
    target: Vec<String>,
    /// Put what is built here
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, help_heading = COMPILATION)]
    target_dir: Option<PathBuf>,
    /// Run this many jobs at once
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, help_heading = COMPILATION)]
    jobs: Option<String>,

    /// The Cargo.toml to build
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = MANIFEST)]
    manifest_path: Option<PathBuf>,
    /// Keep Cargo.lock as it is
    #[arg(long, help_heading = MANIFEST)]
    locked: bool,
    /// Use no network
    #[arg(long, help_heading = MANIFEST)]
    offline: bool,
    /// Both of --locked and --offline
    #[arg(long, help_heading = MANIFEST)]
    frozen: bool,
}

const PACKAGES: &str = "Package selection";
const TARGETS: &str = "Target selection";
const COMPILATION: &str = "Compilation";
/// The heading of the flags about `Cargo.toml` in the help.
pub(super) const MANIFEST: &str = "Cargo.toml and Cargo.lock";

impl Selection {
    /// The flags of `cargo build`.
    pub(crate) fn build_flags(&self) -> Vec<OsString> {
        let mut flags = Flags::default();
        flags.list("--package", &self.package);
        flags.switch("--workspace", self.workspace);
        flags.list("--exclude", &self.exclude);
        flags.switch("--lib", self.lib);
        flags.list("--bin", &self.bin);
        flags.switch("--bins", self.bins);
        flags.list("--example", &self.example);
        flags.switch("--examples", self.examples);
        flags.switch("--release", self.release);
        flags.list("--profile", &self.profile);
        let triples = self.target.iter().filter(|target| is_triple(target));
        flags.list("--target", triples);
        flags.list("--target-dir", &self.target_dir);
        flags.list("--jobs", &self.jobs);
        self.common(&mut flags);
        flags.0
    }

    /// The targets to deploy to.
    pub(crate) fn deploy_targets(&self) -> Vec<&str> {
        let targets = self.target.iter().filter(|target| !is_triple(target));
        targets.map(String::as_str).collect()
    }

    /// Whether the network may be used.
    pub(crate) fn is_offline(&self) -> bool {
        self.offline || self.frozen
    }

    /// Where what is built is put, if not where cargo puts it by itself.
    pub(crate) fn target_dir(&self) -> Option<&Path> {
        self.target_dir.as_deref()
    }

    /// The Cargo.toml to build.
    pub(crate) fn manifest_path(&self) -> Option<&Path> {
        self.manifest_path.as_deref()
    }

    /// The flags of `cargo metadata`.
    pub(crate) fn metadata_flags(&self) -> Vec<OsString> {
        let mut flags = Flags::default();
        self.common(&mut flags);
        flags.0
    }

    fn common(&self, flags: &mut Flags) {
        flags.list("--features", &self.features);
        flags.switch("--all-features", self.all_features);
        flags.switch("--no-default-features", self.no_default_features);
        flags.list("--manifest-path", &self.manifest_path);
        flags.switch("--locked", self.locked);
        flags.switch("--offline", self.offline);
        flags.switch("--frozen", self.frozen);
    }

    /// Whether a package's library is built for itself, not only as a dependency.
    pub(crate) fn selects_libraries(&self) -> bool {
        let others = self.bins || self.examples || !self.bin.is_empty() || !self.example.is_empty();
        self.lib || !others
    }
}

/// Triples have dashes, and specifications of targets are JSON files; targets of deploys are words.
fn is_triple(target: &str) -> bool {
    target.contains('-') || target.ends_with(".json")
}

#[derive(Default)]
struct Flags(Vec<OsString>);

impl Flags {
    fn switch(&mut self, name: &str, on: bool) {
        if on {
            self.0.push(name.into());
        }
    }

    /// `name=value`, so that a value may begin with `-`.
    fn list(&mut self, name: &str, values: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        for value in values {
            let mut flag = OsString::from(format!("{name}="));
            flag.push(value);
            self.0.push(flag);
        }
    }
}
