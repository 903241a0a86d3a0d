//! `cargo machinist manifest`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use machinist_deploy::{Image, Manifest, write_file};
use similar::TextDiff;

use crate::args::{self, Globals};
use crate::cargo;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lost;
use crate::output::Output;

pub(crate) fn run(
    args: &args::Manifest,
    globals: &Globals,
    output: &Output,
) -> Result<Exit, Failure> {
    let expected = args.check.as_deref().map(|file| expected(file, args));
    let expected = expected.transpose()?;
    let manifest = if args.binary.is_empty() {
        from_build(args, globals, output)?
    } else {
        from_binaries(args, output)?
    };
    let text = manifest.to_json();
    match (expected, &args.output) {
        (Some(expected), _) => check(&expected, &text, output),
        (None, Some(file)) => write(file, &text, output),
        (None, None) => output.data(&text).map(|()| Exit::Success),
    }
}

fn from_build(
    args: &args::Manifest,
    globals: &Globals,
    output: &Output,
) -> Result<Manifest, Failure> {
    let build = cargo::build(&args.selection, globals)?;
    if build.images.is_empty() {
        return Err(
            Failure::new("what was built has no binary and no cdylib to read")
                .help("select a package that has one with `-p`, or an example with `--example`"),
        );
    }
    let images: Vec<Image> = build
        .images
        .iter()
        .map(|image| Image {
            name: image.target.name.clone(),
            path: image.path.clone(),
        })
        .collect();
    let manifest = read(&images, output)?;
    let lost = lost::find(&build, &manifest)?;
    if manifest.apps.is_empty() {
        return Err(no_apps(&images, lost));
    }
    for lost in &lost {
        output.warning(lost);
    }
    Ok(manifest)
}

fn from_binaries(args: &args::Manifest, output: &Output) -> Result<Manifest, Failure> {
    if let Some(flag) = args.selection.build_flags().first() {
        let flag = flag.to_string_lossy();
        return Err(Failure::new(format!(
            "`--binary` builds nothing, so `{flag}` has no effect"
        ))
        .help("leave out one of the two")
        .exit(Exit::Usage));
    }
    let images: Vec<Image> = args
        .binary
        .iter()
        .map(|file| Image {
            name: binary_name(file),
            path: file.clone(),
        })
        .collect();
    let manifest = read(&images, output)?;
    if manifest.apps.is_empty() {
        return Err(no_apps(&images, Vec::new()));
    }
    Ok(manifest)
}

/// The file's name without what a platform puts behind it.
fn binary_name(file: &Path) -> String {
    let is_known = |extension: &str| matches!(extension, "exe" | "wasm" | "so" | "dylib" | "dll");
    let extension = file.extension().and_then(|extension| extension.to_str());
    let name = match extension {
        Some(extension) if is_known(extension) => file.file_stem(),
        _ => file.file_name(),
    };
    name.unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn read(images: &[Image], output: &Output) -> Result<Manifest, Failure> {
    for image in images {
        output.verbose("Reading", &image.path.display().to_string());
    }
    Ok(Manifest::read(images)?)
}

fn no_apps(images: &[Image], lost: Vec<Failure>) -> Failure {
    let paths: Vec<String> = images
        .iter()
        .map(|image| format!("`{}`", image.path.display()))
        .collect();
    let places = match paths.len() {
        0..=3 => paths.join(", "),
        many => format!("{many} binaries"),
    };
    let mut failure = Failure::new(format!("no apps found in {places}"));
    if lost.is_empty() {
        return failure
            .help("write `#[machinist::app(machine_type = \"...\")]` above a fn, struct or enum");
    }
    for lost in lost {
        failure.help.extend(lost.help);
        failure.note.push(lost.message);
    }
    failure.note(lost::WHY)
}

fn write(file: &Path, text: &str, output: &Output) -> Result<Exit, Failure> {
    write_file(file, text)
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", file.display())))?;
    output.status("Wrote", &file.display().to_string());
    Ok(Exit::Success)
}

/// What `--check` compares with.
struct Expected<'a> {
    file: &'a Path,
    text: String,
    rewrite: String,
}

/// Reads it before anything is built, because a missing file is best known at once.
fn expected<'a>(file: &'a Path, args: &args::Manifest) -> Result<Expected<'a>, Failure> {
    let rewrite = format!("write it with `{}`", args.writing_to(file));
    match fs::read_to_string(file) {
        Ok(text) => Ok(Expected {
            file,
            // git may have checked it out with the line ends of Windows.
            text: text.replace("\r\n", "\n"),
            rewrite,
        }),
        Err(error) => {
            let failure = Failure::new(format!("cannot read `{}`: {error}", file.display()));
            let is_missing = error.kind() == ErrorKind::NotFound;
            Err(if is_missing {
                failure.help(rewrite)
            } else {
                failure
            })
        }
    }
}

fn check(expected: &Expected<'_>, text: &str, output: &Output) -> Result<Exit, Failure> {
    let file = expected.file.display().to_string();
    if expected.text == text {
        output.status("Checked", &format!("{file}: it is what the code says"));
        return Ok(Exit::Success);
    }
    let diff = TextDiff::from_lines(&*expected.text, text)
        .unified_diff()
        .header(&file, "what the code says")
        .to_string();
    output.diff(&diff)?;
    Err(Failure::new(format!("`{file}` is not what the code says"))
        .help(&*expected.rewrite)
        .exit(Exit::Differs))
}
