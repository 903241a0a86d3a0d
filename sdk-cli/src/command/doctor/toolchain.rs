//! Checks of what every deploy uses: cargo, the compiler, git.

use std::path::Path;

use machinist_deploy::Check;

use crate::cargo;
use crate::git::Repository;
use crate::program_version::program_version;

/// The oldest compiler that the library works with.
const OLDEST_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

pub(super) fn checks() -> Vec<Check> {
    vec![
        version_check("cargo", cargo::version()),
        version_check("rustc", cargo::compiler_version()),
        git(),
    ]
}

/// Whether an image can be built here.
pub(super) fn image_builder() -> Check {
    let found = ["docker", "podman"]
        .into_iter()
        .find_map(|program| Some((program, program_version(program).ok()?)));
    match found {
        Some((program, version)) => Check::ok(program, version),
        None => Check::warning("docker", "neither `docker` nor `podman` is installed")
            .help("install one, or build the image elsewhere"),
    }
}

fn version_check(program: &str, version: Result<String, String>) -> Check {
    let version = match version {
        Ok(version) => version,
        Err(reason) => {
            return Check::error(program, reason)
                .help("install Rust with rustup, or add its folder to `PATH`");
        }
    };
    match numbers(&version) < numbers(OLDEST_RUST) {
        true => Check::error(program, format!("{version}, older than {OLDEST_RUST}"))
            .help("upgrade with `rustup update`"),
        false => Check::ok(program, version),
    }
}

/// The numbers of the version in a text like `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`.
fn numbers(text: &str) -> Vec<u32> {
    let starts_with_digit = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let version = text
        .split_whitespace()
        .find(starts_with_digit)
        .unwrap_or_default();
    let version = version.split('-').next().unwrap_or_default();
    version
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

fn git() -> Check {
    match program_version("git") {
        Err(reason) => Check::warning("git", reason)
            .help("install it: deploys record the commit that they come from"),
        Ok(_) if Repository::around(Path::new(".")).is_none() => {
            Check::warning("git", "this folder is in no repository")
                .help("make one with `git init`: deploys record the commit that they come from")
        }
        Ok(version) => Check::ok("git", version),
    }
}

#[cfg(test)]
mod tests {
    use machinist_deploy::CheckStatus;

    use super::*;

    #[test]
    fn an_old_compiler_is_an_error() {
        let status = |text: &str| version_check("rustc", Ok(text.into())).status;
        assert_eq!(
            status("rustc 1.84.1 (e71f9a9a9 2025-01-27)"),
            CheckStatus::Error
        );
        assert_eq!(
            status("rustc 1.85.0-nightly (e71f9a9a9 2025-01-27)"),
            CheckStatus::Ok
        );
        assert_eq!(status("rustc 1.100.0"), CheckStatus::Ok);
    }
}
