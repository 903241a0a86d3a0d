//! `plan --format markdown`, read by a parser of Markdown as hosts read it.
#![cfg(unix)]

use machinist_core::machines_toml;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use crate::support::{Project, package, payload, run};

/// What a reader of the Markdown sees.
#[derive(Debug, Default)]
struct Page {
    headings: Vec<String>,
    /// The rows of each table, the head first.
    tables: Vec<Vec<Vec<String>>>,
    /// Text outside of tables.
    paragraphs: Vec<String>,
    /// The tags of HTML, without those of code and line breaks.
    html: Vec<String>,
}

fn read(markdown: &str) -> Page {
    let mut page = Page::default();
    let mut text = String::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
        match event {
            Event::Text(part) => text += &part,
            Event::SoftBreak => text.push(' '),
            Event::InlineHtml(tag) | Event::Html(tag) => {
                let tag = tag.trim();
                if !["<code>", "</code>", "<br>", "<!-- -->"].contains(&tag) {
                    page.html.push(tag.to_owned());
                }
            }
            Event::Start(Tag::Table(_)) => page.tables.push(Vec::new()),
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                page.tables.last_mut().unwrap().push(Vec::new());
            }
            Event::End(TagEnd::TableCell) => {
                let row = page.tables.last_mut().unwrap().last_mut().unwrap();
                row.push(std::mem::take(&mut text));
            }
            Event::End(TagEnd::Heading(_)) => page.headings.push(std::mem::take(&mut text)),
            Event::End(TagEnd::Paragraph) => page.paragraphs.push(std::mem::take(&mut text)),
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::TableCell | Tag::Strong)
            | Event::End(TagEnd::Strong | TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow)
            | Event::Start(Tag::HtmlBlock)
            | Event::End(TagEnd::HtmlBlock) => {}
            // A link, an image, a list or code of Markdown came from a text that was not escaped.
            other => panic!("{other:?} in\n{markdown}"),
        }
    }
    page
}

const SETTINGS: &str = "[workspace]\n[workspace.metadata.machinist]\ntarget = \"skypilot\"\n";

/// A project whose binary `p.wasm` has these apps, with this image.
fn project(apps: &[Value], image: &str) -> Project {
    let project = Project::new(&[("src/main.rs", "fn main() {}\n")]);
    project.with_sky();
    set_image(&project, image);
    project.write_binary("p.wasm", apps);
    project
}

fn set_image(project: &Project, image: &str) {
    let image = toml::Value::from(image);
    let settings = format!("{SETTINGS}image = {image}\n");
    project.write("Cargo.toml", &package("p", &settings));
}

fn app(name: &str, machine: &str, gpus: u32, scaling: &Value) -> Value {
    let code = json!({"machine_type": [machine], "gpus": gpus, "port": 8080});
    let mut app = payload(name, "p", &code, scaling);
    let prices = "[GPU-H100]\nprice_per_hour = 1.99\n[GPU-H200]\nprice_per_hour = 2.5\n";
    let machines = machines_toml::read(prices).unwrap();
    let machine = machines.iter().find(|known| known.name == machine).unwrap();
    let machine: Value = serde_json::from_str(&machine.json()).unwrap();
    app["machines"] = json!([machine]);
    app
}

fn plan(project: &Project) -> String {
    let line = ["plan", "-q", "--format", "markdown", "--binary", "p.wasm"];
    project.run(&line).exits(0).stdout
}

