//! What is in well-known container images: the C library, and shared libraries.
//!
//! Each table says where its rows can be checked. An image that no row describes is not guessed at.

use crate::libc::{GlibcVersion, Libc};

/// What is known of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageFacts {
    /// Its C library.
    pub(crate) libc: Libc,
    /// What beside the C library is installed in it.
    pub(crate) contents: Contents,
}

/// Which shared libraries an image has beside those of its C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// These, and what packages add.
    Libraries(&'static [&'static str]),
    /// Many: they are not listed here.
    Many,
}

/// A release of a system that images are made of.
struct Release {
    /// The words in names and tags of images that mean it.
    words: &'static [&'static str],
    libc: Libc,
}

const fn glibc(minor: u16) -> Libc {
    Libc::Glibc(GlibcVersion(2, minor))
}

/// Check them at packages.debian.org and packages.ubuntu.com (`libc6`), and in the release notes of
/// RHEL and Amazon Linux (`glibc`), or with `ldd --version` in the image.
const RELEASES: &[Release] = &[
    Release {
        words: &["buster", "debian10"],
        libc: glibc(28),
    },
    Release {
        words: &["bullseye", "debian11"],
        libc: glibc(31),
    },
    Release {
        words: &["bookworm", "debian12", "oldstable"],
        libc: glibc(36),
    },
    Release {
        words: &["trixie", "debian13", "stable", "debianlatest"],
        libc: glibc(41),
    },
    Release {
        words: &["bionic", "ubuntu18.04"],
        libc: glibc(27),
    },
    Release {
        words: &["focal", "ubuntu20.04"],
        libc: glibc(31),
    },
    Release {
        words: &["jammy", "ubuntu22.04"],
        libc: glibc(35),
    },
    Release {
        words: &["noble", "ubuntu24.04"],
        libc: glibc(39),
    },
    Release {
        words: &["rockylinux8", "almalinux8", "ubi8", "oraclelinux8"],
        libc: glibc(28),
    },
    Release {
        words: &["rockylinux9", "almalinux9", "ubi9", "oraclelinux9"],
        libc: glibc(34),
    },
    Release {
        words: &["rockylinux10", "almalinux10", "ubi10"],
        libc: glibc(39),
    },
    Release {
        words: &["amazonlinux2"],
        libc: glibc(26),
    },
    Release {
        words: &["amazonlinux2023"],
        libc: glibc(34),
    },
    Release {
        words: &["alpine"],
        libc: Libc::Musl,
    },
];

/// Repositories whose tags say what they are made of.
struct Repository {
    name: &'static str,
    /// What an image has beside its release's C library, and what it has if its tag says `slim`.
    contents: Contents,
    slim: Contents,
}

/// The libraries that the package managers of all these systems need.
const OF_SYSTEM: [&str; 3] = ["libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"];

/// Whether an image with many libraries has this one for sure.
pub(crate) fn is_of_system(library: &str) -> bool {
    OF_SYSTEM.contains(&library)
}

/// `apt` needs these, so every image with it has them.
const OF_APT: Contents = Contents::Libraries(&OF_SYSTEM);
const NO_LIBRARY: Contents = Contents::Libraries(&[]);

const fn system(name: &'static str) -> Repository {
    Repository {
        name,
        contents: OF_APT,
        slim: OF_APT,
    }
}

/// Its images are made from `buildpack-deps`, and the slim ones from `debian`.
const fn language(name: &'static str) -> Repository {
    Repository {
        name,
        contents: Contents::Many,
        slim: OF_APT,
    }
}

