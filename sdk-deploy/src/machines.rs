//! The machine types of an app: custom ones as JSON, and built-in ones with their names on other
//! platforms.

use machinist_core::custom::{ACCELERATOR, DSTACK, FAL, NODE_LABELS};
use machinist_core::figure::{FIGURES, Figure, Figures};
use machinist_core::keys::NAME;
use machinist_core::machines_toml::FILE;
use machinist_core::platform::DstackGpu;
use machinist_core::problem::Problem;
use machinist_core::{MachineKind, built_in, figure, platform};
use schemars::{Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::{Map, Value, json};

use crate::parameters::Parameters;
use crate::schema;

pub use machinist_core::custom::CustomMachine;

/// The name of a machine type in the manifest's schema.
const DEFINITION: &str = "CustomMachine";

/// Writes machine types as an app's record has them.
pub(crate) fn serialize<S: Serializer>(
    machines: &[CustomMachine],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    // What a machine type writes is JSON.
    let json = machines
        .iter()
        .map(|machine| serde_json::from_str::<Value>(&machine.json()).unwrap_or_default());
    serializer.collect_seq(json)
}

/// Reads machine types as an app's record has them. Figures of later versions are skipped.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<CustomMachine>, D::Error> {
    let machines: Vec<Map<String, Value>> = Vec::deserialize(deserializer)?;
    let read = machines.iter().map(read);
    read.collect::<Result<_, String>>()
        .map_err(D::Error::custom)
}

fn read(machine: &Map<String, Value>) -> Result<CustomMachine, String> {
    let wrong = |key: &str| format!("a machine type's `{key}` is missing or not in its form");
    let text = |key: &str| {
        machine
            .get(key)
            .map(|name| name.as_str().map(str::to_owned))
    };
    let name = text(NAME).flatten().ok_or_else(|| wrong(NAME))?;
    let mut figures = Figures::NONE;
    for figure in FIGURES {
        let Some(value) = machine.get(figure.key) else {
            continue;
        };
        let amount = figure.unit.from_json(&value.to_string());
        figure.set(&mut figures, amount.ok_or_else(|| wrong(figure.key))?);
    }
    let is_gpu = figures.kind() == MachineKind::Gpu;
    let mut required = FIGURES
        .iter()
        .filter(|figure| figure.presence.is_required(is_gpu));
    if let Some(missing) = required.find(|figure| !machine.contains_key(figure.key)) {
        return Err(wrong(missing.key));
    }
    // Without it the machine type would be a CPU type, and its other figures would be lost.
    let mut gpu_only = FIGURES
        .iter()
        .filter(|figure| figure.presence.is_gpu_only());
    if !is_gpu && gpu_only.any(|figure| machine.contains_key(figure.key)) {
        return Err(wrong(figure::MAX_GPUS.key));
    }
    let optional = |key: &str| match text(key) {
        None => Ok(None),
        Some(name) => name.map(Some).ok_or_else(|| wrong(key)),
    };
    let labels = machine.get(NODE_LABELS).map(|labels| {
        let labels = labels.as_array().into_iter().flatten();
        labels
            .map(|label| label.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| wrong(NODE_LABELS))
    });
    Ok(CustomMachine {
        node_labels: labels.transpose()?.unwrap_or_default(),
        accelerator: optional(ACCELERATOR)?,
        dstack: optional(DSTACK)?,
        fal: optional(FAL)?,
        ..CustomMachine::new(name, figures)
    })
}

/// The schema of a list of machine types.
pub(crate) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let definitions = generator.definitions_mut();
    definitions.insert(DEFINITION.into(), Value::from(machine_schema()));
    let reference = format!("#/$defs/{DEFINITION}");
    let list = json!({"type": "array", "items": {"$ref": reference}});
    // An object is a schema.
    Schema::try_from(list).unwrap_or_default()
}

fn machine_schema() -> Schema {
    let figures = FIGURES
        .iter()
        .map(|figure| (figure.key, figure.doc, schema::amount(figure.unit)));
    let text = || json!({"type": "string"});
    let names = [
        (NAME, "Its name.", text()),
        (
            NODE_LABELS,
            "The labels of nodes that have it.",
            json!({"type": "array", "items": text()}),
        ),
        (ACCELERATOR, "SkyPilot's name of its GPU.", text()),
        (
            DSTACK,
            "dstack's name of its GPU, if it does not follow from SkyPilot's.",
            text(),
        ),
        (FAL, "Its name on the platform fal.", text()),
    ];
    let required: Vec<&str> = FIGURES
        .iter()
        .filter(|figure| figure.presence.is_required(false))
        .map(|figure| figure.key)
        .chain([NAME])
        .collect();
    schema::object(figures.chain(names), &required)
}

/// The machine types that these parameters name, in their order. Unknown ones are left out.
pub(crate) fn named_in(code: &Parameters, custom: &[CustomMachine]) -> Vec<CustomMachine> {
    let names = code.machine_types().iter();
    names.filter_map(|name| resolve(name, custom)).collect()
}

/// A machine type with its names on other platforms: those of the built-in machine type of this
/// name, if it has none of its own.
fn resolve(name: &str, custom: &[CustomMachine]) -> Option<CustomMachine> {
    let built_in = built_in(name);
    let Some(custom) = custom.iter().find(|custom| custom.name == name) else {
        return built_in;
    };
    let mut resolved = custom.clone();
    if let Some(built_in) = built_in {
        if resolved.node_labels.is_empty() {
            resolved.node_labels = built_in.node_labels;
        }
        resolved.accelerator = resolved.accelerator.or(built_in.accelerator);
    }
    Some(resolved)
}

