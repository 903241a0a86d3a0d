//! The files that tell the client what an app is, beside the files that it sends.

use std::fs;
use std::path::Path;

use super::dockerignore::DOCKERIGNORE;
use super::slashes::with_slashes;

/// The file that tells the client what an app is.
pub(super) const PYPROJECT: &str = "pyproject.toml";

/// The first line of the `.dockerignore` of a rendered context.
const RENDERED: &str = "# Written by cargo machinist: what the client does not send.";

/// The client reads patterns as git does, but without exceptions (`!`), so the project's own rules
/// are not passed on.
pub(super) fn dockerignore(dockerfile: Option<&Path>) -> String {
    let is_special = |c: char| "\\*?[]!# ".contains(c);
    let mut text = format!("{RENDERED}\n/{PYPROJECT}\n/{DOCKERIGNORE}\n");
    if let Some(dockerfile) = dockerfile {
        text.push('/');
        for c in with_slashes(dockerfile).chars() {
            text.extend(is_special(c).then_some('\\'));
            text.push(c);
        }
        text.push('\n');
    }
    text
}

/// Whether a folder is a context that was rendered.
pub(super) fn is_rendered(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join(DOCKERIGNORE));
    text.is_ok_and(|text| text.starts_with(RENDERED))
}
