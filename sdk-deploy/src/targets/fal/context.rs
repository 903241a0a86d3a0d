//! The folder that the platform builds an image from.
//!
//! The client sends the files that the `Dockerfile` copies. It skips missing files, and the deploy
//! succeeds without them, so a file that it would skip is an error here.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};

use machinist_core::problem::Problem;
use parse_dockerfile::{Instruction, Source};
use sha2::{Digest, Sha256};

use crate::manifest::{Binary, Manifest};
use crate::read::program;
use crate::rendering::{Contents, RenderedFile};
use crate::targets::binary::{self, check_binary_name, no_binary_name, path_in_image};
use crate::targets::digest::hex;

const DOCKERFILE: &str = "Dockerfile";
const DOCKERIGNORE: &str = ".dockerignore";

/// Checks that a binary can run on the platform and links the app.
pub(super) fn check_binary(binary: &Binary, app: &str) -> Result<(), Problem> {
    let path = binary.path.display();
    let program =
        program::identify(&binary.path).map_err(|error| Problem::new(error.to_string()))?;
    if !program.runs_on_linux_x86_64() {
        return Err(Problem::new(format!(
            "`{path}` is {program}, and fal runs programs for linux x86_64"
        ))
        .help("build it with `--target x86_64-unknown-linux-gnu`, or name an `image`"));
    }
    let manifest = Manifest::read(std::slice::from_ref(binary));
    let manifest = manifest.map_err(|error| Problem::new(error.to_string()))?;
    if !manifest.apps.iter().any(|found| found.name == app) {
        let message = format!("`{path}` does not contain the app `{app}`");
        return Err(Problem::new(message).help("build it again"));
    }
    let reserved = [DOCKERFILE, DOCKERIGNORE, "pyproject.toml"];
    if binary.name.contains("--") || reserved.contains(&&*binary.name) {
        return Err(no_binary_name(&binary.name)
            .note("the client takes what follows `--` in a `Dockerfile` for an option"));
    }
    check_binary_name(&binary.name)
}

/// The warning for a `Dockerfile` that does not copy the binary that was read.
pub(super) fn binary_not_copied(dockerfile: &Path, binary: &Binary) -> Problem {
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

/// A digest of files: of their paths and their contents.
pub(super) fn digest(files: &[&RenderedFile]) -> Result<String, Problem> {
    let mut all = Sha256::new();
    let mut part = |text: &[u8]| {
        // The length separates one part from the next.
        all.update(text.len().to_le_bytes());
        all.update(text);
    };
    for file in files {
        part(file.path.as_os_str().as_encoded_bytes());
        match &file.contents {
            Contents::Text(text) => part(text.as_bytes()),
            Contents::CopyOf(original) => part(file_digest(original)?.as_ref()),
        }
    }
    Ok(hex(all.finalize()))
}

fn file_digest(file: &Path) -> Result<impl AsRef<[u8]>, Problem> {
    let cannot = |error| Problem::new(format!("cannot read `{}`: {error}", file.display()));
    let mut digest = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 16, File::open(file).map_err(cannot)?);
    loop {
        let bytes = reader.fill_buf().map_err(cannot)?;
        if bytes.is_empty() {
            return Ok(digest.finalize());
        }
        digest.update(bytes);
        let count = bytes.len();
        reader.consume(count);
    }
}

/// The files that the project's `Dockerfile` copies, or else a generated `Dockerfile` and the
/// binary.
pub(super) fn files(
    binary: &Binary,
    dockerfile: Option<&Path>,
) -> Result<Vec<RenderedFile>, Problem> {
    match dockerfile {
        Some(dockerfile) => Context::read(binary, dockerfile),
        None => Ok(generated(binary)),
    }
}

fn generated(binary: &Binary) -> Vec<RenderedFile> {
    let name = &binary.name;
    let path = path_in_image(name);
    // JSON forms are neither split nor expanded. `--chmod` is needed because artifact stores lose
    // the mode of binaries.
    let copy = serde_json::json!([name, path]);
    let entrypoint = serde_json::json!([path]);
    let dockerfile =
        format!("FROM debian:stable-slim\nCOPY --chmod=755 {copy}\nENTRYPOINT {entrypoint}\n");
    vec![
        text(DOCKERFILE, dockerfile),
        // Without a `.dockerignore` the client applies its own list.
        text(DOCKERIGNORE, format!("{DOCKERFILE}\npyproject.toml\n")),
        copy_of(Path::new(name), &binary.path),
    ]
}

