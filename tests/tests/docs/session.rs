//! A day of the project: the commands that the pages show, one after the other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use machinist_deploy::TARGETS;
use machinist_tests::{read, stderr, stdout};
use serde_json::{Value, json};

use crate::project::{MAIN, Project, stable};
use crate::table::block;

const STATE: &str = "machinist-state.json";

/// What was seen on the day.
#[derive(Default)]
struct Day {
    /// Commands with what they answered, by what they show.
    transcripts: BTreeMap<&'static str, String>,
    /// Files that were written, and documents that were printed.
    files: BTreeMap<String, String>,
    /// A plan, in color.
    plan: String,
    /// An error of the compiler, in color.
    compile_error: String,
}

/// Commands with what they answered.
pub(crate) fn transcript(name: &str) -> Option<String> {
    let text = day().transcripts.get(name)?;
    Some(block("text", text))
}

/// A file of the project, or a document that a command prints.
pub(crate) fn file(name: &str) -> Option<String> {
    let text = day().files.get(name)?;
    let language = match Path::new(name).extension()?.to_str()? {
        "rs" => "rust",
        "yml" => "yaml",
        other => other,
    };
    Some(block(language, text))
}

/// A plan after a tuning and a change of the code, in color.
pub(crate) fn plan() -> String {
    format!("$ cargo machinist plan\n{}", day().plan)
}

/// An error of the compiler, in color.
pub(crate) fn compile_error() -> String {
    format!("$ cargo build\n{}", day().compile_error)
}

fn day() -> &'static Day {
    static DAY: OnceLock<Day> = OnceLock::new();
    DAY.get_or_init(Day::new)
}

impl Day {
    fn new() -> Self {
        let project = Project::new("session");
        let mut day = Self::default();
        day.file("main.rs", project.read(MAIN));
        day.deploy(&project);
        day.redeploy(&project);
        day.go_back(&project);
        day.choose(&project);
        day.render(&project);
        day.show(
            &project,
            "lost",
            &["cargo machinist manifest -p studio -o studio.json"],
        );
        day.mistake(&project);
        day
    }

    fn show(&mut self, project: &Project, name: &'static str, lines: &[&str]) {
        self.transcripts.insert(name, project.transcript(lines));
    }

    fn file(&mut self, name: &str, text: String) {
        self.files.insert(name.into(), text);
    }

    /// The first deploy, and what is tuned afterwards.
    fn deploy(&mut self, project: &Project) {
        self.show(
            project,
            "manifest",
            &["cargo machinist manifest -o machinist.json"],
        );
        self.file("machinist.json", project.read("machinist.json"));
        self.show(project, "deploy", &["cargo machinist deploy --yes"]);
        self.show(
            project,
            "scale",
            &[
                "cargo machinist scale llm-server keep_alive=10m max_concurrency=20",
                "cargo machinist scale llm-server gpus=4",
            ],
        );
    }

    /// A change of the code, and the deploy of it.
    fn redeploy(&mut self, project: &Project) {
        project.replace(MAIN, "gpus = 2", "gpus = 4");
        project.replace(MAIN, "120 GB", "240 GB");
        project.replace(MAIN, "keep_alive = \"5m\"", "keep_alive = \"3m\"");
        self.show(
            project,
            "check",
            &["cargo machinist manifest --check machinist.json"],
        );
        self.show(project, "plan", &["cargo machinist plan"]);
        self.plan = stdout(&project.run("cargo machinist plan --color always"));
        let json = project.run("cargo machinist plan --format json");
        self.file("plan.json", stdout(&json));
        self.show(project, "redeploy", &["cargo machinist deploy --yes"]);
        self.file("state.json", state(&project.read(STATE)));
        self.file("effective.json", project.read("machinist-effective.json"));
        self.show(
            project,
            "apps",
            &["cargo machinist apps", "cargo machinist apps llm-server"],
        );
        self.drift(project);
    }

    /// What a plan says of what somebody changed on the platform.
    fn drift(&mut self, project: &Project) {
        let before = project.read(STATE);
        let mut state: Value = serde_json::from_str(&before).unwrap();
        state["targets"]["fal"] = state["targets"]["file"].clone();
        project.write(STATE, &state.to_string());
        let answer = json!({"apps": [{
            "alias": "llm-server", "revision": "r1", "machine_types": ["GPU-A100"],
            "keep_alive": 600, "max_concurrency": 20, "max_multiplexing": 1,
        }]});
        project.write("answer.json", &answer.to_string());
        self.show(
            project,
            "drift",
            &["cargo machinist plan --target fal --live answer.json"],
        );
        project.write(STATE, &before);
    }

    /// A reset of what was tuned, and the way back.
    fn go_back(&mut self, project: &Project) {
        self.show(
            project,
            "reset",
            &["cargo machinist deploy --yes --reset-scaling llm-server"],
        );
        self.show(project, "unchanged", &["cargo machinist plan"]);
        self.show(
            project,
            "rollback",
            &["cargo machinist rollback llm-server --to 1 --yes"],
        );
    }

    /// Which machine to take.
    fn choose(&mut self, project: &Project) {
        self.show(
            project,
            "choose",
            &[
                "cargo machinist machines --vram 120GB",
                "cargo machinist machines --vram 120GB --gpus 2",
                "cargo machinist machines --workload video-generation --encoders 1",
            ],
        );
        self.show(
            project,
            "machine",
            &["cargo machinist machines GPU-L40 --gpus 2"],
        );
    }

    /// What each target is given.
    fn render(&mut self, project: &Project) {
        for target in TARGETS {
            let out = format!("rendered/{target}");
            let rendered = project.run(&format!(
                "cargo machinist render --no-refresh --target {target} --out {out}"
            ));
            stdout(&rendered);
            let folder = project.root().join(out).join("llm-server");
            for file in fs::read_dir(folder).into_iter().flatten() {
                let path = file.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                self.file(&format!("{target}/{name}"), read(&path));
            }
        }
    }

    /// What the compiler says of a mistake.
    fn mistake(&mut self, project: &Project) {
        let mistake = "#[machinist::app(machine_type = \"GPU-H10O\", gpus = 2)]\nstruct LlmServer;\n\nfn main() {}\n";
        project.write(MAIN, mistake);
        let failed = project.run("cargo build --quiet --color always");
        assert!(!failed.status.success());
        self.compile_error = stderr(&failed);
    }
}

/// A state whose lineage and times are the same every day.
fn state(text: &str) -> String {
    let state: Value = serde_json::from_str(text).unwrap();
    let lineage = state["lineage"].as_str().unwrap();
    stable(&text.replace(lineage, "9f86d081884c7d65"))
}
