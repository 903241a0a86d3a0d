//! Finds records by their magic bytes, in files without section headers.

use std::io::{self, Read, Seek, SeekFrom};

use machinist_core::record::{self, MAGIC};

use super::error::ReadFault;
use super::frames::Record;

/// How many bytes are searched at a time.
const WINDOW: usize = 1 << 16;

/// The records in a stream, with any bytes between them.
pub(super) fn records(stream: &mut (impl Read + Seek)) -> Result<Vec<Record>, ReadFault> {
    let mut records = Vec::new();
    let mut start = 0;
    loop {
        let window = read_at(stream, start, WINDOW)?;
        for at in magics(&window) {
            let offset = start + at as u64;
            // A magic without a record is no error: this program itself contains the magic.
            let header = read_at(stream, offset, record::HEADER)?;
            let Ok(length) = record::frame_length(&header) else {
                continue;
            };
            let frame = read_at(stream, offset, length)?;
            if let Ok((payload, _)) = record::decode_frame(&frame, 0) {
                records.push(Record {
                    payload: payload.to_owned(),
                    offset,
                });
            }
        }
        if window.len() < WINDOW {
            return Ok(records);
        }
        // Windows overlap, so that none cuts through a magic.
        start += (WINDOW - (MAGIC.len() - 1)) as u64;
    }
}

/// The offsets of the magic.
fn magics(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut next = 0;
    std::iter::from_fn(move || {
        loop {
            // Searching for a single byte is fast even without optimisation.
            let at = next + bytes[next..].iter().position(|&byte| byte == MAGIC[0])?;
            next = at + 1;
            if bytes[at..].starts_with(&MAGIC) {
                return Some(at);
            }
        }
    })
}

/// Up to `size` bytes.
fn read_at(stream: &mut (impl Read + Seek), offset: u64, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.seek(SeekFrom::Start(offset))?;
    stream.take(size as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