fn text(path: &str, text: String) -> RenderedFile {
    RenderedFile {
        path: path.into(),
        contents: Contents::Text(text),
    }
}

fn copy_of(path: &Path, original: &Path) -> RenderedFile {
    RenderedFile {
        path: path.into(),
        contents: Contents::CopyOf(original.into()),
    }
}

/// The files that the project's `Dockerfile` needs.
struct Context<'a> {
    binary: &'a Binary,
    dockerfile: &'a Path,
    text: &'a str,
    files: Vec<RenderedFile>,
}

impl<'a> Context<'a> {
    fn read(binary: &'a Binary, dockerfile: &'a Path) -> Result<Vec<RenderedFile>, Problem> {
        let shown = dockerfile.display();
        let text = fs::read_to_string(dockerfile)
            .map_err(|error| Problem::new(format!("cannot read `{shown}`: {error}")))?;
        let parsed = parse_dockerfile::parse(&text)
            .map_err(|error| Problem::new(format!("cannot read `{shown}`: {error}")))?;
        let mut context = Context {
            binary,
            dockerfile,
            text: &text,
            files: vec![copy_of(Path::new(DOCKERFILE), dockerfile)],
        };
        let ignore = dockerfile.with_file_name(DOCKERIGNORE);
        if ignore.is_file() {
            context
                .files
                .push(copy_of(Path::new(DOCKERIGNORE), &ignore));
        }
        for instruction in &parsed.instructions {
            let (start, options, sources) = match instruction {
                Instruction::Copy(copy) => (copy.copy.span.start, &copy.options, &copy.src),
                Instruction::Add(add) => (add.add.span.start, &add.options, &add.src),
                _ => continue,
            };
            if options.iter().any(|option| option.name.value == "from") {
                continue;
            }
            for source in sources {
                if let Source::Path(path) = source {
                    context.add(&path.value, start)?;
                }
            }
        }
        let mut files = context.files;
        // A folder and a file in it may both be copied.
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Ok(files)
    }

    /// Adds a source of the instruction that begins at `start`.
    fn add(&mut self, source: &str, start: usize) -> Result<(), Problem> {
        if source.contains("://") {
            return Ok(());
        }
        let problem = |what: String| {
            let line = self.text[..start].matches('\n').count() + 1;
            Problem::new(format!("`{}:{line}` {what}", self.dockerfile.display()))
        };
        if !self.text[..start].is_empty() && !self.text[..start].ends_with('\n') {
            return Err(
                problem("has an instruction that does not begin its line".into())
                    .help("remove the text before it: fal's client does not find it there"),
            );
        }
        if source.contains(['*', '?', '[', '$']) {
            return Err(problem(format!("copies `{source}`, a pattern")).help(
                "name the files, or their folder: fal's client does not send what patterns mean",
            ));
        }
        let path = relative(source)
            .ok_or_else(|| problem(format!("copies `{source}`, which is outside of its folder")))?;
        if path == Path::new(&self.binary.name) {
            self.files.push(copy_of(&path, &self.binary.path));
            return Ok(());
        }
        let original = self.dockerfile.with_file_name("").join(&path);
        match fs::metadata(&original) {
            Ok(metadata) if metadata.is_dir() => self.add_folder(&path, &original),
            Ok(_) => {
                self.files.push(copy_of(&path, &original));
                Ok(())
            }
            Err(error) => Err(
                problem(format!("copies `{source}`, which cannot be read: {error}"))
                    .help("fal's client would pass over it, and deploy without it")
                    .note(format!("the binary is copied as `{}`", self.binary.name)),
            ),
        }
    }

    fn add_folder(&mut self, path: &Path, original: &Path) -> Result<(), Problem> {
        let cannot_read =
            |error| Problem::new(format!("cannot read `{}`: {error}", original.display()));
        for entry in fs::read_dir(original).map_err(cannot_read)? {
            let entry = entry.map_err(cannot_read)?;
            let (path, original) = (path.join(entry.file_name()), entry.path());
            let kind = entry.file_type().map_err(cannot_read)?;
            // Cargo marks its build folder; it belongs in no image.
            let is_skipped = entry.file_name() == ".git" || original.join("CACHEDIR.TAG").exists();
            if kind.is_dir() && !is_skipped {
                self.add_folder(&path, &original)?;
            } else if !kind.is_dir() && original.is_file() && path != Path::new(DOCKERFILE) {
                self.files.push(copy_of(&path, &original));
            }
        }
        Ok(())
    }
}

/// A path within the folder, as Docker and the client read it.
fn relative(source: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(source.trim_start_matches('/')).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(path)
}
