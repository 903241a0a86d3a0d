//! `cargo machinist init` in new packages: what it writes compiles, and `plan` works after it.

use std::fs;
use std::path::Path;

use machinist_tests::{Workspace, read, repository, sdk, stderr, stdout, write};
use serde_json::Value;
use tempfile::TempDir;

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// A new package, with `machinist` from this repository in place of a published one.
struct NewPackage {
    // Outside of this repository, which is a workspace.
    _folder: TempDir,
    workspace: Workspace,
}

impl NewPackage {
    /// The package that `cargo new` makes with these arguments.
    fn new(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        let workspace = Workspace::copy(&empty, folder.path());
        // All are built in one folder, so the library is built once.
        let target = format!("{TMP}/init");
        let workspace =
            workspace.with(&[("CARGO_TARGET_DIR", &target), ("CARGO_NET_OFFLINE", "true")]);
        let args = ["init", "--name", "p", "--edition", "2024"]
            .iter()
            .chain(args);
        stdout(&workspace.cargo(args));
        let config = workspace.root().join(".cargo");
        fs::create_dir(&config).unwrap();
        let patch = format!(
            "[patch.crates-io]\nmachinist = {{ path = \"{}\" }}\n",
            sdk()
        );
        write(&config.join("config.toml"), &patch);
        // The versions that this repository is tested with.
        fs::copy(
            repository().join("Cargo.lock"),
            workspace.root().join("Cargo.lock"),
        )
        .unwrap();
        Self {
            _folder: folder,
            workspace,
        }
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.workspace.root().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, text);
    }

    fn read(&self, file: &str) -> String {
        read(&self.workspace.root().join(file))
    }

    /// Initializes it, and gives the names of the apps in the plan. A second run changes nothing.
    fn planned_after(&self, args: &[&str]) -> Vec<String> {
        let init = |args: &[&str]| {
            let args = ["machinist", "init"].iter().chain(args);
            let output = self.workspace.machinist(args);
            stdout(&output);
            stderr(&output)
        };
        let said = init(args);
        assert!(said.contains("cargo machinist plan"), "{said}");
        let files = contents(self.workspace.root());
        let said = init(args);
        assert!(said.contains("Unchanged"), "{said}");
        assert_eq!(contents(self.workspace.root()), files);
        let plan = ["machinist", "plan", "--format=json"];
        let plan = stdout(&self.workspace.run(machinist_tests::machinist(), plan));
        let plan: Value = serde_json::from_str(&plan).unwrap();
        let apps = plan["apps"].as_array().unwrap().iter();
        apps.map(|app| app["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Every file of a project, without those of git.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with(".git") => {}
            true => all.extend(contents(&path)),
            false => all.push((path.display().to_string(), read(&path))),
        }
    }
    all.sort();
    all
}

#[test]
fn a_program_becomes_an_app() {
    let package = NewPackage::new(&["--bin"]);
    assert_eq!(
        package.planned_after(&["--machine-type", "GPU-H100"]),
        ["p"]
    );
    assert_eq!(
        package.read("src/main.rs"),
        "#[machinist::app(machine_type = \"GPU-H100\", port = 8080)]\n\
         fn main() {\n    println!(\"Hello, world!\");\n}\n"
    );
    let manifest = package.read("Cargo.toml");
    let expected = format!(
        "\n[package.metadata.machinist]\ntarget = \"file\"\n\n[dependencies]\nmachinist = \"{}\"\n",
        env!("CARGO_PKG_VERSION")
    );
    assert!(manifest.ends_with(&expected), "{manifest}");
    assert_eq!(package.read(".gitignore"), "/target\n.machinist-*\n");
}

#[test]
fn a_library_gets_a_program() {
    let package = NewPackage::new(&["--lib"]);
    assert_eq!(package.planned_after(&[]), ["p"]);
    let package = NewPackage::new(&["--lib"]);
    package.write("src/lib.rs", "/// Serves.\npub struct Server;\n");
    assert_eq!(
        package.planned_after(&["--item", "Server", "--app", "llm"]),
        ["llm"]
    );
    assert_eq!(
        package.read("src/lib.rs"),
        "/// Serves.\n#[machinist::app(name = \"llm\", machine_type = \"GPU-L40\", port = 8080)]\n\
         pub struct Server;\n"
    );
}

#[test]
fn a_member_inherits_what_its_workspace_has() {
    let package = NewPackage::new(&["--bin"]);
    package.write(
        "Cargo.toml",
        "# all of it\n[workspace]\nmembers = [\"member\"]\nresolver = \"3\"\n\n\
         [workspace.dependencies]\nmachinist = \"0.1\"\n",
    );
    let member = "[package]\nname = \"member\"\nedition = \"2024\"\n\n[dependencies]\n";
    package.write("member/Cargo.toml", member);
    package.write("member/src/main.rs", "fn main() {}\n");
    assert_eq!(package.planned_after(&["-p", "member"]), ["member"]);
    assert_eq!(
        package.read("member/Cargo.toml"),
        format!("{member}machinist.workspace = true\n")
    );
    let root = package.read("Cargo.toml");
    assert!(
        root.ends_with("\n\n[workspace.metadata.machinist]\ntarget = \"file\"\n"),
        "{root}"
    );
}

#[test]
fn an_attribute_that_replaces_main_stays_below() {
    let package = NewPackage::new(&["--bin"]);
    let manifest = package.read("Cargo.toml");
    package.write(
        "Cargo.toml",
        &(manifest + "tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n"),
    );
    let main = "#[tokio::main(flavor = \"current_thread\")]\nasync fn main() {}\n";
    package.write("src/main.rs", main);
    assert_eq!(package.planned_after(&[]), ["p"]);
    let attribute = "#[machinist::app(machine_type = \"GPU-L40\", port = 8080)]\n";
    assert_eq!(package.read("src/main.rs"), format!("{attribute}{main}"));
}

#[test]
fn a_project_with_the_line_ends_of_windows_keeps_them() {
    let package = NewPackage::new(&["--bin"]);
    for file in ["Cargo.toml", "src/main.rs", ".gitignore"] {
        package.write(file, &package.read(file).replace('\n', "\r\n"));
    }
    assert_eq!(package.planned_after(&[]), ["p"]);
    for file in ["Cargo.toml", "src/main.rs", ".gitignore"] {
        let text = package.read(file);
        assert_eq!(
            text.matches('\n').count(),
            text.matches("\r\n").count(),
            "{text:?}"
        );
    }
}
