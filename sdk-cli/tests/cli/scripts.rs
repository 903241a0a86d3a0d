//! `cargo machinist schema` and `completions`.

use std::io::Write;
#[cfg(unix)]
use std::path::Path;
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

/// Where shells find the command.
#[cfg(unix)]
fn path_with_the_command() -> std::ffi::OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_cargo-machinist"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path);
    let folders = program
        .parent()
        .map(Path::to_owned)
        .into_iter()
        .chain(folders);
    std::env::join_paths(folders).unwrap()
}

/// What bash offers for a command line, if cargo has its own completion function.
#[cfg(unix)]
fn bash_completions(line: &str) -> Vec<String> {
    bash_completions_in(Path::new("."), line)
}

/// The same in this folder.
#[cfg(unix)]
fn bash_completions_in(folder: &Path, line: &str) -> Vec<String> {
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
        .current_dir(folder)
        .env("PATH", path_with_the_command())
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

#[cfg(unix)]
#[test]
fn bash_completes_names_that_the_project_knows() {
    let project = Project::with_one_app();
    project.run(&["deploy", "-yq"]).exits(0);
    project.write(
        "Cargo.toml",
        &(project.read("Cargo.toml")
            + "[workspace]\n[workspace.metadata.machinist.apps.chat]\nimage = \"acme/chat\"\n"),
    );
    let offered = |line: &str| bash_completions_in(&project.path(""), line);
    for cargo in ["cargo", "cargo +nightly"] {
        assert_eq!(offered(&format!("{cargo} machinist logs ")), ["a", "chat"]);
        assert_eq!(offered(&format!("{cargo} machinist destroy c")), ["chat"]);
    }
    assert_eq!(offered("cargo machinist scale a keep"), ["keep_alive="]);
    assert_eq!(
        offered("cargo machinist scale a --reset min"),
        ["min_concurrency"]
    );
    assert_eq!(offered("cargo machinist deploy --target k"), ["knative"]);
    assert_eq!(offered("cargo machinist deploy --target = fi"), ["file"]);
    assert_eq!(offered("cargo machinist apps --no-r"), ["--no-refresh"]);
    // A place for a name, and none fits.
    assert_eq!(offered("cargo machinist logs z"), [""]);
}

/// The syntax of the scripts for shells that are not installed everywhere.
#[cfg(unix)]
#[test]
fn other_shells_read_their_scripts() {
    for (shell, names) in [("zsh", "_cargo_machinist_names"), ("fish", "candidates")] {
        let script = run(&["completions", shell]).exits(0).stdout;
        assert!(script.contains(names), "{script}");
        let check = Command::new(shell).arg("-n").stdin(Stdio::piped()).spawn();
        let Ok(mut check) = check else {
            println!("NOT TESTED: `{shell}` is not installed, so its script was not read");
            continue;
        };
        let mut stdin = check.stdin.take().unwrap();
        stdin.write_all(script.as_bytes()).unwrap();
        drop(stdin);
        assert!(check.wait().unwrap().success(), "{shell}");
    }
}
