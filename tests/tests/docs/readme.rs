//! What the README promises of itself.

use machinist_tests::{read, repository};

/// What is read in two minutes.
const MOST: usize = 6 * 1024;

#[test]
fn the_readme_is_short() {
    let length = read(&repository().join("README.md")).len();
    assert!(length <= MOST, "{length} bytes, and the most is {MOST}");
}

#[test]
fn what_it_costs_is_what_was_measured() {
    let readme = read(&repository().join("README.md"));
    let measured = read(&repository().join("benches/README.md"));
    let (_, costs) = readme.split_once("\n## What it costs\n").unwrap();
    let costs = costs.lines().filter(|line| line.starts_with("- "));
    let is_figure = |c: char| c.is_ascii_digit() || c == '.';
    for line in costs {
        // A single digit, as in `1 GB`, is not measured, and `10 000` is a number of apps.
        let figures = line
            .replace("10 000", "")
            .split(|c| !is_figure(c))
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let figures = figures.iter().map(|figure| figure.trim_matches('.'));
        for figure in figures.filter(|figure| figure.len() > 1) {
            let is_there = measured.split([' ', '|']).any(|word| word == figure);
            assert!(is_there, "`{figure}` is not in benches/README.md: {line}");
        }
    }
}
