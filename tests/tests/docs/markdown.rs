//! What of Markdown the checks look at: lines, blocks of code, headings and links.

/// A line, and the language of the block of code that it is in; `None` in prose. The lines that
/// begin and end a block are left out.
pub(crate) fn lines(page: &str) -> Vec<(Option<&str>, &str)> {
    let mut language = None;
    let mut lines = Vec::new();
    for line in page.lines() {
        match (line.strip_prefix("```"), language) {
            (Some(begun), None) => language = Some(begun),
            (Some(_), Some(_)) => language = None,
            (None, _) => lines.push((language, line)),
        }
    }
    lines
}

/// The blocks of code of a language.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("\n```{language}\n");
    let rest = page.split(&*begin).skip(1);
    rest.filter_map(|rest| Some(rest.split_once("\n```")?.0.to_owned()))
        .collect()
}

/// The targets of all links and pictures.
pub(crate) fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    for (_, line) in lines(page)
        .into_iter()
        .filter(|(language, _)| language.is_none())
    {
        let line = without_code(line);
        let targets = line.split("](").skip(1);
        links.extend(targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    links
}

/// The names by which links reach the headings, as GitHub and mdBook make them.
pub(crate) fn anchors(page: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    for (_, line) in lines(page)
        .into_iter()
        .filter(|(language, _)| language.is_none())
    {
        let text = line.trim_start_matches('#');
        if text.len() == line.len() || !text.starts_with(' ') {
            continue;
        }
        let words = text.trim().to_lowercase().replace(' ', "-");
        let is_kept = |c: &char| c.is_alphanumeric() || "-_".contains(*c);
        let anchor: String = words.chars().filter(is_kept).collect();
        let same = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(match same {
            0 => anchor,
            same => format!("{anchor}-{same}"),
        });
    }
    anchors
}

/// A line without what stands in backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}
