//! The check of an attribute: from its arguments to a valid app, or to all problems.

use alloc::string::String;
use alloc::vec::Vec;

use crate::app::App;
use crate::attribute::{Arg, ArgValue, Attribute, Place, Value};
use crate::catalogue::Catalogue;
use crate::fitting::{fitting, larger_than_required, missed, requirement_missed};
use crate::keys::{self, ENV, NAME, SCALING};
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
use crate::variable;

/// The result of a check.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The app, if there are no errors.
    pub app: Option<App>,
    /// All errors, in the order of the places where they are.
    pub errors: Vec<Finding>,
    /// What is allowed, and probably a mistake.
    pub warnings: Vec<Finding>,
}

/// Checks an attribute. Finds all problems at once, each with its place, and leaves out problems
/// that only follow from another one.
///
/// ```
/// use machinist_core::attribute::{Arg, ArgValue, Attribute, Place, Value};
/// use machinist_core::catalogue::Catalogue;
/// use machinist_core::check::check;
///
/// let machine_type = Value::Text("GPU-H100".into());
/// let attribute = Attribute {
///     place: Place(0),
///     args: vec![Arg {
///         key: "machine_type".into(),
///         key_place: Place(1),
///         value: ArgValue::Value(machine_type, Place(2)),
///     }],
///     unreadable: false,
///     item_name: "LlmServer".into(),
///     item_name_place: Place(3),
/// };
/// let checked = check(&attribute, &Catalogue::built_in());
/// let app = checked.app.unwrap();
/// assert_eq!((&*app.name, app.gpus), ("llm-server", 1));
/// ```
pub fn check(attribute: &Attribute, catalogue: &Catalogue) -> Checked {
    let mut checker = Checker {
        catalogue,
        name: None,
        machine_types: None,
        settings: Vec::new(),
        required: Vec::new(),
        env: Vec::new(),
        mentioned: Vec::new(),
        unreadable: attribute.unreadable,
        errors: Vec::new(),
    };
    checker.level(Level::App, &attribute.args);
    let name = checker.name(attribute);
    let machines = checker.machines(attribute.place);
    let gpus = checker.gpus(&machines);
    checker.concurrency();
    let has_no_errors = checker.errors.is_empty();
    checker.requirements(&machines, gpus);
    let warnings = if has_no_errors {
        checker.larger_than_required(&machines, gpus)
    } else {
        Vec::new()
    };
    let app = checker.errors.is_empty().then(|| App {
        name,
        custom: machines
            .iter()
            .filter_map(|(machine, _)| catalogue.custom(machine.name).cloned())
            .collect(),
        machine_types: machines.iter().map(|(machine, _)| *machine).collect(),
        gpus,
        settings: checker.sorted_settings(),
        required: checker.required.clone(),
        env: checker.env.clone(),
    });
    checker.errors.sort_by_key(|finding| finding.place.0);
    Checked {
        app,
        errors: checker.errors,
        warnings,
    }
}

/// A value and its place.
type Placed<T> = (T, Place);

/// What was read of an attribute so far, and the errors found in it.
struct Checker<'a> {
    catalogue: &'a Catalogue,
    name: Option<Placed<String>>,
    machine_types: Option<Vec<Placed<String>>>,
    settings: Vec<(Key, Setting, Place)>,
    required: Vec<Required>,
    /// The required environment variables.
    env: Vec<String>,
    /// The keys that occur at any level, with valid values or not: they are not reported as
    /// missing.
    mentioned: Vec<&'a str>,
    unreadable: bool,
    errors: Vec<Finding>,
}

