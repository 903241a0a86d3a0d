//! What one `#[app]` costs a compilation, over the same functions without it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::callgrind;
use crate::table;
use crate::tools::{Failure, Place, run, shortest};

/// How many functions a generated crate has.
const FEW: usize = 200;
const MANY: usize = 2_000;

/// A way to annotate: what stands at the top of the crate, and what before and after item `i`.
struct Variant {
    name: &'static str,
    /// What comes once, and what follows each item if it has [`FOR_EACH`].
    top: &'static str,
    /// The attribute or derive on the item; `{i}` is its number.
    on: &'static str,
    /// What follows the item; `{i}` is its number.
    after: &'static str,
    /// What is annotated.
    item: Item,
}

#[derive(Clone, Copy, PartialEq)]
enum Item {
    Function,
    Struct,
}

/// In a file that has both: before it stands what comes once, after it what follows each item.
const FOR_EACH: &str = "// For each item:\n";

const BARE: Variant = Variant {
    name: "nothing",
    top: "",
    on: "",
    after: "",
    item: Item::Function,
};

const BARE_STRUCT: Variant = Variant {
    name: "nothing, struct",
    item: Item::Struct,
    ..BARE
};

const NO_OP: Variant = Variant {
    name: "attribute that does nothing",
    on: "#[no_op::app(machine_type = \"GPU-H100\", gpus = 2)]",
    ..BARE
};

const BY_HAND: Variant = Variant {
    name: "`inventory::submit!` by hand",
    top: "pub struct App { pub name: &'static str, pub machine_type: &'static str, pub gpus: u32 }
        inventory::collect!(App);",
    after: "inventory::submit! { App { name: \"f{i}\", machine_type: \"GPU-H100\", gpus: 2 } }",
    ..BARE
};

/// What is left of the attribute without checks: its floor.
const RECORD_BY_HAND: Variant = Variant {
    name: "a record of two keys, by hand",
    top: "pub struct Record(pub &'static [u8]);
        inventory::collect!(Record);",
    after: include_str!("compile/record_each.rs"),
    ..BARE
};

const SAME_BY_HAND: Variant = Variant {
    name: "the same as every key, by hand",
    top: include_str!("compile/by_hand.rs"),
    ..BARE
};

const TWO_KEYS: Variant = Variant {
    name: "**`#[app]`, two keys**",
    on: "#[machinist::app(machine_type = \"GPU-H100\", gpus = 2)]",
    ..BARE
};

const ALL_KEYS: Variant = Variant {
    name: "**`#[app]`, every key**",
    on: include_str!("../../sdk/tests/every_key/mod.rs"),
    ..BARE
};

const SERDE: Variant = Variant {
    name: "`#[derive(serde::Serialize)]`",
    on: "#[derive(serde::Serialize)]",
    ..BARE_STRUCT
};

const ON_A_TYPE: Variant = Variant {
    name: "`#[app]`, two keys, on a type",
    item: Item::Struct,
    ..TWO_KEYS
};

