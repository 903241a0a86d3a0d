//! A project's own machine types: in the compiler, in the binary, in a deploy, in the command.

use std::fs;
use std::path::Path;

use machinist_tests::{Workspace, machinist, sdk, stderr, stdout, write};
use serde_json::{Value, json};
use tempfile::TempDir;

const A6000: &str = r#"
[GPU-A6000]
vram = "48 GB"
ram = "60 GB"
cpus = 12
bandwidth = "768 GB/s"
max_gpus = 16
node_labels = ["NVIDIA-RTX-A6000"]
accelerator = "RTXA6000"
fal = "GPU-A6000-PRO"
"#;

/// A workspace with one package `one` in a folder of its own.
fn project(folder: &TempDir) -> Workspace {
    let source = folder.path().join("project");
    fs::create_dir_all(source.join("crates/one/src")).unwrap();
    write(
        &source.join("Cargo.toml"),
        "[workspace]\nmembers = [\"crates/one\"]\nresolver = \"3\"\n",
    );
    let package = format!(
        "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dependencies]\nmachinist.path = \"{}\"\n",
        sdk()
    );
    write(&source.join("crates/one/Cargo.toml"), &package);
    write(
        &source.join("crates/one/src/main.rs"),
        &app("machine_type = \"GPU-A6000\", gpus = 2"),
    );
    Workspace::copy(&source, folder.path().join("copy"))
}

fn app(arguments: &str) -> String {
    format!(
        "#[machinist::app({arguments})]\nstruct Render;\n\
         fn main() {{\n    println!(\"{{}}\", <Render as machinist::App>::SPEC.vram_mb());\n}}\n"
    )
}

/// What the tests do with a project.
trait Change {
    fn write(&self, path: &str, text: &str);
    /// Replaces the app's arguments.
    fn main(&self, arguments: &str);
    /// The compiler's errors, without where they stand.
    fn errors(&self) -> String;
}

impl Change for Workspace {
    fn write(&self, path: &str, text: &str) {
        write(&self.root().join(path), text);
    }

    fn main(&self, arguments: &str) {
        self.write("crates/one/src/main.rs", &app(arguments));
    }

    fn errors(&self) -> String {
        let output = self.cargo(["build", "--quiet"]);
        assert!(!output.status.success(), "{}", stderr(&output));
        let said = stderr(&output);
        let is_said = |line: &&str| {
            ["error", "help", "note"]
                .iter()
                .any(|start| line.starts_with(start))
        };
        let lines: Vec<&str> = said.lines().map(str::trim).filter(is_said).collect();
        lines.join("\n")
    }
}

#[test]
fn the_compiler_knows_them_the_binary_carries_them_and_cargo_sees_changes() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(&folder);
    assert!(
        project
            .errors()
            .starts_with("error: unknown machine type `GPU-A6000`")
    );

    // One above the workspace is somebody else's.
    write(&folder.path().join("copy/machines.toml"), A6000);
    assert!(
        project
            .errors()
            .starts_with("error: unknown machine type `GPU-A6000`")
    );

    project.write("machines.toml", A6000);
    assert_eq!(stdout(&project.cargo(["run", "--quiet"])), "96000\n");
    let manifest: Value = serde_json::from_str(&stdout(&project.machinist(["manifest"]))).unwrap();
    assert_eq!(
        manifest["apps"][0]["machines"],
        json!([{
            "name": "GPU-A6000", "vram": 48000, "ram": 60000, "cpus": 12, "bandwidth": 768,
            "encoders": 0, "decoders": 0, "max_gpus": 16, "node_labels": ["NVIDIA-RTX-A6000"],
            "accelerator": "RTXA6000", "fal": "GPU-A6000-PRO",
        }])
    );

    // Nothing but the file changes.
    project.write("machines.toml", &A6000.replace("48 GB", "24 GB"));
    assert_eq!(stdout(&project.cargo(["run", "--quiet"])), "48000\n");

    // The nearest one is the package's.
    project.write("crates/one/machines.toml", &A6000.replace("48 GB", "96 GB"));
    project.main("machine_type = \"GPU-A6000\", gpus = 1");
    assert_eq!(stdout(&project.cargo(["run", "--quiet"])), "96000\n");
}

