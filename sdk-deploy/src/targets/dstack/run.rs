//! Reads the output of `dstack run get NAME --json`.

use machinist_core::parameter::Key;
use serde::Deserialize;

use crate::status::{AwaitedApp, STARTS_ON_REQUEST, Status, joined};

#[derive(Deserialize)]
struct Run {
    status: String,
    #[serde(default)]
    status_message: String,
    #[serde(default)]
    termination_reason: Option<String>,
    #[serde(default)]
    error: Option<String>,
    /// The number of the last deploy, from 0.
    #[serde(default)]
    deployment_num: u64,
    #[serde(default)]
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Job {
    #[serde(default)]
    job_spec: JobSpec,
    #[serde(default)]
    job_submissions: Vec<Submission>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    probes: Vec<ProbeSpec>,
}

#[derive(Deserialize)]
struct ProbeSpec {
    #[serde(default = "once")]
    ready_after: u64,
}

#[derive(Deserialize)]
struct Submission {
    status: String,
    #[serde(default)]
    status_message: String,
    #[serde(default)]
    termination_reason_message: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    deployment_num: u64,
    #[serde(default)]
    probes: Vec<Probe>,
}

#[derive(Deserialize)]
struct Probe {
    success_streak: u64,
}

const fn once() -> u64 {
    1
}

/// The statuses of a run that does not come back by itself.
const ENDED: [&str; 4] = ["terminating", "terminated", "failed", "done"];

impl Job {
    /// Whether it serves requests: it runs, and its probes succeeded as often as they must.
    fn is_ready(&self, submission: &Submission) -> bool {
        let mut probes = self.job_spec.probes.iter().zip(&submission.probes);
        submission.status == "running"
            && self.job_spec.probes.len() <= submission.probes.len()
            && probes.all(|(spec, probe)| probe.success_streak >= spec.ready_after)
    }
}

impl Submission {
    fn text(&self) -> String {
        let status = match self.status_message.is_empty() {
            true => &self.status,
            false => &self.status_message,
        };
        let reasons = [&self.termination_reason_message, &self.error];
        let reasons = reasons.into_iter().flatten().cloned();
        joined([format!("replica: {status}")].into_iter().chain(reasons))
    }
}

/// Whether a replica of the last deploy serves requests.
pub(super) fn status(text: &str, app: AwaitedApp<'_>) -> Result<Status, String> {
    let run: Run = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let last = run.jobs.iter().filter_map(|job| {
        let submission = job.job_submissions.last()?;
        (submission.deployment_num == run.deployment_num).then_some((job, submission))
    });
    let last: Vec<(&Job, &Submission)> = last.collect();
    let run_status = match run.status_message.is_empty() {
        true => &run.status,
        false => &run.status_message,
    };
    let reasons = [&run.termination_reason, &run.error];
    let of_run = [format!("run: {run_status}")];
    let of_run = of_run
        .into_iter()
        .chain(reasons.into_iter().flatten().cloned());
    let says = joined(of_run.chain(last.iter().map(|(_, submission)| submission.text())));
    let keeps_a_replica = app
        .state
        .effective_scaling()
        .number_or_default(Key::MinConcurrency)
        > 0;
    Ok(if ENDED.contains(&&*run.status) {
        Status::Failed(says)
    } else if last
        .iter()
        .any(|(job, submission)| job.is_ready(submission))
    {
        Status::Ready(says)
    } else if last.is_empty() && run.status != "submitted" && !keeps_a_replica {
        Status::Ready(STARTS_ON_REQUEST.into())
    } else {
        Status::Starting(says)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::deployed::AppState;

    fn status_of(run: &Value, min_concurrency: u32) -> Status {
        let state = json!({"code": {}, "scaling": {"min_concurrency": min_concurrency}});
        let state: AppState = serde_json::from_value(state).unwrap();
        let app = AwaitedApp {
            name: "a",
            state: &state,
            before: None,
        };
        status(&run.to_string(), app).unwrap()
    }

    fn job(deployment: u64, status: &str, successes: u64) -> Value {
        json!({
            "job_spec": {"probes": [{"ready_after": 2}]},
            "job_submissions": [{
                "status": status, "deployment_num": deployment,
                "probes": [{"success_streak": successes}],
                "termination_reason_message": (status == "failed").then_some("exit status 101"),
            }],
        })
    }

    #[test]
    fn replicas_of_an_earlier_deploy_do_not_count() {
        let run = |jobs: Value| json!({"status": "running", "deployment_num": 1, "jobs": jobs});
        let says = "run: running; replica: running".to_owned();
        let ready = status_of(&run(json!([job(0, "running", 5), job(1, "running", 2)])), 1);
        assert_eq!(ready, Status::Ready(says.clone()));
        let unprobed = status_of(&run(json!([job(0, "running", 5), job(1, "running", 1)])), 1);
        assert_eq!(unprobed, Status::Starting(says));
        let old = status_of(&run(json!([job(0, "running", 5)])), 1);
        assert_eq!(old, Status::Starting("run: running".into()));
    }

    #[test]
    fn a_run_that_ended_says_why() {
        let run = json!({
            "status": "failed", "termination_reason": "all_jobs_done", "deployment_num": 0,
            "jobs": [job(0, "failed", 0)],
        });
        let says = "run: failed; all_jobs_done; replica: failed; exit status 101";
        assert_eq!(status_of(&run, 1), Status::Failed(says.into()));
    }

    #[test]
    fn a_service_without_replicas_may_be_ready() {
        let run = json!({"status": "pending", "jobs": []});
        assert_eq!(status_of(&run, 0), Status::Ready(STARTS_ON_REQUEST.into()));
        assert!(matches!(status_of(&run, 1), Status::Starting(_)));
        let submitted = json!({"status": "submitted", "jobs": []});
        assert!(matches!(status_of(&submitted, 0), Status::Starting(_)));
    }
}
