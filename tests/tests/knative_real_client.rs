//! The target `knative` with the real `kubectl`, and a server that knows who owns which field.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use machinist_tests::{Python, Server, Workspace, machinist, read, sdk, stderr, stdout, write};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A cluster, and a package with one app that is deployed to it.
struct Cluster {
    _server: Server,
    folder: TempDir,
    project: Workspace,
    python: Python,
}

impl Cluster {
    /// `None` where `kubectl` cannot be had.
    fn start() -> Option<Self> {
        let python = Python::with("knative", Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        let folder = tempfile::tempdir().unwrap();
        let (server, _) = python.serve("knative/cluster.py", folder.path());
        let source = folder.path().join("package");
        fs::create_dir_all(source.join("src")).unwrap();
        let cargo = format!(
            "[package]\nname = \"llm\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
             [dependencies]\nmachinist.path = \"{}\"\n\
             [package.metadata.machinist]\ntarget = \"knative\"\nimage = \"ghcr.io/acme/llm:v1\"\n",
            sdk()
        );
        write(&source.join("Cargo.toml"), &cargo);
        write(&source.join("src/main.rs"), "");
        let project = Workspace::copy(&source, folder.path());
        Some(Self {
            _server: server,
            folder,
            project,
            python,
        })
    }

    /// Replaces the app.
    fn write(&self, arguments: &str) {
        let main = format!("#[machinist::app(name = \"llm\", {arguments})]\nfn main() {{}}\n");
        write(&self.project.root().join("src/main.rs"), &main);
    }

    fn run(&self, program: &Path, args: &[&str]) -> Output {
        let mut path = self.broken_tools().into_os_string();
        path.push(":");
        path.push(self.python.path());
        Command::new(program)
            .args(args)
            .current_dir(self.project.root())
            .env("PATH", path)
            .env("KUBECONFIG", self.folder.path().join("kubeconfig"))
            .env("CARGO_TARGET_DIR", self.project.target())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn machinist(&self, args: &[&str]) -> String {
        stdout(&self.run(machinist(), args))
    }

    fn kubectl(&self, args: &[&str]) -> String {
        stdout(&self.run(&self.python.programs().join("kubectl"), args))
    }

    fn service(&self) -> Value {
        let get = ["get", "ksvc", "llm", "-o", "json", "--show-managed-fields"];
        serde_json::from_str(&self.kubectl(&get)).unwrap()
    }

    /// What the command says on stderr when it refuses.
    fn refusal(&self, args: &[&str]) -> String {
        let output = self.run(machinist(), args);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        stderr(&output)
    }

    /// A file that a deploy applied last.
    fn applied(&self, file: &str) -> Value {
        let folders = fs::read_dir(self.project.target().join("machinist")).unwrap();
        let mut files = folders.map(|folder| folder.unwrap().path().join("llm").join(file));
        let file = files.find(|file| file.exists()).unwrap();
        serde_json::from_str(&read(&file)).unwrap()
    }

    /// Somebody applies a service.
    fn apply(&self, manager: &str, service: &Value) {
        let file = self.folder.path().join("applied.json");
        write(&file, &service.to_string());
        self.kubectl(&[
            "apply",
            "--server-side",
            "--force-conflicts",
            &format!("--field-manager={manager}"),
            "-f",
            file.to_str().unwrap(),
        ]);
    }

    /// Puts a `kubectl` before the real one that does this instead of the apply of this number.
    fn break_apply(&self, nth: u32, instead: &str) {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *apply*)\n  echo >> '{count}'\n  \
             [ $(wc -l < '{count}') != {nth} ] || {{ {instead}; exit 1; }} ;;\nesac\n\
             exec '{kubectl}' \"$@\"\n",
            count = self.folder.path().join("count").display(),
            kubectl = self.python.programs().join("kubectl").display(),
        );
        let file = self.broken_tools().join("kubectl");
        fs::create_dir_all(self.broken_tools()).unwrap();
        write(&file, &script);
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn mend_apply(&self) {
        fs::remove_dir_all(self.broken_tools()).unwrap();
        fs::remove_file(self.folder.path().join("count")).unwrap();
    }

    fn broken_tools(&self) -> PathBuf {
        self.folder.path().join("broken")
    }

    /// Somebody changes the service by hand.
    fn change(&self, template: &Value) {
        let patch = json!({"spec": {"template": template}}).to_string();
        self.kubectl(&["patch", "ksvc", "llm", "--type=merge", "--patch", &patch]);
    }
}

fn annotation(service: &Value, name: &str) -> Value {
    let annotations = &service["spec"]["template"]["metadata"]["annotations"];
    annotations[format!("autoscaling.knative.dev/{name}")].clone()
}

const UNCHANGED: &str =
    "knative, context test, namespace apps: 1 unchanged, from a release build\n";

const ON_GPUS: &str = r#"machine_type = ["GPU-H100"], gpus = 2, startup_timeout = "15m",
    scaling(keep_alive = "5m", min_concurrency = 1, max_concurrency = 10)"#;

#[test]
fn the_cluster_gives_the_machine_back_to_the_code_and_keeps_what_was_tuned() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);

    cluster.change(&json!({
        "metadata": {"annotations": {"autoscaling.knative.dev/min-scale": "5"}},
        "spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{
                "key": "nvidia.com/gpu.product", "operator": "In",
                "values": ["NVIDIA-A100-SXM4-40GB"],
            }]}],
        }}}},
    }));
    let expected = "\
~ llm  update
    machine_type     GPU-A100 -> GPU-H100  (drift: changed outside the code)
    min_concurrency  stays 5  (tuned; the code says 1)

