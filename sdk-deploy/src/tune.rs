//! What tuning an app would change.

use machinist_core::attribute::{Place, Value};
use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use machinist_core::setting::Setting;

use crate::app_plan::AppPlan;
use crate::change::{Change, Why};
use crate::deployed::{AppState, Deployed};
use crate::parameters::{Overrides, ParameterName, tunable};

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
        for (name, value) in values {
            let key = tunable(name)?;
            if reset.contains(name) {
                let message = format!("`{name}` is set and reset at once");
                return Err(Problem::new(message).help("leave out one of them"));
            }
            overrides.insert(key, Some(checked(key, value)?));
        }
        for key in reset {
            let name = ParameterName::from(key.clone());
            let is_known = overrides.contains_name(&name) || tunable(key).map(|_| false)?;
            if !is_known {
                return Err(not_tuned(app, key, state));
            }
            overrides.remove(&name);
        }
        let mut tuned = with_overrides(app, state, &overrides);
        for change in &mut tuned.changes {
            if reset.iter().any(|key| key == change.what.as_str()) {
                change.why = Why::Reset;
            }
        }
        let typed: Vec<&str> = values.iter().map(|(name, _)| &**name).collect();
        tuned.check_together(&typed)?;
        Ok(tuned)
    }
}

impl AppPlan {
    /// Adds that all of the app is sent again, if a change of it did not end.
    pub fn add_interruption(&mut self, state: &AppState) {
        if state.is_interrupted {
            self.changes.push(Change::of_deployment(Why::Drift));
        }
    }
}

/// A key that has the code's value already.
fn not_tuned(app: &str, key: &str, state: &AppState) -> Problem {
    let problem = Problem::new(format!("`{key}` of `{app}` is not tuned"));
    let tuned = state
        .overrides
        .json()
        .map(|(name, _)| name.as_str().to_owned());
    let tuned: Vec<String> = tuned.collect();
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
