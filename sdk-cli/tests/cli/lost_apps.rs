//! Apps of crates that a program depends on but never names.

use crate::support::{Project, package, record_static};

/// A binary `server` that depends on `my-apps` and never names it; `my-apps` in turn depends on
/// `deep-apps`. The package `machinist` stands in for the real one.
fn project(main: &str) -> Project {
    let profile = "[profile.lto]\ninherits = \"release\"\nlto = \"fat\"\n\
                   [profile.thin]\ninherits = \"release\"\nlto = \"thin\"\n";
    let workspace = format!(
        "[workspace]\nmembers = [\"server\", \"apps\", \"deep\", \"machinist\"]\nresolver = \"3\"\n{profile}"
    );
    Project::new(&[
        ("Cargo.toml", &workspace),
        (
            "server/Cargo.toml",
            &package("server", "[dependencies]\nmy-apps.path = \"../apps\""),
        ),
        ("server/src/main.rs", main),
        (
            "apps/Cargo.toml",
            &package("my-apps", "[dependencies]\ndeep-apps.path = \"../deep\""),
        ),
        (
            "apps/src/lib.rs",
            &(record_static("b", "my-apps") + &record_static("c", "my-apps")),
        ),
        (
            "deep/Cargo.toml",
            &package(
                "deep-apps",
                "[dependencies]\nmachinist.path = \"../machinist\"",
            ),
        ),
        ("deep/src/lib.rs", &record_static("d", "deep-apps")),
        ("machinist/Cargo.toml", &package("machinist", "")),
        ("machinist/src/lib.rs", ""),
    ])
}

#[test]
fn a_crate_that_is_never_named_is_reported_in_every_profile() {
    let project = project(&(record_static("a", "server") + "fn main() {}\n"));
    for profile in ["dev", "release", "lto", "thin"] {
        let answer = project.run(&["manifest", "--profile", profile]).exits(0).says(
            "warning: the app `d` of the crate `deep_apps` is lost: no binary that was built links it\n\
             help: add `use deep_apps as _;` to `apps/src/lib.rs`\n\
             note: a dependency that no code names is not linked\n\
             warning: the apps `b`, `c` of the crate `my_apps` are lost: no binary that was built links it\n\
             help: add `use my_apps as _;` to `server/src/main.rs`\n\
             note: a dependency that no code names is not linked",
        );
        assert_eq!(answer.apps().len(), 1, "{profile}");
    }
}

#[test]
fn nothing_but_lost_apps_is_an_error() {
    let project = project("use my_apps as _;\nfn main() {}\n");
    project.write("apps/src/lib.rs", "");
    let file = std::path::Path::new("target/debug")
        .join(format!("server{}", std::env::consts::EXE_SUFFIX));
    project.run(&["manifest"]).exits(1).says(&format!(
        "error: no apps found in `{}`\n\
         help: add `use deep_apps as _;` to `apps/src/lib.rs`\n\
         note: the app `d` of the crate `deep_apps` is lost: no binary that was built links it\n\
         note: a dependency that no code names is not linked",
        file.display()
    ));
}

#[test]
fn a_named_crate_is_not_lost() {
    let project = project("use my_apps as _;\nfn main() {}\n");
    project.write(
        "apps/src/lib.rs",
        &(record_static("b", "my-apps") + "use deep_apps as _;\n"),
    );
    let answer = project.run(&["manifest"]).exits(0).says("");
    let names: Vec<String> = answer.apps().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "d"]);
}

#[test]
fn the_library_of_the_same_package_can_be_lost_too() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            &package(
                "my-server",
                "[dependencies]\nmachinist.path = \"machinist\"",
            ),
        ),
        ("machinist/Cargo.toml", &package("machinist", "")),
        ("machinist/src/lib.rs", ""),
        (
            "src/main.rs",
            &(record_static("a", "my-server") + "fn main() {}\n"),
        ),
        ("src/bin/other.rs", "fn main() {}\n"),
        ("src/lib.rs", &record_static("b", "my-server")),
    ]);
    project.run(&["manifest", "-q"]).exits(0).says(
        "warning: the app `b` of the crate `my_server` is lost: no binary that was built links it\n\
         help: add `use my_server as _;` to `src/main.rs` or `src/bin/other.rs`\n\
         note: a dependency that no code names is not linked",
    );
}

#[test]
fn build_and_dev_dependencies_are_not_lost() {
    let project = project(&(record_static("a", "server") + "fn main() {}\n"));
    let build = "build = \"build.rs\"\n[build-dependencies]\nmy-apps.path = \"../apps\"\n\
                 [dev-dependencies]\ndeep-apps.path = \"../deep\"";
    project.write("server/Cargo.toml", &package("server", build));
    project.write("server/build.rs", "fn main() {}\n");
    project.run(&["manifest", "-p", "server"]).exits(0).says("");
}

#[test]
fn a_renamed_dependency_is_named_as_the_code_sees_it() {
    let project = project(&(record_static("a", "server") + "fn main() {}\n"));
    let renamed = "[dependencies]\nother = { path = \"../deep\", package = \"deep-apps\" }";
    project.write("server/Cargo.toml", &package("server", renamed));
    project.run(&["manifest", "-p", "server"]).exits(0).says(
        "warning: the app `d` of the crate `deep_apps` is lost: no binary that was built links it\n\
         help: add `use other as _;` to `server/src/main.rs`\n\
         note: a dependency that no code names is not linked",
    );
}
