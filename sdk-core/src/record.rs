//! The record: one app's metadata as bytes in the binary.
//!
//! Its format is this frame, with all integers in little-endian order:
//!
//! | bytes | content |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 4 | format version, [`VERSION`] |
//! | 4 | length of the payload, at most [`MAX_PAYLOAD`] |
//! | length | payload: the app's entry in the manifest as compact JSON, in UTF-8 |
//! | 4 | CRC-32 (IEEE 802.3) of version, length and payload |
//!
//! Frames may come in any order, with zero bytes before, between and after them.

use alloc::vec::Vec;
use core::fmt;

/// The first bytes of every frame. No text has these control characters.
pub const MAGIC: [u8; 8] = *b"\x7fMCHNST\n";

/// The format version that this crate writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// The longest payload in bytes. Most entries are below 1 KB, but a description may be long.
pub const MAX_PAYLOAD: u32 = 1 << 20;

/// The link section of records in ELF and PE, and the custom section in wasm. PE allows at most 8
/// characters.
pub const SECTION: &str = ".mchnst";

/// The segment and section of records in Mach-O.
pub const MACHO_SECTION: (&str, &str) = ("__DATA", "__mchnst");

/// The length of a frame before its payload, in bytes.
pub const HEADER: usize = MAGIC.len() + 8;

/// The length of the checksum, in bytes.
const CHECKSUM: usize = 4;

/// Bytes that are not a valid record.
///
/// ```
/// use machinist_core::record::{Fault, decode_frame, encode};
///
/// let frame = encode("{}").unwrap();
/// let error = decode_frame(&frame[..10], 0).unwrap_err();
/// assert_eq!((error.offset, error.fault), (0, Fault::Truncated));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// The offset of the record in the bytes.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are neither padding nor the start of a frame.
    NotARecord,
    /// The bytes end before the frame does.
    Truncated,
    /// The frame was written by a newer machinist.
    NewerFormat {
        /// Its format version.
        version: u32,
    },
    /// The payload is longer than [`MAX_PAYLOAD`].
    Oversized {
        /// The length that the frame gives, in bytes.
        length: u32,
    },
    /// The checksum does not match the payload, or the payload is not UTF-8.
    Corrupt,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecord => f.write_str("no record starts here"),
            Self::Truncated => f.write_str("it is cut off"),
            Self::NewerFormat { version } => {
                write!(
                    f,
                    "its format is {version}, and the newest known here is {VERSION}"
                )
            }
            Self::Oversized { length } => {
                write!(
                    f,
                    "it states a length of {length} bytes, and the most is {MAX_PAYLOAD}"
                )
            }
            Self::Corrupt => f.write_str("its checksum is wrong"),
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record at offset {}: {}", self.offset, self.fault)
    }
}

impl core::error::Error for RecordError {}

/// Puts a payload into a frame.
///
/// # Errors
///
/// [`Fault::Oversized`] if the payload has more than [`MAX_PAYLOAD`] bytes.
///
/// ```
/// use machinist_core::record;
///
/// let bytes = record::encode(r#"{"name":"llm"}"#).unwrap();
/// let payloads: Result<Vec<&str>, _> = record::decode(&bytes).collect();
/// assert_eq!(payloads.unwrap(), [r#"{"name":"llm"}"#]);
/// ```
pub fn encode(payload: &str) -> Result<Vec<u8>, RecordError> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    if length > MAX_PAYLOAD {
        return Err(RecordError {
            offset: 0,
            fault: Fault::Oversized { length },
        });
    }
    let mut frame = Vec::with_capacity(HEADER + payload.len() + CHECKSUM);
    frame.extend(MAGIC);
    frame.extend(VERSION.to_le_bytes());
    frame.extend(length.to_le_bytes());
    frame.extend(payload.as_bytes());
    frame.extend(crc32(&frame[MAGIC.len()..]).to_le_bytes());
    Ok(frame)
}

/// The payloads of all frames in a section, in their order. The first error is the last element.
///
/// ```
/// use machinist_core::record::{decode, encode};
///
/// let mut section = vec![0; 16];
/// section.extend(encode("{}").unwrap());
/// section.extend([0; 16]);
/// assert_eq!(decode(&section).collect::<Result<Vec<_>, _>>(), Ok(vec!["{}"]));
/// ```
pub fn decode(section: &[u8]) -> impl Iterator<Item = Result<&str, RecordError>> {
    let mut offset = 0;
    core::iter::from_fn(move || {
        offset += section.get(offset..)?.iter().position(|&byte| byte != 0)?;
        let frame = decode_frame(section, offset);
        offset = frame.map_or(section.len(), |(_, end)| end);
        Some(frame.map(|(payload, _)| payload))
    })
}

/// The payload of the frame that starts at `offset`, and the offset of the frame's end.
///
/// # Errors
///
/// If no valid frame starts there; the [`Fault`] says why.
///
/// ```
/// use machinist_core::record::{decode_frame, encode};
///
/// let frame = encode("{}").unwrap();
/// assert_eq!(decode_frame(&frame, 0), Ok(("{}", frame.len())));
/// ```
pub fn decode_frame(bytes: &[u8], offset: usize) -> Result<(&str, usize), RecordError> {
    let rest = bytes.get(offset..).unwrap_or_default();
    match decode_first(rest) {
        Ok((payload, length)) => Ok((payload, offset + length)),
        Err(fault) => Err(RecordError { offset, fault }),
    }
}

