//! Collects the files of a context.

use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use machinist_core::problem::Problem;

use super::size::Size;
use crate::file::cannot_read;
use crate::manifest::Binary;
use crate::rendering::{Contents, RenderedFile};
use crate::settings::AppSettings;
use crate::targets::fal::client_files::{PYPROJECT, is_rendered};
use crate::targets::fal::dockerfile::CopiedPath;
use crate::targets::fal::dockerignore::{DOCKERIGNORE, Ignore};
use crate::targets::fal::own_files::{OwnFiles, folder_of};
use crate::targets::fal::slashes::with_slashes;

/// The name of a `Dockerfile` from outside the context.
const DOCKERFILE_FROM_OUTSIDE: &str = ".machinist-Dockerfile";

/// Collects the files of a context.
pub(super) struct Collector<'a> {
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
    /// The first `.env` file that a copied folder has; it may hold secrets.
    dotenv: Option<PathBuf>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        app: &str,
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
        let of_app = |problem: Problem| {
            let note = format!("it is the `context` of the app `{app}`");
            problem.note(note)
        };
        let root = canonical(folder).map_err(of_app)?;
        if !root.is_dir() {
            let error = "it is not a folder, and the `context` must be one";
            return Err(of_app(cannot_read(folder, &error)));
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

    /// Where the `Dockerfile` is in the context.
    pub(super) fn dockerfile_path(&self) -> &Path {
        &self.dockerfile_path
    }

    /// The same, if the image gets no copy of it.
    pub(super) fn excluded_dockerfile(&self) -> Option<&Path> {
        let path = self.dockerfile_path();
        let is_excluded = !self.is_dockerfile_in_context || self.excludes(path);
        is_excluded.then_some(path)
    }

    /// Whether the binary was added.
    pub(super) fn has_binary(&self) -> bool {
        let mut files = self.files.iter();
        files.any(|file| is_copy_of(file, self.binary))
    }

    fn excludes(&self, path: &Path) -> bool {
        self.ignore
            .as_ref()
            .is_some_and(|ignore| ignore.excludes(path))
    }

    /// Adds what an instruction copies.
    pub(super) fn add(&mut self, copied: &CopiedPath<'_>) -> Result<(), Problem> {
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
        self.check_named(copied, &canonical)?;
        let count = self.files.len();
        if canonical.is_dir() {
            self.add_folder(path, &mut Vec::new())?;
        } else if !self.excludes(path) {
            self.push(path)?;
        }
        match self.files.len() > count {
            true => Ok(()),
            false => Err(self.nothing_to_send(copied)),
        }
    }

    /// Checks that a named file can be sent.
    fn check_named(&self, copied: &CopiedPath<'_>, canonical: &Path) -> Result<(), Problem> {
        let source = &copied.source;
        if [PYPROJECT, DOCKERIGNORE]
            .map(Path::new)
            .contains(&&*copied.path)
        {
            return Err(copied
                .problem(format_args!("copies `{source}`"))
                .note(CLIENTS_OWN)
                .help("give the file another name"));
        }
        if self.is_own_file(canonical) {
            return Err(copied
                .problem(format_args!(
                    "copies `{source}`, which every deploy changes: it is machinist's own"
                ))
                .help("remove it from the instruction"));
        }
        Ok(())
    }

    /// The error for a source without files: the platform would not find it.
    fn nothing_to_send(&self, copied: &CopiedPath<'_>) -> Problem {
        let source = &copied.source;
        match self.excludes(&copied.path) {
            true => copied
                .problem(format_args!(
                    "copies `{source}`, which `.dockerignore` leaves out"
                ))
                .help("remove its pattern, or add an exception that begins with `!`"),
            false => copied
                .problem(format_args!("copies `{source}`, which has no file to send"))
                .help("fal's client sends files alone: make the folder with `RUN mkdir`"),
        }
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
            self.check_link(&original)?;
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

    /// Checks that a link leads to something in the context.
    fn check_link(&self, link: &Path) -> Result<(), Problem> {
        let shown = link.display();
        let message = match link.canonicalize() {
            Ok(target) if target.starts_with(&self.root) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let target = fs::read_link(link).unwrap_or_default();
                format!(
                    "`{shown}` is a link to `{}`, which does not exist",
                    target.display()
                )
            }
            Ok(_) => format!("`{shown}` is a link out of the context"),
            Err(error) => format!("`{shown}` is a link that cannot be followed: {error}"),
        };
        Err(leads_out(Problem::new(message)))
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
    pub(super) fn warnings(&self) -> Vec<Problem> {
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
    pub(super) fn into_files(self) -> Result<Vec<RenderedFile>, Problem> {
        let mut files = self.files;
        files.push(copy_of(&self.dockerfile_path, self.dockerfile));
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
    folder.join("CACHEDIR.TAG").exists() || is_rendered(folder)
}

/// A file of the context with the contents of another.
pub(super) fn copy_of(path: &Path, original: &Path) -> RenderedFile {
    RenderedFile {
        path: path.into(),
        contents: Contents::CopyOf(original.into()),
    }
}

/// Whether a file is the binary.
pub(crate) fn is_copy_of(file: &RenderedFile, binary: &Binary) -> bool {
    matches!(&file.contents, Contents::CopyOf(original) if *original == binary.path)
}
