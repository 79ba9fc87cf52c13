//! A comparison on the terminal, as Markdown and as rows.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use csv::Writer;

use super::format::{clean, deviation, grouped, note, percent, sentence};
use super::markdown::{plain, table};
use super::table::Columns;
use crate::results::{CompareResult, EventChange, FigureChange, RunRecord, ToleranceRow};

/// Inputs that the terminal shows; the rest is one line.
const INPUTS: usize = 12;

/// The verdict alone, on one line.
#[must_use]
pub fn headline(result: &CompareResult, styled: bool) -> String {
    coloured(result, styled, &clean(&result.verdict, usize::MAX))
}

/// The verdict, or its lines, in the colour of what it says.
fn coloured(result: &CompareResult, styled: bool, verdict: &str) -> String {
    if !styled {
        return format!("{verdict}\n");
    }
    let colour = if result.tolerances.iter().any(|row| row.regressed) {
        AnsiColor::Red
    } else if result.identical {
        AnsiColor::Green
    } else {
        AnsiColor::Yellow
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{verdict}{style:#}\n")
}

/// Renders the result for the terminal; `written` closes it.
#[must_use]
pub fn text(result: &CompareResult, written: &[String], styled: bool) -> String {
    let mut parts = vec![coloured(result, styled, &sentence(&result.verdict)), sides(result)];
    parts.push(inputs(result));
    if !result.identical {
        parts.extend([figures(result), events(result)]);
    }
    parts.extend(tolerances(result));
    let mut lines = vec![format!(
        "{} pairs of runs on the same draws · seed {}",
        grouped(result.replications.into()),
        result.seed
    )];
    lines.extend(result.warnings.iter().map(|warning| note(warning)));
    lines.extend(written.iter().map(|path| format!("wrote {path}")));
    parts.push(lines.join("\n") + "\n");
    parts.join("\n")
}

fn sides(result: &CompareResult) -> String {
    let line = |sign: &str, side: &crate::results::ComparedSide| {
        let label = clean(&side.label, 60);
        format!("{sign}: {label} (Kubernetes {}, {})\n", side.release, side.scenario_hash)
    };
    line("A", &result.first) + &line("B", &result.second)
}

fn inputs(result: &CompareResult) -> String {
    if result.inputs.is_empty() {
        return "No input differs\n".to_owned();
    }
    let mut table = Columns::new(&["<input", "<A", "<B"]);
    let value = |value: &Option<String>| clean(value.as_deref().unwrap_or("-"), 18);
    for input in result.inputs.iter().take(INPUTS) {
        table.row(&[clean(&input.key, 36), value(&input.first), value(&input.second)]);
    }
    let more = result.inputs.len().saturating_sub(INPUTS);
    let more =
        if more > 0 { format!("  and {more} more: see compare.json\n") } else { String::new() };
    table.finish() + &more
}

/// Figures that differ in some pair.
fn changed(result: &CompareResult) -> impl Iterator<Item = &FigureChange> {
    result.figures.iter().filter(|figure| figure.higher + figure.lower > 0)
}

fn relative(figure: &FigureChange) -> String {
    figure.relative.map_or_else(|| "-".to_owned(), deviation)
}

fn figures(result: &CompareResult) -> String {
    let mut table = Columns::new(&["<median", "A", "B", "B - A", "", "95 % interval"]);
    for figure in changed(result) {
        table.row(&[
            figure.metric.clone(),
            figure.first.clone(),
            figure.second.clone(),
            figure.change.clone(),
            relative(figure),
            figure.interval.clone(),
        ]);
    }
    table.finish()
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

fn points(share: f64) -> String {
    format!("{:+.1}", share * 100.0)
}

/// Events that happened at all.
fn happened(result: &CompareResult) -> impl Iterator<Item = &EventChange> {
    result.events.iter().filter(|event| event.first.count + event.second.count > 0)
}

fn events(result: &CompareResult) -> String {
    let columns = ["<runs with", "A", "B", "A only", "B only", "points", "95 % interval", "p"];
    let mut table = Columns::new(&columns);
    for event in happened(result) {
        table.row(&[
            event.metric.clone(),
            event.first.count.to_string(),
            event.second.count.to_string(),
            event.first_only.to_string(),
            event.second_only.to_string(),
            points(event.difference),
            format!("{} to {}", points(event.low), points(event.high)),
            p_value(event.p_value),
        ]);
    }
    table.finish()
}

fn sign(row: &ToleranceRow) -> &'static str {
    if row.regressed { "WORSE" } else { "ok" }
}

fn worse(row: &ToleranceRow) -> String {
    row.worse.map_or_else(|| "without bounds".to_owned(), |worse| deviation(worse + 0.0))
}

const fn sure(row: &ToleranceRow) -> &'static str {
    if row.certain { "" } else { "the interval reaches past the tolerance" }
}

fn tolerances(result: &CompareResult) -> Option<String> {
    if result.tolerances.is_empty() {
        return None;
    }
    let mut table = Columns::new(&["<", "<tolerance", "worse by", "allowed", "<"]);
    for row in &result.tolerances {
        table.row(&[
            sign(row).to_owned(),
            row.metric.clone(),
            worse(row),
            percent(row.allowed),
            sure(row).to_owned(),
        ]);
    }
    Some(table.finish())
}

/// Renders the result as a comment on a pull request.
#[must_use]
pub fn markdown(result: &CompareResult) -> String {
    let mut text = format!(
        "## {} or {}\n\n**{}**\n\n{} pairs of runs on the same draws · seed {}\n\n",
        plain(&result.first.label),
        plain(&result.second.label),
        plain(&result.verdict),
        result.replications,
        result.seed
    );
    let mut sections = Vec::new();
    let rows = result.tolerances.iter().map(|row| {
        let word = if row.regressed { "**WORSE**" } else { "ok" };
        let cells = [word, &row.metric, &worse(row), &percent(row.allowed), sure(row)];
        cells.map(str::to_owned).to_vec()
    });
    let columns =
        [("", false), ("tolerance", false), ("worse by", true), ("allowed", true), ("", false)];
    sections.push(table("Tolerances", &columns, rows.collect()));
    sections.push(markdown_inputs(result));
    sections.push(markdown_figures(result));
    let rows = happened(result).map(|event| {
        vec![
            event.metric.clone(),
            event.first.count.to_string(),
            event.second.count.to_string(),
            event.first_only.to_string(),
            event.second_only.to_string(),
            format!(
                "{} ({} to {})",
                points(event.difference),
                points(event.low),
                points(event.high)
            ),
            p_value(event.p_value),
        ]
    });
    let columns = [
        ("runs with", false),
        ("A", true),
        ("B", true),
        ("A only", true),
        ("B only", true),
        ("difference in points (95 % interval)", true),
        ("McNemar p", true),
    ];
    sections.push(table("Events", &columns, rows.collect()));
    sections.retain(|section| !section.is_empty());
    text += &sections.join("\n");
    for warning in &result.warnings {
        text.extend(["\n> note: ", &plain(warning), "\n"]);
    }
    text
}

fn markdown_inputs(result: &CompareResult) -> String {
    if result.inputs.is_empty() {
        return "No input differs.\n".to_owned();
    }
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "-".to_owned(), plain);
    let rows = result
        .inputs
        .iter()
        .map(|input| vec![plain(&input.key), value(&input.first), value(&input.second)]);
    let columns = [("input", false), ("A", true), ("B", true)];
    table("Inputs that differ", &columns, rows.collect())
}

