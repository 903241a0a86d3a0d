//! A plan as a reviewer reads it in a pull request.

use std::collections::BTreeSet;

use machinist_core::parameter::Key;
use machinist_deploy::{Action, AppPlan, CostChange, Plan};

use crate::failure::Failure;
use crate::markdown::{Document, LONGEST, code, escape, head, message, row};
use crate::text_view;

/// Where a document is about, for its heading.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    /// `plan` or `drift`.
    pub(crate) kind: &'static str,
    /// The command line that shows the same, without the environment.
    pub(crate) command: &'static str,
    pub(crate) target: &'a str,
    pub(crate) environment: Option<&'a str>,
    /// The place on the target, and what else is said about it.
    pub(crate) place: &'a str,
}

/// A document that begins with the marker by which a bot finds its earlier comment, the heading, the
/// summary and the place.
pub(crate) fn document(about: About<'_>, summary: &str) -> Document {
    let About { kind, target, .. } = about;
    let environment = about.environment.map(|name| format!(" {name}"));
    let environment = environment.unwrap_or_default();
    // What could end the comment is left out.
    let is_plain = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-');
    let of: String = format!("{target}{environment}")
        .chars()
        .filter(is_plain)
        .collect();
    let text = format!(
        "<!-- machinist-{kind}: {of} -->\n### machinist {kind}: {}\n\n**{summary}**\n\n{}\n",
        escape(&format!("{target}{environment}")),
        message(about.place)
    );
    let environment = about.environment.map(|name| format!(" --env {name}"));
    let command = format!("{}{}", about.command, environment.unwrap_or_default());
    Document { text, command }
}

/// A plan with everything that a reviewer looks for: what changes of machines and cost first.
pub(crate) fn plan(
    plan: &Plan,
    about: About<'_>,
    warnings: &[Failure],
    refusal: Option<&Failure>,
) -> String {
    let mut document = document(about, &summary(plan));
    let refusal = refusal.map(|refusal| report("A deploy refuses this plan", refusal));
    if document.add_until(LONGEST / 4, refusal) > 0 {
        let command = code(&document.command);
        document.text += &format!(
            "\n**A deploy refuses this plan:** {command} shows why, which is too long \
             for this page.\n"
        );
    }
    add_warnings(&mut document, warnings);
    add_needs(&mut document, plan);
    let stale = plan.stale_files.iter().map(|file| {
        let file = code(&file.display().to_string());
        format!("\n{file} is missing or differs from what is deployed: it is written again.\n")
    });
    let left_out = document.add_until(LONGEST / 2, stale);
    document.add_not_shown(left_out, "file", "files");
    let apps = listed_apps(plan);
    if !apps.is_empty() {
        add_table(&mut document, &apps);
        add_details(&mut document, &apps);
    }
    document.text
}

/// The warnings that the command prints.
pub(crate) fn add_warnings(document: &mut Document, warnings: &[Failure]) {
    let texts = warnings.iter().map(|warning| report("Warning", warning));
    let left_out = document.add_until(LONGEST / 3, texts);
    document.add_not_shown(left_out, "warning", "warnings");
}

fn add_needs(document: &mut Document, plan: &Plan) {
    let needs = plan.apps.iter().flat_map(|app| &app.needs);
    let needs: BTreeSet<&String> = needs.collect();
    let needs = needs
        .iter()
        .map(|need| format!("\n**Needs:** {}\n", message(need)));
    let left_out = document.add_until(LONGEST * 2 / 5, needs);
    document.add_not_shown(left_out, "need", "needs");
}

/// An error or a warning, with all that it says.
fn report(label: &str, failure: &Failure) -> String {
    let lines = |label: &str, texts: &[String]| -> String {
        let texts = texts.iter().flat_map(|text| text.lines());
        let texts = texts.map(|text| format!("<br>{label}: {}\n", message(text)));
        texts.take(20).collect()
    };
    let mut messages = failure.message.lines().map(message);
    format!(
        "\n**{label}:** {}\n{}{}{}",
        messages.next().unwrap_or_default(),
        messages
            .map(|text| format!("<br>{text}\n"))
            .take(20)
            .collect::<String>(),
        lines("help", &failure.help),
        lines("note", &failure.note)
    )
}

/// How many apps change, how many of them their machine, and what that costs.
fn summary(plan: &Plan) -> String {
    let machines = plan.apps.iter().filter(|app| changes_machine(app)).count();
    let machines = match machines {
        0 => None,
        1 => Some("1 app changes its machine".to_owned()),
        apps => Some(format!("{apps} apps change their machines")),
    };
    let cost = text_view::kept_runners(plan);
    let parts = [Some(text_view::summary(plan)), machines, cost];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    escape(&parts.join("; "))
}