knative, context test, namespace apps: 1 to update, from a release build
";
    assert_eq!(cluster.machinist(&["plan"]), expected);
    // As its tool says it, saved into a file.
    let saved = cluster.folder.path().join("live.json");
    write(&saved, &cluster.kubectl(&["get", "ksvc", "-o", "json"]));
    assert_eq!(
        cluster.machinist(&["plan", "--live", saved.to_str().unwrap()]),
        expected
    );

    cluster.machinist(&["deploy", "--yes"]);
    let service = cluster.service();
    assert!(
        service.to_string().contains("NVIDIA-H100-80GB-HBM3"),
        "{service}"
    );
    assert!(!service.to_string().contains("A100"), "{service}");
    assert_eq!(annotation(&service, "min-scale"), "5");

    cluster.machinist(&["scale", "llm", "keep_alive=10m", "request_timeout=2m"]);
    assert_eq!(annotation(&cluster.service(), "scale-down-delay"), "600s");
    cluster.machinist(&["deploy", "--yes", "--reset-scaling"]);
    let service = cluster.service();
    assert_eq!(annotation(&service, "min-scale"), "1");
    assert_eq!(annotation(&service, "scale-down-delay"), "300s");
    assert_eq!(
        service["spec"]["template"]["spec"].get("timeoutSeconds"),
        None
    );
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
}

#[test]
fn what_the_code_takes_away_is_gone_and_what_it_changes_arrives() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    cluster.write(r#"machine_type = "S", scaling(max_concurrency = 4)"#);
    let plan = cluster.machinist(&["deploy", "--yes"]);
    assert!(plan.contains("min_concurrency  1 -> not set"), "{plan}");
    let service = cluster.service();
    let spec = &service["spec"]["template"]["spec"];
    assert_eq!(
        (
            spec.get("affinity"),
            spec["containers"][0]["resources"].get("limits")
        ),
        (None, None)
    );
    assert_eq!(service["metadata"].get("annotations"), None);
    assert_eq!(annotation(&service, "min-scale"), Value::Null);
    assert_eq!(annotation(&service, "max-scale"), "4");
    // A CPU type has no label of its own, so the plan has nothing to compare it with.
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
}

#[test]
fn a_rollback_and_a_deletion() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    cluster.write(&ON_GPUS.replace("gpus = 2", "gpus = 4").replace("5m", "1m"));
    cluster.machinist(&["deploy", "--yes"]);
    cluster.machinist(&["rollback", "llm", "--yes", "--with-scaling"]);
    let service = cluster.service();
    let limits = &service["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"];
    assert_eq!(limits["nvidia.com/gpu"], "2");
    assert_eq!(annotation(&service, "scale-down-delay"), "300s");
    cluster.write(&ON_GPUS.replace("machine_type", "crate = machinist, machine_type"));
    let main = cluster.project.root().join("src/main.rs");
    let text = machinist_tests::read(&main).replace("\"llm\"", "\"other\"");
    write(&main, &text);
    cluster.machinist(&["deploy", "--yes", "--prune"]);
    assert_eq!(
        cluster.kubectl(&["get", "ksvc", "-o", "name"]),
        "service.serving.knative.dev/other\n"
    );
}

