//! The reader of audit logs on arbitrary bytes, and the fleets that follow: it ends and does not panic.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use oomcast::cluster::audit::{Log, read};
use oomcast::cluster::fleets::{Cluster, from_audit};
use oomcast::cluster::read::Lines;

fuzz_target!(|bytes: &[u8]| {
    // Two logs, so that they are merged.
    let (one, two) = bytes.split_at(bytes.len() / 2);
    let log = |name: &str, bytes: &[u8]| {
        let bytes = bytes.to_vec();
        let open = move || Ok(Lines::new(Box::new(Cursor::new(bytes.clone()))));
        Log { name: name.to_owned(), open: Box::new(open) }
    };
    let audit = read(&[log("one", one), log("two", two)]);
    let fleets = from_audit(&audit, "audit.log", &Cluster::default()).fleets;
    assert!(fleets.iter().all(|fleet| fleet.members > 0 && fleet.share.is_finite()));
    let rates = fleets.iter().flat_map(|fleet| &fleet.writes).map(|write| write.rate);
    assert!(rates.into_iter().all(f64::is_finite));
});
