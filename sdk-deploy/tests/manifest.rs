//! Records become a manifest.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use machinist_core::record;
use machinist_deploy::{Binary, Library, Manifest, ManifestError, lost, manifest_schema};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Files with records in them, in a folder of their own.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A module of wasm with nothing but records: the shortest real binary.
    fn binary(&self, name: &str, entries: &[Value]) -> Binary {
        let mut section = b"\x07.mchnst".to_vec();
        for entry in entries {
            section.extend(record::encode(&entry.to_string()).unwrap());
        }
        let mut module = b"\0asm\x01\0\0\0\0".to_vec();
        let mut size = section.len();
        while size > 0x7f {
            module.push((size % 128) as u8 | 0x80);
            size /= 128;
        }
        module.push(size as u8);
        module.extend(section);
        let path = self.0.path().join(name);
        std::fs::write(&path, module).unwrap();
        Binary {
            name: name.into(),
            path,
        }
    }
}

fn entry(name: &str) -> Value {
    json!({
        "name": name,
        "package": "studio",
        "version": "0.1.0",
        "source": {"file": "src/main.rs", "line": 3, "item": "Llm"},
        "code": {"machine_type": ["GPU-H100"], "gpus": 2, "health_check": {"path": "/health"}},
        "scaling": {"keep_alive": 300, "regions": ["us-west"]},
        "requires": {"vram": 120_000, "cpus": 0.5, "av1_encode": true},
    })
}

fn with(name: &str, changes: Value) -> Value {
    let mut entry = entry(name);
    for (key, value) in changes.as_object().unwrap() {
        entry[key] = value.clone();
    }
    entry
}

fn read(binaries: &[Binary]) -> Result<Manifest, ManifestError> {
    Manifest::read(binaries)
}

#[test]
fn apps_are_sorted_and_name_all_their_binaries() {
    let files = Files::new();
    let binaries = [
        files.binary("worker", &[entry("b"), entry("a")]),
        files.binary("server", &[entry("a")]),
    ];
    let manifest = read(&binaries).unwrap();
    let apps: Vec<_> = manifest
        .apps
        .iter()
        .map(|app| (&*app.name, &*app.binaries))
        .collect();
    assert_eq!(
        apps,
        [
            ("a", &["server".into(), "worker".into()][..]),
            ("b", &["worker".into()])
        ]
    );
}

