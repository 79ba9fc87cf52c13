//! A breaking point for people and as rows.

use std::io::{self, Write};

use csv::Writer;

use super::format::{grouped, percent, proportion};
use super::page::{Mood, Page, Section};
use super::run::replications;
use super::table::Table;
use super::without;
use crate::results::{FindResult, FoundShare, FoundValue, FoundWhere};
use crate::units::Sort as _;

/// Values of the curve that are shown.
const SHOWN: usize = 9;

/// The page of a search.
#[must_use]
pub fn page(found: &FindResult) -> Page {
    let mut page = Page {
        title: found.scenario.clone(),
        verdict: found.verdict.clone(),
        mood: match found.found {
            FoundWhere::AlwaysPast => Mood::Bad,
            FoundWhere::NeverPast if !found.idle && !found.is_too_close() => Mood::Good,
            FoundWhere::NeverPast | FoundWhere::Inside | FoundWhere::Unknown => Mood::Mixed,
        },
        subject: format!(
            "Kubernetes {} · {} · seed {} · {} runs",
            found.release,
            replications(found.replications),
            found.seed,
            grouped(found.runs)
        ),
        hashes: vec![found.scenario_hash.clone()],
        notes: found.warnings.clone(),
        ..Page::default()
    };
    let rows = rows(found);
    let table = Table::of(&rows)
        .words("", |(sign, _)| (*sign).to_owned())
        .numbers(found.key.clone(), |(_, share)| share.value.text.clone())
        .at_most(44)
        .words("replications (95 % interval)", |(_, share)| {
            proportion(&share.happened, found.replications)
        });
    let allowed = percent(found.probability);
    let heading = format!("P({}) by {} (allowed: {allowed})", found.until, found.key);
    page.section(Section::new(heading).table(table));
    let spread = breaking_points(found).into_iter().fold(Section::default(), Section::text);
    page.section(spread.text(trust(found)));
    if let Some(binds) = &found.binds {
        page.section(Section::default().text(binds.clone()));
    }
    page.section(without::section(found.leave_one_out.as_ref()));
    page
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
    rows.order_by(|a, b| a.1.value.number.total_cmp(&b.1.value.number));
    rows
}

/// How far the replications' own breaking points spread.
fn breaking_points(found: &FindResult) -> Option<String> {
    let mut safe: Vec<&FoundValue> =
        found.breaking_points.iter().filter_map(|point| point.safe.as_ref()).collect();
    safe.order_by(|a, b| a.number.total_cmp(&b.number));
    let (first, last) = (safe.first()?, safe.last()?);
    let middle = safe.get(safe.len() / 2)?;
    (found.found == FoundWhere::Inside).then(|| {
        format!(
            "last safe value per replication: {} to {}, median {}",
            first.text, last.text, middle.text
        )
    })
}

/// What was done to test the assumption behind the bisections.
fn trust(found: &FindResult) -> String {
    let probes = grouped(found.probes);
    if found.scanned {
        return format!(
            "not monotone ({} of {probes} probes disagree): counted at {} values instead",
            found.contradictions,
            found.curve.len()
        );
    }
    if found.cut {
        return format!("monotone in all {probes} probes so far, not tested any further");
    }
    let sides = if found.bracket.is_some() { ", both sides run in full" } else { "" };
    format!("monotone in all {probes} probes{sides}")
}

/// Writes `breaking-points.csv`: one row per replication, empty where the range holds no such value.
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
