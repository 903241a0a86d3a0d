//! Digests of what is sent to a platform.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The digest of a text.
pub(super) fn digest(text: &str) -> String {
    hex(Sha256::digest(text))
}

/// A digest as image registries write it.
pub(super) fn hex(digest: impl AsRef<[u8]>) -> String {
    let mut out = String::from("sha256:");
    for byte in digest.as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
