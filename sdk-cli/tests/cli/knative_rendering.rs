//! Services that the target `knative` renders with a cluster's own names. The tests of the
//! workspace use the real `kubectl`.

use serde_json::{Value, json};

use crate::support::{Project, package};

const RENDER: [&str; 6] = [
    "render",
    "-q",
    "--no-refresh",
    "--out",
    "out",
    "--target=knative",
];

fn project(settings: &str) -> Project {
    let project = Project::with_one_app();
    let settings = format!("[package.metadata.machinist]\nimage = \"acme/a:v1\"\n{settings}");
    project.write("Cargo.toml", &package("p", &settings));
    project.set_app(
        &json!({"machine_type": ["GPU-H100", "GPU-L40"], "gpus": 2, "port": 80, "startup_timeout": 25,
                "max_multiplexing": 5000,
                "health_check": {"path": "/h"}}),
        &json!({"regions": ["us-west", "eu-north"], "request_timeout": 900}),
    );
    project
}

#[test]
fn names_of_the_cluster_come_from_the_settings() {
    let project = project(
        "[package.metadata.machinist.knative]\n\
         context = \"prod\"\nnamespace = \"models\"\nservice_account = \"runner\"\n\
         gpu_label = \"example.com/gpu\"\nnode_labels = { GPU-H100 = [\"h100\"] }\n\
         regions = { us-west = \"usw2\" }\n\
         tolerations = [{ key = \"gpu\", operator = \"Exists\" }]\n",
    );
    let answer = project.run(&["render", "--no-refresh", "--out", "out", "--target=knative"]);
    for said in [
        "`regions` of `a`: `eu-north` is left out, because the cluster's name of it is not known",
        "Needs `kubernetes.podspec-affinity: enabled` in Knative's config-features",
        "Needs `kubernetes.podspec-tolerations: enabled` in Knative's config-features",
        "Needs `container-concurrency-max-limit: \"5000\"` or more in Knative's config-defaults",
        "Needs `max-revision-timeout-seconds: \"900\"` or more in Knative's config-defaults",
        "kubectl --context=prod --namespace=models apply --server-side",
    ] {
        assert!(answer.stderr.contains(said), "{answer:?}");
    }
    answer.exits(0);
    // JSON is valid YAML.
    let service: Value = serde_json::from_str(&project.read("out/a/code.yaml")).unwrap();
    let gpus =
        |values: Value| json!({"key": "example.com/gpu", "operator": "In", "values": values});
    let region = json!({
        "key": "topology.kubernetes.io/region", "operator": "In", "values": ["usw2"],
    });
    let probe = json!({"path": "/h", "port": 80});
    let expected = json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "a", "namespace": "models"},
        "spec": {"template": {
            "metadata": {"annotations": {"serving.knative.dev/progress-deadline": "25s"}},
            "spec": {
            "containerConcurrency": 5000,
            "serviceAccountName": "runner",
            "affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                    {"matchExpressions": [gpus(json!(["h100", "NVIDIA-L40"])), region]},
                ]},
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 100, "preference": {"matchExpressions": [gpus(json!(["h100"]))]}},
                ],
            }},
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "containers": [{
                "image": "acme/a:v1",
                "ports": [{"containerPort": 80}],
                "resources": {
                    "requests": {"cpu": "12000m", "memory": "200000M"},
                    "limits": {"nvidia.com/gpu": "2"},
                },
                "readinessProbe": {"httpGet": probe},
                "startupProbe": {"httpGet": probe, "periodSeconds": 10, "failureThreshold": 3},
            }],
        }}},
    });
    assert_eq!(service, expected);
}

/// A `kubectl` whose cluster cannot be reached: it tries five times.
const UNREACHABLE: &str = r#"#!/bin/sh
for second in 1 2 3 4 5; do
    printf 'E1125 03:14:%02d.123456    4242 memcache.go:265] "Unhandled Error" err="' $second >&2
    printf 'couldn'\''t get current server API group list: Get \"https://10.0.0.1:6443/api?timeout=32s\": ' >&2
    for reason in 1 2 3; do
        printf 'dial tcp 10.0.0.1:6443: connect: connection refused (is the cluster there?); ' >&2
    done
    echo '"' >&2
done
echo 'The connection to the server 10.0.0.1:6443 was refused' >&2
exit 1
"#;

#[test]
#[cfg(unix)]
fn an_error_of_kubectl_is_quoted_whole_and_once() {
    let project = project("");
    project.with_tool("kubectl", UNREACHABLE);
    let answer = project.run(&["plan", "-q", "--target=knative"]).exits(1);
    let (_, quoted) = answer.stderr.split_once("note: its output: ").unwrap();
    assert!(
        quoted.starts_with("E1125 03:14:05.123456    4242 memcache.go:265]"),
        "{quoted}"
    );
    assert_eq!(quoted.matches("memcache.go").count(), 1, "{quoted}");
    assert_eq!(quoted.matches("connection refused").count(), 3, "{quoted}");
    assert!(
        quoted.contains("The connection to the server 10.0.0.1:6443 was refused"),
        "{quoted}"
    );
}

#[test]
fn unsupported_parameters_are_warnings_and_with_strict_an_error() {
    let project = project("auth = \"private\"\n");
    project.set_app(
        &json!({"machine_type": ["S"], "termination_grace_period": 9}),
        &json!({"keep_alive": 7200, "concurrency_buffer": 1, "scaling_delay": 0}),
    );
    let warnings = "\
warning: `termination_grace_period` of `a` is not supported by Knative and is left out
note: Knative sets it
warning: `keep_alive` of `a` exceeds Knative's limit, and is shortened to 1h
warning: `concurrency_buffer` of `a` is not supported by Knative and is left out
warning: `auth` of `a` is not supported by Knative and is left out";
    project.run(&RENDER).exits(0).says(warnings);
    let strict = [&RENDER[..], &["--strict"]].concat();
    let expected = format!(
        "{warnings}\nerror: with `--strict`, what the platform does not support is an error\n"
    );
    let answer = project.run(&strict).exits(1);
    assert!(answer.stderr.starts_with(&expected), "{answer:?}");
}
