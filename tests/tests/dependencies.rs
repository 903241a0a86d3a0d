//! What `machinist` brings into a program that uses it.

use std::process::Command;

use machinist_tests::{repository, stdout};

/// The lines of `cargo tree` for a package, each once.
fn tree(package: &str, edges: &str, format: &str) -> Vec<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix=none"])
        .args(["--target=x86_64-unknown-linux-gnu", "--package", package])
        .args(["--edges", edges, "--format", format])
        .current_dir(repository())
        .output()
        .unwrap();
    let mut lines: Vec<String> = stdout(&tree).lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

fn first_word(line: &str) -> &str {
    line.split(' ').next().unwrap()
}

#[test]
fn the_sdk_brings_these_packages_and_no_others() {
    let tree = tree("machinist", "normal", "{p}");
    let mut packages: Vec<&str> = tree.iter().map(|line| first_word(line)).collect();
    packages.dedup();
    assert_eq!(
        packages,
        [
            "inventory",
            "machinist",
            "machinist-core",
            "machinist-macros",
            "proc-macro2",
            "quote",
            "syn",
            // proc-macro2 depends on it, on the compiler's host only.
            "unicode-ident",
        ]
    );
}

#[test]
fn a_program_links_the_core_without_its_rules() {
    let linked = tree("quickstart", "normal,no-proc-macro", "{lib}[{f}]");
    // The program itself has no library.
    assert_eq!(
        linked,
        ["[]", "inventory[]", "machinist[]", "machinist_core[]"]
    );
    // The macro runs in the compiler and has the rules.
    let macros = tree("machinist-macros", "normal", "{lib}[{f}]");
    assert!(
        macros.contains(&"machinist_core[rules]".into()),
        "{macros:?}"
    );
}
