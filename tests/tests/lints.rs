//! Expansions are code in the user's crate, so the lints of that crate apply to them.

use machinist_tests::{EVERY_KEY, Workspace, has, read, repository, stdout, write};

#[test]
fn expansions_are_clean_under_every_lint_in_every_edition() {
    if !has("cargo-clippy", &["--version"]) {
        return;
    }
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/lints");
    let workspace = Workspace::fixture("lints", folder);
    let every_key = read(&repository().join(EVERY_KEY));
    write(&workspace.root().join("every_key.rs"), &every_key);
    stdout(&workspace.cargo(["clippy", "--workspace", "--all-targets"]));
}
