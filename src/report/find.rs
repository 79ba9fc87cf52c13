//! A breaking point on the terminal, as Markdown and as rows.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use csv::Writer;

use super::format::{clean, grouped, note, percent, proportion, sentence};
use super::markdown::{plain, table};
use super::table::Columns;
use crate::results::{FindResult, FoundShare, FoundValue, FoundWhere};

/// Values of the curve that the terminal shows.
const SHOWN: usize = 9;

/// The verdict alone, on one line.
#[must_use]
pub fn headline(found: &FindResult, styled: bool) -> String {
    coloured(found, styled, &clean(&found.verdict, usize::MAX))
}

/// The verdict, or its lines, in the colour of what it says.
fn coloured(found: &FindResult, styled: bool, verdict: &str) -> String {
    if !styled {
        return format!("{verdict}\n");
    }
    let colour = match found.found {
        FoundWhere::AlwaysPast => AnsiColor::Red,
        FoundWhere::NeverPast => AnsiColor::Green,
        FoundWhere::Inside => AnsiColor::Yellow,
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{verdict}{style:#}\n")
}

/// Renders the result for the terminal; `written` and `next` close it.
#[must_use]
pub fn text(found: &FindResult, written: &[String], next: Option<&str>, styled: bool) -> String {
    // The key is told in full above.
    let key = clean(&found.key, 44);
    let mut table = Columns::new(&["<", &key, "<happens in"]);
    for (sign, share) in rows(found) {
        let share_of = proportion(&share.happened, found.replications);
        table.row(&[sign.to_owned(), share.value.text.clone(), share_of]);
    }
    let mut lines = vec![
        format!("P({}) by {} (95 % intervals)", found.until, clean(&found.key, 60)),
        table.finish().trim_end().to_owned(),
        String::new(),
    ];
    lines.extend(breaking_points(found));
    lines.push(trust(found));
    lines.push(format!(
        "{} · Kubernetes {} · {} replications · seed {} · {} runs",
        clean(&found.scenario, 40),
        found.release,
        grouped(found.replications.into()),
        found.seed,
        grouped(found.runs)
    ));
    lines.extend(found.warnings.iter().map(|warning| note(warning)));
    lines.extend(written.iter().map(|path| format!("wrote {path}")));
    lines.extend(next.map(|next| format!("next: {next}")));
    format!("{}\n{}\n", coloured(found, styled, &sentence(&found.verdict)), lines.join("\n"))
}

/// Some values of the curve, and always both sides of the answer.
fn rows(found: &FindResult) -> Vec<(&'static str, &FoundShare)> {
    let sides = found.bracket.as_ref().map(|bracket| [&bracket.safe, &bracket.past]);
    let is_side = |number: f64| {
        let equal = |side: &&FoundShare| side.value.number.total_cmp(&number).is_eq();
        sides.as_ref().is_some_and(|sides| sides.iter().any(equal))
    };
    let every = found.curve.len().div_ceil(SHOWN).max(1);
    let kept = found.curve.iter().enumerate().filter(|(index, share)| {
        let ends = *index == 0 || index + 1 == found.curve.len();
        (ends || index % every == 0) && !is_side(share.value.number)
    });
    let mut rows: Vec<(&str, &FoundShare)> = kept.map(|(_, share)| ("", share)).collect();
    if let Some([safe, past]) = sides {
        rows.extend([("safe", safe), ("past", past)]);
    }
    rows.sort_by(|a, b| a.1.value.number.total_cmp(&b.1.value.number));
    rows
}

/// How far the replications' own breaking points spread.
fn breaking_points(found: &FindResult) -> Option<String> {
    let mut safe: Vec<&FoundValue> =
        found.breaking_points.iter().filter_map(|point| point.safe.as_ref()).collect();
    safe.sort_by(|a, b| a.number.total_cmp(&b.number));
    let (first, last) = (safe.first()?, safe.last()?);
    let middle = safe.get(safe.len() / 2)?;
    (found.found == FoundWhere::Inside).then(|| {
        format!(
            "last safe value of single replications: {} to {}, median {}",
            first.text, last.text, middle.text
        )
    })
}

/// What was done to test the assumption behind the bisections.
fn trust(found: &FindResult) -> String {
    let probes = grouped(found.probes);
    if found.scanned {
        return format!(
            "monotone: no ({} of {probes} probes disagree); counted at {} values instead",
            found.contradictions,
            found.curve.len()
        );
    }
    let sides = if found.bracket.is_some() { ", both sides run in full" } else { "" };
    format!("monotone: yes, as far as {probes} probes tell{sides}")
}

/// Renders the result as a comment on a pull request.
#[must_use]
pub fn markdown(found: &FindResult) -> String {
    let mut text = format!(
        "## {}\n\n**{}**\n\nKubernetes {} · {} replications · seed {} · `{}`\n\n",
        plain(&found.scenario),
        plain(&found.verdict),
        plain(&found.release),
        found.replications,
        found.seed,
        found.scenario_hash
    );
    let rows = rows(found).into_iter().map(|(sign, share)| {
        let share_of = proportion(&share.happened, found.replications);
        vec![sign.to_owned(), plain(&share.value.text), share_of]
    });
    let key = plain(&found.key);
    let columns = [("", false), (key.as_str(), true), ("replications (95 % interval)", false)];
    let title =
        format!("Probability of {} (allowed: {})", plain(&found.until), percent(found.probability));
    text += &table(&title, &columns, rows.collect());
    text.extend(["\n", &trust(found), "\n"]);
    for warning in &found.warnings {
        text.extend(["> note: ", &plain(warning), "\n"]);
    }
    text
}

/// Writes `breaking-points.csv`: one row a replication, empty where the range holds no such value.
///
/// # Errors
/// Those of the writer.
pub fn rows_csv(out: &mut dyn Write, found: &FindResult) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    let unit = if found.unit.is_empty() { String::new() } else { format!("_{}", found.unit) };
    csv.write_record(["replication", &format!("safe{unit}"), &format!("past{unit}")])?;
    let number = |value: &Option<FoundValue>| {
        value.as_ref().map_or_else(String::new, |value| value.number.to_string())
    };
    for point in &found.breaking_points {
        let (safe, past) = (number(&point.safe), number(&point.past));
        csv.write_record([point.replication.to_string(), safe, past])?;
    }
    csv.flush()
}
