//! Binaries are told by package, kind and name. Two that are written to one file are an error.

use crate::support::{Project, main_with, package, record_static};

/// The name of a file of the build for the system that runs the tests.
fn program(path: &str) -> String {
    format!("{path}{}", std::env::consts::EXE_SUFFIX)
}

#[test]
fn two_that_are_written_to_one_file_are_an_error_that_names_both() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"alpha\", \"beta\"]\nresolver = \"3\"\n",
        ),
        ("alpha/Cargo.toml", &package("alpha", "")),
        ("alpha/src/bin/bootstrap.rs", &main_with("a", "alpha")),
        ("beta/Cargo.toml", &package("beta", "")),
        ("beta/src/bin/bootstrap.rs", &main_with("b", "beta")),
    ]);
    for command in ["manifest", "plan"] {
        let said = project.run(&[command, "-q"]).exits(1).stderr;
        let file = program("target/debug/bootstrap");
        let expected = format!(
            "error: the bin `bootstrap` of `alpha` and the bin `bootstrap` of `beta` are written to \
             one file: `{file}`\n\
             help: give one of them another name in its Cargo.toml, or select one of them with `-p`\n"
        );
        assert!(said.ends_with(&expected), "{said}");
    }
    let one = project.run(&["manifest", "-q", "-p", "beta"]).exits(0);
    // The name is the same whatever is built, so that a state means the same binary.
    assert_eq!(
        one.apps(),
        [("b".to_owned(), vec!["beta-bootstrap-bin".to_owned()])]
    );
}

#[test]
fn a_program_an_example_and_a_library_of_one_name_are_three() {
    let files = |app: &str| main_with(app, "tool");
    let project = Project::new(&[
        (
            "Cargo.toml",
            &package("tool", "[lib]\ncrate-type = [\"cdylib\", \"rlib\"]"),
        ),
        ("src/main.rs", &files("of-program")),
        ("src/lib.rs", &record_static("of-library", "tool")),
        ("examples/tool.rs", &files("of-example")),
    ]);
    let all = project.run(&["manifest", "-q", "--lib", "--bins", "--examples"]);
    let all: Vec<(String, Vec<String>)> = all.exits(0).apps();
    let expected = [
        ("of-example", "tool-example"),
        ("of-library", "tool-cdylib"),
        ("of-program", "tool"),
    ];
    let expected = expected.map(|(app, binary)| (app.to_owned(), vec![binary.to_owned()]));
    assert_eq!(all, expected);
    for (flag, expected) in [("--examples", &expected[0]), ("--bins", &expected[2])] {
        let some = project.run(&["manifest", "-q", flag]).exits(0).apps();
        assert_eq!(some, std::slice::from_ref(expected));
    }
}

#[test]
fn two_files_of_one_name_are_an_error() {
    let project = Project::with_one_app();
    for folder in ["x", "y"] {
        project.write(&format!("{folder}/.keep"), "");
        project.write_binary(&format!("{folder}/p.wasm"), &[]);
    }
    project
        .run(&["manifest", "--binary", "x/p.wasm", "y/p.wasm"])
        .exits(1)
        .says(
            "error: two of the binaries are named `p`: `x/p.wasm` and `y/p.wasm`\n\
             help: read one of them, or rename its file",
        );
}

/// A package whose program links its library, which is a cdylib too.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_program_that_has_an_app_is_sent_and_not_the_library() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            &package("p", "[lib]\ncrate-type = [\"cdylib\", \"rlib\"]"),
        ),
        ("src/main.rs", "use p as _;\nfn main() {}\n"),
        ("src/lib.rs", &record_static("a", "p")),
    ]);
    project.with_tool("fal", "#!/bin/sh\necho '{\"apps\": []}'\n");
    project.run(&["deploy", "-yq", "--target", "fal"]).exits(0);
    let sent = std::fs::read(project.path(&project.rendered("fal/a/p"))).unwrap();
    assert!(sent == std::fs::read(project.path("target/release/p")).unwrap());
    let manifest = project.run(&["manifest", "-q"]).exits(0).apps();
    let binaries = ["p", "p-cdylib"].map(str::to_owned).to_vec();
    assert_eq!(manifest, [("a".to_owned(), binaries)]);
}
