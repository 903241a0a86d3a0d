//! The one place that prints: data on stdout, everything else on stderr.

use std::io::{self, ErrorKind, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use machinist_core::json;
use machinist_core::text::{is_shown, shown};
use serde::Serialize;

use crate::args::globals::{ColorWhen, Format, Globals};
use crate::exit::Exit;
use crate::failure::Failure;

const BOLD: Style = Style::new().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
const STATUS: Style = AnsiColor::Green.on_default().bold();

/// The most characters that a column is filled up to: a longer cell is shown whole, and makes the
/// others no wider.
pub(crate) const WIDEST: usize = 120;

/// A line of differently looking parts.
#[derive(Default)]
pub(crate) struct Line(Vec<(Look, String)>);

impl Line {
    pub(crate) fn with(mut self, look: Look, text: String) -> Self {
        self.0.push((look, text));
        self
    }
}

/// How a text looks where there are colors.
#[derive(Clone, Copy)]
pub(crate) enum Look {
    Plain,
    Bold,
    Good,
    Notable,
    Bad,
}

impl Look {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Bold => BOLD,
            Self::Good => AnsiColor::Green.on_default(),
            Self::Notable => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// Where and how the command prints.
pub(crate) struct Output {
    /// How data is written.
    pub(crate) format: Format,
    quiet: bool,
    verbose: bool,
}

impl Output {
    /// Follows `--color`, `--format` and `--quiet`. Where the color is not decided, anstream looks
    /// at the terminal, `NO_COLOR` and `CLICOLOR`.
    pub(crate) fn new(globals: &Globals) -> Self {
        match globals.color {
            Some(ColorWhen::Always) => anstream::ColorChoice::Always.write_global(),
            Some(ColorWhen::Never) => anstream::ColorChoice::Never.write_global(),
            Some(ColorWhen::Auto) | None => {}
        }
        Self {
            format: globals.format,
            quiet: globals.quiet,
            verbose: globals.verbose > 0,
        }
    }

    /// A document as it is: who wrote it has escaped what is not shown.
    pub(crate) fn data(&self, text: &str) -> Result<(), Failure> {
        // No escape is in it to be taken out, and it may be long.
        write_to(io::stdout().lock(), |out| out.write_all(text.as_bytes()))
    }

    /// Data as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let compact = serde_json::to_string(value)
            .map_err(|error| Failure::new(format!("cannot write JSON: {error}")))?;
        self.data(&(json::indent(&compact) + "\n"))
    }

    /// Rows in aligned columns, the first row the heads.
    pub(crate) fn table<const N: usize>(&self, rows: &[[String; N]]) -> Result<(), Failure> {
        let rows: Vec<[String; N]> = rows
            .iter()
            .map(|row| row.each_ref().map(|cell| shown(cell)))
            .collect();
        let widths: [usize; N] = std::array::from_fn(|column| {
            let lengths = rows.iter().map(|row| row[column].chars().count());
            lengths.max().unwrap_or(0).min(WIDEST)
        });
        write_data(|out| {
            for (i, row) in rows.iter().enumerate() {
                let cells = row.iter().zip(widths);
                let line: String = cells
                    .map(|(cell, width)| format!("{cell:<width$}  "))
                    .collect();
                let style = if i == 0 { BOLD } else { Style::new() };
                writeln!(out, "{style}{}{style:#}", line.trim_end())?;
            }
            Ok(())
        })
    }

    /// Lines.
    pub(crate) fn lines(&self, lines: &[Line]) -> Result<(), Failure> {
        write_data(|out| {
            for Line(parts) in lines {
                for (look, text) in parts {
                    let style = look.style();
                    write!(out, "{style}{}{style:#}", shown(text))?;
                }
                writeln!(out)?;
            }
            Ok(())
        })
    }

    /// Asks on the terminal; `None` where there is nobody to ask.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let mut stderr = anstream::stderr();
        // With stderr closed nobody can answer.
        write!(stderr, "{BOLD}{}{BOLD:#} [y/N] ", shown(question)).ok()?;
        stderr.flush().ok()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        let answer = answer.trim();
        Some(answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes"))
    }

    /// A unified diff.
    pub(crate) fn diff(&self, diff: &str) -> Result<(), Failure> {
        write_data(|out| {
            for line in diff.lines() {
                let style = match line.as_bytes().first() {
                    Some(b'-') => AnsiColor::Red.on_default(),
                    Some(b'+') => AnsiColor::Green.on_default(),
                    Some(b'@') => AnsiColor::Cyan.on_default(),
                    _ => Style::new(),
                };
                writeln!(out, "{style}{}{style:#}", shown(line))?;
            }
            Ok(())
        })
    }

    /// What was done, in the way cargo says it.
    pub(crate) fn status(&self, verb: &str, what: &str) {
        if !self.quiet {
            say(&format!("{STATUS}{verb:>12}{STATUS:#} {}", shown(what)));
        }
    }

    /// What is done, for those who ask for more.
    pub(crate) fn verbose(&self, verb: &str, what: &str) {
        if self.verbose {
            self.status(verb, what);
        }
    }

    /// Something that is probably not meant so. `--quiet` does not hide it, as it does not hide
    /// the compiler's.
    pub(crate) fn warning(&self, warning: &Failure) {
        report("warning", WARNING, warning);
    }
}

/// Why the command failed.
pub(crate) fn error(failure: &Failure) {
    report("error", ERROR, failure);
}

/// Why the arguments are none, or what was asked about them. What was typed may be the name of a
/// file, and has no say in the colors.
pub(crate) fn about_arguments(error: &clap::Error) -> Result<Exit, Failure> {
    let text = error.render().to_string();
    let is_error = error.use_stderr();
    if !text.lines().all(|line| line.chars().all(is_shown)) {
        say(shown_lines(&text).trim_end());
    } else if let (Err(error), false) = (error.print(), is_error) {
        unwritten(error)?;
    }
    Ok(match is_error {
        // clap's own code means that there are changes, under `--detailed-exitcode`.
        true => Exit::Error,
        false => Exit::Success,
    })
}

fn report(label: &str, style: Style, report: &Failure) {
    let message = shown_lines(&report.message);
    say(&format!("{style}{label}{style:#}{BOLD}:{BOLD:#} {message}"));
    for (label, texts) in [("help", &report.help), ("note", &report.note)] {
        for text in texts {
            say(&format!("{HELP}{label}{HELP:#}: {}", shown_lines(text)));
        }
    }
}

/// With stderr closed there is nowhere left to say so.
fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

fn write_data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    write_to(anstream::stdout().lock(), write)
}

fn write_to(
    mut out: impl Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let written = write(&mut out).and_then(|()| out.flush());
    written.or_else(unwritten)
}

fn unwritten(error: io::Error) -> Result<(), Failure> {
    match error.kind() {
        // The reader has all it wanted, as in `| head`.
        ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::new(format!("cannot write to stdout: {error}"))),
    }
}

/// The lines of a report as they are shown, because names and paths come from binaries and files.
fn shown_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(shown).collect();
    lines.join("\n")
}
