//! The rules of a valid app: from what was written to an app, or to everything that is wrong.

use alloc::string::String;
use alloc::vec::Vec;

use crate::app::App;
use crate::attribute::{Arg, ArgValue, Attribute, Place, Value};
use crate::catalogue::Catalogue;
use crate::fitting::{fitting, larger_than_required, missed, requirement_missed};
use crate::keys::{self, NAME, SCALING};
use crate::level::{Level, duplicate_key, example, missing_value, not_a_group, wrong_key};
use crate::machine::{MachineKind, MachineType};
use crate::machine_types::{
    gpus_on_cpu, missing_machine_type, mixed_list, too_many_gpus, unknown_machine_type,
};
use crate::name::{self, bad_name, no_name_from_item};
use crate::parameter::Key;
use crate::problem::{Finding, Problem, mistyped};
use crate::requirement::{self, Required};
use crate::setting::{Setting, check_concurrency};

/// What a check found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The app, where nothing is wrong with it.
    pub app: Option<App>,
    /// Everything that is wrong, in the order it was written.
    pub errors: Vec<Finding>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Finding>,
}

/// Checks an attribute. All problems are found at once, each at its own place, and none that only
/// follows from another.
///
/// ```
/// use machinist_core::attribute::{Arg, ArgValue, Attribute, Place, Value};
/// use machinist_core::catalogue::Catalogue;
/// use machinist_core::check::check;
///
/// let machine_type = Value::Text("GPU-H100".into());
/// let attribute = Attribute {
///     at: Place(0),
///     args: vec![Arg {
///         key: "machine_type".into(),
///         key_at: Place(1),
///         value: ArgValue::Value(machine_type, Place(2)),
///     }],
///     unreadable: false,
///     item_name: "LlmServer".into(),
///     item_name_at: Place(3),
/// };
/// let checked = check(&attribute, &Catalogue::built_in());
/// let app = checked.app.unwrap();
/// assert_eq!((&*app.name, app.gpus), ("llm-server", 1));
/// ```
pub fn check(attribute: &Attribute, catalogue: &Catalogue) -> Checked {
    let mut read = Reader {
        catalogue,
        name: None,
        machine_types: None,
        settings: Vec::new(),
        required: Vec::new(),
        mentioned: Vec::new(),
        unreadable: attribute.unreadable,
        errors: Vec::new(),
    };
    read.level(Level::App, &attribute.args);
    let name = read.name(attribute);
    let machines = read.machines(attribute.at);
    let gpus = read.gpus(&machines);
    read.concurrency();
    let unspoilt = read.errors.is_empty();
    read.requirements(&machines, gpus);
    let warnings = if unspoilt {
        read.larger_than_required(&machines, gpus)
    } else {
        Vec::new()
    };
    let app = read.errors.is_empty().then(|| App {
        name,
        custom: machines
            .iter()
            .filter_map(|(machine, _)| catalogue.custom(machine.name).cloned())
            .collect(),
        machine_types: machines.iter().map(|(machine, _)| *machine).collect(),
        gpus,
        settings: read.sorted_settings(),
        required: read
            .required
            .iter()
            .map(|(required, _)| *required)
            .collect(),
    });
    read.errors.sort_by_key(|finding| finding.at.0);
    Checked {
        app,
        errors: read.errors,
        warnings,
    }
}

/// A value that was read and where it stands.
type At<T> = (T, Place);

/// What has been read so far.
struct Reader<'a> {
    catalogue: &'a Catalogue,
    name: Option<At<String>>,
    machine_types: Option<At<Vec<At<String>>>>,
    settings: Vec<(Key, Setting, Place)>,
    required: Vec<(Required, Place)>,
    /// Keys that occur anywhere, right or wrong: nothing is missing that was tried.
    mentioned: Vec<&'a str>,
    unreadable: bool,
    errors: Vec<Finding>,
}

impl<'a> Reader<'a> {
    fn error(&mut self, at: Place, problem: Problem) {
        self.errors.push(Finding { at, problem });
    }

