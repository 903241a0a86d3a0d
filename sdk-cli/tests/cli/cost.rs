//! What kept runners cost, in the plans of a project with prices in its `machines.toml`.

use serde_json::{Value, json};

use crate::support::{Project, record_of};

const PRICES: &str = "\
[XL]
price_per_hour = 0.05
[GPU-H100]
price_per_hour = 1.99
[GPU-H200]
price_per_hour = 2.5
";

/// One app on two H100s with this scaling.
fn project(prices: &str, scaling: &Value) -> Project {
    let project = Project::with_one_app();
    project.write("machines.toml", prices);
    set_scaling(&project, scaling);
    project
}

fn set_scaling(project: &Project, scaling: &Value) {
    project.set_app(&json!({"machine_type": ["GPU-H100"], "gpus": 2}), scaling);
}

#[track_caller]
fn assert_prints(project: &Project, args: &[&str], expected: &str) {
    let answer = project.run(args).exits(0);
    assert_eq!(answer.stdout, expected, "{answer:#?}");
}

fn cost(project: &Project, args: &[&str]) -> Value {
    let json = [args, &["--format=json"]].concat();
    let plan = project.run(&json).exits(0).json();
    plan["apps"][0]["cost_per_hour"].clone()
}

#[test]
fn a_plan_shows_the_cost_before_and_after() {
    let project = project(PRICES, &json!({"min_concurrency": 1}));
    assert_prints(
        &project,
        &["plan"],
        "+ a  create
    machine_type     GPU-H100
    gpus             2
    min_concurrency  1
    kept runners     3.98/hour

file: 1 to create
kept runners: 0/hour -> 3.98/hour
",
    );
    let one_runner = json!({"least": 3.98, "most": 3.98});
    assert_eq!(
        cost(&project, &["plan"]),
        json!({"from": null, "to": one_runner})
    );
    project.run(&["deploy", "--yes"]).exits(0);

    assert_prints(
        &project,
        &["plan"],
        "file: 1 unchanged\nkept runners: 3.98/hour\n",
    );
    assert_eq!(
        cost(&project, &["plan"]),
        json!({"from": one_runner, "to": one_runner})
    );

    // Nothing but the number of runners changes.
    set_scaling(&project, &json!({"min_concurrency": 2}));
    assert_prints(
        &project,
        &["plan"],
        "~ a  update
    min_concurrency  1 -> 2
    kept runners     3.98/hour -> 7.96/hour

file: 1 to update
kept runners: 3.98/hour -> 7.96/hour
",
    );

    project.set_app(
        &json!({"machine_type": ["GPU-H200", "GPU-H100"], "gpus": 2}),
        &json!({"concurrency_buffer": 1}),
    );
    let plan = project.run(&["plan"]).exits(0).stdout;
    assert!(
        plan.contains("    kept runners        3.98/hour -> 3.98 to 5/hour\n"),
        "{plan}"
    );
    assert_eq!(
        cost(&project, &["plan"]),
        json!({"from": one_runner, "to": {"least": 3.98, "most": 5}})
    );

    // A machine type without a price.
    project.set_app(
        &json!({"machine_type": ["GPU-H100", "GPU-B200"], "gpus": 2}),
        &json!({"min_concurrency": 1}),
    );
    assert_prints(
        &project,
        &["plan"],
        "~ a  update
    machine_type  GPU-H100 -> GPU-H100, GPU-B200
    kept runners  3.98/hour -> not known

file: 1 to update
",
    );
    assert_eq!(
        cost(&project, &["plan"]),
        json!({"from": one_runner, "to": null})
    );
}

#[test]
fn scaling_and_a_rollback_show_it_too() {
    let project = project(PRICES, &json!({}));
    assert_eq!(cost(&project, &["plan"]), Value::Null);
    project.run(&["deploy", "--yes"]).exits(0);
    assert_prints(
        &project,
        &["scale", "a", "min_concurrency=1"],
        "~ a  update
    min_concurrency  not set -> 1  (tuned)
    kept runners     0/hour -> 3.98/hour

file: 1 to update
kept runners: 0/hour -> 3.98/hour
",
    );
    project.set_app(
        &json!({"machine_type": ["GPU-H100"], "gpus": 4}),
        &json!({"concurrency_buffer": 2}),
    );
    project.run(&["deploy", "--yes"]).exits(0);
    assert_prints(
        &project,
        &["rollback", "a", "--yes"],
        "~ a  update
    gpus             4 -> 2  (rolled back)
    min_concurrency  stays 1  (tuned; the code sets nothing)
    kept runners     15.92/hour -> 7.96/hour

file: 1 to update
kept runners: 15.92/hour -> 7.96/hour
",
    );
}

#[test]
fn a_cpu_type_needs_nothing_but_a_price() {
    let project = project(PRICES, &json!({}));
    project.set_app(
        &json!({"machine_type": ["XL"]}),
        &json!({"min_concurrency": 2}),
    );
    let one = json!({"least": 0.1, "most": 0.1});
    assert_eq!(cost(&project, &["plan"]), json!({"from": null, "to": one}));
}

#[test]
fn a_deleted_app_costs_nothing_any_more() {
    let project = project(PRICES, &json!({"min_concurrency": 1}));
    project.run(&["deploy", "--yes"]).exits(0);
    let code = json!({"machine_type": ["S"]});
    let other = record_of("b", "p", &code, &json!({"min_concurrency": 1}));
    project.write("src/main.rs", &(other + "fn main() {}\n"));
    assert_prints(
        &project,
        &["plan", "--prune"],
        "- a  delete
    kept runners  3.98/hour -> 0/hour
+ b  create
    machine_type     S
    min_concurrency  1

file: 1 to create, 1 to delete
kept runners: 3.98/hour -> 0/hour, without 1 app whose price is not known
",
    );
}

#[test]
fn another_price_is_shown_and_is_no_change() {
    let scaling = json!({"min_concurrency": 1});
    let project = project("", &scaling);
    let plan = project.run(&["deploy", "--yes"]).exits(0).stdout;
    assert!(!plan.contains("kept runners"), "{plan}");
    for (prices, line, total) in [
        (PRICES, "not known -> 3.98/hour", "3.98/hour"),
        (
            "[GPU-H100]\nprice_per_hour = 2\n",
            "3.98/hour -> 4/hour",
            "3.98/hour -> 4/hour",
        ),
    ] {
        project.write("machines.toml", prices);
        set_scaling(&project, &scaling);
        assert_prints(
            &project,
            &["plan", "--detailed-exitcode"],
            &format!(
                "  a  unchanged\n    kept runners  {line}\n\n\
                 file: 1 unchanged\nkept runners: {total}\n"
            ),
        );
        // From now on it is the price of what is deployed.
        project.run(&["deploy", "--yes"]).exits(0);
        let plan = project.run(&["plan"]).exits(0).stdout;
        assert!(plan.starts_with("file: 1 unchanged\n"), "{plan}");
    }
}
