//! What apps add to a binary, and to its start.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::callgrind;
use crate::table;
use crate::tools::{self, Failure, MACHINIST, Place, run};

/// How many apps a program has.
const COUNTS: &[usize] = &[1, 100, 10_000];

/// A program that does nothing but tell how often memory was allocated before its `main`.
const MAIN: &str = r#"
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() {
    let before = ALLOCATIONS.load(Relaxed);
    if std::env::args_os().count() > 1 {
        println!("{before}");
    }
    if std::env::args_os().count() > 2 {
        use_apps();
    }
}
"#;

pub fn bench(place: &Place) -> Result<(), Failure> {
    let none = Measured::of(place, "nothing", 0, "", "fn use_apps() {}")?;
    let mut rows = Vec::new();
    for &count in COUNTS {
        let mut by_hand = String::from(
            "struct App { name: &'static str, machine_type: &'static str, gpus: u32 }\n\
             inventory::collect!(App);\n\
             fn use_apps() { for app in inventory::iter::<App> { \
             println!(\"{} {} {}\", app.name, app.machine_type, app.gpus); } }\n",
        );
        let ours = String::from("fn use_apps() { print!(\"{}\", machinist::manifest()); }\n");
        let ours = ours + &apps(count);
        for i in 0..count {
            writeln!(
                by_hand,
                "inventory::submit! {{ App {{ name: \"a{i}\", machine_type: \"GPU-H100\", gpus: 2 }} }}"
            )?;
        }
        for (title, name, dependency, source) in [
            (
                "inventory by hand",
                "by-hand",
                "inventory = \"0.3\"",
                by_hand,
            ),
            ("**machinist**", "machinist", MACHINIST, ours),
        ] {
            let measured = Measured::of(place, name, count, dependency, &source)?;
            rows.push(measured.row(title, count, &none));
        }
    }
    table::print(
        "What apps add to a program (optimised) and to its start",
        &[
            "registered by",
            "apps",
            "bytes in all",
            "bytes an app",
            "instructions before `main`, an app",
            "allocations before `main`",
        ],
        &rows,
    );
    Ok(())
}

/// A program of this many apps, which other benches read.
pub fn many(place: &Place) -> Result<std::path::PathBuf, Failure> {
    let main = String::from("fn main() { print!(\"{}\", machinist::manifest()); }\n");
    let source = main + &apps(COUNTS[2]);
    tools::build(&place.program("many-apps", MACHINIST, &source)?)
}

/// The source of this many apps.
fn apps(count: usize) -> String {
    let app = |i| {
        format!(
            "#[machinist::app(machine_type = \"GPU-H100\", gpus = 2)]\n\
             #[allow(dead_code)]\nfn a{i}() {{}}\n"
        )
    };
    (0..count).map(app).collect()
}

struct Measured {
    bytes: u64,
    instructions: u64,
    allocations: u64,
}

impl Measured {
    fn of(
        place: &Place,
        name: &str,
        count: usize,
        dependency: &str,
        source: &str,
    ) -> Result<Self, Failure> {
        let name = format!("start-{name}-{count}");
        let folder = place.program(&name, dependency, &format!("{MAIN}{source}"))?;
        let program = tools::build(&folder)?;
        let said = run(Command::new(&program).arg("tell"))?;
        Ok(Self {
            bytes: fs::metadata(&program)?.len(),
            instructions: callgrind::instructions(&Command::new(&program))?,
            allocations: String::from_utf8(said.stdout)?.trim().parse()?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
    fn row(&self, title: &str, count: usize, none: &Self) -> Vec<String> {
        let per = |with: u64, without: u64| (with as f64 - without as f64) / count as f64;
        vec![
            title.into(),
            count.to_string(),
            (self.bytes - none.bytes.min(self.bytes)).to_string(),
            format!("{:.0}", per(self.bytes, none.bytes)),
            format!("{:.0}", per(self.instructions, none.instructions)),
            (self.allocations - none.allocations.min(self.allocations)).to_string(),
        ]
    }
}