/// The managers of a service.
fn managers(service: &Value) -> Vec<&str> {
    let entries = service["metadata"]["managedFields"].as_array().unwrap();
    entries
        .iter()
        .filter(|entry| entry.get("subresource").is_none())
        .map(|entry| entry["manager"].as_str().unwrap())
        .collect()
}

fn deadline(metadata: &Value) -> &Value {
    &metadata["annotations"]["serving.knative.dev/progress-deadline"]
}

#[test]
fn the_startup_timeout_is_where_knative_reads_it() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    let service = cluster.service();
    assert_eq!(deadline(&service["spec"]["template"]["metadata"]), "900s");
    assert_eq!(deadline(&service["metadata"]), &Value::Null);

    // As earlier versions applied it: Knative ignores it there.
    let mut code = cluster.applied("code.yaml");
    code["metadata"]["annotations"] = code["spec"]["template"]["metadata"]["annotations"].take();
    code["spec"]["template"]
        .as_object_mut()
        .unwrap()
        .remove("metadata");
    cluster.apply("machinist", &code);
    let plan = cluster.machinist(&["plan"]);
    assert!(
        plan.contains("startup_timeout  not set -> 15m  (drift: changed outside the code)"),
        "{plan}"
    );
    cluster.machinist(&["deploy", "--yes"]);
    let service = cluster.service();
    assert_eq!(deadline(&service["spec"]["template"]["metadata"]), "900s");
    assert_eq!(deadline(&service["metadata"]), &Value::Null);
    // Somebody else's there is no drift.
    let patch =
        r#"{"metadata": {"annotations": {"serving.knative.dev/progress-deadline": "60s"}}}"#;
    cluster.kubectl(&["patch", "ksvc", "llm", "--type=merge", "--patch", patch]);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
}

#[test]
fn what_somebody_put_into_the_container_is_shown_before_a_deploy_removes_it() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    let mut container = cluster.service()["spec"]["template"]["spec"]["containers"][0].take();
    container["name"] = "user-container".into();
    container["image"] = "ghcr.io/acme/llm:hotfix".into();
    container["env"] = json!([{"name": "HF_TOKEN", "value": "hf_secret"}, {"name": "RUST_LOG"}]);
    container["envFrom"] = json!([{"secretRef": {"name": "keys"}}]);
    container["volumeMounts"] = json!([{"name": "models", "mountPath": "/models"}]);
    container["livenessProbe"] = json!({"httpGet": {"path": "/live"}});
    container["securityContext"] = json!({"runAsNonRoot": true});
    cluster.change(&json!({"spec": {
        "containers": [container, {"name": "proxy", "image": "envoy"}],
        "volumes": [{"name": "models", "emptyDir": {}}],
    }}));
    let plan = cluster.machinist(&["plan"]);
    let expected = "\
~ llm  update
    image   ghcr.io/acme/llm:hotfix -> ghcr.io/acme/llm:v1  (drift: changed outside the code)
    env     HF_TOKEN, RUST_LOG, * of secret keys is removed  (drift: changed outside the code)
    mounts  models at /models is removed  (drift: changed outside the code)
    fields  livenessProbe, container proxy is removed  (drift: changed outside the code)

knative, context test, namespace apps: 1 to update, from a release build
";
    assert_eq!(plan, expected);
    let json = cluster.machinist(&["plan", "--format", "json"]);
    assert!(
        json.contains("HF_TOKEN") && !json.contains("hf_secret"),
        "{json}"
    );
    cluster.machinist(&["deploy", "--yes"]);
    let pod = &cluster.service()["spec"]["template"]["spec"];
    assert_eq!(pod["containers"].as_array().unwrap().len(), 1);
    assert_eq!(pod["containers"][0].get("env"), None);
    // A volume is no part of the list that is applied.
    assert_eq!(pod["volumes"][0]["name"], "models");
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
}

