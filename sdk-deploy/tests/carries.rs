//! No target drops a value in silence: every value other than the platform's default changes what
//! is rendered, or a warning names its key. Keys and values come from the table of parameters, so
//! a new key is tested without a change here.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem::discriminant;
use std::sync::LazyLock;

use machinist_core::MachineKind;
use machinist_core::built_in::of_kind;
use machinist_core::parameter::{Group, Key, Kind, PARAMETERS, Parameter, REGIONS};
use machinist_core::setting::{Setting, check_concurrency};
use machinist_deploy::{
    App, AppSettings, Carries, Contents, DeployStamp, Deployed, FILE, KnativeSettings,
    MANIFEST_VERSION, Manifest, Options, Plan, Project, RenderedFile, Rendering, Requirements,
    Source, TARGETS, Target, effective_file, plan, target,
};
use serde_json::{Value, json};

const NAME: &str = "llm";

/// Every target with the settings of its project. Knative is listed twice, because it carries only
/// the regions that its settings name.
fn targets() -> Vec<(&'static str, Project)> {
    let image = AppSettings {
        image: Some("ghcr.io/acme/llm:v1".into()),
        ..AppSettings::default()
    };
    let project = Project {
        apps: [(NAME.into(), image)].into(),
        ..Project::default()
    };
    let region = |name: &&str| ((*name).to_owned(), format!("cluster-{name}"));
    let named = Project {
        knative: KnativeSettings {
            regions: REGIONS.iter().map(region).collect(),
            ..KnativeSettings::default()
        },
        ..project.clone()
    };
    let all = TARGETS.iter().map(|&name| (name, project.clone()));
    all.chain([("knative", named)]).collect()
}

/// Apps that deploy to every target, with the kind of their machine: on a GPU, without one, and with
/// nothing to scale.
fn apps() -> [(MachineKind, App); 3] {
    let gpu = json!({"machine_type": ["GPU-H100"], "gpus": 2, "port": 8080});
    let cpu = json!({"machine_type": ["M"], "port": 8080});
    let fixed = json!({"min_concurrency": 3, "max_concurrency": 3});
    [
        (MachineKind::Gpu, app(gpu.clone(), json!({}))),
        (MachineKind::Cpu, app(cpu, json!({}))),
        (MachineKind::Gpu, app(gpu, fixed)),
    ]
}

fn app(code: Value, scaling: Value) -> App {
    App {
        name: NAME.into(),
        description: None,
        package: "studio".into(),
        version: "0.1.0".into(),
        binaries: vec!["studio".into()],
        source: Source {
            file: "src/main.rs".into(),
            line: 1,
            item: "Llm".into(),
        },
        code: serde_json::from_value(code).unwrap(),
        scaling: serde_json::from_value(scaling).unwrap(),
        requires: Requirements::default(),
        machines: Vec::new(),
    }
}

