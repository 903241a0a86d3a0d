//! Plans and apps as a person reads them.

use machinist_core::parameter::{self, Kind};
use machinist_core::unit::DURATION;
use machinist_deploy::{Action, AppPlan, AppState, Change, Deploy, Parameters, Tuned, Why};
use serde_json::Value;

use crate::output::{Line, Look, WIDEST};

/// A plan, app by app.
pub(crate) fn plan(apps: &[AppPlan], target: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = apps.iter().flat_map(app_plan).collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    let summary = format!("{target}: {}", summary(apps));
    lines.push(Line::default().with(Look::Bold, summary));
    lines
}

/// How many apps have which fate.
fn summary(apps: &[AppPlan]) -> String {
    const FATES: [(Action, &str); 5] = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Delete, "to delete"),
        (Action::Unchanged, "unchanged"),
        (Action::Orphaned, "kept though not in this build"),
    ];
    let counts = FATES.into_iter().filter_map(|(action, fate)| {
        let count = apps.iter().filter(|app| app.action == action).count();
        (count > 0).then(|| format!("{count} {fate}"))
    });
    let counts: Vec<String> = counts.collect();
    match counts.is_empty() {
        true => "nothing is deployed, and there is nothing to deploy".into(),
        false => counts.join(", "),
    }
}

