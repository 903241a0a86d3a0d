//! cargo's own flags, which are handed on to cargo.

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use machinist_deploy::{Project, target};

use crate::failure::Failure;

/// What cargo builds, and how.
#[derive(Clone, Debug, Args)]
#[group(multiple = true)]
pub(crate) struct Selection {
    /// Build this package
    #[arg(short, long, value_name = "SPEC", help_heading = PACKAGE_SELECTION)]
    pub(crate) package: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long, alias = "all", help_heading = PACKAGE_SELECTION)]
    pub(crate) workspace: bool,
    /// Leave out this package of the workspace
    #[arg(long, value_name = "SPEC", requires = "workspace", help_heading = PACKAGE_SELECTION)]
    pub(crate) exclude: Vec<String>,

    /// Build the library if it is a cdylib
    #[arg(long, help_heading = TARGET_SELECTION)]
    pub(crate) lib: bool,
    /// Build this binary
    #[arg(long, value_name = "NAME", help_heading = TARGET_SELECTION)]
    pub(crate) bin: Vec<String>,
    /// Build all binaries
    #[arg(long, help_heading = TARGET_SELECTION)]
    pub(crate) bins: bool,
    /// Build this example
    #[arg(long, value_name = "NAME", help_heading = TARGET_SELECTION)]
    pub(crate) example: Vec<String>,
    /// Build all examples
    #[arg(long, help_heading = TARGET_SELECTION)]
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
    /// Do not activate the default feature
    #[arg(long, help_heading = COMPILATION)]
    no_default_features: bool,
    /// Build for this target triple, or deploy to this target if it is a name like `fal`
    #[arg(long, value_name = "TARGET", help_heading = COMPILATION)]
    target: Vec<String>,
    /// Folder for all build output
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, help_heading = COMPILATION)]
    target_dir: Option<PathBuf>,
    /// Run this many jobs at once; `deploy` also deploys as many apps at once [default: cargo's, and 1 app]
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, help_heading = COMPILATION)]
    jobs: Option<String>,

    /// The Cargo.toml to build
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CARGO_TOML_AND_LOCK)]
    manifest_path: Option<PathBuf>,
    /// Fail if Cargo.lock would change
    #[arg(long, help_heading = CARGO_TOML_AND_LOCK)]
    locked: bool,
    /// Use no network
    #[arg(long, help_heading = CARGO_TOML_AND_LOCK)]
    offline: bool,
    /// Same as --locked and --offline together
    #[arg(long, help_heading = CARGO_TOML_AND_LOCK)]
    frozen: bool,
}

const PACKAGE_SELECTION: &str = "Package selection";
const TARGET_SELECTION: &str = "Target selection";
const COMPILATION: &str = "Compilation";
/// The heading of the flags about `Cargo.toml` in the help, here and in other groups of flags.
pub(super) const CARGO_TOML_AND_LOCK: &str = "Cargo.toml and Cargo.lock";

/// The profile of a build that no flag chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuildProfile {
    Dev,
    Release,
}

impl Selection {
    /// The selection with this profile, unless a flag chooses one.
    pub(crate) fn with_default(&self, profile: BuildProfile) -> Self {
        Self {
            release: self.release || (profile == BuildProfile::Release && !self.has_profile()),
            ..self.clone()
        }
    }

    /// How many jobs run at once: 1 unless a flag says more.
    pub(crate) fn jobs(&self) -> NonZeroUsize {
        let jobs = self.jobs.as_deref().and_then(|jobs| jobs.parse().ok());
        jobs.unwrap_or(NonZeroUsize::MIN)
    }

    /// Removes the number of jobs.
    pub(crate) fn remove_jobs(&mut self) {
        self.jobs = None;
    }

    /// The name of the profile.
    pub(crate) fn profile_name(&self) -> &str {
        match (&self.profile, self.release) {
            (Some(profile), _) => profile,
            (None, true) => "release",
            (None, false) => "dev",
        }
    }

    /// The flags of `cargo build`.
    pub(crate) fn build_flags(&self) -> Vec<OsString> {
        let mut flags = Flags::default();
        flags.add_values("--package", &self.package);
        flags.add_switch("--workspace", self.workspace);
        flags.add_values("--exclude", &self.exclude);
        flags.add_switch("--lib", self.lib);
        flags.add_values("--bin", &self.bin);
        flags.add_switch("--bins", self.bins);
        flags.add_values("--example", &self.example);
        flags.add_switch("--examples", self.examples);
        flags.add_switch("--release", self.release);
        flags.add_values("--profile", &self.profile);
        let triples = self.target.iter().filter(|target| is_triple(target));
        flags.add_values("--target", triples);
        flags.add_values("--target-dir", &self.target_dir);
        flags.add_values("--jobs", &self.jobs);
        self.add_common(&mut flags);
        flags.0
    }

