//! What tuning an app would change.

use machinist_core::parameter::{self, Group};
use machinist_core::problem::Problem;
use machinist_core::text::shown;
use serde_json::Value;

use crate::app_plan::AppPlan;
use crate::deployed::{AppState, Deployed};
use crate::history::Why;
use crate::parameters::{self, Parameters, checked};

impl Deployed {
    /// What tuning an app would change. Tuned scaling parameters are in effect until they are
    /// reset.
    ///
    /// # Errors
    ///
    /// When the app is not deployed, or a value breaks a rule of the attribute.
    pub fn tune(&self, app: &str, values: &Parameters) -> Result<AppPlan, Problem> {
        let state = self.find(app)?;
        let mut overrides = state.overrides.clone();
        for (key, value) in values {
            overrides.insert(key.clone(), checked_for_tuning(key, value)?);
        }
        let tuned = with_overrides(app, state, &overrides);
        let scaling = tuned.effective.as_ref().map(|effective| &effective.scaling);
        let number = |key: &str| parameters::number(scaling?, key)?.try_into().ok();
        if let Some(min) = number(parameter::MIN_CONCURRENCY) {
            parameter::check_concurrency(min, number(parameter::MAX_CONCURRENCY))?;
        }
        Ok(tuned)
    }
}

/// The plan that gives an app these tuned values.
fn with_overrides(name: &str, state: &AppState, overrides: &Parameters) -> AppPlan {
    let code = state.actual_code();
    AppPlan::with_parameters(name, state, &code, (&state.scaling, overrides), Why::Tuned)
}

/// Checks a value by the rules of the attribute, and gives it in the manifest's form.
fn checked_for_tuning(key: &str, value: &Value) -> Result<Value, Problem> {
    let parameter = match parameter::find(key) {
        Some(parameter) if parameter.group == Group::Scaling => parameter,
        _ => return Err(not_tunable(key)),
    };
    checked(parameter, value)
}

fn not_tunable(key: &str) -> Problem {
    let scaling = parameter::PARAMETERS
        .iter()
        .filter(|other| other.group == Group::Scaling);
    let keys: Vec<&str> = scaling.map(|parameter| parameter.key).collect();
    if parameter::find(key).is_some() {
        return Problem::new(format!("`{key}` is a code parameter and cannot be tuned"))
            .help("change it in the code and deploy: every deploy applies the code's value");
    }
    let problem = Problem::new(format!("unknown parameter `{}`", shown(key)));
    match machinist_core::suggest::nearest(key, keys.iter().copied()) {
        Some(meant) => problem.help(format!("a similar one exists: `{meant}`")),
        None => problem.help(format!(
            "parameters that can be tuned are {}",
            keys.join(", ")
        )),
    }
}
