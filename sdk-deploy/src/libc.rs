//! The C library that a program needs, or that an image has.

use std::fmt;

/// A version of GLIBC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion(pub u16, pub u16);

/// As it is written in the names of versions, without `GLIBC_`.
impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl GlibcVersion {
    /// The version that a symbol version like `GLIBC_2.34` needs; `None` if it names none.
    pub(crate) fn of_symbols(name: &str) -> Option<Self> {
        match name.strip_prefix("GLIBC_")? {
            // The loader must know packed relocations.
            "ABI_DT_RELR" => Some(Self(2, 36)),
            version => {
                let mut numbers = version.split('.').map(str::parse);
                let major = numbers.next()?.ok()?;
                Some(Self(major, numbers.next()?.ok()?))
            }
        }
    }
}

/// A C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libc {
    /// That of GNU. A program needs this version or a later one; an image has this version.
    Glibc(GlibcVersion),
    /// musl, which needs no version.
    Musl,
    /// None: the program is statically linked, or the image is empty.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |name: &str| GlibcVersion::of_symbols(name);
        assert_eq!(version("GLIBC_2.2.5"), Some(GlibcVersion(2, 2)));
        assert!(version("GLIBC_2.34") > version("GLIBC_2.4"));
        assert_eq!(version("GLIBC_ABI_DT_RELR"), Some(GlibcVersion(2, 36)));
        assert_eq!(version("GLIBC_PRIVATE"), None);
        assert_eq!(version("GCC_3.0"), None);
    }
}
