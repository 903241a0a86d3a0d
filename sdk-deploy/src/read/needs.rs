//! What a program for Linux needs of the system that runs it: the C library and its version, and
//! shared libraries. The program is not run.

use std::path::Path;

use object::read::elf::{FileHeader, ProgramHeader as _};
use object::read::{ReadCache, ReadRef};
use object::{Endianness, elf};

use super::bounded::Bounded;
use super::error::{ReadError, ReadFault};
use super::unchanged::read_unchanged;
use crate::libc::{GlibcVersion, Libc};

/// What a program needs of the system that runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryNeeds {
    /// The C library.
    pub libc: Libc,
    /// The shared libraries, such as `libssl.so.3`, with those of the C library.
    pub libraries: Vec<String>,
}

impl BinaryNeeds {
    /// Reads a 64-bit ELF file.
    ///
    /// # Errors
    ///
    /// When it cannot be read or has another format.
    ///
    /// ```
    /// use machinist_deploy::{BinaryNeeds, Libc};
    ///
    /// # if cfg!(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64")) {
    /// let needs = BinaryNeeds::read(&std::env::current_exe()?)?;
    /// assert!(matches!(needs.libc, Libc::Glibc(_)));
    /// assert!(needs.libraries.contains(&"libc.so.6".to_owned()));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        read_unchanged(path, |file| needs(&ReadCache::new(Bounded::new(file)?)))
    }
}

fn needs<'data>(data: impl ReadRef<'data>) -> Result<BinaryNeeds, ReadFault> {
    let header = elf::FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let mut loader = String::new();
    for segment in header.program_headers(endian, data)? {
        if let Some(path) = segment.interpreter(endian, data)? {
            loader = String::from_utf8_lossy(path).into_owned();
        }
    }
    if sections.is_empty() && !loader.is_empty() {
        return Err(ReadFault::Malformed("it has no section headers".into()));
    }
    let mut libraries = Vec::new();
    let table = sections.dynamic_table(endian, data)?;
    for entry in &table {
        if entry.tag == elf::DT_NEEDED {
            let name = table.string(entry)?;
            libraries.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    let mut version = GlibcVersion(2, 0);
    if let Some((mut files, strings)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, strings)?;
        while let Some((_, mut names)) = files.next()? {
            while let Some(name) = names.next()? {
                let name = String::from_utf8_lossy(name.name(endian, strings)?);
                version = version.max(GlibcVersion::of_symbols(&name).unwrap_or(version));
            }
        }
    }
    let libc = match () {
        () if loader.is_empty() && libraries.is_empty() => Libc::None,
        () if loader.contains("ld-musl") => Libc::Musl,
        () => Libc::Glibc(version),
    };
    Ok(BinaryNeeds { libc, libraries })
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// What a program needs that `rustc` makes with these arguments.
    fn needs_of(source: &str, args: &[&str]) -> BinaryNeeds {
        let folder = tempfile::tempdir().unwrap();
        let (file, program) = (folder.path().join("p.rs"), folder.path().join("p"));
        fs::write(&file, source).unwrap();
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut rustc = Command::new(rustc);
        rustc.arg(&file).arg("-o").arg(&program).args(args);
        let output = rustc.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        BinaryNeeds::read(&program).unwrap()
    }

    #[test]
    fn a_program_needs_glibc_in_the_version_of_its_newest_symbol() {
        let needs = needs_of("fn main() {}", &[]);
        // The standard library needs `pthread_*` from there on.
        let Libc::Glibc(version) = needs.libc else {
            panic!("{needs:?}");
        };
        assert!(version >= GlibcVersion(2, 17), "{version}");
        assert!(needs.libraries.contains(&"libc.so.6".into()), "{needs:?}");
    }

    #[test]
    fn a_library_that_is_linked_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        // A library of that name, whatever is installed here.
        let made = Command::new("cc")
            .args([
                "-shared",
                "-x",
                "c",
                "/dev/null",
                "-Wl,-soname,libz.so.1",
                "-o",
            ])
            .arg(folder.path().join("libz.so"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let library = folder.path().join("libz.so");
        let link = format!("link-arg=-Wl,--no-as-needed,{}", library.display());
        let needs = needs_of("fn main() {}", &["-C", &link]);
        assert!(needs.libraries.contains(&"libz.so.1".into()), "{needs:?}");
    }

    #[test]
    fn a_static_program_needs_nothing() {
        let static_program = ["-C", "target-feature=+crt-static"];
        let needs = needs_of("fn main() {}", &static_program);
        assert_eq!((needs.libc, needs.libraries), (Libc::None, Vec::new()));
    }

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        BinaryNeeds::read(&script).unwrap_err();
    }
}
