//! `cargo machinist init`: what it refuses, and what it shows. That its result compiles is tested
//! in `tests/tests/init.rs`.

use std::fs;

use crate::support::{Project, answer, git, package};

const MAIN: &str = "fn main() {}\n";

/// The rest of the Cargo.toml, the files, the arguments, and what is said.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    &'static str,
);

fn project(rest: &str, files: &[(&str, &str)]) -> Project {
    let project = Project::new(&[("Cargo.toml", &package("p", rest))]);
    for (file, text) in files {
        project.write(file, text);
    }
    project
}

#[test]
fn what_it_cannot_do_is_said_and_nothing_is_changed() {
    let cases: [Case; 13] = [
        (
            "",
            &[("src/main.rs", MAIN)],
            &["--image", "acme llm"],
            "error: `acme llm` is not the name of an image\nhelp: write it like \
             `ghcr.io/acme/llm:v1`",
        ),
        (
            "",
            &[("src/main.rs", MAIN)],
            &["--machine-type", "GPU-L4O"],
            "error: unknown machine type `GPU-L4O`\n\
             help: a machine type with a similar name exists: `GPU-L40`",
        ),
        (
            "",
            &[("src/main.rs", MAIN)],
            &["--target", "fall"],
            "error: invalid value 'fall' for '--target <TARGET>'",
        ),
        (
            "",
            &[("src/main.rs", MAIN)],
            &["-p", "q"],
            "error: unknown package `q`\nhelp: packages are p",
        ),
        (
            "",
            &[("src/main.rs", MAIN), ("src/bin/b.rs", MAIN)],
            &[],
            "error: the package `p` has several binaries, and the first app needs one\n\
             help: select one, for instance with `--bin b`\nnote: binaries are b, p",
        ),
        (
            "",
            &[("src/main.rs", MAIN)],
            &["--bin", "b"],
            "error: unknown binary `b`\nhelp: binaries are p",
        ),
        (
            "",
            &[("src/main.rs", "// fn main() {}\nmod serve;\n")],
            &[],
            "error: there is no function, struct or enum `main` in `src/main.rs`\n\
             help: name the one that serves the app with `--item NAME`",
        ),
        (
            "",
            &[("src/main.rs", "fn main() {\n")],
            &[],
            "error: cannot read `src/main.rs:",
        ),
        (
            "",
            &[(
                "src/main.rs",
                "#[cfg(unix)]\nfn main() {}\n#[cfg(windows)]\nfn main() {}\n",
            )],
            &[],
            "error: `src/main.rs` has 2 items named `main`\n\
             help: write `#[machinist::app(machine_type = \"GPU-L40\", port = 8080)]` above the one",
        ),
        (
            "autobins = false",
            &[("src/main.rs", MAIN), ("src/lib.rs", "")],
            &[],
            "error: the package `p` has no binary, and `src/main.rs` exists\n\
             help: add a `[[bin]]` with its `path` to Cargo.toml",
        ),
        (
            "[package.metadata.machinist]\ntarget = \"knative\"",
            &[("src/main.rs", MAIN)],
            &["--target", "fal"],
            "error: the settings name the target `knative` already, not `fal`",
        ),
        (
            "[package.metadata.machinist]\nimage = \"a:v1\"",
            &[("src/main.rs", MAIN)],
            &["--image", "b:v1"],
            "error: the settings name the image `a:v1` already",
        ),
        (
            "",
            &[("src/main.rs", MAIN)],
            &["--app", "My_App"],
            "error: invalid value 'My_App' for '--app <NAME>': a name is 1 to 63 of",
        ),
    ];
    for (rest, files, args, expected) in cases {
        let project = project(rest, files);
        let before = project.read("Cargo.toml");
        let answer = project.run(&[&["init"], args].concat()).exits(1);
        assert!(answer.stderr.contains(expected), "{expected}\n{answer:#?}");
        assert_eq!(project.read("Cargo.toml"), before);
        for (file, text) in files {
            assert_eq!(project.read(file), *text);
        }
    }
}

