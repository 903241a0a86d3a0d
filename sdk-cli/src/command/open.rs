//! `cargo machinist open`.

use std::ffi::OsString;
use std::io;

use serde_json::json;

use crate::args::deployment::DeployedState;
use crate::args::globals::Format;
use crate::context::Context;
use crate::destinations;
use crate::exit::Exit;
use crate::failure::Failure;

/// Shown at the end of the help.
const EXAMPLES: &str = "\
Examples:
  cargo machinist open llm-server
  cargo machinist open llm-server --no-browser";

/// Print where a deployed app answers, and on a terminal open it in the browser
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The app
    #[arg(value_name = "APP")]
    app: String,
    /// Only print the URL
    #[arg(long)]
    no_browser: bool,
    #[command(flatten)]
    state: DeployedState,
}

/// The variable with the user's browser.
const BROWSER: &str = "BROWSER";

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let destination = destinations::of_recorded_app(&args.state, &[&args.app], context)?;
    let target = destination.target_with_app(&args.app)?;
    let url = target.url(&args.app)?;
    let url = url.find(destination.limits)?;
    match output.format {
        Format::Json => output.json(&json!({"app": args.app, "url": url}))?,
        Format::Text | Format::Markdown => {
            output.data(&format!("{url}\n"))?;
            if output.is_read_by_a_person() && !args.no_browser {
                show(&url, context);
            }
        }
    }
    Ok(Exit::Success)
}

/// Opens the browser. Without one the URL is printed, which is enough.
fn show(url: &str, context: &Context) {
    if let Err(error) = start_browser(url) {
        let message = format!("cannot open a browser: {error}");
        let warning = Failure::new(message).help(format!(
            "set `{BROWSER}` to the command of yours, or pass `--no-browser`"
        ));
        context.output.warning(&warning);
    }
}

fn start_browser(url: &str) -> io::Result<()> {
    let browser = std::env::var_os(BROWSER).filter(|browser| !browser.is_empty());
    match browser.map(OsString::into_string) {
        Some(Ok(browser)) => open::with_detached(url, browser),
        Some(Err(_)) | None => open::that_detached(url),
    }
}