const fn distroless(name: &'static str, libraries: &'static [&'static str]) -> Repository {
    let contents = Contents::Libraries(libraries);
    Repository {
        name,
        contents,
        slim: contents,
    }
}

const OPENSSL: [&str; 2] = ["libssl.so.3", "libcrypto.so.3"];

/// Check them in the `Dockerfile`s of Docker's official images and of NVIDIA's, and in the README
/// files of distroless.
const REPOSITORIES: &[Repository] = &[
    system("debian"),
    system("ubuntu"),
    language("buildpack-deps"),
    language("python"),
    language("node"),
    language("rust"),
    language("golang"),
    language("ruby"),
    language("php"),
    language("eclipse-temurin"),
    language("nvidia/cuda"),
    language("nvcr.io/nvidia/cuda"),
    Repository {
        name: "alpine",
        contents: NO_LIBRARY,
        slim: NO_LIBRARY,
    },
    language("rockylinux"),
    language("almalinux"),
    language("amazonlinux"),
    distroless("gcr.io/distroless/base", &OPENSSL),
    distroless("gcr.io/distroless/base-nossl", &[]),
    distroless(
        "gcr.io/distroless/cc",
        &[
            OPENSSL[0],
            OPENSSL[1],
            "libgcc_s.so.1",
            "libstdc++.so.6",
            "libgomp.so.1",
        ],
    ),
];

/// An image without a C library: nothing but what is copied into it, or certificates and time zones.
const EMPTY: [&str; 2] = ["scratch", "gcr.io/distroless/static"];

/// What is known of an image; `None` if it is not well known.
pub(crate) fn facts(image: &str) -> Option<ImageFacts> {
    let image = image.split('@').next().unwrap_or(image);
    let image = ["docker.io/", "library/"]
        .iter()
        .fold(image, |image, prefix| {
            image.strip_prefix(prefix).unwrap_or(image)
        });
    // A port of a registry is no tag.
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    };
    // Distroless has the release in the name: `cc-debian12`.
    let (repository, release) = match name.rsplit_once("-debian") {
        Some((repository, release)) => (repository, Some(format!("debian{release}"))),
        None => (name, None),
    };
    if EMPTY.contains(&repository) {
        return Some(ImageFacts {
            libc: Libc::None,
            contents: NO_LIBRARY,
        });
    }
    let known = REPOSITORIES.iter().find(|known| known.name == repository)?;
    let words = words(repository, tag).into_iter().chain(release);
    let libc = words.into_iter().find_map(|word| {
        let release = RELEASES
            .iter()
            .find(|release| release.words.contains(&&*word))?;
        Some(release.libc)
    })?;
    let is_slim = tag.split('-').any(|word| word == "slim");
    let contents = match libc {
        Libc::Musl => NO_LIBRARY,
        _ if is_slim => known.slim,
        _ => known.contents,
    };
    Some(ImageFacts { libc, contents })
}

/// The words that may mean a release: `bookworm` of `1.2-bookworm`, `debian12` of `debian:12.5`.
fn words(repository: &str, tag: &str) -> Vec<String> {
    let system = repository.rsplit('/').next().unwrap_or(repository);
    let mut words = Vec::new();
    for part in tag.split('-') {
        // `alpine3.20`; a codename has no digit.
        let name: &str = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let major = part.split('.').next().unwrap_or(part);
        let of_system = |version: &str| format!("{system}{version}");
        words.extend([
            part.to_owned(),
            of_system(part),
            of_system(major),
            name.to_owned(),
        ]);
    }
    words.push(system.to_owned());
    words
}

/// A shared library and the packages of Debian or Ubuntu that have it; any of them is enough.
struct PackagedLibrary {
    library: &'static str,
    packages: &'static [&'static str],
}

const fn packaged(library: &'static str, packages: &'static [&'static str]) -> PackagedLibrary {
    PackagedLibrary { library, packages }
}

/// Check them in the file lists of packages.debian.org. The first package is the one to install.
const PACKAGED: &[PackagedLibrary] = &[
    packaged(
        "libssl.so.3",
        &["libssl3", "libssl3t64", "libssl-dev", "openssl"],
    ),
    packaged(
        "libcrypto.so.3",
        &["libssl3", "libssl3t64", "libssl-dev", "openssl"],
    ),
    packaged("libssl.so.1.1", &["libssl1.1"]),
    packaged("libcrypto.so.1.1", &["libssl1.1"]),
    packaged("libz.so.1", &["zlib1g", "zlib1g-dev"]),
    packaged("libgcc_s.so.1", &["libgcc-s1"]),
    packaged("libstdc++.so.6", &["libstdc++6", "g++", "build-essential"]),
    packaged("libgomp.so.1", &["libgomp1", "gcc", "build-essential"]),
    packaged(
        "libsqlite3.so.0",
        &["libsqlite3-0", "libsqlite3-dev", "sqlite3"],
    ),
    packaged("libpq.so.5", &["libpq5", "libpq-dev", "postgresql-client"]),
    packaged(
        "libcurl.so.4",
        &["libcurl4", "libcurl4t64", "libcurl4-openssl-dev", "curl"],
    ),
    packaged("libxml2.so.2", &["libxml2", "libxml2-dev"]),
    packaged("libopenblas.so.0", &["libopenblas0", "libopenblas-dev"]),
    packaged(
        "libasound.so.2",
        &["libasound2", "libasound2t64", "libasound2-dev"],
    ),
    packaged("libdbus-1.so.3", &["libdbus-1-3", "libdbus-1-dev"]),
    packaged(
        "libfontconfig.so.1",
        &["libfontconfig1", "libfontconfig-dev"],
    ),
    packaged("libfreetype.so.6", &["libfreetype6", "libfreetype-dev"]),
    packaged("libGL.so.1", &["libgl1"]),
    packaged("libudev.so.1", &["libudev1", "libudev-dev"]),
    packaged("libusb-1.0.so.0", &["libusb-1.0-0", "libusb-1.0-0-dev"]),
];

/// The packages that have a shared library; the first is the one to install.
pub(crate) fn packages_with(library: &str) -> &'static [&'static str] {
    let found = PACKAGED.iter().find(|packaged| packaged.library == library);
    found.map_or(&[], |packaged| packaged.packages)
}

