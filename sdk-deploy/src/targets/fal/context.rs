//! The folder that the platform builds an image from.
//!
//! It has the files that the `Dockerfile` copies, without those that `.dockerignore` leaves out.
//! The client has rules of its own for both, and other ones than Docker, so it finds only files
//! that are to be sent.

mod size;
#[cfg(test)]
mod tests;

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;

use super::dockerfile::{CopiedPath, copied_paths};
use super::dockerignore::{DOCKERIGNORE, Ignore};
use super::own_files::{OwnFiles, folder_of};
use super::slashes::with_slashes;
use crate::manifest::Binary;
use crate::rendering::{Contents, RenderedFile};
use crate::settings::AppSettings;
use crate::targets::binary::{self, path_in_image};
use size::Size;

/// The name of the generated `Dockerfile`.
pub(super) const DOCKERFILE: &str = "Dockerfile";

/// The file that tells the client what an app is.
pub(super) const PYPROJECT: &str = "pyproject.toml";

/// The name of a `Dockerfile` from outside the context.
const DOCKERFILE_FROM_OUTSIDE: &str = ".machinist-Dockerfile";

/// The first line of the `.dockerignore` of a rendered context.
const RENDERED: &str = "# Written by cargo machinist: what the client does not send.";

/// What is in the folder.
pub(super) struct Context {
    /// Where the `Dockerfile` is in it.
    pub(super) dockerfile: PathBuf,
    /// The files, sorted, with the `Dockerfile`.
    pub(super) files: Vec<RenderedFile>,
    /// The `.dockerignore` for the client, which without one applies a list of its own.
    pub(super) dockerignore: String,
    /// Whether the `Dockerfile` sets the modes of all files.
    pub(super) sets_modes: bool,
    /// What is probably a mistake.
    pub(super) warnings: Vec<Problem>,
}

impl Context {
    /// The binary, and a `Dockerfile` that runs it.
    pub(super) fn generated(binary: &Binary, settings: &AppSettings) -> Self {
        let name = &binary.name;
        let path = path_in_image(name);
        // JSON forms are neither split nor expanded. `--chmod` is needed because artifact stores
        // lose the mode of binaries.
        let copy = serde_json::json!([name, path]);
        let entrypoint = serde_json::json!([path]);
        let dockerfile =
            format!("FROM debian:stable-slim\nCOPY --chmod=755 {copy}\nENTRYPOINT {entrypoint}\n");
        let unused = settings.context.as_ref().map(|context| {
            let context = context.display();
            Problem::new(format!("nothing of `{context}`, the `context`, is sent"))
                .help("write a `Dockerfile` that copies it, or remove the setting")
                .note("without a `Dockerfile` the image has the binary alone")
        });
        Self {
            dockerfile: DOCKERFILE.into(),
            files: vec![
                RenderedFile {
                    path: DOCKERFILE.into(),
                    contents: Contents::Text(dockerfile),
                },
                copy_of(Path::new(name), &binary.path),
            ],
            dockerignore: dockerignore(Some(Path::new(DOCKERFILE))),
            sets_modes: true,
            warnings: unused.into_iter().collect(),
        }
    }

    /// The files that the project's `Dockerfile` copies.
    pub(super) fn of_dockerfile(
        binary: &Binary,
        dockerfile: &Path,
        settings: &AppSettings,
        state_file: &Path,
    ) -> Result<Self, Problem> {
        let text =
            fs::read_to_string(dockerfile).map_err(|error| cannot_read(dockerfile, &error))?;
        let mut collector = Collector::new(binary, dockerfile, settings, state_file)?;
        for copied in copied_paths(dockerfile, &text)? {
            collector.add(&copied)?;
        }
        let is_binary_copied = collector.files.iter().any(|file| is_copy_of(file, binary));
        let mut warnings = collector.warnings();
        if !is_binary_copied {
            warnings.push(binary_not_copied(dockerfile, binary));
        }
        let is_sent =
            collector.is_dockerfile_in_context && !collector.excludes(&collector.dockerfile_path);
        Ok(Self {
            dockerignore: dockerignore((!is_sent).then_some(collector.dockerfile_path.as_path())),
            dockerfile: collector.dockerfile_path.clone(),
            files: collector.into_files(dockerfile)?,
            sets_modes: false,
            warnings,
        })
    }
}

