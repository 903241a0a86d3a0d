//! A valid app: what the rules make of an attribute.

use alloc::string::String;
use alloc::vec::Vec;

use crate::custom::CustomMachine;
use crate::machine::{MachineKind, MachineType};
use crate::parameter::Key;
use crate::requirement::Required;
use crate::setting::Setting;

/// An app that keeps all rules.
///
/// ```
/// use machinist_core::app::App;
/// use machinist_core::built_in::S;
///
/// let app = App {
///     name: "router".into(),
///     machine_types: vec![&S],
///     custom: Vec::new(),
///     gpus: 0,
///     settings: Vec::new(),
///     required: Vec::new(),
///     env: Vec::new(),
/// };
/// assert_eq!(app.machine_types[0].name, "S");
/// ```
#[derive(Clone, Debug)]
pub struct App {
    /// The app's name, a DNS label.
    pub name: String,
    /// The machine types in the order in which they are tried: at least one, all of one kind.
    pub machine_types: Vec<&'static MachineType>,
    /// The custom machine types among them, from `machines.toml`.
    pub custom: Vec<CustomMachine>,
    /// GPUs per runner; 0 on CPU types.
    pub gpus: u32,
    /// The other parameters that the code sets, in the order of the manifest.
    pub settings: Vec<(Key, Setting)>,
    /// What the app requires of each machine type.
    pub required: Vec<Required>,
    /// The environment variables that a deploy must give it.
    pub env: Vec<String>,
}

impl App {
    /// Whether the machine types have GPUs.
    pub fn has_gpus(&self) -> bool {
        self.machine_types
            .iter()
            .any(|machine| machine.kind() == MachineKind::Gpu)
    }
}
