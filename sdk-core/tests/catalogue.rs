//! The compiled catalogue against the rows of the platform's page, figure by figure.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use machinist_core::built_in::{MACHINE_TYPES, WORKLOADS};
use machinist_core::figure::FIGURES;
use machinist_core::number::scale;
use machinist_core::parameter::{PARAMETERS, REGIONS};
use machinist_core::unit::{BANDWIDTH, PRECISION, SIZE};
use machinist_core::{MachineKind, built_in};

const CPU_TYPES: &str = "
| XS | 512 MB | 0.5 |
| S | 1 GB | 1 |
| M | 2 GB | 2 |
| L | 15 GB | 4 |
| XL | 30 GB | 8 |
";

const GPU_TYPES: &str = "
| GPU-RTX4090 | 24 GB | 48 GB | 12 | 1.0 TB/s | 2 | 2 | not listed |
| GPU-RTX5090 | 32 GB | 60 GB | 14 | 1.8 TB/s | 3 | 3 | yes |
| GPU-A100 | 40 GB | 60 GB | 12 | 2.0 TB/s | none | 5 | no |
| GPU-L40 | 48 GB | 100 GB | 6 | 0.9 TB/s | 3 | 3 | yes |
| GPU-H100 | 80 GB | 112 GB | 12 | 3.4 TB/s | none | 7 | no |
| GPU-H200 | 141 GB | 112 GB | 12 | 4.8 TB/s | none | 7 | no |
| GPU-B200 | 192 GB | 210 GB | 19 | 8.0 TB/s | none | 7 | no |
";

