//! What is reported while a change is carried out.

use std::path::Path;

use crate::tool::ToolCommand;

/// A step of a change, reported while it is carried out.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A file was written.
    Wrote(&'a Path),
    /// A command is about to run.
    Runs {
        /// The command.
        command: &'a ToolCommand,
        /// Which app it is for, from 1.
        nth: usize,
        /// For how many apps commands run.
        of: usize,
    },
    /// A command of several that run at once wrote a line.
    Output {
        /// The app that it is for.
        app: &'a str,
        /// The line.
        line: &'a str,
    },
}
