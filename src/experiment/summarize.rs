//! Many records, one [`Summary`].

use std::collections::BTreeMap;

use super::estimate::{median, proportion, quantiles, spread};
use super::expect;
use super::levels;
use super::measure::duration;
use super::published::judge;
use super::replicate::Replicated;
use super::verdict::verdict;
use crate::engine::statistics::{nearest_rank, runs_for_maximum};
use crate::results::{
    ActivityKind, ActivitySummary, ApiserverSummary, CountSpread, Counters, FORMAT_VERSION,
    HarmCount, HarmSummary, NodeSummary, OomKillSpread, Outcome, OutcomeCount, PeakInterval,
    PhaseRecord, PhaseSummary, PressureSummary, RunRecord, ServerRecord, Summary, Timeline,
    scraped_peaks,
};
use crate::scenario::{Expectation, Published};
use crate::units::{SimSpan, SimTime, Sort};

/// Quantiles of the peak that get an interval.
const PEAK_QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// What a summary is about, beside the records.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// Hash of the effective scenario.
    pub scenario_hash: &'a str,
    /// Master seed.
    pub seed: u64,
    /// The Kubernetes release, `1.32`.
    pub release: &'a str,
    /// Figures to compare with.
    pub published: &'a [Published],
    /// What must hold.
    pub expectations: &'a [Expectation],
    /// What the reader should know before trusting the figures.
    pub warnings: &'a [String],
    /// Where the real peak lies, if that was worked out.
    pub peak_interval: Option<&'a PeakInterval>,
}

/// Condenses the records of a scenario's replications.
#[must_use]
pub fn summarize(subject: &Subject<'_>, replicated: &Replicated) -> Summary {
    let (runs, worst) = (&replicated.runs, &replicated.worst);
    let n = runs.len() as u32;
    let intervals = outcome_intervals(runs);
    let worst_server = worst.worst_server();
    let mut summary = Summary {
        format_version: FORMAT_VERSION.to_owned(),
        scenario: subject.scenario.to_owned(),
        scenario_hash: subject.scenario_hash.to_owned(),
        seed: subject.seed,
        replications: n,
        incomplete: count(runs, |run| run.cut_short),
        release: subject.release.to_owned(),
        verdict: String::new(),
        outcomes: intervals.iter().map(|(key, p)| (key.clone(), p.count)).collect(),
        outcome_intervals: intervals,
        oom: proportion(count(runs, |run| run.oom_kills() > 0), n),
        cascade: proportion(count(runs, |run| run.servers_killed() > 1), n),
        first_oom_seconds: median_instant(runs.iter().filter_map(RunRecord::first_oom)),
        peak_resident_bytes: spread(runs.iter().map(RunRecord::peak_resident).collect()),
        peak_quantiles: quantiles(
            runs.iter().map(RunRecord::peak_resident).collect(),
            &PEAK_QUANTILES,
        ),
        peak_interval: subject.peak_interval.cloned(),
        stopping_rule: replicated.rule,
        uncertainty: replicated.uncertainty.clone(),
        expectations: subject.expectations.iter().map(|e| expect::judge(e, runs)).collect(),
        apiservers: apiservers(runs),
        phases: phases(runs),
        holders_at_peak: worst_server.map_or_else(Vec::new, |s| s.holders_at_peak.clone()),
        leave_one_out: None,
        priority_levels: levels::summarize(runs),
        bottleneck_level: levels::bottleneck(runs),
        largest_flow_schema: levels::largest_flow_schema(worst),
        activity: activity(runs),
        harm: harm(runs),
        cpu_seconds: median(runs.iter().map(RunRecord::cpu).collect())
            .unwrap_or_default()
            .as_secs_f64(),
        counters: worst.counters,
        worst_replication: worst.replication,
        worst_server: worst_server.map_or_else(String::new, |s| s.name.clone()),
        worst_peak_bytes: worst.peak_resident(),
        worst_peak_seconds: worst_server.map_or(0.0, |s| s.peak_at.as_secs_f64()),
        scraped_peaks: worst_timeline(worst).map_or_else(Vec::new, scraped_peaks),
        simulated_seconds: runs.iter().map(|r| r.end).max().unwrap_or_default().as_secs_f64(),
        published: subject.published.iter().map(|p| judge(p, runs)).collect(),
        warnings: warnings(subject, runs),
    };
    summary.verdict = verdict(&summary);
    summary
}

