//! The subcommands. Each is a file with its arguments, `Args`, and a function `run`.

mod apps;
mod completions;
mod deploy;
mod destroy;
mod machines;
mod manifest;
mod mv;
mod plan;
mod render;
mod rollback;
mod scale;
mod schema;
mod state;

use crate::args::globals::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Makes the enum of all subcommands and its dispatch, so that neither can lack one.
macro_rules! subcommands {
    ($($name:ident($module:ident),)*) => {
        /// A subcommand with its arguments.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Subcommand {
            $($name(Box<$module::Args>),)*
        }

        impl Subcommand {
            pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
                let is_markdown = context.output.format == Format::Markdown;
                if is_markdown && !matches!(self, Self::Plan(_)) {
                    return Err(Failure::new("only `plan` prints Markdown")
                        .help("write `--format text` or `--format json`"));
                }
                match self {
                    $(Self::$name(args) => $module::run(args, context),)*
                }
            }
        }
    };
}

// In the order of `--help`.
subcommands! {
    Manifest(manifest),
    Plan(plan),
    Deploy(deploy),
    Scale(scale),
    Apps(apps),
    Rollback(rollback),
    Mv(mv),
    Destroy(destroy),
    Render(render),
    State(state),
    Machines(machines),
    Schema(schema),
    Completions(completions),
}
