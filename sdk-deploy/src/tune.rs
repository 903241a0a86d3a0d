//! What tuning an app would change.

use machinist_core::attribute::{Place, Value};
use machinist_core::parameter::{Group, Key};
use machinist_core::problem::{self, Problem};
use machinist_core::setting::{Setting, check_concurrency};

use crate::app_plan::AppPlan;
use crate::deployed::{AppState, Deployed};
use crate::history::Why;
use crate::parameters::Overrides;

impl Deployed {
    /// What tuning an app would change. Tuned scaling parameters are in effect until they are
    /// reset.
    ///
    /// # Errors
    ///
    /// When the app is not deployed, or a value breaks a rule of the attribute.
    pub fn tune(&self, app: &str, values: &[(String, Value)]) -> Result<AppPlan, Problem> {
        let state = self.find(app)?;
        let mut overrides = state.overrides.clone();
        for (key, value) in values {
            let key = tunable(key)?;
            overrides.insert(key, Some(checked(key, value)?));
        }
        let tuned = with_overrides(app, state, &overrides);
        let scaling = tuned.effective.as_ref().map(|effective| &effective.scaling);
        let number = |key| scaling?.number(key);
        if let Some(min) = number(Key::MinConcurrency) {
            check_concurrency(min, number(Key::MaxConcurrency))?;
        }
        Ok(tuned)
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

/// A key that can be tuned.
fn tunable(given: &str) -> Result<Key, Problem> {
    match Key::find(given) {
        Some(key) if key.parameter().group == Group::Scaling => Ok(key),
        Some(_) => Err(
            Problem::new(format!("`{given}` is a code parameter and cannot be tuned"))
                .help("change it in the code and deploy: every deploy applies the code's value"),
        ),
        None => {
            let keys: Vec<&str> = Key::in_group(Group::Scaling).map(Key::as_str).collect();
            Err(problem::unknown("scaling parameter", given, &keys))
        }
    }
}
