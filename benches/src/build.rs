//! What `machinist` costs the first build of a program that uses it.

use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::table;
use crate::tools::{Failure, MACHINIST, Place, Used, run};

/// A program: its name in the table and in the file system, its dependencies, its source.
const PROGRAMS: &[(&str, &str, &str, &str)] = &[
    (
        "hello world",
        "hello",
        "",
        "fn main() { println!(\"hello\"); }",
    ),
    (
        "inventory",
        "inventory",
        "inventory = \"0.3\"",
        "struct App(&'static str);\ninventory::collect!(App);\ninventory::submit! { App(\"llm\") }\n\
         fn main() { for app in inventory::iter::<App> { println!(\"{}\", app.0); } }",
    ),
    (
        "an attribute on minimal syn that does nothing",
        "no-op-syn",
        "no-op-syn = { path = \"{benches}/no-op-syn\" }",
        "#[no_op_syn::app(machine_type = \"GPU-H100\", gpus = 2)]\nfn llm() {}\n\
         fn main() { llm(); }",
    ),
    (
        OURS,
        "machinist",
        MACHINIST,
        "#[machinist::app(machine_type = \"GPU-H100\", gpus = 2)]\nfn llm() {}\n\
         fn main() { llm(); for app in machinist::apps() { println!(\"{}\", app.name); } }",
    ),
    (
        "syn with all features",
        "syn-full",
        "syn = { version = \"3\", features = [\"full\", \"extra-traits\", \"visit\"] }",
        "fn main() { println!(\"{:?}\", syn::parse_str::<syn::Item>(\"fn f() {}\").is_ok()); }",
    ),
    (
        SERDE,
        "serde",
        "serde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"",
        "#[derive(serde::Serialize)]\nstruct App { name: &'static str }\n\
         fn main() { println!(\"{}\", serde_json::to_string(&App { name: \"llm\" }).unwrap()); }",
    ),
    (
        "clap with its derive",
        "clap",
        "clap = { version = \"4\", features = [\"derive\"] }",
        "use clap::Parser;\n#[derive(Parser)]\nstruct Args { name: Option<String> }\n\
         fn main() { println!(\"{:?}\", Args::parse().name); }",
    ),
];

const OURS: &str = "**machinist**";
const SERDE: &str = "serde's derive and serde_json";

/// Builds each program from an empty target folder, as many times.
const RUNS: usize = 3;

pub fn bench(place: &Place) -> Result<(), Failure> {
    let mut measured = Vec::new();
    for (title, name, dependencies, main) in PROGRAMS {
        let folder = place.program(&format!("build-{name}"), dependencies, main)?;
        // Downloads are no part of it.
        run(Command::new("cargo").arg("fetch").current_dir(&folder))?;
        let crates = fs::read_to_string(folder.join("Cargo.lock"))?
            .matches("[[package]]")
            .count()
            - 1;
        let mut cpu = f64::MAX;
        let mut wall = f64::MAX;
        for _ in 0..RUNS {
            let target = folder.join("target");
            if target.exists() {
                fs::remove_dir_all(&target)?;
            }
            let (before, start) = (Used::now()?, Instant::now());
            run(Command::new("cargo")
                .args(["build", "--offline"])
                .current_dir(&folder)
                .env("CARGO_TARGET_DIR", &target))?;
            wall = wall.min(start.elapsed().as_secs_f64());
            cpu = cpu.min(Used::now()?.cpu - before.cpu);
        }
        measured.push((*title, crates, cpu, wall));
    }
    let of = |wanted| {
        measured
            .iter()
            .find(|m| m.0 == wanted)
            .map_or(f64::NAN, |m| m.2)
    };
    let (serde, no_op) = (of(SERDE), of(PROGRAMS[2].0));
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|(title, crates, cpu, wall)| {
            vec![
                (*title).into(),
                crates.to_string(),
                format!("{cpu:.2}"),
                format!("{wall:.2}"),
                format!("{:.2}", cpu / serde),
                format!("{:.2}", cpu / no_op),
            ]
        })
        .collect();
    table::print(
        &format!("A first `cargo build`, shortest of {RUNS}"),
        &[
            "of a program with",
            "crates",
            "CPU s",
            "wall s",
            "CPU of serde's",
            "CPU of the no-op's",
        ],
        &rows,
    );
    Ok(())
}
