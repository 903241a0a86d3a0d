//! A project's own machine type, and its entry in records.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::figure::{FIGURES, Figure, Figures};
use crate::json::{Object, list};
use crate::keys::NAME;
use crate::machine::MachineKind;
use crate::problem::Problem;
use crate::text::shown;

/// The key of the labels of nodes that have it.
pub const NODE_LABELS: &str = "node_labels";
/// The key of the name that SkyPilot has for its GPU.
pub const ACCELERATOR: &str = "accelerator";
/// The key of the name that dstack has for its GPU.
pub const DSTACK: &str = "dstack";
/// The key of the name that the platform fal has for it.
pub const FAL: &str = "fal";
/// The most characters of a name, which Kubernetes takes for a label.
const MAX_NAME: usize = 63;

/// A machine type of the project's own: a new one, or a built-in one with other figures.
///
/// ```
/// use machinist_core::custom::CustomMachine;
/// use machinist_core::built_in;
///
/// let machine = CustomMachine::new("GPU-A6000", built_in::GPU_L40.figures);
/// assert_eq!(machine.figures.vram_mb, 48_000);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CustomMachine {
    /// Its name.
    pub name: String,
    /// The figures of a runner with one GPU.
    pub figures: Figures,
    /// What it is good for; empty where nobody says.
    pub suits: String,
    /// The labels of nodes that have it.
    pub node_labels: Vec<String>,
    /// SkyPilot's name of its GPU.
    pub accelerator: Option<String>,
    /// dstack's name of its GPU, if it does not follow from SkyPilot's.
    pub dstack: Option<String>,
    /// The name that the platform fal has for it, where it is another.
    pub fal: Option<String>,
}

impl CustomMachine {
    /// A machine type of which nothing but name and figures is known.
    pub fn new(name: impl Into<String>, figures: Figures) -> Self {
        Self {
            name: name.into(),
            figures,
            suits: String::new(),
            node_labels: Vec::new(),
            accelerator: None,
            dstack: None,
            fal: None,
        }
    }

    /// Its figures that a record has, with their amounts: all that are listed.
    fn listed_figures(&self) -> impl Iterator<Item = (&'static Figure, u32)> {
        let is_gpu = self.figures.kind() == MachineKind::Gpu;
        FIGURES
            .iter()
            .filter(move |figure| is_gpu || !figure.presence.is_of_gpu_types())
            .filter_map(|figure| Some((*figure, figure.get(&self.figures)?)))
    }

    /// Its entry in an app's record, as compact JSON; what it suits is not in it.
    ///
    /// ```
    /// use machinist_core::machines_toml;
    ///
    /// let custom = machines_toml::read("[XXL]\nram = \"60 GB\"\ncpus = 16\n").unwrap();
    /// assert_eq!(custom[0].json(), r#"{"name":"XXL","ram":60000,"cpus":16}"#);
    /// ```
    pub fn json(&self) -> String {
        let mut out = Object::new();
        out.text(NAME, &self.name);
        for (figure, amount) in self.listed_figures() {
            out.raw(figure.key, &figure.unit.json(amount));
        }
        if !self.node_labels.is_empty() {
            let labels = self.node_labels.iter().map(|label| &**label);
            out.raw(NODE_LABELS, &list(labels));
        }
        for (key, name) in [
            (ACCELERATOR, &self.accelerator),
            (DSTACK, &self.dstack),
            (FAL, &self.fal),
        ] {
            if let Some(name) = name {
                out.text(key, name);
            }
        }
        out.end()
    }

    /// Checks its names: neither a binary nor a state is trusted.
    ///
    /// # Errors
    ///
    /// The first name that no platform takes.
    pub fn check_names(&self) -> Result<(), Problem> {
        let labels = self.node_labels.iter().map(|label| (NODE_LABELS, label));
        let accelerator = self.accelerator.iter().map(|name| (ACCELERATOR, name));
        let dstack = self.dstack.iter().map(|name| (DSTACK, name));
        let fal = self.fal.iter().map(|name| (FAL, name));
        let names = [(NAME, &self.name)].into_iter();
        let mut names = names.chain(labels).chain(accelerator).chain(dstack).chain(fal);
        names.try_for_each(|(key, name)| check_name(key, name))
    }
}

/// Checks a name of a machine type: its own, and those under the keys `node_labels`, `accelerator`,
/// `dstack` and `fal`. Platforms take no others.
///
/// # Errors
///
/// When no platform takes it.
///
/// ```
/// use machinist_core::custom::{NODE_LABELS, check_name};
///
/// assert!(check_name(NODE_LABELS, "NVIDIA-RTX-A6000").is_ok());
/// assert!(check_name(NODE_LABELS, "RTX: A6000").is_err());
/// ```
pub fn check_name(key: &str, name: &str) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(is_plain)
    };
    let (what, fits) = match key {
        NODE_LABELS => ("label of nodes", is_word(name)),
        // Some names have two words.
        ACCELERATOR => ("name of a GPU", name.split(' ').all(is_word)),
        DSTACK => ("name of a GPU", is_word(name)),
        _ => ("name of a machine type", is_word(name)),
    };
    if fits && name.len() <= MAX_NAME {
        return Ok(());
    }
    let message = format!("`{}` is not a valid {what}", shown(name));
    let help = "start with a letter or a digit, then use letters, digits, `-`, `_` and `.`";
    Err(Problem::new(message).help(format!("{help}: at most {MAX_NAME} characters")))
}