/// Whether a file is the binary.
pub(super) fn is_copy_of(file: &RenderedFile, binary: &Binary) -> bool {
    matches!(&file.contents, Contents::CopyOf(original) if *original == binary.path)
}

/// The warning for a `Dockerfile` that does not copy the binary that was read.
fn binary_not_copied(dockerfile: &Path, binary: &Binary) -> Problem {
    Problem::new(format!(
        "`{}` does not copy `{}`, the binary that was read",
        dockerfile.display(),
        binary.name
    ))
    .help(format!(
        "write `COPY {} {}` into it: the program that it runs may be of other code",
        binary.name,
        binary::FOLDER
    ))
}

fn copy_of(path: &Path, original: &Path) -> RenderedFile {
    RenderedFile {
        path: path.into(),
        contents: Contents::CopyOf(original.into()),
    }
}

fn cannot_read(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(format!("cannot read `{}`: {error}", path.display()))
}

/// The client takes names as git does, and knows no exceptions, so it gets no rules of a project.
fn dockerignore(dockerfile: Option<&Path>) -> String {
    let is_special = |c: char| "\\*?[]!# ".contains(c);
    let mut text = format!("{RENDERED}\n/{PYPROJECT}\n/{DOCKERIGNORE}\n");
    if let Some(dockerfile) = dockerfile {
        text.push('/');
        for c in with_slashes(dockerfile).chars() {
            text.extend(is_special(c).then_some('\\'));
            text.push(c);
        }
        text.push('\n');
    }
    text
}

/// Collects the files of a context.
struct Collector<'a> {
    binary: &'a Binary,
    /// The binary without symbolic links.
    binary_file: PathBuf,
    folder: PathBuf,
    /// The folder without symbolic links.
    root: PathBuf,
    is_folder_chosen: bool,
    dockerfile: &'a Path,
    dockerfile_path: PathBuf,
    is_dockerfile_in_context: bool,
    ignore: Option<Ignore>,
    own_files: OwnFiles,
    files: Vec<RenderedFile>,
    size: Size,
    /// A file with secrets that a folder brings along.
    dotenv: Option<PathBuf>,
}

impl<'a> Collector<'a> {
    fn new(
        binary: &'a Binary,
        dockerfile: &'a Path,
        settings: &AppSettings,
        state_file: &Path,
    ) -> Result<Self, Problem> {
        let beside = folder_of(dockerfile);
        let folder = settings.context.as_deref().unwrap_or(beside);
        let canonical = |folder: &Path| {
            let canonical = folder.canonicalize();
            canonical.map_err(|error| cannot_read(folder, &error))
        };
        let root = canonical(folder)?;
        if !root.is_dir() {
            return Err(cannot_read(folder, &"the `context` is a folder"));
        }
        let beside = canonical(beside)?;
        let in_context = beside.strip_prefix(&root).ok();
        let name = dockerfile.file_name().unwrap_or_default();
        Ok(Self {
            binary,
            binary_file: canonical(&binary.path)?,
            folder: folder.to_owned(),
            is_folder_chosen: settings.context.is_some(),
            dockerfile,
            dockerfile_path: match in_context {
                Some(folder) => folder.join(name),
                None => DOCKERFILE_FROM_OUTSIDE.into(),
            },
            is_dockerfile_in_context: in_context.is_some(),
            ignore: Ignore::read(dockerfile, folder)?,
            own_files: OwnFiles::beside(state_file),
            files: Vec::new(),
            size: Size::default(),
            dotenv: None,
            root,
        })
    }

    fn excludes(&self, path: &Path) -> bool {
        self.ignore
            .as_ref()
            .is_some_and(|ignore| ignore.excludes(path))
    }

