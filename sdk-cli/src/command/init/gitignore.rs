//! The lines of `.gitignore` for files that deploys write and nobody commits.

use std::path::Path;

use machinist_deploy::StateSetting;

/// The file's name.
pub(super) const FILE: &str = ".gitignore";

/// The line for what lies beside the state: its lock, and what killed deploys left. The state itself
/// is committed.
pub(super) fn line(state: &StateSetting) -> String {
    match state {
        StateSetting::File(file) if !is_default(file) => {
            let name = file.file_name().unwrap_or_default();
            format!(".{}.*", name.to_string_lossy())
        }
        StateSetting::File(_) | StateSetting::Git(_) => ".machinist-*".into(),
    }
}

/// Whether it is named like a state of which no setting says where it is.
fn is_default(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("machinist-")
}

/// The text with the line, unless it is there.
pub(super) fn with_line(text: &str, line: &str) -> Option<String> {
    let is_there = text.lines().any(|present| {
        let present = present.trim();
        present == line || present.strip_prefix(['/']) == Some(line)
    });
    if is_there {
        return None;
    }
    let end = match text {
        "" => "",
        text if text.ends_with('\n') => "",
        _ => "\n",
    };
    Some(format!("{text}{end}{line}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_once() {
        for (text, expected) in [
            ("", Some("a\n")),
            ("/target", Some("/target\na\n")),
            ("/target\n", Some("/target\na\n")),
            ("/target\na\n", None),
            ("/a\r\n", None),
        ] {
            assert_eq!(with_line(text, "a").as_deref(), expected);
        }
        for (state, expected) in [
            ("machinist-state.json", ".machinist-*"),
            ("git", ".machinist-*"),
            ("deploy/prod.json", ".prod.json.*"),
        ] {
            assert_eq!(line(&StateSetting::parse(state)), expected);
        }
    }
}