fn built_in(name: &str) -> Option<CustomMachine> {
    let machine = built_in::find(name)?;
    let mut resolved = CustomMachine::new(name, machine.figures);
    if let Some(names) = platform::names(name) {
        let labels = names.node_labels.iter();
        resolved.node_labels = labels.map(|&label| label.into()).collect();
        resolved.accelerator = Some(names.accelerator.into());
    }
    Some(resolved)
}

/// Every machine type of the built-in catalogue.
pub(crate) fn all() -> impl Iterator<Item = CustomMachine> {
    built_in::MACHINE_TYPES
        .iter()
        .filter_map(|machine| built_in(machine.name))
}

/// Whether a machine type has GPUs.
pub(crate) fn has_gpus(machine: &CustomMachine) -> bool {
    machine.figures.kind() == MachineKind::Gpu
}

/// The smallest figure of several machine types, with this many GPUs.
fn smallest(machines: &[CustomMachine], gpus: u32, figure: &Figure) -> u32 {
    let figures = machines
        .iter()
        .map(|machine| machine.figures.with_gpus(gpus));
    let amounts = figures.filter_map(|figures| figure.get(&figures));
    amounts.min().unwrap_or(0)
}

/// Main memory and cores that each of several machine types has, with this many GPUs: in MB and in
/// thousandths.
pub(crate) fn smallest_runner(machines: &[CustomMachine], gpus: u32) -> (u32, u32) {
    (
        smallest(machines, gpus, &figure::RAM),
        smallest(machines, gpus, &figure::CPUS),
    )
}

/// SkyPilot's names of the GPUs, in the order of the list.
pub(crate) fn accelerators(machines: &[CustomMachine]) -> Result<Vec<&String>, Problem> {
    let with_gpus = machines.iter().filter(|machine| has_gpus(machine));
    with_gpus
        .map(|machine| {
            let accelerator = machine.accelerator.as_ref();
            accelerator.ok_or_else(|| unknown_gpu(machine, ACCELERATOR))
        })
        .collect()
}

/// dstack's names of the GPUs, in the order of the list. Those that exist with memories of several
/// sizes come with the size.
pub(crate) fn dstack_gpus(machines: &[CustomMachine]) -> Result<Vec<DstackGpu<'_>>, Problem> {
    let with_gpus = machines.iter().filter(|machine| has_gpus(machine));
    with_gpus.map(dstack_gpu).collect()
}

fn dstack_gpu(machine: &CustomMachine) -> Result<DstackGpu<'_>, Problem> {
    let mut gpu = match (&machine.dstack, &machine.accelerator) {
        (Some(name), _) => DstackGpu {
            name,
            memory_gb: None,
        },
        (None, Some(accelerator)) => DstackGpu::of_accelerator(accelerator),
        (None, None) => return Err(unknown_gpu(machine, DSTACK)),
    };
    let vram_gb = || machine.figures.vram_mb.div_ceil(1_000);
    let has_several = platform::DSTACK_SEVERAL_MEMORIES.contains(&gpu.name);
    gpu.memory_gb = has_several.then(|| gpu.memory_gb.unwrap_or_else(vram_gb));
    Ok(gpu)
}

fn unknown_gpu(machine: &CustomMachine, key: &str) -> Problem {
    let name = &machine.name;
    let message = format!("the name of the GPU of `{name}` on other platforms is not known");
    Problem::new(message).help(format!("write its `{key}` in `{FILE}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Vec<CustomMachine>, serde_json::Error> {
        deserialize(&mut serde_json::Deserializer::from_str(json))
    }

    #[test]
    fn a_machine_type_is_read_from_the_json_that_it_writes() {
        let custom = machinist_core::machines_toml::read(
            "[GPU-A6000]\nvram = \"48 GB\"\nram = \"60 GB\"\ncpus = 12.5\nbandwidth = \"768 GB/s\"\n\
             precision = [\"bf16\", \"fp8\"]\nprice_per_hour = 0.79\nnode_labels = [\"a\"]\n\
             accelerator = \"RTXA6000\"\ndstack = \"A6000\"\nfal = \"GPU-A6000\"\n[XXL]\nram = \"60 GB\"\ncpus = 16\n",
        )
        .unwrap();
        let json: Vec<String> = custom.iter().map(CustomMachine::json).collect();
        assert_eq!(parse(&format!("[{}]", json.join(","))).unwrap(), custom);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_named() {
        for (json, key) in [
            (r#"[{"ram": 1, "cpus": 1}]"#, "`name`"),
            (r#"[{"name": "A", "cpus": 1}]"#, "`ram`"),
            (r#"[{"name": "A", "ram": "1 GB", "cpus": 1}]"#, "`ram`"),
            (
                r#"[{"name": "A", "ram": 1, "cpus": 1, "max_gpus": 8}]"#,
                "`vram`",
            ),
            (
                r#"[{"name": "A", "ram": 1, "cpus": 1, "vram": 1}]"#,
                "`max_gpus`",
            ),
            (r#"[{"name": "A", "ram": 1, "cpus": 1, "fal": 1}]"#, "`fal`"),
            (
                r#"[{"name": "A", "ram": 1, "cpus": 1, "node_labels": [1]}]"#,
                "`node_labels`",
            ),
        ] {
            let error = parse(json).unwrap_err().to_string();
            assert!(error.contains(key), "{json}: {error}");
        }
    }
}
