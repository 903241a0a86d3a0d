//! Finds the section of records in each format of programs, libraries and object files.
//!
//! Only headers are read. The whole-file types of `object` also read symbol tables, which can be
//! most of a binary.

use machinist_core::record::{MACHO_SECTION, SECTION};
use object::read::coff::CoffHeader;
use object::read::elf::{FileHeader, SectionHeader};
use object::read::macho::{
    FatArch, MachHeader, MachOFatFile32, MachOFatFile64, Section as _, Segment as _,
};
use object::read::pe::ImageNtHeaders;
use object::read::{Error, FileKind, ReadCache, ReadCacheOps, ReadRef};
use object::{Endianness, elf, macho, pe};

use super::error::ReadFault;
use super::frames::{FoundRecords, Range};
use super::wasm;

/// Whether a file has section headers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionHeaders {
    Present,
    /// They were stripped; records may still be in the file.
    Stripped,
}

/// Finds the records of a file.
pub(super) fn find<R: ReadCacheOps>(
    file: &ReadCache<R>,
    found: &mut FoundRecords,
) -> Result<SectionHeaders, ReadFault> {
    match FileKind::parse(file) {
        Ok(FileKind::MachOFat32) => fat(MachOFatFile32::parse(file)?.arches(), file, found),
        Ok(FileKind::MachOFat64) => fat(MachOFatFile64::parse(file)?.arches(), file, found),
        _ => find_in_architecture(file, 0, found),
    }
}

/// Finds the records of one architecture, which begins at `base` in the file.
pub(super) fn find_in_architecture<'data>(
    data: impl ReadRef<'data>,
    base: u64,
    found: &mut FoundRecords,
) -> Result<SectionHeaders, ReadFault> {
    let Some(sections) = sections(data)? else {
        return Ok(SectionHeaders::Stripped);
    };
    for section in sections {
        found.add(data, section, base)?;
    }
    Ok(SectionHeaders::Present)
}

fn sections<'data>(data: impl ReadRef<'data>) -> Result<Option<Vec<Range>>, ReadFault> {
    if wasm::is_module(data) {
        return wasm::sections(data).map(Some);
    }
    let found = match FileKind::parse(data) {
        Ok(FileKind::Elf32) => return Ok(elf::<elf::FileHeader32<Endianness>, _>(data)?),
        Ok(FileKind::Elf64) => return Ok(elf::<elf::FileHeader64<Endianness>, _>(data)?),
        Ok(FileKind::MachO32) => macho::<macho::MachHeader32<Endianness>, _>(data)?,
        Ok(FileKind::MachO64) => macho::<macho::MachHeader64<Endianness>, _>(data)?,
        Ok(FileKind::Pe32) => pe::<pe::ImageNtHeaders32, _>(data)?,
        Ok(FileKind::Pe64) => pe::<pe::ImageNtHeaders64, _>(data)?,
        Ok(FileKind::Coff) => coff::<pe::ImageFileHeader, _>(data)?,
        Ok(FileKind::CoffBig) => coff::<pe::AnonObjectHeaderBigobj, _>(data)?,
        // An import library names functions of a DLL and has no data.
        Ok(FileKind::CoffImport) => Vec::new(),
        _ => return Err(ReadFault::NotABinary),
    };
    Ok(Some(found))
}

fn elf<'data, H, R>(data: R) -> Result<Option<Vec<Range>>, Error>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    if sections.is_empty() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for section in sections.iter() {
        if sections.section_name(endian, section)? == SECTION.as_bytes() {
            found.extend(section.file_range(endian));
        }
    }
    Ok(Some(found))
}

fn macho<'data, H, R>(data: R) -> Result<Vec<Range>, Error>
where
    H: MachHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data, 0)?;
    let endian = header.endian()?;
    let mut found = Vec::new();
    let mut commands = header.load_commands(endian, data, 0)?;
    while let Some(command) = commands.next()? {
        let Some((segment, rest)) = H::Segment::from_command(command)? else {
            continue;
        };
        for section in segment.sections(endian, rest)? {
            // An object file has all its sections in one segment without a name.
            let (segment, name) = MACHO_SECTION;
            if section.segment_name() == segment.as_bytes() && section.name() == name.as_bytes() {
                found.extend(section.file_range(endian, section.offset(endian).into()));
            }
        }
    }
    Ok(found)
}

fn fat<R: ReadCacheOps>(
    arches: &[impl FatArch],
    file: &ReadCache<R>,
    found: &mut FoundRecords,
) -> Result<SectionHeaders, ReadFault> {
    for arch in arches {
        let (offset, size) = arch.file_range();
        find_in_architecture(file.range(offset, size), offset, found)?;
    }
    Ok(SectionHeaders::Present)
}

fn pe<'data, H, R>(data: R) -> Result<Vec<Range>, Error>
where
    H: ImageNtHeaders,
    R: ReadRef<'data>,
{
    let mut offset = pe::ImageDosHeader::parse(data)?.nt_headers_offset().into();
    let (headers, _) = H::parse(data, &mut offset)?;
    let sections = headers.sections(data, offset)?;
    let named = sections
        .iter()
        .filter(|section| section.raw_name() == SECTION.as_bytes());
    // PE pads sections to whole blocks; the range excludes the padding.
    Ok(named
        .map(|section| section.pe_file_range())
        .map(widen)
        .collect())
}

fn coff<'data, H, R>(data: R) -> Result<Vec<Range>, Error>
where
    H: CoffHeader,
    R: ReadRef<'data>,
{
    let mut offset = 0;
    let sections = H::parse(data, &mut offset)?.sections(data, offset)?;
    let named = sections
        .iter()
        .filter(|section| section.raw_name() == SECTION.as_bytes());
    Ok(named
        .filter_map(|section| section.coff_file_range())
        .map(widen)
        .collect())
}

fn widen((offset, size): (u32, u32)) -> Range {
    (offset.into(), size.into())
}
