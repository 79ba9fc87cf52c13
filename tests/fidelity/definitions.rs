//! Custom resource definitions against a real server of 1.34: how high it came while they were created,
//! `OpenAPI` read and every kind listed once, and when it started again with them
//! (docs/facts/memory.md section 2.5).

use crate::support::{run, valid};
use oomcast::results::{Holder, Mechanism};

/// An error of the peak that is still right: those of the measured runs are 1 to 16 %.
const TOLERANCE: f64 = 0.2;

/// The mean peak over a few seeds, in MB, of a server that has `before` definitions at the start.
fn peak(warm: bool, before: u32, created: u32, size: u32) -> f64 {
    let event = if created == 0 {
        String::new()
    } else {
        format!(
            "[[events]]\nname = \"install\"\nat = \"1m\"\ncreate = {{ resource = \
             \"customresourcedefinitions\", count = {created}, over = \"10s\" }}"
        )
    };
    let text = format!(
        "schema = 1\nname = \"definitions\"\n[run]\nduration = \"10m\"\n[apiserver]\nversion = \
         \"1.34\"\nwarm = {warm}\n[node]\nmemory = \"16GiB\"\ncores = 2\n\
         [objects.customresourcedefinitions]\ncount = {before}\nsize = \"{size}B\"\n{event}\n"
    );
    let inputs = valid(&text, &[]).inputs;
    let seeds = 1..=5;
    let sum: f64 = seeds.clone().map(|seed| run(&inputs, seed).peak_resident().as_f64()).sum();
    sum / seeds.count() as f64 / 1e6
}

/// Definitions, bytes of JSON of each, highest resident set in MB.
#[test]
fn definitions_cost_a_server_what_was_measured() {
    let created =
        [(100, 5_912, 516.0), (400, 5_912, 1_176.0), (100, 63_710, 965.0), (300, 63_710, 2_482.0)];
    for (count, size, measured) in created {
        let predicted = peak(true, 0, count, size);
        let error = predicted / measured - 1.0;
        assert!(error.abs() < TOLERANCE, "{count} of {size} B: {predicted:.0} for {measured} MB");
    }
    for (count, size, measured) in [(400, 5_912, 701.0), (300, 63_710, 1_297.0)] {
        let predicted = peak(false, count, 0, size);
        let error = predicted / measured - 1.0;
        assert!(error.abs() < TOLERANCE, "{count} at a start: {predicted:.0} for {measured} MB");
    }
}

/// What they hold has a name of its own among the holders, and other typed objects have none of it.
#[test]
fn definitions_are_told_apart_from_other_objects() {
    let of = |resource: &str| -> u64 {
        let text = format!(
            "schema = 1\nname = \"d\"\n[run]\nduration = \"5m\"\n[apiserver]\nversion = \"1.34\"\n\
             [objects.{resource}]\ncount = 100\nsize = \"20kB\"\n"
        );
        let record = run(&valid(&text, &[]).inputs, 1);
        let holders = &record.servers[0].holders_at_peak;
        let handlers = |holder: &&Holder| holder.mechanism == Mechanism::CrdHandlers;
        holders.iter().filter(handlers).map(|holder| holder.bytes.0).sum()
    };
    assert_eq!(of("namespaces"), 0);
    // 0.72 + 0.23 MB and 27.2 bytes per byte of JSON.
    assert_eq!(of("customresourcedefinitions"), 100 * (950_000 + 544_000));
}
