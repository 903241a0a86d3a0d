//! An app's entry in the manifest, which is the payload of its record. The macro writes it, and the
//! running program reads it.
//!
//! [`read`] relies on the form that `App::entry` of the same version writes: compact JSON, with no
//! escapes in the strings that [`read`] needs.

use alloc::boxed::Box;
use alloc::vec::Vec;
#[cfg(feature = "rules")]
use alloc::{
    format,
    string::{String, ToString},
};

use crate::built_in;
use crate::figure::{self, Figures};
use crate::json::{member, members, parts, unquoted};
use crate::keys::{CODE, MACHINES, NAME, SCALING};
use crate::machine::MachineType;
use crate::parameter::{CodeParameters, Key, ScalingParameters};
use crate::spec::Spec;
#[cfg(feature = "rules")]
use crate::{
    app::App,
    custom::CustomMachine,
    json::{Object, list},
    keys::{ENV, REQUIRES},
    parameter::Group,
};

/// Reads an entry; `None` if the text is not one.
///
/// The memory of the app's lists is never freed: read each entry once.
///
/// ```
/// use machinist_core::entry;
///
/// let spec = entry::read(r#"{"name":"llm","code":{"machine_type":["GPU-H100"],"gpus":2}}"#);
/// assert_eq!(spec.unwrap().vram_mb(), 160_000);
/// ```
pub fn read(entry: &'static str) -> Option<Spec> {
    const MACHINE_TYPE: &str = Key::MachineType.as_str();
    const GPUS: &str = Key::Gpus.as_str();

    let code = member(entry, CODE)?;
    let custom: Vec<MachineType> = member(entry, MACHINES)
        .into_iter()
        .flat_map(parts)
        .map(read_machine)
        .collect::<Option<_>>()?;
    let machine_types: Vec<MachineType> = parts(member(code, MACHINE_TYPE)?)
        .map(|name| {
            let name = unquoted(name)?;
            let custom = custom.iter().find(|machine| machine.name == name);
            custom.or_else(|| built_in::find(name)).copied()
        })
        .collect::<Option<_>>()?;
    let mut spec = Spec {
        name: unquoted(member(entry, NAME)?)?,
        machine_types: Box::leak(machine_types.into_boxed_slice()),
        gpus: 0,
        code: CodeParameters::NONE,
        scaling: ScalingParameters::NONE,
    };
    for (key, value) in members(code) {
        match key {
            MACHINE_TYPE => {}
            GPUS => spec.gpus = value.parse().ok()?,
            key => spec.code.set(key, value)?,
        }
    }
    for (key, value) in member(entry, SCALING).into_iter().flat_map(members) {
        spec.scaling.set(key, value)?;
    }
    Some(spec)
}

/// Reads a custom machine type. The entry does not have `suits`.
fn read_machine(machine: &'static str) -> Option<MachineType> {
    let mut read = MachineType {
        name: unquoted(member(machine, NAME)?)?,
        figures: Figures::NONE,
        suits: "",
    };
    for (key, value) in members(machine) {
        if let Some(figure) = figure::find(key) {
            figure.set(&mut read.figures, figure.unit.from_json(value)?);
        }
    }
    Some(read)
}

/// Where in the code an app is, and what its documentation says.
#[cfg(feature = "rules")]
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The first paragraph of the item's documentation; empty if there is none.
    pub description: &'a str,
    /// The package's name.
    pub package: &'a str,
    /// The package's version.
    pub version: &'a str,
    /// The source file, relative to the package's folder, with `/` as separator.
    pub file: &'a str,
    /// The line of the attribute, counted from 1.
    pub line: usize,
    /// The item's name.
    pub item: &'a str,
}

#[cfg(feature = "rules")]
impl App {
    /// The app's entry in the manifest, as compact JSON: the payload of its record.
    ///
    /// The entry has only what the code sets: durations in seconds, sizes in MB, bandwidths in
    /// GB/s, `machine_type` always as a list, and `gpus` always for GPU types.
    ///
    /// ```
    /// use machinist_core::app::App;
    /// use machinist_core::entry::Origin;
    /// use machinist_core::built_in::S;
    ///
    /// let origin = Origin {
    ///     description: "",
    ///     package: "studio",
    ///     version: "0.1.0",
    ///     file: "src/main.rs",
    ///     line: 3,
    ///     item: "Router",
    /// };
    /// let app = App {
    ///     name: "router".into(),
    ///     machine_types: vec![&S],
    ///     custom: Vec::new(),
    ///     gpus: 0,
    ///     settings: Vec::new(),
    ///     required: Vec::new(),
    ///     env: Vec::new(),
    /// };
    /// assert!(app.entry(&origin).ends_with(r#""code":{"machine_type":["S"]}}"#));
    /// ```
    pub fn entry(&self, origin: &Origin<'_>) -> String {
        let mut out = Object::new();
        out.text(NAME, &self.name);
        if !origin.description.is_empty() {
            out.text("description", origin.description);
        }
        out.text("package", origin.package);
        out.text("version", origin.version);

        let mut source = Object::new();
        source.text("file", origin.file);
        source.raw("line", &origin.line.to_string());
        source.text("item", origin.item);
        out.raw("source", &source.end());

        out.raw(CODE, &self.code());
        let mut scaling = Object::new();
        self.write_settings(Group::Scaling, &mut scaling);
        out.group(SCALING, scaling);
        let mut requires = Object::new();
        for (requirement, amount) in &self.required {
            requires.raw(requirement.key, &requirement.unit().json(*amount));
        }
        if !self.env.is_empty() {
            requires.raw(ENV, &list(self.env.iter().map(|name| &**name)));
        }
        out.group(REQUIRES, requires);
        if !self.custom.is_empty() {
            let custom: Vec<String> = self.custom.iter().map(CustomMachine::json).collect();
            out.raw(MACHINES, &format!("[{}]", custom.join(",")));
        }
        out.end()
    }

    fn code(&self) -> String {
        let mut code = Object::new();
        let names = self.machine_types.iter().map(|machine| machine.name);
        code.raw(Key::MachineType.as_str(), &list(names));
        if self.has_gpus() {
            code.raw(Key::Gpus.as_str(), &self.gpus.to_string());
        }
        self.write_settings(Group::Code, &mut code);
        code.end()
    }

    /// Adds the settings of a group to an object.
    fn write_settings(&self, group: Group, object: &mut Object) {
        for (key, setting) in &self.settings {
            if key.parameter().group == group {
                object.raw(key.as_str(), &setting.json());
            }
        }
    }
}
