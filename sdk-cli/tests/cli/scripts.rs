//! `cargo machinist schema` and `completions`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Project, run};

#[test]
fn the_schema_accepts_manifests_and_nothing_else() {
    let schema = run(&["schema"]).exits(0).json();
    assert!(jsonschema::meta::is_valid(&schema));
    let manifest = Project::with_one_app().run(&["manifest"]).exits(0).json();
    if let Err(error) = jsonschema::validate(&schema, &manifest) {
        panic!("{error}");
    }
    assert!(!jsonschema::is_valid(&schema, &json!({"apps": []})));
}

#[test]
fn completions_complete_cargo_machinist() {
    let bash = run(&["completions", "bash"]).exits(0).stdout;
    assert!(bash.contains("complete -F _cargo_or_machinist"), "{bash}");
    let zsh = run(&["completions", "zsh"]).exits(0).stdout;
    assert!(zsh.starts_with("#compdef cargo-machinist\n"), "{zsh}");
    assert!(zsh.contains("_cargo-machinist()"), "{zsh}");
    let fish = run(&["completions", "fish"]).exits(0).stdout;
    assert!(fish.contains("complete -c cargo "), "{fish}");
    assert!(fish.contains("-a \"machinist\""), "{fish}");
    for shell in [bash, zsh, fish] {
        for word in ["manifest", "machines", "vram-per-gpu", "llm-inference"] {
            assert!(shell.contains(word), "{word}");
        }
    }
    for shell in ["elvish", "powershell"] {
        assert!(
            run(&["completions", shell])
                .exits(0)
                .stdout
                .contains("machines")
        );
    }
}

/// What bash offers for a command line, if cargo has its own completion function.
#[cfg(unix)]
fn bash_completions(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let script = format!(
        "_cargos_own() {{ COMPREPLY=(build); }}\ncomplete -F _cargos_own cargo\n{}\n\
         COMP_WORDS=({}) COMP_CWORD={}\n_cargo_or_machinist cargo '{}' '{}'\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        run(&["completions", "bash"]).exits(0).stdout,
        words
            .iter()
            .map(|word| format!("'{word}' "))
            .collect::<String>(),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let mut bash = Command::new("bash")
        .args(["--norc", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    bash.stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    let output = bash.wait_with_output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[cfg(unix)]
#[test]
fn bash_completes_the_command_and_other_cargo_commands_as_before() {
    assert!(
        bash_completions("cargo machinist m")
            .iter()
            .eq(&["manifest", "mv", "machines"])
    );
    assert_eq!(
        bash_completions("cargo machinist machines --vram-"),
        ["--vram-per-gpu"]
    );
    assert!(
        bash_completions("cargo machinist machines --workload ").contains(&"training".to_owned())
    );
    assert_eq!(bash_completions("cargo b"), ["build"]);
}