#[test]
fn a_folder_without_a_package_is_said() {
    let empty = Project::empty();
    let answer = empty.run(&["init"]).exits(1);
    answer.says(
        "error: there is no `Cargo.toml` in this folder or above it\n\
         help: make a package with `cargo new NAME`, and run this in its folder",
    );
    let workspace = Project::new(&[("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\n")]);
    for name in ["a", "b"] {
        workspace.write(&format!("{name}/Cargo.toml"), &package(name, ""));
        workspace.write(&format!("{name}/src/main.rs"), MAIN);
    }
    let answer = workspace.run(&["init"]).exits(1);
    let expected = "error: the workspace has several packages, and an app belongs to one\n\
                    help: select one, for instance with `-p a`\nnote: packages are a, b";
    assert!(answer.stderr.contains(expected), "{answer:#?}");
    workspace
        .run(&["init", "--manifest-path", "b/Cargo.toml"])
        .exits(0);
    assert!(
        workspace
            .read("b/src/main.rs")
            .starts_with("#[machinist::app(")
    );
    assert_eq!(workspace.read("a/src/main.rs"), MAIN);
}

#[test]
fn a_file_that_is_not_text_is_said() {
    let project = project("", &[]);
    fs::create_dir(project.path("src")).unwrap();
    fs::write(project.path("src/main.rs"), b"fn main() {} // \xff\n").unwrap();
    let answer = project.run(&["init"]).exits(1);
    let expected = "error: cannot read `src/main.rs`: stream did not contain valid UTF-8\n\
                    help: save it as UTF-8";
    assert!(answer.stderr.contains(expected), "{answer:#?}");
}

#[test]
fn a_file_that_is_read_only_is_said_and_the_others_stay() {
    let project = project("", &[("src/main.rs", MAIN)]);
    let before = project.read("Cargo.toml");
    let main = project.path("src/main.rs");
    let mut mode = fs::metadata(&main).unwrap().permissions();
    mode.set_readonly(true);
    fs::set_permissions(&main, mode).unwrap();
    let answer = project.run(&["init"]).exits(1);
    answer.says(
        "error: `src/main.rs` is read-only\nhelp: make it writable, and try again\n\
         note: nothing was changed",
    );
    assert_eq!(project.read("Cargo.toml"), before);
}

#[test]
fn a_dry_run_shows_the_changes_and_writes_nothing() {
    let project = project("", &[("src/main.rs", MAIN)]);
    git(&project.path(""), &["init", "--quiet"]);
    let before = project.read("Cargo.toml");
    let answer = project
        .run(&["init", "--dry-run", "--target", "fal"])
        .exits(0);
    for line in [
        "--- src/main.rs",
        "+#[machinist::app(machine_type = \"GPU-L40\", port = 8080)]",
        "+target = \"fal\"",
        "+.machinist-*",
    ] {
        assert!(
            answer.stdout.lines().any(|shown| shown == line),
            "{line}\n{answer:#?}"
        );
    }
    assert_eq!(project.read("Cargo.toml"), before);
    assert_eq!(project.read("src/main.rs"), MAIN);
    assert!(!project.path(".gitignore").exists());
    let answer = project
        .run(&["init", "--dry-run", "--format", "json"])
        .exits(0);
    assert_eq!(answer.json()["files"][0]["file"], "Cargo.toml");
    assert_eq!(answer.json()["dry_run"], true);
}

#[test]
fn an_app_that_is_there_stays_the_only_one() {
    let main = "mod server {\n    #[machinist::app(machine_type = \"S\")]\n    struct Server;\n}\nfn main() {}\n";
    let project = project(
        "[dependencies]\nmachinist = \"0.1\"",
        &[("src/main.rs", main)],
    );
    project.run(&["init"]).exits(0);
    assert_eq!(project.read("src/main.rs"), main);
    // Another one can be asked for.
    project
        .run(&["init", "--item", "main", "--app", "b"])
        .exits(0);
    assert!(
        project
            .read("src/main.rs")
            .contains("\n#[machinist::app(name = \"b\", ")
    );
}

