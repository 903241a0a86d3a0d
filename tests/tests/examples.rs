//! Every example, built and read: what its binaries carry is what they say when they run.

use std::path::{Path, PathBuf};
use std::process::Command;

use machinist_deploy::{Binary, Manifest};
use machinist_tests::{assert_is_of_the_schema, repository, stdout};

/// The examples' packages and the binaries of each.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("quickstart", &["quickstart"]),
    ("llm-server", &["llm-server"]),
    ("media-studio", &["imagegen", "llm", "router", "transcoder"]),
];

/// Builds an example where this test was built, and gives the folder of its binaries.
fn build(package: &str) -> PathBuf {
    let binaries = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--package", package, "--target-dir"])
        .arg(binaries)
        .current_dir(repository())
        .output()
        .unwrap();
    stdout(&built);
    binaries.join("debug")
}

fn image(folder: &Path, name: &str) -> Binary {
    let path = folder
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    Binary {
        name: name.into(),
        path,
    }
}

#[test]
fn a_binary_carries_what_it_says_when_it_runs() {
    for (package, binaries) in EXAMPLES {
        let folder = build(package);
        for binary in *binaries {
            let image = image(&folder, binary);
            let says = stdout(&Command::new(&image.path).arg("manifest").output().unwrap());
            let mut carries = Manifest::read(&[image]).unwrap();
            for app in &mut carries.apps {
                // Only the build knows them.
                assert_eq!(app.binaries, [*binary]);
                app.binaries.clear();
            }
            assert!(!carries.apps.is_empty());
            assert_eq!(says, carries.to_json(), "{binary}");
        }
    }
}

#[test]
fn the_manifests_are_of_the_schema() {
    for (package, binaries) in EXAMPLES {
        let folder = build(package);
        let images: Vec<Binary> = binaries.iter().map(|name| image(&folder, name)).collect();
        assert_is_of_the_schema(&Manifest::read(&images).unwrap().to_json());
    }
}
