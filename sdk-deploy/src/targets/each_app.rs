//! The rendering of a plan, app by app.

use machinist_core::problem::Problem;

use crate::app_plan::{Action, AppPlan, Plan};
use crate::rendering::{Rendering, Step, StepKind};
use crate::tool::ToolCommand;

/// Renders a plan: `add` renders an app to deploy, `delete` gives the command that deletes one.
pub(super) fn each_app(
    plan: &Plan,
    add: impl Fn(&AppPlan, &mut Rendering) -> Result<(), Problem>,
    delete: impl Fn(&str) -> ToolCommand,
) -> Result<Rendering, Problem> {
    let mut rendering = Rendering::default();
    for app in &plan.apps {
        match app.action {
            Action::Orphaned => {}
            Action::Delete => {
                let step = Step::new(&app.name, StepKind::Delete, delete(&app.name));
                rendering.steps.push(step);
            }
            Action::Create | Action::Adopt | Action::Update | Action::Unchanged => {
                add(app, &mut rendering)?
            }
        }
    }
    Ok(rendering)
}
