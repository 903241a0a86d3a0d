//! Whether a state is the newest one that is known.

use std::path::Path;

use machinist_core::problem::Problem;

use super::State;

/// Another version of a state.
#[derive(Clone, Debug)]
pub struct KnownState {
    /// The state; `None` if it cannot be read.
    pub state: Option<State>,
    /// Where it is, after "that of".
    pub owner: String,
    /// The command that brings it back.
    pub restore: String,
}

impl State {
    /// Checks that no newer version of this state is known, and that it is not another project's.
    ///
    /// # Errors
    ///
    /// Which version is newer, and how to bring it back.
    ///
    /// ```
    /// use std::path::Path;
    /// use machinist_deploy::{Deployed, KnownState, State};
    ///
    /// let old = State::new();
    /// let mut deployed = Deployed::default();
    /// deployed.apps.insert("llm".into(), Default::default());
    /// let known = KnownState {
    ///     state: Some(old.with("file", deployed)),
    ///     owner: "the branch `main`".into(),
    ///     restore: "git checkout main -- state.json".into(),
    /// };
    /// let error = old.check_newest(Path::new("state.json"), &[known]).unwrap_err();
    /// assert!(error.help.unwrap().contains("git checkout main -- state.json"));
    /// ```
    pub fn check_newest(&self, file: &Path, known: &[KnownState]) -> Result<(), Problem> {
        let path = file.display();
        let readable = known
            .iter()
            .filter_map(|known| Some((known, known.state.as_ref()?)));
        let newest = |is_ours: bool| {
            let states = readable.clone();
            let states = states.filter(|(_, state)| (state.lineage == self.lineage) == is_ours);
            // Of equal ones the first that is given.
            states.rev().max_by_key(|(_, state)| state.serial)
        };
        let is_missing = self.is_new();
        match (newest(true), newest(false)) {
            (Some((known, newer)), _) if newer.serial > self.serial => {
                let message = format!(
                    "`{path}` is old: it has the serial {}, and that of {} has {}",
                    self.serial, known.owner, newer.serial
                );
                Err(Problem::new(message).help(advice(known, file)).note(
                    "what an old state says is deployed is no longer, and what was tuned since is \
                     not in it",
                ))
            }
            (None, Some((known, newer))) if is_missing => {
                let message = format!(
                    "`{path}` is missing: that of {} has the serial {}",
                    known.owner, newer.serial
                );
                Err(Problem::new(message).help(format!(
                    "{}; a new state begins in another file, which `--state` names",
                    advice(known, file)
                )))
            }
            (None, Some((known, _))) => {
                let message = format!(
                    "`{path}` is the state of another project: that of {} has another lineage",
                    known.owner
                );
                Err(Problem::new(message).help(format!(
                    "{}; another project's state goes into another file, which `--state` names",
                    advice(known, file)
                )))
            }
            _ => Ok(()),
        }
    }
}

fn advice(known: &KnownState, file: &Path) -> String {
    format!(
        "bring it back with `{}`, and check old code out without the state: `git checkout COMMIT -- . \
         ':!{}'`",
        known.restore,
        file.display()
    )
}
