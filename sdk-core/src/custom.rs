//! A custom machine type of a project, and its entry in records.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::figure::{FIGURES, Figure, Figures};
use crate::json::{Object, list};
use crate::keys::NAME;
use crate::machine::MachineKind;
use crate::problem::Problem;
use crate::text::visible;

/// The key of the labels by which Kubernetes nodes name the GPU.
pub const NODE_LABELS: &str = "node_labels";
/// The key of the GPU's name in SkyPilot.
pub const ACCELERATOR: &str = "accelerator";
/// The key of the GPU's name in dstack.
pub const DSTACK: &str = "dstack";
/// The key of the machine type's name on fal.
pub const FAL: &str = "fal";
/// The most characters of a name: as many as a label of Kubernetes can have.
const MAX_NAME: usize = 63;

/// A custom machine type: a new one, or a built-in one with other figures.
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
    /// The name, such as `GPU-A6000`.
    pub name: String,
    /// The figures of a runner with one GPU.
    pub figures: Figures,
    /// What the machine type is good for; empty if `machines.toml` does not say.
    pub suits: String,
    /// The labels by which Kubernetes nodes name the GPU.
    pub node_labels: Vec<String>,
    /// The GPU's name in SkyPilot.
    pub accelerator: Option<String>,
    /// The GPU's name in dstack, if it does not follow from SkyPilot's.
    pub dstack: Option<String>,
    /// The machine type's name on fal, if it differs there.
    pub fal: Option<String>,
}

impl CustomMachine {
    /// A machine type with a name and figures, and nothing else.
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

    /// The figures that its kind has and whose amounts are known, with their amounts.
    fn known_figures(&self) -> impl Iterator<Item = (&'static Figure, u32)> {
        let is_gpu = self.figures.kind() == MachineKind::Gpu;
        FIGURES
            .iter()
            .filter(move |figure| is_gpu || !figure.presence.is_gpu_only())
            .filter_map(|figure| Some((*figure, figure.get(&self.figures)?)))
    }

    /// Its names on platforms, by their keys.
    fn platform_names(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let names = [
            (ACCELERATOR, &self.accelerator),
            (DSTACK, &self.dstack),
            (FAL, &self.fal),
        ];
        let known = names.into_iter();
        known.filter_map(|(key, name)| Some((key, name.as_ref()?)))
    }

    /// Its entry in an app's record, as compact JSON. The entry leaves out [`suits`](Self::suits).
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
        for (figure, amount) in self.known_figures() {
            out.raw(figure.key, &figure.unit.json(amount));
        }
        if !self.node_labels.is_empty() {
            let labels = self.node_labels.iter().map(|label| &**label);
            out.raw(NODE_LABELS, &list(labels));
        }
        for (key, name) in self.platform_names() {
            out.text(key, name);
        }
        out.end()
    }

    /// Checks all its names. A binary or a state may hold any text.
    ///
    /// # Errors
    ///
    /// The first name that [`check_name`] refuses.
    pub fn check_names(&self) -> Result<(), Problem> {
        let labels = self.node_labels.iter().map(|label| (NODE_LABELS, label));
        let names = [(NAME, &self.name)].into_iter();
        let mut names = names.chain(labels).chain(self.platform_names());
        names.try_for_each(|(key, name)| check_name(key, name))
    }
}

/// Checks a name that a machine type has under a key: `name`, `node_labels`, `accelerator`, `dstack`
/// or `fal`.
///
/// # Errors
///
/// If the name has characters that no platform takes, or too many.
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
    let (noun, is_valid) = match key {
        NODE_LABELS => ("label of nodes", is_word(name)),
        // Some GPUs have names of two words.
        ACCELERATOR => ("name of a GPU", name.split(' ').all(is_word)),
        DSTACK => ("name of a GPU", is_word(name)),
        _ => ("name of a machine type", is_word(name)),
    };
    if is_valid && name.len() <= MAX_NAME {
        return Ok(());
    }
    let message = format!("`{}` is not a valid {noun}", visible(name));
    let help = "start with a letter or a digit, then use letters, digits, `-`, `_` and `.`";
    Err(Problem::new(message).help(format!("{help}: at most {MAX_NAME} characters")))
}
