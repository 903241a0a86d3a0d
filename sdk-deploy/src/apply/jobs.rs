//! Runs the commands of apps, one app after the other or several at once.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Scope};

use machinist_core::problem::Problem;

use super::progress::Progress;
use crate::app_plan::{AppPlan, Plan};
use crate::limits::Limits;
use crate::rendering::{Rendering, Step, StepKind};
use crate::tool::{RunError, ToolCommand};

/// The commands of one app, which run one after the other.
pub(super) struct Job<'a> {
    pub(super) app: &'a AppPlan,
    /// Which job it is, from 1.
    pub(super) nth: usize,
    pub(super) steps: Vec<&'a Step>,
}

/// How the commands of an app ended.
pub(super) type Ran = Result<(), Failed>;

/// Why the commands of an app did not all succeed.
pub(super) struct Failed {
    pub(super) problem: Problem,
    /// Whether any of them was started.
    pub(super) is_started: bool,
    /// The kind of the last one that succeeded.
    last_done: Option<StepKind>,
}

impl Failed {
    fn before_any_command(problem: Problem) -> Self {
        Self {
            problem,
            is_started: false,
            last_done: None,
        }
    }

    /// Whether the platform has what was to be deployed, though not all that was to follow.
    pub(super) fn is_half_done(&self) -> bool {
        matches!(self.last_done, Some(StepKind::Deploy | StepKind::RollBack))
    }
}

/// Runs commands.
#[derive(Clone, Copy)]
pub(super) struct Runner<'a> {
    /// The folder of the rendering.
    pub(super) folder: &'a Path,
    pub(super) limits: Limits,
    /// The number of all jobs.
    pub(super) count: usize,
}

