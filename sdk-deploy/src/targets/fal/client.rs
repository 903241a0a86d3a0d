//! What fal's client finds in a `Dockerfile`: it has a reader of its own, which looks at lines.

use std::collections::BTreeSet;

/// The paths that the client finds in `COPY` and `ADD`, and sends.
///
/// The function `parse_copy_add_sources` of its `DockerfileParser` was translated. Only where a
/// text has quotes or backslashes this finds nothing, and the client may find something.
pub(super) fn copied_paths(dockerfile: &str) -> BTreeSet<String> {
    let joined = join_lines(&dockerfile.replace("\r\n", "\n"));
    joined.lines().flat_map(copied_by_line).collect()
}

/// A backslash at the end of a line continues it, whatever follows.
fn join_lines(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |joined, part| joined + " " + part.trim_start())
}

fn copied_by_line(line: &str) -> Vec<String> {
    let (Some(instruction), Some(rest)) = (line.get(..3), line.get(3..)) else {
        return Vec::new();
    };
    let is_add = instruction.eq_ignore_ascii_case("ADD");
    let rest = match is_add {
        true => Some(rest),
        false => (instruction.eq_ignore_ascii_case("COP"))
            .then(|| rest.strip_prefix(['Y', 'y']))
            .flatten(),
    };
    let Some(rest) = rest.filter(|rest| rest.starts_with(char::is_whitespace)) else {
        return Vec::new();
    };
    let rest = rest.trim();
    let rest = rest.strip_suffix('\\').unwrap_or(rest).trim();
    let lower = rest.to_ascii_lowercase();
    let is_download = is_add && (lower.contains("http://") || lower.contains("https://"));
    if is_download || (!is_add && lower.starts_with("--from=")) {
        return Vec::new();
    }
    let rest = without_options(rest);
    let rest = rest.trim();
    let words: Vec<String> = match rest.ends_with(']') {
        true => serde_json::from_str(rest).unwrap_or_default(),
        false if rest.contains(['"', '\'', '\\']) => Vec::new(),
        false => rest.split_whitespace().map(str::to_owned).collect(),
    };
    let sources = words.split_last().map(|(_, sources)| sources);
    let sources = sources.unwrap_or_default().iter();
    sources
        .map(|source| source.trim_start_matches('/').to_owned())
        .collect()
}

/// Without what looks like an option, also in the middle of a name.
fn without_options(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("--") {
        kept += &rest[..start];
        let option = &rest[start + 2..];
        let name_end = option.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name_end = name_end.unwrap_or(option.len());
        if name_end == 0 {
            kept += "-";
            rest = &rest[start + 1..];
            continue;
        }
        rest = &option[name_end..];
        if let Some(value) = rest.strip_prefix('=') {
            let end = value.find(|c: char| c.is_whitespace() || c == ']');
            match end.unwrap_or(value.len()) {
                0 => {}
                end => rest = &value[end..],
            }
        }
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers of the client's own `DockerfileParser`, version 1.83.0.
    #[test]
    fn the_client_finds_these_paths() {
        for (dockerfile, expected) in [
            ("COPY a /", &["a"][..]),
            ("copy /a/b c /srv/\nADD d e", &["a/b", "c", "d"]),
            ("COPY --chmod=755 --link [\"a b\", \"/x\"]", &["a b"]),
            ("COPY a \\\n  b \\\n\n  c /", &["a", "b", "c"]),
            // None of these is sent whole.
            ("  COPY a /", &[]),
            ("COPY a--b c--d=e.txt /", &["a", "c"]),
            ("ADD https://example.com/x a /", &[]),
            ("COPY --from=build a /", &[]),
            ("COPY a \\\n  # comment\n  b /", &["#", "a"]),
            ("# escape=`\nCOPY a `\n  b /", &["a"]),
            ("COPY \"a\" /", &[]),
            ("COPY . .", &["."]),
            ("COPYRIGHT a /", &[]),
            ("COPY", &[]),
        ] {
            let found = copied_paths(dockerfile);
            assert!(found.iter().eq(expected), "{dockerfile}: {found:?}");
        }
    }
}
