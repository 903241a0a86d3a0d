inventory::submit! {
    Record({
        #[used]
        #[unsafe(link_section = ".mchnst")]
        static RECORD: [u8; 171] = *b"\x7fMCHNST\n\x01\0\0\0\x97\0\0\0{\"name\":\"f0\",\"package\":\"generated\",\"version\":\"0.1.0\",\"source\":{\"file\":\"src/lib.rs\",\"line\":3,\"item\":\"f0\"},\"code\":{\"machine_type\":[\"GPU-H100\"],\"gpus\":2}}\xff\x0f\xff\xa3";
        &RECORD
    })
}