/// The timeline of the server with the highest peak, where it was recorded.
fn worst_timeline(run: &RunRecord) -> Option<&Timeline> {
    let worst = run.worst_server()?;
    run.timelines.iter().find(|timeline| timeline.server == worst.name)
}

fn warnings(subject: &Subject<'_>, runs: &[RunRecord]) -> Vec<String> {
    let n = runs.len() as u32;
    let mut warnings = subject.warnings.to_vec();
    if let Some(earliest) = runs.iter().filter(|run| run.cut_short).map(|run| run.end).min() {
        warnings.push(format!(
            "runs were stopped after the work allowed, the earliest at {earliest}: what comes later \
             is unknown; shorten the scenario, or raise run.max-events"
        ));
    }
    let enough = runs_for_maximum(0.95, 0.95);
    if n > 1 && u64::from(n) < enough {
        let confidence = 1.0 - libm::pow(0.95, f64::from(n));
        warnings.push(format!(
            "the highest of {n} runs bounds the 95th percentile with {:.0} % confidence; \
             {enough} runs give 95 %",
            confidence * 100.0
        ));
    }
    warnings
}

fn count_spread(runs: &[RunRecord], count: &dyn Fn(&RunRecord) -> u64) -> CountSpread {
    let counts: Vec<u64> = runs.iter().map(count).collect();
    let max = counts.iter().copied().max().unwrap_or(0);
    CountSpread { median: median(counts).unwrap_or(0), max }
}

fn harm(runs: &[RunRecord]) -> HarmSummary {
    let of = |read: fn(&Counters) -> u64| HarmCount {
        runs: count(runs, |run| read(&run.counters) > 0),
        count: count_spread(runs, &|run| read(&run.counters)),
    };
    HarmSummary {
        requests_failed: of(Counters::failed),
        writes_rejected: of(|counters| counters.writes_rejected),
        watches_ended: of(|counters| counters.watches_terminated),
        servers_behind: of(|counters| counters.servers_behind),
        servers_lost: of(|counters| counters.servers_lost),
        probe_kills: of(|counters| counters.probe_kills),
        node_kills: of(|counters| counters.node_kills),
        etcd_kills: of(|counters| counters.etcd_kills),
        nodes_not_ready: of(|counters| counters.nodes_not_ready),
        stale_reads: of(|counters| counters.stale_reads),
    }
}

fn activity(runs: &[RunRecord]) -> Vec<ActivitySummary> {
    let spread = |count: &dyn Fn(&RunRecord) -> u64| count_spread(runs, count);
    let row = |kind: ActivityKind| ActivitySummary {
        key: kind.key().to_owned(),
        name: kind.label().to_owned(),
        total: spread(&|run| kind.read(&run.counters)),
        busiest_second: spread(&|run| run.activity.busiest(kind).count),
    };
    ActivityKind::ALL.into_iter().map(row).collect()
}

fn count(runs: &[RunRecord], has: impl Fn(&RunRecord) -> bool) -> u32 {
    runs.iter().filter(|run| has(run)).count() as u32
}

fn outcome_intervals(runs: &[RunRecord]) -> BTreeMap<String, OutcomeCount> {
    let n = runs.len() as u32;
    let of = |outcome: Outcome| proportion(count(runs, |run| run.outcome == outcome), n);
    Outcome::ALL.iter().map(|o| (o.key().to_owned(), of(*o))).collect()
}

/// Median of instants, in seconds; `None` of none.
fn median_instant(instants: impl Iterator<Item = SimTime>) -> Option<f64> {
    median(instants.collect()).map(SimTime::as_secs_f64)
}

/// Median of spans, in seconds, where `None` stands for longer than all others.
fn median_span(spans: impl Iterator<Item = Option<SimSpan>>) -> Option<f64> {
    const NEVER: SimSpan = SimSpan(u64::MAX);
    median(spans.map(|span| span.unwrap_or(NEVER)).collect())
        .filter(|span| *span != NEVER)
        .map(SimSpan::as_secs_f64)
}

fn apiservers(runs: &[RunRecord]) -> Vec<ApiserverSummary> {
    let names = runs.first().map_or(&[][..], |run| &run.servers);
    (0..names.len())
        .map(|index| {
            let records: Vec<&ServerRecord> =
                runs.iter().filter_map(|run| run.servers.get(index)).collect();
            apiserver(&records)
        })
        .collect()
}

