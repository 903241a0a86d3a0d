//! Waits until deployed apps answer.

use std::thread;
use std::time::{Duration, Instant};

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;

use crate::app_plan::{Action, AppPlan, Plan};
use crate::deployed::Deployed;
use crate::limits::Limits;
use crate::status::{AwaitedApp, Status, StatusQuestion};
use crate::targets::Target;
use crate::tool::duration_text;

/// How much longer than `startup_timeout` an app may take: the platform finds a machine for it and
/// loads its image first.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// How long it takes from one question to the next, at first and at most.
const FIRST_INTERVAL: Duration = Duration::from_millis(200);
const LONGEST_INTERVAL: Duration = Duration::from_secs(5);

/// A failure counts once it is reported this many times in a row: platforms also report failures
/// that pass, and tools fail when a connection breaks.
const REPETITIONS: u32 = 3;

/// Waiting for the apps that a plan deploys.
///
/// ```
/// use machinist_deploy::{Deployed, Manifest, Options, Project, Wait, plan, target};
///
/// let manifest = Manifest::parse(
///     r#"{"manifest_version": 1, "apps": [{
///         "name": "llm", "package": "studio", "version": "0.1.0",
///         "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
///         "code": {"machine_type": ["GPU-H100"], "gpus": 2, "startup_timeout": 300}
///     }]}"#,
/// )?;
/// let plan = plan(&manifest, &Deployed::default(), &Options::default());
/// let knative = target("knative", Project::default())?;
/// let wait = Wait::for_plan(&plan, &*knative, None);
/// let command = &wait.apps[0].question.command;
/// assert_eq!(command.to_string(), "kubectl get ksvc llm --output=json");
/// assert_eq!(wait.apps[0].limit.as_secs(), 900);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Wait {
    /// The apps, each with its question.
    pub apps: Vec<WaitedApp>,
}

/// An app that is waited for.
#[derive(Clone, Debug)]
pub struct WaitedApp {
    /// Its name.
    pub name: String,
    /// What the platform's tool is asked.
    pub question: StatusQuestion,
    /// How long it may take until the app answers.
    pub limit: Duration,
    is_new: bool,
    before: Option<String>,
}

/// What became of an app that was waited for.
#[derive(Clone, Debug)]
pub struct WaitResult {
    /// The app.
    pub app: String,
    /// What the platform said last.
    pub says: Option<String>,
    /// Why it does not answer; `None` if it does.
    pub problem: Option<Problem>,
}

impl Wait {
    /// Waits for the apps that the plan deploys, this long; without a limit as long as each may take
    /// to start, and some minutes. Nothing is asked yet. No app is waited for where the target runs
    /// none.
    pub fn for_plan(plan: &Plan, target: &dyn Target, limit: Option<Duration>) -> Self {
        let is_deployed = |app: &&AppPlan| {
            let action = app.action;
            matches!(action, Action::Create | Action::Adopt | Action::Update)
        };
        let apps = plan.apps.iter().filter(is_deployed).filter_map(|app| {
            Some(WaitedApp {
                name: app.name.clone(),
                question: target.status_question(&app.name)?,
                limit: limit.unwrap_or_else(|| default_limit(app)),
                is_new: app.action == Action::Create,
                before: None,
            })
        });
        Self {
            apps: apps.collect(),
        }
    }

    /// Asks about the apps before their deploy, where the question demands it.
    pub fn ask_before(&mut self, limits: Limits) {
        for app in &mut self.apps {
            if app.question.is_asked_before && !app.is_new {
                // Without an answer the first one after the deploy counts.
                app.before = app.question.command.read(limits).ok();
            }
        }
    }

    /// Asks until every app answers, fails, or has used up its time. `deployed` is what is deployed
    /// now; `report` is told what the platform says of an app whenever that changes.
    pub fn until_ready(
        self,
        target: &dyn Target,
        deployed: &Deployed,
        limits: Limits,
        report: &mut dyn FnMut(&str, &Status),
    ) -> Vec<WaitResult> {
        let started = Instant::now();
        let mut waiting: Vec<Waiting> = self.apps.into_iter().map(Waiting::new).collect();
        let mut results = Vec::new();
        let mut interval = FIRST_INTERVAL;
        loop {
            waiting.retain_mut(|app| {
                let result = app.ask(target, deployed, limits, started.elapsed(), report);
                let is_done = result.is_some();
                results.extend(result);
                !is_done
            });
            if waiting.is_empty() {
                return results;
            }
            let left = waiting.iter().map(|app| app.app.limit);
            let left = left.min().unwrap_or_default();
            thread::sleep(interval.min(left.saturating_sub(started.elapsed())));
            interval = (interval * 2).min(LONGEST_INTERVAL);
        }
    }
}

