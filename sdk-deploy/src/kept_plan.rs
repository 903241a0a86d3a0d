//! A plan that is kept in a file, reviewed, and carried out later.

use std::collections::BTreeMap;

use machinist_core::json;
use machinist_core::problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app_plan::{Action, AppPlan, Plan};
use crate::artifact::Artifact;
use crate::change::Why;
use crate::state::State;

/// The version of the kept plan that this crate writes, and the newest that it reads.
pub const KEPT_PLAN_VERSION: u32 = 1;

/// The member with the version.
const VERSION_KEY: &str = "kept_plan_version";

/// A plan with everything that it was made from, so that a deploy can tell whether it is still the
/// same. It has no times and no paths, so the same plan made on another machine is equal.
///
/// ```
/// use machinist_deploy::{KeptDestination, KeptOptions, KeptPlan, Plan, State};
///
/// let keep = |state: &State| {
///     let destination = KeptDestination { target: "file".into(), ..KeptDestination::default() };
///     KeptPlan::new(&Plan::default(), destination, state, KeptOptions::default())
/// };
/// let reviewed = keep(&State::new());
/// assert!(reviewed.differences(&keep(&State::new())).is_empty());
///
/// let later = State { serial: 1, ..State::new() };
/// let differences = reviewed.differences(&keep(&later));
/// assert!(differences[0].contains("serial"), "{differences:?}");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeptPlan {
    /// [`KEPT_PLAN_VERSION`].
    #[schemars(extend("const" = KEPT_PLAN_VERSION))]
    pub kept_plan_version: u32,
    /// Where it goes.
    pub destination: KeptDestination,
    /// The state that it was made from.
    pub state: KeptState,
    /// The options of the plan, which the deploy takes too.
    pub options: KeptOptions,
    /// What is sent for each app, parameters aside, by the app's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, Artifact>,
    /// What happens to each app, as `plan --format json` prints it.
    #[schemars(schema_with = "apps_schema")]
    pub apps: Vec<Value>,
}

/// Where a kept plan goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeptDestination {
    /// The target's name.
    pub target: String,
    /// The account, the namespace or the like there, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The environment of the settings, if one is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// The state that a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeptState {
    /// Its lineage; not there before the first deploy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<String>,
    /// Its serial.
    pub serial: u64,
}

/// The options of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeptOptions {
    /// The only apps that it is about; all if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<String>,
    /// Whose tuned values are dropped.
    #[serde(skip_serializing_if = "KeptApps::is_nothing")]
    pub reset_scaling: KeptApps,
    /// Which apps of others are taken over.
    #[serde(skip_serializing_if = "KeptApps::is_nothing")]
    pub adopt: KeptApps,
    /// Whether apps that are gone from the code are deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub prune: bool,
    /// Whether warnings of the target are errors.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// The apps that an option names: `"all"`, or their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptApps {
    /// All apps.
    All,
    /// These apps.
    #[serde(untagged)]
    Names(Vec<String>),
}

impl KeptApps {
    /// Whether no app is named.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Names(names) if names.is_empty())
    }
}

impl Default for KeptApps {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

impl KeptPlan {
    /// Keeps a plan that was made from this state.
    pub fn new(
        plan: &Plan,
        destination: KeptDestination,
        state: &State,
        options: KeptOptions,
    ) -> Self {
        let artifact = |app: &AppPlan| {
            let artifact = app.artifact.clone()?;
            Some((app.name.clone(), artifact))
        };
        Self {
            kept_plan_version: KEPT_PLAN_VERSION,
            destination,
            state: KeptState {
                // A state that was never saved has a new lineage each time.
                lineage: (state.serial > 0).then(|| state.lineage.clone()),
                serial: state.serial,
            },
            options,
            artifacts: plan.apps.iter().filter_map(artifact).collect(),
            apps: plan.apps.iter().map(|app| json!(app)).collect(),
        }
    }