impl<'a> Checker<'a> {
    fn error(&mut self, place: Place, problem: Problem) {
        self.errors.push(Finding { place, problem });
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
                // If the help says to write `machine_type`, that is not reported as missing too.
                let help = problem.help.clone().unwrap_or_default();
                self.mentioned.push(if help.contains("machine_type") {
                    Key::MachineType.as_str()
                } else {
                    key
                });
                self.error(arg.key_place, problem);
            } else if seen.contains(&key) {
                self.error(arg.key_place, duplicate_key(key));
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
                self.error(arg.key_place, not_a_group(key));
            }
            ArgValue::Reported => {}
        }
    }

    fn value(&mut self, level: Level, key: &str, arg: &Arg) {
        let (value, place) = match &arg.value {
            ArgValue::Value(value, place) => (value, *place),
            ArgValue::Reported => return,
            ArgValue::Group(_) | ArgValue::Missing => {
                return self.error(arg.key_place, missing_value(key));
            }
        };
        if level == Level::Requires && key == ENV {
            match variable::read(value, place) {
                Ok(names) => self.env = names,
                Err(findings) => self.errors.extend(findings),
            }
        } else if level == Level::Requires {
            self.requirement(key, value, place);
        } else if let Some(key) = Key::find(key) {
            match key.parameter().read(value, place) {
                Ok(Setting::List(_)) if key == Key::MachineType => {
                    self.machine_types = Some(texts(value, place));
                }
                Ok(setting) => self.settings.push((key, setting, place)),
                Err(findings) => self.errors.extend(findings),
            }
        } else if let Value::Text(name) = value {
            self.name = Some((name.clone(), place));
        } else {
            let example = example(key);
            self.error(place, mistyped(key, "a string", &example, value));
        }
    }

    fn requirement(&mut self, key: &str, value: &Value, place: Place) {
        let Some(requirement) = requirement::find(key) else {
            return;
        };
        match requirement.read(value) {
            Ok(amount) => self.required.push((requirement, amount)),
            Err(problem) => self.error(place, problem),
        }
    }

    fn is_mentioned(&self, key: &str) -> bool {
        self.mentioned.contains(&key)
    }

    fn name(&mut self, attribute: &Attribute) -> String {
        match self.name.take() {
            Some((name, place)) => {
                if !name::is_dns_label(&name) {
                    self.error(place, bad_name(&name));
                }
                name
            }
            None => {
                let name = name::kebab_case(&attribute.item_name);
                if !name::is_dns_label(&name) && !self.is_mentioned(NAME) {
                    let problem = no_name_from_item(&attribute.item_name);
                    self.error(attribute.item_name_place, problem);
                }
                name
            }
        }
    }

    /// The machine types that were named and are in the catalogue; none if they are of both kinds.
    fn machines(&mut self, attribute_place: Place) -> Vec<Placed<&'static MachineType>> {
        let Some(names) = self.machine_types.take() else {
            if !self.unreadable && !self.is_mentioned(Key::MachineType.as_str()) {
                self.error(attribute_place, missing_machine_type(self.catalogue));
            }
            return Vec::new();
        };
        let mut machines: Vec<Placed<&'static MachineType>> = Vec::new();
        let mut is_mixed = false;
        for (name, place) in names {
            match (self.catalogue.find(&name), machines.first()) {
                (None, _) => {
                    self.error(place, unknown_machine_type(self.catalogue, &name));
                }
                (Some(machine), Some(&(first, _))) if first.kind() != machine.kind() => {
                    if !is_mixed {
                        let has_gpus = self.is_mentioned(Key::Gpus.as_str());
                        self.error(place, mixed_list(first, machine, has_gpus));
                    }
                    is_mixed = true;
                }
                (Some(machine), _) => machines.push((machine, place)),
            }
        }
        // Further checks would only report the same mistake again.
        if is_mixed { Vec::new() } else { machines }
    }

    /// The number of GPUs of a runner: 0 on CPU types.
    fn gpus(&mut self, machines: &[Placed<&'static MachineType>]) -> u32 {
        let index = self.settings.iter().position(|(key, ..)| *key == Key::Gpus);
        let given = index.map(|index| self.settings.remove(index));
        let Some(&(first, _)) = machines.first() else {
            return 0;
        };
        match (first.kind(), given) {
            (MachineKind::Cpu, None) => 0,
            (MachineKind::Gpu, None) => 1,
            (MachineKind::Cpu, Some((.., place))) => {
                self.error(place, gpus_on_cpu(self.catalogue, first));
                0
            }
            (MachineKind::Gpu, Some((_, setting, place))) => {
                let Setting::Number(gpus) = setting else {
                    return 1;
                };
                let has_fewer =
                    |(machine, _): &&Placed<&MachineType>| machine.figures.max_gpus < gpus;
                if let Some((machine, _)) = machines.iter().find(has_fewer) {
                    self.error(place, too_many_gpus(machine, gpus));
                }
                gpus
            }
        }
    }

    fn concurrency(&mut self) {
        let given = |wanted: Key| {
            let setting = self.settings.iter().find(|(key, ..)| *key == wanted);
            setting.and_then(|(_, setting, place)| Some((setting.number()?, *place)))
        };
        let Some((min, place)) = given(Key::MinConcurrency) else {
            return;
        };
        let max = given(Key::MaxConcurrency).map(|(max, _)| max);
        if max.is_none() && self.is_mentioned(Key::MaxConcurrency.as_str()) {
            return;
        }
        if let Err(problem) = check_concurrency(min, max) {
            self.error(place, problem);
        }
    }

    /// Checks each machine type against all requirements: one error for each that misses some.
    fn requirements(&mut self, machines: &[Placed<&'static MachineType>], gpus: u32) {
        for &(machine, place) in machines {
            let missed: Vec<Required> = missed(machine, gpus, &self.required).collect();
            if !missed.is_empty() {
                let required = &self.required;
                let problem = requirement_missed(self.catalogue, machine, gpus, required, &missed);
                self.error(place, problem);
            }
        }
    }

    /// Warns of machine types with at least twice the video memory of the smallest one that meets
    /// all requirements.
    fn larger_than_required(
        &self,
        machines: &[Placed<&'static MachineType>],
        gpus: u32,
    ) -> Vec<Finding> {
        let required = &self.required;
        let mut fitting = fitting(self.catalogue, gpus, required);
        let Some(smallest) = fitting.find(|machine| machine.kind() == MachineKind::Gpu) else {
            return Vec::new();
        };
        let vram = |machine: &MachineType| machine.figures.vram_mb;
        let is_far_larger =
            |machine: &MachineType| vram(machine) >= vram(smallest).saturating_mul(2);
        let finding = |&(machine, place): &Placed<&MachineType>| Finding {
            place,
            problem: larger_than_required(machine, smallest, gpus),
        };
        machines
            .iter()
            .filter(|(machine, _)| !required.is_empty() && is_far_larger(machine))
            .map(finding)
            .collect()
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

/// The strings of a list, or one string, each with its place.
fn texts(value: &Value, place: Place) -> Vec<Placed<String>> {
    match value {
        Value::Text(text) => Vec::from([(text.clone(), place)]),
        Value::List(elements) => elements
            .iter()
            .flat_map(|(element, place)| texts(element, *place))
            .collect(),
        _ => Vec::new(),
    }
}
