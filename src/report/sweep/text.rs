//! A sweep on the terminal, and as a comment on a pull request.
//!
//! Readable at 80 columns and without colour.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::report::format::{clean, clock, folded, grouped, percent, sentence};
use crate::report::table::Columns;
use crate::report::text::Screen;
use crate::results::{OutcomeCount, PointFigures, PointRow, Sensitivity, SweepSummary};
use crate::units::Bytes;

/// Points shown on the terminal; all are in `points.csv`.
const SHOWN: usize = 30;
/// Points shown in `sweep.md`.
const SHOWN_MD: usize = 60;
/// Keys that have a column on the terminal.
const AXES: usize = 3;
/// Widest value.
const VALUE: usize = 14;
/// Failed points that are told.
const FAILED: usize = 3;

/// Renders a sweep for the terminal.
#[must_use]
pub fn render(sweep: &SweepSummary, screen: &Screen<'_>) -> String {
    let mut parts = vec![coloured(sweep, screen.styled, &sentence(&sweep.verdict))];
    if sweep.sensitivity.is_empty() {
        parts.push(points(sweep));
    } else {
        parts.push(influence(&sweep.sensitivity));
    }
    parts.extend(failures(sweep));
    parts.push(footer(sweep, screen));
    parts.join("\n")
}

/// The verdict alone, on one line.
#[must_use]
pub fn headline(sweep: &SweepSummary, styled: bool) -> String {
    coloured(sweep, styled, &clean(&sweep.verdict, usize::MAX))
}