/// The apps to show: those whose machine changes first, then those whose cost does.
fn listed_apps(plan: &Plan) -> Vec<&AppPlan> {
    let mut apps: Vec<&AppPlan> = plan
        .apps
        .iter()
        .filter(|app| text_view::is_listed(app))
        .collect();
    apps.sort_by_key(|app| (!changes_machine(app), !changes_cost(app)));
    apps
}

fn changes_machine(app: &AppPlan) -> bool {
    let is_machine = |key| matches!(key, Key::MachineType | Key::Gpus);
    let keys = app
        .changes
        .iter()
        .filter_map(|change| change.what.parameter()?.key());
    app.action != Action::Create && keys.into_iter().any(is_machine)
}

fn changes_cost(app: &AppPlan) -> bool {
    let CostChange { from, to } = app.cost_per_hour;
    !app.cost_per_hour.is_nothing() && from != to
}

fn add_table(document: &mut Document, apps: &[&AppPlan]) {
    const COLUMNS: [&str; 5] = ["App", "Action", "Machine", "Kept runners", "Other changes"];
    document.text += "\n";
    document.text += &head(&COLUMNS);
    let left_out = document.add_until(LONGEST * 3 / 4, apps.iter().map(|app| app_row(app)));
    document.add_not_shown(left_out, "app", "apps");
}

fn app_row(app: &AppPlan) -> String {
    let bold_if = |is_bold: bool, text: String| match is_bold {
        true => format!("**{text}**"),
        false => text,
    };
    let cost = text_view::cost_text(app).unwrap_or_default();
    row(&[
        code(&app.name),
        message(&text_view::action_text(app)),
        bold_if(changes_machine(app), machine(app)),
        bold_if(changes_cost(app), escape(&cost)),
        other_changes(app),
    ])
}

/// The machine types and GPUs: before and afterwards where they change.
fn machine(app: &AppPlan) -> String {
    let Some(effective) = &app.effective else {
        return String::new();
    };
    let value = |key: Key, is_before: bool| -> Option<String> {
        let is_of_key = |name: &machinist_deploy::ParameterName| name.key() == Some(key);
        let mut changes = app.changes.iter();
        let change = changes.find(|change| change.what.parameter().is_some_and(is_of_key));
        match change.filter(|_| is_before) {
            Some(change) => {
                let name = change.what.parameter()?;
                change.from.as_ref().map(|from| name.show(Some(from)))
            }
            None => {
                let value = effective.code.get(key)?;
                Some(key.parameter().show(value))
            }
        }
    };
    let text = |is_before| {
        let machines = value(Key::MachineType, is_before).unwrap_or("not set".into());
        match value(Key::Gpus, is_before) {
            Some(gpus) => format!("{} × {}", code(&machines), escape(&gpus)),
            None => code(&machines),
        }
    };
    match changes_machine(app) {
        true => format!("{} → {}", text(true), text(false)),
        false => text(false),
    }
}

/// The names of what changes beside the machine.
fn other_changes(app: &AppPlan) -> String {
    const MOST: usize = 12;
    let names = app.changes.iter().filter(|change| {
        let key = change.what.parameter().and_then(|name| name.key());
        !matches!(key, Some(Key::MachineType | Key::Gpus))
    });
    let names: Vec<String> = names.map(|change| code(change.what.as_str())).collect();
    match names.len() {
        // An app that is new sets all of its parameters.
        _ if app.action == Action::Create => String::new(),
        0..=MOST => names.join(", "),
        count => format!("{} and {} more", names[..MOST].join(", "), count - MOST),
    }
}

/// Each change and each tuned value that stays, folded.
fn add_details(document: &mut Document, apps: &[&AppPlan]) {
    const END: &str = "\n</details>\n";
    // A line that says what was cut follows.
    const RESERVED: usize = 200;
    let rows = |app: &AppPlan| -> String {
        let rows = text_view::app_rows(app).into_iter();
        rows.map(|(what, text)| row(&[code(&app.name), code(&what), escape(&text)]))
            .collect()
    };
    let rows: Vec<String> = apps.iter().map(|app| rows(app)).collect();
    let rows: Vec<String> = rows.into_iter().filter(|rows| !rows.is_empty()).collect();
    if rows.is_empty() {
        return;
    }
    document.text += "\n<details>\n<summary>All changes, and tuned values that stay</summary>\n\n";
    document.text += &head(&["App", "What", "Change"]);
    let left_out = document.add_until(LONGEST - RESERVED, rows);
    document.add_not_shown(left_out, "app", "apps");
    document.text += END;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_shown_by_a_command_for_the_environment() {
        let about = About {
            kind: "drift",
            command: "cargo machinist plan --drift-only",
            target: "fal",
            environment: Some("prod"),
            place: "",
        };
        let mut document = document(about, "");
        document.add_not_shown(2, "app", "apps");
        let command = "<code>cargo machinist plan --drift-only --env prod</code>";
        let note = format!("2 apps are not shown: {command} shows all of them.\n");
        assert!(document.text.ends_with(&note), "{}", document.text);
    }
}
