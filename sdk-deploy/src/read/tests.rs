//! Real files of every format, and what can be wrong with them.

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::time::SystemTime;

use machinist_core::record::{Fault, encode};
use proptest::prelude::*;

use super::*;

macro_rules! fixtures {
    ($($file:literal),* $(,)?) => {
        const FIXTURES: &[(&str, &[u8])] =
            &[$(($file, include_bytes!(concat!("../../tests/fixtures/", $file)))),*];
    };
}

fixtures![
    "elf-aarch64",
    "elf-i686",
    "elf-powerpc64-big-endian",
    "macho-arm64",
    "macho-x86_64",
    "macho-arm64.o",
    "pe-x86_64.exe",
    "pe-i686.exe",
    "coff-x86_64.obj",
    "wasm32.wasm",
    "wasm32.o",
];

fn fixture(name: &str) -> Vec<u8> {
    FIXTURES
        .iter()
        .find(|(file, _)| *file == name)
        .unwrap()
        .1
        .to_vec()
}

fn read(bytes: &[u8]) -> Result<Vec<Record>, ReadFault> {
    records_in(Cursor::new(bytes))
}

/// Both apps of a fixture, each at an offset where its frame really is.
fn assert_both(bytes: &[u8], records: &[Record], file: &str) {
    let names: Vec<bool> = ["beta", "alpha"]
        .iter()
        .map(|name| has(records, name))
        .collect();
    assert_eq!((records.len(), &*names), (2, &[true, true][..]), "{file}");
    for record in records {
        let at = usize::try_from(record.offset).unwrap();
        assert!(
            bytes[at..].starts_with(&encode(&record.payload).unwrap()),
            "{file} at {at}"
        );
    }
}

