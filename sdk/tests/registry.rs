//! The registry, the record and the `SPEC` of an app have the same values.

use machinist::catalogue::{GPU_H100, GPU_H200};
use machinist::{App, CodeParameters, ScalingParameters, Spec};
use serde_json::{Value, json};

/// Sets every key.
///
/// This is not its first paragraph.
#[machinist::app(
    name = "everything",
    machine_type = ["GPU-H200", "GPU-H100"],
    gpus = 2,
    max_multiplexing = 4,
    startup_timeout = "15m",
    port = 8080,
    health_check = "/health",
    termination_grace_period = "20s",
    requires(
        vram = "120 GB", vram_per_gpu = "80 GB", ram = "200 GB", cpus = 23.5,
        bandwidth = "3 TB/s", decoders = 14, av1_encode = false,
    ),
    scaling(
        keep_alive = "5m", min_concurrency = 1, max_concurrency = 10, concurrency_buffer = 2,
        concurrency_buffer_perc = 20, scaling_delay = 5, request_timeout = "2m",
        request_start_timeout = "30s", regions = ["us-west", "eu-north"],
    ),
)]
struct Everything;

#[machinist::app(machine_type = "XS")]
#[expect(dead_code, reason = "it is an app by being annotated")]
fn nothing_more() {}

fn manifest() -> Vec<Value> {
    let manifest: Value = serde_json::from_str(&machinist::manifest()).unwrap();
    manifest["apps"].as_array().unwrap().clone()
}

#[test]
fn the_trait_and_the_registry_have_what_the_attribute_sets() {
    let expected = Spec {
        name: "everything",
        machine_types: &[GPU_H200, GPU_H100],
        gpus: 2,
        code: CodeParameters {
            max_multiplexing: Some(4),
            startup_timeout: Some(900),
            port: Some(8080),
            health_check: Some("/health"),
            termination_grace_period: Some(20),
        },
        scaling: ScalingParameters {
            keep_alive: Some(300),
            min_concurrency: Some(1),
            max_concurrency: Some(10),
            concurrency_buffer: Some(2),
            concurrency_buffer_perc: Some(20),
            scaling_delay: Some(5),
            request_timeout: Some(120),
            request_start_timeout: Some(30),
            regions: Some(&["us-west", "eu-north"]),
        },
    };
    assert_eq!(Everything::SPEC, expected);
    assert_eq!(machinist::find("everything"), Some(&expected));
}

#[test]
fn the_record_has_what_the_attribute_sets() {
    let mut entry = manifest()[0].clone();
    assert!(entry["source"]["line"].as_u64().unwrap() > 0);
    entry["source"]["line"] = json!(0);
    let expected = json!({
        "name": "everything",
        "description": "Sets every key.",
        "package": "machinist",
        "version": env!("CARGO_PKG_VERSION"),
        "source": {"file": "tests/registry.rs", "line": 0, "item": "Everything"},
        "code": {
            "machine_type": ["GPU-H200", "GPU-H100"], "gpus": 2, "max_multiplexing": 4,
            "startup_timeout": 900, "port": 8080, "health_check": {"path": "/health"},
            "termination_grace_period": 20,
        },
        "scaling": {
            "keep_alive": 300, "min_concurrency": 1, "max_concurrency": 10,
            "concurrency_buffer": 2, "concurrency_buffer_perc": 20, "scaling_delay": 5,
            "request_timeout": 120, "request_start_timeout": 30,
            "regions": ["us-west", "eu-north"],
        },
        "requires": {
            "vram": 120_000, "vram_per_gpu": 80_000, "ram": 200_000, "cpus": 23.5,
            "bandwidth": 3_000, "decoders": 14, "av1_encode": false,
        },
    });
    assert_eq!(entry, expected);
}

#[test]
fn a_cpu_type_has_no_gpus_in_either() {
    let spec = machinist::find("nothing-more").unwrap();
    assert_eq!(
        (spec.gpus, spec.vram_mb(), spec.ram_mb(), spec.millicores()),
        (0, 0, 512, 500)
    );
    assert_eq!(manifest()[1]["code"], json!({"machine_type": ["XS"]}));
}

#[test]
fn apps_are_sorted_by_name() {
    let names: Vec<&str> = machinist::apps().iter().map(|app| app.name).collect();
    assert_eq!(names, ["everything", "nothing-more"]);
}

#[test]
fn the_figures_of_an_app_are_those_of_its_smallest_machine() {
    const SPEC: Spec = Everything::SPEC;
    const VRAM: u32 = SPEC.vram_mb();
    assert_eq!(
        (VRAM, SPEC.ram_mb(), SPEC.millicores()),
        (160_000, 224_000, 24_000)
    );
}
