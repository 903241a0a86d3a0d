//! The catalogue of a project: the built-in machine types, and those of its `machines.toml`.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::built_in;
use crate::custom::CustomMachine;
use crate::machine::{MachineKind, MachineType};
use crate::machine_name;

/// The built-in machine types and the custom ones of a project.
///
/// ```
/// use machinist_core::catalogue::Catalogue;
/// use machinist_core::machines_toml;
///
/// let custom = machines_toml::read("[XXL]\nram = \"60 GB\"\ncpus = 16\n").unwrap();
/// let catalogue = Catalogue::with(custom);
/// assert_eq!(catalogue.find("XXL").unwrap().figures.ram_mb, 60_000);
/// assert_eq!(catalogue.similar("xxl").unwrap().name, "XXL");
/// assert!(catalogue.find("GPU-H100").is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Catalogue {
    machines: Vec<&'static MachineType>,
    custom: Vec<CustomMachine>,
}

impl Catalogue {
    /// A catalogue of the built-in machine types only.
    pub fn built_in() -> Self {
        Self::with(Vec::new())
    }

    /// A catalogue of the built-in machine types and custom ones, which replace built-in ones of
    /// the same name.
    ///
    /// The memory of the custom machine types is never freed, so that all machine types are
    /// `&'static`: make one catalogue for each `machines.toml`.
    pub fn with(custom: Vec<CustomMachine>) -> Self {
        let is_custom =
            |machine: &&MachineType| custom.iter().any(|custom| custom.name == machine.name);
        let built_in = built_in::MACHINE_TYPES
            .iter()
            .filter(|machine| !is_custom(machine));
        let mut machines: Vec<_> = built_in.chain(custom.iter().map(leaked)).collect();
        machines.sort_by_key(|machine| machine.size());
        Self { machines, custom }
    }

    /// Every machine type, smallest first.
    pub fn machines(&self) -> &[&'static MachineType] {
        &self.machines
    }

    /// The machine type of this exact name.
    pub fn find(&self, name: &str) -> Option<&'static MachineType> {
        let mut machines = self.machines.iter();
        machines.find(|machine| machine.name == name).copied()
    }

    /// The machine types of one kind, smallest first.
    pub fn of_kind(&self, kind: MachineKind) -> impl Iterator<Item = &'static MachineType> {
        let machines = self.machines.iter().copied();
        machines.filter(move |machine| machine.kind() == kind)
    }

    /// The custom machine type of this exact name.
    pub fn custom(&self, name: &str) -> Option<&CustomMachine> {
        self.custom.iter().find(|custom| custom.name == name)
    }

    /// The machine type with a name similar to `given`: the same but for case, `_` instead of `-`,
    /// a missing `GPU-`, a maker's name before it or a memory size after it; or else the nearest
    /// spelling.
    ///
    /// ```
    /// use machinist_core::catalogue::Catalogue;
    ///
    /// let catalogue = Catalogue::built_in();
    /// for given in ["H100", "gpu-h100", "GPU_H100", "GPU-H10O", "nvidia-h100-80gb"] {
    ///     assert_eq!(catalogue.similar(given).unwrap().name, "GPU-H100", "{given}");
    /// }
    /// assert_eq!(catalogue.similar("abacus"), None);
    /// ```
    pub fn similar(&self, given: &str) -> Option<&'static MachineType> {
        let names = self.machines.iter().map(|machine| machine.name);
        self.find(machine_name::similar(given, names)?)
    }
}

/// A custom machine type in memory that is never freed.
fn leaked(custom: &CustomMachine) -> &'static MachineType {
    let text = |text: &str| &*Box::leak(text.to_string().into_boxed_str());
    Box::leak(Box::new(MachineType {
        name: text(&custom.name),
        figures: custom.figures,
        suits: text(&custom.suits),
    }))
}
