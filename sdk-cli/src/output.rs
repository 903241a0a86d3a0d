//! The only file that prints: data on stdout, everything else on stderr.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use machinist_core::json;
use machinist_core::text::{is_visible, visible};
use serde::Serialize;
use serde_json::{Value, json};

use crate::advice::DeploymentFlags;
use crate::args::globals::{ColorWhen, Format, Globals};
use crate::exit::Exit;
use crate::failure::Failure;

const BOLD: Style = Style::new().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
const STATUS: Style = AnsiColor::Green.on_default().bold();

/// Columns are padded to at most this many characters. A longer cell is shown whole, but does not
/// widen its column.
pub(crate) const MAX_COLUMN_WIDTH: usize = 120;

/// A line of text in parts, each with its own look.
#[derive(Default)]
pub(crate) struct Line(Vec<(Look, String)>);

impl Line {
    pub(crate) fn with(mut self, look: Look, text: String) -> Self {
        self.0.push((look, text));
        self
    }
}

/// The color or weight of a text, if colors are on.
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
    /// The format of data on stdout.
    pub(crate) format: Format,
    quiet: bool,
    verbose: bool,
    /// Whether data was printed.
    has_data: Cell<bool>,
    /// The documents of several destinations, which are printed as one at the end.
    documents: RefCell<Option<Vec<Value>>>,
    /// The warnings that were printed: several destinations may give one twice.
    warnings: RefCell<Vec<Failure>>,
    /// What advised command lines are about.
    pub(crate) deployment: DeploymentFlags,
}

impl Output {
    /// Follows the global flags. Unless `--color` decides, anstream decides by the terminal,
    /// `NO_COLOR` and `CLICOLOR`.
    pub(crate) fn new(globals: &Globals, deployment: DeploymentFlags) -> Self {
        match globals.color {
            Some(ColorWhen::Always) => anstream::ColorChoice::Always.write_global(),
            Some(ColorWhen::Never) => anstream::ColorChoice::Never.write_global(),
            Some(ColorWhen::Auto) | None => {}
        }
        Self {
            format: globals.format,
            quiet: globals.quiet,
            verbose: globals.verbose > 0,
            has_data: Cell::new(false),
            documents: RefCell::new(None),
            warnings: RefCell::default(),
            deployment,
        }
    }

    /// Prints a document as it is. Its writer has already escaped control characters.
    pub(crate) fn data(&self, text: &str) -> Result<(), Failure> {
        self.has_data.set(true);
        print_data(text)
    }

    /// Prints data as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.has_data.set(true);
        match &mut *self.documents.borrow_mut() {
            Some(documents) => documents.push(serde_json::to_value(value).map_err(cannot_write)?),
            None => print_json(value)?,
        }
        Ok(())
    }

    /// Begins the output of one of several destinations.
    pub(crate) fn begin_destination(&self) {
        self.documents.borrow_mut().get_or_insert_default();
        self.has_data.set(false);
    }

    /// Ends the output: the documents of several destinations become one.
    pub(crate) fn end(&self, exit: Exit) -> Exit {
        let documents = self
            .documents
            .take()
            .filter(|_| self.format == Format::Json);
        let printed = documents.map(|documents| print_json(&json!({"destinations": documents})));
        match printed {
            Some(Err(failure)) => {
                error(&failure);
                failure.exit
            }
            _ => exit,
        }
    }

    /// Prints with `--format json` what was done; as text the status says it.
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<(), Failure> {
        match self.format {
            Format::Text | Format::Markdown => Ok(()),
            Format::Json => self.json(value),
        }
    }

    /// Prints why the command failed: as text, and with `--format json` as data too, unless a
    /// document was printed that says it.
    pub(crate) fn error(&self, failure: &Failure) {
        let failure = &self.deployment.add_to(failure);
        if self.format == Format::Json && !self.has_data.get() {
            // If stdout is closed too, nobody listens.
            let _ = self.json(&json!({"error": failure}));
        }
        error(failure);
    }

    /// Prints rows in aligned columns. The first row is the heads.
    pub(crate) fn table(&self, rows: &[Vec<String>]) -> Result<(), Failure> {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| visible(cell)).collect())
            .collect();
        let columns = rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max();
            widest.unwrap_or(0).min(MAX_COLUMN_WIDTH)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        write_to_stdout(|out| {
            for (i, row) in rows.iter().enumerate() {
                let cells = row.iter().zip(&widths);
                let line: String = cells
                    .map(|(cell, width)| format!("{cell:<width$}  ", width = *width))
                    .collect();
                let style = if i == 0 { BOLD } else { Style::new() };
                writeln!(out, "{style}{}{style:#}", line.trim_end())?;
            }
            Ok(())
        })
    }

    /// Prints lines.
    pub(crate) fn lines(&self, lines: &[Line]) -> Result<(), Failure> {
        write_to_stdout(|out| {
            for Line(parts) in lines {
                for (look, text) in parts {
                    let style = look.style();
                    write!(out, "{style}{}{style:#}", visible(text))?;
                }
                writeln!(out)?;
            }
            Ok(())
        })
    }

    /// Asks a yes-or-no question on the terminal. Returns `None` if nobody there has seen the plan:
    /// without a terminal, where the plan went to a file, or as JSON, which comes at the end.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        let is_seen = io::stdout().is_terminal() && io::stderr().is_terminal();
        if !io::stdin().is_terminal() || !is_seen || self.format == Format::Json {
            return None;
        }
        let mut stderr = anstream::stderr();
        // If stderr is closed, nobody sees the question.
        write!(stderr, "{BOLD}{}{BOLD:#} [y/N] ", visible(question)).ok()?;
        stderr.flush().ok()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        let answer = answer.trim();
        Some(answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes"))
    }

    /// Prints a unified diff.
    pub(crate) fn diff(&self, diff: &str) -> Result<(), Failure> {
        write_to_stdout(|out| {
            for line in diff.lines() {
                let style = match line.as_bytes().first() {
                    Some(b'-') => AnsiColor::Red.on_default(),
                    Some(b'+') => AnsiColor::Green.on_default(),
                    Some(b'@') => AnsiColor::Cyan.on_default(),
                    _ => Style::new(),
                };
                writeln!(out, "{style}{}{style:#}", visible(line))?;
            }
            Ok(())
        })
    }

    /// Prints what was done, in cargo's style.
    pub(crate) fn status(&self, verb: &str, what: &str) {
        if !self.quiet {
            print_to_stderr(&format!("{STATUS}{verb:>12}{STATUS:#} {}", visible(what)));
        }
    }

    /// Prints a status only with `--verbose`.
    pub(crate) fn verbose(&self, verb: &str, what: &str) {
        if self.verbose {
            self.status(verb, what);
        }
    }

    /// Prints a line that a platform's tool wrote for an app. `--quiet` does not hide it, as it hides
    /// no output of a tool that runs alone.
    pub(crate) fn tool_line(&self, app: &str, line: &str) {
        print_to_stderr(&format!(
            "{BOLD}{}{BOLD:#}: {}",
            visible(app),
            visible(line)
        ));
    }

    /// Prints a warning. `--quiet` does not hide it, as cargo's does not hide the compiler's.
    pub(crate) fn warning(&self, warning: &Failure) {
        let warning = self.deployment.add_to(warning);
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&warning) {
            print_report("warning", WARNING, &warning);
            warnings.push(warning);
        }
    }

    /// The warnings that were printed.
    pub(crate) fn warnings(&self) -> Vec<Failure> {
        self.warnings.borrow().clone()
    }
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let compact = serde_json::to_string(value).map_err(cannot_write)?;
    print_data(&(json::indent(&compact) + "\n"))
}