/// What is measured, each against the crate of the same items without it.
const VARIANTS: &[&Variant] = &[
    &NO_OP,
    &BY_HAND,
    &RECORD_BY_HAND,
    &SAME_BY_HAND,
    &TWO_KEYS,
    &ALL_KEYS,
    &ON_A_TYPE,
    &Variant {
        name: "linkme",
        top: "pub struct App { pub name: &'static str, pub machine_type: &'static str, pub gpus: u32 }
            #[linkme::distributed_slice] pub static APPS: [App];",
        after: "#[linkme::distributed_slice(APPS)]
            static A{i}: App = App { name: \"f{i}\", machine_type: \"GPU-H100\", gpus: 2 };",
        ..BARE
    },
    &SERDE,
    &Variant {
        name: "`#[tracing::instrument]`",
        on: "#[tracing::instrument(skip_all)]",
        ..BARE
    },
    &Variant {
        name: "`#[derive(clap::Args)]`",
        on: "#[derive(clap::Args)]",
        ..BARE_STRUCT
    },
];

/// The attribute in the text of a file, where the app of item `i` is named after it.
fn attribute(text: &str) -> String {
    let start = text.find("#[").unwrap_or_default();
    let last_line = "\n)]";
    let end = text.find(last_line);
    let end = end.map_or(text.len(), |end| end + last_line.len());
    text[start..end].replace("every-key", "app-{i}")
}

/// The end of a build that is measured.
#[derive(Clone, Copy)]
struct Build {
    name: &'static str,
    emit: &'static str,
}

const CHECK: Build = Build {
    name: "cargo check",
    emit: "metadata",
};
const BUILD: Build = Build {
    name: "cargo build",
    emit: "metadata,link",
};

/// The instructions of each variant.
pub fn each_variant(place: &Place) -> Result<(), Failure> {
    let crates = Crates::new(place)?;
    for build in [CHECK, BUILD] {
        instructions(&crates, build)?;
    }
    Ok(())
}

/// Measures each variant, and the same items without it.
fn each<T: Copy>(
    measure: impl Fn(&Variant) -> Result<T, Failure>,
) -> Result<Vec<(&'static str, T, T)>, Failure> {
    let (function, of_struct) = (measure(&BARE)?, measure(&BARE_STRUCT)?);
    let one = |variant: &&Variant| {
        let without = match variant.item {
            Item::Function => function,
            Item::Struct => of_struct,
        };
        Ok((variant.name, measure(variant)?, without))
    };
    VARIANTS.iter().map(one).collect()
}

/// The instructions of each, and as ratios.
fn instructions(crates: &Crates, build: Build) -> Result<(), Failure> {
    let measured = each(|variant| crates.instructions(variant, FEW, build))?;
    #[expect(clippy::cast_precision_loss)]
    let extra = measured
        .iter()
        .map(|(name, with, without)| (*name, (*with as f64 - *without as f64) / FEW as f64 / 1e6));
    let extra: Vec<(&str, f64)> = extra.collect();
    let of = |name| {
        extra
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(f64::NAN, |e| e.1)
    };
    let by_hand = of(BY_HAND.name);
    let serde = of(SERDE.name);
    let rows: Vec<Vec<String>> = extra
        .iter()
        .map(|(name, extra)| {
            vec![
                (*name).into(),
                format!("{extra:.2}"),
                format!("{:.2}", extra / by_hand),
                format!("{:.2}", extra / serde),
            ]
        })
        .collect();
    table::print(
        &format!(
            "Extra instructions of one item, `{}`, {FEW} items",
            build.name
        ),
        &[
            "on each item",
            "million instructions",
            "of by hand",
            "of serde",
        ],
        &rows,
    );
    Ok(())
}

/// The same for ten times as many.
pub fn linear(place: &Place) -> Result<(), Failure> {
    let crates = Crates::new(place)?;
    let mut rows = Vec::new();
    let count = |variant, items| crates.instructions(variant, items, CHECK);
    let bare = [count(&BARE, FEW)?, count(&BARE, MANY)?];
    for variant in [&TWO_KEYS, &ALL_KEYS] {
        let mut row = vec![variant.name.to_owned()];
        for (items, bare) in [FEW, MANY].into_iter().zip(bare) {
            #[expect(clippy::cast_precision_loss)]
            let extra = (count(variant, items)? as f64 - bare as f64) / items as f64 / 1e6;
            row.push(format!("{extra:.2}"));
        }
        rows.push(row);
    }
    table::print(
        "Million extra instructions of one item, `cargo check`",
        &["on each item", &format!("of {FEW}"), &format!("of {MANY}")],
        &rows,
    );
    Ok(())
}

/// One function with a body of 10 000 lines.
pub fn long_body(place: &Place) -> Result<(), Failure> {
    let crates = Crates::new(place)?;
    let mut rows = Vec::new();
    let mut body = String::from("pub fn long(mut x: u64) -> u64 {\n");
    for i in 0..10_000 {
        // No calls: of many in one body the compiler itself takes minutes under valgrind.
        writeln!(body, "    x ^= {i};")?;
    }
    body.push_str("    x\n}\n");
    let mut least = 0.0;
    for on in [&BARE, &NO_OP, &TWO_KEYS] {
        let name = format!("long_{}", rows.len());
        let file = crates.write(&name, &format!("{}\n{}\n{body}", on.top, on.on))?;
        #[expect(clippy::cast_precision_loss)]
        let count = callgrind::instructions(&crates.rustc(&file, CHECK))? as f64 / 1e6;
        if rows.is_empty() {
            least = count;
        }
        rows.push(vec![
            on.name.to_owned(),
            format!("{count:.0}"),
            format!("{:.3}", count / least),
        ]);
    }
    table::print(
        "One function with a body of 10 000 lines, `cargo check`",
        &["on it", "million instructions", "of nothing"],
        &rows,
    );
    Ok(())
}

/// Wall time, of which only the ratios say something.
pub fn time(place: &Place) -> Result<(), Failure> {
    const RUNS: u32 = 3;
    let crates = Crates::new(place)?;
    for build in [CHECK, BUILD] {
        let time = |variant: &Variant| -> Result<f64, Failure> {
            let file = crates.generate(variant, MANY)?;
            let once = || run(&mut crates.rustc(&file, build)).map(drop);
            Ok(shortest(RUNS, once)?.as_secs_f64())
        };
        let measured = each(time)?;
        let row = |(name, with, without): &(&str, f64, f64)| {
            vec![
                (*name).to_owned(),
                format!("{:.2}", (with - without) * 1e3 / MANY as f64),
                format!("{:.2}", with / without),
            ]
        };
        let rows: Vec<Vec<String>> = measured.iter().map(row).collect();
        table::print(
            &format!("Time, `{}`, {MANY} items, shortest of {RUNS}", build.name),
            &["on each item", "ms more per item", "of the crate without"],
            &rows,
        );
    }
    Ok(())
}

/// Generated crates, and what they are compiled with.
struct Crates<'a> {
    place: &'a Place,
    folder: PathBuf,
    externs: Vec<String>,
}

