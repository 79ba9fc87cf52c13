//! Quantities print as they read.

use oomcast::units::{ByteRate, Bytes, SimSpan, parse_byte_rate, parse_bytes, parse_span};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed};

use crate::BASE;
use crate::support::load as text;

fn config(cases: u32) -> Config {
    Config {
        cases,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(7),
        ..Config::default()
    }
}

/// Numbers of all magnitudes, many of them round.
fn magnitude() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64_u32, 0..2_u8).prop_map(|(n, shift, round)| {
        let n = n >> shift;
        if round == 0 { n } else { n / 1_000_000 * 1_000_000 }
    })
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn sizes_spans_and_rates_read_back(n in magnitude()) {
        prop_assert_eq!(parse_bytes(&format!("{:#}", Bytes(n))), Ok(Bytes(n)));
        prop_assert_eq!(parse_span(&SimSpan(n).to_string()), Ok(SimSpan(n)));
        prop_assert_eq!(parse_byte_rate(&format!("{:#}", ByteRate(n))), Ok(ByteRate(n)));
    }

    #[test]
    fn readers_never_panic(text in "[0-9._ a-zA-Zµ/%-]{0,24}") {
        let _ = (parse_bytes(&text), parse_span(&text), parse_byte_rate(&text));
    }
}

proptest! {
    #![proptest_config(config(64))]

    /// Whatever is set, the effective scenario says the same.
    #[test]
    fn the_effective_scenario_reads_back(
        size in 1..1_000_000_u64,
        at in 1..299_999_999_999_u64,
        writes in 0.0..9e5_f64,
        share in 0.0..100.0_f64,
        speed in 0.01..100.0_f64,
        count in 0..900_000_i64,
    ) {
        let set = [
            "node.memory=64TiB".to_owned(),
            format!("objects.pods.size={size}B"),
            format!("clients.a.start-jitter={}", SimSpan(at)),
            format!("objects.pods.writes={writes}/s"),
            format!("clients.a.reflector.selected={share}%"),
            format!("hardware.cpu-speed={speed}"),
            format!("objects.pods.count={count}"),
        ];
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        let first = text(BASE, &set).expect("valid");
        let again = text(&first.effective, &[]).expect("valid");
        prop_assert_eq!(&first.effective, &again.effective);
        prop_assert_eq!(first.inputs, again.inputs);
    }
}

#[test]
fn errors_name_what_is_accepted() {
    for (set, words) in [
        ("apiserver.memory-limit=\"16\"", "\"16GiB\""),
        ("apiserver.memory-limit=16Gib", "KiB, MiB, GiB"),
        ("apiserver.memory-limit=512m", "\"512MiB\""),
        ("run.duration=\"5\"", "\"5s\""),
        ("run.duration=5min", "ns, us, ms, s, m, h or d"),
        ("objects.pods.writes=5", "\"100/s\""),
        ("objects.pods.writes=5/y", "`/s`, `/min` or `/h`"),
        ("hardware.cpu-noise=\"0.05\"", "`%` is missing"),
        ("hardware.network=5GB", "\"10Gbit/s\""),
        ("objects.pods.count=1.5", "an integer"),
        ("apiserver.cpu-limit=4c", "\"500m\""),
    ] {
        let found = text(BASE, &[set]).expect_err(set);
        let shown = found.render(false);
        assert!(shown.contains(words), "{set}: no {words} in\n{shown}");
    }
    let odd = [
        "apiserver.memory-limit=17179869184000m",
        "objects.pods.count=1_000_000",
        "node.cores=4_000m",
    ];
    let found = text(BASE, &odd).expect("valid").inputs;
    assert!((found.node.cores - 4.0).abs() < 1e-12);
    assert_eq!(found.apiserver.memory_limit, Some(Bytes::gib(16)));
    assert_eq!(found.resources[0].count, 1_000_000);
}
