//! `cargo machinist manifest`.

use std::fs;

use crate::support::{Project, package, record_static, run};

fn owned_apps(expected: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let owned = |binaries: &[&str]| binaries.iter().map(|&name| name.to_owned()).collect();
    expected
        .iter()
        .map(|(app, binaries)| ((*app).to_owned(), owned(binaries)))
        .collect()
}

/// A workspace: `one` with two binaries and an example, `two` with a cdylib.
fn workspace() -> Project {
    let main = |app| record_static(app, "one") + "fn main() {}\n";
    let cdylib = "[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n[features]\nextra = []";
    let library = format!(
        "#[cfg(feature = \"extra\")]\n{}",
        record_static("extra", "two")
    );
    Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n",
        ),
        ("one/Cargo.toml", &package("one", "default-run = \"first\"")),
        ("one/src/bin/first.rs", &main("first-app")),
        ("one/src/bin/second.rs", &main("second-app")),
        ("one/examples/shown.rs", &main("shown-app")),
        ("two/Cargo.toml", &package("two", cdylib)),
        (
            "two/src/lib.rs",
            &(record_static("library", "two") + &library),
        ),
    ])
}

#[test]
fn flags_of_cargo_select_the_binaries() {
    let workspace = workspace();
    let first: (&str, &[&str]) = ("first-app", &["first"]);
    let second: (&str, &[&str]) = ("second-app", &["second"]);
    let shown: (&str, &[&str]) = ("shown-app", &["shown"]);
    let library: (&str, &[&str]) = ("library", &["two"]);
    let extra: (&str, &[&str]) = ("extra", &["two"]);
    for (flags, expected) in [
        (&["--workspace"][..], &[first, library, second][..]),
        (&[], &[first, library, second]),
        (&["-p", "one"], &[first, second]),
        (&["-p", "one@0.1.0", "--release"], &[first, second]),
        (&["--workspace", "--exclude", "one"], &[library]),
        (&["-p", "two", "-F", "extra"], &[extra, library]),
        (&["-p", "two", "--all-features", "--lib"], &[extra, library]),
        (&["--bin", "second"], &[second]),
        (&["--bins", "--profile", "release"], &[first, second]),
        (&["--example", "shown"], &[shown]),
        (
            &["--examples", "--bin=first", "--offline", "-j1"],
            &[first, shown],
        ),
        (
            &[
                "--manifest-path",
                "one/Cargo.toml",
                "--target-dir",
                "elsewhere",
            ],
            &[first, second],
        ),
    ] {
        let args = [&["manifest"], flags].concat();
        let answer = workspace.run(&args).exits(0);
        assert_eq!(answer.apps(), owned_apps(expected), "{flags:?}");
    }
    assert!(workspace.path("elsewhere").is_dir());
}

