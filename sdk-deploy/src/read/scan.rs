//! Records found by their first bytes, where no header says where they are.

use std::io::{self, Read, Seek, SeekFrom};

use machinist_core::record::{self, MAGIC};

use super::error::ReadFault;
use super::frames::Record;

/// How much is looked at in one go.
const WINDOW: usize = 1 << 16;

/// The records in a stream, whatever stands between them.
pub(super) fn records(stream: &mut (impl Read + Seek)) -> Result<Vec<Record>, ReadFault> {
    let mut records = Vec::new();
    let mut start = 0;
    loop {
        let window = read_at(stream, start, WINDOW)?;
        for at in magics(&window) {
            let offset = start + at as u64;
            // What only looks like a record is no error here: this very program has the magic in
            // it.
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
        // A magic that the window cuts through is whole in the next one.
        start += (WINDOW - (MAGIC.len() - 1)) as u64;
    }
}

/// Where the magic stands in bytes.
fn magics(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut next = 0;
    std::iter::from_fn(move || {
        loop {
            // The search for one byte is the one that is fast without optimisation too.
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
