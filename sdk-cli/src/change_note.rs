//! What a change is, in a few words: for those who look at a lock or at the log of a state.

use machinist_core::problem::first_names;
use machinist_deploy::{Action, AppPlan, Plan, What, Why};

/// How many apps are named.
const NAMED_APPS: usize = 8;

/// A deploy, a rollback or a deletion.
pub(crate) fn of_deploy(plan: &Plan, target: &str, is_rollback: bool) -> String {
    let apps: Vec<String> = plan
        .changed_apps()
        .map(|app| format!("{} {}", app.name, past(app.action, is_rollback)))
        .collect();
    match apps.is_empty() {
        true => format!("deploy to {target}"),
        false => format!("deploy to {target}: {}", first_names(&apps, NAMED_APPS)),
    }
}

/// A tuning.
pub(crate) fn of_tuning(app: &AppPlan) -> String {
    let mut text = format!("scale {}", app.name);
    for change in &app.changes {
        let What::Parameter(key) = &change.what else {
            continue;
        };
        match (change.why, &change.to) {
            (Why::Tuned, Some(value)) => text += &format!(" {key}={value}"),
            _ => text += &format!(" --reset {key}"),
        }
    }
    text
}

fn past(action: Action, is_rollback: bool) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Delete => "deleted",
        Action::Adopt => "adopted",
        _ if is_rollback => "rolled back",
        _ => "updated",
    }
}
