//! A plan meets a newer state than it was made from, because somebody else was faster.

use std::collections::BTreeSet;

use machinist_core::problem::Problem;

use crate::app_plan::{Action, Plan};
use crate::deployed::Deployed;

impl Deployed {
    /// What is deployed, as the plan was made from it, with what somebody else changed since in
    /// other apps: `read` is what the state said then, `newer` what it says now.
    ///
    /// # Errors
    ///
    /// When an app of the plan was changed.
    ///
    /// ```
    /// use machinist_deploy::{AppState, Deployed, Plan, plan, removal};
    ///
    /// let read = Deployed::default();
    /// let mut newer = read.clone();
    /// newer.apps.insert("llm".into(), AppState::default());
    /// let of_others = read.clone().on_newer(&read, &newer, &Plan::default()).unwrap();
    /// assert_eq!(of_others, newer);
    /// let same_app = removal("llm", &AppState::default());
    /// assert!(read.clone().on_newer(&read, &newer, &same_app).is_err());
    /// ```
    pub fn on_newer(mut self, read: &Self, newer: &Self, plan: &Plan) -> Result<Self, Problem> {
        let planned = plan.apps.iter();
        let planned = planned.filter(|app| app.action != Action::Orphaned);
        let planned: BTreeSet<&str> = planned.map(|app| &*app.name).collect();
        let names: BTreeSet<&String> = read.apps.keys().chain(newer.apps.keys()).collect();
        for name in names {
            let now = newer.apps.get(name);
            if read.apps.get(name) == now {
                continue;
            }
            if planned.contains(&**name) {
                let message = format!("`{name}` was changed by somebody else in the meantime");
                return Err(Problem::new(message).help("plan again: nothing was done"));
            }
            match now {
                Some(app) => self.apps.insert(name.clone(), app.clone()),
                None => self.apps.remove(name),
            };
        }
        if read.place != newer.place {
            let is_same = match (&self.place, &newer.place) {
                (Some(here), Some(there)) => here == there,
                _ => true,
            };
            if !is_same {
                let message = "the apps were deployed to another place in the meantime";
                return Err(Problem::new(message).help("plan again: nothing was done"));
            }
            self.place = self.place.or_else(|| newer.place.clone());
        }
        Ok(self)
    }
}