    fn level(&mut self, level: Level, args: &'a [Arg]) {
        let mut seen: Vec<&str> = Vec::new();
        for arg in args {
            let key = &*arg.key;
            let is_group = level == Level::App && keys::is_group(key);
            if !level.has(key) {
                let value = match &arg.value {
                    ArgValue::Value(value, _) => Some(value),
                    _ => None,
                };
                let problem = wrong_key(level, key, value);
                // A key that is answered with another one counts as that one.
                let meant = problem.help.clone().unwrap_or_default();
                self.mentioned.push(if meant.contains("machine_type") {
                    Key::MachineType.as_str()
                } else {
                    key
                });
                self.error(arg.key_at, problem);
            } else if seen.contains(&key) {
                self.error(arg.key_at, duplicate_key(key));
            } else if is_group {
                self.group(key, arg);
            } else {
                self.mentioned.push(key);
                self.value(level, key, arg);
            }
            seen.push(key);
        }
    }

    fn group(&mut self, key: &str, arg: &'a Arg) {
        let level = if key == SCALING {
            Level::Scaling
        } else {
            Level::Requires
        };
        match &arg.value {
            ArgValue::Group(args) => self.level(level, args),
            ArgValue::Value(..) | ArgValue::Missing => {
                self.error(arg.key_at, not_a_group(key));
            }
            ArgValue::Reported => {}
        }
    }

    fn value(&mut self, level: Level, key: &str, arg: &Arg) {
        let (value, at) = match &arg.value {
            ArgValue::Value(value, at) => (value, *at),
            ArgValue::Reported => return,
            ArgValue::Group(_) | ArgValue::Missing => {
                return self.error(arg.key_at, missing_value(key));
            }
        };
        if level == Level::Requires {
            self.requirement(key, value, at);
        } else if let Some(key) = Key::find(key) {
            match key.parameter().read(value, at) {
                Ok(Setting::List(_)) if key == Key::MachineType => {
                    self.machine_types = Some((texts(value, at), at));
                }
                Ok(setting) => self.settings.push((key, setting, at)),
                Err(findings) => self.errors.extend(findings),
            }
        } else if let Value::Text(name) = value {
            self.name = Some((name.clone(), at));
        } else {
            let example = example(key);
            self.error(at, mistyped(key, "a string", &example, value));
        }
    }

    fn requirement(&mut self, key: &str, value: &Value, at: Place) {
        let Some(requirement) = requirement::find(key) else {
            return;
        };
        match requirement.read(value) {
            Ok(amount) => self.required.push(((requirement, amount), at)),
            Err(problem) => self.error(at, problem),
        }
    }

    fn is_mentioned(&self, key: &str) -> bool {
        self.mentioned.contains(&key)
    }

    fn name(&mut self, attribute: &Attribute) -> String {
        match self.name.take() {
            Some((name, at)) => {
                if !name::is_dns_label(&name) {
                    self.error(at, bad_name(&name));
                }
                name
            }
            None => {
                let name = name::kebab_case(&attribute.item_name);
                if !name::is_dns_label(&name) && !self.is_mentioned(NAME) {
                    let problem = no_name_from_item(&attribute.item_name);
                    self.error(attribute.item_name_at, problem);
                }
                name
            }
        }
    }