fn every_target_and_app() -> impl Iterator<Item = ((&'static str, Project), (MachineKind, App))> {
    let targets = targets().into_iter();
    targets.flat_map(|target| apps().map(|app| (target.clone(), app)))
}

/// Values of a key: both ends of its range, the middle, and the defaults of all parameters like it.
/// With the default of `max_concurrency`, `min_concurrency` leaves nothing to scale.
fn values(key: Key, machines: MachineKind) -> Vec<Setting> {
    let parameter = key.parameter();
    let values: Vec<Setting> = match parameter.kind {
        Kind::Number(min, max) | Kind::Seconds(min, max) => {
            let mut numbers = BTreeSet::from([min, min + 1, min + (max - min) / 2, max]);
            let is_like = |other: &&Parameter| {
                other.group == parameter.group
                    && discriminant(&other.kind) == discriminant(&parameter.kind)
            };
            let likes = PARAMETERS.iter().filter(is_like);
            numbers.extend(likes.filter_map(|other| other.platform_default));
            numbers.retain(|number| (min..=max).contains(number));
            numbers.into_iter().map(Setting::Number).collect()
        }
        Kind::Path => {
            let longest = format!("/{}", "a".repeat(1_023));
            let paths = ["/", "/ready?now=1", &longest];
            paths.map(|path| Setting::Path(path.into())).into()
        }
        Kind::MachineTypes => lists(of_kind(machines).map(|machine| machine.name)),
        Kind::Regions => lists(REGIONS.iter().copied()),
    };
    for value in &values {
        parameter.check(value).unwrap();
    }
    values
}

/// Lists of names: each name alone, two in both orders, and all of them.
fn lists(names: impl Iterator<Item = &'static str>) -> Vec<Setting> {
    let all: Vec<String> = names.map(str::to_owned).collect();
    let single = all.iter().map(|name| vec![name.clone()]);
    let two = [
        vec![all[0].clone(), all[1].clone()],
        vec![all[1].clone(), all[0].clone()],
    ];
    let lists = single.chain(two).chain([all.clone()]);
    lists.map(Setting::List).collect()
}

/// Sets a value, and says whether the app had another one.
fn set(app: &mut App, key: Key, value: &Setting) -> bool {
    let parameters = match key.parameter().group {
        Group::Code => &mut app.code,
        Group::Scaling => &mut app.scaling,
    };
    parameters.insert(key, value.clone()).as_ref() != Some(value)
}

/// Whether the values of an app are valid together.
fn is_valid(app: &App) -> bool {
    let min = app.scaling.number(Key::MinConcurrency).unwrap_or(0);
    check_concurrency(min, app.scaling.number(Key::MaxConcurrency)).is_ok()
}

/// Whether the platform takes this value where none is set.
fn is_default(key: Key, value: &Setting) -> bool {
    let default = key.parameter().platform_default;
    default.is_some() && default == value.number()
}

/// The plan of the app's first deploy, and what is deployed after it.
fn deployed(app: &App) -> (Plan, Deployed) {
    let manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        apps: vec![app.clone()],
    };
    let plan = plan(&manifest, &Deployed::default(), &Options::default());
    let after = Deployed::default().after(&plan, &DeployStamp::default());
    (plan, after)
}

/// The rendering of the app's first deploy.
fn rendering(target: &dyn Target, app: &App) -> Rendering {
    let (plan, after) = deployed(app);
    target.deploy(&plan, &after).unwrap()
}

/// Keys with the number of their value: those that an app sets beside what it needs.
type Chosen = Vec<(Key, usize)>;

/// What a target renders for an app with every value, and with every two values of two keys.
struct Renderings {
    name: &'static str,
    project: Project,
    values: BTreeMap<Key, Vec<Setting>>,
    by_values: BTreeMap<Chosen, Rendering>,
}

/// Of every target and app. They are rendered once for all tests.
static ALL: LazyLock<Vec<Renderings>> = LazyLock::new(|| {
    std::thread::scope(|scope| {
        let threads: Vec<_> = every_target_and_app()
            .map(|(target, app)| scope.spawn(move || Renderings::new(target, app)))
            .collect();
        let all = threads.into_iter().map(|thread| thread.join().unwrap());
        all.collect()
    })
});

impl Renderings {
    fn new((name, project): (&'static str, Project), (machines, base): (MachineKind, App)) -> Self {
        let target = target(name, project.clone()).unwrap();
        let keys = PARAMETERS.iter().map(|parameter| parameter.key);
        let keys = keys.filter(|key| machines == MachineKind::Gpu || *key != Key::Gpus);
        let values: BTreeMap<Key, Vec<Setting>> =
            keys.map(|key| (key, values(key, machines))).collect();
        let mut by_values = BTreeMap::new();
        let mut render = |chosen: Chosen| {
            let mut app = base.clone();
            for (key, i) in &chosen {
                if !set(&mut app, *key, &values[key][*i]) {
                    return;
                }
            }
            if is_valid(&app) {
                by_values.insert(chosen, rendering(&*target, &app));
            }
        };
        let every_value = |key: Key| (0..values[&key].len()).map(move |i| (key, i));
        render(Chosen::new());
        for first in values.keys().flat_map(|key| every_value(*key)) {
            render(vec![first]);
            let later = values.range(first.0..).skip(1);
            for second in later.flat_map(|(key, _)| every_value(*key)) {
                render(vec![first, second]);
            }
        }
        Self {
            name,
            project,
            values,
            by_values,
        }
    }

    /// Every value that is not the platform's default, alone and beside every value of every other
    /// key.
    fn each(&self) -> impl Iterator<Item = Case<'_>> {
        let orders = self.by_values.keys().flat_map(|chosen| match **chosen {
            [only] => vec![(only, None)],
            [first, second] => vec![(first, Some(second)), (second, Some(first))],
            _ => Vec::new(),
        });
        orders.filter_map(|(value, other)| self.case(value, other))
    }

