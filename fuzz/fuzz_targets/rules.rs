//! `readers::rules` on arbitrary bytes.

#![no_main]

#[path = "../../tests/support/readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::rules(&readers::scratch(), bytes));