fn markdown_figures(result: &CompareResult) -> String {
    let rows = changed(result).map(|figure| {
        vec![
            figure.metric.clone(),
            figure.first.clone(),
            figure.second.clone(),
            figure.change.clone(),
            relative(figure),
            figure.interval.clone(),
            format!("{} / {}", figure.higher, figure.lower),
        ]
    });
    let columns = [
        ("median over the runs", false),
        ("A", true),
        ("B", true),
        ("B − A in the median pair", true),
        ("relative", true),
        ("95 % interval", true),
        ("pairs higher / lower", true),
    ];
    table("Figures", &columns, rows.collect())
}

/// Writes `pairs.csv`: peaks, kills and outcomes of each pair of runs.
///
/// # Errors
/// Those of the writer.
pub fn pairs_csv(out: &mut dyn Write, first: &[RunRecord], second: &[RunRecord]) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record([
        "replication",
        "a_outcome",
        "b_outcome",
        "a_peak_resident_bytes",
        "b_peak_resident_bytes",
        "a_oom_kills",
        "b_oom_kills",
    ])?;
    for (a, b) in first.iter().zip(second) {
        csv.write_record([
            a.replication.to_string(),
            a.outcome.key().to_owned(),
            b.outcome.key().to_owned(),
            a.peak_resident().0.to_string(),
            b.peak_resident().0.to_string(),
            a.oom_kills().to_string(),
            b.oom_kills().to_string(),
        ])?;
    }
    csv.flush()
}
