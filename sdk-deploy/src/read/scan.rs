//! Records found by their first bytes, where no header says where they are.

use std::io::{self, Read as _, SeekFrom};

use machinist_core::record::{self, MAGIC};

use super::{ReadFault, Record, Stream};

/// How much is looked at in one go.
const WINDOW: usize = 1 << 16;

/// The records in a stream, whatever stands between them.
pub(super) fn records(stream: &mut impl Stream) -> Result<Vec<Record>, ReadFault> {
    let mut records = Vec::new();
    let mut start = 0;
    loop {
        let window = read_at(stream, start, WINDOW)?;
        let mut next = start + (window.len().saturating_sub(MAGIC.len() - 1)) as u64;
        for at in (0..window.len()).filter(|&at| window[at..].starts_with(&MAGIC)) {
            let offset = start + at as u64;
            if records
                .last()
                .is_some_and(|last: &Record| offset <= last.offset)
            {
                continue;
            }
            // What only looks like a record is no error here: this very program has the magic in
            // it.
            let frame = read_at(stream, offset, record::MAX_FRAME)?;
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
        next = next.max(start + 1);
        start = next;
    }
}

/// Up to `size` bytes.
fn read_at(stream: &mut impl Stream, offset: u64, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.seek(SeekFrom::Start(offset))?;
    stream.take(size as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