    /// Reads a kept plan.
    ///
    /// # Errors
    ///
    /// When it is no kept plan, or one of a newer version.
    ///
    /// ```
    /// use machinist_deploy::KeptPlan;
    ///
    /// let error = KeptPlan::parse(r#"{"kept_plan_version": 9}"#).unwrap_err();
    /// assert_eq!(error.message, "the plan has version 9, and the newest known here is 1");
    /// ```
    pub fn parse(text: &str) -> Result<Self, Problem> {
        const HOW_TO_KEEP: &str = "keep a plan with `cargo machinist plan -o FILE`";
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(Problem::new("the file is empty").help(HOW_TO_KEEP));
        }
        let not_a_plan = |reason: String| {
            Problem::new(format!("this is not a kept plan: {reason}")).help(HOW_TO_KEEP)
        };
        let cut_off_or = |error: serde_json::Error| match error.is_eof() {
            true => Problem::new(format!("the plan is cut off at line {}", error.line()))
                .help(HOW_TO_KEEP),
            false => not_a_plan(error.to_string()),
        };
        let document: Value = serde_json::from_str(text).map_err(cut_off_or)?;
        match document.get(VERSION_KEY).and_then(Value::as_u64) {
            None => Err(not_a_plan(format!("it has no `{VERSION_KEY}`"))),
            Some(version) if version > KEPT_PLAN_VERSION.into() => Err(Problem::new(format!(
                "the plan has version {version}, and the newest known here is {KEPT_PLAN_VERSION}"
            ))
            .help("upgrade this command with `cargo install cargo-machinist`")),
            Some(_) => serde_json::from_str(text).map_err(cut_off_or),
        }
    }

    /// Whether a text is a kept plan, of this version or of another.
    pub fn is_kept_plan(text: &str) -> bool {
        let document: Option<Value> = serde_json::from_str(text).ok();
        document.is_some_and(|document| document.get(VERSION_KEY).is_some())
    }

    /// The plan as a file.
    pub fn to_json(&self) -> String {
        // Writing these types cannot fail.
        let json = serde_json::to_string(self).unwrap_or_default();
        json::indent(&json) + "\n"
    }
}

/// The JSON Schema (draft 2020-12) of the kept plan.
///
/// ```
/// let schema = machinist_deploy::kept_plan_schema();
/// assert_eq!(schema["title"], "KeptPlan");
/// ```
pub fn kept_plan_schema() -> Value {
    schemars::schema_for!(KeptPlan).into()
}

/// The schema of the apps of a plan.
fn apps_schema(_: &mut SchemaGenerator) -> Schema {
    let change = json!({
        "type": "object",
        "properties": {
            "what": {"type": "string"},
            "from": true,
            "to": true,
            "why": {"enum": Why::ALL},
        },
        "required": ["what", "from", "to", "why"],
        "additionalProperties": false,
    });
    let tuned = json!({
        "type": "object",
        "properties": {"parameter": {"type": "string"}, "value": true, "code": true},
        "required": ["parameter", "value", "code"],
        "additionalProperties": false,
    });
    let app = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "action": {"enum": Action::ALL},
            "changes": {"type": "array", "items": change},
            "tuned": {"type": "array", "items": tuned},
            "effective": {
                "type": "object",
                "properties": {"code": {"type": "object"}, "scaling": {"type": "object"}},
                "required": ["code", "scaling"],
                "additionalProperties": false,
            },
        },
        "required": ["name", "action"],
    });
    let mut schema = Schema::default();
    schema.insert("type".into(), "array".into());
    schema.insert("items".into(), app);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        KeptPlan::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_kept_plan_is_refused_with_what_it_is() {
        assert!(error("").starts_with("the file is empty\nhelp: keep a plan"));
        assert!(error(" \n").starts_with("the file is empty"));
        assert!(error("{\"kept_plan_version\": 1,\n \"state\"").contains("cut off at line 2"));
        assert!(error("nonsense").contains("this is not a kept plan: expected"));
        let foreign = error(r#"{"plan_version": 2, "apps": []}"#);
        assert!(foreign.contains("no `kept_plan_version`"), "{foreign}");
        assert!(error(r#"{"kept_plan_version": 2}"#).contains("help: upgrade"));
        let plan = KeptPlan::new(
            &Plan::default(),
            KeptDestination::default(),
            &State::new(),
            KeptOptions::default(),
        );
        let text = plan.to_json();
        let unknown = text.replacen('{', "{\"later\": 1,", 1);
        assert!(error(&unknown).contains("unknown field `later`"));
        // Wherever it is cut off, it is not read as another plan.
        for (end, _) in text.trim_end().char_indices().skip(1) {
            assert!(KeptPlan::parse(&text[..end]).is_err(), "{}", &text[..end]);
        }
        assert_eq!(KeptPlan::parse(&text).unwrap(), plan);
    }

    #[test]
    fn apps_of_options_are_all_or_named() {
        for (apps, text) in [
            (KeptApps::All, r#""all""#),
            (KeptApps::Names(vec!["all".into()]), r#"["all"]"#),
        ] {
            assert_eq!(serde_json::to_string(&apps).unwrap(), text);
            assert_eq!(serde_json::from_str::<KeptApps>(text).unwrap(), apps);
        }
        assert!(serde_json::from_str::<KeptApps>(r#""llm""#).is_err());
    }
}