/// The verdict, or its lines, in the colour of what it says.
fn coloured(sweep: &SweepSummary, styled: bool, verdict: &str) -> String {
    if !styled {
        return format!("{verdict}\n");
    }
    let figures = || sweep.rows.iter().filter_map(|row| row.figures.as_ref());
    let colour = if figures().any(|figures| figures.oom.count > 0) {
        AnsiColor::Red
    } else if sweep.failed + sweep.incomplete > 0 {
        AnsiColor::Yellow
    } else {
        AnsiColor::Green
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{verdict}{style:#}\n")
}

/// The last two parts of a dotted key: enough to tell keys apart in a narrow column.
pub(in crate::report) fn short_key(key: &str) -> String {
    let parts: Vec<&str> = key.rsplitn(3, '.').take(2).collect();
    let short: Vec<&str> = parts.into_iter().rev().collect();
    clean(&short.join("."), 40)
}

/// The rows to show: all of them in order, or else the riskiest.
fn chosen(sweep: &SweepSummary, most: usize) -> (Vec<&PointRow>, usize) {
    let mut rows: Vec<&PointRow> = sweep.rows.iter().filter(|row| row.figures.is_some()).collect();
    let hidden = rows.len().saturating_sub(most);
    if hidden > 0 {
        rows.sort_by_key(|row| {
            let of = |figures: &PointFigures| {
                let share = (figures.oom_share() * 1e6) as u64;
                (share, figures.peak_resident_bytes.p95)
            };
            (Reverse(row.figures.as_ref().map(of)), row.point)
        });
        rows.truncate(most);
    }
    (rows, hidden)
}

fn points(sweep: &SweepSummary) -> String {
    let axes = &sweep.head.design.axes;
    let mut headers: Vec<String> = Vec::new();
    for axis in axes.iter().take(AXES) {
        let short = short_key(&axis.key);
        let (first, last) = short.rsplit_once('.').unwrap_or(("", &short));
        headers.push(format!("{}\n{}", clean(first, VALUE), clean(last, VALUE)));
    }
    let fixed =
        ["OOM\nruns", "P(OOM)\n95 % CI", "cascade\nruns", "peak\np50", "peak\np95", "first\nkill"];
    headers.extend(fixed.map(str::to_owned));
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let mut table = Columns::new(&headers);
    let (rows, hidden) = chosen(sweep, SHOWN);
    for row in &rows {
        let Some(figures) = &row.figures else { continue };
        let mut cells: Vec<String> =
            row.values.iter().take(AXES).map(|value| clean(&value.text, VALUE)).collect();
        cells.extend(figure_cells(figures));
        table.row(&cells);
    }
    let mut text = table.finish();
    if hidden > 0 {
        let _ = writeln!(text, "  the {} riskiest points; {hidden} more in points.csv", rows.len());
    }
    if axes.len() > AXES {
        let _ = writeln!(text, "  {} more varied keys in points.csv", axes.len() - AXES);
    }
    text
}

fn figure_cells(figures: &PointFigures) -> [String; 6] {
    let n = figures.replications;
    let peak = figures.peak_resident_bytes;
    [
        format!("{}/{n}", figures.oom.count),
        interval(&figures.oom),
        format!("{}/{n}", figures.cascade.count),
        peak.median.to_string(),
        peak.p95.to_string(),
        figures.first_oom_seconds.map_or_else(|| "-".to_owned(), clock),
    ]
}

/// `18 to 57 %`.
fn interval(p: &OutcomeCount) -> String {
    format!("{:.0} to {:.0} %", p.low * 100.0, p.high * 100.0)
}

fn influence(sensitivity: &[Sensitivity]) -> String {
    let mut table = Columns::new(&[
        "<\nkey",
        "peak\nmean |effect|",
        "peak\nmean",
        "peak\ndeviation",
        "P(OOM)\nmean |effect|",
    ]);
    for one in sensitivity {
        table.row(&[
            clean(&short_key(&one.key), 26),
            Bytes::from_f64(one.peak_bytes.mean_absolute).to_string(),
            signed(one.peak_bytes.mean),
            Bytes::from_f64(one.peak_bytes.deviation).to_string(),
            percent(one.oom.mean_absolute),
        ]);
    }
    table.finish() + "  per whole range of the key; a large deviation: it depends on the others\n"
}

fn signed(bytes: f64) -> String {
    let sign = if bytes < 0.0 { "-" } else { "+" };
    format!("{sign}{}", Bytes::from_f64(bytes.abs()))
}

fn failures(sweep: &SweepSummary) -> Option<String> {
    let failed: Vec<&PointRow> = sweep.rows.iter().filter(|row| row.error.is_some()).collect();
    if failed.is_empty() {
        return None;
    }
    let mut text = format!("{} of {} points could not be run:\n", failed.len(), sweep.rows.len());
    for row in failed.iter().take(FAILED) {
        let values: Vec<&str> = row.values.iter().map(|value| value.text.as_str()).collect();
        let why = row.error.as_deref().unwrap_or_default();
        let line = format!("point {} ({}): {why}", row.point, values.join(", "));
        let _ = writeln!(text, "  {}", clean(&line, 300));
    }
    if failed.len() > FAILED {
        let _ =
            writeln!(text, "  and {} more: column `error` of points.csv", failed.len() - FAILED);
    }
    Some(text)
}

fn footer(sweep: &SweepSummary, screen: &Screen<'_>) -> String {
    let head = &sweep.head;
    let runs: u64 = sweep
        .rows
        .iter()
        .filter_map(|row| row.figures.as_ref())
        .map(|f| u64::from(f.replications))
        .sum();
    let mut text = format!(
        "{} points ({}), {} runs, seed {}{}\n",
        grouped(sweep.rows.len() as u64),
        head.design.kind,
        grouped(runs),
        head.seed,
        took(screen.wall)
    );
    for warning in &sweep.warnings {
        text += &folded(&format!("warning: {}", clean(warning, usize::MAX)));
    }
    for path in screen.written {
        let _ = writeln!(text, "wrote {path}");
    }
    if let Some(next) = screen.next {
        let _ = writeln!(text, "next: {next}");
    }
    text
}

fn took(wall: Duration) -> String {
    if wall.is_zero() { String::new() } else { format!(", in {:.1} s", wall.as_secs_f64()) }
}

/// Renders `sweep.md`.
#[must_use]
pub fn markdown(sweep: &SweepSummary) -> String {
    let head = &sweep.head;
    let mut text = format!(
        "## {}: sweep\n\n**{}**\n\nKubernetes {} · {} points ({}) × {} replications · seed {} · \
         `{}` `{}`\n\n",
        plain(&head.scenario),
        plain(&sweep.verdict),
        plain(&head.release),
        head.points,
        head.design.kind,
        head.replications,
        head.seed,
        head.scenario_hash,
        head.design_hash
    );
    for axis in &head.design.axes {
        let _ = writeln!(text, "- `{}` = {}", plain(&axis.key), plain(&clean(&axis.values, 200)));
    }
    text.push('\n');
    text += &if sweep.sensitivity.is_empty() { points_md(sweep) } else { influence_md(sweep) };
    if let Some(failures) = failures(sweep) {
        let _ = write!(text, "\n{}", plain_lines(&failures));
    }
    for warning in &sweep.warnings {
        let _ = writeln!(text, "\n> {}", plain(warning));
    }
    text
}

fn points_md(sweep: &SweepSummary) -> String {
    let axes = &sweep.head.design.axes;
    let keys: Vec<String> = axes.iter().map(|axis| plain(&axis.key)).collect();
    let mut text = format!(
        "| {} | OOM runs | P(OOM), 95 % CI | cascade runs | peak p50 | peak p95 | first kill |\n",
        keys.join(" | ")
    );
    let _ = writeln!(text, "|{}", " --: |".repeat(axes.len() + 6));
    let (rows, hidden) = chosen(sweep, SHOWN_MD);
    for row in rows {
        let Some(figures) = &row.figures else { continue };
        let values = row.values.iter().map(|value| plain(&value.text));
        let cells: Vec<String> = values.chain(figure_cells(figures)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    if hidden > 0 {
        let _ = writeln!(text, "\nThe riskiest points; {hidden} more in `points.csv`.");
    }
    text
}

fn influence_md(sweep: &SweepSummary) -> String {
    let mut text = "| key | peak: mean of absolute effects | mean | deviation | P(OOM): mean of absolute effects |\n".to_owned();
    text += "| --- | --: | --: | --: | --: |\n";
    for one in &sweep.sensitivity {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            plain(&one.key),
            Bytes::from_f64(one.peak_bytes.mean_absolute),
            signed(one.peak_bytes.mean),
            Bytes::from_f64(one.peak_bytes.deviation),
            percent(one.oom.mean_absolute)
        );
    }
    text + "\nElementary effects (Morris), per whole range of the key.\n"
}

/// Text that Markdown takes as it is.
fn plain(text: &str) -> String {
    let text = clean(text, usize::MAX);
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn plain_lines(text: &str) -> String {
    text.lines().map(|line| plain(line) + "\n").collect()
}
