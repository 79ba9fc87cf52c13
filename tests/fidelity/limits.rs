//! At which memory limit a server dies: predicted, beside measured servers that died at one and their
//! like that lived.

use oomcast::model::{self, RunOptions};
use oomcast::units::Bytes;
use oomcast::validation::observation::Run;
use oomcast::validation::{Gathered, Observation, mapping};

/// How far below the limit at which a real server died the predicted one may lie: the dangerous side.
const BELOW: f64 = 0.10;
/// How far above the peak of a server that lived it may lie: 16 lists of `ConfigMaps` of 10 kB on 1.32 are
/// predicted to need 15 % more than they took.
const ABOVE: f64 = 0.20;
const REPLICATIONS: u32 = 3;
/// Steps of the bisection, from a span of a factor of sixteen: to 1 %.
const STEPS: u32 = 10;

/// Runs of one burst on one machine, by name: those that died at their limits, and those that lived
/// without one, or below it.
const SERIES: [(&[&str], &[&str]); 5] = [
    (
        &["limit2000m-pods-20000x5k-1.32-16", "limit4000m-pods-20000x5k-1.32-16"],
        &["pods-20000x5k-1.32-json-rv0-16", "pods-20000x5k-1.32-json-rv0-16-again2"],
    ),
    (&["limit5000m-pods-20000x5k-1.32-16"], &["pods-20000x5k-1.32-json-rv0-16-again4"]),
    (
        &["limit1500m-pods-20000x5k-1.36-16", "limit2000m-pods-20000x5k-1.36-16"],
        &["pods-20000x5k-1.36-json-rv0-16", "pods-20000x5k-1.36-json-rv0-16-again3"],
    ),
    (&[], &["limit3000m-configmaps-10000x10k-1.32-16"]),
    (&["kep3157-1.32-json-rv0-16"], &[]),
];

/// Whether most replications of a run lose the server at a memory limit.
fn dies(run: &Run, limit: Bytes) -> bool {
    let mut inputs = mapping::inputs(run).expect("a run that can be mapped");
    inputs.apiserver.memory_limit = Some(limit);
    let lost = |replication| {
        let options = RunOptions { seed: 1, replication, timelines: false };
        model::run(&inputs, options).oom_kills() > 0
    };
    2 * (0..REPLICATIONS).filter(|replication| lost(*replication)).count() > REPLICATIONS as usize
}

/// The lowest limit at which most replications of a run live.
fn breaking_point(run: &Run) -> Bytes {
    let measured = Bytes(run.result.peak_resident_bytes);
    let (mut low, mut high) = (measured.scale(0.5), measured.scale(8.0));
    assert!(dies(run, low) && !dies(run, high), "{}: {low} to {high}", run.id);
    for _ in 0..STEPS {
        let middle = Bytes(u64::midpoint(low.0, high.0));
        if dies(run, middle) { low = middle } else { high = middle }
    }
    high
}

#[test]
fn servers_die_at_the_limits_at_which_real_ones_die() {
    let mut gathered = Gathered::default();
    gathered.add_committed();
    let run = |id: &&str| {
        let mut runs = gathered.found.iter().filter_map(|found| match &found.observation {
            Observation::Run(run) if run.id == **id => Some(run),
            Observation::Run(_) | Observation::Servers(_) => None,
        });
        runs.next().expect("a committed run")
    };
    for (died, lived) in SERIES {
        for run in died.iter().map(run) {
            let limit = Bytes(run.environment.memory_limit_bytes.expect("it died at one"));
            let predicted = breaking_point(run);
            assert!(predicted >= limit.scale(1.0 - BELOW), "{}: at {predicted}", run.id);
        }
        for run in lived.iter().map(run) {
            let peak = Bytes(run.result.peak_resident_bytes);
            let predicted = breaking_point(run);
            assert!(predicted <= peak.scale(1.0 + ABOVE), "{}: at {predicted}", run.id);
        }
    }
}