    /// The first flag that is about a build, and not about which `Cargo.toml` has the settings.
    pub(crate) fn first_flag_of_build(&self) -> Option<String> {
        let flags = self.build_flags().into_iter();
        let mut flags = flags.map(|flag| flag.to_string_lossy().into_owned());
        flags.find(|flag| !flag.starts_with("--manifest-path="))
    }

    /// The target of a deploy that `--target` names, if it names one.
    ///
    /// # Errors
    ///
    /// When it is unknown, or there are several.
    pub(crate) fn deploy_target(&self) -> Result<Option<String>, Failure> {
        let targets = self.target.iter().filter(|target| !is_triple(target));
        let targets: Vec<&str> = targets.map(String::as_str).collect();
        match &*targets {
            [] => Ok(None),
            [name] => {
                // An unknown target is an error.
                target(name, Project::default())?;
                Ok(Some((*name).to_owned()))
            }
            names => {
                let names = names.join("` and `");
                Err(
                    Failure::new(format!("a deploy goes to one target, not to `{names}`"))
                        .help("deploy to one after the other"),
                )
            }
        }
    }

    /// Whether cargo may build this package of the workspace. Patterns and URLs may match any
    /// package, because only cargo understands them.
    pub(crate) fn may_select(&self, package: &str) -> bool {
        let may_match = |spec: &String| {
            let name = spec.split('@').next().unwrap_or(spec);
            name == package || name.contains(['*', '?', '[', '/', '#', ':'])
        };
        match self.package.is_empty() {
            true => !self.exclude.iter().any(|spec| spec == package),
            false => self.package.iter().any(may_match),
        }
    }

    /// Whether a flag chooses the profile.
    pub(crate) fn has_profile(&self) -> bool {
        self.release || self.profile.is_some()
    }

    /// The selection with these features and this profile, if no flag chooses one.
    pub(crate) fn with_build(&self, features: Vec<String>, profile: Option<&str>) -> Self {
        let profile = profile.filter(|_| !self.has_profile()).map(str::to_owned);
        let mut selection = self.clone();
        selection.profile = profile.or(selection.profile);
        selection.features.extend(features);
        selection
    }

    /// Adds a target of a deploy, as if `--target` named it.
    pub(crate) fn add_deploy_target(&mut self, name: &str) {
        self.target.push(name.into());
    }

    /// Whether the network may not be used.
    pub(crate) fn is_offline(&self) -> bool {
        self.offline || self.frozen
    }

    /// The folder for build output, if it is not the default.
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
        self.add_common(&mut flags);
        flags.0
    }

    /// The flags that `cargo build` and `cargo metadata` share.
    fn add_common(&self, flags: &mut Flags) {
        flags.add_values("--features", &self.features);
        flags.add_switch("--all-features", self.all_features);
        flags.add_switch("--no-default-features", self.no_default_features);
        flags.add_values("--manifest-path", &self.manifest_path);
        flags.add_switch("--locked", self.locked);
        flags.add_switch("--offline", self.offline);
        flags.add_switch("--frozen", self.frozen);
    }

    /// The features that flags name.
    pub(crate) fn feature_names(&self) -> Vec<String> {
        let names = self.features.iter().flat_map(|text| text.split([',', ' ']));
        let names = names.filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }

    /// The flags that leave out a part of the workspace, also if others name all of its targets.
    pub(crate) fn flags_that_leave_out(&self, names_targets: bool) -> Vec<&'static str> {
        if !self.workspace {
            return Vec::new();
        }
        // A flag that names a target leaves nothing out beside those that name all of them.
        let flags = [
            ("--exclude", !self.exclude.is_empty()),
            ("--lib", self.lib && !names_targets),
            ("--bin", !self.bin.is_empty() && !names_targets),
            ("--bins", self.bins && !names_targets),
            ("--example", !self.example.is_empty() && !names_targets),
            ("--examples", self.examples && !names_targets),
        ];
        let set = flags.into_iter().filter(|(_, is_set)| *is_set);
        set.map(|(flag, _)| flag).collect()
    }

    /// Whether cdylibs of the selected packages are selected too.
    pub(crate) fn selects_libraries(&self) -> bool {
        let others = self.bins || self.examples || !self.bin.is_empty() || !self.example.is_empty();
        self.lib || !others
    }
}

/// Whether a `--target` is for the compiler: triples contain dashes, and target specifications are
/// JSON files. Targets of deploys are single words.
fn is_triple(target: &str) -> bool {
    target.contains('-') || target.ends_with(".json")
}

#[derive(Default)]
struct Flags(Vec<OsString>);

impl Flags {
    fn add_switch(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.0.push(name.into());
        }
    }

    /// Adds `name=value` for each value. With `=`, a value may begin with `-`.
    fn add_values(&mut self, name: &str, values: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        for value in values {
            let mut flag = OsString::from(format!("{name}="));
            flag.push(value);
            self.0.push(flag);
        }
    }
}
