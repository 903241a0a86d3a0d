//! Checks of a platform's own tool: that it is installed, and its version.

use crate::check::Check;
use crate::limits::Limits;
use crate::tool::{Tool, ToolCommand};

/// A version of a tool that targets were tested with.
struct Tested {
    program: &'static str,
    version: &'static str,
    /// The arguments that print the version.
    arguments: &'static [&'static str],
}

/// The versions that targets were tested with, each in one place.
const TESTED: [Tested; 4] = [
    Tested {
        program: "fal",
        version: "1.83.0",
        arguments: &["--version"],
    },
    Tested {
        program: "kubectl",
        version: "1.37.0",
        arguments: &["version", "--client"],
    },
    Tested {
        program: "sky",
        version: "0.14.1",
        arguments: &["--version"],
    },
    Tested {
        program: "dstack",
        version: "0.22.5",
        arguments: &["--version"],
    },
];

/// Checks that a tool is installed, and compares its version with the tested one.
pub(crate) fn check_tool(tool: &'static Tool, limits: Limits) -> Check {
    let program = tool.program;
    let tested = TESTED.iter().find(|tested| tested.program == program);
    let arguments = tested.map_or(&["--version"][..], |tested| tested.arguments);
    let output = match ToolCommand::new(tool, arguments, None).read(limits) {
        Ok(output) => output,
        Err(problem) => return Check::of_problem(program, problem),
    };
    let Some(version) = version_in(&output) else {
        return Check::warning(program, "its version is not known");
    };
    match tested {
        Some(tested) if numbers(&version) < numbers(tested.version) => Check::warning(
            program,
            format!(
                "{version}, older than {}, the version that was tested",
                tested.version
            ),
        )
        .help(format!("upgrade it; it is installed with {}", tool.install)),
        Some(tested) if numbers(&version) > numbers(tested.version) => Check::ok(
            program,
            format!("{version} (tested with {})", tested.version),
        ),
        _ => Check::ok(program, version),
    }
}

/// The first version in a text: numbers with points between them.
fn version_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    let mut versions = words.filter_map(|word| {
        let word = word.trim_start_matches('v');
        let is_version = numbers(word).len() > 1;
        is_version.then(|| word.to_owned())
    });
    versions.next()
}

/// The numbers at the beginning of a version: `1.32.4` of `1.32.4-gke.1`.
fn numbers(version: &str) -> Vec<u32> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    plain
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        for (text, version) in [
            ("1.83.0\n", Some("1.83.0")),
            (
                "Client Version: v1.32.4-gke.1\nKustomize Version: v5.5.0\n",
                Some("1.32.4-gke.1"),
            ),
            ("skypilot, version 0.14.1\n", Some("0.14.1")),
            ("usage: fal [-h]\n", None),
        ] {
            assert_eq!(version_in(text).as_deref(), version, "{text}");
        }
        assert!(numbers("1.9.0") < numbers("1.83.0"));
        assert_eq!(numbers("1.32.4-gke.1"), [1, 32, 4]);
    }
}