#[test]
fn what_somebody_adds_to_a_field_that_is_sent_is_shown_before_a_deploy_removes_it() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(&format!("port = 8080, {ON_GPUS}"));
    cluster.machinist(&["deploy", "--yes"]);
    let container = cluster.service()["spec"]["template"]["spec"]["containers"][0].take();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut container = container.clone();
        change(&mut container);
        cluster.change(&json!({"spec": {"containers": [container]}}));
    };
    // What a cluster fills in is no change.
    changed(&|container| {
        container["name"] = "user-container".into();
        container["ports"][0]["protocol"] = "TCP".into();
        container["readinessProbe"] = json!({"successThreshold": 1, "tcpSocket": {"port": 0}});
    });
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);

    changed(&|container| {
        container["ports"][0]["name"] = "h2c".into();
        let second = json!({"containerPort": 9090});
        container["ports"].as_array_mut().unwrap().push(second);
        container["resources"]["limits"]["cpu"] = "64".into();
        container["startupProbe"] = json!({"httpGet": {"path": "/started"}});
        container["readinessProbe"] = json!({"tcpSocket": {"port": 8080}});
    });
    let plan = cluster.machinist(&["plan"]);
    let expected = "\
~ llm  update
    fields  ports[0].name, ports[1], readinessProbe.tcpSocket.port, resources.limits.cpu, \
                    startupProbe.httpGet.path is removed  (drift: changed outside the code)

knative, context test, namespace apps: 1 to update, from a release build
";
    assert_eq!(plan, expected);
    cluster.machinist(&["deploy", "--yes"]);
    let applied = cluster.service()["spec"]["template"]["spec"]["containers"][0].take();
    assert_eq!(applied, container);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);

    // The code's own probe is gone.
    cluster.write(&format!("port = 8080, health_check = \"/h\", {ON_GPUS}"));
    cluster.machinist(&["deploy", "--yes"]);
    changed(&|_| {});
    let plan = cluster.machinist(&["plan"]);
    assert!(
        plan.contains("health_check  not set -> /h  (drift: changed outside the code)"),
        "{plan}"
    );
}

#[test]
fn a_label_of_nodes_that_the_settings_change_is_a_change_of_ours() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    let cargo = read(&cluster.project.root().join("Cargo.toml"));
    let set = |settings: &str| {
        let text = format!("{cargo}[package.metadata.machinist.knative]\n{settings}\n");
        write(&cluster.project.root().join("Cargo.toml"), &text);
    };
    let update = |changes: &str| {
        format!(
            "~ llm  update\n{changes}\n\
             knative, context test, namespace apps: 1 to update, from a release build\n"
        )
    };
    for (settings, changes) in [
        (
            "gpu_label = \"acme.com/gpu\"",
            "    gpu_label  not set -> acme.com/gpu\n",
        ),
        (
            "gpu_label = \"acme.com/gpu\"\nnode_labels = { GPU-H100 = [\"h100\"], GPU-A100 = [\"a\"] }",
            "    node_labels  not set -> GPU-H100 as h100\n",
        ),
        (
            "node_labels = { GPU-H100 = [\"h100\", \"H100\"] }",
            "    gpu_label    acme.com/gpu -> not set\n    \
             node_labels  GPU-H100 as h100 -> GPU-H100 as h100 or H100\n",
        ),
    ] {
        set(settings);
        assert_eq!(cluster.machinist(&["plan"]), update(changes));
        cluster.machinist(&["deploy", "--yes"]);
        assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
    }
    // What others change is still seen.
    cluster.change(&json!({"spec": {"affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [
                {"key": "nvidia.com/gpu.product", "operator": "In", "values": ["other"]},
                {"key": "acme.com/zone", "operator": "In", "values": ["a"]},
            ]}],
        },
    }}}}));
    let changes = "    machine_type  other -> GPU-H100  (drift: changed outside the code)\n    \
                   fields        node label acme.com/zone is removed  (drift: changed outside the code)\n";
    assert_eq!(cluster.machinist(&["plan"]), update(changes));
}

