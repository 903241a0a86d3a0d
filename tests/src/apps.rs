//! Apps over the whole space of parameters, and what targets make of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use machinist_core::MachineKind;
use machinist_core::built_in::{self, MACHINE_TYPES};
use machinist_core::parameter::{Group, Key, Kind, REGIONS};
use machinist_core::setting::Setting;
use machinist_deploy::{
    App, AppSettings, CloudSettings, DeployStamp, Deployed, KnativeSettings, MANIFEST_VERSION,
    Manifest, Options, Parameters, Project, RegionNames, Requirements, Source, plan, target, write,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value};

/// The parameters of an app by key, as its manifest has them.
pub fn parameters(app: &App) -> Map<String, Value> {
    let all = app.code.json().chain(app.scaling.json());
    all.map(|(key, value)| (key.to_string(), value)).collect()
}

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
        requires(),
    )
        .prop_map(|(name, machines, code, scaling, requires)| App {
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
            code: machines.into_iter().chain(code).collect(),
            scaling: valid_together(scaling.into_iter().collect()),
            requires,
            machines: Vec::new(),
        })
}

/// Memory and cores, each required or not.
fn requires() -> impl Strategy<Value = Requirements> {
    let ram = prop::option::of(1..=400_000u32);
    let cpus = prop::option::of(prop::sample::select(vec!["0.5", "4", "12.25"]));
    (ram, cpus).prop_map(|(ram, cpus)| {
        let ram = ram.map(|ram| format!("\"ram\": {ram}"));
        let cpus = cpus.map(|cpus| format!("\"cpus\": {cpus}"));
        let members: Vec<String> = ram.into_iter().chain(cpus).collect();
        serde_json::from_str(&format!("{{{}}}", members.join(","))).unwrap()
    })
}

/// Parameters and their values.
type Settings = Vec<(Key, Setting)>;

/// Machine types of one kind in any order, GPU types with a number of GPUs.
fn machines() -> impl Strategy<Value = Settings> {
    let some = |kind| {
        let names: Vec<String> = built_in::of_kind(kind)
            .map(|machine| machine.name.into())
            .collect();
        let count = 1..=names.len();
        let names = prop::sample::subsequence(names, count).prop_shuffle();
        names.prop_map(|names| (Key::MachineType, Setting::List(names)))
    };
    let cpu = some(MachineKind::Cpu).prop_map(|names| vec![names]);
    let gpu = (some(MachineKind::Gpu), 1..=8u32)
        .prop_map(|(names, gpus)| vec![names, (Key::Gpus, Setting::Number(gpus))]);
    prop_oneof![1 => cpu, 4 => gpu]
}

/// Each parameter of a group set or not, to anything that it takes.
fn settings(group: Group) -> impl Strategy<Value = Settings> {
    let others = Key::in_group(group).filter(|key| !matches!(key, Key::MachineType | Key::Gpus));
    let each: Vec<_> = others
        .map(|key| {
            let value = prop::option::of(value(key.parameter().kind));
            value.prop_map(move |value| value.map(|value| (key, value)))
        })
        .collect();
    each.prop_map(|all| all.into_iter().flatten().collect())
}

fn value(kind: Kind) -> BoxedStrategy<Setting> {
    match kind {
        Kind::Number(min, max) | Kind::Seconds(min, max) => {
            prop_oneof![min..=max.min(min + 20), min..=max]
                .prop_map(Setting::Number)
                .boxed()
        }
        Kind::Path => "/[a-zA-Z0-9_.~!$&'()*+,;=:@%/?#|{}^\\[\\]-]{0,40}"
            .prop_map(Setting::Path)
            .boxed(),
        Kind::Regions => some_of(REGIONS.iter().map(|&name| name.into()).collect()),
        Kind::MachineTypes => some_of(
            MACHINE_TYPES
                .iter()
                .map(|machine| machine.name.into())
                .collect(),
        ),
    }
}

fn some_of(names: Vec<String>) -> BoxedStrategy<Setting> {
    let count = 1..=names.len();
    prop::sample::subsequence(names, count)
        .prop_map(Setting::List)
        .boxed()
}

/// No more runners to keep than there may be.
fn valid_together(mut scaling: Parameters) -> Parameters {
    let min = scaling.number(Key::MinConcurrency);
    let max = scaling.number(Key::MaxConcurrency);
    if let Some(min) = min.filter(|min| *min > max.unwrap_or(2)) {
        scaling.insert(Key::MaxConcurrency, Setting::Number(min));
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
        let regions = |prefix: &str| -> RegionNames {
            let named = |name: &&str| ((*name).into(), format!("{prefix}{name}-1"));
            REGIONS.iter().map(named).collect()
        };
        let cloud = |regions| CloudSettings {
            regions,
            ..CloudSettings::default()
        };
        let project = Project {
            apps: BTreeMap::from([(app.name.clone(), settings)]),
            knative: KnativeSettings {
                regions: regions(""),
                ..KnativeSettings::default()
            },
            skypilot: cloud(regions("aws/")),
            dstack: cloud(regions("")),
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
