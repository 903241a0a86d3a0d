//! What going back to an earlier deploy of an app would change.

use crate::app_plan::{Action, AppPlan};
use crate::artifact::Artifact;
use crate::change::{Change, Why};
use crate::deployed::AppState;
use crate::history::Deploy;

/// What going back to an earlier deploy of an app would change: its code parameters and what runs it.
/// The scaling stays as it is, the code's values and the tuned ones, unless it goes back as well.
///
/// ```
/// use machinist_core::parameter::Key;
/// use machinist_core::setting::Setting;
/// use machinist_deploy::{DeployStamp, Deployed, Manifest, Options, plan, rollback};
///
/// let deploy = |deployed: &Deployed, gpus: u32, serial: u64| {
///     let mut manifest = Manifest::parse(
///         r#"{"manifest_version": 1, "apps": [{
///             "name": "llm", "package": "studio", "version": "0.1.0",
///             "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
///             "code": {"machine_type": ["GPU-H100"]}
///         }]}"#,
///     )?;
///     manifest.apps[0].code.insert(Key::Gpus, Setting::Number(gpus));
///     let plan = plan(&manifest, deployed, &Options::default());
///     Ok::<_, machinist_deploy::ManifestError>(deployed.after(&plan, &DeployStamp::now(serial, None)))
/// };
/// let deployed = deploy(&deploy(&Deployed::default(), 2, 1)?, 4, 2)?;
/// let app = &deployed.apps["llm"];
/// let back = rollback("llm", app, app.earlier(None)?, false);
/// assert_eq!(back.changes[0].to, Some(2.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rollback(name: &str, state: &AppState, deploy: &Deploy, with_scaling: bool) -> AppPlan {
    let scaling = match with_scaling {
        true => (&deploy.scaling, &deploy.overrides),
        false => (&state.scaling, &state.overrides),
    };
    let mut plan = AppPlan::with_parameters(name, state, &deploy.code, scaling, Why::RolledBack);
    plan.machines.clone_from(&deploy.machines);
    // What runs the app goes back too; of an old history it is not known and stays.
    let artifact = deploy.artifact.clone().or_else(|| match &state.artifact {
        // A target without a platform records nothing where nothing is given by name.
        Some(now) if !now.has_program() => Some(Artifact::default()),
        now => now.clone(),
    });
    if let Some(then) = &artifact {
        let changes = state.artifact_changes(then).into_iter();
        plan.changes.extend(changes.map(rolled_back));
        if !plan.changes.is_empty() {
            plan.action = Action::Update;
        }
    }
    plan.artifact = artifact.filter(|artifact| *artifact != Artifact::default());
    plan
}

/// Labels a change as rolled back, unless it is drift.
fn rolled_back(change: Change) -> Change {
    match change.why {
        Why::Code => Change {
            why: Why::RolledBack,
            ..change
        },
        _ => change,
    }
}
