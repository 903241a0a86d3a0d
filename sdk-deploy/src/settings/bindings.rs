//! Reads environment variables, secrets, volumes and credentials from the settings of an app.

use machinist_core::problem::Problem;
use machinist_core::variable;

use super::reader::{Item, Reader};
use crate::bindings::{Bindings, check_name, check_path, check_value};

/// The key of environment variables. For all apps the settings have environments under this name.
pub(super) const ENV: &str = "env";
pub(super) const SECRETS: &str = "secrets";
pub(super) const VOLUMES: &str = "volumes";
pub(super) const REGISTRY_CREDENTIALS: &str = "registry_credentials";

impl Bindings {
    /// Takes a key, if it is one of those that may stand for all apps too.
    pub(super) fn read_key(
        &mut self,
        reader: &Reader,
        key: &str,
        value: &Item<'_>,
    ) -> Result<bool, Problem> {
        match key {
            SECRETS => self.read_secrets(reader, value)?,
            VOLUMES => {
                for (path, value) in reader.table(VOLUMES, value)? {
                    let path = path.get_ref();
                    let name = reader.text(path, value)?;
                    let checked = check_path(path).and_then(|()| check_name("volume", name));
                    checked.map_err(|problem| reader.at(value, problem))?;
                    self.volumes.insert(path.to_string(), name.into());
                }
            }
            REGISTRY_CREDENTIALS => {
                let name = reader.text(REGISTRY_CREDENTIALS, value)?;
                check_name("registry's credentials", name)
                    .map_err(|problem| reader.at(value, problem))?;
                self.registry_credentials = Some(name.into());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes the table of environment variables.
    pub(super) fn read_env(&mut self, reader: &Reader, value: &Item<'_>) -> Result<(), Problem> {
        for (name, value) in reader.table(ENV, value)? {
            let name = &**name.get_ref();
            let text = reader.text_or_empty(name, value)?;
            variable::check_name(name)
                .and_then(|()| check_value(name, text))
                .map_err(|problem| reader.at(value, problem))?;
            if self.secrets.contains(name) {
                return Err(reader.at(value, given_twice(name)));
            }
            self.env.insert(name.into(), text.into());
        }
        Ok(())
    }

    fn read_secrets(&mut self, reader: &Reader, value: &Item<'_>) -> Result<(), Problem> {
        if let Some(table) = value.get_ref().as_table() {
            let names = table.keys().map(|name| format!("{:?}", name.get_ref()));
            let names: Vec<String> = names.collect();
            return Err(reader.at(value, values_of_secrets(&names.join(", "))));
        }
        let names = match value.get_ref().as_array() {
            Some(names) => names.iter().collect(),
            None => vec![value],
        };
        for item in names {
            let name = reader.text(SECRETS, item)?;
            variable::check_name(name).map_err(|problem| reader.at(item, problem))?;
            if self.env.contains_key(name) {
                return Err(reader.at(item, given_twice(name)));
            }
            if !self.secrets.insert(name.into()) {
                let problem = Problem::new(format!("`{name}` is listed twice in `{SECRETS}`"));
                return Err(reader.at(item, problem.help("remove the second one")));
            }
        }
        Ok(())
    }
}

fn given_twice(name: &str) -> Problem {
    Problem::new(format!("`{name}` is in `{ENV}` and in `{SECRETS}`")).help(format!(
        "leave it in `{SECRETS}` if its value is secret, else in `{ENV}`"
    ))
}

/// Values of secrets in a file that is in git.
fn values_of_secrets(names: &str) -> Problem {
    Problem::new(format!("`{SECRETS}` takes names, and never values"))
        .help(format!(
            "write `{SECRETS} = [{names}]`, and give the platform the values"
        ))
        .note("whoever reads this file, now or in its history, would know the values: change them")
}
