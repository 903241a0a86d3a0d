//! What targets make of any app, read by the platforms' own tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use machinist_core::built_in;
use machinist_core::parameter::{Key, Kind, PARAMETERS};
use machinist_core::platform::DSTACK_NAMES;
use machinist_core::setting::Setting;
use machinist_deploy::{App, Carries, CustomMachine, JsonValue, Manifest, Project, target};
use machinist_tests::{Python, apps, machinist, repository, stdout};
use serde_json::{Value, json};

/// How many apps each target is tried with.
const APPS: usize = 150;

/// What a platform's tool understood of each app.
fn understood(target: &str, file: &str, all: &[App]) -> Option<Vec<Value>> {
    let python = Python::with(target, Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let folder = tempfile::tempdir().unwrap();
    let rendered: Vec<PathBuf> = apps::render(target, all, folder.path());
    let output = python
        .command("python")
        .arg(repository().join("tests").join(target).join("check.py"))
        .args(rendered.iter().map(|folder| folder.join(file)))
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let answers = stdout(&output);
    let answers = answers.lines().filter(|line| line.starts_with('{'));
    let answers: Vec<Value> = answers
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), all.len());
    Some(answers)
}

/// The examples, and apps over the whole space of parameters.
fn all() -> Vec<App> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let examples = ["quickstart", "llm-server", "media-studio"].map(|package| {
        let output = Command::new(machinist())
            .args(["manifest", "-p", package])
            .current_dir(repository())
            .env("CARGO_TARGET_DIR", target)
            .output();
        Manifest::parse(&stdout(&output.unwrap())).unwrap().apps
    });
    let mut all: Vec<App> = examples.into_iter().flatten().collect();
    for app in &mut all {
        // The name under which the checks know what runs.
        app.binaries = vec!["p".into()];
    }
    all.extend(apps::apps(APPS));
    all
}

fn value(app: &App, key: Key) -> Option<Value> {
    let setting = app.code.get(key).or_else(|| app.scaling.get(key));
    setting.map(Setting::to_json)
}

fn number(app: &App, key: Key) -> Option<u64> {
    value(app, key)?.as_u64()
}

/// What is required of a machine: in MB, and in thousandths of a core.
fn required(app: &App, key: &str) -> Option<u32> {
    let (_, amount) = app.requires.iter().find(|(what, _)| what.key == key)?;
    Some(amount)
}

/// The figure of a machine type without GPUs that all of a list have.
fn smallest(app: &App, figure: impl Fn(&str) -> u32) -> u32 {
    machine_types(app).into_iter().map(figure).min().unwrap()
}

fn ram_mb(machine_type: &str) -> u32 {
    built_in::find(machine_type).unwrap().figures.ram_mb
}

fn millicores(machine_type: &str) -> u32 {
    built_in::find(machine_type).unwrap().figures.millicores
}

/// An amount in thousandths as the text of a number.
fn thousandths(amount: u32) -> String {
    (f64::from(amount) / 1_000.0).to_string()
}

fn regions(app: &App) -> Vec<String> {
    let regions = app.scaling.get(Key::Regions).map_or(&[][..], Setting::list);
    regions.iter().map(|region| format!("{region}-1")).collect()
}

fn machine_types(app: &App) -> Vec<&str> {
    app.code
        .machine_types()
        .iter()
        .map(|name| &**name)
        .collect()
}

/// What a machine type is called without its kind: `H100`.
fn gpu(machine_type: &str) -> Option<&str> {
    machine_type.strip_prefix("GPU-")
}

#[test]
fn fal_understands_every_app() {
    let all = all();
    let Some(understood) = understood("fal", "", &all) else {
        return;
    };
    let fal = target("fal", Project::default()).unwrap();
    for (app, understood) in all.iter().zip(&understood) {
        for parameter in PARAMETERS {
            let key = parameter.key;
            let theirs = match key {
                Key::Gpus => "num_gpus",
                Key::Port => "exposed_port",
                Key::TerminationGracePeriod => "termination_grace_period_seconds",
                key => key.as_str(),
            };
            if matches!(fal.carries(key), Carries::Not(_)) {
                assert_eq!(understood.get(key.as_str()), None);
                continue;
            }
            let ours = value(app, key).map_or(Value::Null, |ours| match parameter.kind {
                Kind::Path => ours["path"].clone(),
                _ => ours,
            });
            let theirs = understood.get(theirs).unwrap_or(&Value::Null);
            assert_eq!(*theirs, ours, "{}: {app:?}", key.as_str());
        }
        assert_eq!(understood["env"], json!(apps::bindings().env));
        assert_eq!(understood["secrets"], json!(["HF_TOKEN"]));
        assert_eq!(
            (&understood["image"], &understood["reset"]),
            (&json!("ghcr.io/acme/app:v1"), &json!(false))
        );
    }
}