#[test]
fn the_output_file_is_replaced_in_one_step() {
    let project = Project::with_one_app();
    let printed = project.run(&["manifest"]).exits(0).stdout;
    project.write("machinist.json", "before");
    let answer = project.run(&["manifest", "-o", "machinist.json"]).exits(0);
    assert!(
        answer.stderr.contains("Wrote machinist.json"),
        "{}",
        answer.stderr
    );
    assert_eq!(answer.stdout, "");
    assert_eq!(project.read("machinist.json"), printed);
    let names = fs::read_dir(project.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert!(
        !names
            .into_iter()
            .any(|name| name.to_string_lossy().ends_with(".tmp"))
    );
}

#[test]
fn a_missing_folder_is_an_error() {
    let project = Project::with_one_app();
    let answer = project
        .run(&["manifest", "-o", "nowhere/machinist.json"])
        .exits(1);
    assert!(
        answer
            .stderr
            .contains("error: cannot write `nowhere/machinist.json`: ")
    );
}

#[test]
fn check_accepts_a_matching_file() {
    let project = Project::with_one_app();
    project.run(&["manifest", "-o", "machinist.json"]).exits(0);
    let answer = project
        .run(&["manifest", "--check", "machinist.json"])
        .exits(0);
    assert!(
        answer
            .stderr
            .contains("Checked machinist.json: it matches the code")
    );
    assert_eq!(answer.stdout, "");

    let windows = project.read("machinist.json").replace('\n', "\r\n");
    project.write("machinist.json", &windows);
    project
        .run(&["manifest", "--check", "machinist.json"])
        .exits(0);
}

#[test]
fn check_shows_the_difference_and_how_to_rewrite() {
    let project = Project::with_one_app();
    project.run(&["manifest", "-o", "my file.json"]).exits(0);
    let changed = project
        .read("my file.json")
        .replace("\"gpus\": 2", "\"gpus\": 3");
    project.write("my file.json", &changed);
    let answer = project
        .run(&["manifest", "-p", "p", "--check", "my file.json"])
        .exits(3)
        .says(
            "error: `my file.json` does not match the code\n\
         help: write it with `cargo machinist manifest --package=p -o 'my file.json'`",
        );
    let diff: Vec<&str> = answer
        .stdout
        .lines()
        .filter(|line| line.starts_with(['-', '+', '@']))
        .collect();
    assert!(
        diff.starts_with(&["--- my file.json", "+++ the code's manifest"]),
        "{diff:?}"
    );
    assert!(
        diff.iter()
            .any(|line| line.trim_end_matches(',') == "-        \"gpus\": 3")
    );
    assert!(
        diff.iter()
            .any(|line| line.trim_end_matches(',') == "+        \"gpus\": 2")
    );
}

#[test]
fn check_of_a_missing_file_says_how_to_write_it() {
    let project = Project::with_one_app();
    let answer = project
        .run(&["manifest", "--check", "machinist.json"])
        .exits(1);
    assert!(
        answer
            .stderr
            .starts_with("error: cannot read `machinist.json`: ")
    );
    assert!(
        answer
            .stderr
            .ends_with("help: write it with `cargo machinist manifest -o machinist.json`\n")
    );
    assert!(
        !project.path("target").exists(),
        "the missing file is an error before the build"
    );
}

#[test]
fn binaries_built_elsewhere_are_read() {
    let project = Project::with_one_app();
    let built = project.run(&["manifest"]).exits(0);
    let file = format!("p{}", std::env::consts::EXE_SUFFIX);
    fs::copy(
        project.path("target/debug").join(&file),
        project.path("renamed.v2.exe"),
    )
    .unwrap();
    let read = project
        .run(&["manifest", "--binary", &format!("target/debug/{file}")])
        .exits(0);
    assert_eq!(read.stdout, built.stdout);
    let renamed = project
        .run(&["manifest", "--binary", "renamed.v2.exe"])
        .exits(0);
    assert_eq!(renamed.apps(), owned_apps(&[("a", &["renamed.v2"])]));
}

#[test]
fn binary_conflicts_with_build_flags() {
    run(&["manifest", "--binary", "p", "--release"])
        .exits(1)
        .says(
            "error: `--binary` builds nothing, so `--release` has no effect\n\
         help: leave out one of the two",
        );
}

#[test]
fn files_that_are_not_binaries_are_errors() {
    let project = Project::empty();
    project.write("notes.txt", "not a binary");
    project.write("empty", "");
    fs::create_dir(project.path("folder")).unwrap();
    for file in ["notes.txt", "empty", "folder", "nowhere"] {
        let answer = project.run(&["manifest", "--binary", file]).exits(1);
        assert!(answer.stderr.starts_with("error: "), "{}", answer.stderr);
        assert!(
            answer.stderr.contains(&format!("`{file}`")),
            "{}",
            answer.stderr
        );
        assert_eq!(answer.stdout, "");
    }
}

#[test]
fn no_apps_says_what_to_write() {
    let project = Project::new(&[
        ("Cargo.toml", &package("p", "")),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let file =
        std::path::Path::new("target/debug").join(format!("p{}", std::env::consts::EXE_SUFFIX));
    let expected = format!(
        "error: no apps found in `{}`\n\
         help: write `#[machinist::app(machine_type = \"...\")]` above a fn, struct or enum",
        file.display()
    );
    project.run(&["manifest"]).exits(1).says(&expected);
    project
        .run(&["manifest", "--binary", &file.to_string_lossy()])
        .exits(1)
        .says(&expected);
}

#[test]
fn nothing_to_read_says_what_to_select() {
    let project = Project::new(&[("Cargo.toml", &package("p", "")), ("src/lib.rs", "")]);
    project.run(&["manifest"]).exits(1).says(
        "error: the selected packages have no binary and no cdylib to read\n\
         help: select a package that has one with `-p`, or an example with `--example`",
    );
}

#[test]
fn a_failing_build_exits_as_cargo_does() {
    let project = Project::new(&[
        ("Cargo.toml", &package("p", "")),
        ("src/main.rs", "fn main() { x }\n"),
    ]);
    let answer = project.run(&["manifest"]).exits(101);
    assert!(answer.stderr.contains("error[E0425]"), "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .ends_with("error: `cargo build` failed, as shown above\n")
    );
    assert_eq!(answer.stdout, "");
}

#[test]
fn a_missing_cargo_is_an_error() {
    let project = Project::with_one_app();
    let mut command = crate::support::command(&project.path("."));
    let answer = crate::support::answer(command.arg("manifest").env("CARGO", "/nowhere/cargo"));
    let answer = answer.exits(1);
    assert!(
        answer
            .stderr
            .starts_with("error: cannot run `/nowhere/cargo`: "),
        "{}",
        answer.stderr
    );
}

#[test]
fn manifests_written_at_the_same_time_are_whole() {
    let project = Project::with_one_app();
    let whole = project.run(&["manifest", "-q"]).exits(0).stdout;
    let binary = format!("target/debug/p{}", std::env::consts::EXE_SUFFIX);
    let args = [
        "manifest",
        "-q",
        "-o",
        "machinist.json",
        "--binary",
        &binary,
    ];
    let writers: Vec<_> = (0..22)
        .map(|_| project.command(&args).spawn().unwrap())
        .collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
        assert_eq!(project.read("machinist.json"), whole);
    }
}
