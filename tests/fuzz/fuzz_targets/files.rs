//! Whole files of every format: what is read is an error or records that really stand there.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use machinist_core::record::encode;
use machinist_deploy::records_in;

fuzz_target!(|file: &[u8]| {
    let Ok(records) = records_in(Cursor::new(file)) else {
        return;
    };
    let payloads: usize = records.iter().map(|record| record.payload.len()).sum();
    assert!(payloads <= file.len().saturating_mul(4).max(1 << 20));
    for record in &records {
        let frame = encode(&record.payload).expect("it was one");
        let at = usize::try_from(record.offset).expect("it is in the file");
        assert!(file[at..].starts_with(&frame), "no record at {at}");
    }
});
