//! Every way that a crate can be linked, times what compilers and linkers do to leave things out.

use std::fs;
use std::path::Path;

use machinist_tests::{Workspace, has, stderr, stdout};
use serde_json::Value;

/// The fixture's apps that are linked, and into what.
const LINKED: [&str; 8] = [
    "in-bin-module in program",
    "in-bin-root in program",
    "in-cdylib in plugin",
    "in-constant in program",
    "in-generic in program",
    "in-linked in program",
    "in-transitive in plugin, program",
    "in-used in plugin, program",
];

/// cargo's environment variables.
type Settings = &'static [(&'static str, &'static str)];

/// What is built, whether for release, and the profile's settings.
const BUILDS: [(&str, bool, Settings); 9] = [
    ("dev", false, &[]),
    ("release", true, &[]),
    (
        "codegen-units 1",
        true,
        &[("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")],
    ),
    (
        "opt-level z",
        true,
        &[("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z")],
    ),
    (
        "panic abort",
        true,
        &[("CARGO_PROFILE_RELEASE_PANIC", "abort")],
    ),
    ("strip", true, &[("CARGO_PROFILE_RELEASE_STRIP", "symbols")]),
    ("thin LTO", true, &[("CARGO_PROFILE_RELEASE_LTO", "thin")]),
    ("fat LTO", true, &[("CARGO_PROFILE_RELEASE_LTO", "fat")]),
    (
        "all at once",
        true,
        &[
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
            ("CARGO_PROFILE_RELEASE_LTO", "fat"),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
            ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
            ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
        ],
    ),
];

#[test]
fn apps_survive_the_default_linker() {
    survive("default", "", "");
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn apps_survive_gnu_ld_that_drops_unused_sections() {
    if has("ld.bfd", &["--version"]) {
        // It leaves no mark of its own.
        survive("bfd", &linux_linker("bfd"), "");
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn apps_survive_lld_that_drops_unused_sections() {
    if has("ld.lld", &["--version"]) {
        survive("lld", &linux_linker("lld"), "Linker: Debian LLD");
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn apps_survive_mold_that_drops_unused_sections() {
    if has("mold", &["--version"]) {
        survive("mold", &linux_linker("mold"), "mold ");
    }
}

/// The flags by which rustc leaves its own lld aside.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn linux_linker(name: &str) -> String {
    format!("-Clinker-features=-lld -Clink-arg=-fuse-ld={name} -Clink-args=-Wl,--gc-sections")
}

/// Builds all; `mark` is what the linker leaves in what it links.
fn survive(linker: &str, flags: &str, mark: &str) {
    let folder = format!(concat!(env!("CARGO_TARGET_TMPDIR"), "/survival-{}"), linker);
    let workspace = Workspace::fixture("survival", folder).with(&[("RUSTFLAGS", flags)]);
    for (name, release, settings) in BUILDS {
        let workspace = workspace.with(settings);
        let build = format!("{name} with the linker {linker}");

        let output = workspace.machinist(
            ["manifest", "-p", "program", "-p", "plugin"]
                .into_iter()
                .chain(release.then_some("--release")),
        );
        assert_eq!(linked(&stdout(&output)), LINKED, "{build}");
        assert_is_reported_lost(&stderr(&output), &build);

        let profile = if release { "release" } else { "debug" };
        let program = workspace.target().join(profile).join("program");
        if name == "dev" {
            assert!(contains(&program, mark), "{build}: it is another linker");
        }
        assert_says_the_same(&workspace, &program, &build);
    }
}

fn linked(manifest: &str) -> Vec<String> {
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    let apps = manifest["apps"].as_array().unwrap().iter();
    let texts = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    apps.map(|app| {
        format!(
            "{} in {}",
            app["name"].as_str().unwrap(),
            texts(&app["binaries"]).join(", ")
        )
    })
    .collect()
}

/// A dependency that no code names is linked in no build; the command says so and what to do.
fn assert_is_reported_lost(messages: &str, build: &str) {
    for part in [
        "`in-unnamed`",
        "crate `unnamed`",
        "`use unnamed as _;`",
        "program/src/main.rs",
    ] {
        assert!(messages.contains(part), "{build}: no {part} in\n{messages}");
    }
}

/// What is read out of a program and what it says itself are the same bytes, but for the
/// binaries' names.
fn assert_says_the_same(workspace: &Workspace, program: &Path, build: &str) {
    let binaries = "      \"binaries\": [\n        \"program\"\n      ],\n";
    let read = workspace.machinist([
        "manifest".as_ref(),
        "--binary".as_ref(),
        program.as_os_str(),
    ]);
    let says = workspace.run(program, [""; 0]);
    assert_eq!(
        stdout(&read).replace(binaries, ""),
        stdout(&says),
        "{build}"
    );
}

fn contains(file: &Path, mark: &str) -> bool {
    let bytes = fs::read(file).unwrap();
    mark.is_empty()
        || bytes
            .windows(mark.len())
            .any(|window| window == mark.as_bytes())
}

#[test]
fn two_apps_of_one_name_in_two_crates_are_an_error_that_shows_both() {
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/survival-twins");
    let workspace = Workspace::fixture("survival", folder);
    let output = workspace.machinist(["manifest", "-p", "twins"]);
    assert_eq!(output.status.code(), Some(1));
    let messages = stderr(&output);
    for part in [
        "two apps are named `in-linked`",
        "`in_linked` at src/lib.rs:3 of the package `linked`",
        "`main` at src/main.rs:5 of the package `twins`",
    ] {
        assert!(messages.contains(part), "no {part} in\n{messages}");
    }
}
