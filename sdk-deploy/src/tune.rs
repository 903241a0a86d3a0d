//! What tuning an app would change.

use machinist_core::attribute::{Place, Value};
use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use machinist_core::setting::{Setting, check_concurrency};

use crate::app_plan::AppPlan;
use crate::change::Why;
use crate::deployed::{AppState, Deployed};
use crate::parameters::{Overrides, tunable};

impl Deployed {
    /// What tuning an app would change: these values are set, and the code's values of the keys in
    /// `reset` come back. Tuned scaling parameters are in effect until they are
    /// reset.
    ///
    /// # Errors
    ///
    /// When the app is not deployed, or a value breaks a rule of the attribute.
    pub fn tune(
        &self,
        app: &str,
        values: &[(String, Value)],
        reset: &[String],
    ) -> Result<AppPlan, Problem> {
        let state = self.find(app)?;
        let mut overrides = state.overrides.clone();
        for (key, value) in values {
            let key = tunable(key)?;
            overrides.insert(key, Some(checked(key, value)?));
        }
        for key in reset {
            let key = tunable(key)?;
            if overrides.remove(key).is_none() {
                return Err(not_tuned(app, key, state));
            }
        }
        let mut tuned = with_overrides(app, state, &overrides);
        for change in &mut tuned.changes {
            if reset.iter().any(|key| key == change.what.as_str()) {
                change.why = Why::Reset;
            }
        }
        let scaling = tuned.effective.as_ref().map(|effective| &effective.scaling);
        let number = |key| scaling?.number(key);
        if let Some(min) = number(Key::MinConcurrency) {
            check_concurrency(min, number(Key::MaxConcurrency))?;
        }
        Ok(tuned)
    }
}

/// A key that has the code's value already.
fn not_tuned(app: &str, key: Key, state: &AppState) -> Problem {
    let problem = Problem::new(format!("`{}` of `{app}` is not tuned", key.as_str()));
    let tuned: Vec<&str> = state
        .overrides
        .iter()
        .map(|(key, _)| key.as_str())
        .collect();
    match tuned.is_empty() {
        true => problem.help("nothing of it is tuned: the code's values are in effect"),
        false => problem.help(format!("tuned values are {}", tuned.join(", "))),
    }
}

/// The plan that gives an app these tuned values.
fn with_overrides(name: &str, state: &AppState, overrides: &Overrides) -> AppPlan {
    let code = state.actual_code();
    AppPlan::with_parameters(name, state, &code, (&state.scaling, overrides), Why::Tuned)
}

/// A value by the rules of the attribute.
fn checked(key: Key, value: &Value) -> Result<Setting, Problem> {
    let read = key.parameter().read(value, Place(0));
    read.map_err(|mut findings| findings.swap_remove(0).problem)
}
