//! How a manifest is read: out of binaries, by running them, and out of Python.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::start;
use crate::table;
use crate::tools::{self, Failure, MACHINIST, Place, Used, run, shortest};

const RUNS: u32 = 20;

const ONE: &str = r#"
#[machinist::app(machine_type = "GPU-H100", gpus = 2)]
#[allow(dead_code)]
fn llm() {}

fn main() { print!("{}", machinist::manifest()); }
"#;

/// The sizes that a program of one app is given.
const SIZES: &[(&str, u64)] = &[
    ("1 app in 1 MB", 1 << 20),
    ("1 app in 100 MB", 100 << 20),
    ("1 app in 1 GB", 1 << 30),
];

pub fn bench(place: &Place) -> Result<(), Failure> {
    binaries(place)?;
    python(place)
}

fn binaries(place: &Place) -> Result<(), Failure> {
    let machinist = place.machinist()?;
    let folder = place.program("read-one", MACHINIST, ONE)?;
    let one = tools::build(&folder)?;
    let mut programs = Vec::new();
    for (title, size) in SIZES {
        // As debug information would, what is added follows the program.
        let large = place.work.join(title.replace(' ', "-"));
        fs::copy(&one, &large)?;
        File::options().write(true).open(&large)?.set_len(*size)?;
        programs.push((*title, large));
    }
    programs.push(("10 000 apps", start::many(place)?));
    // What the command costs where nothing is read.
    let nothing = Read::of(Command::new(&machinist).args(["machinist", "--version"]))?;
    let mut rows = Vec::new();
    for (title, program) in &programs {
        let command = Read::of(
            Command::new(&machinist)
                .args(["machinist", "manifest", "--binary"])
                .arg(program),
        )?;
        let library = shortest(RUNS, || {
            let records = machinist_deploy::records(program)?;
            if records.is_empty() {
                return Err("no records".into());
            }
            Ok(())
        })?;
        let running = Read::of(&mut Command::new(program))?;
        rows.push(vec![
            (*title).into(),
            format!("{:.2}", library.as_secs_f64() * 1e3),
            format!("{:.2}", (command.seconds - nothing.seconds) * 1e3),
            format!("{:.2}", command.seconds * 1e3),
            (command.bytes - nothing.bytes.min(command.bytes)).to_string(),
            format!("{:.2}", running.seconds * 1e3),
        ]);
    }
    table::print(
        &format!("Reading a manifest, ms, shortest of {RUNS}"),
        &[
            "out of a program with",
            "library call",
            "command, its start aside",
            "command in all",
            "bytes read, its start aside",
            "running the program",
        ],
        &rows,
    );
    Ok(())
}

struct Read {
    seconds: f64,
    bytes: u64,
}

impl Read {
    fn of(command: &mut Command) -> Result<Self, Failure> {
        let before = Used::now()?;
        let took = shortest(RUNS, || run(command).map(drop))?;
        let bytes = Used::now()?.read - before.read;
        // What it printed is read by this process.
        let said = run(command)?.stdout.len() as u64;
        Ok(Self {
            seconds: took.as_secs_f64(),
            bytes: (bytes / u64::from(RUNS)).saturating_sub(said),
        })
    }
}

/// What peers do: import the client and the app, and print what it says.
const PEERS: &[(&str, &str)] = &[
    ("fal", include_str!("read/fal_app.py")),
    ("modal", include_str!("read/modal_app.py")),
    ("runpod", include_str!("read/runpod_app.py")),
];

fn python(place: &Place) -> Result<(), Failure> {
    let mut rows = vec![ours(place)?];
    for (name, source) in PEERS {
        let python = environment(place, name)?;
        let file = place.work.join(format!("{name}_app.py"));
        fs::write(&file, source)?;
        let took = shortest(5, || {
            run(Command::new(&python).arg(&file).current_dir(&place.work)).map(drop)
        })?;
        rows.push(vec![
            format!("{name}: import and print"),
            "none".into(),
            format!("{:.0}", took.as_secs_f64() * 1e3),
        ]);
    }
    table::print(
        "From a changed source file to what it says, ms",
        &["with", "build", "read"],
        &rows,
    );
    Ok(())
}

fn ours(place: &Place) -> Result<Vec<String>, Failure> {
    let machinist = place.machinist()?;
    let folder = place.program("read-changed", MACHINIST, ONE)?;
    let cargo = || -> Result<(), Failure> {
        run(Command::new("cargo")
            .args(["build", "--offline"])
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", folder.join("target")))
        .map(drop)
    };
    run(Command::new("cargo").arg("fetch").current_dir(&folder))?;
    cargo()?;
    let mut build = f64::MAX;
    for i in 0..5 {
        fs::write(folder.join("src/main.rs"), format!("{ONE}\n// {i}\n"))?;
        let start = Instant::now();
        cargo()?;
        build = build.min(start.elapsed().as_secs_f64());
    }
    let program = folder.join("target/debug/program");
    let read = shortest(RUNS, || {
        run(Command::new(&machinist)
            .args(["machinist", "manifest", "--binary"])
            .arg(&program))
        .map(drop)
    })?;
    Ok(vec![
        "**machinist**".into(),
        format!("{:.0}", build * 1e3),
        format!("{:.0}", read.as_secs_f64() * 1e3),
    ])
}

/// A Python with this package from PyPI.
fn environment(place: &Place, package: &str) -> Result<PathBuf, Failure> {
    let folder = place.work.join(format!("python-{package}"));
    let python = folder.join("bin").join("python");
    if !is_ready(&python, package) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", package]))?;
    }
    Ok(python)
}

fn is_ready(python: &Path, package: &str) -> bool {
    run(Command::new(python).args(["-c", &format!("import {package}")])).is_ok()
}
