//! Keys of files that users write: their pages name every one.

use machinist_deploy::TARGETS;
use machinist_tests::{read, repository, stderr};

use crate::markdown::blocks;
use crate::project::Project;

/// The keys that a command names when it meets one that it does not know.
#[track_caller]
fn keys(project: &Project, command: &str) -> Vec<String> {
    let said = stderr(&project.run(command));
    let (_, keys) = said
        .split_once("keys are ")
        .unwrap_or_else(|| panic!("{said}"));
    let keys = keys.lines().next().unwrap_or_default().split(", ");
    keys.map(str::to_owned).collect()
}

#[track_caller]
fn assert_named(page: &str, keys: &[String]) {
    let text = read(&repository().join("docs/src").join(page));
    for key in keys {
        assert!(
            text.contains(&format!("`{key}`")),
            "{page} does not name `{key}`"
        );
    }
}

#[test]
fn every_setting_has_its_row() {
    let project = Project::new("settings");
    let keys_of = |table: &str| {
        project.set_settings(&format!("[workspace.metadata.machinist{table}]\nzzz = 1\n"));
        keys(&project, "cargo machinist apps")
    };
    let all = keys_of("");
    assert_named("settings.md", &all);
    let tables = all.iter().filter(|key| TARGETS.contains(&&***key));
    let tables: Vec<String> = tables.map(|target| format!(".{target}")).collect();
    assert!(!tables.is_empty());
    for table in tables
        .iter()
        .map(String::as_str)
        .chain([".apps.llm-server"])
    {
        assert_named("settings.md", &keys_of(table));
    }
}

#[test]
fn every_key_of_machines_toml_has_its_row() {
    let project = Project::new("machines");
    project.write("machines.toml", "[GPU-H100]\nzzz = 1\n");
    assert_named("machines.md", &keys(&project, "cargo machinist machines"));
}

#[test]
fn the_examples_of_files_are_taken() {
    let project = Project::new("examples");
    let page = |name: &str| read(&repository().join("docs/src").join(name));
    let [machines] = &*blocks(&page("machines.md"), "toml") else {
        panic!("machines.md has one example of a machines.toml");
    };
    project.write("machines.toml", machines);
    let [settings] = &*blocks(&page("settings.md"), "toml") else {
        panic!("settings.md has one example of settings");
    };
    project.set_settings(settings);
    for command in [
        "cargo machinist machines GPU-A6000",
        "cargo machinist apps --no-refresh",
    ] {
        let output = project.run(command);
        assert!(output.status.success(), "{command}: {}", stderr(&output));
    }
}
