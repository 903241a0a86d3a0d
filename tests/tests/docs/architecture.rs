//! ARCHITECTURE.md has a reason for every dependency.

use std::path::Path;

use machinist_tests::{read, repository};
use toml::Table;

use crate::pages::files;

/// The dependencies from elsewhere that a Cargo.toml names, in any of its tables.
fn dependencies(cargo_toml: &Path) -> Vec<String> {
    let table: Table = read(cargo_toml).parse().unwrap();
    let workspace = table.get("workspace").and_then(toml::Value::as_table);
    let tables = [Some(&table), workspace].into_iter().flatten();
    let named = tables.flat_map(|table| {
        let groups = ["dependencies", "dev-dependencies"].map(|group| table.get(group));
        groups
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_table)
            .flatten()
    });
    let is_ours = |source: &toml::Value| source.get("path").is_some();
    let foreign = named.filter(|(name, source)| !is_ours(source) && !name.starts_with("machinist"));
    foreign.map(|(name, _)| name.clone()).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let page = read(&repository().join("ARCHITECTURE.md"));
    let (_, reasons) = page
        .split_once("\n## Dependencies, and why these\n")
        .unwrap();
    for file in files("toml")
        .iter()
        .filter(|file| file.ends_with("Cargo.toml"))
    {
        for name in dependencies(file) {
            let shown = file.display();
            assert!(
                reasons.contains(&format!("`{name}`")),
                "{shown}: no reason for `{name}`"
            );
        }
    }
}