fn cannot_write(error: serde_json::Error) -> Failure {
    Failure::new(format!("cannot write JSON: {error}"))
}

fn print_data(text: &str) -> Result<(), Failure> {
    // Not through anstream, which would search a long text for colors to remove.
    write_to(io::stdout().lock(), |out| out.write_all(text.as_bytes()))
}

/// Prints why the command failed.
fn error(failure: &Failure) {
    print_report("error", ERROR, failure);
}

/// Prints what is wrong with the arguments, or the help or version that they ask for.
pub(crate) fn arguments_error(clap_error: &clap::Error, format: Format) -> Exit {
    let text = clap_error.render().to_string();
    let is_error = clap_error.use_stderr();
    if is_error && format == Format::Json {
        // If stdout is closed, nobody listens.
        let _ = print_json(&json!({"error": Failure::of_arguments(&text)}));
    }
    // A typed argument may be the name of a file with control characters in it.
    if !text.lines().all(|line| line.chars().all(is_visible)) {
        print_to_stderr(escape_lines(&text).trim_end());
    } else if let (Err(write_error), false) = (clap_error.print(), is_error) {
        if let Err(failure) = stdout_error(write_error) {
            error(&failure);
            return failure.exit;
        }
    }
    match is_error {
        // Not clap's own code 2, which means changes under `--detailed-exitcode`.
        true => Exit::Error,
        false => Exit::Success,
    }
}

fn print_report(label: &str, style: Style, report: &Failure) {
    let message = escape_lines(&report.message);
    print_to_stderr(&format!("{style}{label}{style:#}{BOLD}:{BOLD:#} {message}"));
    for (label, texts) in [("help", &report.help), ("note", &report.note)] {
        for text in texts {
            print_to_stderr(&format!("{HELP}{label}{HELP:#}: {}", escape_lines(text)));
        }
    }
}

fn print_to_stderr(line: &str) {
    // If stderr is closed, there is nowhere left to report that.
    let _ = writeln!(anstream::stderr(), "{line}");
}

fn write_to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    write_to(anstream::stdout().lock(), write)
}

fn write_to(
    mut out: impl Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let written = write(&mut out).and_then(|()| out.flush());
    written.or_else(stdout_error)
}

fn stdout_error(error: io::Error) -> Result<(), Failure> {
    match error.kind() {
        // The reader took what it wanted, as `head` does.
        ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::new(format!("cannot write to stdout: {error}"))),
    }
}

/// Escapes control characters, which names and paths from binaries and files may contain, but
/// keeps the line ends of a report.
fn escape_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines.join("\n")
}