#[test]
fn its_rules_are_those_of_every_machine_type() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(&folder);
    project.write("machines.toml", A6000);
    for (arguments, expected) in [
        (
            "machine_type = \"GPU-A600O\"",
            "error: unknown machine type `GPU-A600O`\n\
             help: a machine type with a similar name exists: `GPU-A6000`\n\
             note: GPU types are GPU-RTX4090, GPU-RTX5090, GPU-A100, GPU-A6000, GPU-L40, GPU-H100, GPU-H200, GPU-B200",
        ),
        (
            "machine_type = \"h100\"",
            "error: unknown machine type `h100`\nhelp: a machine type with a similar name exists: `GPU-H100`",
        ),
        (
            "machine_type = \"GPU-A6000\", requires(vram = \"50 GB\")",
            "error: `GPU-A6000` has 48 GB of VRAM, and this app requires 50 GB\n\
             help: `GPU-H100` is the smallest machine type that meets `requires`, and so does `GPU-A6000` with `gpus = 2`",
        ),
        (
            "machine_type = \"GPU-A6000\", gpus = 17",
            "error: `GPU-A6000` takes at most 16 GPUs, not 17",
        ),
        (
            "machine_type = \"GPU-H100\", gpus = 9",
            "error: `GPU-H100` takes at most 8 GPUs, not 9",
        ),
        (
            "machine_type = [\"GPU-A6000\", \"S\"]",
            "error: `S` is a CPU type in a list that begins with a GPU type",
        ),
    ] {
        project.main(arguments);
        let errors = project.errors();
        assert!(errors.starts_with(expected), "{errors}");
    }
    project
        .main("machine_type = [\"GPU-H100\", \"GPU-A6000\"], gpus = 2, requires(vram = \"90 GB\")");
    assert_eq!(stdout(&project.cargo(["run", "--quiet"])), "96000\n");
}

#[test]
fn an_error_in_the_file_is_shown_at_the_attribute_and_by_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(&folder);
    project.write("machines.toml", &A6000.replace("\"48 GB\"", "48"));
    let expected = "error: `machines.toml:3:8`: `vram` takes a size in `MB`, `GB` or `TB`, not `48`\n\
                    help: write `vram = \"48 GB\"`";
    let errors = project.errors();
    // One mistake, one error, although the program asks the type for its machine.
    let rest = errors
        .strip_prefix(expected)
        .unwrap_or_else(|| panic!("{errors}"));
    assert_eq!(
        rest,
        "\nerror: could not compile `one` (bin \"one\") due to 1 previous error"
    );
    let machines = project.machinist(["machines"]);
    assert_eq!(stderr(&machines).trim(), expected);
    project.write("machines.toml", A6000);
    let table = stdout(&project.machinist(["machines", "--vram", "45GB"]));
    let names: Vec<&str> = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        names,
        ["GPU-A6000", "GPU-L40", "GPU-H100", "GPU-H200", "GPU-B200"]
    );
}

#[test]
fn the_binary_alone_is_enough_to_plan_and_render() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(&folder);
    project.write("machines.toml", A6000);
    project.main("machine_type = \"GPU-A6000\", gpus = 2, port = 80");
    stdout(&project.cargo(["build", "--quiet"]));
    let elsewhere = tempfile::tempdir().unwrap();
    let binary = project.target().join("debug").join("one");
    let settings = "[workspace]\n[workspace.metadata.machinist]\nimage = \"acme/one:v1\"\n";
    write(&elsewhere.path().join("Cargo.toml"), settings);
    let render = |target: &str| {
        let output = std::process::Command::new(machinist())
            .args([
                "render",
                "--target",
                target,
                "--no-refresh",
                "--out",
                target,
                "--binary",
            ])
            .arg(binary.with_extension(std::env::consts::EXE_EXTENSION))
            .current_dir(elsewhere.path())
            .output()
            .unwrap();
        stdout(&output);
        elsewhere.path().join(target).join("render")
    };
    let read = |path: &Path| machinist_tests::read(path);
    let service = read(&render("skypilot").join("service.yaml"));
    assert!(
        service.contains("\"RTXA6000\": 2") && !service.contains("memory"),
        "{service}"
    );
    let service = read(&render("knative").join("code.yaml"));
    assert!(
        service.contains("\"NVIDIA-RTX-A6000\"") && service.contains("\"memory\": \"120000M\""),
        "{service}"
    );
    let project = read(&render("fal").join("pyproject.toml"));
    assert!(
        project.contains("machine_type = [\"GPU-A6000-PRO\"]"),
        "{project}"
    );
}