fn has(records: &[Record], name: &str) -> bool {
    let member = format!(r#""name":"{name}""#);
    records
        .iter()
        .any(|record| record.payload.contains(&member))
}

/// A fixture with bytes changed at its first record.
fn with_damage(
    name: &str,
    damage: impl FnOnce(&mut [u8]),
) -> (Result<Vec<Record>, ReadFault>, u64) {
    let mut bytes = fixture(name);
    let offset = read(&bytes).unwrap()[0].offset;
    damage(&mut bytes[usize::try_from(offset).unwrap()..]);
    (read(&bytes), offset)
}

#[test]
fn every_format_gives_its_records() {
    for (file, bytes) in FIXTURES {
        assert_both(bytes, &read(bytes).unwrap(), file);
    }
}

#[test]
fn a_scan_finds_the_same_without_headers() {
    for (file, bytes) in FIXTURES {
        let mut found = scan::records(&mut Cursor::new(bytes)).unwrap();
        // A linked module of wasm has its records in its data too.
        found.truncate(2);
        assert_both(bytes, &found, file);
    }
}

#[test]
fn a_scan_finds_records_across_the_windows_it_looks_through() {
    let frame = encode("{}").unwrap();
    for before in (1 << 16) - 20..(1 << 16) + 4 {
        let mut bytes = vec![b'x'; before];
        bytes.extend(&frame);
        let found = scan::records(&mut Cursor::new(&bytes)).unwrap();
        assert_eq!(
            found,
            [Record {
                payload: "{}".into(),
                offset: before as u64
            }]
        );
    }
}

#[test]
fn an_elf_without_section_headers_is_scanned() {
    let mut bytes = fixture("elf-aarch64");
    // e_shoff, and e_shentsize, e_shnum and e_shstrndx.
    bytes[0x28..0x30].fill(0);
    bytes[0x3a..0x40].fill(0);
    assert_both(&bytes, &read(&bytes).unwrap(), "stripped");
}

#[test]
fn every_architecture_of_a_fat_file_is_read() {
    let thin = [fixture("macho-x86_64"), fixture("macho-arm64")];
    let mut fat = Vec::new();
    fat.extend(0xcafe_babe_u32.to_be_bytes());
    fat.extend(2_u32.to_be_bytes());
    let mut offset = 0x4000_u32;
    for (cpu, bytes) in [0x0100_0007_u32, 0x0100_000c].into_iter().zip(&thin) {
        let size = u32::try_from(bytes.len()).unwrap();
        for number in [cpu, 0, offset, size, 14] {
            fat.extend(number.to_be_bytes());
        }
        offset += size.next_multiple_of(0x4000);
    }
    for bytes in &thin {
        fat.resize(fat.len().next_multiple_of(0x4000), 0);
        fat.extend(bytes);
    }
    let records = read(&fat).unwrap();
    assert_eq!(records.len(), 4);
    assert_both(&fat, &records[..2], "first");
    assert_both(&fat, &records[2..], "second");
}

fn archive(magic: &str, members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = magic.as_bytes().to_vec();
    for (name, contents) in members {
        let header = format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            0,
            644,
            contents.len()
        );
        bytes.extend(header.as_bytes());
        bytes.extend(*contents);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}

#[test]
fn an_archive_gives_the_records_of_its_object_files() {
    let object = fixture("coff-x86_64.obj");
    let other = fixture("macho-arm64.o");
    let bytes = archive(
        "!<arch>\n",
        &[
            ("lib.rmeta/", b"rust\0metadata"),
            ("a.o/", &object),
            ("bitcode/", b"BC\xc0\xde"),
            ("b.o/", &other),
        ],
    );
    let records = read(&bytes).unwrap();
    assert_both(&bytes, &records[..2], "a.o");
    assert_both(&bytes, &records[2..], "b.o");
}

#[test]
fn a_thin_archive_is_named_as_such() {
    let bytes = archive("!<thin>\n", &[("a.o/", b"")]);
    assert!(matches!(read(&bytes), Err(ReadFault::ThinArchive)));
}

#[test]
fn what_is_no_binary_is_named_as_such() {
    for bytes in [
        &b""[..],
        b"#!/bin/sh\n",
        b"\0asm",
        b"\x7fEL",
        b"MZ",
        &[0; 100],
    ] {
        let fault = read(bytes).unwrap_err();
        assert!(
            matches!(fault, ReadFault::NotABinary | ReadFault::Malformed(_)),
            "{fault:?}"
        );
    }
    assert!(matches!(
        read(b"{\"manifest_version\": 1}"),
        Err(ReadFault::NotABinary)
    ));
}

#[test]
fn a_corrupt_record_is_told_by_its_offset_in_the_file() {
    for (file, _) in FIXTURES {
        let (read, expected) = with_damage(file, |record| record[30] ^= 1);
        match read.unwrap_err() {
            ReadFault::CorruptRecord {
                fault: Fault::Corrupt,
                offset,
            } => {
                assert_eq!(offset, expected, "{file}");
            }
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn a_newer_format_says_what_to_upgrade() {
    let (read, _) = with_damage("elf-aarch64", |record| record[8] = 9);
    let fault = read.unwrap_err();
    assert!(
        matches!(fault, ReadFault::NewerFormat { version: 9, .. }),
        "{fault:?}"
    );
    assert!(
        fault
            .help()
            .unwrap()
            .contains("cargo install cargo-machinist")
    );
}

#[test]
fn an_oversized_record_and_bytes_between_records_are_corrupt() {
    let (read, _) = with_damage("pe-x86_64.exe", |record| record[12..16].fill(0xff));
    let fault = read.unwrap_err();
    let oversized = Fault::Oversized { length: u32::MAX };
    assert!(matches!(fault, ReadFault::CorruptRecord { fault, .. } if fault == oversized));

    let (read, _) = with_damage("wasm32.wasm", |record| record[0] = b'x');
    let fault = read.unwrap_err();
    assert!(matches!(
        fault,
        ReadFault::CorruptRecord {
            fault: Fault::NotARecord,
            ..
        }
    ));
}

/// The headers of the ELF fixture's sections are many, and all of the one with the records.
#[test]
fn headers_that_name_the_same_section_again_and_again_are_no_headers() {
    let mut bytes = fixture("elf-aarch64");
    let number = |at: usize, size: usize| {
        let mut number = [0; 8];
        number[..size].copy_from_slice(&bytes[at..at + size]);
        usize::try_from(u64::from_le_bytes(number)).unwrap()
    };
    let (table, count) = (number(0x28, 8), number(0x3c, 2));
    let headers = (0..count).map(|i| bytes[table + 64 * i..][..64].to_vec());
    let headers: Vec<Vec<u8>> = headers.collect();
    let record = read(&bytes).unwrap()[0].offset;
    let is_ours = |header: &&Vec<u8>| header[24..32] == record.to_le_bytes();
    let ours = headers.iter().find(is_ours).unwrap().clone();

    let many = 60_000_usize;
    let end = bytes.len() as u64;
    bytes[0x28..0x30].copy_from_slice(&end.to_le_bytes());
    let total = u16::try_from(count + many).unwrap();
    bytes[0x3c..0x3e].copy_from_slice(&total.to_le_bytes());
    bytes.extend(headers.concat());
    bytes.extend(ours.repeat(many));
    let fault = read(&bytes).unwrap_err();
    assert!(
        fault.to_string().contains("larger than the file"),
        "{fault}"
    );
}

#[test]
fn a_module_of_nothing_but_small_sections_is_not_remembered_whole() {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.extend([1, 0].repeat(1 << 20));
    assert!(matches!(read(&bytes), Err(ReadFault::Malformed(_))));
}

#[test]
fn records_within_records_are_not_read_for_ever() {
    let mut bytes = Vec::new();
    while bytes.len() < 1 << 20 {
        bytes.extend(&encode("").unwrap()[..12]);
        bytes.extend((1_u32 << 20).to_le_bytes());
    }
    let mut bounded = Bounded::new(Cursor::new(bytes)).unwrap();
    assert!(matches!(scan::records(&mut bounded), Err(ReadFault::Io(_))));
}

/// A stream that counts the bytes that are read from it, and has a hole of zeros in its middle.
struct Counting<'a> {
    before: &'a [u8],
    hole: u64,
    at: u64,
    read: &'a std::cell::Cell<u64>,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.before.len() as u64 + self.hole;
        let count = buffer
            .len()
            .min(usize::try_from(length - self.at.min(length)).unwrap());
        for (i, byte) in buffer[..count].iter_mut().enumerate() {
            let at = usize::try_from(self.at).unwrap() + i;
            *byte = self.before.get(at).copied().unwrap_or(0);
        }
        self.at += count as u64;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = self.before.len() as u64 + self.hole;
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            SeekFrom::End(by) => length.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

#[test]
fn what_is_read_does_not_grow_with_the_file() {
    // A module of wasm ends with its last section: nothing can follow.
    for (file, bytes) in FIXTURES
        .iter()
        .filter(|(file, _)| !file.starts_with("wasm"))
    {
        let count = |hole| {
            let read = std::cell::Cell::new(0);
            let stream = Counting {
                before: bytes,
                hole,
                at: 0,
                read: &read,
            };
            assert_eq!(records_in(stream).unwrap().len(), 2, "{file}");
            read.get()
        };
        assert_eq!(count(0), count(1 << 32), "{file}");
    }
}

/// A stream that says how long it is, and then turns out to be cut.
struct Shrinking<'a> {
    bytes: Cursor<&'a [u8]>,
    whole_reads: usize,
    keep: usize,
}

impl Read for Shrinking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.whole_reads > 0 {
            self.whole_reads -= 1;
            return self.bytes.read(buffer);
        }
        let at = usize::try_from(self.bytes.position()).unwrap();
        let left = &self.bytes.get_ref()[at.min(self.keep)..self.keep];
        let count = (&mut &*left).read(buffer)?;
        self.bytes.set_position((at + count) as u64);
        Ok(count)
    }
}

impl Seek for Shrinking<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_an_error_or_was_read_before() {
    for (file, bytes) in FIXTURES {
        let mut errors = 0;
        for (whole_reads, keep) in (0..40).flat_map(|n| [(n, 0), (n, 20), (n, bytes.len() / 2)]) {
            let stream = Shrinking {
                bytes: Cursor::new(bytes),
                whole_reads,
                keep,
            };
            match records_in(stream) {
                Ok(records) => assert_both(bytes, &records, file),
                Err(_) => errors += 1,
            }
        }
        assert!(errors > 0, "{file}");
    }
}

#[test]
fn a_file_that_is_written_to_while_it_is_read_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |text: &str, time| {
        fs::write(file.path(), text).unwrap();
        file.as_file().set_modified(time).unwrap();
    };
    let (time, later) = (SystemTime::UNIX_EPOCH, SystemTime::now());
    for (text, time, is_changed) in [
        ("old", time, false),
        ("longer", time, true),
        ("new", later, true),
    ] {
        write("old", SystemTime::UNIX_EPOCH);
        let read = read_unchanged(file.path(), |_| {
            write(text, time);
            Ok(())
        });
        let fault = read.map_err(|error| error.fault);
        assert_eq!(matches!(fault, Err(ReadFault::Changed)), is_changed);
        assert_eq!(fault.is_ok(), !is_changed);
    }
}

proptest! {
    #[test]
    fn random_bytes_are_an_error_or_have_no_records(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        if let Ok(records) = read(&bytes) {
            prop_assert!(records.is_empty());
        }
    }

    #[test]
    fn a_file_cut_anywhere_never_panics(index in 0..FIXTURES.len(), keep in 0.0..1.0) {
        let (_, bytes) = FIXTURES[index];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let keep = (bytes.len() as f64 * keep) as usize;
        if let Ok(records) = read(&bytes[..keep]) {
            prop_assert!(records.len() <= 2);
        }
    }

    #[test]
    fn a_file_with_bytes_changed_never_panics(
        index in 0..FIXTURES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = FIXTURES[index].1.to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(records) = read(&bytes) {
            prop_assert!(records.len() <= 4);
        }
    }
}
