//! Generated parts of pages: what stands between `<!-- generated: NAME -->` and `<!-- end -->`.

use crate::{catalogue, formats, golden, help, parameters, requirements, session};

/// At the beginning of a line: a page may also name it.
const BEGIN: &str = "\n<!-- generated: ";
const END: &str = "\n<!-- end -->";

/// A page with all its generated parts made anew.
pub(crate) fn filled(page: &str) -> Result<String, String> {
    let page = page.replace("\r\n", "\n");
    let mut out = String::new();
    let mut rest = &*page;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->").ok_or("a marker does not end")?;
        let (_, after) = after
            .split_once(END)
            .ok_or_else(|| format!("`{name}` does not end"))?;
        let part = part(name).ok_or_else(|| format!("no generated part is named `{name}`"))?;
        out += &format!("{before}{BEGIN}{name} -->\n\n{}\n{END}", part.trim_end());
        rest = after;
    }
    Ok(out + rest)
}

/// Whether a page has a generated part of this name.
pub(crate) fn is_in(name: &str, page: &str) -> bool {
    page.contains(&format!("{BEGIN}{name} -->"))
}

/// The part of this name: a kind, and which of it.
fn part(name: &str) -> Option<String> {
    let (kind, which) = name.split_once(' ').unwrap_or((name, ""));
    match kind {
        "keys" => Some(parameters::other_keys()),
        "parameters" => parameters::parameters(which),
        "carried" => parameters::carried(which),
        "requirements" => Some(requirements::requirements()),
        "catalogue" => Some(catalogue::machine_types()),
        "workloads" => Some(catalogue::workloads()),
        "names" => Some(catalogue::names()),
        "command" => Some(help::pages()),
        "exit" => Some(help::exit_codes()),
        "error" => golden::case(which),
        "session" => session::transcript(which),
        "file" => session::file(which),
        "sections" => Some(formats::sections()),
        "frame" => Some(formats::frame()),
        "schema" => formats::members(which),
        _ => None,
    }
}
