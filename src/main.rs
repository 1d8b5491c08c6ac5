//! The `video-telemetry` binary.

fn main() {}