#[test]
fn knative_and_kubernetes_accept_every_app() {
    let all = all();
    let Some(understood) = understood("knative", "", &all) else {
        return;
    };
    for (app, understood) in all.iter().zip(&understood) {
        assert_eq!(understood["complaints"], json!([]), "{app:?}");
        assert_eq!(
            understood["code"]["spec"]["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
            "models"
        );
        let (code, whole) = (&understood["code"], &understood["all"]);
        let pod = &code["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let number = |key| number(app, key);

        let gpus = container["resources"]["limits"]["nvidia.com/gpu"].as_str();
        assert_eq!(gpus.map(|gpus| gpus.parse().unwrap()), number(Key::Gpus));
        let node =
            &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        let terms = node["nodeSelectorTerms"][0]["matchExpressions"].as_array();
        let term = |key: &str| terms.into_iter().flatten().find(|term| term["key"] == key);
        let labels: Vec<&str> = term("nvidia.com/gpu.product").map_or(Vec::new(), |term| {
            let values = term["values"].as_array().unwrap().iter();
            values.map(|label| label.as_str().unwrap()).collect()
        });
        // Every label is of the GPU that was asked for, in the order of the list.
        let mut asked = machine_types(app).into_iter().filter_map(gpu).peekable();
        let plain = |label: &str| label.replace("GeForce-RTX-", "RTX");
        for label in labels {
            while !plain(label)
                .split('-')
                .any(|part| Some(part) == asked.peek().copied())
            {
                asked.next().unwrap_or_else(|| panic!("{label} of {app:?}"));
            }
        }
        assert!(asked.count() <= 1, "{app:?}");
        let theirs = term("topology.kubernetes.io/region").map(|term| term["values"].clone());
        let expected = Some(regions(app)).filter(|regions| !regions.is_empty());
        assert_eq!(theirs, expected.map(Value::from));

        assert_eq!(
            pod["containerConcurrency"],
            number(Key::MaxMultiplexing).unwrap_or(1)
        );
        assert_eq!(
            container["ports"][0]["containerPort"].as_u64(),
            number(Key::Port)
        );
        let path = &container["readinessProbe"]["httpGet"]["path"];
        assert_eq!(
            *path,
            value(app, Key::HealthCheck).map_or(Value::Null, |check| check["path"].clone())
        );

        // The scaling is in the whole, and not in what every deploy takes back.
        let annotations = &whole["spec"]["template"]["metadata"]["annotations"];
        let annotation =
            |name: &str| annotations[format!("autoscaling.knative.dev/{name}")].as_str();
        assert_eq!(
            annotation("min-scale"),
            number(Key::MinConcurrency)
                .map(|n| n.to_string())
                .as_deref()
        );
        let max = number(Key::MaxConcurrency).unwrap_or(2).to_string();
        assert_eq!(annotation("max-scale"), Some(&*max));
        let kept = number(Key::KeepAlive).map(|seconds| format!("{}s", seconds.min(3_600)));
        assert_eq!(
            annotation("scale-to-zero-pod-retention-period"),
            kept.as_deref()
        );
        assert_eq!(
            whole["spec"]["template"]["spec"]["timeoutSeconds"].as_u64(),
            number(Key::RequestTimeout)
        );
        let deadline = number(Key::StartupTimeout).map(|seconds| format!("{seconds}s"));
        let code_annotations = &code["spec"]["template"]["metadata"];
        assert_eq!(
            *code_annotations,
            deadline.map_or(Value::Null, |deadline| json!({
                "annotations": {"serving.knative.dev/progress-deadline": deadline},
            }))
        );
        assert_eq!(whole["metadata"].get("annotations"), None);
        assert_eq!(pod.get("timeoutSeconds"), None);
    }
}

#[test]
fn skypilot_understands_every_app() {
    let mut all = all();
    for app in &mut all {
        // It serves nothing without one.
        if !app.code.contains(Key::Port) {
            app.code.insert(Key::Port, Setting::Number(8080));
        }
    }
    let Some(understood) = understood("skypilot", "service.yaml", &all) else {
        return;
    };
    for (app, understood) in all.iter().zip(&understood) {
        assert_eq!(understood["envs"], json!(apps::bindings().env));
        let login = ["PASSWORD", "SERVER", "USERNAME"];
        let login = login.map(|part| format!("SKYPILOT_DOCKER_{part}"));
        let secrets = json!(["HF_TOKEN", login[0], login[1], login[2]]);
        assert_eq!(understood["secrets"], secrets);
        assert_eq!(understood["volumes"], json!({"/data": "models"}));
        let number = |key| number(app, key);
        let gpus = number(Key::Gpus);
        let asked: Vec<&str> = machine_types(app).into_iter().filter_map(gpu).collect();
        let accelerators = |gpu: Option<&&str>| gpu.map_or(Value::Null, |gpu| json!({*gpu: gpus}));
        let regions = regions(app);
        let there = |region: Option<&String>| {
            region.map_or(json!(["None", null]), |region| json!(["AWS", region]))
        };
        // Every machine type in every region.
        let mut expected = Vec::new();
        for gpu in 0..asked.len().max(1) {
            for region in 0..regions.len().max(1) {
                let accelerators = accelerators(asked.get(gpu));
                expected.push((accelerators, there(regions.get(region))));
            }
        }
        let theirs = understood["accelerators"].as_array().unwrap().iter();
        let places = understood["regions"].as_array().unwrap().iter();
        let mut theirs: Vec<(Value, Value)> = theirs.cloned().zip(places.cloned()).collect();
        if asked.len() < 2 {
            // Of the regions of one machine type any will do.
            let text = |(_, place): &(Value, Value)| place.to_string();
            theirs.sort_by_key(text);
            expected.sort_by_key(text);
        } else {
            assert_eq!(understood["is_ordered"], true);
        }
        assert_eq!(theirs, expected, "{app:?}");
        let (cpus, ram) = match gpus {
            Some(_) => (required(app, "cpus"), required(app, "ram")),
            None => (Some(smallest(app, millicores)), Some(smallest(app, ram_mb))),
        };
        for (key, amount) in [("cpus", cpus), ("memory", ram)] {
            let text = amount.map(|amount| format!("{}+", thousandths(amount)));
            assert_eq!(understood[key].as_str(), text.as_deref(), "{app:?}");
        }
        assert_eq!(understood["name"], *app.name);
        assert_eq!(understood["image"], "ghcr.io/acme/app:v1");
        assert_eq!(understood["run"], "exec /usr/local/bin/p");
        assert_eq!(understood["min"], number(Key::MinConcurrency).unwrap_or(0));
        let max = number(Key::MaxConcurrency).unwrap_or(2);
        // Where the number is fixed, it says no maximum.
        let is_fixed = number(Key::MinConcurrency).unwrap_or(0) == max;
        assert!(understood["max"] == max || is_fixed, "{understood}");
        assert_eq!(
            understood["start"],
            number(Key::StartupTimeout).unwrap_or(600)
        );
        let path = value(app, Key::HealthCheck).map_or("/".into(), |check| check["path"].clone());
        assert_eq!(understood["path"], path);
    }
}

#[test]
fn dstack_understands_every_app() {
    let mut all = all();
    for app in &mut all {
        if !app.code.contains(Key::Port) {
            app.code.insert(Key::Port, Setting::Number(8080));
        }
        // It takes no shorter name.
        app.name.push_str("-app");
    }
    let Some(understood) = understood("dstack", "service.dstack.yml", &all) else {
        return;
    };
    for (app, understood) in all.iter().zip(&understood) {
        let mut env = apps::bindings().env;
        env.insert("HF_TOKEN".into(), "hf".into());
        assert_eq!(understood["env"], json!(env));
        assert_eq!(understood["volumes"], json!([["models", "/data"]]));
        assert_eq!(understood["registry_auth"], json!(["me", "pw"]));
        let number = |key| number(app, key);
        let asked: Vec<&str> = machine_types(app).into_iter().filter_map(gpu).collect();
        match number(Key::Gpus) {
            None => assert_eq!(understood["gpu"]["count"], json!({"min": 0, "max": 0})),
            Some(gpus) => {
                assert_eq!(understood["gpu"]["name"], json!(asked), "{app:?}");
                assert_eq!(
                    understood["gpu"]["count"],
                    json!({"min": gpus, "max": gpus})
                );
                for known in understood["known"].as_array().unwrap() {
                    assert_ne!(known[1], json!([]), "dstack has no such GPU: {known}");
                }
                if asked == ["A100"] {
                    assert_eq!(understood["known"], json!([["A100", [40]]]));
                }
            }
        }
        if let Some(cpus) = required(app, "cpus").filter(|_| !asked.is_empty()) {
            let count = json!({"min": cpus.div_ceil(1_000), "max": null});
            assert_eq!(understood["cpu"]["count"], count);
        }
        if let Some(ram) = required(app, "ram").filter(|_| !asked.is_empty()) {
            let gib = understood["memory"]["min"].as_f64().unwrap();
            assert!((gib * 1024.0 - f64::from(ram)).abs() < 1.0, "{understood}");
        }
        let regions = regions(app);
        let expected = (!regions.is_empty()).then_some(regions);
        assert_eq!(understood["regions"], json!(expected), "{app:?}");
        let min = number(Key::MinConcurrency).unwrap_or(0);
        let max = number(Key::MaxConcurrency).unwrap_or(2);
        assert_eq!(
            understood["replicas"],
            json!({"min": min, "max": max}),
            "{app:?}"
        );
        let down = number(Key::KeepAlive).filter(|_| min != max);
        assert_eq!(
            understood["scale_down_delay"]
                .as_u64()
                .filter(|_| down.is_some()),
            down
        );
        let path = value(app, Key::HealthCheck).map_or(Value::Null, |check| check["path"].clone());
        assert_eq!(understood["path"], path);
        assert_eq!(understood["port"].as_u64(), number(Key::Port));
        assert_eq!(
            understood["stop_duration"]
                .as_u64()
                .filter(|_| app.code.contains(Key::TerminationGracePeriod)),
            number(Key::TerminationGracePeriod)
        );
    }
}

/// An app on a machine type of the project's own, with this GPU by SkyPilot's name.
fn on_custom_gpu(accelerator: &str, vram_mb: u32, dstack: Option<&str>) -> App {
    let mut app = apps::apps(1).remove(0);
    let mut machine = CustomMachine::new("GPU-OWN", built_in::GPU_L40.figures);
    machine.figures.vram_mb = vram_mb;
    machine.accelerator = Some(accelerator.into());
    machine.dstack = dstack.map(str::to_owned);
    app.name = "app".into();
    app.code = [
        (Key::MachineType, Setting::List(vec!["GPU-OWN".into()])),
        (Key::Gpus, Setting::Number(1)),
        (Key::Port, Setting::Number(8080)),
    ]
    .into_iter()
    .collect();
    app.scaling = [].into_iter().collect();
    app.machines = vec![machine];
    app
}

#[test]
fn dstack_has_a_gpu_of_each_name_that_differs_from_skypilots() {
    let expected: [(&str, u32, Option<&str>, Value); 5] = [
        ("A100-80GB", 79_000, None, json!([["A100", [80]]])),
        ("A100-80GB-SXM", 80_000, None, json!([["A100", [80]]])),
        ("V100-32GB", 32_000, None, json!([["V100", [32]]])),
        ("anything", 80_000, Some("A100"), json!([["A100", [80]]])),
        ("RTXA6000", 48_000, None, json!([["A6000", [48]]])),
    ];
    let with_memory = expected
        .iter()
        .map(|(accelerator, vram_mb, dstack, _)| on_custom_gpu(accelerator, *vram_mb, *dstack));
    let renamed = DSTACK_NAMES
        .iter()
        .map(|(accelerator, _)| on_custom_gpu(accelerator, 48_000, None));
    let all: Vec<App> = with_memory.chain(renamed).collect();
    let Some(understood) = understood("dstack", "service.dstack.yml", &all) else {
        return;
    };
    let (with_memory, renamed) = understood.split_at(expected.len());
    for (understood, (accelerator, .., known)) in with_memory.iter().zip(&expected) {
        assert_eq!(understood["known"], *known, "{accelerator}");
    }
    for (understood, (_, name)) in renamed.iter().zip(DSTACK_NAMES) {
        assert_eq!(understood["known"][0][0], *name);
        assert_ne!(understood["known"][0][1], json!([]), "{name}");
    }
}
