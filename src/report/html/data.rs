//! What the page's script draws, as JSON: times in milliseconds, sizes in bytes, and those of
//! mechanisms in units of 64 KiB, less than a pixel.
//!
//! Lines are thinned to [`COLUMNS`] columns; the first, lowest, highest and last point of each stay, so
//! every peak is the peak. `summary` is `summary.json` as it is. The first replication shown is the worst
//! one; the others, if there are any, are those of [`kept`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::{self, Beat};
use super::{Folder, HtmlError};
use crate::report::{charts, kept};
use crate::results::{
    ActivityKind, LogKind, Mechanism, ScrapedPeak, Summary, Timeline, TimelinePoint, scrapes,
};
use crate::units::{Bytes, SimSpan, SimTime};

/// Bytes in which sizes of mechanisms are counted.
const UNIT: u64 = 65_536;
/// Columns of pixels that a line is thinned to, of all servers together: two screens of one.
const COLUMNS: usize = 2_400;
/// Most events and kills that are marked; the story has all.
const MARKS: usize = 500;

#[derive(Serialize)]
struct Data<'a> {
    summary: &'a Summary,
    end: u64,
    unit: u64,
    mechanisms: Vec<Named>,
    kinds: Vec<Named>,
    lines: Vec<String>,
    shown: Vec<Shown<'a>>,
    runs: Vec<Run>,
    /// Intervals of scrapes.
    scrapes: Vec<u64>,
}

/// A replication that can be shown.
#[derive(Serialize)]
struct Shown<'a> {
    replication: u32,
    servers: Vec<Server>,
    activity: Activity,
    marks: Vec<Mark>,
    beats: Cow<'a, [Beat]>,
}

#[derive(Serialize)]
struct Named {
    label: &'static str,
    colour: String,
}

#[derive(Default, Serialize)]
struct Server {
    name: String,
    limit: u64,
    t: Vec<u64>,
    resident: Vec<u64>,
    /// One line per mechanism of the data.
    held: Vec<Vec<u64>>,
    /// Spans in which it did not serve.
    down: Vec<(u64, u64)>,
    /// What scrapes saw, for each interval of the data.
    seen: Vec<Seen>,
}

/// Samples of a server; none where it did not answer.
#[derive(Serialize)]
struct Seen {
    t: Vec<u64>,
    bytes: Vec<Option<Bytes>>,
}

#[derive(Default, Serialize)]
struct Activity {
    width: u64,
    /// One line per kind of the data.
    counts: Vec<Vec<u64>>,
    watches: Vec<Vec<u64>>,
}

#[derive(Serialize)]
struct Mark {
    t: u64,
    kind: LogKind,
    subject: String,
    message: String,
    /// The line of the story that it belongs to.
    beat: usize,
}

#[derive(Serialize)]
struct Run {
    replication: u64,
    outcome: String,
    peak: u64,
    server: String,
    kills: u64,
    first: Option<u64>,
}

/// A line of `events.jsonl`.
#[derive(Deserialize)]
struct Logged {
    t_s: f64,
    kind: LogKind,
    subject: String,
    message: String,
}

/// The data of a run, safe inside a script element.
pub(super) fn of_run(
    folder: &Folder<'_>,
    summary: &Summary,
    beats: &[Beat],
) -> Result<String, HtmlError> {
    let scraped = drawn_scrapes(summary);
    let worst = (summary.worst_replication, String::new(), Cow::Borrowed(beats));
    let mut shown = vec![replication(folder, summary, &scraped, worst)?];
    for other in kept::kept(&folder.manifest.files) {
        let place = kept::folder_of(other);
        let beats = parts::beats(&folder.text(&format!("{place}story.txt"))?);
        shown.push(replication(folder, summary, &scraped, (other, place, Cow::Owned(beats)))?);
    }
    let mechanisms = used(Mechanism::ALL.len(), &mut shown, |shown| {
        shown.servers.iter_mut().map(|server| &mut server.held).collect()
    });
    let kinds = used(ActivityKind::ALL.len(), &mut shown, |shown| vec![&mut shown.activity.counts]);
    let mechanism = |index: &usize| {
        let mechanism = Mechanism::ALL[*index];
        Named { label: mechanism.label(), colour: charts::colour_of(mechanism) }
    };
    let kind = |index: &usize| {
        let kind = ActivityKind::ALL[*index];
        Named { label: kind.label(), colour: charts::colour_of_calls(kind).unwrap_or_default() }
    };
    let told = shown.iter().filter_map(|shown| shown.beats.last()).map(|beat| beat.at_ms).max();
    let data = Data {
        summary,
        end: ms(summary.simulated_seconds).max(told.unwrap_or(0)),
        unit: UNIT,
        mechanisms: mechanisms.iter().map(mechanism).collect(),
        kinds: kinds.iter().map(kind).collect(),
        lines: charts::colours_of_lines(),
        shown,
        runs: runs(folder)?,
        scrapes: scraped.iter().map(|seen| seen.interval_seconds * 1000).collect(),
    };
    let json = serde_json::to_string(&data).map_err(|e| folder.wrong("summary.json", &e))?;
    Ok(json.replace('<', "\\u003c"))
}