/// The libraries of GLIBC itself: check them in the file list of Debian's `libc6`.
const OF_GLIBC: [&str; 12] = [
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libBrokenLocale.so.1",
    "libanl.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
];

/// Whether a library comes with GLIBC.
pub(crate) fn is_of_glibc(library: &str) -> bool {
    OF_GLIBC.contains(&library)
}

/// The beginnings of libraries that the driver of the machine's GPU brings into every container:
/// check them in the list of NVIDIA's container toolkit.
const OF_DRIVER: [&str; 8] = [
    "libcuda.so.",
    "libnvidia-",
    "libnvcuvid.so.",
    "libnvoptix.so.",
    "libcudadebugger.so.",
    "libGLX_nvidia.so.",
    "libEGL_nvidia.so.",
    "libvdpau_nvidia.so.",
];

/// Whether a library comes with the driver of a GPU.
pub(crate) fn is_of_driver(library: &str) -> bool {
    OF_DRIVER.iter().any(|start| library.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_images_are_recognized_and_others_are_not() {
        for (image, libc) in [
            ("debian:bookworm", Some(glibc(36))),
            ("debian:bookworm-20260101-slim", Some(glibc(36))),
            ("debian:12.5-slim", Some(glibc(36))),
            ("docker.io/library/debian:stable-slim", Some(glibc(41))),
            ("debian", Some(glibc(41))),
            ("debian:bullseye@sha256:00", Some(glibc(31))),
            ("ubuntu:22.04", Some(glibc(35))),
            ("ubuntu:noble-20260101", Some(glibc(39))),
            ("ubuntu:20.04", Some(glibc(31))),
            ("ubuntu", None),
            ("python:3.12-slim-bookworm", Some(glibc(36))),
            ("python:3.12-alpine3.20", Some(Libc::Musl)),
            ("python:3.12", None),
            ("rust:1-trixie", Some(glibc(41))),
            (
                "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04",
                Some(glibc(35)),
            ),
            (
                "nvcr.io/nvidia/cuda:12.4.1-base-rockylinux8",
                Some(glibc(28)),
            ),
            ("gcr.io/distroless/cc-debian12", Some(glibc(36))),
            ("gcr.io/distroless/cc-debian12:nonroot", Some(glibc(36))),
            ("gcr.io/distroless/static-debian12", Some(Libc::None)),
            ("alpine:3.20", Some(Libc::Musl)),
            ("alpine", Some(Libc::Musl)),
            ("scratch", Some(Libc::None)),
            ("almalinux:9.4", Some(glibc(34))),
            ("amazonlinux:2023", Some(glibc(34))),
            ("localhost:5000/debian:bookworm", None),
            ("acme/base:bookworm", None),
        ] {
            assert_eq!(facts(image).map(|facts| facts.libc), libc, "{image}");
        }
    }

    #[test]
    fn slim_images_have_only_what_apt_needs() {
        let contents = |image: &str| facts(image).unwrap().contents;
        assert_eq!(contents("python:3.12-slim-bookworm"), OF_APT);
        assert_eq!(contents("python:3.12-bookworm"), Contents::Many);
        assert_eq!(contents("python:3.12-alpine"), NO_LIBRARY);
    }

    #[test]
    fn no_word_means_two_releases() {
        let mut words: Vec<&str> = RELEASES.iter().flat_map(|row| row.words).copied().collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
