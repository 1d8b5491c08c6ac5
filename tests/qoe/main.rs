//! The fold against an independent oracle and against its promises. `naive` is metrics.md a second
//! time; `same` holds it against the fold on random event streams, plausible, damaged and hostile
//! ones; `properties` and `later` say what holds for every stream.
//!
//! It uses nothing but the public names of `qoe`, so it builds fast and can be repeated often:
//! `PROPTEST_CASES=20000 cargo test --test qoe`.

#![expect(clippy::indexing_slicing, reason = "tests fail by panicking")]

mod later;
mod naive;
mod properties;
mod same;
mod service;
mod streams;
mod told;

use proptest::prelude::ProptestConfig;

/// So many cases, unless `PROPTEST_CASES` asks for another number.
fn cases(count: u32) -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let config = ProptestConfig::default();
    let cases = if asked { config.cases } else { count };
    ProptestConfig { cases, ..config }
}