fn rows(table: &str) -> Vec<Vec<&str>> {
    let lines = table.trim().lines();
    lines
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn engines(cell: &str) -> u32 {
    if cell == "none" {
        0
    } else {
        cell.parse().unwrap()
    }
}

#[test]
fn every_cpu_type_has_the_figures_of_the_page() {
    let machines: Vec<_> = built_in::of_kind(MachineKind::Cpu).collect();
    assert_eq!(machines.len(), rows(CPU_TYPES).len());
    for (machine, row) in machines.into_iter().zip(rows(CPU_TYPES)) {
        assert_eq!(machine.name, row[0]);
        assert_eq!(
            machine.figures.ram_mb,
            SIZE.read(row[1]).unwrap(),
            "{}",
            row[0]
        );
        assert_eq!(
            machine.figures.millicores,
            scale(row[2], 1_000).unwrap(),
            "{}",
            row[0]
        );
        let gpu = (
            machine.figures.vram_mb,
            machine.figures.bandwidth_gb_s,
            machine.figures.encoders,
            machine.figures.decoders,
        );
        assert_eq!(
            (gpu, machine.figures.max_gpus),
            ((0, 0, 0, 0), 0),
            "{}",
            row[0]
        );
    }
}

#[test]
fn every_gpu_type_has_the_figures_of_the_page() {
    let machines: Vec<_> = built_in::of_kind(MachineKind::Gpu).collect();
    assert_eq!(machines.len(), rows(GPU_TYPES).len());
    for (machine, row) in machines.into_iter().zip(rows(GPU_TYPES)) {
        assert_eq!(machine.name, row[0]);
        assert_eq!(
            machine.figures.vram_mb,
            SIZE.read(row[1]).unwrap(),
            "{}",
            row[0]
        );
        assert_eq!(
            machine.figures.ram_mb,
            SIZE.read(row[2]).unwrap(),
            "{}",
            row[0]
        );
        assert_eq!(
            machine.figures.millicores,
            scale(row[3], 1_000).unwrap(),
            "{}",
            row[0]
        );
        assert_eq!(
            machine.figures.bandwidth_gb_s,
            BANDWIDTH.read(row[4]).unwrap(),
            "{}",
            row[0]
        );
        assert_eq!(machine.figures.encoders, engines(row[5]), "{}", row[0]);
        assert_eq!(machine.figures.decoders, engines(row[6]), "{}", row[0]);
        let av1_encode = match row[7] {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        assert_eq!(machine.figures.av1_encode, av1_encode, "{}", row[0]);
        assert_eq!(machine.figures.max_gpus, 8, "{}", row[0]);
    }
}

/// What software sees, in GiB, as start-up logs of inference engines report it.
const USABLE_GIB: [(&str, f64); 7] = [
    ("GPU-RTX4090", 23.55),
    ("GPU-RTX5090", 31.37),
    ("GPU-A100", 39.38),
    ("GPU-L40", 44.31),
    ("GPU-H100", 79.11),
    ("GPU-H200", 139.81),
    ("GPU-B200", 178.36),
];

#[test]
fn usable_memory_is_what_logs_report() {
    for (name, gib) in USABLE_GIB {
        let figures = built_in::find(name).unwrap().figures;
        let usable = f64::from(figures.vram_usable_mb.unwrap()) * 1e6 / f64::from(1 << 30);
        assert!((usable - gib).abs() < 0.002, "{name}: {usable}");
    }
    assert!(
        built_in::of_kind(MachineKind::Cpu).all(|machine| machine.figures.vram_usable_mb.is_none())
    );
}

#[test]
fn nvlink_is_listed_for_one_type_and_absent_from_three() {
    let nvlink = |machine: &machinist_core::MachineType| machine.figures.nvlink_gb_s;
    let listed: Vec<(&str, u32)> = MACHINE_TYPES
        .iter()
        .filter_map(|machine| Some((machine.name, nvlink(machine)?)))
        .collect();
    assert_eq!(
        listed,
        [
            ("GPU-RTX4090", 0),
            ("GPU-RTX5090", 0),
            ("GPU-L40", 0),
            ("GPU-H100", 900)
        ]
    );
}

#[test]
fn precisions_are_those_of_the_data_sheets() {
    let computes_in = |word: &str| -> Vec<&str> {
        let bit = PRECISION.bit(word).unwrap();
        let has = |machine: &&machinist_core::MachineType| {
            machine
                .figures
                .precisions
                .is_some_and(|bits| bits & bit != 0)
        };
        MACHINE_TYPES
            .iter()
            .filter(has)
            .map(|machine| machine.name)
            .collect()
    };
    assert_eq!(computes_in("bf16").len(), 7);
    assert_eq!(
        computes_in("fp8"),
        [
            "GPU-RTX4090",
            "GPU-RTX5090",
            "GPU-L40",
            "GPU-H100",
            "GPU-H200",
            "GPU-B200"
        ]
    );
    for word in ["fp4", "fp6"] {
        assert_eq!(computes_in(word), ["GPU-RTX5090", "GPU-B200"], "{word}");
    }
}

#[test]
fn a_constant_is_named_after_its_machine() {
    // The expansion of the attribute relies on it.
    assert_eq!(built_in::GPU_RTX4090.name.replace('-', "_"), "GPU_RTX4090");
    assert_eq!(MACHINE_TYPES.len(), 12);
}

#[test]
fn workloads_are_those_of_the_page() {
    let names: Vec<(&str, Vec<&str>)> = WORKLOADS
        .iter()
        .map(|workload| {
            (
                workload.name,
                workload.machine_types.iter().map(|m| m.name).collect(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("image-generation", vec!["GPU-RTX4090", "GPU-RTX5090"]),
            ("video-generation", vec!["GPU-RTX5090", "GPU-L40"]),
            ("llm-inference", vec!["GPU-H100", "GPU-H200"]),
            ("training", vec!["GPU-A100", "GPU-H100", "GPU-H200"]),
            ("largest-models", vec!["GPU-B200", "GPU-H200", "GPU-H100"]),
        ]
    );
}

#[test]
fn defaults_and_regions_are_those_of_the_platforms_client() {
    let defaults: Vec<(&str, u32)> = PARAMETERS
        .iter()
        .filter_map(|parameter| Some((parameter.key.as_str(), parameter.platform_default?)))
        .collect();
    assert_eq!(
        defaults,
        [
            ("max_multiplexing", 1),
            ("startup_timeout", 600),
            ("keep_alive", 10),
            ("min_concurrency", 0),
            ("max_concurrency", 2),
            ("concurrency_buffer", 0),
            ("concurrency_buffer_perc", 0),
            ("scaling_delay", 0),
            ("request_timeout", 3_600),
        ]
    );
    assert_eq!(
        REGIONS,
        ["us-west", "us-central", "us-east", "eu-north", "eu-west"]
    );
}

/// What a new machine type of `machines.toml` must give, the built-in ones have too.
#[test]
fn every_machine_type_has_the_required_figures() {
    for machine in MACHINE_TYPES {
        let is_gpu = machine.kind() == MachineKind::Gpu;
        let required = FIGURES
            .iter()
            .filter(|figure| figure.presence.is_required(is_gpu));
        for figure in required {
            let amount = figure.get(&machine.figures);
            assert!(amount > Some(0), "{}: {}", machine.name, figure.key);
        }
    }
}
