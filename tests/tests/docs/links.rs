//! Links between pages.

use std::path::Path;

use machinist_tests::{read, repository};

use crate::markdown::{anchors, links};
use crate::{pages, report};

/// What is wrong with a link of a page.
fn fault(page: &Path, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let file = match file {
        "" => page.to_owned(),
        file => page.with_file_name("").join(file),
    };
    let Ok(file) = file.canonicalize() else {
        return Some("there is no such file".into());
    };
    let book = repository().join("docs/src").canonicalize().unwrap();
    if page.starts_with(&book) && !file.starts_with(&book) {
        return Some("it leads out of the book".into());
    }
    let is_there = anchor.is_empty() || anchors(&read(&file)).iter().any(|it| it == anchor);
    (!is_there).then(|| format!("the page has no heading `{anchor}`"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut problems = Vec::new();
    for page in pages::all() {
        for link in links(&read(&page)) {
            let fault = fault(&page, &link);
            problems.extend(fault.map(|fault| format!("{}: `{link}`: {fault}", page.display())));
        }
    }
    report(&problems);
}

#[test]
fn the_book_lists_every_page() {
    let book = repository().join("docs/src").canonicalize().unwrap();
    let mut listed = links(&read(&book.join("SUMMARY.md")));
    let pages = pages::all()
        .into_iter()
        .filter(|page| page.starts_with(&book));
    let name = |page: &Path| {
        page.strip_prefix(&book)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/")
    };
    let mut pages: Vec<String> = pages.map(|page| name(&page)).collect();
    pages.retain(|page| page != "SUMMARY.md");
    listed.sort();
    pages.sort();
    assert_eq!(listed, pages);
}
