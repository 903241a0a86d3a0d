//! `cargo machinist machines`.

use serde_json::json;

use crate::support::{Project, run};

#[track_caller]
fn names(flags: &[&str]) -> Vec<String> {
    let answer = run(&[&["machines"], flags].concat()).exits(0);
    let rows = answer.stdout.lines().skip(1);
    rows.filter_map(|row| row.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn the_catalogue_is_a_table() {
    let answer = run(&["machines"]).exits(0);
    let expected = "\
NAME         GPUS  VRAM    RAM     CORES  BANDWIDTH  ENCODERS  DECODERS  AV1 ENCODE
XS           -     -       512 MB  0.5    -          -         -         -
S            -     -       1 GB    1      -          -         -         -
M            -     -       2 GB    2      -          -         -         -
L            -     -       15 GB   4      -          -         -         -
XL           -     -       30 GB   8      -          -         -         -
GPU-RTX4090  1     24 GB   48 GB   12     1 TB/s     2         2         not listed
GPU-RTX5090  1     32 GB   60 GB   14     1.8 TB/s   3         3         yes
GPU-A100     1     40 GB   60 GB   12     2 TB/s     none      5         no
GPU-L40      1     48 GB   100 GB  6      900 GB/s   3         3         yes
GPU-H100     1     80 GB   112 GB  12     3.4 TB/s   none      7         no
GPU-H200     1     141 GB  112 GB  12     4.8 TB/s   none      7         no
GPU-B200     1     192 GB  210 GB  19     8 TB/s     none      7         no
";
    assert_eq!(answer.stdout, expected);
    assert_eq!(answer.stderr, "");
}

#[test]
fn requirements_select_machines_smallest_first() {
    for (flags, expected) in [
        (
            &["--vram", "60GB"][..],
            &["GPU-H100", "GPU-H200", "GPU-B200"][..],
        ),
        (
            &["--vram", "60GB", "--gpus", "2"],
            &[
                "GPU-RTX5090",
                "GPU-A100",
                "GPU-L40",
                "GPU-H100",
                "GPU-H200",
                "GPU-B200",
            ],
        ),
        (
            &["--vram-per-gpu", "100 GB", "--gpus", "2"],
            &["GPU-H200", "GPU-B200"],
        ),
        (
            &["--gpus", "1", "--ram", "110GB"],
            &["GPU-H100", "GPU-H200", "GPU-B200"],
        ),
        (
            &["--cpus", "0.5", "--ram", "2GB", "--vram-per-gpu", "190GB"],
            &["GPU-B200"],
        ),
        (
            &["--bandwidth", "3 TB/s"],
            &["GPU-H100", "GPU-H200", "GPU-B200"],
        ),
        (
            &["--encoders", "1"],
            &["GPU-RTX4090", "GPU-RTX5090", "GPU-L40"],
        ),
        (&["--decoders", "7"], &["GPU-H100", "GPU-H200", "GPU-B200"]),
        (&["--av1-encode"], &["GPU-RTX5090", "GPU-L40"]),
        (&["--nvlink", "900GB/s"], &["GPU-H100"]),
        (&["--precision", "fp4"], &["GPU-RTX5090", "GPU-B200"]),
        (
            &["--precision", "bf16,fp8", "--vram", "84GB"],
            &["GPU-H100", "GPU-H200", "GPU-B200"],
        ),
        (
            &["--vram", "100GB", "--sort", "cpus"],
            &["GPU-H200", "GPU-B200"],
        ),
        (&["--workload", "llm-inference"], &["GPU-H100", "GPU-H200"]),
        (
            &["--workload", "largest-models"],
            &["GPU-B200", "GPU-H200", "GPU-H100"],
        ),
        (
            &["--workload", "training", "--vram", "100GB"],
            &["GPU-H200"],
        ),
    ] {
        assert_eq!(names(flags), expected, "{flags:?}");
    }
}

#[test]
fn requirements_that_nothing_meets_are_an_error_with_advice() {
    run(&["machines", "--vram", "500 GB", "--decoders", "2"])
        .exits(1)
        .says(
            "error: no machine type meets `--vram 500GB` and `--decoders 2`\n\
         help: `GPU-B200` with `--gpus 3` meets it",
        );
    run(&["machines", "--vram-per-gpu", "1TB", "--gpus", "2"])
        .exits(1)
        .says(
            "error: no machine type with 2 GPUs meets `--vram-per-gpu 1TB`\n\
         help: ask for less: even 8 GPUs do not meet it",
        );
    run(&["machines", "--workload", "llm-inference", "--av1-encode"])
        .exits(1)
        .says(
            "error: no machine type for llm-inference meets `--av1-encode`\n\
         help: leave out `--workload`",
        );
}

#[test]
fn a_machine_is_shown_in_full() {
    let answer = run(&["machines", "GPU-H100", "--gpus", "2"]).exits(0);
    assert_eq!(
        answer.stdout,
        "NAME         GPU-H100\n\
         GPUS         2\n\
         VRAM         160 GB\n\
         USABLE VRAM  169.886 GB\n\
         RAM          224 GB\n\
         CORES        24\n\
         BANDWIDTH    3.4 TB/s\n\
         ENCODERS     none\n\
         DECODERS     14\n\
         AV1 ENCODE   no\n\
         PRECISION    bf16, fp8\n\
         NVLINK       900 GB/s\n\
         PRICE/HOUR   not listed\n\
         MAX GPUS     8\n\
         SUITS        LLM inference and training, NVLink between several GPUs\n\
         IN CODE      #[machinist::app(machine_type = \"GPU-H100\", gpus = 2)]\n"
    );
}

#[test]
fn prices_of_the_project_are_a_column_and_the_cheapest_come_first() {
    let project = Project::new(&[(
        "machines.toml",
        "[XL]\nprice_per_hour = 0.05\n\
         [GPU-A100]\nprice_per_hour = 0.99\n\
         [GPU-H100]\nprice_per_hour = 1.99\n\
         [GPU-H200]\nprice_per_hour = 0\n",
    )]);
    let table = |flags: &[&str]| -> Vec<String> {
        let answer = project.run(&[&["machines", "--sort", "price_per_hour"], flags].concat());
        let rows = answer.exits(0).stdout;
        let cells = rows.lines().map(|row| {
            let cells: Vec<&str> = row.split("  ").filter(|cell| !cell.is_empty()).collect();
            let cells = [cells.first(), cells.last()].map(|cell| cell.unwrap().trim());
            cells.join(" ")
        });
        cells.collect()
    };
    assert_eq!(
        table(&[]),
        [
            "NAME PRICE/HOUR",
            "GPU-H200 0",
            "XL 0.05",
            "GPU-A100 0.99",
            "GPU-H100 1.99",
            "XS not listed",
            "S not listed",
            "M not listed",
            "L not listed",
            "GPU-RTX4090 not listed",
            "GPU-RTX5090 not listed",
            "GPU-L40 not listed",
            "GPU-B200 not listed",
        ]
    );
    assert_eq!(
        table(&["--gpus", "2", "--workload", "training"]),
        [
            "NAME PRICE/HOUR",
            "GPU-H200 0",
            "GPU-A100 1.98",
            "GPU-H100 3.98",
        ]
    );
    // No machine type in this table has a price.
    assert_eq!(
        table(&["--vram", "160GB"]),
        ["NAME AV1 ENCODE", "GPU-B200 no"]
    );
    let one = project
        .run(&["machines", "GPU-H100", "--format=json"])
        .exits(0);
    assert_eq!(one.json()["price_per_hour"], json!(1.99));
}

#[test]
fn an_unknown_machine_gets_the_error_of_the_compiler() {
    run(&["machines", "GPU-H10O"]).exits(1).says(&format!(
        "error: {}",
        machinist_core::machine_types::unknown_machine_type(
            &machinist_core::catalogue::Catalogue::built_in(),
            "GPU-H10O"
        )
    ));
}

#[test]
fn json_has_plain_figures() {
    let answer = run(&[
        "machines",
        "--av1-encode",
        "--vram",
        "40GB",
        "--format",
        "json",
    ])
    .exits(0);
    let expected = json!([{
        "name": "GPU-L40", "gpus": 1, "vram": 48_000, "vram_usable": 47_577, "ram": 100_000,
        "cpus": 6, "bandwidth": 900, "encoders": 3, "decoders": 3, "av1_encode": true,
        "precision": ["bf16", "fp8"], "nvlink": 0, "price_per_hour": null, "max_gpus": 8,
        "suits": "inference together with video transcoding and graphics rendering",
    }]);
    assert_eq!(answer.json(), expected);
    assert_eq!(
        run(&["machines", "--format=json"])
            .exits(0)
            .json()
            .as_array()
            .unwrap()
            .len(),
        12
    );
    let one = run(&["machines", "GPU-RTX4090", "--format=json"])
        .exits(0)
        .json();
    assert!(one["av1_encode"].is_null());
}

#[test]
fn values_are_read_as_in_the_attribute() {
    for (flags, said) in [
        (["--vram", "60gb"], "write a size like `60GB`"),
        (["--vram", "60"], "write a size like `60GB`"),
        (["--vram", "64GiB"], "write a size like `68.72GB`"),
        (["--bandwidth", "3TB"], "write a bandwidth like `3TB/s`"),
        (
            ["--cpus", "many"],
            "write a number of cores like `4` or `0.5`",
        ),
        (
            ["--gpus", "9"],
            "no machine type takes 9 GPUs\nhelp: ask for at most 8",
        ),
        (["--gpus", "65"], "65 is not in 1..=64"),
        (
            ["--precision", "fp16"],
            "unknown precision `fp16`\nhelp: precisions are bf16, fp8, fp6, fp4",
        ),
        (
            ["--sort", "price"],
            "a similar value exists: 'price_per_hour'",
        ),
        (
            ["--workload", "llm-inferense"],
            "a similar value exists: 'llm-inference'",
        ),
    ] {
        let answer = run(&[&["machines"], &flags[..]].concat()).exits(1);
        assert!(answer.stderr.contains(said), "{}", answer.stderr);
    }
}