fn apiserver(records: &[&ServerRecord]) -> ApiserverSummary {
    let killed: Vec<&ServerRecord> =
        records.iter().copied().filter(|record| !record.oom_kills.is_empty()).collect();
    let first_kills = killed.iter().filter_map(|record| record.oom_kills.first());
    let mut kills: Vec<u32> = records.iter().map(|r| r.oom_kills.len() as u32).collect();
    kills.sort_unstable();
    ApiserverSummary {
        name: records.first().map_or_else(String::new, |r| r.name.clone()),
        limit_bytes: records.iter().map(|r| r.limit).min().unwrap_or_default(),
        peak_resident_bytes: spread(records.iter().map(|r| r.peak_resident).collect()),
        etcd_rest_bytes: records.first().map_or_else(Default::default, |r| r.etcd_rest),
        etcd_peak_bytes: records.iter().map(|r| r.etcd_peak).max().unwrap_or_default(),
        node: node(records),
        runs_with_oom: killed.len() as u32,
        runs_with_etcd_oom: records.iter().filter(|r| !r.etcd_kills.is_empty()).count() as u32,
        oom_kills: OomKillSpread {
            median: nearest_rank(&kills, 0.5).unwrap_or(0),
            max: kills.last().copied().unwrap_or(0),
        },
        first_oom_seconds: median_instant(first_kills.map(|kill| kill.at)),
        back_after_seconds: median_span(killed.iter().map(|record| back_after(record))),
        pressure: pressure(records),
    }
}

fn node(records: &[&ServerRecord]) -> NodeSummary {
    let one = records.first().map(|record| record.node).unwrap_or_default();
    NodeSummary {
        memory_bytes: one.memory,
        peak_bytes: spread(records.iter().map(|record| record.node.peak).collect()),
        etcd_bytes: one.etcd,
        controllers_bytes: one.controllers,
        daemons_bytes: one.daemons,
        system_bytes: one.system,
    }
}

fn pressure(records: &[&ServerRecord]) -> PressureSummary {
    let of = |figure: &dyn Fn(&ServerRecord) -> f64| {
        let mut figures: Vec<f64> = records.iter().map(|record| figure(record)).collect();
        figures.order_by(f64::total_cmp);
        nearest_rank(&figures, 0.5).unwrap_or(0.0)
    };
    PressureSummary {
        cpu_utilisation: of(&ServerRecord::cpu_utilisation),
        throttled_seconds: of(&|r| r.pressure.throttled.as_secs_f64()),
        cpu_some: of(&|r| r.share(|lacked| lacked.cpu_some)),
        cpu_full: of(&|r| r.share(|lacked| lacked.cpu_full)),
        memory_some: of(&|r| r.share(|lacked| lacked.memory_some)),
        memory_full: of(&|r| r.share(|lacked| lacked.memory_full)),
        io_full: of(&|r| r.share(|lacked| lacked.io)),
    }
}

/// From the first kill until the server is ready again, however many kills come in between.
fn back_after(record: &ServerRecord) -> Option<SimSpan> {
    let first = record.oom_kills.first()?.at;
    let back = record.oom_kills.iter().filter_map(|kill| kill.back_at).min()?;
    Some(back.since(first))
}

fn phases(runs: &[RunRecord]) -> Vec<PhaseSummary> {
    let first = runs.first().map_or(&[][..], |run| &run.phases);
    // By name: where the times of events are uncertain, their order differs between runs.
    let of = |name: &str| -> Vec<&PhaseRecord> {
        runs.iter().filter_map(|run| run.phases.iter().find(|p| p.name == name)).collect()
    };
    first.iter().map(|record| phase(&of(&record.name))).collect()
}

fn phase(records: &[&PhaseRecord]) -> PhaseSummary {
    PhaseSummary {
        name: records.first().map_or_else(String::new, |r| r.name.clone()),
        start_seconds: records.first().map_or(0.0, |r| r.start.as_secs_f64()),
        peak_resident_bytes: spread(records.iter().map(|r| r.peak_resident).collect()),
        runs_with_oom: records.iter().filter(|r| r.oom_kills > 0).count() as u32,
        settled_after_seconds: median_span(records.iter().map(|r| duration(r))),
        bytes_sent: median(records.iter().map(|r| r.bytes_sent).collect()).unwrap_or_default(),
    }
}