#[test]
fn a_rollback_and_a_tuning_undo_nothing_unsaid() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    cluster.write(&ON_GPUS.replace("gpus = 2", "gpus = 4"));
    cluster.machinist(&["deploy", "--yes"]);
    let mut container = cluster.service()["spec"]["template"]["spec"]["containers"][0].take();
    container["name"] = "user-container".into();
    container["image"] = "acme/llm:hotfix".into();
    container["env"] = json!([{"name": "HF_TOKEN", "value": "hf_secret"}]);
    cluster.change(&json!({"spec": {"containers": [container]}}));
    let refusal = cluster.refusal(&["scale", "llm", "regions=us-west"]);
    for said in [
        "undoes what was changed outside the code",
        "image acme/llm:hotfix",
        "HF_TOKEN",
    ] {
        assert!(refusal.contains(said), "{refusal}");
    }
    // This sends nothing but the value.
    cluster.machinist(&["scale", "llm", "min_concurrency=3"]);
    assert!(cluster.service().to_string().contains("acme/llm:hotfix"));
    let back = cluster.machinist(&["rollback", "llm", "--yes"]);
    for line in [
        "gpus             4 -> 2  (rolled back)\n",
        "image            acme/llm:hotfix -> ghcr.io/acme/llm:v1  (drift: changed outside the code)\n",
        "HF_TOKEN",
    ] {
        assert!(back.contains(line), "{back}");
    }
    assert!(!cluster.service().to_string().contains("hotfix"));
    assert_eq!(annotation(&cluster.service(), "min-scale"), "3");
}

#[test]
fn a_service_of_somebody_else_is_taken_over_only_on_demand() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    let theirs = json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "llm", "namespace": "apps"},
        "spec": {"template": {
            "metadata": {"annotations": {"autoscaling.knative.dev/min-scale": "7"}},
            "spec": {"containers": [{"image": "other/llm:v9"}]},
        }},
    });
    cluster.apply("argocd", &theirs);
    let said = "error: `llm` runs on knative already, and was never deployed from this state\n\
                help: to take it over, add `--adopt llm`; else give the app another name\n\
                note: it is `argocd`'s\n";
    for command in [&["plan"][..], &["deploy", "--yes"]] {
        let refusal = cluster.refusal(command);
        assert!(refusal.contains(said), "{refusal}");
    }
    assert_eq!(managers(&cluster.service()), ["argocd"]);
    let plan = cluster.machinist(&["plan", "--adopt", "llm"]);
    for line in [
        "machine_type     not set -> GPU-H100\n",
        "image            other/llm:v9 -> ghcr.io/acme/llm:v1\n",
        "min_concurrency  stays 7  (tuned; the code says 1)\n",
    ] {
        assert!(plan.contains(line), "{plan}");
    }
    assert!(!plan.contains("drift"), "{plan}");
    cluster.machinist(&["deploy", "--yes", "--adopt", "llm"]);
    let service = cluster.service();
    assert!(service.to_string().contains("acme/llm:v1"), "{service}");
    assert_eq!(annotation(&service, "min-scale"), "7");
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);

    // Somebody deletes it and makes another one of this name: the state has it, and it is theirs.
    cluster.kubectl(&["delete", "ksvc", "llm"]);
    cluster.apply("argocd", &theirs);
    let refusal = cluster.refusal(&["deploy", "--yes"]);
    assert!(refusal.contains(said), "{refusal}");
    assert_eq!(managers(&cluster.service()), ["argocd"]);
}

#[test]
fn a_first_deploy_that_broke_off_is_repeated() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    for (nth, instead) in [
        (2, "true"),
        (3, "true"),
        (2, "kill -9 $PPID"),
        (3, "kill -9 $PPID"),
    ] {
        cluster.write(ON_GPUS);
        cluster.break_apply(nth, instead);
        let broken = cluster.run(machinist(), &["deploy", "--yes"]);
        assert!(!broken.status.success(), "{nth} {instead}");
        cluster.mend_apply();
        let service = cluster.service();
        let containers = |entry: &&Value| {
            let fields = &entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"];
            entry["manager"] == "machinist-scaling" && !fields.is_null()
        };
        let entries = service["metadata"]["managedFields"].as_array().unwrap();
        assert!(
            entries.iter().any(|entry| containers(&entry)),
            "{nth} {instead}"
        );
        // Somebody looks at what is there, and changes it.
        cluster.change(&json!({
            "metadata": {"annotations": {"autoscaling.knative.dev/max-scale": "9"}},
        }));

        // The code goes on: other scaling, and keys that are gone.
        cluster.write(r#"machine_type = "S", scaling(max_concurrency = 4)"#);
        let plan = cluster.machinist(&["plan"]);
        assert!(
            plan.starts_with("+ llm  create\n"),
            "{nth} {instead}: {plan}"
        );
        assert!(!plan.contains("tuned"), "{nth} {instead}: {plan}");
        cluster.machinist(&["deploy", "--yes"]);
        let service = cluster.service();
        let pod = &service["spec"]["template"]["spec"];
        assert_eq!(pod.get("affinity"), None, "{nth} {instead}");
        assert_eq!(annotation(&service, "min-scale"), Value::Null);
        assert_eq!(annotation(&service, "max-scale"), "4");
        assert_eq!(annotation(&service, "scale-down-delay"), Value::Null);
        assert_eq!(
            deadline(&service["spec"]["template"]["metadata"]),
            &Value::Null
        );
        let entries = service["metadata"]["managedFields"].as_array().unwrap();
        assert!(
            !entries.iter().any(|entry| containers(&entry)),
            "{nth} {instead}"
        );
        assert_eq!(cluster.machinist(&["plan"]), UNCHANGED, "{nth} {instead}");

        cluster.machinist(&["destroy", "llm", "--yes"]);
        fs::remove_file(cluster.project.root().join("machinist-state.json")).unwrap();
    }
}

