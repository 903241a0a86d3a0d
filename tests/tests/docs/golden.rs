//! What the compiler says of a mistake, from the golden files of the compile-fail cases.

use machinist_tests::{read, repository};

use crate::table::block;

/// What the compiler says in the case of this name.
pub(crate) fn case(name: &str) -> Option<String> {
    let folder = repository().join("tests/compile-fail");
    let file = folder.join(name).with_extension("stderr");
    let words = file.exists().then(|| read(&file))?;
    Some(block(
        "text",
        &words.replace(&format!("compile-fail/{name}.rs"), "src/main.rs"),
    ))
}
