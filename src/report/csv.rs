//! The tables of a run folder. Units are in the column names; times have six decimals.

use std::io::{self, Write};

use csv::Writer;

use crate::results::{ActivityKind, Mechanism, RunRecord, ServerRecord, Timeline};
use crate::units::{SimSpan, SimTime};

/// Writes `timeline.csv`: the memory of each server over time, and what it has
/// lacked since the start (threads that stood still for the CPU limit, and pressure). Straight lines run between
/// rows of a server; the columns of mechanisms sum to `resident_bytes`.
///
/// # Errors
/// Those of the writer.
pub fn timeline(out: &mut dyn Write, timelines: &[Timeline]) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    let fixed = [
        "server",
        "t_s",
        "resident_bytes",
        "live_heap_bytes",
        "heap_goal_bytes",
        "in_flight",
        "watches",
        "throttled_s",
        "cpu_some_s",
        "cpu_full_s",
        "memory_some_s",
        "memory_full_s",
        "io_full_s",
    ];
    let mechanisms = Mechanism::ALL.map(|m| format!("{}_bytes", m.key().replace('-', "_")));
    csv.write_record(fixed.iter().copied().chain(mechanisms.iter().map(String::as_str)))?;
    for line in timelines {
        for point in &line.points {
            csv.write_field(&line.server)?;
            csv.write_field(instant(point.at))?;
            for bytes in [point.resident, point.live_heap, point.heap_goal] {
                csv.write_field(bytes.0.to_string())?;
            }
            csv.write_field(point.in_flight.to_string())?;
            csv.write_field(point.watches.to_string())?;
            for lacked in point.pressure.columns() {
                csv.write_field(span(lacked))?;
            }
            csv.write_record(point.by_mechanism.map(|bytes| bytes.0.to_string()))?;
        }
    }
    csv.flush()
}

/// Writes `apf.csv`: the priority levels of each server of a replication over time. What a row says
/// holds until the level's next one; levels that were never used are left out.
///
/// # Errors
/// Those of the writer.
pub fn apf(out: &mut dyn Write, run: &RunRecord) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record([
        "server",
        "priority_level",
        "t_s",
        "seats_in_use",
        "limit_seats",
        "waiting",
        "rejected_total",
    ])?;
    for line in &run.timelines {
        for level in &line.levels {
            for point in &level.points {
                csv.write_field(&line.server)?;
                csv.write_field(&level.name)?;
                csv.write_field(instant(point.at))?;
                let figures = [point.seats, point.limit, point.waiting, point.rejected];
                csv.write_record(figures.map(|figure| figure.to_string()))?;
            }
        }
    }
    csv.flush()
}

/// Writes `activity.csv`: what was counted in each bucket of time, and the open watches and requests
/// in flight of each server at the bucket's end, with its 410s and 429s in the bucket.
///
/// # Errors
/// Those of the writer.
pub fn activity(out: &mut dyn Write, run: &RunRecord) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_field("t_s")?;
    csv.write_field("width_s")?;
    for kind in ActivityKind::ALL {
        csv.write_field(kind.key())?;
    }
    for server in &run.servers {
        let name = server.name.replace('-', "_");
        for column in ["watches", "in_flight", "gone_410", "rejected_429"] {
            csv.write_field(format!("{name}_{column}"))?;
        }
    }
    csv.write_record(None::<&[u8]>)?;
    let activity = &run.activity;
    for (index, bucket) in activity.buckets.iter().enumerate() {
        csv.write_field(instant(activity.start_of(index)))?;
        csv.write_field(span(activity.width))?;
        for count in bucket.counts.0 {
            csv.write_field(count.to_string())?;
        }
        for server in &bucket.servers {
            let in_flight = u64::from(server.in_flight);
            for figure in [server.watches, in_flight, server.gone, server.rejected] {
                csv.write_field(figure.to_string())?;
            }
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

/// Writes `watch-window.csv`: how far back the watch caches go, beside the age of what watchers have
/// seen last. An empty span: the server has no filled cache.
///
/// # Errors
/// Those of the writer.
pub fn watch_window(out: &mut dyn Write, run: &RunRecord) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record([
        "resource",
        "server",
        "t_s",
        "ring_span_s",
        "median_age_s",
        "oldest_age_s",
        "too_old_share",
    ])?;
    for window in &run.activity.windows {
        for point in &window.points {
            let servers = run.servers.iter().zip(&point.spans).zip(&point.too_old);
            for ((server, reach), too_old) in servers {
                csv.write_record([
                    window.resource.as_str(),
                    &server.name,
                    &instant(point.at),
                    &reach.map_or_else(String::new, span),
                    &span(point.median_age),
                    &span(window.oldest_age),
                    &format!("{too_old:.6}"),
                ])?;
            }
        }
    }
    csv.flush()
}

/// Writes `attribution.csv`: who held the memory of each server at its peak in a replication. The
/// bytes of a server sum to its peak.
///
/// # Errors
/// Those of the writer.
pub fn attribution(out: &mut dyn Write, run: &RunRecord) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record(["server", "peak_t_s", "mechanism", "client", "resource", "bytes", "share"])?;
    for server in &run.servers {
        let peak = server.peak_resident.as_f64().max(1.0);
        for holder in &server.holders_at_peak {
            csv.write_record([
                server.name.as_str(),
                &instant(server.peak_at),
                holder.mechanism.key(),
                &holder.client,
                &holder.resource,
                &holder.bytes.0.to_string(),
                &format!("{:.6}", holder.bytes.as_f64() / peak),
            ])?;
        }
    }
    csv.flush()
}

