//! Tools from the Python package index, each in an environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{has, read, repository, stdout, write};

/// A virtual environment with the packages of `tests/NAME/requirements.txt`.
pub struct Python {
    folder: PathBuf,
}

impl Python {
    /// Makes the environment in a folder, unless it is there. Without Python, or without the
    /// packages, the answer is `None`, and in CI a failure.
    pub fn with(name: &str, folder: &Path) -> Option<Self> {
        if !has("python3", &["-c", "import ensurepip"]) {
            return None;
        }
        let python = Self {
            folder: folder.join(format!("python-{name}")),
        };
        let requirements = repository()
            .join("tests")
            .join(name)
            .join("requirements.txt");
        let installed = python.folder.join("installed.txt");
        let wanted = read(&requirements);
        if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
            return Some(python);
        }
        let _ = fs::remove_dir_all(&python.folder);
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&python.folder)
            .output();
        stdout(&made.unwrap());
        let mut pip = python.command("pip");
        pip.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ]);
        let output = pip.arg(&requirements).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let missing = format!(
                "the packages of {} cannot be installed: {said}",
                requirements.display()
            );
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("SKIPPED: {missing}");
            return None;
        }
        write(&installed, &wanted);
        Some(python)
    }

    /// The folder of its programs.
    pub fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// One of its programs.
    pub fn command(&self, program: &str) -> Command {
        Command::new(self.programs().join(program))
    }
}
