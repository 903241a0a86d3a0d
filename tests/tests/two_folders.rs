//! A manifest is made of the code alone, wherever it is built.

use machinist_tests::{Workspace, stdout};

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

#[test]
fn builds_in_two_folders_give_the_same_bytes_and_no_path_of_either() {
    let manifests = ["/folder", "/another/folder of another length"].map(|folder| {
        let workspace = Workspace::fixture("survival", format!("{TMP}{folder}"));
        stdout(&workspace.machinist([
            "manifest",
            "-p",
            "program",
            "-p",
            "plugin",
            "-p",
            "generated",
        ]))
    });
    assert_eq!(manifests[0], manifests[1]);
    assert!(manifests[0].contains("\"in-generated-code\""));
    assert!(!manifests[0].contains("folder"), "{}", manifests[0]);
}