/// Which of `count` lines of all replications are not 0 throughout; the others are removed.
fn used<'a>(
    count: usize,
    shown: &mut [Shown<'a>],
    lines: impl for<'s> Fn(&'s mut Shown<'a>) -> Vec<&'s mut Vec<Vec<u64>>>,
) -> Vec<usize> {
    let mut all: Vec<&mut Vec<Vec<u64>>> = shown.iter_mut().flat_map(lines).collect();
    let moves = |index: usize| {
        all.iter().any(|lines| lines.get(index).is_some_and(|line| line.iter().any(|n| *n > 0)))
    };
    let used: Vec<usize> = (0..count).filter(|index| moves(*index)).collect();
    for lines in &mut all {
        let kept = used.iter().map(|index| lines.get_mut(*index).map(std::mem::take));
        **lines = kept.map(Option::unwrap_or_default).collect();
    }
    used
}

/// A replication, of the files of one place in the folder.
fn replication<'a>(
    folder: &Folder<'_>,
    summary: &Summary,
    scraped: &[ScrapedPeak],
    (replication, place, beats): (u32, String, Cow<'a, [Beat]>),
) -> Result<Shown<'a>, HtmlError> {
    let log = log(folder, &format!("{place}events.jsonl"))?;
    let activity = Table::read(folder, &format!("{place}activity.csv"))?;
    let table = Table::read(folder, &format!("{place}timeline.csv"))?;
    let servers = servers(&table, summary, &log, scraped);
    Ok(Shown {
        replication,
        activity: counted(&activity, &servers),
        servers,
        marks: marks(log, &beats),
        beats,
    })
}

fn ms(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

/// A table of the folder.
struct Table {
    columns: BTreeMap<String, usize>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    fn read(folder: &Folder<'_>, name: &str) -> Result<Self, HtmlError> {
        let text = folder.text(name)?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let wrong = |error: csv::Error| folder.wrong(name, &error);
        let heads = reader.headers().map_err(wrong)?.clone();
        let columns = heads.iter().enumerate().map(|(at, head)| (head.to_owned(), at)).collect();
        let rows = reader.records().collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self { columns, rows })
    }

    /// A cell as text; empty where there is none.
    fn cell<'r>(&self, row: &'r csv::StringRecord, column: &str) -> &'r str {
        self.columns.get(column).and_then(|at| row.get(*at)).unwrap_or_default()
    }

    fn number(&self, row: &csv::StringRecord, column: &str) -> u64 {
        self.cell(row, column).parse().unwrap_or_default()
    }

    /// Seconds as milliseconds.
    fn time(&self, row: &csv::StringRecord, column: &str) -> Option<u64> {
        self.cell(row, column).parse().ok().map(ms)
    }

    fn line(&self, column: &str) -> Vec<u64> {
        self.rows.iter().map(|row| self.number(row, column)).collect()
    }
}

/// The scrape intervals that are drawn: those whose samples do not make the page heavy.
fn drawn_scrapes(summary: &Summary) -> Vec<ScrapedPeak> {
    const SAMPLES: f64 = 6_000.0;
    let drawn = |seen: &&ScrapedPeak| {
        summary.simulated_seconds / (seen.interval_seconds.max(1) as f64) <= SAMPLES
    };
    summary.scraped_peaks.iter().filter(drawn).copied().collect()
}

/// The timeline of each server, thinned, and what scrapes saw of it.
fn servers(
    table: &Table,
    summary: &Summary,
    log: &[Logged],
    scraped: &[ScrapedPeak],
) -> Vec<Server> {
    let end = ms(summary.simulated_seconds);
    let columns = (COLUMNS / summary.apiservers.len().max(1)).max(200);
    let mechanisms = Mechanism::ALL.map(|m| format!("{}_bytes", m.key().replace('-', "_")));
    let of = |server: &crate::results::ApiserverSummary| {
        let own = |row: &&csv::StringRecord| table.cell(row, "server") == server.name;
        let rows: Vec<&csv::StringRecord> = table.rows.iter().filter(own).collect();
        let times: Vec<u64> =
            rows.iter().map(|row| table.time(row, "t_s").unwrap_or_default()).collect();
        let resident: Vec<u64> =
            rows.iter().map(|row| table.number(row, "resident_bytes")).collect();
        let down = down(log, &server.name, end);
        let line = line(&times, &resident, &down);
        let width = columns as f64 / end.max(1) as f64;
        let xs: Vec<f64> = times.iter().map(|t| *t as f64 * width).collect();
        let kept = charts::survivors(&xs, &resident);
        let held = mechanisms.iter().map(|column| {
            let bytes = |at: &usize| table.number(rows[*at], column).div_euclid(UNIT);
            kept.iter().map(bytes).collect()
        });
        Server {
            name: server.name.clone(),
            limit: server.limit_bytes.0,
            t: kept.iter().map(|at| times[*at]).collect(),
            resident: kept.iter().map(|at| resident[*at]).collect(),
            held: held.collect(),
            down,
            seen: scraped.iter().map(|seen| samples(&line, seen)).collect(),
        }
    };
    summary.apiservers.iter().map(of).filter(|server| !server.t.is_empty()).collect()
}

