//! Edits of a `Cargo.toml` that keep its comments and its format.

use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use crate::failure::Failure;

/// The library's name in `Cargo.toml`.
const LIBRARY: &str = "machinist";
const DEPENDENCIES: &str = "dependencies";

/// A `Cargo.toml`.
pub(super) struct CargoToml {
    document: DocumentMut,
}

impl CargoToml {
    pub(super) fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        let document = text.parse::<DocumentMut>();
        let document = document
            .map_err(|error| Failure::new(format!("cannot read `{name}`: {}", error.message())))?;
        Ok(Self { document })
    }

    pub(super) fn text(&self) -> String {
        self.document.to_string()
    }

    /// Whether it is that of a workspace.
    pub(super) fn is_workspace(&self) -> bool {
        self.document.contains_key("workspace")
    }

    /// The name under which code finds the library, if the package depends on it.
    pub(super) fn library_name(&self) -> Option<String> {
        let table = self.document.get(DEPENDENCIES)?.as_table_like()?;
        let is_library = |(name, item): &(&str, &Item)| match package(item) {
            Some(package) => package == LIBRARY,
            None => *name == LIBRARY,
        };
        let (name, _) = table.iter().find(is_library)?;
        Some(name.replace('-', "_"))
    }

    /// Whether the members of this workspace can inherit the library.
    pub(super) fn has_workspace_dependency(&self) -> bool {
        let workspace = self.document.get("workspace");
        let dependencies = workspace.and_then(|workspace| workspace.get(DEPENDENCIES));
        dependencies.is_some_and(|table| table.get(LIBRARY).is_some())
    }

    /// Adds the library to the dependencies: inherited from the workspace, or in this version. Gives
    /// the line that says so.
    pub(super) fn add_library(&mut self, inherited: bool) -> Result<String, Failure> {
        let table = table_in(&mut self.document, &[DEPENDENCIES])?;
        let is_sorted = table.iter().map(|(name, _)| name).is_sorted();
        let (line, item) = match inherited {
            true => {
                let mut inherited = Table::new();
                inherited.set_dotted(true);
                inherited.insert("workspace", value(true));
                (
                    format!("{LIBRARY}.workspace = true"),
                    Item::Table(inherited),
                )
            }
            false => {
                let version = env!("CARGO_PKG_VERSION");
                (format!("{LIBRARY} = \"{version}\""), value(version))
            }
        };
        table.insert(LIBRARY, item);
        if is_sorted {
            table.sort_values();
        }
        Ok(line)
    }

    /// Adds settings, of the workspace if this is a workspace's file, or else of the package. Gives
    /// the lines that say so.
    pub(super) fn add_settings(&mut self, settings: &[(&str, &str)]) -> Result<String, Failure> {
        let section = match self.is_workspace() {
            true => "workspace",
            false => "package",
        };
        let table = table_in(&mut self.document, &[section, "metadata", "machinist"])?;
        let mut lines = Vec::new();
        for (key, text) in settings {
            let item = value(*text);
            lines.push(format!("{key} = {}", item.to_string().trim()));
            table.insert(key, item);
        }
        Ok(lines.join(", "))
    }
}

/// The package that a dependency names, if that is another name than its own.
fn package(dependency: &Item) -> Option<&str> {
    dependency.get("package")?.as_str()
}

