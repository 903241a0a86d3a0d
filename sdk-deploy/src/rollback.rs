//! What going back to an earlier deploy of an app would change.

use crate::app_plan::AppPlan;
use crate::deployed::AppState;
use crate::history::{Deploy, Why};

/// What going back to an earlier deploy of an app would change.
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
/// let back = rollback("llm", app, app.earlier(None)?);
/// assert_eq!(back.changes[0].to, Some(2.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rollback(name: &str, state: &AppState, deploy: &Deploy) -> AppPlan {
    AppPlan::with_parameters(
        name,
        state,
        &deploy.code,
        (&deploy.scaling, &deploy.overrides),
        Why::RolledBack,
    )
}
