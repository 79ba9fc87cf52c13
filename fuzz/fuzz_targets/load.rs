//! The loader on arbitrary bytes: it ends, does not panic, and what it accepts it accepts again.
//!
//! Lines that begin with `#--set ` are overrides as well, and those with `#--vary ` what to vary.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oomcast::scenario::{Vary, explain, load};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let after = |head: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix(head)).take(8).map(str::to_owned).collect()
    };
    match load("fuzz.toml", bytes, &after("#--set ")) {
        Ok(scenario) => {
            let again = load("effective.toml", scenario.effective.as_bytes(), &[]);
            let again = again.expect("the effective scenario is valid");
            assert_eq!(again.hash, scenario.hash);
            assert_eq!(again.inputs, scenario.inputs);
        }
        Err(found) => {
            assert!(found.errors() > 0 && found.items.len() <= 100);
            assert!(found.render_at(true, 80).len() < 400_000);
        }
    }
    for vary in after("#--vary ") {
        if let Ok(read) = Vary::parse(&vary) {
            assert_eq!(Vary::parse(&read.to_string()).as_ref(), Ok(&read));
        }
        let _ = explain::find(&vary);
    }
});