    /// Adds what an instruction copies.
    fn add(&mut self, copied: &CopiedPath<'_>) -> Result<(), Problem> {
        let path = &*copied.path;
        let source = &copied.source;
        if path == Path::new("") {
            return self.add_whole();
        }
        if path == Path::new(&self.binary.name) {
            self.add_binary();
            return Ok(());
        }
        let canonical = self.at(path).canonicalize().map_err(|error| {
            copied
                .problem(format_args!(
                    "copies `{source}`, which cannot be read: {error}"
                ))
                .help("fal's client would pass over it, and deploy without it")
                .note(self.what_is_copied())
        })?;
        if !canonical.starts_with(&self.root) {
            return Err(leads_out(copied.problem(format_args!(
                "copies `{source}`, a link out of the context"
            ))));
        }
        if [PYPROJECT, DOCKERIGNORE].map(Path::new).contains(&path) {
            return Err(copied
                .problem(format_args!("copies `{source}`"))
                .note(CLIENTS_OWN)
                .help("give the file another name"));
        }
        if self.is_own_file(&canonical) {
            return Err(copied
                .problem(format_args!(
                    "copies `{source}`, which every deploy changes: it is machinist's own"
                ))
                .help("remove it from the instruction"));
        }
        let count = self.files.len();
        if canonical.is_dir() {
            self.add_folder(path, &mut Vec::new())?;
        } else if !self.excludes(path) {
            self.push(path)?;
        }
        if self.files.len() > count {
            return Ok(());
        }
        Err(match self.excludes(path) {
            true => copied
                .problem(format_args!(
                    "copies `{source}`, which `.dockerignore` leaves out"
                ))
                .help("remove its pattern, or add an exception that begins with `!`"),
            false => copied
                .problem(format_args!("copies `{source}`, which has no file to send"))
                .help("fal's client sends files alone: make the folder with `RUN mkdir`"),
        })
    }

    fn what_is_copied(&self) -> String {
        let name = &self.binary.name;
        let binary = format!("the binary is copied as `{name}`");
        match self.folder == Path::new(".") {
            true => binary,
            false => format!("the context is `{}`; {binary}", self.folder.display()),
        }
    }

    /// Adds the whole context. The binary is in it under its name, unless a folder has that name.
    fn add_whole(&mut self) -> Result<(), Problem> {
        self.add_folder(Path::new(""), &mut Vec::new())?;
        let path = PathBuf::from(&self.binary.name);
        if !self.excludes(&path) && !self.folder.join(&path).is_dir() {
            self.add_binary();
        }
        Ok(())
    }

    fn add_binary(&mut self) {
        let file = copy_of(Path::new(&self.binary.name), &self.binary.path);
        self.files.push(file);
    }

    /// Where a path of the context is.
    fn at(&self, path: &Path) -> PathBuf {
        match self.folder == Path::new(".") && path != Path::new("") {
            true => path.to_owned(),
            false => self.folder.join(path),
        }
    }

    /// Adds a folder of the context; `parents` are the folders that lead to it.
    fn add_folder(&mut self, path: &Path, parents: &mut Vec<PathBuf>) -> Result<(), Problem> {
        let original = &*self.at(path);
        let cannot_read = |error| cannot_read(original, &error);
        let canonical = original.canonicalize().map_err(cannot_read)?;
        if parents.contains(&canonical) {
            return Err(leads_out(Problem::new(format!(
                "`{}` is a link to a folder that it is in",
                original.display()
            ))));
        }
        let entries = fs::read_dir(original).map_err(cannot_read)?;
        let mut entries = entries
            .collect::<Result<Vec<_>, _>>()
            .map_err(cannot_read)?;
        entries.sort_by_key(DirEntry::file_name);
        parents.push(canonical.clone());
        for entry in entries {
            let name = entry.file_name();
            let is_own = self.own_files.include(&canonical, &name.to_string_lossy());
            if !is_own && name != ".git" {
                self.add_entry(&path.join(name), &entry, parents)?;
            }
        }
        parents.pop();
        Ok(())
    }

    fn add_entry(
        &mut self,
        path: &Path,
        entry: &DirEntry,
        parents: &mut Vec<PathBuf>,
    ) -> Result<(), Problem> {
        let original = self.at(path);
        let is_excluded = self.excludes(path);
        let kind = entry
            .file_type()
            .map_err(|error| cannot_read(&original, &error))?;
        let may_have_exceptions = || {
            let ignore = self.ignore.as_ref();
            kind.is_dir() && ignore.is_some_and(Ignore::has_exceptions)
        };
        if is_excluded && !may_have_exceptions() {
            return Ok(());
        }
        if kind.is_symlink() {
            let target = original.canonicalize();
            let is_inside = target.is_ok_and(|target| target.starts_with(&self.root));
            if !is_inside {
                let message = format!("`{}` is a link out of the context", original.display());
                return Err(leads_out(Problem::new(message)));
            }
        }
        if original.is_dir() {
            return match is_build_folder(&original) {
                true => Ok(()),
                false => self.add_folder(path, parents),
            };
        }
        // What is neither a file nor a folder, such as a socket, is in no image.
        if !original.is_file() || self.is_added_otherwise(path) {
            return Ok(());
        }
        if path == Path::new(PYPROJECT) {
            let message = format!("`{}` cannot be sent", original.display());
            return Err(Problem::new(message).note(CLIENTS_OWN).help(format!(
                "leave it out: write `{PYPROJECT}` into `.dockerignore`"
            )));
        }
        if self.dotenv.is_none() && path.file_name().is_some_and(|name| name == ".env") {
            self.dotenv = Some(path.to_owned());
        }
        self.push(path)
    }