#[test]
fn a_forced_deploy_of_an_unchanged_app_makes_a_new_revision() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let revision = || cluster.service()["status"]["latestCreatedRevisionName"].take();
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    let first = revision();
    cluster.machinist(&["deploy", "--yes"]);
    assert_eq!(revision(), first);
    let plan = cluster.machinist(&["deploy", "--yes", "--force"]);
    assert!(plan.contains("deployment  again  (forced)"), "{plan}");
    let second = revision();
    assert_ne!(second, first);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
    cluster.write(&ON_GPUS.replace("gpus = 2", "gpus = 4"));
    cluster.machinist(&["deploy", "--yes"]);
    assert_ne!(revision(), second);
    let service = cluster.service();
    assert!(!service.to_string().contains("deployed-at"), "{service}");
}

#[test]
fn after_tuning_the_next_deploy_of_the_unchanged_app_runs_nothing() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    cluster.machinist(&["scale", "llm", "min_concurrency=3"]);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
    cluster.change(&json!({
        "metadata": {"annotations": {"autoscaling.knative.dev/min-scale": "4"}},
    }));
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
    let output = cluster.run(machinist(), &["deploy", "--yes"]);
    assert!(!stderr(&output).contains("Running"), "{}", stderr(&output));
    assert_eq!(annotation(&cluster.service(), "min-scale"), "4");
    // A tuning's revision is no deploy, which a rollback would go back to.
    cluster.write(&ON_GPUS.replace("gpus = 2", "gpus = 4"));
    cluster.machinist(&["deploy", "--yes"]);
    let plan = cluster.machinist(&["rollback", "llm", "--yes"]);
    assert!(plan.contains("4 -> 2"), "{plan}");
}

#[test]
fn a_cluster_has_no_limit_of_runners_that_the_code_does_not_name() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    for no_limit in [json!("0"), Value::Null] {
        cluster.change(&json!({
            "metadata": {"annotations": {"autoscaling.knative.dev/max-scale": no_limit}},
        }));
        let plan = cluster.machinist(&["deploy", "--yes"]);
        assert!(
            plan.contains("max_concurrency  0 -> 10  (drift: changed outside the code)"),
            "{plan}"
        );
        assert_eq!(annotation(&cluster.service(), "max-scale"), "10");
        assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
    }
    // Without a limit of its own the code's app has the default.
    cluster.write(&ON_GPUS.replace(", max_concurrency = 10", ""));
    cluster.machinist(&["deploy", "--yes"]);
    assert_eq!(annotation(&cluster.service(), "max-scale"), "2");
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
}

#[test]
fn another_context_than_the_states_is_refused() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    cluster.machinist(&["scale", "llm", "min_concurrency=3"]);
    let state = cluster.project.root().join("machinist-state.json");
    let before = read(&state);
    assert!(
        before.contains(r#""place": "context test, namespace apps""#),
        "{before}"
    );
    cluster.kubectl(&["config", "use-context", "other"]);
    for command in [
        &["plan"][..],
        &["deploy", "--yes"],
        &["deploy", "--yes", "--no-refresh", "--force"],
        &["scale", "llm", "min_concurrency=4"],
        &["destroy", "llm", "--yes"],
    ] {
        let refusal = cluster.refusal(command);
        let said = "error: the state describes knative at `context test, namespace apps`, and this \
                    is `context other, namespace default`\n";
        assert!(refusal.contains(said), "{command:?}: {refusal}");
    }
    assert_eq!(read(&state), before);
    // It may have a state of its own.
    cluster.machinist(&["deploy", "--yes", "--state", "other.json"]);
    cluster.kubectl(&["config", "use-context", "test"]);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
}

