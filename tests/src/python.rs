//! Tools from the Python package index, each in an environment of its own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use crate::{has, read, repository, stdout, write};

/// A server that ends with the test.
pub struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already cannot be ended again.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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
        // Tests of one program run side by side, and may want the same environment.
        static MAKING: Mutex<()> = Mutex::new(());
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
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
            assert!(env::var_os("CI").is_none(), "{missing}");
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

    /// Starts a server of the tests, which says in one line where it listens.
    pub fn serve(&self, script: &str, folder: &Path) -> (Server, String) {
        let mut server = self
            .command("python")
            .arg(repository().join("tests").join(script))
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let said = server.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut line).unwrap();
        (Server(server), line)
    }

    /// The `PATH` with its programs in front.
    pub fn path(&self) -> OsString {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [self.programs()].into_iter().chain(env::split_paths(&path));
        env::join_paths(folders).unwrap()
    }

    /// One of its programs.
    pub fn command(&self, program: &str) -> Command {
        Command::new(self.programs().join(program))
    }
}
