//! The registry, the record and the `SPEC` of an app have the same values.

mod every_key;

use every_key::EveryKey;
use machinist::catalogue::{GPU_L40, GPU_RTX5090};
use machinist::{App, CodeParameters, ScalingParameters, Spec};
use serde_json::{Value, json};

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
        name: "every-key",
        machine_types: &[GPU_RTX5090, GPU_L40],
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
    assert_eq!(EveryKey::SPEC, expected);
    assert_eq!(machinist::find("every-key"), Some(&expected));
}

#[test]
fn the_record_has_what_the_attribute_sets() {
    let mut entry = manifest()[0].clone();
    assert!(entry["source"]["line"].as_u64().unwrap() > 0);
    entry["source"]["line"] = json!(0);
    let mut expected: Value = serde_json::from_str(every_key::RECORD).unwrap();
    expected["name"] = json!("every-key");
    expected["description"] = json!("Sets every key.");
    expected["package"] = json!("machinist");
    expected["version"] = json!(env!("CARGO_PKG_VERSION"));
    expected["source"] = json!({"file": "tests/every_key/mod.rs", "line": 0, "item": "EveryKey"});
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
    assert_eq!(names, ["every-key", "nothing-more"]);
}

#[test]
fn the_figures_of_an_app_are_those_of_its_smallest_machine() {
    const SPEC: Spec = EveryKey::SPEC;
    const VRAM: u32 = SPEC.vram_mb();
    assert_eq!(
        (VRAM, SPEC.ram_mb(), SPEC.millicores()),
        (64_000, 120_000, 12_000)
    );
}