#[test]
fn variables_and_volumes_arrive_and_what_somebody_changes_of_them_is_shown() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(&format!(
        "{ON_GPUS}, requires(env = [\"HF_TOKEN\", \"MODE\"])"
    ));
    let cargo = read(&cluster.project.root().join("Cargo.toml"));
    let set = |settings: &str| {
        let text = format!(
            "{cargo}[package.metadata.machinist.knative]\nsecrets = {{ KEY = \"keys/main\" }}\n\
             [package.metadata.machinist.apps.llm]\n{settings}\n"
        );
        write(&cluster.project.root().join("Cargo.toml"), &text);
    };
    assert!(cluster.refusal(&["plan"]).contains("`HF_TOKEN` and `MODE`"));
    set(
        "env = { MODE = \"$(X)\", EMPTY = \"\" }\nsecrets = [\"HF_TOKEN\", \"KEY\"]\n\
         volumes = { \"/models\" = \"models\" }\nregistry_credentials = \"ghcr\"",
    );
    cluster.machinist(&["deploy", "--yes"]);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
    let pod = cluster.service()["spec"]["template"]["spec"].take();
    let secret = |variable: &str, name: &str, key: &str| {
        let source = json!({"secretKeyRef": {"name": name, "key": key}});
        json!({"name": variable, "valueFrom": source})
    };
    let env = json!([
        {"name": "EMPTY", "value": ""},
        secret("HF_TOKEN", "llm", "HF_TOKEN"),
        secret("KEY", "keys", "main"),
        {"name": "MODE", "value": "$$(X)"},
    ]);
    let mut container = pod["containers"][0].clone();
    assert_eq!(container["env"], env);
    let mounts = json!([{"name": "volume-0", "mountPath": "/models"}]);
    assert_eq!(container["volumeMounts"], mounts);
    let claim = json!({"claimName": "models"});
    let volumes = json!([{"name": "volume-0", "persistentVolumeClaim": claim}]);
    assert_eq!(pod["volumes"], volumes);
    assert_eq!(pod["imagePullSecrets"], json!([{"name": "ghcr"}]));

    // One variable has another value, one is gone, one is new, and so is the mount's volume.
    container["env"] = json!([
        env[0], env[1], {"name": "MODE", "value": "fast"}, {"name": "OTHER", "value": "secret"},
    ]);
    cluster.change(&json!({"spec": {
        "containers": [container],
        "volumes": [{"name": "volume-0", "emptyDir": {}}],
    }}));
    let update = |changes: &str| {
        format!(
            "~ llm  update\n{changes}\n\
             knative, context test, namespace apps: 1 to update, from a release build\n"
        )
    };
    assert_eq!(
        cluster.machinist(&["plan"]),
        update(
            "    env     MODE with another value, OTHER -> KEY, MODE  (drift: changed outside the code)\n    \
             mounts  volume-0 at /models -> models at /models  (drift: changed outside the code)\n"
        )
    );
    cluster.machinist(&["deploy", "--yes"]);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
    assert_eq!(
        cluster.service()["spec"]["template"]["spec"]["containers"][0]["env"],
        env
    );

    // Code and settings change at once; what goes is gone from the service.
    set("env = { MODE = \"b\" }\nsecrets = [\"HF_TOKEN\"]");
    assert_eq!(
        cluster.machinist(&["plan"]),
        update(
            "    env                   EMPTY=, MODE=$(X) -> MODE=b\n    \
             secrets               KEY is removed\n    \
             mounts                models at /models is removed\n    \
             registry_credentials  ghcr -> not set\n    \
             settings              changed\n"
        )
    );
    cluster.machinist(&["deploy", "--yes"]);
    assert_eq!(cluster.machinist(&["plan"]), UNCHANGED);
    let pod = cluster.service()["spec"]["template"]["spec"].take();
    for gone in ["volumes", "imagePullSecrets"] {
        assert_eq!(pod.get(gone), None, "{gone}");
    }
    cluster.machinist(&["rollback", "llm", "--yes"]);
    let pod = cluster.service()["spec"]["template"]["spec"].take();
    assert_eq!(pod["containers"][0]["env"], env);
    assert_eq!(pod["volumes"], volumes);
}
