//! The benches of machinist: ratios against peers and baselines, measured in one run.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml` runs all; a name runs one of them.

mod build;
mod callgrind;
mod compile;
mod read;
mod scale;
mod start;
mod table;
mod tools;

use std::process::ExitCode;

use tools::Failure;

/// A bench: its name, and what measures it.
type Bench = (&'static str, fn(&tools::Place) -> Result<(), Failure>);

const BENCHES: &[Bench] = &[
    ("compile", compile::each_variant),
    ("linear", compile::linear),
    ("body", compile::long_body),
    ("time", compile::time),
    ("build", build::bench),
    ("start", start::bench),
    ("read", read::bench),
    ("scale", scale::bench),
];

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: Vec<String>) -> Result<(), Failure> {
    if let [scale::ONE, count] = &*wanted.iter().map(String::as_str).collect::<Vec<_>>() {
        return scale::one(count);
    }
    for name in &wanted {
        if !BENCHES.iter().any(|(known, _)| known == name) {
            let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
            return Err(format!("no bench `{name}`; there are {}", known.join(", ")).into());
        }
    }
    let place = tools::Place::new()?;
    for (name, bench) in BENCHES {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            bench(&place)?;
        }
    }
    Ok(())
}