#[test]
fn an_entry_is_the_payload_and_its_binaries() {
    let files = Files::new();
    let manifest = read(&[files.binary("llm", &[entry("a")])]).unwrap();
    let mut expected = with("a", json!({"binaries": ["llm"]}));
    assert_eq!(serde_json::to_value(&manifest.apps[0]).unwrap(), expected);

    // Without what only the build knows, even the bytes are the running program's.
    expected.as_object_mut().unwrap().shift_remove("binaries");
    let running = format!(r#"{{"manifest_version":1,"apps":[{expected}]}}"#);
    let mut manifest = manifest;
    manifest.apps[0].binaries.clear();
    assert_eq!(
        manifest.to_json(),
        machinist_core::json::indent(&running) + "\n"
    );
}

#[test]
fn a_manifest_that_was_written_is_read_again() {
    let files = Files::new();
    let manifest = read(&[files.binary("llm", &[entry("a"), entry("b")])]).unwrap();
    assert_eq!(Manifest::parse(&manifest.to_json()).unwrap(), manifest);
}

#[test]
fn the_same_record_twice_in_one_binary_is_one_app() {
    let files = Files::new();
    let manifest = read(&[files.binary("fat", &[entry("a"), entry("a")])]).unwrap();
    assert_eq!(manifest.apps.len(), 1);
    assert_eq!(manifest.apps[0].binaries, ["fat"]);
}

#[test]
fn two_apps_of_one_name_are_an_error_that_names_both_places() {
    let files = Files::new();
    let other =
        json!({"package": "tools", "source": {"file": "src/lib.rs", "line": 9, "item": "X"}});
    let error = read(&[files.binary("llm", &[entry("a"), with("a", other)])]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "two apps are named `a`: `Llm` at src/main.rs:3 of the package `studio` in `llm` and \
         `X` at src/lib.rs:9 of the package `tools` in `llm`"
    );
    assert!(error.help().unwrap().contains("name = "));
}

#[test]
fn one_app_that_differs_between_binaries_is_an_error_that_names_them() {
    let files = Files::new();
    let other = json!({"code": {"machine_type": ["GPU-H200"], "gpus": 2}});
    let binaries = [
        files.binary("old", &[entry("a")]),
        files.binary("new", &[with("a", other)]),
    ];
    let error = read(&binaries).unwrap_err().to_string();
    assert!(
        error.contains("is not the same in `old` and `new`"),
        "{error}"
    );
}

#[test]
fn what_a_later_version_adds_is_ignored() {
    let files = Files::new();
    let later = with("a", json!({"colour": "red"}));
    assert_eq!(
        read(&[files.binary("llm", &[later])]).unwrap().apps.len(),
        1
    );
}

#[test]
fn parameters_of_a_later_version_are_kept() {
    let files = Files::new();
    let mut later = entry("a");
    later["code"]["colour"] = json!({"deep": [1, null]});
    later["scaling"]["patience"] = json!("long");
    let manifest = read(&[files.binary("llm", &[later.clone()])]).unwrap();
    let read_again = Manifest::parse(&manifest.to_json()).unwrap();
    let app = serde_json::to_value(&read_again.apps[0]).unwrap();
    assert_eq!(app["code"], later["code"]);
    assert_eq!(app["scaling"], later["scaling"]);
}

#[test]
fn a_payload_that_is_no_app_is_refused() {
    let files = Files::new();
    for (payload, reason) in [
        (json!({"name": "a"}), "missing field"),
        (with("a\u{1b}[31m", json!({})), "is not a DNS label"),
        (with("a", json!({"code": {}})), "has no `machine_type`"),
        (
            with("a", json!({"code": {"machine_type": ["S"], "gpus": 900}})),
            "`gpus` cannot be 900",
        ),
        (
            with("a", json!({"scaling": {"keep_alive": -1}})),
            "`keep_alive` cannot be -1 seconds",
        ),
        (
            with("a", json!({"code": {"machine_type": "S"}})),
            "`machine_type` is not in the manifest's form",
        ),
        (
            with(
                "a",
                json!({"code": {"machine_type": ["S"], "gpus": {"path": 2}}}),
            ),
            "`gpus` is not in the manifest's form",
        ),
        (
            with("a", json!({"scaling": {"keep_alive": "5m"}})),
            "`keep_alive` is not in the manifest's form",
        ),
        (
            with(
                "a",
                json!({"code": {"machine_type": ["S"], "health_check": {"path": "/", "b": null}}}),
            ),
            "`health_check` is not in the manifest's form",
        ),
        (
            with("a", json!({"code": {"machine_type": ["S\n"]}})),
            "`S\\n` is not a valid name of a machine type",
        ),
        (
            with(
                "a",
                json!({"machines": [{"name": "S", "ram": 1, "cpus": 1, "accelerator": "a: b"}]}),
            ),
            "`a: b` is not a valid name of a GPU",
        ),
        (json!(7), "invalid type"),
    ] {
        let error = read(&[files.binary("llm", &[payload])])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("has a record at offset ") && error.contains(reason),
            "{error}"
        );
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}

#[test]
fn a_manifest_that_is_none_says_where() {
    for (text, expected) in [
        ("", "line 1 column 0"),
        (
            "{\n  \"manifest_version\": 1,\n  \"apps\": [}\n",
            "line 3 column",
        ),
        (
            r#"{"manifest_version": 2, "apps": []}"#,
            "the manifest has version 2",
        ),
        (r#"{"apps": []}"#, "missing field `manifest_version`"),
    ] {
        let error = Manifest::parse(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.help().is_some());
    }
}

#[test]
fn a_missing_file_is_named() {
    let path = PathBuf::from("no/such/file");
    let error = read(&[Binary {
        name: "x".into(),
        path,
    }])
    .unwrap_err()
    .to_string();
    assert!(error.contains("`no/such/file` cannot be read"), "{error}");
    let folder = Binary {
        name: "x".into(),
        path: std::env::temp_dir(),
    };
    assert!(
        read(&[folder])
            .unwrap_err()
            .to_string()
            .contains("it is not a file")
    );
}

#[test]
fn apps_of_a_library_that_no_binary_has_are_lost() {
    let files = Files::new();
    let manifest = read(&[files.binary("llm", &[entry("a")])]).unwrap();
    let library = |name: &str, entries: &[Value]| Library {
        crate_name: name.into(),
        path: files.binary(name, entries).path,
    };
    let libraries = [
        library("linked", &[entry("a")]),
        library("my_apps", &[entry("z"), entry("b")]),
    ];
    let lost = lost(&libraries, &manifest).unwrap();
    assert_eq!(lost.len(), 1);
    assert_eq!(
        (&*lost[0].crate_name, &*lost[0].package),
        ("my_apps", "studio")
    );
    assert_eq!(lost[0].apps, ["b", "z"]);
}

#[test]
fn the_schema_accepts_manifests_and_refuses_others() {
    let files = Files::new();
    let manifest = read(&[files.binary("llm", &[entry("a")])]).unwrap();
    let manifest: Value = serde_json::from_str(&manifest.to_json()).unwrap();
    let schema = jsonschema::draft202012::new(&manifest_schema()).unwrap();
    assert!(schema.is_valid(&manifest));
    for (pointer, wrong) in [
        ("/manifest_version", json!(2)),
        ("/apps/0/name", json!("Not A Label")),
        ("/apps/0/code/machine_type", json!([])),
        ("/apps/0/code/gpus", json!(0)),
        ("/apps/0/code/health_check", json!("/health")),
        ("/apps/0/scaling/regions", json!(["mars"])),
        ("/apps/0/scaling/keep_alive", json!("5m")),
        ("/apps/0/requires/vram", json!(0)),
        ("/apps/0/requires", json!({"colour": 1})),
        ("/apps/0/source", json!({})),
    ] {
        let mut changed = manifest.clone();
        *changed.pointer_mut(pointer).unwrap() = wrong;
        assert!(!schema.is_valid(&changed), "{pointer}");
    }
}
