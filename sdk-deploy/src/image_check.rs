//! Whether a program starts in a container's image: its processor, its C library and its shared
//! libraries. A program that lacks one of them is deployed, and ends when it starts.

use std::path::Path;

use machinist_core::problem::{Problem, first_names};

use crate::base_image::{
    self, Contents, ImageFacts, is_of_driver, is_of_glibc, is_of_system, packages_with,
};
use crate::check::Check;
use crate::dockerfile::{MadeImage, made_image};
use crate::libc::Libc;
use crate::read::needs::BinaryNeeds;
use crate::read::program;

/// The platform of the images that run apps.
const PLATFORM: &str = "linux/amd64";

/// The image that runs a program.
#[derive(Clone, Copy, Debug)]
pub enum RunsIn<'a> {
    /// The image that this text of a `Dockerfile` makes.
    Dockerfile(&'a str),
    /// An image that exists.
    Image(&'a str),
}

/// Checks that a program can start in an image. Neither is run.
///
/// ```
/// use machinist_deploy::{CheckStatus, RunsIn, check_image};
///
/// # if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) {
/// let this_program = std::env::current_exe()?;
/// let checks = check_image("p", &this_program, RunsIn::Dockerfile("FROM alpine:3.20\n"));
/// assert!(checks.iter().any(|check| check.status == CheckStatus::Error));
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn check_image(name: &str, binary: &Path, image: RunsIn<'_>) -> Vec<Check> {
    let subject = |what: &str| format!("{what} of {name}");
    let architecture = subject("processor");
    let shown = binary.display();
    match program::identify(binary) {
        Err(error) => {
            let check = Check::error(architecture, error.to_string());
            return vec![check.help("build it again, or name another file with `--binary`")];
        }
        Ok(program) if !program.runs_on_linux_x86_64() => {
            let check = Check::error(
                architecture,
                format!("`{shown}` is {program}, and images run {PLATFORM}"),
            );
            return vec![check.help("build it with `--target x86_64-unknown-linux-gnu`")];
        }
        Ok(_) => {}
    }
    let made = match image {
        RunsIn::Dockerfile(text) => made_image(text),
        RunsIn::Image(image) => Some(MadeImage {
            base: Some(image.to_owned()),
            ..MadeImage::default()
        }),
    };
    let made = made.unwrap_or_default();
    let mut checks = vec![processor(architecture, &made)];
    let needs = match BinaryNeeds::read(binary) {
        Ok(needs) => needs,
        Err(error) => {
            checks.push(Check::warning(subject("C library"), error.to_string()));
            return checks;
        }
    };
    checks.push(c_library(subject("C library"), &needs, &made));
    checks.extend(libraries(&subject("libraries"), &needs, &made));
    checks
}

/// What a deploy warns of: a C library that the image is known to lack.
pub(crate) fn warning(binary: &str, path: &Path, dockerfile: &str) -> Option<Problem> {
    let needs = BinaryNeeds::read(path).ok()?;
    let made = made_image(dockerfile)?;
    let base = made.base.as_deref()?;
    let facts = base_image::facts(base)?;
    if !lacks_c_library(&needs, facts.libc, &made) {
        return None;
    }
    let message = format!("`{binary}` {}", both(&needs, base, facts));
    Some(
        Problem::new(format!("{message}, so it would end when it starts"))
            .help(other_image(&needs)),
    )
}

fn processor(subject: String, made: &MadeImage) -> Check {
    match made.platform.as_deref() {
        Some(platform) if platform != PLATFORM => {
            let message = format!(
                "the `Dockerfile` makes an image for {platform}, and the binary is for {PLATFORM}"
            );
            Check::error(subject, message).help(format!("write `FROM --platform={PLATFORM}`"))
        }
        _ => Check::ok(subject, format!("it is for {PLATFORM}")),
    }
}

fn c_library(subject: String, needs: &BinaryNeeds, made: &MadeImage) -> Check {
    if needs.libc == Libc::None {
        return Check::ok(
            subject,
            "it is linked statically, and starts in every image",
        );
    }
    let needed = text(needs.libc);
    let Some(base) = &made.base else {
        let message = format!("it needs {needed}, and it is not known what the image is based on");
        return Check::warning(subject, message).help(how_to_see("IMAGE", needs));
    };
    let Some(facts) = base_image::facts(base) else {
        let message = format!("it needs {needed}, and it is not known what `{base}` has");
        return Check::warning(subject, message).help(how_to_see(base, needs));
    };
    let message = format!("it {}", both(needs, base, facts));
    match lacks_c_library(needs, facts.libc, made) {
        true => Check::error(subject, message).help(other_image(needs)),
        false => Check::ok(subject, message),
    }
}

/// The C library that a program needs, and the one of an image.
fn both(needs: &BinaryNeeds, base: &str, facts: ImageFacts) -> String {
    let (needed, has) = (text(needs.libc), text(facts.libc));
    format!("needs {needed}, and `{base}` has {has}")
}

/// Whether an image with this C library lacks what a program needs.
fn lacks_c_library(needs: &BinaryNeeds, image: Libc, made: &MadeImage) -> bool {
    match (needs.libc, image) {
        (Libc::Glibc(needed), Libc::Glibc(has)) => needed > has,
        (Libc::Glibc(_), Libc::Musl | Libc::None) => !adds_glibc(made),
        (Libc::Musl, Libc::Glibc(_) | Libc::None) => !made.text.contains("musl"),
        (Libc::Musl, Libc::Musl) | (Libc::None, _) => false,
    }
}

/// Whether instructions install or copy GLIBC, which the base does not have.
fn adds_glibc(made: &MadeImage) -> bool {
    let names = ["glibc", "gcompat", "libc.so.6", "ld-linux"];
    names.iter().any(|name| made.text.contains(name))
}

fn text(libc: Libc) -> String {
    match libc {
        Libc::Glibc(version) => format!("GLIBC {version}"),
        Libc::Musl => "musl".into(),
        Libc::None => "no C library".into(),
    }
}

/// How to get a program and an image that go together.
fn other_image(needs: &BinaryNeeds) -> String {
    match needs.libc {
        Libc::Musl => {
            "base the image on `alpine`, or build with `--target x86_64-unknown-linux-gnu`".into()
        }
        _ => "base the image on a newer system, build on an older one, or link statically with \
              `--target x86_64-unknown-linux-musl`"
            .into(),
    }
}

/// How to see what an unknown image has.
fn how_to_see(image: &str, needs: &BinaryNeeds) -> String {
    let what = match needs.libc {
        Libc::Glibc(version) => format!("it must say {version} or more"),
        _ => "it must say musl".into(),
    };
    format!("see with `docker run --rm --entrypoint ldd {image} --version`: {what}")
}

/// The shared libraries beside the C library.
fn libraries(subject: &str, needs: &BinaryNeeds, made: &MadeImage) -> Vec<Check> {
    let is_of_libc =
        |name: &str| is_of_glibc(name) || name.starts_with("ld-musl") || name == "libc.so";
    let needed: Vec<&str> = needs.libraries.iter().map(String::as_str).collect();
    let needed = needed.into_iter().filter(|name| !is_of_libc(name));
    let (driver, needed): (Vec<&str>, Vec<&str>) = needed.partition(|name| is_of_driver(name));
    let mut checks = Vec::new();
    if !driver.is_empty() {
        let names = driver.join(", ");
        checks.push(Check::ok(
            subject,
            format!("the driver of the GPU brings {names}"),
        ));
    }
    let facts = made.base.as_deref().and_then(base_image::facts);
    let mut there = Vec::new();
    let mut unknown = Vec::new();
    for name in needed {
        match is_there(name, facts, made) {
            Some(true) => there.push(name),
            Some(false) => checks.push(missing(subject, name, made)),
            None => unknown.push(name),
        }
    }
    if !there.is_empty() {
        checks.push(Check::ok(
            subject,
            format!("the image has {}", there.join(", ")),
        ));
    }
    if !unknown.is_empty() {
        let names = first_names(&unknown, 10);
        let message = format!("it is not known whether the image has {names}");
        let path = format!(
            "`docker run --rm --entrypoint ldd {} BINARY`",
            made.base.as_deref().unwrap_or("IMAGE")
        );
        checks.push(Check::warning(subject, message).help(format!(
            "see with {path}, where BINARY is its path in the image: none may be `not found`"
        )));
    }
    checks
}

/// Whether a library is in an image; `None` if that is not known.
fn is_there(library: &str, facts: Option<ImageFacts>, made: &MadeImage) -> Option<bool> {
    let packages = packages_with(library);
    let is_installed = made.packages.iter().any(|name| packages.contains(&&**name));
    // It may be copied: `libfoo.so.1` as `libfoo.so`, too.
    let stem = library.split(".so").next().unwrap_or(library);
    if is_installed || made.text.contains(stem) {
        return Some(true);
    }
    match facts?.contents {
        Contents::Many => is_of_system(library).then_some(true),
        Contents::Libraries(known) if known.contains(&library) => Some(true),
        // Another package may bring it along.
        Contents::Libraries(_) if !made.packages.is_empty() && packages.is_empty() => None,
        Contents::Libraries(_) => Some(false),
    }
}

fn missing(subject: &str, library: &str, made: &MadeImage) -> Check {
    let base = made.base.as_deref().unwrap_or_default();
    let message = format!("it needs {library}, and nothing in the image is known to have it");
    let check = Check::warning(subject, message);
    match packages_with(library).first() {
        Some(package) if !base.contains("distroless") && base != "scratch" => check.help(format!(
            "write `RUN apt-get update && apt-get install -y {package}` into the `Dockerfile`"
        )),
        _ => check.help("copy it into the image, or link it statically"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckStatus::{self, Error, Ok as Fine, Warning};
    use crate::libc::GlibcVersion;

    fn needs(libc: Libc, libraries: &[&str]) -> BinaryNeeds {
        let libraries = libraries.iter().map(|&name| name.to_owned()).collect();
        BinaryNeeds { libc, libraries }
    }

    fn c_library_in(libc: Libc, dockerfile: &str) -> Check {
        let made = made_image(dockerfile).unwrap();
        c_library("c".into(), &needs(libc, &["libc.so.6"]), &made)
    }

    #[test]
    fn a_c_library_that_the_image_lacks_is_an_error() {
        let new = Libc::Glibc(GlibcVersion(2, 39));
        let old = Libc::Glibc(GlibcVersion(2, 28));
        for (libc, dockerfile, expected) in [
            (new, "FROM debian:bookworm\n", Error),
            (new, "FROM ubuntu:24.04\n", Fine),
            (old, "FROM debian:bookworm\n", Fine),
            (old, "FROM alpine:3.20\n", Error),
            (old, "FROM alpine:3.20\nRUN apk add gcompat\n", Fine),
            (old, "FROM scratch\n", Error),
            (
                old,
                "FROM scratch\nCOPY --from=build /lib/libc.so.6 /lib/\n",
                Fine,
            ),
            (old, "FROM gcr.io/distroless/static-debian12\n", Error),
            (old, "FROM gcr.io/distroless/cc-debian12\n", Fine),
            (Libc::None, "FROM scratch\n", Fine),
            (Libc::Musl, "FROM debian:12\n", Error),
            (Libc::Musl, "FROM alpine\n", Fine),
            (old, "FROM acme/base\n", Warning),
            (old, "ARG BASE\nFROM $BASE\n", Warning),
        ] {
            let check = c_library_in(libc, dockerfile);
            assert_eq!(check.status, expected, "{dockerfile}{check:?}");
            assert_eq!(check.help.is_some(), expected != Fine, "{check:?}");
        }
        let check = c_library_in(new, "FROM debian:bookworm\n");
        assert_eq!(
            check.message,
            "it needs GLIBC 2.39, and `debian:bookworm` has GLIBC 2.36"
        );
    }

    #[test]
    fn a_library_is_looked_for_in_the_base_in_packages_and_in_copies() {
        let glibc = Libc::Glibc(GlibcVersion(2, 28));
        for (library, dockerfile, expected) in [
            ("libssl.so.3", "FROM debian:bookworm-slim\n", Some(Warning)),
            (
                "libssl.so.3",
                "FROM debian:bookworm-slim\nRUN apt-get install -y libssl3\n",
                Some(Fine),
            ),
            (
                "libssl.so.3",
                "FROM gcr.io/distroless/cc-debian12\n",
                Some(Fine),
            ),
            ("libssl.so.3", "FROM python:3.12-bookworm\n", Some(Warning)),
            ("libssl.so.3", "FROM acme/base\n", Some(Warning)),
            (
                "libgcc_s.so.1",
                "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n",
                Some(Fine),
            ),
            ("libgcc_s.so.1", "FROM debian:bookworm-slim\n", Some(Fine)),
            (
                "libgcc_s.so.1",
                "FROM gcr.io/distroless/base-debian12\n",
                Some(Warning),
            ),
            (
                "libfoo.so.1",
                "FROM debian:12\nCOPY libfoo.so.1 /usr/lib/\n",
                Some(Fine),
            ),
            (
                "libfoo.so.1",
                "FROM debian:12\nRUN apt-get install -y foo\n",
                Some(Warning),
            ),
            ("libcuda.so.1", "FROM debian:12\n", Some(Fine)),
            ("libm.so.6", "FROM scratch\n", None),
        ] {
            let made = made_image(dockerfile).unwrap();
            let checks = libraries("l", &needs(glibc, &[library]), &made);
            let statuses: Vec<CheckStatus> = checks.iter().map(|check| check.status).collect();
            assert_eq!(statuses, Vec::from_iter(expected), "{dockerfile}{checks:?}");
        }
    }

    #[test]
    fn an_image_for_another_processor_is_an_error() {
        let made = made_image("FROM --platform=linux/arm64 debian\n").unwrap();
        assert_eq!(processor("p".into(), &made).status, Error);
    }
}
