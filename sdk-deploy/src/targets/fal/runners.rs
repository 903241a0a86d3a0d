//! Reads the output of `fal apps runners APP --output json`.

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;
use serde::Deserialize;

use crate::status::{AwaitedApp, STARTS_ON_REQUEST, Status, joined};

#[derive(Deserialize)]
struct List {
    runners: Vec<Runner>,
}

#[derive(Deserialize)]
struct Runner {
    runner_id: String,
    #[serde(default)]
    revision: String,
    state: String,
    #[serde(default)]
    uptime_seconds: u64,
}

impl Runner {
    fn is(&self, states: &[&str]) -> bool {
        states
            .iter()
            .any(|state| self.state.eq_ignore_ascii_case(state))
    }
}

/// The states of runners that serve requests, that will, and that failed when they started.
const SERVING: [&str; 2] = ["RUNNING", "IDLE"];
const STARTING: [&str; 3] = ["PENDING", "DOCKER_PULL", "SETUP"];
const FAILED: [&str; 1] = ["CRASH_BACKOFF"];
/// The states of runners that are gone.
const ENDED: [&str; 2] = ["TERMINATED", "DEAD"];

/// The runner whose logs are of most use: the one that was started last, of those that run if any
/// does.
pub(super) fn newest(text: &str, app: &str) -> Result<String, Problem> {
    let list: List = serde_json::from_str(text)
        .map_err(|error| Problem::new(format!("cannot read the list of runners: {error}")))?;
    let newest = list
        .runners
        .into_iter()
        .min_by_key(|it| (it.is(&ENDED), it.uptime_seconds));
    let newest = newest.filter(|runner| !runner.runner_id.starts_with('-'));
    newest.map(|runner| runner.runner_id).ok_or_else(|| {
        Problem::new(format!(
            "`{app}` had no runner in the last hours, so there are no logs"
        ))
        .help("send it a request: it starts with that")
    })
}

/// Whether a runner of the last deploy serves requests. Without a recorded revision all runners
/// count.
pub(super) fn status(text: &str, app: AwaitedApp<'_>) -> Result<Status, String> {
    let list: List = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let last = app.state.history.first();
    let revision = last.and_then(|last| last.revision.as_deref());
    let is_new = |runner: &&Runner| revision.is_none_or(|revision| runner.revision == revision);
    let runners: Vec<&Runner> = list.runners.iter().filter(is_new).collect();
    let in_states = |states: &[&str]| {
        let runners = runners.iter().filter(|runner| runner.is(states));
        joined(runners.map(|runner| format!("runner {}: {}", runner.runner_id, runner.state)))
    };
    let (serving, starting) = (in_states(&SERVING), in_states(&STARTING));
    let failed = in_states(&FAILED);
    let keeps_a_runner = app
        .state
        .effective_scaling()
        .number_or_default(Key::MinConcurrency)
        > 0;
    Ok(if !serving.is_empty() {
        Status::Ready(serving)
    } else if !failed.is_empty() {
        Status::Failed(failed)
    } else if !starting.is_empty() {
        Status::Starting(starting)
    } else if keeps_a_runner {
        Status::Starting("it has no runner yet".into())
    } else {
        Status::Ready(STARTS_ON_REQUEST.into())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::deployed::AppState;

    fn status_of(min_concurrency: u32, runners: &[(&str, &str)]) -> Status {
        let state = json!({
            "code": {"machine_type": ["GPU-H100"]},
            "scaling": {"min_concurrency": min_concurrency},
            "history": [{"serial": 2, "time": "", "revision": "new", "code": {}}],
        });
        let state: AppState = serde_json::from_value(state).unwrap();
        let runners = runners.iter().map(|(revision, state)| {
            json!({"runner_id": "r", "revision": revision, "state": state, "alias": "a"})
        });
        let text = json!({"runners": runners.collect::<Vec<_>>()}).to_string();
        let app = AwaitedApp {
            name: "a",
            state: &state,
            before: None,
        };
        status(&text, app).unwrap()
    }

    #[test]
    fn only_runners_of_the_new_revision_count() {
        let ready = Status::Ready("runner r: IDLE".into());
        assert_eq!(status_of(1, &[("old", "RUNNING"), ("new", "IDLE")]), ready);
        let starting = Status::Starting("it has no runner yet".into());
        assert_eq!(status_of(1, &[("old", "RUNNING")]), starting);
        let setup = Status::Starting("runner r: SETUP".into());
        assert_eq!(status_of(0, &[("old", "IDLE"), ("new", "SETUP")]), setup);
    }

    #[test]
    fn the_logs_are_those_of_the_last_runner() {
        let runner = |id: &str, state: &str, uptime: u64| json!({"runner_id": id, "state": state, "uptime_seconds": uptime});
        let (old, new) = (runner("old", "RUNNING", 900), runner("new", "SETUP", 5));
        let crashed = runner("crashed", "TERMINATED", 2);
        let text = json!({"runners": [crashed, old, new]}).to_string();
        assert_eq!(newest(&text, "a").unwrap(), "new");
        let text = json!({"runners": [crashed]}).to_string();
        assert_eq!(newest(&text, "a").unwrap(), "crashed");
        assert!(
            newest(r#"{"runners": []}"#, "a")
                .unwrap_err()
                .help
                .is_some()
        );
    }

    #[test]
    fn an_app_that_keeps_no_runner_is_ready_without_one() {
        let ready = Status::Ready(STARTS_ON_REQUEST.into());
        assert_eq!(status_of(0, &[("old", "DRAINING")]), ready);
    }

    #[test]
    fn a_runner_that_crashes_is_a_failure() {
        let failed = Status::Failed("runner r: CRASH_BACKOFF".into());
        assert_eq!(status_of(1, &[("new", "CRASH_BACKOFF")]), failed);
    }
}