/// What a thread reports of its job.
enum Event<'a> {
    Runs(&'a ToolCommand, usize),
    Output(&'a str, String),
    Ended(&'a Job<'a>, Ran),
}

impl<'a> Job<'a> {
    /// The jobs of a plan, in its order.
    pub(super) fn of_plan(plan: &'a Plan, rendering: &'a Rendering) -> Vec<Self> {
        let mut steps: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
        for step in &rendering.steps {
            steps.entry(&step.app).or_default().push(step);
        }
        let apps = plan.apps.iter();
        let with_steps = apps.filter_map(|app| Some((app, steps.remove(&*app.name)?)));
        let numbered = with_steps.enumerate();
        let job = numbered.map(|(i, (app, steps))| Job {
            app,
            nth: i + 1,
            steps,
        });
        job.collect()
    }
}

/// What keeps a record of jobs, in the thread that starts them.
pub(super) trait Recorder {
    /// A job is about to run; it does not if that cannot be recorded.
    fn begin(&mut self, job: &Job<'_>) -> Result<(), Problem>;

    /// Jobs that were begun run now; they do not if others cannot see that.
    fn publish(&mut self) -> Result<(), Problem>;

    /// A job ended. No other is begun once this is `false`.
    fn end(&mut self, job: &Job<'_>, ran: Ran) -> bool;
}

impl Runner<'_> {
    /// Runs all jobs, this many at once.
    pub(super) fn run_all(
        self,
        jobs: &[Job<'_>],
        at_once: NonZeroUsize,
        report: &mut dyn FnMut(Progress<'_>),
        recorder: &mut dyn Recorder,
    ) {
        if at_once == NonZeroUsize::MIN {
            for job in jobs {
                let begun = recorder.begin(job).and_then(|()| recorder.publish());
                let begun = begun.map_err(Failed::before_any_command);
                if !recorder.end(job, begun.and_then(|()| self.run(job, report))) {
                    break;
                }
            }
            return;
        }
        let (sender, events) = mpsc::channel();
        thread::scope(|scope| {
            let mut waiting = jobs.iter();
            let (mut running, mut goes_on) = (0, true);
            loop {
                let mut begun = Vec::new();
                while goes_on && running + begun.len() < at_once.get() {
                    let Some(job) = waiting.next() else { break };
                    match recorder.begin(job) {
                        Ok(()) => begun.push(job),
                        Err(problem) => {
                            goes_on = recorder.end(job, Err(Failed::before_any_command(problem)));
                        }
                    }
                }
                let published = match begun.is_empty() {
                    true => Ok(()),
                    false => recorder.publish(),
                };
                for job in begun {
                    let start = || self.start(job, scope, sender.clone());
                    match published.clone().and_then(|()| start()) {
                        Ok(()) => running += 1,
                        Err(problem) => {
                            let failed = Failed::before_any_command(problem);
                            goes_on &= recorder.end(job, Err(failed));
                        }
                    }
                }
                if running == 0 {
                    break;
                }
                match events.recv() {
                    Ok(Event::Runs(command, nth)) => report(Progress::Runs {
                        command,
                        nth,
                        of: self.count,
                    }),
                    Ok(Event::Output(app, line)) => report(Progress::Output { app, line: &line }),
                    Ok(Event::Ended(job, ran)) => {
                        running -= 1;
                        goes_on &= recorder.end(job, ran);
                    }
                    // This thread has a sender.
                    Err(mpsc::RecvError) => break,
                }
            }
        });
    }

    /// Runs a job in a thread of its own.
    fn start<'scope, 'env: 'scope>(
        self,
        job: &'env Job<'env>,
        scope: &'scope Scope<'scope, 'env>,
        sender: Sender<Event<'env>>,
    ) -> Result<(), Problem>
    where
        Self: 'scope,
    {
        let run = move || {
            // The receiver lives as long as the threads.
            let send = |event| drop(sender.send(event));
            let ran = catch_unwind(AssertUnwindSafe(|| {
                run_steps(job, &mut |command| {
                    send(Event::Runs(command, job.nth));
                    let mut on_line = |line: String| send(Event::Output(&job.app.name, line));
                    command.run_with_lines(self.folder, self.limits, &mut on_line)
                })
            }));
            let ran = ran.unwrap_or_else(|_| {
                let message = format!("the commands of `{}` were not carried out", job.app.name);
                let problem = Problem::new(message).note("this is a fault of machinist");
                Err(Failed {
                    is_started: true,
                    ..Failed::before_any_command(problem)
                })
            });
            send(Event::Ended(job, ran));
        };
        thread::Builder::new()
            .spawn_scoped(scope, run)
            .map(drop)
            .map_err(|error| Problem::new(format!("cannot start a thread: {error}")))
    }

    /// Runs a job in this thread. The output of its commands goes to stderr.
    pub(super) fn run(self, job: &Job<'_>, report: &mut dyn FnMut(Progress<'_>)) -> Ran {
        run_steps(job, &mut |command| {
            report(Progress::Runs {
                command,
                nth: job.nth,
                of: self.count,
            });
            command.run(self.folder, self.limits)
        })
    }
}

/// Runs a command.
type Run<'r, 's> = &'r mut dyn FnMut(&'s ToolCommand) -> Result<(), RunError>;

fn run_steps<'s>(job: &Job<'s>, run: Run<'_, 's>) -> Ran {
    let mut last_done = None;
    for step in &job.steps {
        run_step(step, run).map_err(|failed| Failed {
            is_started: failed.has_started || last_done.is_some(),
            last_done,
            problem: failed.problem,
        })?;
        last_done = Some(step.kind);
    }
    Ok(())
}

/// Runs the command of a step and, if that fails, the fallback.
fn run_step<'s>(step: &'s Step, run: Run<'_, 's>) -> Result<(), RunError> {
    let Err(failed) = run(&step.command) else {
        return Ok(());
    };
    let Some(fallback) = step.fallback.as_ref().filter(|_| failed.has_exited) else {
        return Err(failed);
    };
    run(fallback).map_err(|second| RunError {
        problem: Problem {
            message: format!("{}, and {}", failed.problem.message, second.problem.message),
            help: Some(
                "see the output of both above, fix the cause and try again: what was done is kept"
                    .into(),
            ),
            ..second.problem
        },
        has_started: true,
        ..second
    })
}
