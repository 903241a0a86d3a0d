//! Finds the section of records in a wasm module: a custom section.
//!
//! Written by hand because `object` reads a whole module. Here only the headers of sections are
//! read.

use machinist_core::record::SECTION;
use object::read::ReadRef;

use super::error::ReadFault;
use super::frames::Range;

const MAGIC: &[u8] = b"\0asm\x01\0\0\0";
const CUSTOM: u8 = 0;

/// Whether this is a wasm module of version 1.
pub(super) fn is_module<'data>(data: impl ReadRef<'data>) -> bool {
    data.read_bytes_at(0, MAGIC.len() as u64) == Ok(MAGIC)
}

/// The custom sections with records.
pub(super) fn sections<'data>(data: impl ReadRef<'data>) -> Result<Vec<Range>, ReadFault> {
    let length = data.len().map_err(|()| cut_off())?;
    let mut found = Vec::new();
    let mut at = MAGIC.len() as u64;
    while at < length {
        let [id] = *bytes(data, at, 1)? else { break };
        let (size, start) = leb128(data, at + 1)?;
        let end = start + u64::from(size);
        if end > length {
            return Err(cut_off());
        }
        if id == CUSTOM {
            let (name_size, name_start) = leb128(data, start)?;
            let contents = name_start + u64::from(name_size);
            if contents > end {
                return Err(cut_off());
            }
            let is_ours = name_size as usize == SECTION.len()
                && bytes(data, name_start, name_size.into())? == SECTION.as_bytes();
            if is_ours {
                found.push((contents, end - contents));
            }
        }
        at = end;
    }
    Ok(found)
}

/// An unsigned number of at most 32 bits, and where it ends.
fn leb128<'data>(data: impl ReadRef<'data>, at: u64) -> Result<(u32, u64), ReadFault> {
    let mut number = 0u64;
    for i in 0..5 {
        let [byte] = *bytes(data, at + i, 1)? else {
            break;
        };
        number |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let number = u32::try_from(number).map_err(|_| too_large())?;
            return Ok((number, at + i + 1));
        }
    }
    Err(too_large())
}

fn bytes<'data>(data: impl ReadRef<'data>, at: u64, size: u64) -> Result<&'data [u8], ReadFault> {
    data.read_bytes_at(at, size).map_err(|()| cut_off())
}

fn cut_off() -> ReadFault {
    ReadFault::Malformed("a section is cut off".into())
}

fn too_large() -> ReadFault {
    ReadFault::Malformed("a number is too large".into())
}