#[test]
fn a_machine_type_of_the_project_is_known_wherever_it_is_run() {
    let project = project("[workspace]", &[("src/main.rs", MAIN)]);
    project.write(
        "machines.toml",
        "[GPU-L20]\nvram = \"48 GB\"\nram = \"64 GB\"\ncpus = 8\nbandwidth = \"1 TB/s\"\nencoders = 0\ndecoders = 0\n",
    );
    project.write("other/README", "");
    let args = [
        "init",
        "--machine-type",
        "GPU-L20",
        "--manifest-path",
        "../Cargo.toml",
    ];
    let mut command = project.command(&args);
    answer(command.current_dir(project.path("other"))).exits(0);
    assert!(
        project
            .read("src/main.rs")
            .contains("machine_type = \"GPU-L20\"")
    );
}

#[test]
fn a_library_under_another_name_is_used_by_that_name() {
    let rest = "[dependencies]\nmachines = { version = \"0.1\", package = \"machinist\" }";
    let project = project(rest, &[("src/main.rs", MAIN)]);
    project.run(&["init"]).exits(0);
    let attribute = "#[machines::app(machine_type = \"GPU-L40\", port = 8080, crate = machines)]\n";
    assert_eq!(project.read("src/main.rs"), format!("{attribute}{MAIN}"));
    let dependencies = project.read("Cargo.toml").matches("machinist\"").count();
    assert_eq!(dependencies, 1);
}

#[test]
fn a_platform_that_runs_images_needs_one() {
    let project = project("", &[("src/main.rs", MAIN)]);
    let answer = project.run(&["init", "--target", "knative"]).exits(0);
    assert!(
        answer.stderr.contains("Next write `image = "),
        "{answer:#?}"
    );
    let answer = project.run(&["init", "--image", "acme/p:v1"]).exits(0);
    assert!(
        !answer.stderr.contains("Next write `image = "),
        "{answer:#?}"
    );
    assert!(
        project
            .read("Cargo.toml")
            .contains("image = \"acme/p:v1\"\n")
    );
}

#[test]
fn the_image_of_another_package_is_none_of_its_own() {
    let project = Project::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\n"),
        (
            "one/Cargo.toml",
            &package(
                "one",
                "[package.metadata.machinist]\nimage = \"acme/one:v1\"",
            ),
        ),
        ("one/src/main.rs", MAIN),
        ("two/Cargo.toml", &package("two", "")),
        ("two/src/main.rs", MAIN),
    ]);
    let init = ["init", "-p", "two", "--target", "knative"];
    let said = project.run(&init).exits(0);
    assert!(said.stderr.contains("Next write `image = "), "{said:#?}");
    project
        .run(&["init", "-p", "two", "--image", "acme/two:v1"])
        .exits(0);
}

#[test]
fn what_comes_next_is_in_the_environment() {
    let settings = "[package.metadata.machinist.env.prod]";
    let project = project(settings, &[("src/main.rs", MAIN)]);
    let said = project.run(&["init", "--env", "prod"]).exits(0);
    for next in ["plan", "deploy"] {
        let advice = format!("`cargo machinist {next} --env prod`");
        assert!(said.stderr.contains(&advice), "{said:#?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_target_is_asked_on_a_terminal() {
    let project = project("", &[("src/main.rs", MAIN)]);
    let (code, shown) = project.on_a_terminal("init", "skypilot\n");
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        shown.contains("Deploy to which of file, fal, knative"),
        "{shown}"
    );
    assert!(
        project
            .read("Cargo.toml")
            .contains("target = \"skypilot\"\n")
    );
    // Once it is set, nothing is asked.
    let (_, shown) = project.on_a_terminal("init", "");
    assert!(!shown.contains("Deploy to which"), "{shown}");
}