/// The table at these keys, which is made where it is missing.
fn table_in<'a>(
    document: &'a mut DocumentMut,
    keys: &[&str],
) -> Result<&'a mut dyn TableLike, Failure> {
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for (depth, key) in keys.iter().enumerate() {
        let mut missing = Table::new();
        // Only the last one gets a heading.
        missing.set_implicit(depth + 1 < keys.len());
        let item = table.entry(key).or_insert(Item::Table(missing));
        table = item.as_table_like_mut().ok_or_else(|| {
            let keys = keys[..=depth].join(".");
            Failure::new(format!("`{keys}` is no table in `Cargo.toml`"))
        })?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edit: impl FnOnce(&mut CargoToml)) -> String {
        let mut file = CargoToml::parse(text, "Cargo.toml").unwrap();
        edit(&mut file);
        file.text()
    }

    fn with_library(text: &str) -> String {
        let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
        let text = edited(text, |file| drop(file.add_library(false).unwrap()));
        text.replace(&version, "VERSION")
    }

    #[test]
    fn the_dependency_is_added_where_it_belongs() {
        for (before, after) in [
            (
                "[package]\nname = \"p\" # mine\n\n[dependencies]\n",
                "[package]\nname = \"p\" # mine\n\n[dependencies]\nmachinist = VERSION\n",
            ),
            (
                "[package]\nname = \"p\"\n",
                "[package]\nname = \"p\"\n\n[dependencies]\nmachinist = VERSION\n",
            ),
            (
                "[dependencies]\nanyhow = \"1\"\n# for the server\ntokio = \"1\"\n\n[dev-dependencies]\nz = \"1\"\n",
                "[dependencies]\nanyhow = \"1\"\nmachinist = VERSION\n# for the server\ntokio = \"1\"\n\n[dev-dependencies]\nz = \"1\"\n",
            ),
            (
                "[dependencies]\ntokio = \"1\"\nanyhow = \"1\"\n",
                "[dependencies]\ntokio = \"1\"\nanyhow = \"1\"\nmachinist = VERSION\n",
            ),
            (
                "[dependencies.anyhow]\nversion = \"1\"\n",
                "[dependencies]\nmachinist = VERSION\n[dependencies.anyhow]\nversion = \"1\"\n",
            ),
        ] {
            assert_eq!(with_library(before), after);
        }
        let inherited = edited("[dependencies]\n", |file| {
            drop(file.add_library(true).unwrap());
        });
        assert_eq!(inherited, "[dependencies]\nmachinist.workspace = true\n");
    }

    #[test]
    fn a_dependency_is_found_in_every_form() {
        let name = |text: &str| CargoToml::parse(text, "").unwrap().library_name();
        for text in [
            "[dependencies]\nmachinist = \"0.1\"\n",
            "dependencies = { machinist = \"0.1\" }\n",
            "[dependencies.machinist]\npath = \"sdk\"\n",
            "dependencies.machinist.workspace = true\n",
        ] {
            assert_eq!(name(text).unwrap(), "machinist");
        }
        let renamed =
            "[dependencies]\nmy-machines = { version = \"0.1\", package = \"machinist\" }\n";
        assert_eq!(name(renamed).unwrap(), "my_machines");
        assert_eq!(
            name("[dependencies]\nmachinist = { package = \"x\" }\n"),
            None
        );
        assert_eq!(name("[dev-dependencies]\nmachinist = \"0.1\"\n"), None);
    }

    #[test]
    fn settings_go_to_the_workspace_or_to_a_single_package() {
        let add = |text: &str| {
            edited(text, |file| {
                drop(file.add_settings(&[("target", "fal")]).unwrap());
            })
        };
        for (before, after) in [
            (
                "[package]\nname = \"p\"\n",
                "[package]\nname = \"p\"\n\n[package.metadata.machinist]\ntarget = \"fal\"\n",
            ),
            (
                "[workspace]\nmembers = []\n",
                "[workspace]\nmembers = []\n\n[workspace.metadata.machinist]\ntarget = \"fal\"\n",
            ),
            (
                "[package.metadata.machinist]\nimage = \"a\" # b\n",
                "[package.metadata.machinist]\nimage = \"a\" # b\ntarget = \"fal\"\n",
            ),
            (
                "[package]\nmetadata = { x = 1 }\n",
                "[package]\nmetadata = { x = 1 , machinist.target = \"fal\" }\n",
            ),
        ] {
            assert_eq!(add(before), after);
        }
        let mut file = CargoToml::parse("package.metadata = 1\n", "").unwrap();
        let failure = file.add_settings(&[("target", "fal")]).unwrap_err();
        assert_eq!(
            failure.message,
            "`package.metadata` is no table in `Cargo.toml`"
        );
    }
}
