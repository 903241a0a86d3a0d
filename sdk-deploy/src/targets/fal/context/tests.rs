use std::fs::{self, File};
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;

use super::{Context, is_copy_of};
use crate::manifest::Binary;
use crate::settings::AppSettings;
use crate::state::State;

/// A package with a binary `llm` that its `Dockerfile` runs.
struct Package {
    folder: tempfile::TempDir,
    settings: AppSettings,
    dockerfile: &'static str,
}

impl Package {
    fn new(files: &[(&str, &str)]) -> Self {
        let package = Self {
            folder: tempfile::tempdir().unwrap(),
            settings: AppSettings::default(),
            dockerfile: "Dockerfile",
        };
        package.write("Cargo.toml", "");
        package.write("target/CACHEDIR.TAG", "");
        package.write("target/release/llm", "program");
        for (path, text) in files {
            package.write(path, text);
        }
        package
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    fn with_dockerfile(mut self, path: &'static str) -> Self {
        self.dockerfile = path;
        self
    }

    fn with_context(mut self, context: &str) -> Self {
        self.settings.context = Some(self.path(context));
        self
    }

    fn binary(&self) -> Binary {
        Binary {
            name: "llm".into(),
            path: self.path("target/release/llm"),
        }
    }

    fn context(&self) -> Result<Context, Problem> {
        Context::of_dockerfile(
            "llm",
            &self.binary(),
            &self.path(self.dockerfile),
            &self.settings,
            &self.path("machinist-state.json"),
        )
    }

    /// The paths of all that is sent.
    fn paths(&self) -> Vec<String> {
        let files = self.context().unwrap().files;
        let paths = files.iter().map(|file| file.path.display().to_string());
        paths.collect()
    }

    /// What is wrong, without the folder of the test.
    fn problem(&self) -> String {
        self.without_folder(self.context().err().unwrap())
    }

    fn warnings(&self) -> Vec<String> {
        let warnings = self.context().unwrap().warnings.into_iter();
        warnings
            .map(|problem| self.without_folder(problem))
            .collect()
    }

    fn without_folder(&self, problem: Problem) -> String {
        let folder = self.folder.path().display().to_string();
        let text = format!("{}; {}", problem.message, problem.help.unwrap_or_default());
        text.replace(&format!("{folder}/"), "")
            .replace(&folder, ".")
    }
}

const WHOLE: (&str, &str) = ("Dockerfile", "FROM debian\nCOPY . .\n");

#[test]
fn a_whole_project_is_sent_without_what_belongs_in_no_image() {
    for copy in [
        "COPY . .",
        "COPY ./ /srv",
        "ADD / /srv/",
        "COPY [\".\", \"/srv\"]",
    ] {
        let package = Package::new(&[
            ("Dockerfile", &format!("FROM debian\n{copy}\n")),
            ("src/main.rs", ""),
            (".git/HEAD", ""),
            ("sub/.git", "gitdir: elsewhere"),
            ("machinist-state.json", ""),
            ("machinist-effective.json", ""),
            (".machinist-state.json.lock", ""),
            (".machinist-state.json.journal", ""),
            ("sub/.machinist-state.json.lock", ""),
            ("build/CACHEDIR.TAG", ""),
            ("build/x", ""),
        ]);
        let expected = ["Cargo.toml", "Dockerfile", "llm", "src/main.rs"];
        assert_eq!(package.paths(), expected, "{copy}");
        assert!(package.warnings().is_empty());
    }
}

#[test]
fn other_states_of_the_project_are_not_sent() {
    let state = State::new().to_json();
    let effective = "{\n  \"effective_version\": 1,\n  \"apps\": []\n}\n";
    let line = "{\"lineage\":\"a\",\"serial\":1,\"target\":\"fal\",\"app\":\"a\",\"state\":null}\n";
    let package = Package::new(&[
        WHOLE,
        ("staging-state.json", &state),
        (".staging-state.json.lock", ""),
        (".staging-state.json.journal", line),
        (".staging-state.json.42.tmp", "{"),
        ("staging-state.effective.json", effective),
        (
            "deploy/prod",
            &format!("\u{feff}{}", state.replace('\n', "\r\n")),
        ),
        ("deploy/.prod.lock", ""),
        // The first deploy was killed.
        (".new.json.journal", line),
        (".new.json.lock", ""),
        // None of these is machinist's.
        ("data.json", "{\"state_version\": 3, \"rows\": []}"),
        (
            "own-effective.json",
            "{\"effective_version\": 1, \"apps\": [], \"more\": 1}",
        ),
        (".yarn.lock", ""),
        (".data.json.lock", ""),
        (".data.json.journal", "{}\n"),
    ]);
    let expected = [
        ".data.json.journal",
        ".data.json.lock",
        ".yarn.lock",
        "Cargo.toml",
        "Dockerfile",
        "data.json",
        "llm",
        "own-effective.json",
    ];
    assert_eq!(package.paths(), expected);
}

#[test]
fn what_dockerignore_excludes_is_left_out() {
    let package = Package::new(&[
        WHOLE,
        ("src/main.rs", ""),
        (".env", "TOKEN=1"),
        ("models/large", ""),
        ("models/small", ""),
        (
            ".dockerignore",
            "# comment\n/models\n!models/small\n**/.env\nDockerfile\nCargo.*\n",
        ),
    ]);
    let expected = ["Dockerfile", "llm", "models/small", "src/main.rs"];
    assert_eq!(package.paths(), expected);
    assert!(package.warnings().is_empty());
    // The client gets no rules of the project: it takes exceptions for rules.
    let dockerignore = package.context().unwrap().dockerignore;
    let rules = dockerignore.split_once('\n').unwrap().1;
    assert_eq!(rules, "/pyproject.toml\n/.dockerignore\n/Dockerfile\n");

    // The binary is added unless it is left out, and may be named in any case.
    package.write(".dockerignore", "*\n!src\n");
    assert_eq!(package.paths(), ["Dockerfile", "src/main.rs"]);
    assert_eq!(
        package.warnings(),
        [
            "`Dockerfile` does not copy `llm`, the binary that was read; write `COPY llm \
          /usr/local/bin/` into it: the program that it runs may be of other code"
        ]
    );
    package.write("Dockerfile", "FROM debian\nCOPY src /src\nCOPY llm /\n");
    assert_eq!(package.paths(), ["Dockerfile", "llm", "src/main.rs"]);
}

#[test]
fn secrets_and_large_folders_get_a_warning_without_dockerignore() {
    let package = Package::new(&[WHOLE, ("deploy/.env", ""), ("models/a", "")]);
    let large = File::create(package.path("models/weights.bin")).unwrap();
    large.set_len(900_000_000).unwrap();
    assert_eq!(
        package.warnings(),
        [
            "`deploy/.env` is sent with the context `.`, and may hold secrets; write a \
             `.dockerignore` with the line `deploy/.env`",
            "the context `.` has 900 MB to send, 900 MB of it in `models`; write a \
             `.dockerignore` that leaves out what the image does not need",
        ]
    );
    large.set_len(2_000_000_000).unwrap();
    let problem = package.problem();
    assert!(
        problem.starts_with("`models/weights.bin` has 2.0 GB, and fal's client sends files of at"),
        "{problem}"
    );
    package.write(".dockerignore", "models\ndeploy/.env\n");
    assert!(package.warnings().is_empty());
    // A file that is named is meant.
    fs::remove_file(package.path(".dockerignore")).unwrap();
    package.write("Dockerfile", "FROM debian\nCOPY llm deploy/.env /\n");
    assert!(package.warnings().is_empty());
}

#[test]
fn a_named_source_that_is_not_sent_is_an_error() {
    for (source, expected) in [
        (
            "ignored",
            "`Dockerfile:2` copies `ignored`, which `.dockerignore` leaves out; remove its pattern, \
             or add an exception that begins with `!`",
        ),
        (
            "ignored.txt",
            "`Dockerfile:2` copies `ignored.txt`, which `.dockerignore` leaves out; remove its \
             pattern, or add an exception that begins with `!`",
        ),
        (
            "empty",
            "`Dockerfile:2` copies `empty`, which has no file to send; fal's client sends files \
             alone: make the folder with `RUN mkdir`",
        ),
        (
            "machinist-state.json",
            "`Dockerfile:2` copies `machinist-state.json`, which every deploy changes: it is \
             machinist's own; remove it from the instruction",
        ),
        (
            "pyproject.toml",
            "`Dockerfile:2` copies `pyproject.toml`; give the file another name",
        ),
        (
            "missing",
            "`Dockerfile:2` copies `missing`, which cannot be read: No such file or directory (os \
             error 2); fal's client would pass over it, and deploy without it",
        ),
    ] {
        let package = Package::new(&[
            ("Dockerfile", &format!("FROM debian\nCOPY {source} /\n")),
            ("ignored/a", ""),
            ("ignored.txt", ""),
            (".dockerignore", "ignored*\n"),
            ("machinist-state.json", ""),
            ("pyproject.toml", ""),
        ]);
        fs::create_dir(package.path("empty")).unwrap();
        assert_eq!(package.problem(), expected);
    }
    let package = Package::new(&[WHOLE, ("pyproject.toml", "")]);
    let expected = "`pyproject.toml` cannot be sent; leave it out: write `pyproject.toml` into \
                    `.dockerignore`";
    assert_eq!(package.problem(), expected);
    package.write(".dockerignore", "pyproject.toml\n");
    assert_eq!(package.paths(), ["Cargo.toml", "Dockerfile", "llm"]);
}

#[test]
fn a_folder_that_is_named_as_the_binary_is_not_mixed_with_it() {
    let package = Package::new(&[WHOLE, ("llm/src/main.rs", "")]);
    assert_eq!(
        package.paths(),
        ["Cargo.toml", "Dockerfile", "llm/src/main.rs"]
    );
    assert!(package.warnings()[0].starts_with("`Dockerfile` does not copy `llm`"));
    package.write("Dockerfile", "FROM debian\nCOPY . .\nCOPY llm /\n");
    let problem = package.problem();
    assert!(
        problem
            .starts_with("`llm` is the binary and a folder of the context `.`; leave the folder"),
        "{problem}"
    );
    package.write("Dockerfile", "FROM debian\nCOPY llm /\n");
    assert_eq!(package.paths(), ["Dockerfile", "llm"]);
}

#[test]
fn the_binary_is_known_under_every_path() {
    let package = Package::new(&[("Dockerfile", "FROM debian\nCOPY target/release/llm /\n")]);
    let context = package.context().unwrap();
    let mut files = context.files.iter();
    assert!(files.any(|file| is_copy_of(file, &package.binary())));
    assert!(context.warnings.is_empty());
}

#[test]
fn a_dockerfile_in_a_folder_has_the_context_of_the_settings() {
    let files = [
        ("docker/llm.Dockerfile", "FROM debian\nCOPY llm a /\n"),
        ("docker/a", ""),
        ("Dockerfile", "FROM other\n"),
        ("a", ""),
    ];
    let package = Package::new(&files).with_dockerfile("docker/llm.Dockerfile");
    assert_eq!(package.paths(), ["a", "llm", "llm.Dockerfile"]);
    assert_eq!(
        package.warnings(),
        [
            "the context of `docker/llm.Dockerfile` is its folder, `docker`; write `context = \
          \"FOLDER\"` beside `dockerfile`, with the folder whose files it copies, from this \
          `Cargo.toml`"
        ]
    );

    let package = Package::new(&files)
        .with_dockerfile("docker/llm.Dockerfile")
        .with_context("");
    package.write("docker/llm.Dockerfile", "FROM debian\nCOPY . /\n");
    let context = package.context().unwrap();
    assert_eq!(
        context.dockerfile,
        Path::new("docker").join("llm.Dockerfile")
    );
    assert!(context.warnings.is_empty());
    let all = [
        "Cargo.toml",
        "Dockerfile",
        "a",
        "docker/a",
        "docker/llm.Dockerfile",
        "llm",
    ];
    assert_eq!(package.paths(), all);
    // Its own `.dockerignore` counts, and the client does not send what is left out.
    package.write("docker/llm.Dockerfile.dockerignore", "docker\nDockerfile\n");
    assert_eq!(
        package.paths(),
        ["Cargo.toml", "a", "docker/llm.Dockerfile", "llm"]
    );
    let dockerignore = package.context().unwrap().dockerignore;
    assert!(
        dockerignore.ends_with("\n/docker/llm.Dockerfile\n"),
        "{dockerignore}"
    );

    let package = Package::new(&files).with_context("docker");
    package.write("Dockerfile", "FROM debian\nCOPY . /\n");
    let expected = [".machinist-Dockerfile", "a", "llm", "llm.Dockerfile"];
    assert_eq!(package.paths(), expected);
    let package = Package::new(&files).with_context("missing");
    assert!(package.problem().starts_with("cannot read `missing`: "));
    let package = Package::new(&files).with_context("a");
    assert_eq!(
        package.problem(),
        "cannot read `a`: it is not a folder, and the `context` must be one; "
    );
}

#[test]
fn a_rendered_context_is_no_part_of_the_next() {
    let package = Package::new(&[WHOLE]);
    let rendered = package.context().unwrap();
    package.write("out/a/.dockerignore", &rendered.dockerignore);
    package.write("out/a/src/main.rs", "");
    assert_eq!(package.paths(), ["Cargo.toml", "Dockerfile", "llm"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_context_alone() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "").unwrap();
    let secret = outside.path().join("secret");
    let package = |link: &str, to: &Path| {
        let package = Package::new(&[WHOLE, ("models/v1/weights", "1")]);
        symlink(to, package.path(link)).unwrap();
        package
    };
    let inside = [
        "Cargo.toml",
        "Dockerfile",
        "latest",
        "llm",
        "models/v1/weights",
    ];
    assert_eq!(
        package("latest", Path::new("models/v1/weights")).paths(),
        inside
    );
    let inside = package("models/latest", Path::new("v1")).paths();
    assert!(
        inside.contains(&"models/latest/weights".into()),
        "{inside:?}"
    );

    for (to, expected) in [
        (&*secret, "`models/link` is a link out of the context"),
        (outside.path(), "`models/link` is a link out of the context"),
        (
            Path::new("missing"),
            "`models/link` is a link to `missing`, which does not exist",
        ),
        (
            Path::new(".."),
            "`models/link` is a link to a folder that it is in",
        ),
        (
            Path::new("."),
            "`models/link` is a link to a folder that it is in",
        ),
    ] {
        let package = package("models/link", to);
        let help = "; leave it out in `.dockerignore`, or put the files there";
        assert_eq!(package.problem(), format!("{expected}{help}"));
        package.write(".dockerignore", "models/link");
        package.context().unwrap();
        package.write("Dockerfile", "FROM debian\nCOPY models/link /\n");
        package.context().err().unwrap();
    }
    let package = package("link", outside.path());
    package.write("Dockerfile", "FROM debian\nCOPY link/secret /\n");
    let problem = package.problem();
    assert!(
        problem.starts_with("`Dockerfile:2` copies `link/secret`, a link out of the context; "),
        "{problem}"
    );
}
