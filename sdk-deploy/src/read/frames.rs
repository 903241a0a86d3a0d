//! The records in a section.

use machinist_core::record::{self, Fault, RecordError};
use object::read::ReadRef;

use super::error::ReadFault;

/// Room for more than a million apps. A larger section means a damaged header.
const MAX_SECTION: u64 = 1 << 30;

/// A range of a file: offset and size in bytes.
pub(super) type Range = (u64, u64);

/// A record in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The app's manifest entry, as compact JSON.
    pub payload: String,
    /// Where its frame starts in the file.
    pub offset: u64,
}

/// The records of a file that were found so far.
pub(super) struct FoundRecords {
    records: Vec<Record>,
    /// How many bytes further sections may have. All sections together cannot exceed the file.
    remaining: u64,
}

impl FoundRecords {
    /// No records yet, in a file of this length.
    pub(super) fn in_file_of_length(length: u64) -> Self {
        Self {
            records: Vec::new(),
            remaining: length,
        }
    }

    pub(super) fn records(self) -> Vec<Record> {
        self.records
    }

    /// Adds the records in a range of `data`, which begins at `base` of the file.
    pub(super) fn add<'data>(
        &mut self,
        data: impl ReadRef<'data>,
        range: Range,
        base: u64,
    ) -> Result<(), ReadFault> {
        let (_, size) = range;
        if size > MAX_SECTION {
            return Err(ReadFault::OversizedSection(size));
        }
        self.remaining = self.remaining.checked_sub(size).ok_or_else(overlap)?;
        self.records.extend(records(data, range, base)?);
        Ok(())
    }
}

/// Headers that name the same section again and again would exhaust memory.
fn overlap() -> ReadFault {
    ReadFault::Malformed("its sections of records are larger than the file".into())
}

fn records<'data>(
    data: impl ReadRef<'data>,
    (offset, size): Range,
    base: u64,
) -> Result<Vec<Record>, ReadFault> {
    let Ok(section) = data.read_bytes_at(offset, size) else {
        return Err(truncated(base.saturating_add(offset)));
    };
    let mut records = Vec::new();
    let mut at = 0;
    while let Some(padding) = section[at..].iter().position(|&byte| byte != 0) {
        let start = at + padding;
        let in_file = base + offset + start as u64;
        let (payload, end) = record::decode_frame(section, start)
            .map_err(|RecordError { fault, .. }| fault_in_file(fault, in_file))?;
        records.push(Record {
            payload: payload.to_owned(),
            offset: in_file,
        });
        at = end;
    }
    Ok(records)
}

fn truncated(offset: u64) -> ReadFault {
    ReadFault::CorruptRecord {
        fault: Fault::Truncated,
        offset,
    }
}

fn fault_in_file(fault: Fault, offset: u64) -> ReadFault {
    match fault {
        Fault::NewerFormat { version } => ReadFault::NewerFormat { version, offset },
        fault => ReadFault::CorruptRecord { fault, offset },
    }
}
