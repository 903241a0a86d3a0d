//! The target `knative` with the real `kubectl`, and a server that knows who owns which field.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use machinist_tests::{Python, Server, Workspace, machinist, sdk, stdout, write};
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
        Command::new(program)
            .args(args)
            .current_dir(self.project.root())
            .env("PATH", self.python.path())
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
        serde_json::from_str(&self.kubectl(&["get", "ksvc", "llm", "-o", "json"])).unwrap()
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

const ON_GPUS: &str = r#"machine_type = ["GPU-H100"], gpus = 2, startup_timeout = "15m",
    scaling(keep_alive = "5m", min_concurrency = 1, max_concurrency = 10)"#;

#[test]
fn the_cluster_gives_the_machine_back_to_the_code_and_keeps_what_was_tuned() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.write(ON_GPUS);
    cluster.machinist(&["deploy", "--yes"]);
    assert_eq!(
        cluster.machinist(&["plan"]),
        "  llm  unchanged\n\nknative: 1 unchanged\n"
    );

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

knative: 1 to update
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
    assert_eq!(
        cluster.machinist(&["plan"]),
        "  llm  unchanged\n\nknative: 1 unchanged\n"
    );
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
    assert_eq!(
        cluster.machinist(&["plan"]),
        "  llm  unchanged\n\nknative: 1 unchanged\n"
    );
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
    cluster.machinist(&["rollback", "llm", "--yes"]);
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
