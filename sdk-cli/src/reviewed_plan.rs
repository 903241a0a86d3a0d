//! Plans that `plan -o FILE` keeps, and that `deploy FILE` carries out.

use std::fs;
use std::path::{Path, PathBuf};

use machinist_core::name::is_dns_label;
use machinist_deploy::{
    KeptApps, KeptDestination, KeptOptions, KeptPlan, TARGETS, shell_word, write_file,
};

use crate::args::deployment::PlanOptions;
use crate::args::globals::{ENVIRONMENT_VARIABLE, Globals};
use crate::args::source::AppSource;
use crate::failure::Failure;
use crate::output::Output;

/// The options of a plan as they are kept.
pub(crate) fn kept_options(options: &PlanOptions) -> KeptOptions {
    let apps = |names: &[String]| match names.iter().any(String::is_empty) {
        true => KeptApps::All,
        false => KeptApps::Names(sorted(names)),
    };
    KeptOptions {
        apps: sorted(&options.apps),
        reset_scaling: apps(&options.reset_scaling),
        adopt: apps(&options.adopt),
        prune: options.prune,
        strict: options.strict,
    }
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    names
}

/// Checks that a plan can be kept in this file: `deploy` tells a plan from an app by its name, and a
/// file of something else is not written over.
pub(crate) fn check_file(file: &Path) -> Result<(), Failure> {
    let name = file.to_string_lossy();
    match is_file_name(&name) {
        true if is_of_something_else(file) => {
            Err(Failure::new(format!("`{name}` exists, and is no plan"))
                .help("give the plan another name, or remove the file")
                .note("nothing was written"))
        }
        true => Ok(()),
        false => Err(Failure::new(format!(
            "`deploy {name}` would take `{name}` for the name of an app"
        ))
        .help(format!(
            "give the file an extension: `-o {}`",
            shell_word(&format!("{name}.json"))
        ))),
    }
}

/// Whether a file has something in it that is no kept plan, of this version or of another.
fn is_of_something_else(file: &Path) -> bool {
    let is_regular = fs::metadata(file).is_ok_and(|data| data.is_file() && data.len() > 0);
    let is_plan = || fs::read_to_string(file).is_ok_and(|text| KeptPlan::is_kept_plan(&text));
    is_regular && !is_plan()
}

/// Checks that a plan that is kept is for one place.
pub(crate) fn check_one_place(places: usize) -> Result<(), Failure> {
    match places {
        0 | 1 => Ok(()),
        _ => Err(Failure::new(format!(
            "a kept plan is for one place, and these apps go to {places}"
        ))
        .help("select packages that go to one of them with `-p`")),
    }
}

/// An app's name has no dot and no separator of a path.
fn is_file_name(argument: &str) -> bool {
    argument.contains(['.', '/', '\\']) && !is_dns_label(argument)
}

/// Writes a plan into a file.
pub(crate) fn keep(plan: &KeptPlan, file: &Path, output: &Output) -> Result<(), Failure> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let written = folder.map_or(Ok(()), fs::create_dir_all);
    let written = written.and_then(|()| write_file(file, &plan.to_json()));
    written.map_err(|error| Failure::new(format!("cannot write `{}`: {error}", file.display())))?;
    output.status("Wrote", &file.display().to_string());
    Ok(())
}

/// A plan that was kept in a file and is to be carried out.
pub(crate) struct ReviewedPlan {
    file: PathBuf,
    plan: KeptPlan,
}

impl ReviewedPlan {
    /// The plan that arguments name, if one of them is a file.
    pub(crate) fn named_in(arguments: &[String]) -> Result<Option<Self>, Failure> {
        let files: Vec<&String> = arguments
            .iter()
            .filter(|argument| is_file_name(argument))
            .collect();
        match &*files {
            [] => Ok(None),
            [file] => Self::read(Path::new(file)).map(Some),
            [first, second, ..] => Err(Failure::new(format!(
                "a deploy carries out one plan, not `{first}` and `{second}`"
            ))
            .help("deploy one after the other")),
        }
    }

    fn read(file: &Path) -> Result<Self, Failure> {
        let cannot_read = |failure: Failure| Failure {
            message: format!("cannot read `{}`: {}", file.display(), failure.message),
            ..failure
        };
        let text = fs::read_to_string(file).map_err(|error| {
            let help = "name apps, or a plan that `cargo machinist plan -o FILE` kept";
            cannot_read(Failure::new(error.to_string()).help(help))
        })?;
        let plan = KeptPlan::parse(&text).map_err(|problem| cannot_read(problem.into()))?;
        let target = &plan.destination.target;
        if !TARGETS.contains(&&**target) {
            let failure = Failure::new(format!("it is for an unknown target `{target}`"));
            let help = format!("targets are {}", TARGETS.join(", "));
            return Err(cannot_read(failure.help(help)));
        }
        Ok(Self {
            file: file.to_owned(),
            plan,
        })
    }

