//! Unpacking: never more than a body may be, never a panic, and what was packed comes back.

#![no_main]

use std::io::Read;

use flate2::Compression;
use flate2::read::GzEncoder;
use libfuzzer_sys::fuzz_target;
use video_telemetry::http::{MAX_BODY_BYTES, decompress};

fuzz_target!(|data: &[u8]| {
    if let Ok(body) = decompress(data) {
        assert!(body.len() <= MAX_BODY_BYTES);
    }
    let mut packed = Vec::new();
    let packing = GzEncoder::new(data, Compression::fast()).read_to_end(&mut packed);
    packing.expect("memory takes everything");
    let body = decompress(&packed).ok();
    assert_eq!(
        body.as_deref(),
        (data.len() <= MAX_BODY_BYTES).then_some(data)
    );
});
