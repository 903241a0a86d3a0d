//! `--prune` deletes only what no binary and no library of the workspace can have.

use std::fs;

use crate::support::{Project, main_with, package, record_static};

const STATE: &str = "machinist-state.json";

/// A workspace: `server` with the binaries `one` and `two`, each with an app; `apps`, a library that
/// `one` links, with the app `c`; `plain`, which does not depend on machinist. The package `machinist`
/// stands in for the real one.
fn project() -> Project {
    let workspace = "[workspace]\nresolver = \"3\"\n\
                     members = [\"server\", \"apps\", \"plain\", \"machinist\"]\n";
    let project = Project::new(&[
        ("Cargo.toml", workspace),
        ("server/Cargo.toml", &server("apps.path = \"../apps\"")),
        (
            "server/src/bin/one.rs",
            &("use apps as _;\n".to_owned() + &main_with("a", "server")),
        ),
        ("server/src/bin/two.rs", &main_with("b", "server")),
        (
            "apps/Cargo.toml",
            &package("apps", "[dependencies]\nmachinist.path = \"../machinist\""),
        ),
        ("apps/src/lib.rs", &record_static("c", "apps")),
        ("plain/Cargo.toml", &package("plain", "")),
        ("plain/src/main.rs", "fn main() {}\n"),
        ("plain/examples/demo.rs", "fn main() {}\n"),
        ("machinist/Cargo.toml", &package("machinist", "")),
        ("machinist/src/lib.rs", ""),
    ]);
    project.run(&["deploy", "-yq"]).exits(0);
    project
}

fn server(rest: &str) -> String {
    let dependencies = format!("[dependencies]\nmachinist.path = \"../machinist\"\n{rest}");
    package("server", &dependencies)
}

fn remove(project: &Project, file: &str) {
    fs::remove_file(project.path(file)).unwrap();
}

/// Asserts that plan and deploy refuse in these words, below the plan, and delete nothing.
#[track_caller]
fn assert_refused(project: &Project, flags: &[&str], app: &str, expected: &str) {
    let before = project.read(STATE);
    for args in [
        &["plan", "-q", "--prune"][..],
        &["deploy", "-yq", "--prune"],
    ] {
        let answer = project.run(&[args, flags].concat()).exits(1);
        assert!(
            answer.stderr.ends_with(&format!("{expected}\n")),
            "{answer:?}"
        );
        assert!(
            answer.stdout.contains(&format!("- {app}  delete\n")),
            "{answer:?}"
        );
    }
    assert_eq!(project.read(STATE), before);
}

fn not_read(app: &str, how: &str, names: &str) -> String {
    format!(
        "error: `{app}` is not deleted: what was not read may have it\n\
         help: {how}, or delete the app by name with `cargo machinist destroy {app}`\n\
         note: not read: {names}"
    )
}

#[test]
fn every_binary_that_links_machinist_is_read_before_an_app_is_deleted() {
    let project = project();
    // `two` got another name, and the app stayed in it.
    let two = project.read("server/src/bin/two.rs");
    project.write("server/src/bin/second.rs", &two);
    remove(&project, "server/src/bin/two.rs");
    let flags = ["-p", "server", "--bin", "one"];
    let expected = not_read(
        "b",
        "build and read all of them with `--workspace`",
        "`second`",
    );
    assert_refused(&project, &flags, "b", &expected);

    // It was moved to another package, as an example that only its development dependencies link.
    remove(&project, "server/src/bin/second.rs");
    let plain = "[dev-dependencies]\nmachinist.path = \"../machinist\"";
    project.write("plain/Cargo.toml", &package("plain", plain));
    let expected = not_read(
        "b",
        "build and read all of them with `--workspace --lib --bins --examples`",
        "`demo`",
    );
    assert_refused(&project, &[], "b", &expected);

    // Nothing else links machinist: `plain` need not be built.
    project.write("plain/Cargo.toml", &package("plain", ""));
    let pruned = project
        .run(&["deploy", "-yq", "--prune", "-p", "server"])
        .exits(0);
    assert!(pruned.stdout.contains("- b  delete\n"), "{pruned:?}");
}

#[test]
fn a_binary_of_the_same_name_is_not_the_one_that_was_read() {
    let project = project();
    project.write("server/examples/one.rs", &main_with("b", "server"));
    project.write("server/src/bin/two.rs", "fn main() {}\n");
    let expected = not_read(
        "b",
        "build and read all of them with `--workspace --lib --bins --examples`",
        "`one-example`",
    );
    assert_refused(&project, &[], "b", &expected);
    let all = project.run(&["plan", "-q", "--workspace", "--bins", "--examples"]);
    assert!(all.exits(0).stdout.contains("file: 3 unchanged"));
}

#[test]
fn a_library_is_built_before_its_app_is_deleted() {
    let project = project();
    // No program depends on the library any more, but it is still there.
    project.write("server/src/bin/one.rs", &main_with("a", "server"));
    project.write("server/Cargo.toml", &server(""));
    let all = "build and read all of them with `--workspace";
    let expected = not_read("c", &format!("{all}`"), "`apps`");
    assert_refused(&project, &["-p", "server"], "c", &expected);

    // The libraries are among the flags that name all targets.
    project.write("server/examples/other.rs", &main_with("d", "server"));
    let help = format!("{all} --lib --bins --examples`");
    let with_examples = ["--workspace", "--bins", "--examples", "--all-features"];
    assert_refused(
        &project,
        &with_examples,
        "c",
        &not_read("c", &help, "`apps`"),
    );
    let all_targets = [&with_examples[..], &["--lib"]].concat();
    let in_code = "error: `c` is not deleted: it is in the code, but it was not linked\n\
                   note: a dependency that no code names is not linked";
    assert_refused(&project, &all_targets, "c", in_code);
}