#[test]
fn machine_changes_and_cost_come_first_and_details_are_folded() {
    let keep_one = json!({"min_concurrency": 1, "max_concurrency": 4});
    let apps = [
        app("alpha", "GPU-H100", 1, &keep_one),
        app("beta", "GPU-H100", 1, &keep_one),
        app("gamma", "GPU-H100", 2, &keep_one),
        app("same", "GPU-H100", 1, &keep_one),
    ];
    let project = project(&apps, "acme/a:v1");
    let deploy = ["deploy", "-yq", "--binary", "p.wasm"];
    project.run(&deploy).exits(0);
    project
        .run(&["scale", "-q", "same", "max_concurrency=9"])
        .exits(0);
    let keep_two = json!({"min_concurrency": 2, "max_concurrency": 4});
    let more = json!({"min_concurrency": 1, "max_concurrency": 8});
    project.write_binary(
        "p.wasm",
        &[
            app("alpha", "GPU-H100", 1, &more),
            app("beta", "GPU-H100", 1, &keep_two),
            app("gamma", "GPU-H200", 4, &keep_one),
            app("new", "GPU-H100", 1, &json!({})),
            app("same", "GPU-H100", 1, &keep_one),
        ],
    );
    let markdown = plan(&project);
    assert!(
        markdown.starts_with("<!-- machinist-plan: skypilot -->\n### machinist plan: skypilot\n"),
        "{markdown}"
    );
    let page = read(&markdown);
    assert_eq!(page.headings, ["machinist plan: skypilot"]);
    assert_eq!(
        page.paragraphs[0],
        "1 to create, 3 to update, 1 unchanged; 1 app changes its machine; \
         kept runners: 9.95/hour -> 17.96/hour"
    );
    let cells = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
    assert_eq!(
        page.tables[0],
        [
            cells(["App", "Action", "Machine", "Kept runners", "Other changes"]),
            cells([
                "gamma",
                "update",
                "GPU-H100 × 2 → GPU-H200 × 4",
                "3.98/hour -> 10/hour",
                "settings"
            ]),
            cells([
                "beta",
                "update",
                "GPU-H100 × 1",
                "1.99/hour -> 3.98/hour",
                "min_concurrency"
            ]),
            cells(["alpha", "update", "GPU-H100 × 1", "", "max_concurrency"]),
            cells(["new", "create", "GPU-H100 × 1", "", ""]),
        ]
    );
    assert!(markdown.contains("**<code>GPU-H100</code> × 2 → <code>GPU-H200</code> × 4**"));
    assert_eq!(
        page.html,
        [
            "<!-- machinist-plan: skypilot -->",
            "<details>",
            "<summary>All changes, and tuned values that stay</summary>",
            "</details>"
        ]
    );
    let details = &page.tables[1];
    let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    assert_eq!(details[0], row(["App", "What", "Change"]));
    assert_eq!(
        details[1],
        row(["gamma", "machine_type", "GPU-H100 -> GPU-H200"])
    );
    assert!(details.contains(&row(["alpha", "max_concurrency", "4 -> 8"])));
    // The table that is folded stands behind the fold.
    let (before, folded) = markdown.split_once("<details>").unwrap();
    assert!(before.contains("Kept runners") && folded.contains("| What |"));
}

#[test]
fn texts_of_users_are_texts() {
    let hostile = "a|b`c`<img src=x onerror=alert(1)>&amp;[x](https://evil.example)\\|@team *b* _i_ \
                   ~~s~~ #1 :+1: www.evil.example </details>--><!--\n| x |";
    // A key of a later version may be any text, and so may its value.
    let mut app = app("llm", "GPU-H100", 1, &json!({}));
    let later = |value: &str| json!({"machine_type": ["GPU-H100"], "gpus": 1, "port": 8080, hostile: value});
    app["code"] = later("first");
    let project = project(&[app.clone()], "acme/a:v1");
    project
        .run(&["deploy", "-yq", "--binary", "p.wasm"])
        .exits(0);
    app["code"] = later(hostile);
    project.write_binary("p.wasm", &[app]);
    let markdown = plan(&project);
    let page = read(&markdown);
    let key = hostile.replace('\n', "\\n");
    let row = ["llm", "update", "GPU-H100 × 1", "", &*key].map(str::to_owned);
    assert_eq!(page.tables[0][1], row);
    let change = format!("\"first\" -> {}", json!(hostile));
    assert_eq!(page.tables[1][1], ["llm".to_owned(), key, change]);
    // Nothing that a host makes a link or a mention of is left.
    for markup in ["https:", "www.", "@", "](", "<img", ":+1:", "#1 "] {
        assert!(!markdown.contains(markup), "{markup} in {markdown}");
    }
    assert_eq!(page.html.len(), 4, "{:?}", page.html);
}

