//! The files of a crate form floors: a file imports only from files below it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use machinist_tests::imports::circles;
use machinist_tests::{read, repository, stdout};
use serde_json::Value;

/// The `lib.rs` and `main.rs` of every crate of this repository.
fn root_files() -> Vec<PathBuf> {
    let workspaces = ["Cargo.toml", "benches/Cargo.toml"];
    workspaces
        .iter()
        .flat_map(|manifest| {
            let metadata = Command::new(env!("CARGO"))
                .args(["metadata", "--format-version=1", "--no-deps", "--locked"])
                .arg("--manifest-path")
                .arg(repository().join(manifest))
                .output()
                .unwrap();
            let metadata: Value = serde_json::from_str(&stdout(&metadata)).unwrap();
            let packages = metadata["packages"].as_array().unwrap().clone();
            packages
                .iter()
                .flat_map(|package| package["targets"].as_array().unwrap())
                .filter(|target| {
                    !["test", "custom-build"].contains(&target["kind"][0].as_str().unwrap())
                })
                .map(|target| target["src_path"].as_str().unwrap().into())
                .collect::<Vec<PathBuf>>()
        })
        .collect()
}

#[test]
fn no_files_of_a_crate_import_each_other_in_a_circle() {
    let roots = root_files();
    for krate in [
        "sdk-core",
        "sdk-macros",
        "sdk",
        "sdk-deploy",
        "sdk-cli",
        "tests",
        "benches",
    ] {
        let src = repository().join(krate).join("src").canonicalize().unwrap();
        assert!(roots.iter().any(|root| root.starts_with(&src)), "{krate}");
    }
    for root in roots {
        let circles = circles(&root);
        assert!(
            circles.is_empty(),
            "{}:\n{}",
            root.display(),
            circles.join("\n")
        );
    }
}

/// The files in a folder that the file above each does not declare as modules.
fn undeclared(folder: &Path, above: &[PathBuf]) -> Vec<PathBuf> {
    let above = above.iter().filter(|file| file.exists());
    let declared: String = above.map(|file| read(file)).collect();
    let mut undeclared = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let above = [path.with_extension("rs"), path.join("mod.rs")];
            undeclared.extend(self::undeclared(&path, &above));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let is_root = ["lib", "main", "mod"].contains(&&*name);
            let is_declared = declared.contains(&format!("mod {name};"));
            undeclared.extend((!is_root && !is_declared).then_some(path));
        }
    }
    undeclared
}

/// The compiler does not see a file that no other declares.
#[test]
fn every_file_is_declared_as_a_module() {
    for folder in [
        "sdk-core/src",
        "sdk-macros/src",
        "sdk/src",
        "sdk-deploy/src",
        "sdk-cli/src",
        "sdk-cli/tests/cli",
        "tests/src",
        "tests/tests/docs",
    ] {
        let folder = repository().join(folder);
        let roots = ["lib.rs", "main.rs"].map(|root| folder.join(root));
        let undeclared = undeclared(&folder, &roots);
        assert!(undeclared.is_empty(), "{undeclared:?}");
    }
}

/// Writes files into a folder and gives the circles of their crate.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    circles(&folder.path().join(Path::new("lib.rs")))
}

#[test]
fn files_that_import_in_one_direction_are_no_circle() {
    let circles = circles_of(&[
        // The root declares and re-exports modules, and imports nothing by that.
        (
            "lib.rs",
            "mod plan; mod state; mod targets; pub use plan::Plan; pub struct Version;",
        ),
        (
            "plan.rs",
            "use crate::state::{self, State as Deployed}; pub struct Plan;",
        ),
        (
            "state.rs",
            "// use crate::plan::Plan;
            const TEXT: &str = \"use crate::plan::Plan;\";
            /// [`crate::plan::Plan`]
            pub struct State(crate::Version);
            #[cfg(test)]
            mod tests { use crate::plan::Plan; }
            #[cfg(test)]
            use crate::plan;",
        ),
        (
            "targets.rs",
            "mod fal; mod file; pub use self::fal::Fal; pub use file::File;",
        ),
        (
            "targets/fal.rs",
            "use super::file::File; use crate::Plan; pub struct Fal;",
        ),
        (
            "targets/file.rs",
            "use std::fs::File as Handle; pub struct File(Handle);",
        ),
    ]);
    assert_eq!(circles, [""; 0]);
}

#[test]
fn a_circle_is_found_with_the_names_that_tie_it() {
    let circles = circles_of(&[
        ("lib.rs", "mod plan; mod state; mod above; mod words;"),
        (
            "plan.rs",
            "use crate::{words, state::{State, history::{self}}};",
        ),
        ("state.rs", "pub mod history; pub struct State;"),
        (
            "state/history.rs",
            "fn f() { words! { crate::plan::Plan } }",
        ),
        (
            "above.rs",
            "use super::plan::Plan; fn f() { crate::state::State; }",
        ),
        ("words.rs", ""),
    ]);
    assert_eq!(
        circles,
        [
            "plan -> state::history: state::history",
            "state::history -> plan: Plan"
        ]
    );
}

#[test]
fn every_way_to_name_another_file_counts() {
    for path in [
        "use crate::b::B;",
        "use super::b::*;",
        "use crate::{a::A as Other, b::{self, B}};",
        "pub use crate::b::B;",
        "pub(crate) use super::b;",
        "fn f(b: crate::b::B) {}",
        "fn f() { use crate::b; }",
        "macro_rules! b { () => { $crate::b::B } }",
        "mod inside { use super::super::b::B; }",
        "#[derive(crate::b::B)] struct A;",
        "impl<T> crate::b::B for T where T: Fn() -> Vec<T> {}",
        // Through the name that the root gives it.
        "use crate::Renamed;",
    ] {
        let root = "mod a; mod b; pub use b::B as Renamed;";
        let circles = circles_of(&[
            ("lib.rs", root),
            ("a.rs", path),
            ("b.rs", "use crate::a::A;"),
        ]);
        assert_eq!(circles.len(), 2, "{path}: {circles:?}");
    }
}

#[test]
fn a_parent_that_uses_its_child_is_above_it() {
    let root = "mod a;";
    let uses_child = ("a.rs", "mod b; use self::b::B; fn f() { b::f(); }");
    let below = circles_of(&[("lib.rs", root), uses_child, ("a/b.rs", "pub struct B;")]);
    assert_eq!(below, [""; 0]);
    let circle = circles_of(&[("lib.rs", root), uses_child, ("a/b.rs", "use super::A;")]);
    assert_eq!(circle, ["a -> a::b: B, f", "a::b -> a: A"]);
}