fn decode_first(bytes: &[u8]) -> Result<(&str, usize), Fault> {
    let length = frame_length(bytes)?;
    let end = length - CHECKSUM;
    let payload = bytes.get(HEADER..end).ok_or(Fault::Truncated)?;
    let checksum = read_u32(bytes, end).ok_or(Fault::Truncated)?;
    if checksum != crc32(&bytes[MAGIC.len()..end]) {
        return Err(Fault::Corrupt);
    }
    let payload = core::str::from_utf8(payload).map_err(|_| Fault::Corrupt)?;
    Ok((payload, length))
}

/// The length of the frame that these bytes begin with. The first [`HEADER`] bytes are enough.
///
/// # Errors
///
/// If the header is not valid; the [`Fault`] says why.
///
/// ```
/// use machinist_core::record::{HEADER, encode, frame_length};
///
/// let frame = encode("{}").unwrap();
/// assert_eq!(frame_length(&frame[..HEADER]), Ok(frame.len()));
/// ```
pub fn frame_length(bytes: &[u8]) -> Result<usize, Fault> {
    if !bytes.starts_with(&MAGIC) {
        return Err(Fault::NotARecord);
    }
    let version = read_u32(bytes, MAGIC.len()).ok_or(Fault::Truncated)?;
    if version > VERSION {
        return Err(Fault::NewerFormat { version });
    }
    if version == 0 {
        return Err(Fault::Corrupt);
    }
    let length = read_u32(bytes, MAGIC.len() + 4).ok_or(Fault::Truncated)?;
    if length > MAX_PAYLOAD {
        return Err(Fault::Oversized { length });
    }
    Ok(HEADER + length as usize + CHECKSUM)
}

fn read_u32(bytes: &[u8], offset: usize) -> Option<u32> {
    let four = bytes.get(offset..offset + 4)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

/// The CRC-32 (IEEE 802.3) of bytes, computed four bits at a time. One bit at a time would be slow
/// in the macro, which runs unoptimised; a table for eight bits would be larger than the records of
/// most programs.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        crc = (crc >> 4) ^ CRC32[(crc & 0xf) as usize];
        crc = (crc >> 4) ^ CRC32[(crc & 0xf) as usize];
    }
    !crc
}

/// The CRC-32 of each four bits. Not a `const`, which unoptimised code would copy at each use.
static CRC32: [u32; 16] = {
    let mut table = [0; 16];
    let mut bits = 0;
    while bits < 16 {
        let mut crc = bits;
        let mut round = 0;
        while round < 4 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1));
            round += 1;
        }
        table[bits as usize] = crc;
        bits += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn payloads(section: &[u8]) -> Result<Vec<&str>, RecordError> {
        decode(section).collect()
    }

    #[test]
    fn the_checksum_is_the_common_crc32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn padding_is_skipped_anywhere() {
        let mut section = vec![0; 3];
        for payload in ["a", "", "b"] {
            section.extend(encode(payload).unwrap());
            section.extend([0; 5]);
        }
        assert_eq!(payloads(&section).unwrap(), ["a", "", "b"]);
        assert_eq!(payloads(&[0; 64]).unwrap(), [""; 0]);
    }

    #[test]
    fn every_cut_is_truncated() {
        let frame = encode("payload").unwrap();
        for cut in MAGIC.len()..frame.len() {
            assert_eq!(
                payloads(&frame[..cut]),
                Err(RecordError {
                    offset: 0,
                    fault: Fault::Truncated
                })
            );
        }
    }

    #[test]
    fn every_changed_byte_is_an_error() {
        let frame = encode("payload").unwrap();
        for at in 0..frame.len() {
            let mut damaged = frame.clone();
            damaged[at] ^= 0x10;
            assert!(payloads(&damaged).is_err(), "byte {at}");
        }
    }

    #[test]
    fn each_fault_is_told_apart() {
        let assert_fault = |section: &[u8], offset, fault| {
            assert_eq!(payloads(section), Err(RecordError { offset, fault }));
        };
        let mut newer = encode("x").unwrap();
        newer[8] = 2;
        assert_fault(&newer, 0, Fault::NewerFormat { version: 2 });

        let mut oversized = encode("x").unwrap();
        oversized[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_fault(&oversized, 0, Fault::Oversized { length: u32::MAX });

        let mut second = encode("x").unwrap();
        let offset = second.len() + 1;
        second.extend(*b"\0garbage");
        assert_fault(&second, offset, Fault::NotARecord);

        let mut corrupt = encode("x").unwrap();
        corrupt[16] = b'y';
        assert_fault(&corrupt, 0, Fault::Corrupt);
    }

    #[test]
    fn the_format_is_frozen() {
        let frame = encode("{}").unwrap();
        assert_eq!(
            frame,
            *b"\x7fMCHNST\n\x01\0\0\0\x02\0\0\0{}\xff\x0f\xff\xa3"
        );
    }
}
