//! What is noted about a change of a state: who makes it, and what it is.

/// What is noted about a change of a state, for those who look at a lock or at the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeNote {
    /// What it is, for instance `scale llm keep_alive=600`.
    pub what: String,
    /// Who makes it, if that is known.
    pub by: Option<String>,
    /// The commit of the code, if it is known.
    pub commit: Option<String>,
}