/// Resident memory alone, as a timeline.
fn line(times: &[u64], resident: &[u64], down: &[(u64, u64)]) -> Timeline {
    let instant = |ms: u64| SimTime::ZERO + SimSpan::millis(ms);
    let point = |(t, bytes): (&u64, &u64)| TimelinePoint::of_resident(instant(*t), Bytes(*bytes));
    Timeline {
        points: times.iter().zip(resident).map(point).collect(),
        down: down.iter().map(|(from, to)| (instant(*from), instant(*to))).collect(),
        ..Timeline::default()
    }
}

/// What a server's scrapes saw, in the schedule of the summary.
fn samples(line: &Timeline, seen: &ScrapedPeak) -> Seen {
    let first = SimSpan::secs(seen.first_seconds);
    let scrapes = scrapes(line, first, SimSpan::secs(seen.interval_seconds));
    Seen {
        t: scrapes.iter().map(|scrape| ms(scrape.at.as_secs_f64())).collect(),
        bytes: scrapes.iter().map(|scrape| scrape.resident).collect(),
    }
}

fn log(folder: &Folder<'_>, name: &str) -> Result<Vec<Logged>, HtmlError> {
    let text = folder.text(name)?;
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().map_err(|error: serde_json::Error| folder.wrong(name, &error))
}

/// Spans in which a server did not serve: from a kill or a stop until it was ready again. A server
/// that becomes ready first was not at the start.
fn down(log: &[Logged], server: &str, end: u64) -> Vec<(u64, u64)> {
    let mut spans = Vec::new();
    let mut since = None;
    for entry in log.iter().filter(|entry| entry.subject == server) {
        let t = ms(entry.t_s);
        match entry.kind {
            LogKind::OomKill | LogKind::Stopped | LogKind::ProbeKill | LogKind::NodeLost => {
                since.get_or_insert(t);
            }
            LogKind::Ready if since.is_some() || spans.is_empty() => {
                spans.push((since.take().unwrap_or_default(), t));
            }
            LogKind::Ready
            | LogKind::NodeKill
            | LogKind::Event
            | LogKind::Started
            | LogKind::Balancer
            | LogKind::Synced
            | LogKind::NotReady => {}
        }
    }
    spans.extend(since.map(|t| (t, end)));
    spans
}

/// Events, kills and stops, each with its line of the story: the last that begins by then.
fn marks(log: Vec<Logged>, beats: &[Beat]) -> Vec<Mark> {
    let marked = |entry: &Logged| match entry.kind {
        LogKind::Event
        | LogKind::OomKill
        | LogKind::NodeKill
        | LogKind::Stopped
        | LogKind::ProbeKill
        | LogKind::NodeLost => true,
        LogKind::Started
        | LogKind::Ready
        | LogKind::Balancer
        | LogKind::Synced
        | LogKind::NotReady => false,
    };
    let mark = |entry: Logged| {
        let t = ms(entry.t_s);
        // The story has tenths of seconds, and names what it tells of.
        let close = |beat: &&Beat| beat.at_ms <= t + 100;
        let by_name = |beat: &Beat| close(&beat) && beat.tells(&entry.subject, entry.kind);
        let named = beats.iter().rposition(by_name);
        let beat = named.or_else(|| beats.iter().filter(close).count().checked_sub(1));
        let Logged { kind, subject, message, .. } = entry;
        Mark { t, kind, subject, message, beat: beat.unwrap_or_default() }
    };
    log.into_iter().filter(marked).take(MARKS).map(mark).collect()
}

fn counted(table: &Table, servers: &[Server]) -> Activity {
    // Kinds that are not drawn have no line.
    let line = |kind: ActivityKind| match charts::colour_of_calls(kind) {
        Some(_) => table.line(kind.key()),
        None => Vec::new(),
    };
    let width = table.rows.first().and_then(|row| table.time(row, "width_s"));
    let watches =
        servers.iter().map(|s| table.line(&format!("{}_watches", s.name.replace('-', "_"))));
    Activity {
        width: width.unwrap_or(1000).max(1),
        counts: ActivityKind::ALL.map(line).into(),
        watches: if table.rows.is_empty() { Vec::new() } else { watches.collect() },
    }
}

fn runs(folder: &Folder<'_>) -> Result<Vec<Run>, HtmlError> {
    let table = Table::read(folder, "runs.csv")?;
    let run = |row: &csv::StringRecord| Run {
        replication: table.number(row, "replication"),
        outcome: table.cell(row, "outcome").to_owned(),
        peak: table.number(row, "peak_resident_bytes"),
        server: table.cell(row, "peak_server").to_owned(),
        kills: table.number(row, "oom_kills"),
        first: table.time(row, "first_oom_t_s"),
    };
    Ok(table.rows.iter().map(run).collect())
}