#[test]
fn the_advice_names_the_flags_that_leave_a_binary_out() {
    let project = project();
    remove(&project, "server/src/bin/two.rs");
    let required = "\n[features]\nextra = []\nmore = []\n\
                    [[bin]]\nname = \"third\"\nrequired-features = [\"extra\"]";
    project.write(
        "server/Cargo.toml",
        &server(&("apps.path = \"../apps\"".to_owned() + required)),
    );
    project.write("server/src/bin/third.rs", &main_with("b", "server"));
    for (flags, help, names) in [
        (
            &["--workspace"][..],
            "`--workspace --features extra`",
            "`third`",
        ),
        (
            &["--workspace", "-F", "more"],
            "`--workspace --features extra,more`",
            "`third`",
        ),
        (
            &["--workspace", "--all-features", "--bin", "one"],
            "`--workspace`, without `--bin`",
            "`third`",
        ),
        (
            &[
                "--workspace",
                "--all-features",
                "--exclude",
                "plain",
                "--bin",
                "one",
            ],
            "`--workspace`, without `--exclude` and `--bin`",
            "`third`",
        ),
    ] {
        let help = format!("build and read all of them with {help}");
        assert_refused(&project, flags, "b", &not_read("b", &help, names));
    }
    let all = project.run(&["plan", "-q", "--workspace", "--features", "extra"]);
    assert!(all.exits(0).stdout.contains("file: 3 unchanged"));
}

#[test]
fn an_app_of_a_library_that_was_built_is_not_deleted() {
    let project = project();
    // The program no longer names the crate, or does not even depend on it.
    project.write("server/src/bin/one.rs", &main_with("a", "server"));
    for (dependency, help) in [
        (
            "apps.path = \"../apps\"",
            "help: add `use apps as _;` to `server/src/bin/one.rs` or `server/src/bin/two.rs`\n",
        ),
        ("", ""),
    ] {
        project.write("server/Cargo.toml", &server(dependency));
        assert_refused(
            &project,
            &["--workspace"],
            "c",
            &format!(
                "error: `c` is not deleted: it is in the code, but it was not linked\n{help}\
                 note: a dependency that no code names is not linked"
            ),
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_app_of_a_dynamic_library_is_not_deleted() {
    let project = project();
    let dylib =
        "[lib]\ncrate-type = [\"dylib\"]\n[dependencies]\nmachinist.path = \"../machinist\"";
    project.write("apps/Cargo.toml", &package("apps", dylib));
    // Otherwise the program and the library would each have a standard library.
    let flags = "[build]\nrustflags = [\"-C\", \"prefer-dynamic\"]\n";
    project.write(".cargo/config.toml", flags);
    let help = "help: leave `dylib` out of the crate's `crate-type`, so that programs contain it\n";
    assert_refused(
        &project,
        &[],
        "c",
        &format!(
            "error: `c` is not deleted: it is in the code, but it was not linked\n{}",
            help.trim_end()
        ),
    );
    project.run(&["plan", "-q"]).exits(0).says(&format!(
        "warning: the app `c` of the crate `apps` is not deployed: the crate is a `dylib`, and \
         what a program loads is not read\n{}",
        help.trim_end()
    ));
}

#[test]
fn the_last_app_can_be_deleted() {
    let project = Project::with_one_app();
    project.run(&["deploy", "-yq"]).exits(0);
    project.write("src/main.rs", "fn main() {}\n");
    // Without the flag it is an accident.
    let none = project.run(&["plan", "-q"]).exits(1).stderr;
    assert!(
        none.starts_with("error: no apps found in `target/"),
        "{none}"
    );
    let pruned = project.run(&["deploy", "-yq", "--prune"]).exits(0);
    assert_eq!(pruned.stdout, "- a  delete\n\nfile: 1 to delete\n");
    let plan = project.run(&["plan", "-q", "--prune"]).exits(0);
    assert_eq!(plan.stdout, "file: there is nothing to deploy\n");
}

#[test]
fn a_name_of_a_flag_that_is_not_in_this_build_says_why() {
    let project = project();
    let reset = |app| {
        let flags = ["plan", "-q", "--reset-scaling", app];
        project.run(&[&flags[..], &["-p", "server", "--bin", "one"]].concat())
    };
    reset("b").exits(1).says(
        "error: `--reset-scaling`: no app `b` is in this build\n\
         help: build and read all of them with `--workspace`\n\
         note: it is deployed from `two`, which was not read",
    );
    reset("aa").exits(1).says(
        "error: `--reset-scaling`: no app `aa` is in this build\n\
         help: an app with a similar name exists: `a`\n\
         note: apps are a, c",
    );
    remove(&project, "server/src/bin/two.rs");
    reset("b").exits(1).says(
        "error: `--reset-scaling`: no app `b` is in this build\n\
         help: delete it with `cargo machinist destroy b`, or write it into the code again\n\
         note: it is deployed, but gone from the code",
    );
}
