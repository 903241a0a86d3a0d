//! Folders, commands and what they cost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// What a program depends on to use machinist.
pub const MACHINIST: &str = "machinist = { path = \"{benches}/../sdk\" }";

/// Why a bench cannot be measured.
pub type Failure = Box<dyn std::error::Error>;

/// Where benches find their sources and leave what they make.
pub struct Place {
    /// The folder of the benches.
    pub benches: PathBuf,
    /// A folder for what is made.
    pub work: PathBuf,
    /// The compiler itself: rustup's own start would be measured with it.
    pub rustc: PathBuf,
}

impl Place {
    pub fn new() -> Result<Self, Failure> {
        let benches = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let work = benches.join("target").join("work");
        fs::create_dir_all(&work)?;
        let sysroot = run(Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(&benches))?;
        let sysroot = String::from_utf8(sysroot.stdout)?;
        let rustc = Path::new(sysroot.trim()).join("bin").join("rustc");
        Ok(Self {
            benches,
            work,
            rustc,
        })
    }

    /// Writes a program into a folder of its own, and gives that folder.
    pub fn program(&self, name: &str, dependencies: &str, main: &str) -> Result<PathBuf, Failure> {
        let folder = self.work.join(name);
        fs::create_dir_all(folder.join("src"))?;
        let here = self.benches.display();
        let dependencies = dependencies.replace("{benches}", &here.to_string());
        let cargo_toml = format!(
            "[package]\nname = \"program\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [workspace]\n\n[dependencies]\n{dependencies}"
        );
        fs::write(folder.join("Cargo.toml"), cargo_toml)?;
        fs::write(folder.join("src").join("main.rs"), main)?;
        Ok(folder)
    }

    /// The command itself, built with optimisation.
    pub fn machinist(&self) -> Result<PathBuf, Failure> {
        let target = self.work.join("machinist");
        let root = self.benches.join("..");
        run(Command::new("cargo")
            .args(["build", "--release", "--locked", "-p", "cargo-machinist"])
            .current_dir(root)
            .env("CARGO_TARGET_DIR", &target))?;
        Ok(target.join("release").join("cargo-machinist"))
    }
}

/// Builds a program with optimisation, and gives its file.
pub fn build(folder: &Path) -> Result<PathBuf, Failure> {
    run(Command::new("cargo")
        .args(["build", "--release"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target")))?;
    Ok(folder.join("target").join("release").join("program"))
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Result<Output, Failure> {
    let output = command
        .output()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} failed ({}): {said}", output.status).into())
}

/// How long something takes: the shortest of some runs, which is the one least disturbed.
pub fn shortest(
    runs: u32,
    mut once: impl FnMut() -> Result<(), Failure>,
) -> Result<Duration, Failure> {
    let mut shortest = Duration::MAX;
    for _ in 0..runs {
        let start = Instant::now();
        once()?;
        shortest = shortest.min(start.elapsed());
    }
    Ok(shortest)
}

/// What the commands that this process ran have used so far.
#[derive(Clone, Copy)]
pub struct Used {
    /// CPU time in seconds.
    pub cpu: f64,
    /// Bytes that were read, from wherever.
    pub read: u64,
}

impl Used {
    /// As Linux counts it.
    pub fn now() -> Result<Self, Failure> {
        const TICKS: f64 = 100.0;
        let stat = fs::read_to_string("/proc/self/stat")?;
        // The name before the parenthesis may have spaces.
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let fields: Vec<&str> = after.split(' ').collect();
        let ticks: u32 = fields[13].parse::<u32>()? + fields[14].parse::<u32>()?;
        let io = fs::read_to_string("/proc/self/io")?;
        let read = io.lines().find_map(|line| line.strip_prefix("rchar: "));
        Ok(Self {
            cpu: f64::from(ticks) / TICKS,
            read: read.ok_or("no rchar")?.parse()?,
        })
    }
}
