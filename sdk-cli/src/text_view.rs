//! Plans and deployed apps as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use machinist_core::parameter::Key;
use machinist_deploy::{
    Action, AppPlan, AppState, ArtifactPart, Change, CostChange, CostPerHour, Deploy, DeployKind,
    JsonValue, Overrides, Owner, ParameterName, Parameters, Plan, TotalCost, Tuned, What, Why,
};
use serde_json::Value;

use crate::output::{Line, Look, MAX_COLUMN_WIDTH};

/// A plan, app by app, with a summary at the end.
pub(crate) fn plan_lines(plan: &Plan, place: &dyn Display, profile: Option<&str>) -> Vec<Line> {
    let apps = plan.apps.iter().filter(|app| is_listed(app));
    let mut lines: Vec<Line> = apps.flat_map(app_plan_lines).collect();
    lines.extend(plan.stale_files.iter().map(|file| {
        let text = format!(
            "~ {}  is missing or differs from what is deployed: it is written again",
            file.display()
        );
        Line::default().with(Look::Notable, text)
    }));
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    let build = profile.map_or_else(String::new, |profile| format!(", from a {profile} build"));
    let summary = format!("{place}: {}{build}", summary(plan));
    lines.push(Line::default().with(Look::Bold, summary));
    let total = kept_runners(plan);
    lines.extend(total.map(|total| Line::default().with(Look::Bold, total)));
    lines
}

/// Whether an app is shown, and not only counted.
pub(crate) fn is_listed(app: &AppPlan) -> bool {
    app.action != Action::Unchanged || app.cost_per_hour.from != app.cost_per_hour.to
}

/// What the kept runners of all apps cost, if something is known of it.
pub(crate) fn kept_runners(plan: &Plan) -> Option<String> {
    TotalCost::of(&plan.apps).map(total_cost)
}

/// What an adoption takes over.
fn adoption(owner: Option<&Owner>) -> String {
    match owner {
        Some(Owner::Package(package)) => {
            format!("adopt: it was deployed from the package `{package}`")
        }
        Some(Owner::Platform(Some(owner))) => format!("adopt: it runs already, and is `{owner}`'s"),
        Some(Owner::Platform(None)) | None => {
            "adopt: it runs already, and was never deployed from this state".into()
        }
    }
}

/// What the kept runners of all apps cost.
fn total_cost(total: TotalCost) -> String {
    let cost = match total.from {
        Some(from) if from != total.to => format!("{from} -> {}", total.to),
        _ => total.to.to_string(),
    };
    let not_counted = match total.apps_not_known {
        0 => String::new(),
        1 => ", without 1 app whose price is not known".into(),
        apps => format!(", without {apps} apps whose prices are not known"),
    };
    format!("{KEPT_RUNNERS}: {cost}{not_counted}")
}

/// How many apps are created, updated and so on.
pub(crate) fn summary(plan: &Plan) -> String {
    const ACTION_LABELS: [(Action, &str); 6] = [
        (Action::Create, "to create"),
        (Action::Adopt, "to adopt"),
        (Action::Update, "to update"),
        (Action::Delete, "to delete"),
        (Action::Unchanged, "unchanged"),
        (Action::Orphaned, "kept (not in this build)"),
    ];
    let counts = ACTION_LABELS.into_iter().filter_map(|(action, label)| {
        let apps = plan.apps.iter();
        let count = apps.filter(|app| app.action == action).count();
        (count > 0).then(|| format!("{count} {label}"))
    });
    let files = match plan.stale_files.len() {
        0 => None,
        1 => Some("1 file to write".into()),
        files => Some(format!("{files} files to write")),
    };
    let counts: Vec<String> = counts.chain(files).collect();
    match counts.is_empty() {
        true => "there is nothing to deploy".into(),
        false => counts.join(", "),
    }
}

