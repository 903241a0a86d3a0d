//! The scaling of an app's first deploy in an environment.

use machinist_core::attribute::Place;
use machinist_core::parameter::{Group, Key};
use machinist_core::problem::{self, Problem};

use super::reader::{Item, Reader};
use crate::manifest::App;
use crate::parameters::Parameters;

/// The scaling of an app's first deploy in an environment. It counts as the code's.
///
/// ```
/// use machinist_core::parameter::Key;
/// use machinist_deploy::{CargoToml, Settings};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("Cargo.toml");
/// let text = "[workspace.metadata.machinist.env.prod.apps.llm]\nscaling.keep_alive = \"5m\"\n";
/// std::fs::write(&path, text)?;
/// let settings = Settings::read(&[CargoToml { path, package: None }], Some("prod")).unwrap();
/// let scaling = settings.for_app("llm", None).scaling;
/// assert_eq!(scaling.values().number(Key::KeepAlive), Some(300));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstScaling {
    values: Parameters,
    /// Where it is written: file, line and column.
    place: String,
}

impl FirstScaling {
    /// Reads the table, by the rules of the attribute.
    pub(super) fn read(key: &str, reader: &Reader, value: &Item<'_>) -> Result<Self, Problem> {
        let mut values = Parameters::default();
        for (name, value) in reader.table(key, value)? {
            let key = scaling_key(name.get_ref());
            let key = key.map_err(|problem| reader.at_key(name, problem))?;
            let setting = key.parameter().read(&reader.written(value), Place(0));
            let setting = setting
                .map_err(|mut findings| reader.at(value, findings.swap_remove(0).problem))?;
            values.insert(key, setting);
        }
        Ok(Self {
            values,
            place: reader.place_of(value),
        })
    }

    /// Each value from the first of these that has it.
    pub(super) fn first_of<'a>(nearest: impl Iterator<Item = &'a Self>) -> Self {
        let mut first = Self::default();
        for near in nearest.filter(|near| !near.values.is_empty()) {
            if first.values.is_empty() {
                first.place.clone_from(&near.place);
            }
            for (key, value) in near.values.iter() {
                if !first.values.contains(key) {
                    first.values.insert(key, value.clone());
                }
            }
        }
        first
    }

    /// Its values.
    pub fn values(&self) -> &Parameters {
        &self.values
    }

    /// The app with these values in place of the code's.
    ///
    /// # Errors
    ///
    /// When they break a rule together with the values of the code.
    pub fn apply_to(&self, app: &App) -> Result<App, Problem> {
        let mut app = app.clone();
        for (key, value) in self.values.iter() {
            app.scaling.insert(key, value.clone());
        }
        if !self.values.is_empty() {
            app.scaling.check_together().map_err(|problem| {
                let message = format!("`{}`: {}", self.place, problem.message);
                Problem { message, ..problem }
            })?;
        }
        Ok(app)
    }
}

/// The key of a scaling parameter.
fn scaling_key(name: &str) -> Result<Key, Problem> {
    match Key::find(name) {
        Some(key) if key.parameter().group == Group::Scaling => Ok(key),
        Some(_) => Err(Problem::new(format!(
            "`{name}` is a code parameter: the code alone sets it"
        ))
        .help(
            "choose between values with `cfg_attr` in the code, and `features` of the \
                 environment",
        )),
        None => {
            let keys: Vec<&str> = Key::in_group(Group::Scaling).map(Key::as_str).collect();
            Err(problem::unknown("scaling parameter", name, &keys))
        }
    }
}