    /// Whether it is the binary, or the `.dockerignore`, which is written anew.
    fn is_added_otherwise(&self, path: &Path) -> bool {
        [&*self.binary.name, DOCKERIGNORE]
            .map(Path::new)
            .contains(&path)
    }

    fn is_own_file(&self, canonical: &Path) -> bool {
        let name = canonical.file_name().unwrap_or_default().to_string_lossy();
        self.own_files.include(folder_of(canonical), &name)
    }

    fn push(&mut self, path: &Path) -> Result<(), Problem> {
        let original = &*self.at(path);
        let is_binary = original.file_name() == self.binary_file.file_name()
            && original
                .canonicalize()
                .is_ok_and(|original| original == self.binary_file);
        if is_binary {
            self.files.push(copy_of(path, &self.binary.path));
            return Ok(());
        }
        let metadata = fs::metadata(original).map_err(|error| cannot_read(original, &error))?;
        self.size.add(path, original, metadata.len())?;
        self.files.push(copy_of(path, original));
        Ok(())
    }

    /// What is probably a mistake.
    fn warnings(&self) -> Vec<Problem> {
        let mut warnings = Vec::new();
        if !self.is_folder_chosen && !self.folder.join("Cargo.toml").is_file() {
            warnings.push(self.chosen_by_default());
        }
        if self.ignore.is_some() {
            return warnings;
        }
        let context = self.folder.display();
        if let Some(file) = &self.dotenv {
            let file = with_slashes(file);
            warnings.push(
                Problem::new(format!(
                    "`{file}` is sent with the context `{context}`, and may hold secrets"
                ))
                .help(format!("write a `.dockerignore` with the line `{file}`")),
            );
        }
        if let Some(large) = self.size.if_large() {
            warnings.push(
                Problem::new(format!("the context `{context}` has {large}"))
                    .help("write a `.dockerignore` that leaves out what the image does not need"),
            );
        }
        warnings
    }

    fn chosen_by_default(&self) -> Problem {
        Problem::new(format!(
            "the context of `{}` is its folder, `{}`",
            self.dockerfile.display(),
            self.folder.display()
        ))
        .help(
            "write `context = \"FOLDER\"` beside `dockerfile`, with the folder whose files it \
             copies, from this `Cargo.toml`",
        )
    }

    /// The files, each once, with the `Dockerfile`.
    fn into_files(self, dockerfile: &Path) -> Result<Vec<RenderedFile>, Problem> {
        let mut files = self.files;
        files.push(copy_of(&self.dockerfile_path, dockerfile));
        // A folder and a file in it may both be copied.
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        match files
            .windows(2)
            .find(|pair| pair[1].path.starts_with(&pair[0].path))
        {
            None => Ok(files),
            Some(pair) => {
                let name = pair[0].path.display();
                Err(Problem::new(format!(
                    "`{name}` is the binary and a folder of the context `{}`",
                    self.folder.display()
                ))
                .help(format!(
                    "leave the folder out: write `{name}` into `.dockerignore`, or name the \
                     folders that the image needs in `COPY`"
                )))
            }
        }
    }
}

const CLIENTS_OWN: &str = "in the context fal's client has a file of its own of that name";

/// A link that is not followed.
fn leads_out(problem: Problem) -> Problem {
    problem.help("leave it out in `.dockerignore`, or put the files there")
}

/// Cargo and others mark folders that can be made again; they belong in no image, as a rendered
/// context does not.
fn is_build_folder(folder: &Path) -> bool {
    folder.join("CACHEDIR.TAG").exists()
        || fs::read_to_string(folder.join(DOCKERIGNORE))
            .is_ok_and(|text| text.starts_with(RENDERED))
}
