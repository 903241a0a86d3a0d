//! `logs` and `open`, which hand over to the platform's tool; here to tools that write down how they
//! are called.
#![cfg(unix)]

use crate::support::{Project, package};

/// Writes its calls down, answers questions from files, and fails where logs are wanted.
const TOOL: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
echo "$(basename "$0") $*" >> "$root/calls"
case "$*" in
*"--output json"* | *--output=json* | *--json | "serve status"*) cat "$root/answer" ;;
*logs*) echo "a line of the log"; echo "trouble" >&2; exit 7 ;;
esac
"#;

fn project(target: &str) -> Project {
    let settings = format!(
        "[workspace]\n[workspace.metadata.machinist]\ntarget = \"{target}\"\nimage = \"acme/a:v1\"\n\
         knative = {{ context = \"prod\", namespace = \"models\" }}"
    );
    let project = Project::new(&[
        ("Cargo.toml", &package("p", &settings)),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.write_services(&["llm"], 1);
    for name in ["fal", "kubectl", "sky", "dstack"] {
        project.with_tool(name, TOOL);
    }
    project.write("answer", "{\"items\": []}");
    let deploy = ["deploy", "-yq", "--no-refresh", "--binary", "a.wasm"];
    project.run(&deploy).exits(0);
    project.take_calls();
    project
}

const SKY_STATUS: &str = "\
NAME  VERSION  UPTIME  STATUS  REPLICAS  ENDPOINT
llm   1        1m 40s  READY   2/2       http://1.2.3.4:30001

SERVICE_NAME  ID  VERSION  STATUS
llm           3   1        READY
llm           4   1        READY
";

#[test]
fn logs_are_those_of_the_platforms_tool() {
    let kubectl = "kubectl --context=prod --namespace=models";
    for (target, answer, args, calls) in [
        (
            "knative",
            "",
            &["--follow"][..],
            vec![format!(
                "{kubectl} logs --selector=serving.knative.dev/service=llm \
                 --container=user-container --tail=-1 --follow"
            )],
        ),
        (
            "fal",
            r#"{"runners": [{"runner_id": "r7", "state": "RUNNING", "uptime_seconds": 3}]}"#,
            &["-n", "20"],
            vec![
                "fal apps runners llm --output json --since 23h".into(),
                "fal runners logs r7 -n 20".into(),
            ],
        ),
        (
            "skypilot",
            SKY_STATUS,
            &["--no-follow"],
            vec![
                "sky serve status llm".into(),
                "sky serve logs llm 4 --no-follow".into(),
            ],
        ),
        (
            "skypilot",
            "",
            &["--controller"],
            vec!["sky serve logs llm --controller".into()],
        ),
        ("dstack", "", &["-d"], vec!["dstack logs llm -d".into()]),
    ] {
        let project = project(target);
        project.write("answer", answer);
        let args = [&["logs", "llm", "--"], args].concat();
        let shown = project.run(&args).exits(7);
        assert_eq!(shown.stdout, "a line of the log\n");
        assert!(shown.stderr.ends_with("trouble\n"), "{shown:?}");
        assert_eq!(project.take_calls(), calls);
    }
}

#[test]
fn the_url_is_what_the_platform_says() {
    for (target, answer, url) in [
        (
            "knative",
            r#"{"status": {"url": "https://llm.models.example.com"}}"#,
            "https://llm.models.example.com",
        ),
        ("skypilot", "http://1.2.3.4:30001\n", "http://1.2.3.4:30001"),
        (
            "dstack",
            r#"{"service": {"url": "https://llm.example.com"}}"#,
            "https://llm.example.com",
        ),
    ] {
        let project = project(target);
        project.write("answer", answer);
        let opened = project.run(&["open", "llm"]).exits(0);
        assert_eq!(opened.stdout, format!("{url}\n"));
        let opened = project.run(&["open", "llm", "--format", "json"]).exits(0);
        assert_eq!(opened.json()["url"], url);
    }
    let project = project("knative");
    project.write("answer", r#"{"status": {"url": "--output=/etc/passwd"}}"#);
    project.run(&["open", "llm"]).exits(1).says(
        "error: `--output=/etc/passwd` is no URL of the web\n\
         note: it is what the platform says of `llm`",
    );
    project.write("answer", r#"{"status": {}}"#);
    project.run(&["open", "llm"]).exits(1).says(
        "error: `llm` has no URL yet\n\
         help: wait until it answers, as `deploy --wait` does",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_browser_opens_only_for_a_person() {
    let project = project("knative");
    project.write(
        "answer",
        r#"{"status": {"url": "https://llm.example.com"}}"#,
    );
    project.with_tool(
        "browse",
        "#!/bin/sh\necho \"$*\" > \"$(dirname \"$0\")/opened\"\n",
    );
    let browser = project.path("bin/browse");
    let line = format!("open llm --no-browser; BROWSER={} ", browser.display());
    let program = env!("CARGO_BIN_EXE_cargo-machinist");
    let (_, shown) = project.on_a_terminal(&format!("{line} {program} machinist open llm"), "");
    assert_eq!(
        shown.matches("https://llm.example.com").count(),
        2,
        "{shown}"
    );
    for _ in 0..100 {
        if project.path("bin/opened").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(project.read("bin/opened"), "https://llm.example.com\n");
}

#[test]
fn what_has_no_logs_or_url_says_so() {
    let project = project("file");
    for (subcommand, none) in [("logs", "logs"), ("open", "URL")] {
        let refused = project.run(&[subcommand, "llm"]).exits(1);
        let error = format!("error: an app of the target `file` has no {none}\n");
        assert!(refused.stderr.starts_with(&error), "{refused:?}");
        project.run(&[subcommand, "lm"]).exits(1).says(
            "error: no app `lm` is deployed\n\
             help: a deployed app with a similar name exists: `llm`\n\
             note: deployed apps are llm",
        );
    }
    let refused = self::project("fal").run(&["open", "llm"]).exits(1);
    assert!(refused.stderr.contains("https://fal.ai/dashboard/apps"));
}
