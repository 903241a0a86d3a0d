//! What a plan is refused for: a deploy would refuse it, so the plan does in the same words.

use std::collections::BTreeSet;

use machinist_core::parameter::Key;
use machinist_core::problem::{Problem, first_names, joined};

use crate::app_plan::{Action, AppPlan, Plan};
use crate::deployed::Owner;
use crate::plan::AppSet;

/// Binaries that exist and were not read, and may have apps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Their names.
    pub binaries: BTreeSet<String>,
    /// What to do, so that they are read.
    pub how_to_read: String,
}

impl Plan {
    /// Checks that a plan may be carried out: no app of others is taken over without consent, the
    /// code and the tuned values are valid together, no app is deleted that unread binaries may
    /// have, and each app is given the environment variables that its code requires.
    ///
    /// # Errors
    ///
    /// The first reason why it may not.
    pub fn check(&self, adopted: &AppSet, unread: &Unread, target: &str) -> Result<(), Problem> {
        for app in &self.apps {
            match app.action {
                Action::Adopt if !adopted.includes(&app.name) => {
                    return Err(belongs_to_others(app, target));
                }
                Action::Create | Action::Adopt | Action::Update | Action::Unchanged => {
                    app.check_together(&[])?;
                }
                Action::Delete if !unread.binaries.is_empty() => {
                    return Err(may_be_unread(app, unread));
                }
                Action::Delete | Action::Orphaned => {}
            }
        }
        self.check_variables()
    }
}

impl Plan {
    /// Checks that each app is given the environment variables that its code requires.
    fn check_variables(&self) -> Result<(), Problem> {
        let missing = self.apps.iter().filter_map(|app| {
            let missing = app.missing_variables();
            (!missing.is_empty()).then_some((&*app.name, missing))
        });
        let missing: Vec<(&str, Vec<&str>)> = missing.collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(variables_missing(&missing)),
        }
    }
}

/// Apps that require environment variables which their settings do not give.
fn variables_missing(missing: &[(&str, Vec<&str>)]) -> Problem {
    let quoted = |names: &[&str]| joined(names.iter().map(|name| format!("`{name}`")), "and");
    let requires = missing.iter().map(|(app, names)| {
        let word = match names.len() {
            1 => "the environment variable",
            _ => "the environment variables",
        };
        format!("`{app}` requires {word} {}", quoted(names))
    });
    let requires: Vec<String> = requires.collect();
    let tables = missing.iter().map(|(app, names)| {
        let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        format!(
            "`secrets = [{}]` in `[workspace.metadata.machinist.apps.{app}]`",
            names.join(", ")
        )
    });
    let first = missing.first().and_then(|(_, names)| names.first());
    let example = first.copied().unwrap_or("HF_TOKEN");
    Problem::new(format!(
        "{}, and the settings do not give {}",
        requires.join("; "),
        if missing.iter().map(|(_, names)| names.len()).sum::<usize>() == 1 {
            "it"
        } else {
            "them"
        }
    ))
    .help(format!("write {}", joined(tables, "and")))
    .note(format!(
        "a value that is not secret stands in `env` there: `env = {{ {example} = \"...\" }}`"
    ))
}

/// An app that somebody else deployed.
fn belongs_to_others(app: &AppPlan, target: &str) -> Problem {
    let name = &app.name;
    let adopt = format!("to take it over, add `--adopt {name}`; else give the app another name");
    match &app.owner {
        Some(Owner::Package(package)) => Problem::new(format!(
            "`{name}` was deployed from the package `{package}`, and this one is of `{}`",
            app.package
        ))
        .help(adopt)
        .note("two apps of one name would replace each other with every deploy"),
        owner => {
            let problem = Problem::new(format!(
                "`{name}` runs on {target} already, and was never deployed from this state"
            ))
            .help(adopt);
            match owner {
                Some(Owner::Platform(Some(owner))) => problem.note(format!("it is `{owner}`'s")),
                _ => problem,
            }
        }
    }
}

impl AppPlan {
    /// The environment variables that the code requires and that it is not given.
    fn missing_variables(&self) -> Vec<&str> {
        let given = self.artifact.as_ref().map(|artifact| &artifact.bindings);
        let is_given = |name: &str| given.is_some_and(|given| given.gives(name));
        let required = self.requires.env().iter().map(String::as_str);
        required.filter(|name| !is_given(name)).collect()
    }

    /// Checks the code's and the tuned values by the rules that need several of them. `typed` are
    /// the keys that somebody sets at this moment.
    ///
    /// # Errors
    ///
    /// The rule that they break together, with what to do.
    pub fn check_together(&self, typed: &[&str]) -> Result<(), Problem> {
        let Some(effective) = &self.effective else {
            return Ok(());
        };
        effective.scaling.check_together().map_err(|problem| {
            let problem = Problem::new(format!("`{}`: {}", self.name, problem.message));
            self.with_advice_on_concurrency(problem, typed)
        })
    }

    fn with_advice_on_concurrency(&self, problem: Problem, typed: &[&str]) -> Problem {
        let keys = [Key::MinConcurrency, Key::MaxConcurrency];
        if keys.iter().any(|key| typed.contains(&key.as_str())) {
            return problem.help("set both in one command, so that they fit together");
        }
        let tuned = keys.into_iter().filter(|key| self.overrides.contains(*key));
        let tuned: Vec<&str> = tuned.map(Key::as_str).collect();
        match &*tuned {
            [] => problem.help("change one of them in the code"),
            [key, ..] => problem
                .help(format!(
                    "reset the tuned value with `cargo machinist scale {} --reset {key}`, or \
                     change the code",
                    self.name
                ))
                .note(format!("tuned: `{}`", tuned.join("` and `"))),
        }
    }
}

/// An app to delete, that a binary may have which was not read.
fn may_be_unread(app: &AppPlan, unread: &Unread) -> Problem {
    let binaries = unread.binaries.iter();
    let binaries: Vec<String> = binaries.map(|name| format!("`{name}`")).collect();
    Problem::new(format!(
        "`{}` is not deleted: what was not read may have it",
        app.name
    ))
    .help(format!(
        "{}, or delete the app by name with `cargo machinist destroy {}`",
        unread.how_to_read, app.name
    ))
    .note(format!("not read: {}", first_names(&binaries, 10)))
}
