//! What a change of a scenario must not change, or must change one way only.

use crate::laws::world::{BURST, TURMOIL, inputs, run};
use crate::support::shipped;
use oomcast::model::input::{Action, ApfInput, Behaviour, FleetInput, Inputs};
use oomcast::results::{PhaseRecord, RunRecord};
use oomcast::units::{ByteRate, SimSpan, SimTime};

/// A fleet that never starts.
fn idle_fleet(like: &FleetInput) -> FleetInput {
    FleetInput { name: "idle".into(), count: 500, running: false, ..like.clone() }
}

/// The same run but for the numbers of the clients, which the trace contains.
fn without_trace(mut record: RunRecord) -> RunRecord {
    record.trace_hash = 0;
    without_flows(record)
}

/// The same run but for the list of the fleets' flows.
fn without_flows(mut record: RunRecord) -> RunRecord {
    record.flows.clear();
    record
}

#[test]
fn a_fleet_that_never_starts_changes_nothing() {
    for seed in 0..3 {
        let plain = inputs(TURMOIL, &[]);
        let expected = run(&plain, seed);

        let mut behind = plain.clone();
        behind.fleets.push(idle_fleet(&plain.fleets[0]));
        let got = without_flows(run(&behind, seed));
        assert_eq!(got, without_flows(expected.clone()), "behind the others");

        let mut before = plain.clone();
        before.fleets.insert(0, idle_fleet(&plain.fleets[0]));
        for event in &mut before.events {
            if let Action::Start { fleet, .. }
            | Action::Stop { fleet, .. }
            | Action::Restart { fleet, .. } = &mut event.action
            {
                fleet.0 += 1;
            }
        }
        assert_eq!(without_trace(run(&before, seed)), without_trace(expected), "before the others");
    }
}

/// Everything takes twice as long. Constants of the software (a back-off, a forced collection)
/// stay, so peaks are equal but for their part.
fn twice_as_slow(inputs: &Inputs) -> Inputs {
    let half = |rate: ByteRate| ByteRate(rate.0 / 2);
    let twice = |span: SimSpan| span.times(2);
    let mut slow = inputs.clone();
    slow.duration = twice(slow.duration);
    slow.hardware.cpu_speed /= 2.0;
    slow.hardware.page_fault_per_gb = twice(slow.hardware.page_fault_per_gb);
    slow.hardware.network = half(slow.hardware.network);
    slow.etcd.read_rate = half(slow.etcd.read_rate);
    slow.etcd.latency = twice(slow.etcd.latency);
    slow.apiserver.other_garbage = half(slow.apiserver.other_garbage);
    slow.apiserver.request_timeout = twice(slow.apiserver.request_timeout);
    for resource in &mut slow.resources {
        resource.writes_per_second /= 2.0;
    }
    for fleet in &mut slow.fleets {
        fleet.start_jitter = twice(fleet.start_jitter);
        fleet.drain_rate = fleet.drain_rate.map(half);
        fleet.decode_rate = fleet.decode_rate.map(half);
        if let Behaviour::Lister { pause, .. } = &mut fleet.behaviour {
            *pause = twice(*pause);
        }
    }
    for event in &mut slow.events {
        event.at = SimTime(event.at.0 * 2);
        if let Action::Start { over, .. } | Action::Restart { over, .. } = &mut event.action {
            *over = twice(*over);
        }
    }
    slow
}

#[test]
fn time_is_a_unit() {
    let no_limit = ["apiserver.memory-limit=14GiB", "node.memory=64GiB"];
    // Marking takes 2^0.3 times as long only (`MARK_SPEED_EXPONENT`): where cycles follow one another,
    // less is allocated during each, and less time is lost to them. Assists that take less from
    // allocation let more lists be at their largest at once.
    for (inputs, least_peak, least_time) in [
        (inputs(BURST, &no_limit), 0.94, 1.9),
        (shipped("list-benchmark-buffered", &["run.duration=2m"]).inputs, 0.94, 1.9),
        (shipped("list-benchmark-streamed", &["run.duration=2m"]).inputs, 0.94, 1.9),
        (shipped("cilium-restart-64g", &["run.duration=4m"]).inputs, 0.87, 1.85),
    ] {
        // The limits' adjustment has a period of its own: ten seconds at any speed.
        let inputs = Inputs { apf: ApfInput::default(), ..inputs };
        for seed in 0..3 {
            let (fast, slow) = (run(&inputs, seed), run(&twice_as_slow(&inputs), seed));
            let ratio = slow.peak_resident().as_f64() / fast.peak_resident().as_f64();
            assert!((least_peak..1.15).contains(&ratio), "{:?}: {ratio}", inputs.events[0].name);
            let lists = slow.counters.lists_ok as f64 / fast.counters.lists_ok as f64;
            assert!((0.95..1.05).contains(&lists), "{:?}: {lists}", inputs.events[0].name);
            for (fast, slow) in fast.phases.iter().zip(&slow.phases) {
                let took = |phase: &PhaseRecord| Some(phase.settled_at?.since(phase.start));
                let (Some(fast), Some(slow)) = (took(fast), took(slow)) else { continue };
                let ratio = slow.as_secs_f64() / fast.as_secs_f64();
                assert!((least_time..2.1).contains(&ratio), "{:?}: {ratio}", inputs.events[0].name);
            }
        }
    }
}

/// At equal seeds two runs with different limits are the same run until the first kill.
#[test]
fn more_memory_never_kills() {
    let sizes = [700, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 6_000, 12_000];
    for text in [BURST, TURMOIL] {
        for seed in 0..4 {
            let mut survived = None;
            let mut first = None;
            let mut died = 0;
            for size in sizes {
                let limit = format!("apiserver.memory-limit={size}MiB");
                let run = run(&inputs(text, &[&limit]), seed);
                if let Some(at) = run.first_oom() {
                    died += 1;
                    assert_eq!(survived, None, "survives less than {size} MiB, seed {seed}");
                    assert!(first.is_none_or(|first| at >= first), "{size} MiB dies earlier");
                    first = Some(at);
                } else {
                    let peak = run.peak_resident();
                    assert!(survived.is_none_or(|other| other == peak), "{size} MiB, seed {seed}");
                    survived = Some(peak);
                }
            }
            assert!(died > 1 && survived.is_some(), "both must occur: {died} died");
        }
    }
}

/// On the same release, the gate alone.
#[test]
fn streaming_never_costs_memory() {
    let resources = [
        ("secrets", "400", "500kB", "blob"),
        ("pods", "20000", "6kB", "typed"),
        ("widgets", "10000", "4kB", "custom"),
        ("charts", "1000", "100kB", "custom-blob"),
    ];
    for (name, count, size, shape) in resources {
        let text = BURST
            .replace("objects.secrets", &format!("objects.{name}"))
            .replace("resource = \"secrets\"", &format!("resource = \"{name}\""))
            .replace("count = 200", &format!("count = {count}\nshape = \"{shape}\""))
            .replace("1MB", size);
        for seed in 0..4 {
            let with = |gate: &str| {
                let gate = format!(
                    "apiserver.feature-gates={{ StreamingCollectionEncodingToJSON = {gate} }}"
                );
                let set = [
                    "apiserver.version=1.34",
                    "apiserver.memory-limit=15GiB",
                    "clients.informers.count=20",
                    &gate,
                ];
                run(&inputs(&text, &set), seed).peak_resident().as_f64()
            };
            let (streamed, buffered) = (with("true"), with("false"));
            assert!(streamed < buffered, "{name}: {streamed} streamed, {buffered} buffered");
        }
    }
}
