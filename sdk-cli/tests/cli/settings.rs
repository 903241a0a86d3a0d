//! `[workspace.metadata.machinist]` and `[package.metadata.machinist]`.

use machinist_deploy::TARGETS;

use crate::support::{Project, package, record_static};

/// A package with one app and these settings.
fn project(settings: &str) -> Project {
    let main = record_static("a", "p") + "fn main() {}\n";
    let settings = format!("[package.metadata.machinist]\n{settings}");
    Project::new(&[
        ("Cargo.toml", &package("p", &settings)),
        ("src/main.rs", &main),
    ])
}

/// What is said of a target `fall`.
fn unknown_target() -> String {
    format!(
        "unknown target `fall`\nhelp: a target with a similar name exists: `fal`\n\
         note: targets are {}",
        TARGETS.join(", ")
    )
}

#[test]
fn the_settings_name_the_state_file() {
    let project = project("state = \"deploy/state.json\"");
    project.run(&["deploy", "--yes"]).exits(0);
    assert!(project.path("deploy/state.json").is_file());
    assert!(project.path("deploy/effective.json").is_file());
    project
        .run(&["deploy", "--yes", "--state", "other.json"])
        .exits(0);
    assert!(project.path("other.json").is_file());
    assert!(project.path("other.effective.json").is_file());
    assert!(!project.path("machinist-state.json").exists());
}

#[test]
fn states_of_similar_names_have_effective_files_of_their_own() {
    let project = project("");
    let states = [
        "machinist-state.json",
        "machinist.json",
        "prod.json",
        "prod-state.json",
    ];
    for state in states {
        project.run(&["deploy", "-yq", "--state", state]).exits(0);
    }
    for (number, state) in states.into_iter().enumerate() {
        let scaled = [
            "scale",
            "-q",
            "a",
            &format!("max_concurrency={}", number + 2),
        ];
        project
            .run(&[&scaled[..], &["--state", state]].concat())
            .exits(0);
    }
    for (number, file) in [
        "machinist-effective.json",
        "machinist.effective.json",
        "prod.effective.json",
        "prod-state.effective.json",
    ]
    .into_iter()
    .enumerate()
    {
        let effective: serde_json::Value = serde_json::from_str(&project.read(file)).unwrap();
        let scaling = &effective["apps"][0]["scaling"];
        assert_eq!(scaling["max_concurrency"], number + 2, "{file}");
    }
}

#[test]
fn members_share_the_state_of_the_workspace() {
    let main = record_static("a", "one") + "fn main() {}\n";
    let workspace = "[workspace]\nmembers = [\"one\"]\nresolver = \"3\"\n\
                     [workspace.metadata.machinist]\nstate = \"state.json\"\n";
    let project = Project::new(&[
        ("Cargo.toml", workspace),
        ("one/Cargo.toml", &package("one", "")),
        ("one/src/main.rs", &main),
    ]);
    let manifest_path = ["--manifest-path", "one/Cargo.toml"];
    project
        .run(&[&["deploy", "--yes"], &manifest_path[..]].concat())
        .exits(0);
    assert!(project.path("state.json").is_file());
    let apps = project
        .run(&[&["apps"], &manifest_path[..]].concat())
        .exits(0);
    assert!(apps.stdout.contains("GPU-H100"), "{apps:?}");
}

#[test]
fn mistakes_are_errors_with_their_place_and_advice() {
    for (settings, expected) in [
        (
            "taget = \"fal\"",
            "`Cargo.toml:6:1`: unknown key `taget`\nhelp: a key with a similar name exists: `target`\n\
             note: keys are target, state, features, profile, answer_timeout, run_timeout, image, dockerfile, context, bin, auth, secrets, volumes, registry_credentials, apps, env, fal, knative, skypilot, dstack",
        ),
        (
            "target = \"fall\"",
            &format!("`Cargo.toml:6:10`: {}", unknown_target()),
        ),
        (
            "target = 1",
            "`Cargo.toml:6:10`: `target` takes a text\nhelp: write `target = \"...\"`",
        ),
        (
            "run_timeout = \"5 minutes\"",
            "`Cargo.toml:6:15`: `run_timeout` takes a duration in `s`, `m` or `h`, not `5 minutes`\n\
             help: write `run_timeout = \"5m\"`",
        ),
        (
            "answer_timeout = 0",
            "`Cargo.toml:6:18`: `answer_timeout` cannot be 0 seconds\n\
             help: write a duration from 1s to 168h",
        ),
        (
            "answer_timeout = [1]",
            "`Cargo.toml:6:18`: `answer_timeout` takes whole seconds or a duration in `s`, `m` or \
             `h`, not `[1]`\nhelp: write `answer_timeout = \"15m\"`",
        ),
        ("state = \"\"", "`Cargo.toml:6:9`: `state` is empty"),
        (
            "auth = \"open\"",
            "`Cargo.toml:6:8`: unknown `auth` mode `open`\n\
             help: write one of private, public, shared",
        ),
        (
            "image = \"a b\\n\"",
            "`Cargo.toml:6:9`: `a b\\n` is not the name of an image\n\
             help: write it like `ghcr.io/acme/llm:v1`",
        ),
        (
            "\n[package.metadata.machinist.apps.a]\nimgae = \"x\"",
            "`Cargo.toml:8:1`: unknown key `imgae`\n\
             help: a key with a similar name exists: `image`\n\
             note: keys are image, dockerfile, context, bin, auth, secrets, volumes, registry_credentials, env",
        ),
        (
            "apps = 1",
            "`Cargo.toml:6:8`: `apps` takes a table of apps\nhelp: write `[….apps.NAME]` with the app's name",
        ),
        (
            "knative.namspace = \"x\"",
            "`Cargo.toml:6:9`: unknown key `namspace`\n\
             help: a key with a similar name exists: `namespace`\n\
             note: keys are context, namespace, service_account, gpu_label, node_labels, regions, secrets, tolerations",
        ),
        (
            "knative.tolerations = { key = \"x\" }",
            "`Cargo.toml:6:23`: `tolerations` takes a list",
        ),
        (
            "apps.A_B.bin = \"x\"",
            "`Cargo.toml:6:6`: invalid app name `A_B`",
        ),
    ] {
        let expected = format!("error: {expected}");
        project(settings)
            .run(&["plan", "-q"])
            .exits(1)
            .says(&expected);
        project(settings).run(&["apps"]).exits(1).says(&expected);
    }
}

#[test]
fn settings_for_an_unknown_app_are_a_warning() {
    let project = project("apps.ab.bin = \"p\"");
    project.run(&["plan", "-q"]).exits(0).says(
        "warning: the settings name an app `ab`, which is not in the code\n\
         help: an app with a similar name exists: `a`\n\
         note: apps are a",
    );
}

#[test]
fn a_target_is_checked_before_anything_is_built() {
    let project = project("");
    project.write("src/main.rs", "this does not compile");
    let expected = format!("error: {}", unknown_target());
    project
        .run(&["plan", "--target", "fall"])
        .exits(1)
        .says(&expected);
    project
        .run(&["plan", "--target=fal", "--target=file"])
        .exits(1)
        .says(
            "error: a deploy goes to one target, not to `fal` and `file`\n\
         help: deploy to one after the other",
        );
}
