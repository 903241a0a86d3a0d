//! `cargo machinist manifest`.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::ValueHint;
use machinist_deploy::{shell_word, write_file};
use serde_json::json;
use similar::TextDiff;

use crate::args::globals::Format;
use crate::args::source::AppSource;
use crate::context::Context;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::linked_apps::LinkedApps;
use crate::output::Output;

/// Build, and print the manifest: what the binaries say of their apps
///
/// Without a selection, the packages are those that `cargo build` would build in this folder.
/// Binaries are read, never run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the manifest to this file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Compare the manifest with this file, and exit with 3 if they differ
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "output")]
    check: Option<PathBuf>,
    #[command(flatten)]
    source: AppSource,
}
impl Args {
    /// The command line that writes the same manifest into a file.
    fn command_to_write(&self, file: &Path) -> String {
        let mut words = vec!["cargo machinist manifest".to_owned()];
        let quote = |word: &OsStr| shell_word(&word.to_string_lossy());
        let AppSource { binary, selection } = &self.source;
        words.extend(selection.build_flags().iter().map(|flag| quote(flag)));
        if !binary.is_empty() {
            words.push("--binary".into());
            words.extend(binary.iter().map(|file| quote(file.as_os_str())));
        }
        words.push("-o".into());
        words.push(quote(file.as_os_str()));
        words.join(" ")
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    // Before the build, because it takes long and the file may be missing.
    let expected = args.check.as_deref().map(|file| read_expected(file, args));
    let expected = expected.transpose()?;
    let apps = LinkedApps::read(
        &destinations::source_with_settings(&args.source, context)?,
        context,
    )?;
    for lost in apps.lost.iter().filter(|lost| lost.is_expected) {
        output.warning(&lost.report);
    }
    let text = apps.manifest.to_json();
    match (expected, &args.output) {
        (Some(expected), _) => compare(&expected, &text, output),
        (None, Some(file)) => write(file, &text, output),
        (None, None) => output.data(&text).map(|()| Exit::Success),
    }
}

fn write(file: &Path, text: &str, output: &Output) -> Result<Exit, Failure> {
    write_file(file, text)
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", file.display())))?;
    output.status("Wrote", &file.display().to_string());
    output.document(&json!({"file": file.display().to_string()}))?;
    Ok(Exit::Success)
}

/// The file that `--check` compares the manifest with.
struct Expected<'a> {
    file: &'a Path,
    text: String,
    /// How to write the file anew.
    help: String,
}

fn read_expected<'a>(file: &'a Path, args: &Args) -> Result<Expected<'a>, Failure> {
    let help = format!("write it with `{}`", args.command_to_write(file));
    match fs::read_to_string(file) {
        Ok(text) => Ok(Expected {
            file,
            // git may have changed the line ends when it checked the file out on Windows.
            text: text.replace("\r\n", "\n"),
            help,
        }),
        Err(error) => {
            let failure = Failure::new(format!("cannot read `{}`: {error}", file.display()));
            let is_missing = error.kind() == ErrorKind::NotFound;
            Err(if is_missing {
                failure.help(help)
            } else {
                failure
            })
        }
    }
}

fn compare(expected: &Expected<'_>, text: &str, output: &Output) -> Result<Exit, Failure> {
    let file = expected.file.display().to_string();
    if expected.text == text {
        output.status("Checked", &format!("{file}: it matches the code"));
        output.document(&json!({"file": file, "matches": true}))?;
        return Ok(Exit::Success);
    }
    let diff = TextDiff::from_lines(&*expected.text, text)
        .unified_diff()
        .header(&file, "the code's manifest")
        .to_string();
    let failure = Failure::new(format!("`{file}` does not match the code"))
        .help(&*expected.help)
        .exit(Exit::Differs);
    Err(match output.format {
        Format::Text | Format::Markdown => {
            output.diff(&diff)?;
            failure
        }
        Format::Json => failure.note(diff),
    })
}
