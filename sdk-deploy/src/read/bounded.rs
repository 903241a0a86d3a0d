//! A limit on how much of a file is read, independent of its headers.

use std::io::{self, Read, Seek, SeekFrom};

/// How often each byte of a file may be read. It is more than once, because section names are read
/// in blocks that overlap.
const READS_PER_BYTE: u64 = 4;

/// The budget of small files, in bytes.
const MIN_BUDGET: u64 = 1 << 20;

/// The least cost of a read in bytes, because the cache keeps every read.
const MIN_READ_COST: u64 = 64;

/// A stream that fails once far more bytes are read than it has. Otherwise headers that refer to
/// the same bytes again and again would cost unlimited time and memory.
pub(super) struct Bounded<S> {
    stream: S,
    budget: u64,
}

impl<S: Read + Seek> Bounded<S> {
    /// Limits the bytes read from a stream by its length.
    pub(super) fn new(mut stream: S) -> io::Result<Self> {
        let length = stream.seek(SeekFrom::End(0))?;
        let budget = length.saturating_mul(READS_PER_BYTE).max(MIN_BUDGET);
        Ok(Self { stream, budget })
    }
}

impl<S: Read> Read for Bounded<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        match self.budget.checked_sub(MIN_READ_COST.max(count as u64)) {
            Some(budget) => self.budget = budget,
            None => return Err(io::Error::other("its parts overlap too often")),
        }
        Ok(count)
    }
}

impl<S: Seek> Seek for Bounded<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.stream.seek(to)
    }
}
