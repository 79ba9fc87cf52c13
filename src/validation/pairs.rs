//! Pairs of measured runs that differ in one setting: is the prediction higher where the measurement
//! is? An error that all runs share does not matter here, one that hides a mechanism does.

use super::observation::{Environment, Kubernetes, Objects, Phase, Run};
use crate::results::{OrderedPair, Orderings, ReplayedRun};

/// Measured peaks that differ by less say nothing: repeated runs do, too. The repetitions in
/// `tests/data/measured.jsonl` (`-again2`, `-again3`) differ by 2 to 7 %, those of four lists of 533 MB
/// by 13 %.
const SAME: f64 = 0.08;

/// What was set in a run, by name.
pub type Knobs = Vec<(&'static str, String)>;

/// The settings of a run.
#[must_use]
pub fn knobs(run: &Run) -> Knobs {
    let Run { kubernetes, environment, objects, phases, .. } = run;
    let mut knobs = kubernetes_knobs(kubernetes);
    knobs.extend(environment_knobs(environment));
    knobs.push(("objects", objects.iter().map(objects_text).collect::<Vec<_>>().join(";")));
    knobs.extend(phase_knobs(phases));
    knobs
}

fn kubernetes_knobs(of: &Kubernetes) -> Knobs {
    vec![
        ("release", of.version.clone()),
        ("feature gates", format!("{:?}", of.feature_gates)),
        ("flags", format!("{:?}", of.extra_flags)),
        ("APF shares", format!("{:?}", of.applied_manifests)),
    ]
}

fn environment_knobs(of: &Environment) -> Knobs {
    vec![
        ("GOGC", format!("{:?}", of.gogc)),
        ("GOMEMLIMIT", format!("{:?}", of.gomemlimit)),
        ("GOMAXPROCS", format!("{:?}", of.gomaxprocs)),
        ("memory limit", format!("{:?}", of.memory_limit_bytes)),
        ("machine", format!("{:?} {:?} {:?}", of.cores, of.cpu_limit, of.cpu_speed)),
    ]
}

/// Sizes are what was asked for, not what an object came to in this run.
fn objects_text(of: &Objects) -> String {
    let payload = of.payload_bytes.map_or_else(
        || format!("{:?}", of.mean_json_bytes.map(|bytes| (bytes / 100.0).round())),
        |bytes| bytes.to_string(),
    );
    format!("{} {} {payload}", of.resource, of.count)
}

fn phase_knobs(phases: &[Phase]) -> Knobs {
    let all = |name, of: fn(&Phase) -> String| {
        (name, phases.iter().map(of).collect::<Vec<_>>().join(";"))
    };
    vec![
        all("kind", |p| format!("{:?}", p.kind)),
        all("clients", |p| format!("{:?}", p.clients)),
        all("path", |p| p.path.as_deref().unwrap_or("").split('?').next().unwrap_or("").to_owned()),
        all("encoding", |p| format!("{:?}", p.encoding.unwrap_or_default())),
        all("resource version", |p| p.resource_version.clone().unwrap_or_default()),
        all("limit", |p| format!("{:?}", p.limit)),
        all("selector", |p| format!("{:?} {:?}", p.label_selector, p.field_selector)),
        all("gzip", |p| (p.gzip == Some(true)).to_string()),
        all("reader", |p| format!("{:?}", p.drain_bytes_per_s_per_client)),
        all("rounds", |p| format!("{:?} {:?}", p.rounds, p.loops_per_client)),
        all("start", |p| format!("{:?}", p.start_interval_ms.filter(|ms| *ms > 0.0))),
        all("writes", |p| format!("{:?} {:?}", p.writes, p.writes_per_s)),
    ]
}

/// Compares every two runs that differ in one setting and in their measured peaks.
#[must_use]
pub fn orderings(runs: &[(&ReplayedRun, &Knobs)]) -> Orderings {
    let mut result = Orderings::default();
    for (index, (a, knobs)) in runs.iter().enumerate() {
        for (b, other) in &runs[index + 1..] {
            let Some(setting) = only_difference(knobs, other) else { continue };
            let (low, high) =
                if a.measured_peak_bytes <= b.measured_peak_bytes { (a, b) } else { (b, a) };
            let ratio = high.measured_peak_bytes.as_f64() / low.measured_peak_bytes.as_f64();
            if ratio.is_nan() || ratio < 1.0 + SAME {
                continue;
            }
            result.pairs += 1;
            if low.predicted_peak_bytes < high.predicted_peak_bytes {
                result.right += 1;
            } else {
                result.wrong.push(OrderedPair {
                    setting: setting.to_owned(),
                    lower: low.id.clone(),
                    higher: high.id.clone(),
                });
            }
        }
    }
    result
}

fn only_difference(a: &Knobs, b: &Knobs) -> Option<&'static str> {
    let mut differing = a.iter().zip(b).filter(|(a, b)| a != b).map(|(a, _)| a.0);
    let first = differing.next()?;
    differing.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Bytes;

    fn row(id: &str, measured: u64, predicted: u64) -> ReplayedRun {
        ReplayedRun {
            id: id.to_owned(),
            measured_peak_bytes: Bytes(measured),
            predicted_peak_bytes: Bytes(predicted),
            ..ReplayedRun::default()
        }
    }

    #[test]
    fn only_pairs_with_one_difference_and_distinct_measurements_count() {
        let knobs = |clients: &str, gzip: &str| {
            vec![("clients", clients.to_owned()), ("gzip", gzip.to_owned())]
        };
        let rows = [row("a", 100, 90), row("b", 200, 80), row("c", 102, 10), row("d", 300, 300)];
        let set = [knobs("2", "no"), knobs("8", "no"), knobs("2", "yes"), knobs("8", "yes")];
        let runs: Vec<_> = rows.iter().zip(&set).collect();
        let found = orderings(&runs);
        // a-b is wrong, a-c is too close, a-d and b-c differ twice, b-d and c-d are right.
        assert_eq!((found.pairs, found.right), (3, 2));
        assert_eq!(found.wrong.len(), 1);
        assert_eq!((&*found.wrong[0].lower, &*found.wrong[0].higher), ("a", "b"));
        assert_eq!(found.wrong[0].setting, "clients");
    }
}