    /// The machine types of the catalogue that were named, if all are of one kind.
    fn machines(&mut self, attribute_at: Place) -> Vec<At<&'static MachineType>> {
        let Some((names, _)) = self.machine_types.take() else {
            if !self.unreadable && !self.is_mentioned(Key::MachineType.as_str()) {
                self.error(attribute_at, missing_machine_type(self.catalogue));
            }
            return Vec::new();
        };
        let mut machines: Vec<At<&'static MachineType>> = Vec::new();
        let mut mixed = false;
        for (name, at) in names {
            match (self.catalogue.find(&name), machines.first()) {
                (None, _) => {
                    self.error(at, unknown_machine_type(self.catalogue, &name));
                }
                (Some(machine), Some(&(first, _))) if first.kind() != machine.kind() => {
                    if !mixed {
                        let gpus = self.is_mentioned(Key::Gpus.as_str());
                        self.error(at, mixed_list(first, machine, gpus));
                    }
                    mixed = true;
                }
                (Some(machine), _) => machines.push((machine, at)),
            }
        }
        // What follows would only repeat that the list is wrong.
        if mixed { Vec::new() } else { machines }
    }

    /// The GPUs of a runner: 0 on CPU types.
    fn gpus(&mut self, machines: &[At<&'static MachineType>]) -> u32 {
        let place = self.settings.iter().position(|(key, ..)| *key == Key::Gpus);
        let written = place.map(|place| self.settings.remove(place));
        let Some(&(first, _)) = machines.first() else {
            return 0;
        };
        match (first.kind(), written) {
            (MachineKind::Cpu, None) => 0,
            (MachineKind::Gpu, None) => 1,
            (MachineKind::Cpu, Some((.., at))) => {
                self.error(at, gpus_on_cpu(self.catalogue, first));
                0
            }
            (MachineKind::Gpu, Some((_, setting, at))) => {
                let Setting::Number(gpus) = setting else {
                    return 1;
                };
                if let Some((machine, _)) = machines.iter().find(|(m, _)| gpus > m.figures.max_gpus) {
                    self.error(at, too_many_gpus(machine, gpus));
                }
                gpus
            }
        }
    }

    fn concurrency(&mut self) {
        let written = |wanted: Key| {
            let setting = self.settings.iter().find(|(key, ..)| *key == wanted);
            setting.and_then(|(_, setting, at)| Some((setting.number()?, *at)))
        };
        let Some((min, at)) = written(Key::MinConcurrency) else {
            return;
        };
        let max = written(Key::MaxConcurrency).map(|(max, _)| max);
        if max.is_none() && self.is_mentioned(Key::MaxConcurrency.as_str()) {
            return;
        }
        if let Err(problem) = check_concurrency(min, max) {
            self.error(at, problem);
        }
    }

    /// Each machine type against all requirements: one error for a machine that misses any.
    fn requirements(&mut self, machines: &[At<&'static MachineType>], gpus: u32) {
        let required: Vec<Required> = self
            .required
            .iter()
            .map(|(required, _)| *required)
            .collect();
        for &(machine, at) in machines {
            let missed: Vec<Required> = missed(machine, gpus, &required).collect();
            if !missed.is_empty() {
                let problem =
                    requirement_missed(self.catalogue, machine, gpus, &required, &missed);
                self.error(at, problem);
            }
        }
    }

    /// Machine types with at least twice the video memory of the smallest that would do.
    fn larger_than_required(
        &self,
        machines: &[At<&'static MachineType>],
        gpus: u32,
    ) -> Vec<Finding> {
        let required: Vec<Required> = self
            .required
            .iter()
            .map(|(required, _)| *required)
            .collect();
        let mut fitting = fitting(self.catalogue, gpus, &required);
        let Some(smallest) = fitting.find(|machine| machine.kind() == MachineKind::Gpu) else {
            return Vec::new();
        };
        let vram = |machine: &MachineType| machine.figures.vram_mb;
        let large = |machine: &MachineType| vram(machine) >= vram(smallest).saturating_mul(2);
        let finding = |&(machine, at): &At<&MachineType>| Finding {
            at,
            problem: larger_than_required(machine, smallest, gpus),
        };
        let large = machines
            .iter()
            .filter(|(machine, _)| !required.is_empty() && large(machine));
        large.map(finding).collect()
    }

    fn sorted_settings(&self) -> Vec<(Key, Setting)> {
        let settings = self.settings.iter();
        let mut sorted: Vec<(Key, Setting)> = settings
            .map(|(key, setting, _)| (*key, setting.clone()))
            .collect();
        sorted.sort_by_key(|(key, _)| *key);
        sorted
    }
}

/// The strings of a list, or one string, each with its own place.
fn texts(value: &Value, at: Place) -> Vec<At<String>> {
    match value {
        Value::Text(text) => Vec::from([(text.clone(), at)]),
        Value::List(elements) => elements
            .iter()
            .flat_map(|(element, at)| texts(element, *at))
            .collect(),
        _ => Vec::new(),
    }
}
