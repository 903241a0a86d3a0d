//! Any text, wherever one is taken: it is refused with a reason, or the target's own parser gives
//! the same text back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use machinist_core::record;
use machinist_deploy::{
    App, Binary, CargoToml, Contents, DeployStamp, Deployed, MANIFEST_VERSION, Manifest, Options,
    Project, Rendering, Settings, effective_file, plan, shell_word, target, write,
};
use machinist_tests::{Python, repository, stdout, texts};
use parse_dockerfile::Instruction::{Copy, Entrypoint};
use parse_dockerfile::{Command, Source};
use serde_json::{Value, json};

/// How many texts are tried beside those that are known to mean something.
const TEXTS: usize = 10;

/// A text that nobody refuses, and that is nowhere else.
const PLAIN: &str = "plain";

/// Where a text is put: a place in an app and its settings, or in the name of a member there.
const PLACES: &[&str] = &[
    "/app/name",
    "/app/description",
    "/app/package",
    "/app/version",
    "/app/source/file",
    "/app/source/item",
    "/app/binaries/0",
    "/app/code/machine_type/0",
    "/app/code/health_check/path",
    "/app/scaling/regions/0",
    "/app/machines/0/node_labels/0",
    "/app/machines/0/accelerator",
    "/app/machines/0/fal",
    "/settings/image",
    "/settings/bin",
    "/settings/auth",
    "/settings/knative/context",
    "/settings/knative/namespace",
    "/settings/knative/service_account",
    "/settings/knative/gpu_label",
    "/settings/knative/node_labels/GPU-L40/0",
    "/settings/knative/regions/us-west",
    "/settings/knative/tolerations/0/value",
    "/settings/knative/tolerations/0/<name>",
];

/// An app and its settings, with a text at a place.
fn document(place: &str, text: &str) -> Value {
    let mut document = json!({
        "app": {
            "name": "llm", "description": "d", "package": "p", "version": "1",
            "binaries": ["b"],
            "source": {"file": "src/main.rs", "line": 1, "item": "A"},
            "code": {
                "machine_type": ["GPU-X", "GPU-L40"], "gpus": 2, "port": 80,
                "health_check": {"path": "/"},
            },
            "scaling": {"regions": ["us-west"]},
            "machines": [{
                "name": "GPU-X", "vram": 48_000, "ram": 60_000, "cpus": 12, "bandwidth": 768,
                "encoders": 1, "decoders": 2, "max_gpus": 8, "node_labels": ["x"], "accelerator": "RTXA6000", "fal": "GPU-Y",
            }],
        },
        "settings": {
            "image": "acme/a:v1", "bin": "b", "auth": "public",
            "knative": {
                "context": "c", "namespace": "n", "service_account": "s", "gpu_label": "g",
                "node_labels": {"GPU-L40": ["l"]}, "regions": {"us-west": "r"},
                "tolerations": [{"key": "k", "value": "v"}],
            },
        },
    });
    let text = match place {
        "/app/code/health_check/path" => format!("/{text}"),
        _ => text.to_owned(),
    };
    match place.strip_suffix("/<name>") {
        Some(object) => document.pointer_mut(object).unwrap()[&text] = "v".into(),
        None => *document.pointer_mut(place).unwrap() = text.clone().into(),
    }
    if place == "/app/code/machine_type/0" {
        document["app"]["machines"][0]["name"] = text.into();
    }
    document
}

/// The app and what a target knows of the project, or why not.
fn read(target: &str, document: &Value, folder: &Path) -> Result<(App, Project), String> {
    let manifest = json!({"manifest_version": MANIFEST_VERSION, "apps": [document["app"]]});
    let manifest = Manifest::parse(&manifest.to_string()).map_err(|error| error.to_string())?;
    let written: Value = serde_json::from_str(&manifest.to_json()).unwrap();
    assert_eq!(written["apps"][0], document["app"]);
    let [app] = <[App; 1]>::try_from(manifest.apps).unwrap();

    let settings = json!({"package": {"metadata": {"machinist": document["settings"]}}});
    let path = folder.join("Cargo.toml");
    fs::write(&path, toml::to_string(&settings).unwrap()).unwrap();
    let file = CargoToml {
        path,
        package: Some("p".into()),
    };
    let settings = Settings::read(&[file], None).map_err(|problem| problem.to_string())?;
    let apps = BTreeMap::from([(app.name.clone(), settings.for_app(&app.name, Some("p")))]);
    let project = settings.of_package(Some("p")).project(target, apps);
    Ok((app, project))
}

