//! Apps over the whole space of parameters, and what targets make of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use machinist_core::catalogue::MACHINE_TYPES;
use machinist_core::parameter::{
    GPUS, Group, Kind, MACHINE_TYPE, MAX_CONCURRENCY, MIN_CONCURRENCY, PARAMETERS, REGIONS,
};
use machinist_core::{MachineKind, catalogue};
use machinist_deploy::{
    App, AppSettings, DeployStamp, Deployed, KnativeSettings, MANIFEST_VERSION, Manifest, Options,
    Parameters, Project, Source, plan, target, write,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// This many apps, the same ones every time.
pub fn apps(count: usize) -> Vec<App> {
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| app().new_tree(&mut runner).unwrap().current())
        .collect()
}

fn app() -> impl Strategy<Value = App> {
    let name = "[a-z]([-a-z0-9]{0,30}[a-z0-9])?";
    (
        name,
        machines(),
        settings(Group::Code),
        settings(Group::Scaling),
    )
        .prop_map(|(name, machines, code, scaling)| {
            let code: Parameters = machines.into_iter().chain(code).collect();
            App {
                name,
                description: None,
                package: "p".into(),
                version: "0.1.0".into(),
                binaries: vec!["p".into()],
                source: Source {
                    file: "src/main.rs".into(),
                    line: 1,
                    item: "A".into(),
                },
                code,
                scaling: valid_together(scaling),
                requires: Parameters::new(),
                machines: Vec::new(),
            }
        })
}

/// Machine types of one kind in any order, GPU types with a number of GPUs.
fn machines() -> impl Strategy<Value = Parameters> {
    let names = |kind| {
        catalogue::of_kind(kind)
            .map(|machine| machine.name)
            .collect::<Vec<_>>()
    };
    let some = |kind| {
        let names = names(kind);
        let count = 1..=names.len();
        prop::sample::subsequence(names, count).prop_shuffle()
    };
    let cpu = some(MachineKind::Cpu).prop_map(|names| json!({MACHINE_TYPE: names}));
    let gpu = (some(MachineKind::Gpu), 1..=8u32)
        .prop_map(|(names, gpus)| json!({MACHINE_TYPE: names, GPUS: gpus}));
    prop_oneof![1 => cpu, 4 => gpu].prop_map(|value| value.as_object().unwrap().clone())
}

/// Each parameter of a group set or not, to anything that it takes.
fn settings(group: Group) -> impl Strategy<Value = Parameters> {
    let of_group = PARAMETERS
        .iter()
        .filter(|parameter| parameter.group == group);
    let others = of_group.filter(|parameter| !matches!(parameter.key, MACHINE_TYPE | GPUS));
    let each: Vec<_> = others
        .map(|parameter| {
            let value = prop::option::of(value(parameter.kind));
            value.prop_map(|value| value.map(|value| (parameter.key.to_owned(), value)))
        })
        .collect();
    each.prop_map(|all| all.into_iter().flatten().collect())
}

fn value(kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Number(min, max) | Kind::Seconds(min, max) => {
            prop_oneof![min..=max.min(min + 20), min..=max]
                .prop_map(Value::from)
                .boxed()
        }
        Kind::Path => "/[a-zA-Z0-9_.~!$&'()*+,;=:@%/?#|{}^\\[\\]-]{0,40}"
            .prop_map(|path| json!({"path": path}))
            .boxed(),
        Kind::Regions => prop::sample::subsequence(REGIONS.to_vec(), 1..=REGIONS.len())
            .prop_map(Value::from)
            .boxed(),
        Kind::MachineTypes => {
            let names = MACHINE_TYPES.iter().map(|machine| machine.name);
            prop::sample::select(names.collect::<Vec<_>>())
                .prop_map(Value::from)
                .boxed()
        }
    }
}

/// No more runners to keep than there may be.
fn valid_together(mut scaling: Parameters) -> Parameters {
    let number = |key: &str| scaling.get(key).and_then(Value::as_u64);
    let (min, max) = (number(MIN_CONCURRENCY), number(MAX_CONCURRENCY));
    if let Some(min) = min.filter(|min| *min > max.unwrap_or(2)) {
        scaling.insert(MAX_CONCURRENCY.into(), min.into());
    }
    scaling
}

/// Writes what a target makes of the first deploy of each app into a folder of its number, and
/// gives the folders of their files.
pub fn render(name: &str, apps: &[App], folder: &Path) -> Vec<PathBuf> {
    let folders = apps.iter().enumerate().map(|(i, app)| {
        let settings = AppSettings {
            image: Some("ghcr.io/acme/app:v1".into()),
            ..AppSettings::default()
        };
        let project = Project {
            apps: BTreeMap::from([(app.name.clone(), settings)]),
            knative: KnativeSettings {
                regions: REGIONS
                    .iter()
                    .map(|&name| (name.into(), format!("{name}-1")))
                    .collect(),
                ..KnativeSettings::default()
            },
            ..Project::default()
        };
        let manifest = Manifest {
            manifest_version: MANIFEST_VERSION,
            apps: vec![app.clone()],
        };
        let plan = plan(&manifest, &Deployed::default(), &Options::default());
        let after = Deployed::default().after(&plan, &DeployStamp::default());
        let target = target(name, project).unwrap();
        let rendering = target.deploy(&plan, &after).unwrap_or_else(|problem| {
            panic!("{app:?}: {problem}");
        });
        let own = folder.join(i.to_string());
        write(&rendering, &own, &mut |_| {}).unwrap();
        own.join(&app.name)
    });
    folders.collect()
}
