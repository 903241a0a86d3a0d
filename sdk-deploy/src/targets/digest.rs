//! Digests of what is sent to a platform.

use std::fmt::Write as _;

/// A digest as image registries write it.
pub(super) fn hex(digest: impl AsRef<[u8]>) -> String {
    let mut out = String::from("sha256:");
    for byte in digest.as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
