//! Plans and deployed apps as text.

use std::collections::{BTreeMap, BTreeSet};

use machinist_core::parameter::Key;
use machinist_core::setting::Setting;
use machinist_deploy::{
    Action, AppPlan, AppState, Change, CostChange, CostPerHour, Deploy, JsonValue, Overrides,
    ParameterName, Parameters, TotalCost, Tuned, Why,
};
use serde_json::Value;

use crate::output::{Line, Look, MAX_COLUMN_WIDTH};

/// A plan, app by app, with a summary at the end.
pub(crate) fn plan_lines(apps: &[AppPlan], target: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = apps.iter().flat_map(app_plan_lines).collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    let summary = format!("{target}: {}", summary(apps));
    lines.push(Line::default().with(Look::Bold, summary));
    let total = TotalCost::of(apps).map(total_cost);
    lines.extend(total.map(|total| Line::default().with(Look::Bold, total)));
    lines
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
fn summary(apps: &[AppPlan]) -> String {
    const ACTION_LABELS: [(Action, &str); 5] = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Delete, "to delete"),
        (Action::Unchanged, "unchanged"),
        (Action::Orphaned, "kept (not in this build)"),
    ];
    let counts = ACTION_LABELS.into_iter().filter_map(|(action, label)| {
        let count = apps.iter().filter(|app| app.action == action).count();
        (count > 0).then(|| format!("{count} {label}"))
    });
    let counts: Vec<String> = counts.collect();
    match counts.is_empty() {
        true => "nothing is deployed, and there is nothing to deploy".into(),
        false => counts.join(", "),
    }
}

fn app_plan_lines(app: &AppPlan) -> Vec<Line> {
    let (sign, look, action) = match app.action {
        Action::Create => ("+", Look::Good, "create"),
        Action::Update => ("~", Look::Notable, "update"),
        Action::Unchanged => (" ", Look::Plain, "unchanged"),
        Action::Orphaned => (
            " ",
            Look::Notable,
            "kept: not in this build; `--prune` deletes it",
        ),
        Action::Delete => ("-", Look::Bad, "delete"),
    };
    let head = Line::default()
        .with(look, format!("{sign} "))
        .with(Look::Bold, app.name.clone())
        .with(look, format!("  {action}"));
    let is_tuned_now = |tuned: &&Tuned| {
        let mut changes = app.changes.iter();
        changes.any(|change| change.why == Why::Tuned && change.parameter == tuned.parameter)
    };
    let changes = app.changes.iter();
    let changes = changes.map(|change| ParameterRow::changed(change, app.action));
    let kept = app.tuned.iter().filter(|tuned| !is_tuned_now(tuned));
    let rows = changes.chain(kept.map(ParameterRow::kept));
    let rows = rows.chain(ParameterRow::cost(app)).collect();
    std::iter::once(head).chain(parameter_lines(rows)).collect()
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
        let to = display_value(&change.parameter, change.to.as_ref());
        let text = if action == Action::Create {
            to
        } else {
            let from = display_value(&change.parameter, change.from.as_ref());
            format!("{from} -> {to}{}", reason(change.why))
        };
        let look = match change.why {
            Why::Drift | Why::Reset => Look::Notable,
            Why::Code | Why::Tuned | Why::RolledBack => Look::Plain,
        };
        Self::new(&change.parameter, look, text)
    }

    /// A tuned value that a deploy keeps.
    fn kept(tuned: &Tuned) -> Self {
        let value = display_value(&tuned.parameter, Some(&tuned.value));
        let code = match &tuned.code {
            Some(code) => format!(
                "the code says {}",
                display_value(&tuned.parameter, Some(code))
            ),
            None => "the code sets nothing".into(),
        };
        let text = format!("stays {value}  (tuned; {code})");
        Self::new(&tuned.parameter, Look::Good, text)
    }

    /// What the kept runners cost, unless that stays as it is.
    fn cost(app: &AppPlan) -> Option<Self> {
        let CostChange { from, to } = app.cost_per_hour;
        let text = match app.action {
            _ if app.cost_per_hour.is_nothing() || from == to => return None,
            Action::Create => display_cost(to),
            Action::Delete => format!("{} -> {}", display_cost(from), CostPerHour::ZERO),
            Action::Update | Action::Unchanged | Action::Orphaned => {
                format!("{} -> {}", display_cost(from), display_cost(to))
            }
        };
        Some(Self {
            key: KEPT_RUNNERS.into(),
            look: Look::Plain,
            text,
        })
    }
}

fn display_cost(cost: Option<CostPerHour>) -> String {
    cost.map_or("not known".into(), |cost| cost.to_string())
}

fn reason(why: Why) -> &'static str {
    match why {
        Why::Code => "",
        Why::Drift => "  (drift: changed outside the code)",
        Why::Reset => "  (reset: it was tuned)",
        Why::Tuned => "  (tuned)",
        Why::RolledBack => "  (rolled back)",
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

/// A value as the code would write it, without quotes.
fn display_value(name: &ParameterName, value: Option<&Value>) -> String {
    let known = |value| {
        let key = name.key()?;
        let setting = Setting::from_json(key, value).ok()?;
        Some(key.parameter().show(&setting))
    };
    match value {
        None | Some(Value::Null) => "not set".into(),
        Some(value) => known(value).unwrap_or_else(|| value.to_string()),
    }
}

/// `key=value key=value`, as `scale` takes them.
fn key_value_list<V: JsonValue>(parameters: &Parameters<V>) -> String {
    let pairs = parameters.json().map(|(name, value)| {
        let value = display_value(&name, Some(&value)).replace(", ", ",");
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join(" ")
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
        (false, _) => "gone from the platform".into(),
        (true, Some(last)) => time_and_commit(last),
        (true, None) => "outside this state".into(),
    };
    vec![
        name.into(),
        code_value(Key::MachineType),
        code_value(Key::Gpus),
        or_dash(key_value_list(&app.overrides)),
        or_dash(key_value_list(&app.drift)),
        deployed,
    ]
}

fn time_and_commit(deploy: &Deploy) -> String {
    match &deploy.commit {
        Some(commit) => format!("{} from {}", deploy.time, short_commit(commit)),
        None => deploy.time.clone(),
    }
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
        let mut text = display_value(&name, Some(&value));
        let mut row_look = Look::Plain;
        if overridden.contains(&name) {
            let in_code = display_value(&name, code.get(&name));
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
    for deploy in &app.history {
        let revision = deploy.revision.as_ref();
        let revision = revision.map(|revision| format!(", revision {revision}"));
        let head = format!(
            "deploy {}: {}{}",
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
