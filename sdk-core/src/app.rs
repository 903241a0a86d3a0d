//! A valid app.

use alloc::string::String;
use alloc::vec::Vec;

use crate::custom::CustomMachine;
use crate::machine::{MachineKind, MachineType};
use crate::parameter::Key;
use crate::requirement::Required;
use crate::setting::Setting;

/// A checked app.
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
/// };
/// assert_eq!(app.machine_types[0].name, "S");
/// ```
#[derive(Clone, Debug)]
pub struct App {
    /// Its name, a DNS label.
    pub name: String,
    /// Its machine types in the order they are tried; all of one kind, at least one.
    pub machine_types: Vec<&'static MachineType>,
    /// Those of them that are the project's own.
    pub custom: Vec<CustomMachine>,
    /// GPUs per runner; 0 on CPU types.
    pub gpus: u32,
    /// The other parameters that the code sets, in the order of the manifest.
    pub settings: Vec<(Key, Setting)>,
    /// What it requires of its machine.
    pub required: Vec<Required>,
}

impl App {
    /// Whether its machine types have GPUs.
    pub fn has_gpus(&self) -> bool {
        self.machine_types
            .iter()
            .any(|machine| machine.kind() == MachineKind::Gpu)
    }
}
