//! A valid app, and its entry in the manifest.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::json;
use crate::machine::{MachineKind, MachineType};
use crate::own::OwnMachine;
use crate::parameter::{self, Group, Kind, Parameter, Setting};
use crate::problem::{REQUIRES, SCALING};
use crate::requirement::Required;

/// The member of an entry with the machine types that are the project's own.
pub(crate) const MACHINES: &str = "machines";

/// A checked app.
///
/// ```
/// use machinist_core::app::App;
/// use machinist_core::catalogue::S;
///
/// let app = App {
///     name: "router".into(),
///     machine_types: vec![&S],
///     own: Vec::new(),
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
    /// What the project itself says of them.
    pub own: Vec<OwnMachine>,
    /// GPUs per runner; 0 on CPU types.
    pub gpus: u32,
    /// The other parameters that the code sets, in the order of the manifest.
    pub settings: Vec<(&'static Parameter, Setting)>,
    /// What it requires of its machine.
    pub required: Vec<Required>,
}

/// Where an app comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// What the item's documentation says first; empty where it says nothing.
    pub description: &'a str,
    /// The package of the code.
    pub package: &'a str,
    /// The package's version.
    pub version: &'a str,
    /// The source file, relative to the package's folder, with `/` on every platform.
    pub file: &'a str,
    /// The line of the attribute, from 1.
    pub line: usize,
    /// The item's name.
    pub item: &'a str,
}

impl App {
    /// Its entry in the manifest, as compact JSON: the payload of its record.
    ///
    /// Only what the code sets is there; durations in seconds, sizes in MB, bandwidths in GB/s,
    /// `machine_type` always a list, `gpus` always for GPU types.
    ///
    /// ```
    /// use machinist_core::app::{App, Origin};
    /// use machinist_core::catalogue::S;
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
    ///     own: Vec::new(),
    ///     gpus: 0,
    ///     settings: Vec::new(),
    ///     required: Vec::new(),
    /// };
    /// assert!(app.entry(&origin).ends_with(r#""code":{"machine_type":["S"]}}"#));
    /// ```
    pub fn entry(&self, origin: &Origin<'_>) -> String {
        let mut out = Object::new();
        out.text("name", &self.name);
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

        out.raw("code", &self.code());
        let mut scaling = Object::new();
        self.set(Group::Scaling, &mut scaling);
        out.group(SCALING, scaling);
        let mut requires = Object::new();
        for (what, amount) in &self.required {
            requires.raw(what.key, &what.json(*amount));
        }
        out.group(REQUIRES, requires);
        if !self.own.is_empty() {
            let own: Vec<String> = self.own.iter().map(OwnMachine::json).collect();
            out.raw(MACHINES, &format!("[{}]", own.join(",")));
        }
        out.end()
    }

    fn code(&self) -> String {
        let mut code = Object::new();
        let names = self.machine_types.iter().map(|machine| machine.name);
        code.raw(parameter::MACHINE_TYPE, &list(names));
        if self
            .machine_types
            .iter()
            .any(|machine| machine.kind() == MachineKind::Gpu)
        {
            code.raw(parameter::GPUS, &self.gpus.to_string());
        }
        self.set(Group::Code, &mut code);
        code.end()
    }

    /// Writes the other parameters of a group.
    fn set(&self, group: Group, object: &mut Object) {
        for (parameter, setting) in &self.settings {
            if parameter.group != group {
                continue;
            }
            match (setting, parameter.kind) {
                (Setting::Number(number), _) => object.raw(parameter.key, &number.to_string()),
                (Setting::List(texts), _) => {
                    object.raw(parameter.key, &list(texts.iter().map(|text| &**text)));
                }
                // A health check has more to it than its path, on some platforms.
                (Setting::Text(path), Kind::Path) => {
                    let mut check = Object::new();
                    check.text("path", path);
                    object.raw(parameter.key, &check.end());
                }
                (Setting::Text(text), _) => object.text(parameter.key, text),
            }
        }
    }
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::from("[");
    for text in texts {
        if out.len() > 1 {
            out.push(',');
        }
        json::string(&mut out, text);
    }
    out.push(']');
    out
}

/// A JSON object under construction: its members so far.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self(String::with_capacity(512))
    }

    /// Begins a member, whose value is to be written next.
    fn member(&mut self, key: &str) -> &mut String {
        // Keys have nothing to escape.
        let before = if self.0.is_empty() { "{\"" } else { ",\"" };
        self.0.push_str(before);
        self.0.push_str(key);
        self.0.push_str("\":");
        &mut self.0
    }

    fn text(&mut self, key: &str, text: &str) {
        json::string(self.member(key), text);
    }

    fn raw(&mut self, key: &str, value: &str) {
        self.member(key).push_str(value);
    }

    /// A member that is left out where there is nothing in it.
    fn group(&mut self, key: &str, group: Self) {
        if !group.0.is_empty() {
            self.raw(key, &group.end());
        }
    }

    fn end(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }
}
