//! A limit to what is read of a file, whatever its headers claim.

use std::io::{self, Read, Seek, SeekFrom};

/// How often each byte of a file may be read. Names of sections are read in pieces larger than
/// they are, so more than once.
const READS_PER_BYTE: u64 = 4;

/// What any file may be read of, however small.
const MIN_BUDGET: u64 = 1 << 20;

/// What a read costs at least, in bytes: each is remembered.
const MIN_READ_COST: u64 = 64;

/// A stream that ends in an error when far more is read than is in it. Headers that point at the
/// same bytes again and again would cost time and memory without end.
pub(super) struct Bounded<S> {
    stream: S,
    budget: u64,
}

impl<S: Read + Seek> Bounded<S> {
    /// Limits what is read from a stream by its length.
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
