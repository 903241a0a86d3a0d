//! Which targets there are.

use machinist_core::problem::{self, Problem};

use super::interface::{Project, Target};
use super::{dstack, fal, file, knative, skypilot};

/// Makes the list of names and the targets from one list, so that neither can lack one.
macro_rules! targets {
    ($($module:ident($target:ident),)*) => {
        /// The names of all targets.
        ///
        /// ```
        /// assert!(machinist_deploy::TARGETS.contains(&"fal"));
        /// ```
        pub const TARGETS: &[&str] = &[$($module::NAME,)*];

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
        /// let problem = target("fall", Project::default()).err().unwrap();
        /// assert!(problem.help.unwrap().contains("`fal`"));
        /// ```
        pub fn target(name: &str, project: Project) -> Result<Box<dyn Target>, Problem> {
            match name {
                $($module::NAME => Ok(Box::new($module::$target::new(project))),)*
                _ => Err(problem::unknown("target", name, TARGETS)),
            }
        }
    };
}

// In the order in which they are listed to users.
targets! {
    file(File),
    fal(Fal),
    knative(Knative),
    skypilot(SkyPilot),
    dstack(Dstack),
}
