//! What a tuning and a rollback send: the artifact that was deployed, of the app's own package,
//! whatever the settings say now.
#![cfg(unix)]

use std::fs;

use serde_json::json;

use crate::support::{Project, package, payload};

const BINARIES: [&str; 3] = ["--binary", "alpha.wasm", "beta.wasm"];

/// Packages `alpha` and `beta`, each with an image and an app.
fn project() -> Project {
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"alpha\", \"beta\"]\nresolver = \"3\"\n",
        ),
        ("alpha/src/main.rs", "fn main() {}\n"),
        ("beta/src/main.rs", "fn main() {}\n"),
    ]);
    set_images(&project, "v1");
    project.with_sky();
    for tool in ["kubectl", "dstack"] {
        project.with_tool(tool, "#!/bin/sh\n");
    }
    for name in ["alpha", "beta"] {
        set_app(&project, name, 1);
    }
    project
}

fn set_app(project: &Project, package: &str, gpus: u32) {
    let app = payload(
        &format!("{package}-svc"),
        package,
        &json!({"machine_type": ["GPU-H100"], "gpus": gpus, "port": 8080}),
        &json!({"max_concurrency": 4}),
    );
    project.write_binary(&format!("{package}.wasm"), &[app]);
}

fn set_images(project: &Project, version: &str) {
    for name in ["alpha", "beta"] {
        let settings = format!("[package.metadata.machinist]\nimage = \"acme/{name}:{version}\"");
        project.write(&format!("{name}/Cargo.toml"), &package(name, &settings));
    }
}

/// The images that the files of this app name.
fn rendered_images(project: &Project, target: &str, app: &str) -> Vec<String> {
    let folder = project.path(&project.rendered(&format!("{target}/{app}")));
    let files = fs::read_dir(folder).into_iter().flatten();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let mut images: Vec<String> = texts
        .flat_map(|text| {
            let words = text.split([' ', '"', '\n']).map(str::to_owned);
            words
                .filter(|word| word.contains("acme/"))
                .collect::<Vec<_>>()
        })
        .map(|image| image.trim_start_matches("docker:").to_owned())
        .collect();
    images.sort();
    images.dedup();
    images
}

#[test]
fn a_tuning_sends_the_deployed_image_of_the_apps_own_package() {
    for target in ["skypilot", "knative", "dstack"] {
        let project = project();
        let target_flags = ["--target", target, "--no-refresh"];
        project
            .run(&[&["deploy", "-yq"], &target_flags[..], &BINARIES].concat())
            .exits(0);
        set_images(&project, "v2");
        fs::remove_dir_all(project.path("target/machinist")).unwrap();
        let scale = ["scale", "-q", "beta-svc", "min_concurrency=2"];
        let tuned = project.run(&[&scale, &target_flags[..]].concat()).exits(0);
        assert_eq!(
            tuned.stdout,
            format!(
                "~ beta-svc  update\n    min_concurrency  not set -> 2  (tuned)\n\n\
                 {target}: 1 to update\n"
            )
        );
        // Knative is sent a patch of the scaling and no image.
        let expected: &[&str] = match target {
            "knative" => &[],
            _ => &["acme/beta:v1"],
        };
        assert_eq!(rendered_images(&project, target, "beta-svc"), expected);
        assert!(rendered_images(&project, target, "alpha-svc").is_empty());
    }
}

#[test]
fn a_rollback_sends_the_image_of_that_deploy_and_the_plan_then_shows_the_difference() {
    for target in ["skypilot", "knative", "dstack"] {
        let project = project();
        let target_flags = ["--target", target, "--no-refresh"];
        let run = |args: &[&str]| project.run(&[args, &target_flags[..]].concat());
        let deploy = [&["deploy", "-yq"], &BINARIES[..]].concat();
        run(&deploy).exits(0);
        set_images(&project, "v2");
        set_app(&project, "beta", 2);
        run(&deploy).exits(0);
        set_images(&project, "v3");
        let back = run(&["rollback", "-yq", "beta-svc"]).exits(0);
        assert_eq!(
            back.stdout,
            format!(
                "~ beta-svc  update\n    gpus   2 -> 1  (rolled back)\n    \
                 image  acme/beta:v2 -> acme/beta:v1  (rolled back)\n\n{target}: 1 to update\n"
            )
        );
        assert_eq!(
            rendered_images(&project, target, "beta-svc"),
            ["acme/beta:v1"],
            "{target}"
        );
        let plan = run(&[&["plan", "-q", "--detailed-exitcode"], &BINARIES[..]].concat());
        assert_eq!(
            plan.exits(2).stdout,
            format!(
                "~ alpha-svc  update\n    image  acme/alpha:v2 -> acme/alpha:v3\n\
                 ~ beta-svc  update\n    gpus   1 -> 2\n    \
                 image  acme/beta:v1 -> acme/beta:v3\n\n{target}: 2 to update\n"
            )
        );
    }
}

/// Values that were tuned in the middle of an incident.
#[test]
fn a_rollback_keeps_tuned_values_unless_the_scaling_is_asked_for() {
    let project = project();
    let run = |args: &[&str]| project.run(&[args, &["--target", "skypilot"]].concat());
    let deploy = [&["deploy", "-yq"], &BINARIES[..]].concat();
    run(&deploy).exits(0);
    run(&["scale", "beta-svc", "max_concurrency=9"]).exits(0);
    set_app(&project, "beta", 2);
    run(&deploy).exits(0);
    run(&["scale", "beta-svc", "min_concurrency=3"]).exits(0);
    let sent = |text: &str| project.services()["beta-svc"].contains(text);

    // The tuning since is no deploy, so it is not what a rollback goes back to.
    let back = run(&["rollback", "-yq", "beta-svc"]).exits(0);
    assert_eq!(
        back.stdout,
        "~ beta-svc  update
    gpus             2 -> 1  (rolled back)
    min_concurrency  stays 3  (tuned; the code sets nothing)
    max_concurrency  stays 9  (tuned; the code says 4)

skypilot: 1 to update
"
    );
    assert!(sent("\"min_replicas\": 3") && sent("\"max_replicas\": 9"));

    let back = run(&["rollback", "-yq", "beta-svc", "--to", "1", "--with-scaling"]).exits(0);
    assert_eq!(
        back.stdout,
        "~ beta-svc  update
    min_concurrency  3 -> not set  (rolled back)
    max_concurrency  9 -> 4  (rolled back)

skypilot: 1 to update
"
    );
    assert!(sent("\"min_replicas\": 0") && sent("\"max_replicas\": 4"));

    let apps = project
        .run(&["apps", "beta-svc", "--target", "skypilot"])
        .exits(0)
        .stdout;
    let heads: Vec<&str> = apps
        .lines()
        .filter(|line| line.contains(": just now"))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(
        heads,
        [
            "rollback 6",
            "rollback 5",
            "tuning 4",
            "deploy 3",
            "tuning 2",
            "deploy 1"
        ]
    );
    assert!(
        apps.contains("    max_concurrency           4 -> 9  (tuned)\n"),
        "{apps}"
    );
    let tuning = run(&["rollback", "beta-svc", "-yq", "--to", "4"]).exits(1);
    assert!(
        tuning.stderr.starts_with(
            "error: no deploy with the serial 4 is recorded\nhelp: recorded deploys are 6 (just now, at 20"
        ),
        "{tuning:?}"
    );
}