fn app_plan_lines(app: &AppPlan) -> Vec<Line> {
    let (sign, look) = match app.action {
        Action::Create => ("+", Look::Good),
        Action::Adopt | Action::Update => ("~", Look::Notable),
        Action::Unchanged => (" ", Look::Plain),
        Action::Orphaned => (" ", Look::Notable),
        Action::Delete => ("-", Look::Bad),
    };
    let head = Line::default()
        .with(look, format!("{sign} "))
        .with(Look::Bold, app.name.clone())
        .with(look, format!("  {}", action_text(app)));
    let rows = parameter_lines(parameter_rows(app));
    std::iter::once(head).chain(rows).collect()
}

/// What happens to an app.
pub(crate) fn action_text(app: &AppPlan) -> String {
    match app.action {
        Action::Create => "create".into(),
        Action::Adopt => adoption(app.owner.as_ref()),
        Action::Update => "update".into(),
        Action::Unchanged => "unchanged".into(),
        Action::Orphaned => "kept: not in this build; `--prune` deletes it".into(),
        Action::Delete => "delete".into(),
    }
}

/// What is said about an app: what it is about, and a text.
pub(crate) fn app_rows(app: &AppPlan) -> Vec<(String, String)> {
    let rows = parameter_rows(app).into_iter();
    rows.map(|row| (row.key, row.text)).collect()
}

/// What changes, what stays tuned, and what that costs. Each value is there once.
fn parameter_rows(app: &AppPlan) -> Vec<ParameterRow> {
    let is_changed = |tuned: &&Tuned| {
        let mut changes = app.changes.iter();
        changes.any(|change| change.what.parameter() == Some(&tuned.parameter))
    };
    let changes = app.changes.iter();
    let changes = changes.map(|change| ParameterRow::changed(change, app.action));
    let kept = app.tuned.iter().filter(|tuned| !is_changed(tuned));
    let rows = changes.chain(kept.map(ParameterRow::kept));
    rows.chain(ParameterRow::cost(app)).collect()
}

/// What the cost of kept runners is called.
const KEPT_RUNNERS: &str = "kept runners";

/// A parameter or the cost, and what is said about it.
struct ParameterRow {
    key: String,
    look: Look,
    text: String,
}

impl ParameterRow {
    fn new(name: &ParameterName, look: Look, text: String) -> Self {
        let key = name.as_str().to_owned();
        Self { key, look, text }
    }

    fn changed(change: &Change, action: Action) -> Self {
        let text = match (&change.what, action) {
            (What::Parameter(name), Action::Create) => name.show(change.to.as_ref()),
            (What::Parameter(name), _) => {
                let from = name.show(change.from.as_ref());
                format!("{from} -> {}", name.show(change.to.as_ref()))
            }
            (What::Artifact(part), _) => artifact_text(*part, change),
        };
        let text = match (&change.what, action) {
            (_, Action::Create) | (What::Artifact(ArtifactPart::Deployment), _) => text,
            _ => text + reason(change.why),
        };
        let look = match change.why {
            Why::Drift | Why::Reset => Look::Notable,
            Why::Code | Why::Tuned | Why::RolledBack | Why::Forced => Look::Plain,
        };
        Self {
            key: change.what.as_str().into(),
            look,
            text,
        }
    }

    /// A tuned value that a deploy keeps.
    fn kept(tuned: &Tuned) -> Self {
        let value = tuned.parameter.show(Some(&tuned.value));
        let code = match &tuned.code {
            Some(code) => format!("the code says {}", tuned.parameter.show(Some(code))),
            None => "the code sets nothing".into(),
        };
        let text = format!("stays {value}  (tuned; {code})");
        Self::new(&tuned.parameter, Look::Good, text)
    }

    /// What the kept runners cost, unless that stays as it is.
    fn cost(app: &AppPlan) -> Option<Self> {
        let text = cost_text(app)?;
        Some(Self {
            key: KEPT_RUNNERS.into(),
            look: Look::Plain,
            text,
        })
    }
}

