//! Values of flags, read out of a command line whatever else it says: for errors, where clap gives no
//! arguments.

use std::ffi::OsString;

/// Whether there is a switch such as `--json`, before the arguments of another tool.
pub(crate) fn has_switch(args: &[OsString], switch: &str) -> bool {
    let mut ours = args.iter().take_while(|arg| *arg != "--");
    ours.any(|arg| arg == switch)
}

/// The values of a flag such as `--format`, in their order: `--format json` and `--format=json`.
pub(crate) fn values_of(args: &[OsString], flag: &str) -> Vec<String> {
    let args = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    let args: Vec<String> = args.collect();
    let value = |(i, arg): (usize, &String)| {
        let rest = arg.strip_prefix(flag)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value.to_owned()),
            None if rest.is_empty() => args.get(i + 1).cloned(),
            None => None,
        }
    };
    args.iter().enumerate().filter_map(value).collect()
}