    /// `None` if the value is the default, or the other value is not valid alone.
    fn case(&self, value: (Key, usize), other: Option<(Key, usize)>) -> Option<Case<'_>> {
        let setting = |(key, i): (Key, usize)| (key, &self.values[&key][i]);
        let mut both = Chosen::from_iter([value].into_iter().chain(other));
        both.sort_unstable();
        let (key, value_set) = setting(value);
        let case = Case {
            key,
            value: value_set,
            other: other.map(setting),
            neither: &self.by_values[&Chosen::new()],
            alone: self.by_values.get(&vec![value]),
            without: self.by_values.get(&Chosen::from_iter(other))?,
            with: &self.by_values[&both],
        };
        (!is_default(key, value_set)).then_some(case)
    }
}

/// An app with and without a value, alone or beside a value of another key.
struct Case<'a> {
    key: Key,
    value: &'a Setting,
    other: Option<(Key, &'a Setting)>,
    /// With neither value.
    neither: &'a Rendering,
    /// With the value alone; `None` if it is not valid alone.
    alone: Option<&'a Rendering>,
    /// With the other value alone.
    without: &'a Rendering,
    /// With both.
    with: &'a Rendering,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` = {}", self.key.as_str(), self.value.json())?;
        if let Some((key, value)) = self.other {
            write!(f, " beside `{}` = {}", key.as_str(), value.json())?;
        }
        Ok(())
    }
}

/// Checks every value alone and beside every other one, on every target.
fn check(fault: impl Fn(&dyn Target, &Case<'_>) -> Option<&'static str>) {
    let mut faults = Vec::new();
    for renderings in &*ALL {
        let name = renderings.name;
        let target = target(name, renderings.project.clone()).unwrap();
        faults.extend(renderings.each().filter_map(|case| {
            let fault = fault(&*target, &case)?;
            Some(format!("{name}: {case}: {fault}"))
        }));
    }
    let first = faults[..faults.len().min(20)].join("\n");
    assert!(faults.is_empty(), "{} faults:\n{first}", faults.len());
}

fn named<'t>(texts: impl IntoIterator<Item = &'t str>, key: Key) -> Vec<&'t str> {
    let name = format!("`{}`", key.as_str());
    let texts = texts.into_iter();
    texts.filter(|text| text.contains(&name)).collect()
}

/// The warnings that name a key.
fn warnings(rendering: &Rendering, key: Key) -> Vec<&str> {
    let warnings = rendering.warnings();
    named(warnings.map(|warning| &*warning.message), key)
}

#[test]
fn every_value_changes_the_rendering_or_is_named() {
    check(|_, case| {
        let (without, with, key) = (case.without, case.with, case.key);
        let is_told = with.files != without.files
            || !warnings(with, key).is_empty()
            || named(with.needs(), key) != named(without.needs(), key);
        (!is_told).then_some("it is dropped in silence")
    });
}

#[test]
fn a_value_with_a_warning_takes_nothing_else_away() {
    check(|_, case| {
        let (without, with) = (case.without, case.with);
        if warnings(with, case.key).is_empty() {
            return None;
        }
        let has_warning = |warning| with.warnings().any(|other| other == warning);
        if !without.warnings().all(has_warning) {
            return Some("another warning is gone");
        }
        if !without.needs().is_subset(&with.needs()) {
            return Some("another need is gone");
        }
        if with.steps != without.steps {
            return Some("it changes the steps");
        }
        // It may change places that it changes without the other value too, and those that are
        // there only with the other value.
        let changed = changed(without, with);
        if changed.is_empty() {
            return None;
        }
        let own = self::changed(case.neither, case.alone?);
        let (before, after) = (leaves(case.neither), leaves(with));
        let is_lost = |place: &String| before.contains_key(place) || !after.contains_key(place);
        let mut others = changed.iter().filter(|place| !own.contains(place));
        others.any(is_lost).then_some("another value is lost")
    });
}

