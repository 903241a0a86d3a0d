//! The decoder of frames: what it takes is what was encoded, and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use machinist_core::record::{HEADER, decode, decode_frame, encode, frame_length};

fuzz_target!(|bytes: &[u8]| {
    let mut payloads = 0;
    for payload in decode(bytes).flatten() {
        payloads += payload.len();
    }
    assert!(payloads <= bytes.len());
    match decode_frame(bytes, 0) {
        Ok((payload, end)) => {
            assert_eq!(bytes[..end], encode(payload).expect("it was one"));
            assert_eq!(frame_length(&bytes[..HEADER]), Ok(end));
        }
        Err(error) => assert_eq!(error.offset, 0),
    }
    // Any text that fits comes back.
    if let Ok(text) = str::from_utf8(bytes) {
        let frame = encode(text).expect("the fuzzer's inputs are small");
        assert_eq!(decode_frame(&frame, 0), Ok((text, frame.len())));
    }
});
