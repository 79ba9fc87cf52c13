//! `summary.md`: the result as a comment on a pull request.

use super::format::{
    clean, clock, deviation, grouped, headroom, largest_flow_schema, percent, proportion,
    under_pressure, whole_percent,
};
use super::judged;
use super::story::Story;
use crate::results::{Outcome, Summary};

/// Holders shown; the rest is in `attribution.csv`.
const HOLDERS: usize = 10;
/// Beats of the story shown; all are in `story.txt`.
const BEATS: usize = 20;

/// Renders `summary.md`, with the story of its worst replication.
#[must_use]
pub fn render(summary: &Summary, told: &Story) -> String {
    let mut text = format!(
        "## {}\n\n**{}**\n\nKubernetes {} · {} replications · seed {} · `{}`\n",
        plain(&summary.scenario),
        plain(&summary.verdict),
        plain(&summary.release),
        summary.replications,
        summary.seed,
        summary.scenario_hash
    );
    for section in [
        expectations(summary),
        servers(summary),
        holders(summary),
        story(told),
        calls(summary),
        levels(summary),
        phases(summary),
        published(summary),
        outcomes(summary),
        quantiles(summary),
        uncertain(summary),
        warnings(summary),
    ] {
        if !section.is_empty() {
            text.push('\n');
            text += &section;
        }
    }
    text
}

/// A Markdown table; `-:` columns are numbers. Empty without rows.
pub(super) fn table(title: &str, columns: &[(&str, bool)], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = |number: bool| if number { "--:" } else { "---" }.to_owned();
    let mut text = format!("### {title}\n\n");
    text += &line(columns.iter().map(|(name, _)| (*name).to_owned()).collect());
    text += &line(columns.iter().map(|(_, number)| rule(*number)).collect());
    text.extend(rows.into_iter().map(line));
    text
}

fn servers(summary: &Summary) -> String {
    let dash = || "-".to_owned();
    let rows = summary.apiservers.iter().map(|server| {
        let peak = server.peak_resident_bytes;
        vec![
            plain(&server.name),
            server.limit_bytes.to_string(),
            peak.median.to_string(),
            peak.p95.to_string(),
            peak.max.to_string(),
            headroom(peak.max, server.limit_bytes).map_or_else(dash, whole_percent),
            format!("{} of {}", server.runs_with_oom, summary.replications),
            server.first_oom_seconds.map_or_else(dash, clock),
            match server.back_after_seconds {
                Some(seconds) => clock(seconds),
                None if server.runs_with_oom > 0 => "never".to_owned(),
                None => dash(),
            },
        ]
    });
    let columns = [
        ("apiserver", false),
        ("limit", true),
        ("peak p50", true),
        ("p95", true),
        ("max", true),
        ("headroom", true),
        ("OOM runs", true),
        ("first kill", true),
        ("back after", true),
    ];
    table("Memory", &columns, rows.collect())
}

fn holders(summary: &Summary) -> String {
    let total = summary.worst_peak_bytes.as_f64().max(1.0);
    let rows = summary.holders_at_peak.iter().take(HOLDERS).map(|holder| {
        vec![
            holder.bytes.to_string(),
            percent(holder.bytes.as_f64() / total),
            holder.mechanism.label().to_owned(),
            plain(&holder.client),
            plain(&holder.resource),
        ]
    });
    let title = format!(
        "Held at the highest peak ({}, {}, {})",
        summary.worst_peak_bytes,
        plain(&summary.worst_server),
        clock(summary.worst_peak_seconds)
    );
    let columns = [
        ("bytes", true),
        ("share", true),
        ("mechanism", false),
        ("client", false),
        ("resource", false),
    ];
    table(&title, &columns, rows.collect())
}

fn story(told: &Story) -> String {
    let beats = told.most_telling(BEATS);
    if told.len() < 2 {
        return String::new();
    }
    let mut text = format!("### What happened in replication {}\n\n", told.replication());
    for (at, beat) in beats {
        text.extend([format!("- `{at}` {}\n", plain(beat))]);
    }
    text
}

fn calls(summary: &Summary) -> String {
    let rows = summary.activity.iter().filter(|row| row.total.max > 0).map(|row| {
        let (total, second) = (row.total, row.busiest_second);
        let counts = [total.median, total.max, second.median, second.max].map(grouped);
        [plain(&row.name)].into_iter().chain(counts).collect()
    });
    let columns = [
        ("a run", false),
        ("p50", true),
        ("max", true),
        ("busiest second p50", true),
        ("max", true),
    ];
    table("Calls of clients", &columns, rows.collect())
}

