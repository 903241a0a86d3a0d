//! Expansions are code in the user's crate, and meet the lints that the user has there.

use machinist_tests::{Workspace, has, stdout};

#[test]
fn expansions_are_clean_under_every_lint_in_every_edition() {
    if !has("cargo-clippy", &["--version"]) {
        return;
    }
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/lints");
    let workspace = Workspace::fixture("lints", folder);
    stdout(&workspace.cargo(["clippy", "--workspace", "--all-targets"]));
}