/// What a target makes of the first deploy of an app.
fn rendering(name: &str, app: App, project: Project) -> Result<Rendering, String> {
    let manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        apps: vec![app],
    };
    let plan = plan(&manifest, &Deployed::default(), &Options::default());
    let after = Deployed::default().after(&plan, &DeployStamp::default());
    let rendering = target(name, project).unwrap().deploy(&plan, &after);
    rendering.map_err(|problem| problem.to_string())
}

/// A text at a place, that was not refused.
struct Case {
    place: &'static str,
    text: String,
    folder: PathBuf,
}

/// Writes what a target makes of every text at every place, for each place first of a plain one.
/// Where even that is refused, every text is: nothing else than what is listed is taken there.
fn cases(target: &str, folder: &Path) -> Vec<Case> {
    let texts = texts::texts(TEXTS);
    let mut cases: Vec<Case> = Vec::new();
    for (nth, place) in PLACES.iter().enumerate() {
        // Every third text at each place, others at the next: the tools take their time.
        let texts = texts.iter().skip(nth % 3).step_by(3).map(String::as_str);
        for text in std::iter::once(PLAIN).chain(texts) {
            let made = read(target, &document(place, text), folder).and_then(|(app, project)| {
                Ok((app.name.clone(), rendering(target, app, project)?))
            });
            match made {
                Ok((name, rendering)) => {
                    let own = folder.join(format!("{:06}", cases.len()));
                    write(&rendering, &own, &mut |_| {}).unwrap();
                    cases.push(Case {
                        place,
                        text: text.into(),
                        folder: if own.join(&name).is_dir() {
                            own.join(name)
                        } else {
                            own
                        },
                    });
                }
                Err(reason) => assert!(!reason.is_empty(), "{place}: {text:?}"),
            }
        }
    }
    cases
}

/// The same as was understood of the plain text, but for the text.
fn assert_given_back(cases: &[Case], understood: &[Value]) {
    assert_eq!(cases.len(), understood.len());
    let mut plain = &Value::Null;
    for (case, understood) in cases.iter().zip(understood) {
        if case.text == PLAIN {
            plain = understood;
        }
        let expected = with(plain, &case.text);
        assert!(
            *understood == expected,
            "{}: {:.80?}\n{understood:.2000}\n{expected:.2000}",
            case.place,
            case.text
        );
    }
}

/// With the plain text replaced.
fn with(value: &Value, text: &str) -> Value {
    match value {
        Value::String(old) => old.replace(PLAIN, text).into(),
        Value::Array(elements) => elements.iter().map(|element| with(element, text)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(key, value)| (key.replace(PLAIN, text), with(value, text)))
                .collect()
        }
        other => other.clone(),
    }
}