/// Columns of `runs.csv` before those of the servers.
const RUN_COLUMNS: [&str; 32] = [
    "replication",
    "outcome",
    "peak_resident_bytes",
    "peak_server",
    "peak_t_s",
    "oom_kills",
    "first_oom_t_s",
    "clients_synced",
    "clients",
    "lists_ok",
    "lists_from_etcd",
    "requests_failed",
    "requests_rejected",
    "requests_timed_out",
    "watches_opened",
    "watches_lost",
    "gc_cycles",
    "bytes_sent",
    "cpu_s",
    "end_t_s",
    "watches_terminated",
    "events_replayed",
    "cache_reinitializations",
    "stale_reads",
    "lists_fallback_to_etcd",
    "idle_relists",
    "connections_moved",
    "nodes_not_ready",
    "nodes_not_ready_peak",
    "probe_kills",
    "writes_rejected",
    "servers_behind",
];

/// Writes `runs.csv`: one row per replication, with `<server>_peak_bytes` and `<server>_oom_kills` at
/// the end of each row.
///
/// # Errors
/// Those of the writer.
pub fn runs(out: &mut dyn Write, runs: &[RunRecord]) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    let servers = runs.first().map_or(&[][..], |run| &run.servers);
    for column in RUN_COLUMNS {
        csv.write_field(column)?;
    }
    for server in servers {
        let name = server.name.replace('-', "_");
        csv.write_field(format!("{name}_peak_bytes"))?;
        csv.write_field(format!("{name}_oom_kills"))?;
    }
    csv.write_record(None::<&[u8]>)?;
    for run in runs {
        for value in run_row(run) {
            csv.write_field(value)?;
        }
        for server in &run.servers {
            csv.write_field(server.peak_resident.0.to_string())?;
            csv.write_field(server.oom_kills.len().to_string())?;
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

fn run_row(run: &RunRecord) -> [String; RUN_COLUMNS.len()] {
    let worst = run.worst_server();
    let counters = &run.counters;
    let of_worst = |text: fn(&ServerRecord) -> String| worst.map_or_else(String::new, text);
    [
        run.replication.to_string(),
        run.outcome.key().to_owned(),
        run.peak_resident().0.to_string(),
        of_worst(|server| server.name.clone()),
        of_worst(|server| instant(server.peak_at)),
        run.oom_kills().to_string(),
        run.first_oom().map_or_else(String::new, instant),
        run.clients_synced.0.to_string(),
        run.clients_synced.1.to_string(),
        counters.lists_ok.to_string(),
        counters.lists_from_etcd.to_string(),
        counters.requests_failed.to_string(),
        counters.requests_rejected.to_string(),
        counters.requests_timed_out.to_string(),
        counters.watches_opened.to_string(),
        counters.watches_lost.to_string(),
        counters.gc_cycles.to_string(),
        counters.bytes_sent.0.to_string(),
        span(run.cpu()),
        instant(run.end),
        counters.watches_terminated.to_string(),
        counters.events_replayed.to_string(),
        counters.cache_reinitializations.to_string(),
        counters.stale_reads.to_string(),
        counters.lists_fallback_to_etcd.to_string(),
        counters.idle_relists.to_string(),
        counters.connections_moved.to_string(),
        counters.nodes_not_ready.to_string(),
        counters.nodes_not_ready_peak.to_string(),
        counters.probe_kills.to_string(),
        counters.writes_rejected.to_string(),
        counters.servers_behind.to_string(),
    ]
}

/// Seconds with six decimals, exact to the microsecond below (no float in between).
fn instant(at: SimTime) -> String {
    format!("{}.{:06}", at.0 / 1_000_000_000, at.0 % 1_000_000_000 / 1_000)
}

fn span(span: SimSpan) -> String {
    instant(SimTime(span.0))
}