/// What the kept runners cost, unless that stays as it is.
pub(crate) fn cost_text(app: &AppPlan) -> Option<String> {
    let CostChange { from, to } = app.cost_per_hour;
    let text = match app.action {
        _ if app.cost_per_hour.is_nothing() || from == to => return None,
        Action::Create => display_cost(to),
        Action::Delete => format!("{} -> {}", display_cost(from), CostPerHour::ZERO),
        Action::Adopt | Action::Update | Action::Unchanged | Action::Orphaned => {
            format!("{} -> {}", display_cost(from), display_cost(to))
        }
    };
    Some(text)
}

fn display_cost(cost: Option<CostPerHour>) -> String {
    cost.map_or("not known".into(), |cost| cost.to_string())
}

/// What changes of what is sent. Digests say nothing to a person.
fn artifact_text(part: ArtifactPart, change: &Change) -> String {
    let text = |value: &Option<Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "not set".into(),
    };
    let is_digest = |value: &Option<Value>| {
        let text = value.as_ref().and_then(Value::as_str);
        text.is_some_and(|text| text.starts_with("sha256:"))
    };
    match part {
        ArtifactPart::Deployment if change.why == Why::Forced => "again  (forced)".into(),
        ArtifactPart::Deployment => {
            "not the one on record: somebody else deployed it, or a deploy was cut off".into()
        }
        _ if change.to.is_none() && is_entry_of(part) => {
            format!("{} is removed", text(&change.from))
        }
        _ if change.from.is_none() && is_entry_of(part) => format!("{} is added", text(&change.to)),
        _ if is_digest(&change.from) || is_digest(&change.to) => "changed".into(),
        _ => format!("{} -> {}", text(&change.from), text(&change.to)),
    }
}

/// Whether a change names what of a part differs.
fn is_entry_of(part: ArtifactPart) -> bool {
    use ArtifactPart::{Env, Fields, Mounts, Secrets};
    matches!(part, Env | Secrets | Mounts | Fields)
}

fn reason(why: Why) -> &'static str {
    match why {
        Why::Code => "",
        Why::Drift => "  (drift: changed outside the code)",
        Why::Reset => "  (reset: it was tuned)",
        Why::Tuned => "  (tuned)",
        Why::RolledBack => "  (rolled back)",
        Why::Forced => "  (forced)",
    }
}

/// The rows with their texts aligned.
fn parameter_lines(rows: Vec<ParameterRow>) -> impl Iterator<Item = Line> {
    let longest_key = rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
    let width = longest_key.min(MAX_COLUMN_WIDTH);
    rows.into_iter().map(move |row| parameter_line(row, width))
}

fn parameter_line(row: ParameterRow, key_width: usize) -> Line {
    Line::default()
        .with(Look::Plain, format!("    {:<key_width$}  ", row.key))
        .with(row.look, row.text)
}

