//! Identifies the platform of a program by its header.

use std::fmt;
use std::path::Path;

use object::read::elf::{FileHeader, ProgramHeader as _};
use object::read::{FileKind, ReadCache, ReadRef};
use object::{Endianness, elf};

use super::error::{ReadError, ReadFault};
use super::unchanged::read_unchanged;

/// The kind of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A program for Linux on x86_64.
    LinuxX86_64,
    /// What a linker makes for other programs, for any platform.
    Library(&'static str),
    /// Another kind of file.
    Other(&'static str),
}

impl Program {
    pub(crate) fn runs_on_linux_x86_64(&self) -> bool {
        *self == Self::LinuxX86_64
    }

    pub(crate) fn is_library(&self) -> bool {
        matches!(self, Self::Library(_))
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinuxX86_64 => "a program for linux x86_64",
            Self::Library(what) | Self::Other(what) => what,
        })
    }
}

/// Identifies a file.
pub(crate) fn identify(path: &Path) -> Result<Program, ReadError> {
    read_unchanged(path, |file| program(&ReadCache::new(file)))
}

fn program<'data>(data: impl ReadRef<'data>) -> Result<Program, ReadFault> {
    Ok(match FileKind::parse(data) {
        Ok(FileKind::Elf64) => elf64(data)?,
        Ok(FileKind::Elf32) => Program::Other("an ELF file for a 32-bit processor"),
        Ok(FileKind::MachO32 | FileKind::MachO64 | FileKind::MachOFat32 | FileKind::MachOFat64) => {
            Program::Other("a Mach-O file for macOS")
        }
        Ok(FileKind::Pe32 | FileKind::Pe64) => Program::Other("a PE file for Windows"),
        Ok(FileKind::Archive) => Program::Library("an archive"),
        _ if data.read_bytes_at(0, 4) == Ok(b"\0asm") => Program::Other("a wasm module"),
        _ => return Err(ReadFault::NotABinary),
    })
}

fn elf64<'data>(data: impl ReadRef<'data>) -> Result<Program, ReadFault> {
    let header = elf::FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let is_x86_64 = header.e_machine(endian) == elf::EM_X86_64;
    let is_unix = matches!(
        header.e_ident().os_abi,
        elf::ELFOSABI_NONE | elf::ELFOSABI_LINUX
    );
    if !is_x86_64 || !is_unix {
        return Ok(Program::Other(
            "an ELF file for another processor or system",
        ));
    }
    let is_program = match header.e_type(endian) {
        elf::ET_EXEC => true,
        // Libraries have this type too; a position-independent program is marked as one.
        elf::ET_DYN => is_position_independent_program(header, endian, data)?,
        _ => false,
    };
    Ok(match is_program {
        true => Program::LinuxX86_64,
        false => Program::Library("a library or an object file"),
    })
}

fn is_position_independent_program<'data>(
    header: &elf::FileHeader64<Endianness>,
    endian: Endianness,
    data: impl ReadRef<'data>,
) -> Result<bool, ReadFault> {
    for segment in header.program_headers(endian, data)? {
        if segment.p_type(endian) == elf::PT_INTERP {
            return Ok(true);
        }
        for entry in segment.dynamic(endian, data)?.unwrap_or_default() {
            let is_flags = entry.d_tag.get(endian) == elf::DT_FLAGS_1;
            if is_flags && entry.d_val.get(endian) & elf::DF_1_PIE.0 != 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