    /// The file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// What it was planned with, in the place of what was given beside the file.
    ///
    /// # Errors
    ///
    /// When something given contradicts it.
    pub(crate) fn arguments(
        &self,
        given: &PlanOptions,
        force: bool,
        source: &AppSource,
        globals: &Globals,
    ) -> Result<(PlanOptions, AppSource, Option<String>), Failure> {
        let mut source = source.clone();
        let KeptDestination {
            target,
            environment: own,
            ..
        } = &self.plan.destination;
        let environment = globals.environment();
        if let Some(other) = environment.filter(|other| Some(other) != own.as_ref()) {
            let made_for = own
                .as_ref()
                .map_or_else(|| "no environment".into(), |own| format!("`{own}`"));
            let argument = match globals.env {
                Some(_) => format!("--env {other}"),
                None => format!("{ENVIRONMENT_VARIABLE}={other}"),
            };
            return Err(self.contradiction(&argument, &format!("it was made for {made_for}")));
        }
        match source.selection.deploy_target()? {
            Some(other) if other != *target => {
                return Err(self.contradiction(
                    &format!("--target {other}"),
                    &format!("it was made for {target}"),
                ));
            }
            Some(_) => {}
            None => source.selection.add_deploy_target(target),
        }
        let kept = &self.plan.options;
        let typed = kept_options(&PlanOptions {
            apps: given
                .apps
                .iter()
                .filter(|argument| !is_file_name(argument))
                .cloned()
                .collect(),
            ..given.clone()
        });
        let contradicts = [
            ("--force", force),
            ("--prune", typed.prune && !kept.prune),
            ("--strict", typed.strict && !kept.strict),
            (
                "--reset-scaling",
                !typed.reset_scaling.is_nothing() && typed.reset_scaling != kept.reset_scaling,
            ),
            (
                "--adopt",
                !typed.adopt.is_nothing() && typed.adopt != kept.adopt,
            ),
        ];
        if let Some((flag, _)) = contradicts.into_iter().find(|(_, is_given)| *is_given) {
            return Err(self.contradiction(flag, "it was made without this"));
        }
        if !typed.apps.is_empty() && typed.apps != kept.apps {
            let about = match kept.apps.is_empty() {
                true => "all apps".to_owned(),
                false => format!("`{}`", kept.apps.join("`, `")),
            };
            let apps = typed.apps.join(" ");
            return Err(self.contradiction(&apps, &format!("it is about {about}")));
        }
        let names = |apps: &KeptApps| match apps {
            KeptApps::All => vec![String::new()],
            KeptApps::Names(names) => names.clone(),
        };
        let options = PlanOptions {
            apps: kept.apps.clone(),
            reset_scaling: names(&kept.reset_scaling),
            adopt: names(&kept.adopt),
            prune: kept.prune,
            strict: kept.strict,
            ..given.clone()
        };
        Ok((options, source, own.clone()))
    }

    fn contradiction(&self, argument: &str, fact: &str) -> Failure {
        let file = self.file.display();
        Failure::new(format!("`{argument}` contradicts the plan `{file}`"))
            .help("leave it out, or make another plan with `cargo machinist plan -o FILE`")
            .note(fact)
    }

    /// Checks that the plan is still what a deploy would do.
    ///
    /// # Errors
    ///
    /// Everything that differs.
    pub(crate) fn check_unchanged(&self, now: &KeptPlan) -> Result<(), Failure> {
        const MOST: usize = 20;
        let mut differences = self.plan.differences(now);
        if differences.is_empty() {
            return Ok(());
        }
        let file = self.file.display();
        let left_out = differences.len().saturating_sub(MOST);
        differences.truncate(MOST);
        if left_out > 0 {
            differences.push(format!("and {left_out} more differences"));
        }
        let failure = Failure::new(format!(
            "`{file}` is not what a deploy would do now: nothing was done"
        ));
        let help = format!(
            "make the plan again with `cargo machinist plan -o {}`, and have it reviewed",
            shell_word(&self.file.to_string_lossy())
        );
        Err(Failure {
            note: differences,
            ..failure.help(help)
        })
    }
}