/// `key=value key=value`, as `scale` takes them.
fn key_value_list<V: JsonValue>(parameters: &Parameters<V>) -> String {
    let pairs = parameters.json().map(|(name, value)| {
        let value = name.show(Some(&value)).replace(", ", ",");
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join(" ")
}

/// What was changed outside the code: parameters with their values, and names of what else.
fn drift_list(app: &AppState) -> String {
    let parameters = key_value_list(&app.drift);
    let others = app.drift_of_artifact().into_iter();
    let others = others.map(|change| change.what.as_str().to_owned());
    let all = std::iter::once(parameters).chain(others);
    let all: Vec<String> = all.filter(|text| !text.is_empty()).collect();
    all.join(" ")
}

/// The heads of the table of deployed apps.
pub(crate) const APP_COLUMNS: [&str; 6] =
    ["NAME", "MACHINE TYPE", "GPUS", "TUNED", "DRIFT", "DEPLOYED"];

/// A row of the table of deployed apps.
pub(crate) fn app_row(name: &str, app: &AppState) -> Vec<String> {
    let code = app.actual_code();
    let code_value = |key: Key| {
        code.get(key)
            .map_or("-".into(), |value| key.parameter().show(value))
    };
    let or_dash = |text: String| if text.is_empty() { "-".into() } else { text };
    let deployed = match (app.is_deployed(), app.history.first()) {
        (false, _) if app.is_half_created => "in part: its first deploy broke off".into(),
        (false, _) => "not on the platform".into(),
        (true, Some(last)) => time_and_commit(last),
        (true, None) => "outside this state".into(),
    };
    vec![
        name.into(),
        code_value(Key::MachineType),
        code_value(Key::Gpus),
        or_dash(key_value_list(&app.overrides)),
        or_dash(drift_list(app)),
        deployed,
    ]
}

fn time_and_commit(deploy: &Deploy) -> String {
    let commit = deploy.commit.as_deref().map(short_commit);
    let commit = commit.map_or_else(String::new, |commit| format!(" from {commit}"));
    let by = deploy.by.as_ref().map(|by| format!(" by {by}"));
    format!("{}{commit}{}", deploy.time, by.unwrap_or_default())
}

/// The first digits of a commit's hash, with its mark: `0123456789-dirty`.
fn short_commit(commit: &str) -> String {
    let (hash, mark) = commit.split_once('-').unwrap_or((commit, ""));
    let hash: String = hash.chars().take(10).collect();
    if mark.is_empty() {
        hash
    } else {
        format!("{hash}-{mark}")
    }
}

/// The length of the longest key of a parameter.
const KEY_WIDTH: usize = 24;

/// The parameters in effect, with the code's value of each that is overridden.
fn detail_lines(in_code: &Parameters, overrides: &Overrides, why: &str, look: Look) -> Vec<Line> {
    let code: BTreeMap<ParameterName, Value> = in_code.json().collect();
    let overridden: BTreeSet<ParameterName> = overrides.json().map(|(name, _)| name).collect();
    let line = |(name, value): (ParameterName, Value)| {
        let mut text = name.show(Some(&value));
        let mut row_look = Look::Plain;
        if overridden.contains(&name) {
            let in_code = name.show(code.get(&name));
            text += &format!("  ({why}; the code says {in_code})");
            row_look = look;
        }
        parameter_line(ParameterRow::new(&name, row_look, text), KEY_WIDTH)
    };
    let effective = in_code.overridden_by(overrides);
    effective.json().map(line).collect()
}

/// A deployed app in full, with its last deploys.
pub(crate) fn app_details(name: &str, app: &AppState) -> Vec<Line> {
    let mut lines = vec![Line::default().with(Look::Bold, name.to_owned())];
    let line = |row| parameter_line(row, KEY_WIDTH);
    lines.extend(detail_lines(&app.code, &app.drift, "drift", Look::Notable));
    lines.extend(detail_lines(
        &app.scaling,
        &app.overrides,
        "tuned",
        Look::Plain,
    ));
    let others = app.drift_of_artifact();
    let others = others
        .iter()
        .map(|change| ParameterRow::changed(change, Action::Update));
    lines.extend(others.map(line));
    for deploy in &app.history {
        let revision = deploy.revision.as_ref();
        let revision = revision.map(|revision| format!(", revision {revision}"));
        let kind = match deploy.kind {
            DeployKind::Deploy => "deploy",
            DeployKind::Tuning => "tuning",
            DeployKind::Rollback => "rollback",
        };
        let head = format!(
            "{kind} {}: {}{}",
            deploy.serial,
            time_and_commit(deploy),
            revision.unwrap_or_default()
        );
        lines.push(Line::default().with(Look::Bold, head));
        let changes = deploy.changes.iter();
        lines.extend(changes.map(|change| line(ParameterRow::changed(change, Action::Update))));
        if deploy.changes.is_empty() {
            lines.push(Line::default().with(Look::Plain, "    no parameter changed".into()));
        }
    }
    lines
}