#[test]
fn the_answer_of_a_target_agrees_with_its_warnings() {
    check(|target, case| {
        let is_warned = !warnings(case.with, case.key).is_empty();
        match (target.carries(case.key), is_warned) {
            (Carries::Exactly, true) => Some("it is carried exactly, and there is a warning"),
            (Carries::Not(_), false) => Some("it is not carried, and there is no warning"),
            (Carries::Approximately(_), false) => Some("it is approximated without a warning"),
            _ => None,
        }
    });
}

#[test]
fn tuning_to_another_value_renders_something_else_or_is_named() {
    for ((name, project), (machines, app)) in every_target_and_app() {
        let target = target(name, project).unwrap();
        let (_, before) = deployed(&app);
        for key in Key::in_group(Group::Scaling) {
            let mut seen: Vec<Rendering> = Vec::new();
            for value in values(key, machines) {
                let written = (key.as_str().to_owned(), value.as_written());
                // Values that are not valid together are refused.
                let Ok(tuned) = before.tune(NAME, &[written], &[]) else {
                    continue;
                };
                let mut after = before.clone();
                after.settle_tuning(&tuned, &DeployStamp::default());
                let rendering = target.scale(&tuned, &after).unwrap();
                if warnings(&rendering, key).is_empty() {
                    let is_seen = |seen: &Rendering| {
                        (&seen.files, &seen.steps) == (&rendering.files, &rendering.steps)
                    };
                    assert!(!seen.iter().any(is_seen), "{name}: {tuned:?}");
                    seen.push(rendering);
                }
            }
        }
    }
}

/// The places at which a document of the second rendering differs from the first one's.
fn changed(before: &Rendering, after: &Rendering) -> Vec<String> {
    if before.files == after.files {
        return Vec::new();
    }
    let (before, after) = (leaves(before), leaves(after));
    let places: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differ = places.into_iter();
    let differ = differ.filter(|place| before.get(*place) != after.get(*place));
    differ.cloned().collect()
}

/// Every value of the rendered documents, by its place in them.
fn leaves(rendering: &Rendering) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    for RenderedFile { path, contents } in &rendering.files {
        let Contents::Text(text) = contents else {
            continue;
        };
        // Rendered documents are JSON, which is YAML too, or TOML.
        let document: Value = match serde_json::from_str(text) {
            Ok(document) => document,
            Err(_) => toml::from_str(text).unwrap(),
        };
        add_leaves(&path.display().to_string(), &document, &mut leaves);
    }
    leaves
}

fn add_leaves(place: &str, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                add_leaves(&format!("{place}/{key}"), value, leaves);
            }
        }
        Value::Array(elements) => {
            for (i, value) in elements.iter().enumerate() {
                add_leaves(&format!("{place}/{i}"), value, leaves);
            }
        }
        leaf => drop(leaves.insert(place.into(), leaf.clone())),
    }
}

#[test]
fn a_key_of_a_later_version_is_named_by_platforms_and_kept_in_the_file() {
    for (name, project) in targets() {
        let target = target(name, project).unwrap();
        let [(_, mut app), ..] = apps();
        let mut code = serde_json::to_value(&app.code).unwrap();
        code["colour"] = json!({"deep": null});
        app.code = serde_json::from_value(code).unwrap();
        app.scaling = serde_json::from_value(json!({"patience": [1, "a"]})).unwrap();
        let rendering = rendering(&*target, &app);
        if name == FILE {
            assert!(rendering.warnings().next().is_none());
            let leaves = leaves(&rendering);
            let file = effective_file(&Project::default().state_file);
            let place = format!("{file}/apps/0");
            let leaf = |key: &str| leaves.get(&format!("{place}/{key}"));
            assert_eq!(leaf("code/colour/deep"), Some(&Value::Null));
            assert_eq!(leaf("scaling/patience/0"), Some(&json!(1)));
            assert_eq!(leaf("scaling/patience/1"), Some(&json!("a")));
            continue;
        }
        for key in ["`colour`", "`patience`"] {
            let mut warnings = rendering.warnings();
            assert!(
                warnings.any(|warning| warning.message.contains(key)),
                "{name}: {key}"
            );
        }
    }
}
