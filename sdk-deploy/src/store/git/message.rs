//! Messages of commits: a subject, and lines of a key and a value.

/// The key of who made a change.
pub(super) const BY: &str = "By";
/// The key of the commit of the code.
pub(super) const COMMIT: &str = "Commit";
/// The key of the state's serial.
pub(super) const SERIAL: &str = "Serial";

/// A message. Empty values are left out.
pub(super) fn write(subject: &str, values: &[(&str, &str)]) -> String {
    let mut text = one_line(subject) + "\n\n";
    for (key, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
        text += &format!("{key}: {}\n", one_line(value));
    }
    text
}

/// The subject of a message.
pub(super) fn subject(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The value of a key.
pub(super) fn value(text: &str, key: &str) -> Option<String> {
    let mut lines = text.lines().skip(1);
    lines.find_map(|line| Some(line.strip_prefix(key)?.strip_prefix(": ")?.to_owned()))
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