#[test]
fn warnings_needs_and_refusals_are_visible() {
    let regions = json!({"regions": ["us-west"], "min_concurrency": 5, "max_concurrency": 4});
    let project = project(&[app("llm", "GPU-H100", 1, &regions)], "acme/a:v1");
    project.write_binary("p.wasm", &[app("llm", "GPU-H100", 1, &regions)]);
    let answer = project.run(&[
        "plan",
        "-q",
        "--format=markdown",
        "--binary",
        "p.wasm",
        "--strict",
    ]);
    assert_eq!(answer.code, Some(1), "{answer:#?}");
    let page = read(&answer.stdout);
    assert!(
        page.paragraphs
            .iter()
            .any(|text| text.starts_with("A deploy refuses this plan: ")),
        "{page:#?}"
    );
    // Each warning of stderr is in the page.
    let warnings = answer
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("warning: "));
    let warnings: Vec<String> = warnings.map(|warning| warning.replace('`', "")).collect();
    assert!(!warnings.is_empty(), "{answer:#?}");
    for warning in warnings {
        let expected = format!("Warning: {warning}");
        let mut paragraphs = page.paragraphs.iter();
        assert!(
            paragraphs.any(|text| text.starts_with(&expected)),
            "{expected}: {page:#?}"
        );
    }
    assert!(
        !answer
            .stdout
            .split("<details>")
            .nth(1)
            .unwrap()
            .contains("**Warning")
    );
}

#[test]
fn a_refusal_that_is_too_long_is_not_left_out_in_silence() {
    let variables: Vec<String> = (0..900).map(|i| format!("A_SECRET_OF_MANY_{i}")).collect();
    let mut llm = app("llm", "GPU-H100", 1, &json!({}));
    llm["requires"] = json!({"env": variables});
    let project = project(&[llm], "acme/a:v1");
    let refused = project.run(&["plan", "-q", "--format=markdown", "--binary", "p.wasm"]);
    let page = read(&refused.exits(1).stdout);
    let mut paragraphs = page.paragraphs.iter();
    assert!(
        paragraphs.any(|text| text.starts_with("A deploy refuses this plan: ")),
        "{page:#?}"
    );
}

#[test]
fn a_long_plan_is_cut_at_whole_rows_and_says_so() {
    const APPS: usize = 5_000;
    let regions = json!({"regions": ["us-west", "us-east"], "scaling_delay": 5});
    let apps: Vec<Value> = (0..APPS)
        .map(|i| app(&format!("app-{i:04}"), "GPU-H100", 2, &regions))
        .collect();
    let project = project(&apps, &"acme/an-image-with-a-long-name".repeat(20));
    let markdown = plan(&project);
    // GitHub's limit, of which some is left to the bot.
    assert!(markdown.len() < 65_000, "{}", markdown.len());
    assert!(markdown.len() > 40_000, "{}", markdown.len());
    let page = read(&markdown);
    assert!(
        page.paragraphs[0].starts_with("5000 to create"),
        "{:?}",
        page.paragraphs[0]
    );
    for table in &page.tables {
        assert!(
            table.iter().all(|row| row.len() == table[0].len()),
            "{table:?}"
        );
    }
    let shown = page.tables[0].len() - 1;
    let note = format!(
        "{} apps are not shown: cargo machinist plan shows all of them.",
        APPS - shown
    );
    assert!(
        page.paragraphs.contains(&note),
        "{note}: {:?}",
        page.paragraphs
    );
    assert_eq!(page.html.last().unwrap(), "</details>");
}

#[test]
fn only_a_plan_is_markdown() {
    for line in [&["apps"][..], &["machines"], &["deploy"], &["schema"]] {
        let refused = run(&[line, &["--format", "markdown"]].concat()).exits(1);
        assert_eq!(
            refused.stderr,
            "error: only `plan` prints Markdown\nhelp: write `--format text` or `--format json`\n"
        );
    }
}
