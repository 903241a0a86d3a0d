//! What `machinist` brings into a program that uses it.

use std::process::Command;

use machinist_tests::{repository, stdout};

#[test]
fn the_sdk_brings_these_packages_and_no_others() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--package=machinist",
            "--edges=normal",
            "--prefix=none",
        ])
        .args(["--format={p}", "--target=x86_64-unknown-linux-gnu"])
        .current_dir(repository())
        .output()
        .unwrap();
    let tree = stdout(&tree);
    let mut packages: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    packages.sort_unstable();
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
            // Of proc-macro2, which is of the compiler's host alone.
            "unicode-ident",
        ]
    );
}