/// How long an app may take until it answers.
fn default_limit(app: &AppPlan) -> Duration {
    let seconds = app.all_parameters().number_or_default(Key::StartupTimeout);
    Duration::from_secs(seconds.into()) + MARGIN
}

/// An app that does not answer yet.
struct Waiting {
    app: WaitedApp,
    said: Option<Status>,
    /// How many times in a row the platform said that it failed, or could not be asked.
    failures: u32,
}

impl Waiting {
    fn new(app: WaitedApp) -> Self {
        Self {
            app,
            said: None,
            failures: 0,
        }
    }

    /// Asks once. Gives what became of the app, if it need not be asked again.
    fn ask(
        &mut self,
        target: &dyn Target,
        deployed: &Deployed,
        limits: Limits,
        elapsed: Duration,
        report: &mut dyn FnMut(&str, &Status),
    ) -> Option<WaitResult> {
        let name = &self.app.name;
        let left = self.app.limit.saturating_sub(elapsed);
        let answer_limit = limits.answer.min(left.max(Duration::from_secs(1)));
        let limits = Limits {
            answer: answer_limit,
            ..limits
        };
        let status = self.read_status(target, deployed, limits);
        if let Ok(status) = &status {
            if self.said.as_ref() != Some(status) {
                report(name, status);
            }
            self.said = Some(status.clone());
        }
        self.failures = match status {
            Ok(Status::Ready(_)) => return Some(self.result(None)),
            Ok(Status::Starting(_)) => 0,
            Ok(Status::Failed(_)) | Err(_) => self.failures + 1,
        };
        let is_over = elapsed >= self.app.limit;
        let problem = match status {
            Ok(Status::Failed(_)) if self.failures >= REPETITIONS || is_over => self.failed(target),
            Err(problem) if self.failures >= REPETITIONS || is_over => Problem {
                message: format!(
                    "`{name}` is deployed, and whether it answers is not known: {}",
                    problem.message
                ),
                ..problem
            },
            _ if is_over => self.timed_out(target),
            _ => return None,
        };
        Some(self.result(Some(problem)))
    }

    fn read_status(
        &self,
        target: &dyn Target,
        deployed: &Deployed,
        limits: Limits,
    ) -> Result<Status, Problem> {
        let command = &self.app.question.command;
        let output = command.read(limits)?;
        let nothing = Default::default();
        let app = AwaitedApp {
            name: &self.app.name,
            state: deployed.apps.get(&self.app.name).unwrap_or(&nothing),
            before: self.app.before.as_deref(),
        };
        target
            .read_status(&output, app)
            .map_err(|reason| command.unreadable(&output, &reason))
    }

    fn result(&self, problem: Option<Problem>) -> WaitResult {
        let says = self.said.as_ref().map(Status::says);
        WaitResult {
            app: self.app.name.clone(),
            says: says.filter(|says| !says.is_empty()).map(str::to_owned),
            problem,
        }
    }

    fn failed(&self, target: &dyn Target) -> Problem {
        let name = &self.app.name;
        let message = format!("`{name}` is deployed, and does not start");
        self.with_what_is_said(
            Problem::new(message).help(format!(
                "see why with `cargo machinist logs {name}`, and deploy again"
            )),
            target,
        )
    }

    fn timed_out(&self, target: &dyn Target) -> Problem {
        let (name, limit) = (&self.app.name, self.app.limit);
        let text = duration_text(limit);
        let message = format!("`{name}` is deployed, and does not answer after {text}");
        let longer = duration_text(limit.saturating_mul(2));
        self.with_what_is_said(
            Problem::new(message).help(format!(
                "see why with `cargo machinist logs {name}`, or wait longer with `--wait={longer}`"
            )),
            target,
        )
    }

    fn with_what_is_said(&self, problem: Problem, target: &dyn Target) -> Problem {
        match self.said.as_ref().map(Status::says) {
            None | Some("") => problem,
            Some(says) => problem.note(format!("{} says: {says}", target.name())),
        }
    }
}
