//! The commit that a deploy is made from.

/// The most characters of a message that a deploy is given.
const MESSAGE_LENGTH: usize = 100;

/// The commit that a deploy is made from.
///
/// ```
/// use machinist_deploy::Commit;
///
/// let commit = Commit {
///     id: "0123456789abcdef-dirty".into(),
///     subject: Some("Two GPUs for the LLM".into()),
/// };
/// assert_eq!(commit.message(), "0123456789-dirty Two GPUs for the LLM");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Its hash; it ends in `-dirty` if the files differ from it.
    pub id: String,
    /// The first line of its message.
    pub subject: Option<String>,
}

impl Commit {
    /// The commit of this hash, of which no more is known.
    pub(crate) fn of_id(id: &str) -> Self {
        Self {
            id: id.into(),
            subject: None,
        }
    }

    /// The first digits of its hash, with its mark: `0123456789-dirty`.
    pub fn short(id: &str) -> String {
        let (hash, mark) = id.split_once('-').unwrap_or((id, ""));
        let hash: String = hash.chars().take(10).collect();
        match mark.is_empty() {
            true => hash,
            false => format!("{hash}-{mark}"),
        }
    }

    /// What a platform shows beside a deploy: the short hash and the subject.
    pub fn message(&self) -> String {
        let subject = self.subject.as_deref().unwrap_or_default();
        let message = format!("{} {subject}", Self::short(&self.id));
        let visible = message.trim().chars().filter(|c| !c.is_control());
        visible.take(MESSAGE_LENGTH).collect()
    }
}
