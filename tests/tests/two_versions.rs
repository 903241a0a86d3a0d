//! Two versions of machinist in one program, as when a library lags behind.

use std::fs;
use std::path::Path;

use machinist_tests::{Workspace, copy_folder, read, repository, sdk, stdout, write};
use serde_json::{Value, json};

/// The version that the copy says it has.
const OTHER: &str = "0.99.0";

/// A copy of the SDK under another version.
fn other_sdk(folder: &Path) {
    let workspace = read(&repository().join("Cargo.toml"));
    let members = workspace.lines().find(|line| line.starts_with("members"));
    let pinned = |version| format!("version = \"={version}\"");
    let workspace = workspace
        .replace(
            members.unwrap(),
            "members = [\"sdk-core\", \"sdk-macros\", \"sdk\"]",
        )
        .replace(&pinned(env!("CARGO_PKG_VERSION")), &pinned(OTHER));
    fs::create_dir_all(folder).unwrap();
    write(&folder.join("Cargo.toml"), &workspace);
    for krate in ["sdk-core", "sdk-macros", "sdk"] {
        let copy = folder.join(krate);
        copy_folder(&repository().join(krate), &copy);
        let package = copy.join("Cargo.toml");
        let version = format!("\nversion = \"{OTHER}\"");
        let text = read(&package).replace("\nversion.workspace = true", &version);
        write(&package, &text);
    }
}

#[test]
fn each_version_knows_its_own_apps_and_the_command_knows_all() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-versions");
    let other = root.join("other");
    other_sdk(&other);
    let source = root.join("program");
    fs::create_dir_all(source.join("src")).unwrap();
    let package = format!(
        "[package]\nname = \"program\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nmachinist.path = \"{}\"\n\
         other = {{ package = \"machinist\", path = \"{}\" }}\n",
        sdk(),
        other.join("sdk").display()
    );
    write(&source.join("Cargo.toml"), &package);
    let lock = read(&repository().join("Cargo.lock"));
    write(&source.join("Cargo.lock"), &lock);
    write(
        &source.join("src/main.rs"),
        r#"
            #[machinist::app(machine_type = "GPU-H100")]
            fn one() {}

            #[other::app(machine_type = "S", crate = other)]
            fn another() {}

            fn main() {
                one();
                another();
                let names = |apps: Vec<&'static str>| apps.join(" ");
                println!("{}", names(machinist::apps().iter().map(|app| app.name).collect()));
                println!("{}", names(other::apps().iter().map(|app| app.name).collect()));
            }
        "#,
    );
    let workspace = Workspace::copy(&source, root.join("build"));
    assert_eq!(
        stdout(&workspace.cargo(["run", "--quiet"])),
        "one\nanother\n"
    );
    let manifest: Value =
        serde_json::from_str(&stdout(&workspace.machinist(["manifest"]))).unwrap();
    let apps = manifest["apps"].as_array().unwrap().iter();
    let names: Vec<&Value> = apps.map(|app| &app["name"]).collect();
    assert_eq!(names, [&json!("another"), &json!("one")]);
}
