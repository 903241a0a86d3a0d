//! `cargo machinist schema`.

use machinist_deploy::manifest_schema;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(output: &Output) -> Result<Exit, Failure> {
    output.json(&manifest_schema())?;
    Ok(Exit::Success)
}
