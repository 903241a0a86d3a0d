//! Names that people type for subcommands and flags.

use serde_json::Value;

use crate::support::{Project, run};

#[test]
fn what_is_deployed_has_several_names() {
    let project = Project::with_one_app();
    project.run(&["deploy", "-yq"]).exits(0);
    let apps = project.run(&["apps"]).exits(0);
    for alias in ["ls", "status"] {
        assert_eq!(project.run(&[alias]).exits(0).stdout, apps.stdout);
    }
    let help = run(&["--help"]).exits(0);
    assert!(help.stdout.contains("[aliases: ls, status]"), "{help:?}");
    project.run(&["rm", "a", "-yq"]).exits(0);
    let left = project.run(&["ls", "--json"]).exits(0);
    assert_eq!(left.json()["apps"], Value::Array(Vec::new()));
}

#[test]
fn json_is_asked_for_in_two_ways() {
    let project = Project::with_one_app();
    project.run(&["deploy", "-yq"]).exits(0);
    let long = project.run(&["apps", "--format", "json"]).exits(0);
    for args in [&["apps", "--json"], &["--json", "apps"]] {
        assert_eq!(project.run(args).exits(0).stdout, long.stdout);
    }
    for args in [
        &["apps", "--json", "--format", "text"][..],
        &["--format", "json", "apps", "--json"],
    ] {
        let refused = run(args).exits(1);
        assert!(
            refused.stderr.contains("cannot be used with"),
            "{refused:?}"
        );
    }
}

#[test]
fn wrong_arguments_are_reported_as_json_too() {
    let refused = run(&["apps", "--json", "--no-such-flag"]).exits(1);
    let message = refused.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("--no-such-flag"), "{message}");
    // That is for the platform's tool.
    let refused = run(&["logs", "--no-such-flag", "--", "--json"]).exits(1);
    assert_eq!(refused.stdout, "");
}
