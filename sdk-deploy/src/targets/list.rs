//! Which targets there are.

use machinist_core::problem::{self, Problem};

use super::dstack::{self, Dstack};
use super::fal::{self, Fal};
use super::file::{self, File};
use super::interface::{Project, Target};
use super::knative::{self, Knative};
use super::skypilot::{self, SkyPilot};

/// The names of all targets.
///
/// ```
/// assert!(machinist_deploy::TARGETS.contains(&"fal"));
/// ```
pub const TARGETS: &[&str] = &[
    file::NAME,
    fal::NAME,
    knative::NAME,
    skypilot::NAME,
    dstack::NAME,
];

/// The target of this name.
///
/// # Errors
///
/// When there is none, with the nearest name.
///
/// ```
/// use machinist_deploy::{Project, target};
///
/// assert_eq!(target("fal", Project::default()).unwrap().name(), "fal");
/// assert!(target("fall", Project::default()).err().unwrap().help.unwrap().contains("`fal`"));
/// ```
pub fn target(name: &str, project: Project) -> Result<Box<dyn Target>, Problem> {
    match name {
        file::NAME => Ok(Box::new(File::new(project))),
        fal::NAME => Ok(Box::new(Fal::new(project))),
        knative::NAME => Ok(Box::new(Knative::new(project))),
        dstack::NAME => Ok(Box::new(Dstack::new(project))),
        skypilot::NAME => Ok(Box::new(SkyPilot::new(project))),
        _ => Err(problem::unknown("target", name, TARGETS)),
    }
}