fn levels(summary: &Summary) -> String {
    let Some(bottleneck) = &summary.bottleneck_level else {
        return String::new();
    };
    let rows = under_pressure(summary).map(|level| {
        vec![
            plain(&level.name),
            level.nominal_seats.to_string(),
            level.peak_seats.median.to_string(),
            level.peak_seats.max.to_string(),
            level.peak_waiting.median.to_string(),
            level.peak_waiting.max.to_string(),
            level.rejected.median.to_string(),
            level.rejected.max.to_string(),
            level.dispatched.median.to_string(),
        ]
    });
    let columns = [
        ("priority level", false),
        ("nominal seats", true),
        ("peak seats p50", true),
        ("max", true),
        ("waiting p50", true),
        ("max", true),
        ("rejected p50", true),
        ("max", true),
        ("dispatched p50", true),
    ];
    let title = format!("Bottleneck: priority level {}", plain(bottleneck));
    let mut text = table(&title, &columns, rows.collect());
    if let Some((name, share)) = largest_flow_schema(summary) {
        let name = plain(name);
        text.extend(["\nFlow schema ", &name, " held ", &share, " of the highest peak.\n"]);
    }
    text
}

fn phases(summary: &Summary) -> String {
    let rows = summary.phases.iter().map(|phase| {
        let peak = phase.peak_resident_bytes;
        vec![
            plain(&phase.name),
            clock(phase.start_seconds),
            peak.median.to_string(),
            peak.p95.to_string(),
            peak.max.to_string(),
            phase.runs_with_oom.to_string(),
            phase.settled_after_seconds.map_or_else(|| "-".to_owned(), clock),
        ]
    });
    let columns = [
        ("phase", false),
        ("starts", true),
        ("peak p50", true),
        ("p95", true),
        ("max", true),
        ("OOM runs", true),
        ("settled after", true),
    ];
    table("Phases", &columns, rows.collect())
}

fn published(summary: &Summary) -> String {
    let rows = summary.published.iter().map(|row| {
        vec![
            if row.within { "yes" } else { "**no**" }.to_owned(),
            plain(if row.phase.is_empty() { "whole run" } else { &row.phase }),
            plain(&row.metric),
            plain(&row.published),
            plain(&row.predicted),
            row.error.map_or_else(|| "-".to_owned(), deviation),
            plain(&row.source),
            plain(&row.note),
        ]
    });
    let columns = [
        ("within", false),
        ("phase", false),
        ("figure", false),
        ("published", true),
        ("predicted", true),
        ("error", true),
        ("source", false),
        ("note", false),
    ];
    table("Published figures", &columns, rows.collect())
}

fn outcomes(summary: &Summary) -> String {
    let rows = Outcome::ALL.iter().filter_map(|outcome| {
        let p = summary.outcome_intervals.get(outcome.key())?;
        Some(vec![outcome.key().to_owned(), proportion(p, summary.replications)])
    });
    let columns = [("outcome", false), ("replications (95 % interval)", false)];
    table("Outcomes", &columns, rows.collect())
}

fn quantiles(summary: &Summary) -> String {
    if summary.replications < 2 {
        return String::new();
    }
    let rows = summary
        .peak_quantiles
        .iter()
        .map(|q| vec![judged::quantile(q.quantile), judged::estimate(q)]);
    let columns = [("highest peak", false), ("of all servers (95 % interval)", false)];
    let mut text = table("Peak", &columns, rows.collect());
    if let Some(rule) = summary.stopping_rule {
        text.extend(["\n", &judged::rule(&rule, summary.replications), "\n"]);
    }
    text
}

fn uncertain(summary: &Summary) -> String {
    let Some(uncertainty) = &summary.uncertainty else {
        return String::new();
    };
    let rows = uncertainty.inputs.iter().map(|input| {
        let [low, middle, high] = input.drawn.each_ref().map(|value| plain(value));
        let (key, law) = (plain(&input.key), plain(&input.law));
        vec![key, law, low, middle, high, judged::correlation(input)]
    });
    let columns = [
        ("input", false),
        ("distribution", false),
        ("drawn p5", true),
        ("p50", true),
        ("p95", true),
        ("rank correlation with the peak", true),
    ];
    let mut text = table("Uncertain inputs", &columns, rows.collect());
    text.push('\n');
    for line in judged::splits(uncertainty) {
        text.extend(["- ", &line, "\n"]);
    }
    text
}

fn expectations(summary: &Summary) -> String {
    let rows = summary.expectations.iter().map(|row| {
        let sign = judged::sign(row);
        vec![
            if row.holds { sign.to_owned() } else { format!("**{sign}**") },
            plain(&row.name),
            judged::subject(row),
            row.wanted.clone(),
            row.found.clone(),
            judged::sure(row).to_owned(),
        ]
    });
    let columns = [
        ("", false),
        ("expected", false),
        ("of", false),
        ("wanted", true),
        ("found", true),
        ("", false),
    ];
    table("Expectations", &columns, rows.collect())
}

fn warnings(summary: &Summary) -> String {
    let lines = summary.warnings.iter();
    lines.fold(String::new(), |text, warning| text + "> note: " + &plain(warning) + "\n")
}

/// Text that Markdown and the tables leave as it is.
pub(super) fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text, usize::MAX).chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '<' | '[' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