/// One app of a plan.
fn app_plan(app: &AppPlan) -> Vec<Line> {
    let (sign, look, fate) = match app.action {
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
        .with(look, format!("  {fate}"));
    let changes = app
        .changes
        .iter()
        .map(|change| change_line(change, app.action));
    let width = app.changes.iter().map(|change| change.parameter.len());
    let width = width.chain(app.tuned.iter().map(|tuned| tuned.parameter.len()));
    let width = width.max().unwrap_or(0).min(WIDEST);
    let is_new = |tuned: &&Tuned| {
        let mut changes = app.changes.iter();
        changes.any(|change| change.why == Why::Tuned && change.parameter == tuned.parameter)
    };
    let stays = app.tuned.iter().filter(|tuned| !is_new(tuned));
    let rows = changes.chain(stays.map(tuned_line));
    let rows = rows.map(|parts| row(parts, width));
    std::iter::once(head).chain(rows).collect()
}

/// What there is to say of a parameter: its key, and a text that looks so.
type Parts = (String, Look, String);

fn row((key, look, text): Parts, width: usize) -> Line {
    Line::default()
        .with(Look::Plain, format!("    {key:<width$}  "))
        .with(look, text)
}

fn change_line(change: &Change, action: Action) -> Parts {
    let to = shown(&change.parameter, change.to.as_ref());
    let text = match (action, change.why) {
        (Action::Create, _) => to,
        (_, why) => {
            let from = shown(&change.parameter, change.from.as_ref());
            format!("{from} -> {to}{}", reason(why))
        }
    };
    let look = match change.why {
        Why::Drift | Why::Reset => Look::Notable,
        Why::Code | Why::Tuned | Why::RolledBack => Look::Plain,
    };
    (change.parameter.clone(), look, text)
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

fn tuned_line(tuned: &Tuned) -> Parts {
    let value = shown(&tuned.parameter, Some(&tuned.value));
    let code = match &tuned.code {
        Some(code) => format!("the code says {}", shown(&tuned.parameter, Some(code))),
        None => "the code sets nothing".into(),
    };
    (
        tuned.parameter.clone(),
        Look::Good,
        format!("stays {value}  (tuned; {code})"),
    )
}

/// A value as one would write it in the code.
pub(crate) fn shown(key: &str, value: Option<&Value>) -> String {
    let kind = parameter::find(key).map(|parameter| parameter.kind);
    let seconds = |value: &Value| {
        value
            .as_u64()
            .and_then(|seconds| u32::try_from(seconds).ok())
    };
    match (value, kind) {
        (None | Some(Value::Null), _) => "not set".into(),
        (Some(value), Some(Kind::Seconds(..))) => match seconds(value) {
            Some(seconds) => DURATION.show(seconds),
            None => value.to_string(),
        },
        (Some(Value::Array(elements)), _) if elements.is_empty() => "none".into(),
        (Some(Value::Array(elements)), _) => {
            let elements = elements.iter().map(|element| shown("", Some(element)));
            elements.collect::<Vec<_>>().join(", ")
        }
        (Some(Value::Object(members)), _) => match members.get("path") {
            Some(path) => shown("", Some(path)),
            None => Value::from(members.clone()).to_string(),
        },
        (Some(Value::String(text)), _) => text.clone(),
        (Some(other), _) => other.to_string(),
    }
}

/// `key=value` for each.
pub(crate) fn pairs(parameters: &Parameters) -> String {
    let pairs = parameters
        .iter()
        .map(|(key, value)| format!("{key}={}", shown(key, Some(value)).replace(", ", ",")));
    pairs.collect::<Vec<_>>().join(" ")
}

/// The heads of the table of apps.
pub(crate) const APP_HEADS: [&str; 6] = [
    "NAME",
    "MACHINE TYPE",
    "GPUS",
    "TUNED",
    "CHANGED BEHIND THE CODE",
    "DEPLOYED",
];

/// An app in the table of apps.
pub(crate) fn app_cells(name: &str, app: &AppState) -> [String; APP_HEADS.len()] {
    let code = app.actual_code();
    let cell = |key: &str| {
        code.get(key)
            .map_or("-".into(), |value| shown(key, Some(value)))
    };
    let or_dash = |text: String| if text.is_empty() { "-".into() } else { text };
    let deployed = match (app.is_deployed(), app.history.first()) {
        (false, _) => "gone from the platform".into(),
        (true, Some(last)) => occasion(last),
        (true, None) => "not from here".into(),
    };
    [
        name.into(),
        cell(parameter::MACHINE_TYPE),
        cell(parameter::GPUS),
        or_dash(pairs(&app.overrides)),
        or_dash(pairs(&app.drift)),
        deployed,
    ]
}

fn occasion(deploy: &Deploy) -> String {
    let commit = deploy.commit.as_deref().map(short_commit);
    commit.map_or_else(
        || deploy.time.clone(),
        |commit| format!("{} from {commit}", deploy.time),
    )
}

fn short_commit(commit: &str) -> String {
    let (hash, mark) = commit.split_once('-').unwrap_or((commit, ""));
    let hash: String = hash.chars().take(10).collect();
    if mark.is_empty() {
        hash
    } else {
        format!("{hash}-{mark}")
    }
}

/// The longest key of a parameter.
const WIDTH: usize = 24;

/// An app in full, with its last deploys.
pub(crate) fn app(name: &str, app: &AppState) -> Vec<Line> {
    let mut lines = vec![Line::default().with(Look::Bold, name.to_owned())];
    let line = |parts| row(parts, WIDTH);
    for (key, value) in app.actual_code() {
        let drift = app.drift.contains_key(&key);
        let said = shown(&key, app.code.get(&key));
        let (look, note) = match drift {
            true => (
                Look::Notable,
                format!("  (drift: changed outside the code, which says {said})"),
            ),
            false => (Look::Plain, String::new()),
        };
        let text = shown(&key, Some(&value)) + &note;
        lines.push(line((key, look, text)));
    }
    for (key, value) in app.effective_scaling() {
        let note = match app.overrides.contains_key(&key) {
            true => format!(
                "  (tuned; the code says {})",
                shown(&key, app.scaling.get(&key))
            ),
            false => String::new(),
        };
        let text = shown(&key, Some(&value)) + &note;
        lines.push(line((key, Look::Plain, text)));
    }
    for deploy in &app.history {
        let serial = format!("deploy {}", deploy.serial);
        let revision = deploy
            .revision
            .iter()
            .map(|revision| format!(", revision {revision}"));
        let revision: String = revision.collect();
        let head = format!("{serial}: {}{revision}", occasion(deploy));
        lines.push(Line::default().with(Look::Bold, head));
        let changes = deploy.changes.iter();
        lines.extend(changes.map(|change| line(change_line(change, Action::Update))));
        if deploy.changes.is_empty() {
            lines.push(Line::default().with(Look::Plain, "    the same parameters".into()));
        }
    }
    lines
}