/// What the check of a platform's tool understood of a file in each folder.
fn understood(target: &str, file: &str) -> Option<(Vec<Case>, Vec<Value>)> {
    let python = Python::with(target, Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let folder = tempfile::tempdir().unwrap();
    let cases = cases(target, folder.path());
    let output = python
        .command("python")
        .arg(repository().join("tests").join(target).join("check.py"))
        .args(cases.iter().map(|case| case.folder.join(file)))
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let answers = stdout(&output);
    let answers = answers.lines().filter(|line| line.starts_with('{'));
    let answers = answers.map(|line| serde_json::from_str(line).unwrap());
    Some((cases, answers.collect()))
}

/// The places where not all texts were refused.
fn places(cases: &[Case]) -> Vec<&str> {
    let is_taken = |place: &&&str| cases.iter().any(|case| case.place == **place);
    PLACES.iter().filter(is_taken).copied().collect()
}

#[test]
fn the_effective_manifest_gives_every_text_back() {
    let folder = tempfile::tempdir().unwrap();
    let cases = cases("file", folder.path());
    let file = effective_file(&Project::default().state_file);
    let read = |case: &Case| fs::read(case.folder.join(&file)).unwrap();
    let understood: Vec<Value> = cases
        .iter()
        .map(|case| serde_json::from_slice(&read(case)).unwrap())
        .collect();
    assert_given_back(&cases, &understood);
}

#[test]
fn fal_gives_every_text_back() {
    let Some((cases, understood)) = understood("fal", "") else {
        return;
    };
    assert_given_back(&cases, &understood);
}

#[test]
fn skypilot_gives_every_text_back() {
    let Some((cases, understood)) = understood("skypilot", "service.yaml") else {
        return;
    };
    assert_given_back(&cases, &understood);
}

#[test]
fn dstack_gives_every_text_back() {
    let Some((cases, understood)) = understood("dstack", "service.dstack.yml") else {
        return;
    };
    assert_given_back(&cases, &understood);
}

#[test]
fn kubectl_gives_every_text_back() {
    let Some(python) = Python::with("knative", Path::new(env!("CARGO_TARGET_TMPDIR"))) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let cases = cases("knative", folder.path());
    // It reads them all as it does for `apply`, and asks no server.
    let output = python
        .command("kubectl")
        .args([
            "label",
            "--local",
            "--dry-run=client",
            "--output=json",
            "--recursive",
            "-f",
        ])
        .arg(folder.path())
        .arg("read=yes")
        .env("KUBECONFIG", folder.path().join("none"))
        .output()
        .unwrap();
    let answers = stdout(&output);
    let answers = serde_json::Deserializer::from_str(&answers).into_iter();
    let answers: Vec<Value> = answers.collect::<Result<_, _>>().unwrap();
    // Three files for each.
    let understood: Vec<Value> = answers.chunks(3).map(|files| json!(files)).collect();
    assert_given_back(&cases, &understood);
    assert!(places(&cases).contains(&"/settings/knative/namespace"));
}

/// The smallest program for Linux on x86_64 that carries an app.
fn program(app: &Value) -> Vec<u8> {
    let mut program = vec![0; 64];
    // ELF of 64 bits, little-endian, version 1; an executable for x86_64 without any headers more.
    program[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    program[16..24].copy_from_slice(&[2, 0, 62, 0, 1, 0, 0, 0]);
    program[52] = 64;
    program.extend(record::encode(&app.to_string()).unwrap());
    program
}

#[test]
fn a_dockerfile_copies_and_runs_the_binary_of_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    let mut names = texts::texts(TEXTS);
    let plain = [
        "llm",
        "llm-server",
        "a_b.c",
        "-llm",
        "RUN",
        ".hidden",
        "1e3",
    ];
    names.extend(plain.map(str::to_owned));
    let mut taken = Vec::new();
    for name in &names {
        let mut document = document("/app/binaries/0", name);
        document["settings"] = json!({"auth": "public"});
        fs::write(&path, program(&document["app"])).unwrap();
        let (app, mut project) = read("fal", &document, folder.path()).unwrap();
        project.binaries = vec![Binary {
            name: name.clone(),
            path: path.clone(),
        }];
        let Ok(rendering) = rendering("fal", app, project) else {
            continue;
        };
        taken.push(&**name);
        let is_dockerfile = |path: &Path| path.ends_with("Dockerfile");
        let file = rendering
            .files
            .iter()
            .find(|file| is_dockerfile(&file.path));
        let Contents::Text(text) = &file.unwrap().contents else {
            panic!("it is made here");
        };
        let file = parse_dockerfile::parse(text).unwrap();
        let [_, Copy(copy), Entrypoint(entrypoint)] = &*file.instructions else {
            panic!("{text}");
        };
        let [Source::Path(source)] = &*copy.src else {
            panic!("{text}");
        };
        let path = format!("/usr/local/bin/{name}");
        assert_eq!((&*source.value, &*copy.dest.value), (&**name, &*path));
        let Command::Exec(command) = &entrypoint.arguments else {
            panic!("{text}");
        };
        let command: Vec<&str> = command.value.iter().map(|word| &*word.value).collect();
        assert_eq!(command, [path]);
    }
    assert!(plain.iter().all(|name| taken.contains(name)), "{taken:?}");
}

/// A key that is no parameter is a later version's, and not the platform's.
#[test]
fn a_record_sets_no_key_of_the_platform() {
    let folder = tempfile::tempdir().unwrap();
    let mut document = document("/settings/auth", "private");
    let more = json!({"auth": "public", "app_scale_settings": true, "image": {"image": "evil"}});
    for (key, value) in more.as_object().unwrap() {
        document["app"]["code"][key] = value.clone();
        document["app"]["scaling"][key] = value.clone();
    }
    let (app, project) = read("fal", &document, folder.path()).unwrap();
    let rendering = rendering("fal", app, project).unwrap();
    let Contents::Text(text) = &rendering.files[0].contents else {
        panic!("it is made here");
    };
    let table: toml::Table = text.parse().unwrap();
    let app = &table["tool"]["fal"]["apps"]["llm"];
    assert_eq!(app["auth"].as_str(), Some("private"));
    assert_eq!(app["image"]["image"].as_str(), Some("acme/a:v1"));
    assert_eq!(app.get("app_scale_settings"), None);
}

#[test]
#[cfg(unix)]
fn a_shell_gives_every_word_back() {
    let texts = texts::texts(1_000);
    // No argument of a program has one.
    let words: Vec<&String> = texts.iter().filter(|text| !text.contains('\0')).collect();
    let lines = words
        .iter()
        .map(|word| format!("printf '%s\\0' {}\n", shell_word(word)));
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, lines.collect::<String>()).unwrap();
    let output = std::process::Command::new("sh")
        .arg(&script)
        .output()
        .unwrap();
    let answer = stdout(&output);
    let given: Vec<&str> = answer.split_terminator('\0').collect();
    assert_eq!(given, words);
}
