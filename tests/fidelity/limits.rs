//! At which memory limit a server dies: predicted, beside measured servers that died at one and their
//! like that lived. The table of docs/fidelity.md is made here.

use crate::support;
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

/// A series: who died, at which highest limit; the least that one lived with; where the model breaks.
struct Row {
    burst: String,
    died_at: Option<Bytes>,
    lived_with: Option<Bytes>,
    predicted: Bytes,
}

impl Row {
    fn of(died: &[&Run], lived: &[&Run]) -> Self {
        let limit = |run: &&Run| Bytes(run.environment.memory_limit_bytes.expect("it died at one"));
        let first = died.iter().chain(lived).next().expect("a run of the series");
        Self {
            burst: first.id.clone(),
            died_at: died.iter().map(limit).max(),
            lived_with: lived.iter().map(|run| Bytes(run.result.peak_resident_bytes)).min(),
            predicted: breaking_point(first),
        }
    }

    fn markdown(&self) -> String {
        let or_dash = |bytes: Option<Bytes>| bytes.map_or("-".into(), |b| b.to_string());
        let (died, lived) = (or_dash(self.died_at), or_dash(self.lived_with));
        format!("| {} | {died} | {lived} | {} |\n", self.burst, self.predicted)
    }
}

#[test]
fn servers_die_at_the_limits_at_which_real_ones_die() {
    const MARKS: [&str; 2] = ["<!-- breaking points -->\n", "<!-- end -->\n"];
    let mut gathered = Gathered::default();
    gathered.add_committed();
    let run = |id: &&str| {
        let mut runs = gathered.found.iter().filter_map(|found| match &found.observation {
            Observation::Run(run) if run.id == **id => Some(&**run),
            Observation::Run(_) | Observation::Servers(_) => None,
        });
        runs.next().expect("a committed run")
    };
    let mut fresh = "| burst | real servers died at, at most | and lived with, at least | predicted to die below |\n\
                     | --- | --: | --: | --: |\n"
        .to_owned();
    for (died, lived) in SERIES {
        let died: Vec<&Run> = died.iter().map(run).collect();
        let lived: Vec<&Run> = lived.iter().map(run).collect();
        let row = Row::of(&died, &lived);
        fresh.push_str(&row.markdown());
        let Row { burst, predicted, .. } = &row;
        if let Some(limit) = row.died_at {
            assert!(*predicted >= limit.scale(1.0 - BELOW), "{burst}: at {predicted}");
        }
        if let Some(peak) = row.lived_with {
            assert!(*predicted <= peak.scale(1.0 + ABOVE), "{burst}: at {predicted}");
        }
    }
    let page = support::root().join("docs/fidelity.md");
    let text = std::fs::read_to_string(&page).expect("docs/fidelity.md");
    let (before, rest) = text.split_once(MARKS[0]).expect("the mark where the table begins");
    let (table, after) = rest.split_once(MARKS[1]).expect("the mark where it ends");
    if std::env::var_os("UPDATE_LIMITS").is_some() {
        let [begin, end] = MARKS;
        std::fs::write(&page, format!("{before}{begin}\n{fresh}\n{end}{after}")).expect("written");
    } else {
        assert_eq!(
            table,
            format!("\n{fresh}\n"),
            "renew it: UPDATE_LIMITS=1 cargo test --test fidelity limits"
        );
    }
}
