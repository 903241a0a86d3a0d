//! Every target has its page, and the lists of targets link to it.

use machinist_core::parameter::PARAMETERS;
use machinist_deploy::{Carries, Project, TARGETS, target};
use machinist_tests::{read, repository};

use crate::{markdown, parts};

/// Whether a target carries every parameter as it is: then its page needs no table of them.
fn carries_all(name: &str) -> bool {
    let target = target(name, Project::default()).unwrap();
    let mut keys = PARAMETERS.iter().map(|parameter| parameter.key);
    keys.all(|key| matches!(target.carries(key), Carries::Exactly))
}

#[test]
fn every_target_has_its_page() {
    let book = repository().join("docs/src");
    for name in TARGETS {
        let page = format!("targets/{name}.md");
        assert!(book.join(&page).exists(), "docs/src/{page} is missing");
        let has_table = parts::is_in(&format!("carried {name}"), &read(&book.join(&page)));
        assert!(
            has_table || carries_all(name),
            "docs/src/{page} has no `carried {name}`"
        );
        for (list, link) in [
            ("docs/src/targets.md", page.clone()),
            ("README.md", format!("docs/src/{page}")),
        ] {
            let links = markdown::links(&read(&repository().join(list)));
            assert!(links.contains(&link), "{list} does not link to {link}");
        }
    }
}