impl<'a> Crates<'a> {
    /// Builds what the crates depend on, as `cargo build` does.
    fn new(place: &'a Place) -> Result<Self, Failure> {
        let output = run(Command::new("cargo")
            .args(["build", "-p", "peers", "--message-format", "json"])
            .current_dir(&place.benches)
            .env("CARGO_TARGET_DIR", place.work.join("peers")))?;
        let folder = place.work.join("compile");
        fs::create_dir_all(&folder)?;
        let mut externs = Vec::new();
        for line in String::from_utf8(output.stdout)?.lines() {
            let message: Value = serde_json::from_str(line)?;
            let Some(name) = message["target"]["name"].as_str() else {
                continue;
            };
            let files = message["filenames"].as_array().into_iter().flatten();
            let library = files
                .filter_map(Value::as_str)
                .find(|file| file.ends_with(".rlib") || is_macro(file));
            if let Some(library) = library {
                let dependencies = Path::new(library).parent().unwrap_or(Path::new("."));
                externs.push(format!("-Ldependency={}", dependencies.display()));
                externs.push("--extern".into());
                externs.push(format!("{}={library}", name.replace('-', "_")));
            }
        }
        Ok(Self {
            place,
            folder,
            externs,
        })
    }

    fn instructions(&self, variant: &Variant, items: usize, build: Build) -> Result<u64, Failure> {
        let file = self.generate(variant, items)?;
        callgrind::instructions(&self.rustc(&file, build))
    }

    fn generate(&self, variant: &Variant, items: usize) -> Result<PathBuf, Failure> {
        let (top, for_each) = variant
            .top
            .split_once(FOR_EACH)
            .unwrap_or((variant.top, ""));
        let mut source = format!("{top}\n");
        for i in 0..items {
            let number = i.to_string();
            let item = match variant.item {
                Item::Function => include_str!("compile/function.rs"),
                Item::Struct => include_str!("compile/struct.rs"),
            };
            for part in [&attribute(variant.on), item, variant.after, for_each] {
                source.push_str(&part.replace("{i}", &number));
                source.push('\n');
            }
        }
        self.write("generated", &source)
    }

    fn write(&self, name: &str, source: &str) -> Result<PathBuf, Failure> {
        let file = self.folder.join(format!("{name}.rs"));
        fs::write(&file, format!("#![allow(dead_code)]\n{source}"))?;
        Ok(file)
    }

    fn rustc(&self, file: &Path, build: Build) -> Command {
        let mut rustc = Command::new(&self.place.rustc);
        rustc
            .arg(file)
            .args(["--crate-type=lib", "--edition=2024", "-Cdebuginfo=2"])
            .arg(format!("--emit={}", build.emit))
            .arg("--out-dir")
            .arg(&self.folder)
            .args(&self.externs)
            // As cargo does; the tool finds no machines.toml from here.
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("CARGO_PKG_NAME", "generated")
            .env("CARGO_PKG_VERSION", "0.1.0");
        rustc
    }
}

fn is_macro(file: &str) -> bool {
    [".so", ".dylib", ".dll"]
        .iter()
        .any(|end| file.ends_with(end))
}
