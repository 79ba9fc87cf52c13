//! The charts of a run, from what `run` has at hand.

use std::path::Path;

use crate::experiment::Replicated;
use crate::report::charts::{self, ChartError, ChartInput, PublishedPeak, ServerPeaks};
use crate::results::{RunRecord, Summary};
use crate::scenario::measure::{Amount, Measure};
use crate::scenario::{Claim, Scenario};
use crate::units::Bytes;

/// Writes every chart below `folder` and returns their names.
pub(super) fn write(
    folder: &Path,
    scenario: &Scenario,
    summary: &Summary,
    replicated: &Replicated,
) -> Result<Vec<String>, ChartError> {
    let peaks = peaks(summary, &replicated.runs);
    let servers = summary.apiservers.iter().zip(&peaks);
    let peaks: Vec<ServerPeaks<'_>> = servers
        .map(|(server, peaks)| ServerPeaks {
            server: &server.name,
            limit: server.limit_bytes,
            peaks,
            runs_with_oom: server.runs_with_oom,
        })
        .collect();
    let worst = &replicated.worst;
    let input = ChartInput {
        scenario: &summary.scenario,
        release: &summary.release,
        seed: summary.seed,
        replications: summary.replications,
        worst_replication: summary.worst_replication,
        verdict: &summary.verdict,
        timelines: &worst.timelines,
        servers: &worst.servers,
        phases: &worst.phases,
        published: published_peak(scenario),
        activity: Some(&worst.activity),
        duration: scenario.inputs.duration,
        scrapes: &summary.scraped_peaks,
        peaks: &peaks,
    };
    charts::write_all(folder, &input)
}

/// The peaks of each server, in the order of replications.
fn peaks(summary: &Summary, runs: &[RunRecord]) -> Vec<Vec<Bytes>> {
    let of = |index: usize| {
        let servers = runs.iter().filter_map(|run| run.servers.get(index));
        servers.map(|server| server.peak_resident).collect()
    };
    (0..summary.apiservers.len()).map(of).collect()
}

/// The published peak of the whole run, if there is one: peaks of phases would have to end with
/// their phase.
fn published_peak(scenario: &Scenario) -> Option<PublishedPeak<'_>> {
    let peaks = scenario.published.iter().filter_map(|published| {
        match (published.measure, published.claim) {
            (Measure::Peak, Claim::Value(Amount::Size(bytes))) if published.phase.is_empty() => {
                Some(PublishedPeak { label: &published.source, bytes })
            }
            _ => None,
        }
    });
    peaks.max_by_key(|peak| peak.bytes)
}
