//! `cargo machinist manifest`.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::ValueHint;
use machinist_deploy::{shell_word, write_file};
use similar::TextDiff;

use crate::args::source::AppSource;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::source;

/// Build, and print the manifest that the binaries carry
///
/// Without a selection the packages are those that `cargo build` builds in this folder. Binaries
/// are read, never run.
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
    /// The command line that writes the same manifest to a file.
    fn writing_to(&self, file: &Path) -> String {
        let mut words = vec!["cargo machinist manifest".to_owned()];
        let quoted = |word: &OsStr| shell_word(&word.to_string_lossy());
        let AppSource { binary, selection } = &self.source;
        words.extend(selection.build_flags().iter().map(|flag| quoted(flag)));
        if !binary.is_empty() {
            words.push("--binary".into());
            words.extend(binary.iter().map(|file| quoted(file.as_os_str())));
        }
        words.push("-o".into());
        words.push(quoted(file.as_os_str()));
        words.join(" ")
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let expected = args.check.as_deref().map(|file| expected(file, args));
    let expected = expected.transpose()?;
    let source = source::read(&args.source, context)?;
    for lost in &source.lost {
        output.warning(&lost.report);
    }
    let text = source.manifest.to_json();
    match (expected, &args.output) {
        (Some(expected), _) => check(&expected, &text, output),
        (None, Some(file)) => write(file, &text, output),
        (None, None) => output.data(&text).map(|()| Exit::Success),
    }
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
fn expected<'a>(file: &'a Path, args: &Args) -> Result<Expected<'a>, Failure> {
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
