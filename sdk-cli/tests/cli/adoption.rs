//! Apps of others are taken over only if that is asked for. What the platform says of them is tested
//! with the platforms' tools.
#![cfg(unix)]

use serde_json::json;

use crate::support::{Project, payload};

fn set_app(project: &Project, package: &str) {
    let code = json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 8080});
    let scaling = json!({"max_concurrency": 4});
    project.write_binary("a.wasm", &[payload("svc", package, &code, &scaling)]);
}

#[test]
fn an_app_of_another_package_is_not_deployed_over() {
    let project = Project::for_skypilot();
    set_app(&project, "alpha");
    let deploy = ["deploy", "-yq", "--binary", "a.wasm"];
    project.run(&deploy).exits(0);
    project.run(&["scale", "svc", "max_concurrency=9"]).exits(0);
    project.take_calls();
    let state = project.read("machinist-state.json");

    set_app(&project, "beta");
    let refusal = "\
error: `svc` was deployed from the package `alpha`, and this one is of `beta`
help: to take it over, add `--adopt svc`; else give the app another name
note: two apps of one name would replace each other with every deploy";
    for args in [&["plan", "-q", "--binary", "a.wasm"][..], &deploy] {
        let refused = project.run(args).exits(1).says(refusal);
        assert!(
            refused
                .stdout
                .starts_with("~ svc  adopt: it was deployed from the package `alpha`\n"),
            "{refused:?}"
        );
        let json = project
            .run(&[args, &["--format=json"]].concat())
            .exits(1)
            .json();
        assert_eq!(json["apps"][0]["action"], "adopt");
        assert_eq!(json["apps"][0]["owner"], json!({"package": "alpha"}));
        assert_eq!(
            json["refusal"]["message"],
            "`svc` was deployed from the package `alpha`, and this one is of `beta`"
        );
    }
    assert!(project.take_calls().is_empty());
    assert_eq!(project.read("machinist-state.json"), state);

    // What was tuned stays.
    project
        .run(&[&deploy[..], &["--adopt", "svc"]].concat())
        .exits(0);
    assert_eq!(project.take_calls().len(), 1);
    assert!(project.services()["svc"].contains("\"max_replicas\": 9"));
    let plan = project.run(&["plan", "-q", "--binary", "a.wasm"]).exits(0);
    assert_eq!(plan.stdout, "skypilot: 1 unchanged\n");
}
